"""Names of VPPs and labels in files: what is allowed, and what would be mistaken for another.

A name from a file becomes part of column names, of file names of results, of pages and of tables.
It may have letters, digits, blanks and `_ - .` only, so that it needs no escaping anywhere.
"""

from __future__ import annotations

import unicodedata

from vppcore.case import ALL

LONGEST = 40
SIGNS = " _-."
IN_WORDS = "letters, digits, blanks, '_', '-' and '.', a letter or digit first"
# names that mean something else in files, tables or figures
TAKEN = {
    ALL: "stands for every VPP",
    "cluster": "is what tables call all VPPs together",
    "grid": "begins the names of the columns of the common tariff",
    "tie": "is what joins the VPPs",
    "total": "is what tables call a sum",
}


def fault_of_name(name: str) -> tuple[str, str] | None:
    """What is wrong with a name and what is allowed; None if it is a name.

    >>> fault_of_name("Home 2"), fault_of_name("M\\u00fchle-1")
    (None, None)
    >>> fault_of_name("=1+1")[1]
    "letters, digits, blanks, '_', '-' and '.', a letter or digit first"
    >>> fault_of_name("Cluster")
    (', which is what tables call all VPPs together', 'any other name')
    """
    if not name or not is_letter_or_digit(name[0]) or not all(map(is_allowed, name)):
        return "", IN_WORDS
    if len(name) > LONGEST:
        return "", f"up to {LONGEST} characters"
    key = column_key(name)
    if key in TAKEN:
        return f", which {TAKEN[key]}", "any other name"
    if key.startswith("grid_"):
        return f", which like 'grid' {TAKEN['grid']}", "a name that begins otherwise"
    return None


def is_letter_or_digit(sign: str) -> bool:
    """True for letters and digits of any script."""
    return unicodedata.category(sign)[0] in "LN"


def is_allowed(sign: str) -> bool:
    """True for what may stand in a name: letters and their marks, digits, blanks and `_ - .`."""
    return unicodedata.category(sign)[0] in "LMN" or sign in SIGNS


def column_key(name: str) -> str:
    """A name as it stands in the name of a column: in lower case, with `_` for blanks.

    >>> column_key("My Home")
    'my_home'
    """
    return name.lower().replace(" ", "_")
