"""The first use of a glossary's term on each page leads to its entry; the book's glossary is in use."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from contents import entries

ROOT = Path(__file__).resolve().parent.parent
EXTENSIONS = ROOT / "book/_ext"
sys.path.insert(0, str(EXTENSIONS))
from glossary_links import Finder  # noqa: E402

CONFIGURATION = f"""
import sys
sys.path.insert(0, {str(EXTENSIONS)!r})
project = "Tiny"
extensions = ["myst_nb", "glossary_links"]
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath"]
glossary_links_skip = ["core"]
"""
GLOSSARY = """
# Words

A bus price stands here too.

```{glossary}
bus price
  What one more kWh costs.

  [Elsewhere](pages/page)

price
  Money for a good.

penalty
  What disagreement costs.

core
  All splits that nobody leaves.

CVaR
conditional value at risk
  A mean of the worst.

P1
  The first problem.
```
"""
PAGE = """
# A bus price in a heading

The `bus price` in code and $penalty$ in mathematics. [A penalty](words) in a link, and P10 is no P1-ish word.
<a href="https://example.org">A price</a> in a link of HTML.

```{figure} nothing.png
A bus price in a caption.
```

| bus price | of a table |
|---|---|
| penalties | and the core |

Two Bus
prices and a bus price, and then a price. P1 before P1.

The conditional value at risk, or CVaR, and cvar.
"""
BY_HAND = """
# By hand

A {term}`penalty` and another penalty, {term}`conditional value at risk` and CVaR, and one price.
"""


def a_notebook() -> str:
    """A notebook with a sentence that its run has made."""
    output = {
        "output_type": "display_data",
        "data": {"text/markdown": "The penalty of the run."},
        "metadata": {},
    }
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Run"},
        {
            "cell_type": "code",
            "execution_count": 1,
            "id": "b",
            "metadata": {},
            "outputs": [output],
            "source": "penalty = 1",
        },
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Pages of a tiny project, as Sphinx lays them out."""
    folder = tmp_path_factory.mktemp("glossary")
    files = {
        "conf.py": CONFIGURATION,
        "index.md": "# Start\n\n```{toctree}\nwords\npages/page\npages/hand\npages/run\n```\n",
        "words.md": GLOSSARY,
        "pages/page.md": PAGE.replace("(words)", "(../words)"),
        "pages/hand.md": BY_HAND,
        "pages/run.ipynb": a_notebook(),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(folder), str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "out"


def links(site: Path, page: str) -> list:
    text = (site / f"{page}.html").read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser").select("a.glossary-link")


def test_first_uses_are_linked_and_only_they(site):
    found = [(" ".join(link.text.split()), link["href"]) for link in links(site, "pages/page")]
    assert found == [
        ("penalties", "../words.html#term-penalty"),
        ("Bus prices", "../words.html#term-bus-price"),
        ("price", "../words.html#term-price"),
        ("P1", "../words.html#term-P1"),
        ("conditional value at risk", "../words.html#term-CVaR"),
    ]


def test_a_link_shows_the_meaning(site):
    meanings = [link["title"] for link in links(site, "pages/page")]
    assert meanings[:2] == ["What disagreement costs.", "What one more kWh costs."]


def test_what_is_linked_by_hand_is_not_linked_again(site):
    assert [link.text for link in links(site, "pages/hand")] == ["price"]


def test_sentences_made_by_a_run_are_linked(site):
    assert [link.text for link in links(site, "pages/run")] == ["penalty"]


def test_the_glossary_does_not_link_itself(site):
    assert links(site, "words") == []


def test_of_two_terms_at_one_place_the_longer_is_meant():
    text = "a bus price, bus prices and prices"
    found = [
        (text[start:end], term) for start, end, term in Finder(["price", "bus price"]).find(text)
    ]
    assert found == [("bus price", "bus price"), ("bus prices", "bus price"), ("prices", "price")]


# --- the book's own ---------------------------------------------------------------------------------
SKIPPED = set(
    yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]["glossary_links_skip"]
)


def terms() -> list[list[str]]:
    """The entries of the book's glossary: each a list of words with one meaning."""
    text = (ROOT / "book/glossary.md").read_text(encoding="utf-8")
    body = text.partition("```{glossary}")[2].partition(":sorted:")[2].partition("```")[0]
    blocks = [block.splitlines() for block in re.split(r"\n\n(?=\S)", body.strip())]
    return [[line for line in block if line[:1].strip()] for block in blocks]


def texts_of_the_book() -> str:
    """Every page of the book but the glossary, notebooks with their markdown alone."""
    texts = []
    for name in entries(yaml.safe_load((ROOT / "_toc.yml").read_text())):
        if (ROOT / f"{name}.md").is_file() and name != "book/glossary":
            texts.append((ROOT / f"{name}.md").read_text(encoding="utf-8"))
        elif (ROOT / f"{name}.ipynb").is_file():
            cells = json.loads((ROOT / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
            texts += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    return "\n".join(texts)


def test_every_entry_is_a_word_that_the_book_uses():
    book = texts_of_the_book()
    unused = []
    for words in terms():
        if not any(True for _ in Finder(words).find(book)):
            unused.append(words)
    assert unused == []


def test_every_word_is_found_as_itself_whatever_stands_around_it():
    every = [word for words in terms() for word in words]
    finder = Finder(every)
    for word in every:
        for text in (word, f"({word}).", f"one {word}, two", word[0].upper() + word[1:]):
            assert [term for _, _, term in finder.find(text)] == [word]
        for part in (f"un{word}", f"{word}ness"):
            assert word not in [term for _, _, term in finder.find(part)]


def test_words_that_pages_use_early_are_explained():
    listed = {word for words in terms() for word in words}
    early = {
        "P1",
        "P2",
        "disagreement point",
        "canonical",
        "back-pressure line",
        "exponential cone",
    }
    assert early <= listed
    assert SKIPPED <= listed


def test_there_are_enough_entries_and_none_stands_twice():
    every = [word.lower() for words in terms() for word in words]
    assert len(terms()) >= 60
    assert len(every) == len(set(every))
