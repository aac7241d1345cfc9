"""What each notebook of the book rests on, and what its pages rest on.

A notebook rests on its own cells, on the modules that it imports, itself and through others, on the
folders below data/ that it or they name, and on the locked packages. Each gets a short listing in
build/inputs/, one file a line with its fingerprint; a notebook runs again when its listing changes,
and for no other reason. `python tools/dependencies.py cooperation` prints one.
"""

import ast
import json
import os
import re
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from contents import Refused, book_notebooks
from fingerprints import digest, fingerprint
from imports import Modules, as_pattern

ROOT = Path(__file__).resolve().parent.parent
INPUTS = Path("build/inputs")
PAGES = Path("build/pages.txt")
API_PAGES = Path("tools/api_pages.py")
EXERCISE_NOTEBOOKS = Path("tools/exercise_notebooks.py")
# what runs a notebook, and in which packages
ALWAYS = ("requirements.lock", "tools/run_notebook.py")
SLIDES = ("tools/slides.py", "tools/templates/vppcore_slides/index.html.j2")
LAY_OUT = (
    "_config.yml",
    "_toc.yml",
    "tools/build_pages.py",
    API_PAGES.as_posix(),
    EXERCISE_NOTEBOOKS.as_posix(),
    *SLIDES,
)
# below data/ these are for people and for the scripts that made the data
NO_DATA = {".md", ".py", ".pyc", ".txt"}
READS_DOCSTRINGS = re.compile(r"__doc__|getdoc|getsource")
IN_A_LINK = re.compile(r"\.\./data/([^/\s>`)\"']+)")
COLLECTS = {"collect_judgements", "judging_notebooks"}
STAGED = ("book", "vppcore")


class Project:
    """The files of a project, read once."""

    def __init__(self, root: Path = ROOT):
        self.root = root
        self.modules = Modules(root)
        self._notebooks: dict[str, ast.Module] = {}
        self._files: dict[str, list[str]] = {}
        self._module_files: dict[str, set[str]] = {}
        self._module_names: dict[str, set[str]] = {}
        self._module_folders: dict[str, list[tuple[str, set[str]]]] = {}
        self._fingerprints: dict[tuple[str, bool], str] = {}

    @cached_property
    def data_folders(self) -> set[str]:
        """Folders below data/, as names such as paper-a and simbench-semiurb/grid."""
        data = self.root / "data"
        folders = [path for path in data.rglob("*") if path.is_dir()]
        names = [path.relative_to(data).as_posix() for path in folders]
        return {name for name in names if is_visible(name)}

    def notebook(self, name: str) -> ast.Module:
        """The code of a notebook's cells. Raises Refused if it cannot be read."""
        if name not in self._notebooks:
            self._notebooks[name] = self._read_notebook(name)
        return self._notebooks[name]

    def _read_notebook(self, name: str) -> ast.Module:
        file = self.root / "notebooks" / f"{name}.ipynb"
        try:
            cells = json.loads(file.read_text(encoding="utf-8-sig"))["cells"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Refused(
                f"notebooks/{name}.ipynb is no notebook that can be read: {error!r}"
            ) from None
        body: list[ast.stmt] = []
        for number, cell in enumerate(cells, start=1):
            if cell["cell_type"] == "code":
                try:
                    body += ast.parse(python_of("".join(cell["source"]))).body
                except SyntaxError as error:
                    line = (error.text or "").strip()
                    raise Refused(
                        f"notebooks/{name}.ipynb, cell {number}: {error.msg} in {line!r}"
                    ) from None
        return ast.Module(body=body, type_ignores=[])

    def modules_of(self, name: str) -> list[str]:
        """The modules that run when the notebook runs."""
        try:
            needed = self.modules.needed_by(self.notebook(name))
        except SyntaxError as error:
            raise Refused(f"{error.filename}, line {error.lineno}: {error.msg}") from None
        return sorted(needed - self.modules.only_hand_out)

    def files_of(self, name: str) -> list[str]:
        """Everything that the notebook rests on, as paths from the project's folder."""
        if name not in self._files:
            self._files[name] = self._find_files_of(name)
        return self._files[name]

    def _find_files_of(self, name: str) -> list[str]:
        code = self.notebook(name)
        modules = self.modules_of(name)
        files = {*ALWAYS, f"notebooks/{name}.ipynb"}
        folders = self.folders_named_in(code)
        mentioned = set(names_in(code))
        for module in modules:
            files |= self.files_of_module(module)
            mentioned |= self.names_of_module(module)
        for module in modules:
            for function, named in self.folders_of_module(module):
                if not function or function in mentioned:
                    folders |= named
        for folder in folders:
            files |= self.data_below(folder)
        files |= self.local_imports(code)
        return sorted(file for file in files if (self.root / file).is_file())

    def files_of_module(self, module: str) -> set[str]:
        """The module's own file and those beside it that it names."""
        if module not in self._module_files:
            file = self.modules.files[module]
            beside = self.files_beside(file, self.modules.tree(module))
            self._module_files[module] = beside | {file.relative_to(self.root).as_posix()}
        return self._module_files[module]

    def names_of_module(self, module: str) -> set[str]:
        """Every name that the module's code uses."""
        if module not in self._module_names:
            self._module_names[module] = set(names_in(self.modules.tree(module)))
        return self._module_names[module]

    def folders_of_module(self, module: str) -> list[tuple[str, set[str]]]:
        """(function, folders below data/ that it names); no function for what always runs.

        What a function names counts where the function is used. A label that picks a row or a
        column of a table names no folder.
        """
        if module not in self._module_folders:
            found = []
            for statement in self.modules.tree(module).body:
                function = ""
                if isinstance(statement, ast.FunctionDef) and not statement.decorator_list:
                    function = statement.name
                found.append((function, self.folders_named_in(statement, labels=False)))
            self._module_folders[module] = [entry for entry in found if entry[1]]
        return self._module_folders[module]

    def folders_named_in(self, code: ast.AST, labels: bool = True) -> set[str]:
        """The folders below data/ that texts of the code name: "paper-a", "paper-a paper-b".

        An f-string such as f"{name}-15min" names every folder that it may mean.
        """
        named: set[str] = set()
        for node in texts_in(code, labels):
            if isinstance(node, ast.JoinedStr):
                pattern = as_pattern(node)
                named.update(filter(pattern.fullmatch, self.data_folders) if pattern else ())
            else:
                words = [self.as_data_folder(word) for word in node.value.split()]
                if words and self.data_folders.issuperset(words):
                    named.update(words)
        return named

    def as_data_folder(self, word: str) -> str:
        """`../data/paper-a/` or `data/paper-a/units.csv` -> paper-a."""
        name = re.sub(r"^(\.\./)*(data/)?", "", word).rstrip("/")
        if name not in self.data_folders and name.rpartition("/")[0] in self.data_folders:
            return name.rpartition("/")[0]
        return name

    def data_below(self, folder: str) -> set[str]:
        """The data files of a folder below data/, without those of folders in it."""
        files = files_below(self.root, f"data/{folder}")
        own = [file for file in files if Path(file).parent.as_posix() == f"data/{folder}"]
        return {file for file in own if Path(file).suffix not in NO_DATA and "LICENSE" not in file}

    def files_beside(self, module: Path, code: ast.AST) -> set[str]:
        """Files in the module's own folder that it names, such as the style of the figures."""
        found = set()
        for node in ast.walk(code):
            text = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
            if not isinstance(text, str) or not re.fullmatch(r"[\w-]+\.\w+", text):
                continue
            file = module.parent / text
            if file.is_file() and file.suffix != ".py":
                found.add(file.relative_to(self.root).as_posix())
        return found

    def local_imports(self, code: ast.AST) -> set[str]:
        """Python files beside the notebook or in the project's folder that it imports."""
        names: set[str] = set()
        for node in ast.walk(code):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
        files = set()
        for name in names:
            for folder in ("", "notebooks/"):
                files.add(f"{folder}{name.partition('.')[0]}.py")
        return files

    def listing(self, name: str) -> str:
        """The notebook's listing: a line for each file it rests on, with its fingerprint."""
        files = self.files_of(name)
        code = [file for file in files if file.startswith(("vppcore/", "notebooks/"))]
        code = [file for file in code if file.endswith((".py", ".ipynb"))]
        texts = [(self.root / file).read_text(encoding="utf-8-sig") for file in code]
        docstrings = any(READS_DOCSTRINGS.search(text) for text in texts)
        python = ".".join(str(part) for part in sys.version_info[:2])
        lines = [f"{digest(python)}  Python {python}"]
        for file in files:
            lines.append(f"{self.fingerprint(file, docstrings)}  {file}")
        return "\n".join(lines) + "\n"

    def pages_listing(self, notebooks: list[str]) -> str:
        """The listing of what stands on the pages beside notebooks, each file to the letter."""
        lines = []
        for file in [*self.staged(notebooks), *LAY_OUT]:
            lines.append(f"{digest((self.root / file).read_bytes())}  {file}")
        return "\n".join(lines) + "\n"

    def staged(self, notebooks: list[str]) -> list[str]:
        """Files that pages may include, show or link: texts, code, data folders of the book."""
        files: set[str] = set()
        for folder in STAGED:
            files.update(files_below(self.root, folder))
        for folder in self.data_of_the_book(notebooks):
            files.update(files_below(self.root, f"data/{folder}"))
        return sorted(files)

    def data_of_the_book(self, notebooks: list[str]) -> set[str]:
        """Folders below data/ that a notebook rests on or a page links: not a reader's own."""
        folders = set()
        for name in notebooks:
            for file in self.files_of(name):
                parts = Path(file).parts
                if parts[0] == "data":
                    folders.add(parts[1])
        for page in sorted((self.root / "book").rglob("*.md")):
            linked = IN_A_LINK.findall(page.read_text(encoding="utf-8-sig"))
            folders.update(folder for folder in linked if folder in self.data_folders)
        return folders

    def fingerprint(self, file: str, docstrings: bool) -> str:
        """The file's fingerprint, computed once."""
        if (file, docstrings) not in self._fingerprints:
            self._fingerprints[file, docstrings] = fingerprint(self.root / file, docstrings)
        return self._fingerprints[file, docstrings]


def python_of(source: str) -> str:
    """A cell's code without the lines that only Jupyter understands."""
    lines = [
        "" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.splitlines()
    ]
    return "\n".join(lines)


def files_below(root: Path, folder: str) -> list[str]:
    """All files below a folder but hidden ones and caches, as paths from the project's folder."""
    found = []
    for path in sorted((root / folder).rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and is_visible(name):
            found.append(name)
    return found


def is_visible(name: str) -> bool:
    """False for what a tool or an editor keeps for itself."""
    return not any(part.startswith((".", "__pycache__")) for part in Path(name).parts)


def collected_by(project: Project, name: str, notebooks: list[str]) -> list[str]:
    """The notebooks whose verdicts a notebook collects, and which therefore run before it.

    Those that its parameter `notebooks` names, and all that judge claims if it asks for these.
    """
    named: set[str] = set()
    code = project.notebook(name)
    for node in code.body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "notebooks":
            texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            for text in texts:
                named.update(str(text).split())
    if COLLECTS & set(names_in(code)):
        named.update(other for other in notebooks if "judge" in names_in(project.notebook(other)))
    return [other for other in notebooks if other in named and other != name]


def texts_in(code: ast.AST, labels: bool) -> Iterator[ast.Constant | ast.JoinedStr]:
    """The texts and f-strings of the code, with or without those in square brackets."""
    waiting = [code]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.JoinedStr):
            yield node
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node
        if isinstance(node, ast.Subscript) and not labels:
            waiting.append(node.value)
        else:
            waiting += ast.iter_child_nodes(node)


def names_in(code: ast.AST) -> list[str]:
    """Every name and attribute that the code uses."""
    nodes = list(ast.walk(code))
    return [getattr(node, "id", getattr(node, "attr", "")) for node in nodes]


def write_listings(project: Project, notebooks: list[str]) -> None:
    """Writes the listings of the notebooks and of the pages where they are no longer true."""
    texts = {INPUTS / f"{name}.txt": project.listing(name) for name in notebooks}
    texts[PAGES] = project.pages_listing(notebooks)
    for name, text in texts.items():
        file = project.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            replace_text(file, text)


def replace_text(file: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, file)


def main() -> None:
    project = Project()
    try:
        for name in sys.argv[1:] or book_notebooks(ROOT):
            print(f"{name}:\n{project.listing(name)}")
    except Refused as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main()
