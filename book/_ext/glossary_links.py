"""The first use of a glossary's term on each page leads to the glossary.

Pages need no marks: after Sphinx has resolved the links of a page, its text is searched for the
terms of all `{glossary}` directives. Headings, captions, code, mathematics, links, signatures are
passed over, and so is the page that holds the glossary. A word is found in the singular and the
plural, and at the beginning of a sentence; it must stand alone, and its capitals must be met
("CVaR", "P1").

`glossary_links_skip` in _config.yml lists terms that have an everyday meaning too and get no link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

CSS_CLASS = "glossary-link"
# nothing below these is prose, or it is a link already
PASSED_OVER = (
    nodes.title,
    nodes.subtitle,
    nodes.rubric,
    nodes.caption,
    nodes.term,
    nodes.thead,
    nodes.literal,
    nodes.literal_block,
    nodes.doctest_block,
    nodes.math,
    nodes.math_block,
    nodes.reference,
    nodes.footnote,
    nodes.citation,
    nodes.raw,
    nodes.comment,
    nodes.topic,
    nodes.system_message,
    addnodes.pending_xref,
    addnodes.desc_signature,
    addnodes.index,
    addnodes.toctree,
    addnodes.compact_paragraph,
)


@dataclass(frozen=True)
class Entry:
    """An entry of the glossary.

    page: of the glossary
    anchor: of the entry on that page
    meaning: its first paragraph
    """

    page: str
    anchor: str
    meaning: str


def pattern_of(term: str) -> str:
    """A term as a regular expression that finds its plural too and any blanks between its words.

    >>> bool(re.fullmatch(pattern_of("bus price"), "Bus prices"))
    True
    >>> bool(re.fullmatch(pattern_of("penalty"), "penalties"))
    True
    >>> bool(re.fullmatch(pattern_of("CVaR"), "cvar"))
    False
    """
    words = [re.escape(word) for word in term.split()]
    if term.endswith("y") and term[-2] not in "aeiou":
        words[-1] = words[-1][:-1] + "(?:y|ies)"
    elif term[-1].isalpha() and not term.endswith("s"):
        words[-1] += "s?"
    first = words[0][0]
    if first.islower():
        words[0] = f"[{first}{first.upper()}]{words[0][1:]}"
    return r"\s+".join(words)


class Finder:
    """Finds terms in a text; of two that begin at one place, the longer."""

    def __init__(self, terms: list[str]):
        ordered = sorted(terms, key=len, reverse=True)
        self.groups = {f"t{number}": term for number, term in enumerate(ordered)}
        alternatives = [f"(?P<{name}>{pattern_of(term)})" for name, term in self.groups.items()]
        self.pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(alternatives)})(?![\w-])")

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """(start, end, term) of every use, from left to right."""
        for match in self.pattern.finditer(text):
            yield match.start(), match.end(), self.groups[str(match.lastgroup)]


def entries_of(env: Any) -> dict[str, Entry]:
    """Every term of the book's glossaries with its entry; words of one entry have one anchor."""
    found: dict[str, Entry] = {}
    for page in sorted({page for page, _ in env.get_domain("std")._terms.values()}):
        for item in env.get_doctree(page).findall(nodes.definition_list_item):
            terms = [term for term in item.findall(nodes.term) if term["ids"]]
            paragraph = next(iter(item.findall(nodes.paragraph)), None)
            for term in terms if paragraph is not None else ():
                meaning = " ".join(paragraph.astext().split())
                words = " ".join(term.astext().split())
                found[words] = Entry(page, terms[0]["ids"][0], meaning)
    return found


def is_in_written_link(text: nodes.Text) -> bool:
    """True between the tags of a link that the page has written in HTML."""
    siblings = text.parent.children
    before = siblings[: next(n for n, child in enumerate(siblings) if child is text)]
    tags = "".join(child.astext() for child in before if isinstance(child, nodes.raw))
    return tags.count("<a ") > tags.count("</a>")


def is_prose(text: nodes.Text) -> bool:
    """False for text in a heading, a caption, code, mathematics or a link."""
    if is_in_written_link(text):
        return False
    node = text.parent
    while node is not None:
        if isinstance(node, PASSED_OVER):
            return False
        node = node.parent
    return True


def join_texts(node: nodes.Element) -> None:
    """Joins texts that stand side by side: a page's lines are texts of their own."""
    joined: list[nodes.Node] = []
    for child in node.children:
        if joined and isinstance(child, nodes.Text) and isinstance(joined[-1], nodes.Text):
            joined[-1] = nodes.Text(joined[-1] + child)
        else:
            joined.append(child)
    if len(joined) < len(node.children):
        node.children = []
        node.extend(joined)


class LinkFirstUses(SphinxPostTransform):
    """Makes the first use of each term on a page a link to its entry."""

    default_priority = 800  # outputs of notebooks are in place, and links are resolved
    formats = ("html",)

    def run(self, **_: Any) -> None:
        entries = self.entries()
        if not entries or self.env.docname in {entry.page for entry in entries.values()}:
            return
        finder = Finder(sorted(entries))
        linked = self.linked_by_hand(entries)
        for node in list(self.document.findall(nodes.TextElement)):
            join_texts(node)
        for text in [text for text in self.document.findall(nodes.Text) if is_prose(text)]:
            pieces = self.pieces(text.astext(), finder, entries, linked)
            if len(pieces) > 1 or not isinstance(pieces[0], nodes.Text):
                text.parent.replace(text, pieces)

    def entries(self) -> dict[str, Entry]:
        """The terms that are linked; read once for the whole book."""
        if not hasattr(self.app, "glossary_entries"):
            self.app.glossary_entries = entries_of(self.env)
        skipped = set(self.config.glossary_links_skip)
        every = self.app.glossary_entries
        return {term: entry for term, entry in every.items() if term not in skipped}

    def linked_by_hand(self, entries: dict[str, Entry]) -> set[str]:
        """Anchors of entries to which the page has a link already, by any of their words."""
        links = [link.get("refuri", "") for link in self.document.findall(nodes.reference)]
        targets = {link.rpartition("#")[2] for link in links}
        anchors = self.env.get_domain("std")._terms
        return {
            entry.anchor
            for term, entry in entries.items()
            if anchors.get(term.lower(), ("", ""))[1] in targets
        }

    def pieces(
        self, text: str, finder: Finder, entries: dict[str, Entry], linked: set[str]
    ) -> list[nodes.Node]:
        """The text with links in it; `linked` grows by the anchors of new ones."""
        pieces: list[nodes.Node] = []
        last = 0
        for start, end, term in finder.find(text):
            entry = entries[term]
            if entry.anchor in linked:
                continue
            linked.add(entry.anchor)
            if start > last:
                pieces.append(nodes.Text(text[last:start]))
            pieces.append(self.link(text[start:end], entry))
            last = end
        if last < len(text) or not pieces:
            pieces.append(nodes.Text(text[last:]))
        return pieces

    def link(self, word: str, entry: Entry) -> nodes.reference:
        """A word as a link to its entry; pointing at it shows what it means."""
        child = nodes.Text(word)
        page = self.env.docname
        made = make_refnode(self.app.builder, page, entry.page, entry.anchor, child, entry.meaning)
        made["classes"].append(CSS_CLASS)
        return made


def setup(app: Any) -> dict[str, bool]:
    """Registers the extension."""
    app.add_config_value("glossary_links_skip", [], "html")
    app.add_post_transform(LinkFirstUses)
    app.add_css_file("glossary.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
