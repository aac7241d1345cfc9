"""Names of VPPs and components: what may be a name, so that any page, table or file can show it."""

from __future__ import annotations

import unicodedata

# names that mean something else in tables and files
RESERVED = {
    "all": "stands for every VPP in units.csv",
    "cluster": "is the row of totals in tables",
    "(operator)": "is the feeder's operator in a negotiation",
}


def normalised(name: object) -> object:
    """A text in its one Unicode normal form (NFC); anything else as it is.

    >>> normalised("Cafe\\u0301") == "Caf\\u00e9"
    True
    """
    return unicodedata.normalize("NFC", name) if isinstance(name, str) else name


def in_one_form(text: str) -> str:
    """A text in its one Unicode normal form (NFC), every kind of blank in it a plain one.

    >>> in_one_form("Cafe\\u0301\\u00a01") == "Caf\\u00e9 1"
    True
    """
    if text.isascii():
        return text
    composed = unicodedata.normalize("NFC", text)
    return "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in composed)


def name_faults(name: object, what: str = "name") -> list[str]:
    """A sentence if this cannot be a name; an empty list if it can.

    what: how the sentence calls it.

    >>> name_faults("Home")
    []
    >>> name_faults("cluster", "vpp")
    ["vpp: found 'cluster', which is the row of totals in tables; allowed: any other name"]
    >>> name_faults("two\\nlines")
    ["name: found 'two\\\\nlines'; allowed: one line of printable characters, no space at its ends"]
    """
    if not isinstance(name, str):
        return [f"{what}: found {name!r}; allowed: a text"]
    if not name or not name.isprintable() or name != name.strip():
        return [
            f"{what}: found {name!r}; "
            "allowed: one line of printable characters, no space at its ends"
        ]
    if name.lower() in RESERVED:
        return [f"{what}: found {name!r}, which {RESERVED[name.lower()]}; allowed: any other name"]
    return []
