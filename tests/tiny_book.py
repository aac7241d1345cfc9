"""A book of three small notebooks with this project's own Makefile, Snakefile and tools."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from setup_venv import digest

ROOT = Path(__file__).resolve().parent.parent
# what a reader may give to a command
GIVEN = (
    "NB",
    "P",
    "FILE",
    "NAME",
    "KIND",
    "FROM",
    "CASE",
    "CASES",
    "LEVELS",
    "DEVIATIONS",
    "PROFILE",
    "LAB",
    "UPGRADE",
    "PYTHON",
    "VENV",
)

FILES = {
    "_toc.yml": """
        format: jb-book
        root: book/intro
        chapters:
          - file: notebooks/first
          - file: notebooks/second
          - file: notebooks/ledger
        """,
    "_config.yml": """
        title: Tiny
        only_build_toc_files: true
        execute: {execute_notebooks: "off"}
        """,
    "book/intro.md": """
        # Tiny

        {download}`numbers <../data/one/numbers.csv>`
        """,
    "requirements.lock": "# nothing\n",
    "data/one/numbers.csv": "# made by hand\nhour,kw\n1,10\n",
    "data/one/case.yaml": "title: one  # the first\nsteps: 1\n",
    "data/one/build.py": "print('makes the data')\n",
    "data/two/numbers.csv": "hour,kw\n1,20\n",
    "vppcore/__init__.py": '''
        """Hands out names late."""
        from importlib import import_module
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from vppcore.model import solve

        HOMES = {"solve": "model", "draw": "pictures", "load_case": "reading"}
        __all__ = ["draw", "solve"]


        def __getattr__(name):
            return getattr(import_module(f"vppcore.{HOMES[name]}"), name)
        ''',
    "vppcore/model.py": '''
        """The model."""
        from pathlib import Path

        from vppcore.errors import WrongInput

        FACTOR = 2  # a number


        def solve(case: str) -> float:
            """The sum of a case, times the factor."""
            file = Path(__file__).parent.parent / "data" / case / "numbers.csv"
            if not file.is_file():
                raise WrongInput(f"case: found {case!r}; allowed: one, two")
            lines = [line for line in file.read_text().splitlines() if line[0].isdigit()]
            return FACTOR * sum(float(line.split(",")[1]) for line in lines)
        ''',
    "vppcore/reading.py": '''
        """Reads cases."""
        from pathlib import Path

        from vppcore.errors import WrongInput
        from vppcore.places import DATA


        def load_case(name):
            """The numbers of a case."""
            folder = Path(name) if Path(name).is_dir() else DATA / name
            if not (folder / "numbers.csv").is_file():
                raise WrongInput(f"case: no folder {name!r}; allowed: a folder with numbers.csv")
            return (folder / "numbers.csv").read_text()
        ''',
    "vppcore/pictures.py": '''
        """Pictures."""
        from pathlib import Path

        STYLE = Path(__file__).with_name("look.mplstyle")


        def draw() -> str:
            """The style of the pictures."""
            return STYLE.read_text()
        ''',
    "vppcore/look.mplstyle": "# the look\nfont.size: 10  # points\n",
    "vppcore/pages/__init__.py": '"""Pages."""\n',
    "vppcore/pages/study.py": '''
        """Keeps what a notebook found."""
        import json
        import os
        from pathlib import Path

        DEFAULT = Path(__file__).parent.parent.parent / "results"


        def check_parameters(notebook, values):
            """Refuses nothing."""


        def keep(notebook: str, **numbers: float) -> str:
            """Writes the numbers of a notebook."""
            folder = Path(os.environ.get("VPPCORE_RESULTS", DEFAULT), notebook)
            folder.mkdir(parents=True, exist_ok=True)
            for name, number in numbers.items():
                (folder / f"{name}.csv").write_text(f"{number}\\n")
            (folder / "run.json").write_text(json.dumps(numbers))
            return "kept"
        ''',
}
# modules of the package that the tools use
OWN_MODULES = (
    "vppcore/currency.py",
    "vppcore/errors.py",
    "vppcore/places.py",
    "vppcore/pages/parameters_cell.py",
)
# stand-ins for what takes seconds: cells run in this very process, and the pages are one file
STAND_INS = {
    "tools/papermill/__init__.py": """
        import json
        import os

        from papermill.exceptions import PapermillExecutionError


        def execute_notebook(source, output, parameters, **_):
            content = json.loads(open(source).read())
            names = {}
            for cell in content["cells"]:
                if cell["cell_type"] == "code":
                    try:
                        exec(cell["source"], names)
                    except Exception as error:
                        raise PapermillExecutionError(error) from None
                    names |= parameters
            with open(output, "w") as file:
                json.dump(content, file)
        """,
    "tools/papermill/exceptions.py": """
        class PapermillExecutionError(Exception):
            def __init__(self, error):
                self.ename = type(error).__name__
                self.evalue = str(error)
                self.traceback = [repr(error)]


        def strip_color(text):
            return text
        """,
    "tools/sweep_point.py": """
        import sys
        from pathlib import Path

        from saying import give_up

        from vppcore import load_case

        level, deviation, out, _, case = sys.argv[1:]
        if level == "13":
            give_up(f"sweep_point stopped at level {level}: it brings no luck")
        worth = float(load_case(case).splitlines()[-1].split(",")[1])
        table = f"case,deviation,level,worth\\n{case},{deviation},{level},{worth}\\n"
        Path(out).write_text(table)
        with open("computed.txt", "a") as file:
            file.write(f"{case} {level} {deviation}\\n")
        """,
    "tools/slides.py": """
        def plain(text, titles):
            return text


        def caption_of(text):
            return text


        def titles_of_pages(root, notebooks):
            return {}


        def write_decks(run, into):
            into.mkdir()
        """,
    "jupyter_book/__init__.py": "",
    "jupyter_book/cli/__init__.py": "",
    "jupyter_book/cli/main.py": """
        from pathlib import Path


        def main():
            page = Path("build/site/_build/html/index.html")
            page.parent.mkdir(parents=True)
            page.write_text("the pages")
        """,
}
CELLS = {
    "first": [
        'case: str = "one"  # the case\nfactor: float = None  # a number, or none',
        "from vppcore import solve\n"
        "from vppcore.pages.study import keep\n"
        'keep("first", worth=solve(case))',
    ],
    "second": [
        'case: str = "two"  # the case',
        "from vppcore import draw, solve\n"
        "from vppcore.pages.study import keep\n"
        "draw()\n"
        'keep("second", worth=solve(case))',
    ],
    "ledger": [
        'notebooks: str = "first second"  # whose numbers to collect',
        "import os\n"
        "from pathlib import Path\n"
        "from vppcore.pages.study import keep\n"
        'results = Path(os.environ["VPPCORE_RESULTS"])\n'
        'files = [results / name / "worth.csv" for name in notebooks.split()]\n'
        'keep("ledger", total=sum(float(file.read_text()) for file in files))',
    ],
}


def notebook(*sources: str, title: str = "A page") -> str:
    """The file of a notebook whose first code cell has the tag `parameters`."""
    cells = [{"cell_type": "markdown", "id": "title", "metadata": {}, "source": f"# {title}"}]
    for number, source in enumerate(sources):
        tags = ["parameters"] if number == 0 else []
        cells.append(
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell{number}",
                "metadata": {"tags": tags} if tags else {},
                "outputs": [],
                "source": source,
            }
        )
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    version = {"nbformat": 4, "nbformat_minor": 5}
    return json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, **version})


def write(file: Path, text: str) -> None:
    """Writes a text without the indentation that it has here."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = text.strip("\n").splitlines()
    first = next((line for line in lines if line.strip()), "")
    margin = len(first) - len(first.lstrip())
    file.write_text("\n".join(line[margin:] for line in lines).rstrip() + "\n", encoding="utf-8")


class TinyBook:
    """The tiny project in a folder, and how to call its commands."""

    def __init__(self, folder: Path, stand_ins: bool = True):
        self.folder = folder
        for name, text in FILES.items():
            write(folder / name, text)
        for name, cells in CELLS.items():
            write(folder / "notebooks" / f"{name}.ipynb", notebook(*cells, title=name))
        for name in ("Makefile", "Snakefile", *OWN_MODULES):
            shutil.copyfile(ROOT / name, folder / name)
        ignored = shutil.ignore_patterns("__pycache__")
        for name in ("tools", "profiles"):
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        for name, text in STAND_INS.items() if stand_ins else ():
            write(folder / name, text)

    def lend_environment(self) -> None:
        """A .venv that is empty and finds the packages of the one that runs the tests."""
        venv = self.folder / ".venv"
        command = [sys.executable, "-m", "venv", "--without-pip", str(venv)]
        subprocess.run(command, check=True, capture_output=True)
        packages = next(venv.glob("lib/python*/site-packages"))
        (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
        (venv / ".ready").write_text(digest(self.folder / "requirements.lock") + "\n")

    def environment(self, **more: str) -> dict[str, str]:
        """The variables of a reader's shell; what this test run was given is not handed on."""
        kept = dict(os.environ)
        for name in os.environ:
            if name.startswith(("MAKE", "VPPCORE")) or name in ("PYTHONPATH", "MFLAGS", *GIVEN):
                del kept[name]
        # nbconvert's own templates, which the lent environment does not have in its folder
        templates = str(Path(sysconfig.get_path("data"), "share", "jupyter"))
        return kept | {"OMP_NUM_THREADS": "1", "JUPYTER_PATH": templates} | more

    def make(self, *arguments: str, **more: str) -> subprocess.CompletedProcess:
        """Calls make as a reader would; its output is one text."""
        return self.call(["make", *arguments], **more)

    def call(self, command: list[str], **more: str) -> subprocess.CompletedProcess:
        """Calls a program in the project's folder."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    def read(self, name: str) -> str:
        """The text of a file of the project."""
        return (self.folder / name).read_text(encoding="utf-8")
