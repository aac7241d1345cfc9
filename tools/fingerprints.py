"""What a file says, as a short text that changes when its meaning does.

A comment, a blank line or another layout leaves a fingerprint as it is, so that nothing runs again
for them. A file that cannot be read in its own language is taken byte by byte.
"""

import ast
import hashlib
import json
from pathlib import Path

import yaml

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# what a run leaves in a cell's metadata; it says nothing about the cell
LEFT_BY_A_RUN = ("execution", "papermill", "collapsed", "ExecuteTime", "scrolled")

MOST_YAML = 100_000
MOST_BRACKETS = 200


def digest(text: str | bytes) -> str:
    """The first 16 hexadecimal digits of the text's SHA-256: enough to tell any two files apart."""
    if isinstance(text, str):
        text = text.encode("utf-8", errors="surrogateescape")
    return hashlib.sha256(text).hexdigest()[:16]


def fingerprint(path: Path, docstrings: bool = False) -> str:
    """The digest of what the file says; with `docstrings`, those of Python code count as well."""
    content = path.read_bytes()
    try:
        return digest(meaning(path, content.decode("utf-8-sig"), docstrings))
    except (SyntaxError, ValueError, KeyError, TypeError, RecursionError, yaml.YAMLError):
        return digest(content)


def meaning(path: Path, text: str, docstrings: bool) -> str:
    """The text without what its language ignores. Raises what the language's reader raises."""
    match path.suffix:
        case ".py":
            return of_python(text, docstrings)
        case ".ipynb":
            return of_notebook(text)
        case ".yaml" | ".yml":
            return of_yaml(text)
        case ".mplstyle":
            return of_style(text)
        case ".lock":
            return without_comment_lines(text)
    return "\n".join(text.splitlines())  # a line may end as it likes


def of_python(text: str, docstrings: bool = False) -> str:
    """The syntax tree: neither comments nor layout nor, unless asked for, docstrings."""
    tree = ast.parse(text)
    if not docstrings:
        for node in ast.walk(tree):
            remove_docstring(node)
    return ast.dump(tree)


def remove_docstring(node: ast.AST) -> None:
    """Takes the docstring out of a module, class or function."""
    if not isinstance(node, DOCUMENTED) or not node.body:
        return
    first = node.body[0]
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
        return
    if isinstance(first.value.value, str):
        node.body = node.body[1:] or [ast.Pass()]


def of_notebook(text: str) -> str:
    """Source, kind and metadata of each cell; what an earlier run has left in it does not count."""
    cells = []
    for cell in json.loads(text)["cells"]:
        metadata = dict(cell["metadata"])
        for name in LEFT_BY_A_RUN:
            metadata.pop(name, None)
        if not metadata.get("tags"):
            metadata.pop("tags", None)
        source = cell["source"]
        if isinstance(source, list):
            source = "".join(source)
        cells.append([cell["cell_type"], source, metadata, cell.get("attachments")])
    return json.dumps(cells, sort_keys=True)


def of_yaml(text: str) -> str:
    """The tokens. Nothing is put together from them, so that no anchor costs time or memory.

    Raises ValueError if there is so much that even reading the tokens would.
    """
    if len(text) > MOST_YAML or text.count("[") + text.count("{") > MOST_BRACKETS:
        raise ValueError("no description of a case looks like this")
    said = []
    for token in yaml.scan(text):
        value = getattr(token, "value", None)
        unquoted = getattr(token, "plain", None)  # "1" in quotes is a text, without them a number
        said.append([type(token).__name__, value, unquoted])
    return json.dumps(said)


def of_style(text: str) -> str:
    """Matplotlib's settings, one a line."""
    settings = [without_comment(line) for line in text.splitlines()]
    return "\n".join(line for line in settings if line)


def without_comment(line: str) -> str:
    """The line up to the first # that does not stand between double quotes."""
    quoted = False
    for place, character in enumerate(line):
        if character == '"':
            quoted = not quoted
        if character == "#" and not quoted:
            return line[:place].strip()
    return line.strip()


def without_comment_lines(text: str) -> str:
    """The lines that are neither empty nor a comment as a whole."""
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("#"))
