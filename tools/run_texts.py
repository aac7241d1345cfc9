"""The notebook's own texts on the page of a reader's run, which may be for another case.

They are written for the book's case, in yuan. What is said of the case that is shown gets its
currency; what is said of a paper keeps the paper's.
"""

import re
from typing import Any

from vppcore.currency import said

# a cell with this tag and a paper's letter is for cases that rebuild this paper
ONLY_FOR = "paper-"
TARGET = re.compile(r"^\([\w-]+\)=$", re.MULTILINE)
# commands for the book's cases, and what comes of them
TRY_IT = "**Try it"
PARAGRAPH = re.compile(r"(\n\s*\n)")
SENTENCE = re.compile(r"((?<=[.!?])\s+)")
# a mark such as (paper: Fig. 4) only says where a figure comes from
OF_A_PAPER = re.compile(
    r"\b([Pp]aper(?!: Fig|: Table)|[Ss]tudy [AB]|parent study|benefit of the doubt)"
)


def without_targets(text: str) -> str:
    """A text of MyST without the names that its headings have for links.

    >>> without_targets("(gains)=\\n## Gains")
    '\\n## Gains'
    """
    return TARGET.sub("", text)


def said_of_case(text: str) -> str:
    """A text with the currency of the case, but for sentences on a paper and commands to try.

    >>> from vppcore.currency import speak
    >>> speak("EUR")
    >>> said_of_case("Yuan a day. In study A a tonne has 750 yuan.")
    'EUR a day. In study A a tonne has 750 yuan.'
    >>> said_of_case("**Try it.** `make run NB=twin`. Expect 3 yuan.")
    '**Try it.** `make run NB=twin`. Expect 3 yuan.'
    >>> speak()
    """
    made = []
    for paragraph in PARAGRAPH.split(text):
        if paragraph.startswith(TRY_IT):
            made.append(paragraph)
            continue
        for sentence in SENTENCE.split(paragraph):
            made.append(sentence if OF_A_PAPER.search(sentence) else said(sentence))
    return "".join(made)


def caption_of_case(caption: str, paper: str | None) -> str:
    """A caption for a case that rebuilds this paper, or none: then without sentences on a paper.

    >>> caption_of_case("Costs (paper: Fig. 8). Open markers: what the paper prints.", None)
    'Costs (paper: Fig. 8).'
    """
    sentences = SENTENCE.split(caption)[::2]
    kept = [each for each in sentences if paper or not OF_A_PAPER.search(each)]
    return said_of_case(" ".join(kept))


def of_this_case(cells: list[Any], paper: str | None) -> list[Any]:
    """The cells for a case that rebuilds this paper, "A" or "B", or none."""
    return [cell for cell in cells if all(fits(tag, paper) for tag in tags_of(cell))]


def fits(tag: str, paper: str | None) -> bool:
    """True for a tag that asks for no paper, or for this one.

    >>> fits("hide-input", None), fits("paper-a", "A"), fits("paper-a", "B"), fits("paper-a", None)
    (True, True, False, False)
    """
    if not tag.startswith(ONLY_FOR):
        return True
    return paper is not None and tag == f"{ONLY_FOR}{paper.lower()}"


def tags_of(cell: Any) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", []))
