r"""Letters in formulas: what a symbol is called by, and which symbols a text of mathematics uses.

A symbol is a letter with its accent (`\bar L`), its font (`\mathbf c`) and its *labels*, the words
and numbers in its sub- and superscripts that tell it from others of the letter: `P^{P2G}_{max}` is
P with P2G and max. Indices (`i`, `t`, `ij,t`) count and are no labels. Two symbols are the same if
letter and labels are.

What cannot be told from a text: whether one symbol is used for two things without a word about it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vppcore.errors import WrongInput

GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi"
    " pi rho varrho sigma tau phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi"
    " Omega ell".split()
)
ACCENTS = frozenset("bar overline underline hat tilde dot".split())
FONTS = frozenset("mathbf mathcal mathbb".split())
# their argument is words, or names of a structure
WORDS = frozenset("text mathrm operatorname textstyle begin end label tag mbox hspace".split())
# letters that count: VPPs, hours, iterations and hits; how many there are
INDICES = frozenset("ijtknNT")
# VPPs of an example go by capitals
NAMES = frozenset("ABC")
# what a raised sign says besides: a power, a transpose, a best value, one side's own
SIGNS = frozenset(("ast", "top", "circ", "prime", "*", "'", "+", "-", "2"))
TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[A-Za-z]|\d+(?:\.\d+)?|[\^_{}']|[^\s]")
COMMENT = re.compile(r"(?<!\\)%.*")


@dataclass(frozen=True, order=True)
class Symbol:
    r"""A letter with what tells it from others of the letter.

    letter: with accent or font, as `\bar L`.
    labels: in alphabetical order.
    """

    letter: str
    labels: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.letter + "".join(f"[{label}]" for label in self.labels)


class Reader:
    """Reads a formula once, symbol by symbol."""

    def __init__(self, formula: str):
        self.tokens = TOKEN.findall(COMMENT.sub("", formula))
        self.place = 0

    def peek(self) -> str:
        """The token to come; empty at the end."""
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        """The token to come, which is used up."""
        token = self.peek()
        self.place += 1
        return token

    def argument(self) -> list[str]:
        """What a command applies to: a group in braces or a single token."""
        first = self.take()
        if first != "{":
            return [first]
        inside: list[str] = []
        depth = 1
        while self.peek():
            token = self.take()
            depth += (token == "{") - (token == "}")
            if not depth:
                break
            inside.append(token)
        return inside

    def symbols(self) -> Iterator[Symbol]:
        """All symbols in the formula, those within scripts included."""
        while self.peek():
            token = self.take()
            name = token.removeprefix("\\")
            if name in WORDS and token != name:
                self.argument()
            elif token != name and name in ACCENTS | FONTS:
                argument = [part for part in self.argument() if part not in "{}"]
                letter = "".join(argument).removeprefix("\\")
                if letter.isdigit() or not argument:
                    continue
                yield from self.with_scripts(f"{token} {''.join(argument)}")
            elif (token != name and name in GREEK) or (token == name and name.isalpha()):
                yield from self.with_scripts(token)

    def with_scripts(self, letter: str) -> Iterator[Symbol]:
        """The symbol that begins with this letter, then those that its scripts are made of."""
        labels: set[str] = set()
        inner: list[str] = []
        while self.peek() in ("^", "_", "'"):
            if self.take() == "'":
                continue
            script = self.argument()
            label = label_in(script)
            if label:
                labels.update(label)
            else:
                inner.append(" ".join(script))
        yield Symbol(letter, tuple(sorted(labels)))
        for script_text in inner:
            for symbol in Reader(script_text).symbols():
                if symbol.letter not in INDICES | NAMES:
                    yield symbol


def label_in(script: list[str]) -> set[str]:
    """The labels in a sub- or superscript: words, single letters that do not count, numbers.

    >>> sorted(label_in(list("max"))), label_in(["i", "j", ",", "t"]), label_in(["0"])
    (['max'], set(), {'0'})
    """
    plain = [part for part in script if part not in ("{", "}")]
    if any(part.startswith("\\") and part[1:] in WORDS for part in plain):
        return {"".join(part for part in plain if not part.startswith("\\"))}
    if any(part.startswith("\\") and part[1:] in GREEK | ACCENTS | FONTS for part in plain):
        return set()
    if "_" in plain or "^" in plain:  # a formula of its own, as in an exponent
        return set()
    labels = set()
    for part in re.split(r"[,\s]+|(?<=\w)[-+](?=\w)", "".join(plain)):
        bare = part.strip("()*'").removeprefix("\\")
        if not bare or bare in SIGNS or f"\\{bare}" in ("\\ast", "\\top", "\\circ"):
            continue
        if set(bare) <= INDICES or set(bare) <= NAMES or (bare.isdigit() and bare != "0"):
            continue
        labels.add(bare)
    return labels


def symbols_in(formula: str) -> set[Symbol]:
    r"""The symbols of a formula.

    >>> sorted(map(str, symbols_in(r"P^{P2G}_t \le P^{P2G}_{max},\ \bar L_{i,t} = 2\,\mathrm{e}")))
    ['P[P2G]', 'P[P2G][max]', '\\bar L']
    """
    return set(Reader(formula).symbols())


FENCE = re.compile(r"^(?P<ticks>`{3,}|:{3,})(?P<name>\{[\w:-]+\}|\w*)")
# what a fence of these names holds is prose, and its formulas count
PROSE = re.compile(r"\{(?!code|literalinclude|raw|csv-table|image|bibliography)")
MATH = re.compile(r"\$\$(?P<display>.*?)\$\$|(?<![\\$])\$(?P<inline>[^$]+?)\$", re.DOTALL)
OPTION = re.compile(r"^:[\w-]+:")
CODE_WITHIN = re.compile(r"`[^`\n]*`")


def formulas_in(page: str) -> list[str]:
    """The formulas of a page in Markdown, code left out.

    >>> formulas_in("of $x$ and\\n\\n```{math}\\ny\\n```\\n\\n```python\\n'$z$'\\n```\\n")
    ['x', '\\ny\\n']
    """
    matches = MATH.finditer("\n".join(prose_of(page)))
    return [match["display"] or match["inline"] for match in matches]


def prose_of(page: str) -> Iterator[str]:
    """The lines of a page that are no code; a block of mathematics stands between two dollars."""
    fences: list[tuple[str, str]] = []
    for line in page.splitlines():
        fence = FENCE.match(line)
        if fence and fences and line.strip() == fences[-1][0]:
            _, name = fences.pop()
            yield "$$" * (name == "{math}")
        elif fence and fence["name"]:
            fences.append((fence["ticks"], fence["name"]))
            yield "$$" * (fence["name"] == "{math}")
        elif fence and not fences:
            fences.append((fence["ticks"], "text"))
        elif all(PROSE.match(name) for _, name in fences) and not OPTION.match(line):
            in_formula = bool(fences) and fences[-1][1] == "{math}"
            yield line if in_formula else CODE_WITHIN.sub("", line)


# --- the tables of symbols ------------------------------------------------------------------------
@dataclass(frozen=True)
class Row:
    """A line of a table of symbols.

    symbol: as a formula; several if they belong together.
    kind: the one thing that the letter stands for, whatever its labels and accents.
    meaning, unit, name: what a reader is told; `name` is that in the code.
    pages: the pages that use it, the one that explains it first.
    """

    symbol: str
    kind: str
    meaning: str
    unit: str
    name: str
    pages: tuple[str, ...]

    @property
    def symbols(self) -> set[Symbol]:
        """The symbols of the line, without the letters that count."""
        found = symbols_in(self.symbol)
        return {each for each in found if each.letter not in INDICES} or found


def read_table(file: Path) -> list[Row]:
    """The lines of a table of symbols. Raises WrongInput if a column is missing."""
    with open(file, encoding="utf-8", newline="") as lines:
        table = csv.DictReader(lines)
        wanted = ["symbol", "kind", "meaning", "unit", "name in code", "pages"]
        if table.fieldnames != wanted:
            raise WrongInput(
                f"{file.name}: found the columns {table.fieldnames}; allowed: {', '.join(wanted)}"
            )
        return [
            Row(
                symbol=line["symbol"],
                kind=line["kind"],
                meaning=line["meaning"],
                unit=line["unit"],
                name=line["name in code"],
                pages=tuple(line["pages"].split()),
            )
            for line in table
        ]


def letter_alone(symbol: Symbol) -> str:
    r"""The letter without an accent; a font makes another letter.

    >>> letter_alone(Symbol("\\bar L")), letter_alone(Symbol("\\mathbf c"))
    ('L', '\\mathbf c')
    """
    accent, _, letter = symbol.letter.rpartition(" ")
    plain = accent.removeprefix("\\") in ACCENTS
    return f"\\{letter}" if plain and letter in GREEK else letter if plain else symbol.letter


def used_on(page: str) -> set[Symbol]:
    """All symbols in the formulas of a page in Markdown."""
    return {symbol for formula in formulas_in(page) for symbol in symbols_in(formula)}


def lines_for(page: str, table: list[Row]) -> list[Row]:
    """The lines of a table that explain the symbols of a page, in the table's order."""
    used = used_on(page)
    return [row for row in table if row.symbols & used]
