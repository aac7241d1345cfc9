"""Which modules of the package a piece of code imports, itself and through others.

Code is read, never run. An import inside a function counts, one for the type checker alone does
not.
"""

import ast
import re
from functools import cached_property
from pathlib import Path

PACKAGE = "vppcore"
# with one of these in a module, annotations are more than notes
READS_ANNOTATIONS = {"BaseModel", "TypeAdapter", "get_type_hints", "singledispatch"}


class Modules:
    """The modules of the package below a project's folder, by their dotted names."""

    def __init__(self, project: Path):
        self.project = project
        self.files: dict[str, Path] = {}
        for file in sorted((project / PACKAGE).rglob("*.py")):
            parts = file.relative_to(project).with_suffix("").parts
            if parts[-1] == "__init__":
                parts = parts[:-1]
            self.files[".".join(parts)] = file
        self._trees: dict[str, ast.Module] = {}
        self._imports: dict[str, set[str]] = {}
        self._handed_on: dict[str, dict[str, set[str]]] = {}

    def tree(self, module: str) -> ast.Module:
        """The module's syntax tree. Raises SyntaxError if it is not Python."""
        if module not in self._trees:
            text = self.files[module].read_text(encoding="utf-8-sig")
            self._trees[module] = ast.parse(text, filename=str(self.files[module]))
        return self._trees[module]

    def needed_by(self, code: ast.AST) -> set[str]:
        """All modules that run when this code runs."""
        waiting = list(self.imported_by(code))
        needed: set[str] = set()
        while waiting:
            module = waiting.pop()
            if module in needed:
                continue
            needed.add(module)
            waiting += self._imported_by_module(module)
        return needed

    def _imported_by_module(self, module: str) -> set[str]:
        if module not in self._imports:
            self._imports[module] = self.imported_by(self.tree(module), module)
        return self._imports[module]

    def imported_by(self, code: ast.AST, module: str = "") -> set[str]:
        """The modules that the code names; `module` is its own name, for relative imports."""
        named: set[str] = set()
        type_names = names_for_types_alone(code)
        for node in run_time_nodes(code):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    named |= self._whole(alias.name)
                    if not alias.asname:  # `import a.b` gives the name a
                        named |= self._whole(alias.name.partition(".")[0])
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(node, module)
                for alias in node.names:
                    if (alias.asname or alias.name) not in type_names:
                        named |= self._homes(origin, alias.name)
            elif isinstance(node, ast.Constant | ast.JoinedStr):
                named |= self._written(node)
        return self._with_parents(named)

    def _origin(self, node: ast.ImportFrom, module: str) -> str:
        """The full name of the module that stands after `from`."""
        if not node.level:
            return node.module or ""
        parts = module.split(".")
        is_package = module in self.files and self.files[module].name == "__init__.py"
        kept = len(parts) - node.level + is_package
        return ".".join([*parts[:kept], *([node.module] if node.module else [])])

    def _whole(self, name: str) -> set[str]:
        """`import name`: with a package, whatever it may be asked for afterwards."""
        if name not in self.files:
            return set()
        if self.files[name].name != "__init__.py":
            return {name}
        homes = self.homes(name).values()
        return {name}.union(*homes)

    def _homes(self, origin: str, name: str) -> set[str]:
        """`from origin import name`: the modules where the name may be defined."""
        if origin not in self.files:
            return set()
        if name == "*":
            return self._whole(origin)
        found = {origin} | self.homes(origin).get(name, set())
        if f"{origin}.{name}" in self.files:
            found.add(f"{origin}.{name}")
        elif len(found) == 1 and hands_out_late(self.tree(origin)):
            found |= {module for module in self.files if module.startswith(f"{origin}.")}
        return found

    def homes(self, module: str) -> dict[str, set[str]]:
        """Name -> modules, for what a module hands on: by import or, late, by a table."""
        if module not in self._handed_on:
            self._handed_on[module] = self._find_homes(module)
        return self._handed_on[module]

    def _find_homes(self, module: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        is_late = hands_out_late(self.tree(module))
        for node in ast.walk(self.tree(module)):
            if isinstance(node, ast.ImportFrom):
                origin = self._origin(node, module)
                for alias in node.names:
                    for home in (origin, f"{origin}.{alias.name}"):
                        if home in self.files:
                            found.setdefault(alias.asname or alias.name, set()).add(home)
            elif isinstance(node, ast.Dict) and is_late:
                for name, home in self._entries(node, module):
                    found.setdefault(name, set()).add(home)
        return found

    def _entries(self, table: ast.Dict, package: str) -> list[tuple[str, str]]:
        """The (name, module) of a table such as {"dispatch": "schedule"}."""
        entries = []
        for key, value in zip(table.keys, table.values, strict=True):
            texts = [getattr(node, "value", None) for node in (key, value)]
            if not all(isinstance(text, str) for text in texts):
                continue
            name, place = texts
            for module in (place, f"{package}.{place.lstrip('.')}"):
                if module in self.files:
                    entries.append((name, module))
        return entries

    def _written(self, node: ast.Constant | ast.JoinedStr) -> set[str]:
        """Modules whose full name is written as a text, for `import_module`."""
        if isinstance(node, ast.Constant):
            is_module = (
                isinstance(node.value, str) and "." in node.value and node.value in self.files
            )
            return {node.value} if is_module else set()
        pattern = as_pattern(node)
        if pattern is None or not pattern.pattern.startswith(re.escape(f"{PACKAGE}.")):
            return set()
        return {module for module in self.files if pattern.fullmatch(module)}

    def _with_parents(self, modules: set[str]) -> set[str]:
        """With the packages that Python runs first."""
        found = set()
        for module in modules:
            parts = module.split(".")
            for length in range(1, len(parts) + 1):
                found.add(".".join(parts[:length]))
        return found & self.files.keys()

    @cached_property
    def only_hand_out(self) -> set[str]:
        """Packages whose `__init__` does nothing but say where a name lives.

        That is followed name by name, so the file itself need not be watched: a new public name
        changes nothing for code that does not use it.
        """
        packages = [name for name, file in self.files.items() if file.name == "__init__.py"]
        return {package for package in packages if only_hands_out(self.tree(package))}


def run_time_nodes(code: ast.AST):
    """Every node of the code but what is for the type checker or hands out late names."""
    waiting: list[ast.AST] = [code]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and is_for_the_type_checker(node):
            waiting += node.orelse
            continue
        if isinstance(node, ast.FunctionDef) and node.name == "__getattr__":
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


def names_for_types_alone(code: ast.AST) -> set[str]:
    """Names that stand in annotations and nowhere else, where annotations are not evaluated.

    What a table of a result imports to say which result it takes is nothing that it rests on.
    """
    late = any(
        isinstance(node, ast.ImportFrom) and node.module == "__future__"
        for node in getattr(code, "body", [])
    )
    if not late:
        return set()
    annotated: set[str] = set()
    used: set[str] = set()
    waiting: list[tuple[ast.AST, bool]] = [(code, False)]
    while waiting:
        node, is_type = waiting.pop()
        if isinstance(node, ast.Name):
            (annotated if is_type else used).add(node.id)
        for field, value in ast.iter_fields(node):
            children = value if isinstance(value, list) else [value]
            for child in children:
                if isinstance(child, ast.AST):
                    waiting.append((child, is_type or field in ("annotation", "returns")))
    return set() if used & READS_ANNOTATIONS else annotated - used


def is_for_the_type_checker(node: ast.If) -> bool:
    """True for `if TYPE_CHECKING:` and `if typing.TYPE_CHECKING:`."""
    named = getattr(node.test, "id", getattr(node.test, "attr", ""))
    return named == "TYPE_CHECKING"


def hands_out_late(tree: ast.Module) -> bool:
    """True if the module looks a name up only when it is asked for (PEP 562)."""
    return any(
        isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in tree.body
    )


def only_hands_out(tree: ast.Module) -> bool:
    """True if running the module has no effect but to hand out late names."""
    if not hands_out_late(tree):
        return False
    for node in tree.body:
        match node:
            case ast.FunctionDef(name="__getattr__" | "__dir__"):
                continue
            case ast.Expr(value=ast.Constant()) | ast.ImportFrom() | ast.Import():
                continue
            case ast.If() if is_for_the_type_checker(node) and not node.orelse:
                continue
            case ast.Assign() | ast.AnnAssign() if is_literal(node.value):
                continue
        return False
    return True


def is_literal(node: ast.AST | None) -> bool:
    """True for a value that is written out: a text, a number, a list or table of such."""
    if node is None:  # a name that is only declared
        return True
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError):
        return False
    return True


def as_pattern(node: ast.JoinedStr) -> re.Pattern | None:
    """What an f-string may say; None if it says next to nothing by itself."""
    pattern = ""
    said = ""
    for part in node.values:
        text = part.value if isinstance(part, ast.Constant) else ""
        pattern += re.escape(text) if text else ".+"
        said += text
    return re.compile(pattern) if re.search(r"[A-Za-z0-9]{3}", said) else None
