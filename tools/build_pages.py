"""Lay out the pages: gather what they show below build/site/ and let jupyter-book build them.

Slides of the notebooks stand beside the pages, in `slides/`.

All pages are built anew, and a failed build leaves nothing behind: Sphinx tells the warnings of a
page only when it reads the page, so a second try on top of a failed one would pass.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from contents import Refused, book_notebooks
from dependencies import API_PAGES, EXERCISE_NOTEBOOKS, ROOT, Project
from saying import give_up
from slides import write_decks

SITE = Path("build/site")
LOG = Path("build/logs/book.log")
# as a module: the script of that name holds the path at which it was installed
JUPYTER_BOOK = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]


def gather(notebooks: list[str]) -> None:
    """Copies texts, code, data and results to where pages include and link them."""
    for folder in ("book", "data", "results", "vppcore"):
        shutil.rmtree(ROOT / SITE / folder, ignore_errors=True)
    for file in [*Project().staged(notebooks), "_config.yml", "_toc.yml"]:
        target = ROOT / SITE / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, target)
    for notebook in notebooks:
        shutil.copytree(ROOT / "results" / notebook, ROOT / SITE / "results" / notebook)
    for executed in (ROOT / SITE / "notebooks").glob("*.ipynb"):
        if executed.stem not in notebooks:
            executed.unlink()


def write_made_pages() -> None:
    """Writes what is made from other files: the API's pages, the exercises' notebooks."""
    if (ROOT / SITE / "book/api").is_dir():
        write_by(API_PAGES, SITE / "book/api")
    if (ROOT / SITE / "book/exercises").is_dir():
        write_by(EXERCISE_NOTEBOOKS, SITE / "book/exercises/notebooks")


def write_by(tool: Path, folder: Path) -> None:
    """Lets a tool write into a staged folder. Raises Refused with what it says if it stops."""
    command = [sys.executable, str(tool), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"pages stopped: {done.stderr.strip()}")


def lay_out() -> None:
    """Builds the pages. Raises Refused with what Sphinx says if it warns of anything."""
    built = ROOT / SITE / "_build"
    shutil.rmtree(built, ignore_errors=True)
    (ROOT / LOG).parent.mkdir(parents=True, exist_ok=True)
    command = [*JUPYTER_BOOK, "build", str(SITE), "--quiet", "-W", "--keep-going"]
    with open(ROOT / LOG, "w", encoding="utf-8") as log:
        done = subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, check=False)
    if done.returncode:
        shutil.rmtree(built, ignore_errors=True)
        said = (ROOT / LOG).read_text(encoding="utf-8", errors="replace").strip()
        raise Refused(
            f"pages stopped: they have warnings, and the book is built without any.\n{said}"
        )


def link() -> None:
    """build/book leads to the pages."""
    book = ROOT / "build/book"
    book.unlink(missing_ok=True)
    book.symlink_to("site/_build/html")


def main() -> None:
    try:
        gather(book_notebooks(ROOT))
        write_made_pages()
        lay_out()
        write_decks(ROOT / SITE / "notebooks", ROOT / SITE / "_build/html/slides")
    except Refused as refused:
        give_up(str(refused))
    link()


if __name__ == "__main__":
    main()
