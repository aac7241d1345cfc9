"""Every number in the prose of a chapter is compared with a result, or stands in a list of given ones.

`numbers/<chapter>.csv` has a row for each measured number: the text around it, as printed, with the
number in [brackets], and where it comes from, as an expression of the functions below and in
`sources_*.py` (`result` reads a results file, `paper` the published claims, the others compute).
`digits` is empty if the number is rounded as it is printed; -2 means to hundreds.

`numbers/given.csv` has the numbers that nobody measures, a row for each section and kind (`KINDS`).
A number in neither list fails the test of completeness.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sources_errata
import sources_fairness
import sources_feeder
import sources_games
import sources_savings
import sources_scale
import sources_uncertainty

from vppcore import dispatch, load_case, pool
from vppcore.components import CarbonMarket
from vppcore.market import positions, terms_of
from vppcore.places import RESULTS
from vppcore.reading import DATA
from vppcore.uncertainty.settings import at_level
from vppcore.uncertainty.worst_day import worst_case

BOOK = DATA.parent / "book"
NUMBERS = Path(__file__).parent / "numbers"
CLAIMS = pd.read_csv(DATA / "published" / "claims.csv", index_col="id")

# --- the numbers of a page ------------------------------------------------------------------------
# What has digits and is no number of the prose, taken out in this order.
NOT_PROSE = [
    r"^```(?:\w+|\{(?:math|literalinclude|figure|image|raw|code-cell|tableofcontents)\}[^\n]*)\n.*?^```$",
    r"\$\$.*?\$\$",
    r"^:\w+:[^\n]*$",  # options of a directive
    r"^\([\w-]+\)=$",
    r"\{[\w:]+\}`[^`]*`",
    r"`[^`]*`",
    r"\$[^$]*\$",
    r"\]\([^)]*\)",
    r"\b[AB] \(?\d[\d.]*\)?(?:[-–]\(?\d+\)?)*(?:, \(\d+\))*",  # a place in a paper
    r"\b(?:Table|Tables|Fig\.|Figs\.|Figure|Model|Models|eq\.|Theorem) [A-Z]?\d+(?: and \d+)?",
    r"^\s*\d+\. ",  # lists
]
NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?![\w]|\.\d)")
# a number with its sign is prose, although the page sets it as mathematics
SIGNED = re.compile(r"\$(-?" + NUMBER.pattern + r")\$")
WORDS = "zero one two three four five six seven eight nine ten eleven twelve thirteen".split()
BRACKETED = re.compile(r"\[(" + NUMBER.pattern + "|" + "|".join(WORDS) + r")\]")

# Numbers that nobody measures.
KINDS = {
    "setting": "what a case, a paper, a reader or the code sets: prices, budgets, tolerances",
    "name": "which level, hour, VPP, bus, step, equation or year is meant",
    "worked by hand": "of an example that the text sets and works out before the reader's eyes",
    "quoted": "of another work, which the text names beside it",
}


def blank(match: re.Match[str]) -> str:
    """As long as what was found, so that places stay; its line breaks stay too."""
    return re.sub(r"[^\n]", " ", match.group())


@cache
def page(chapter: str) -> str:
    """As it is written, but 1{,}234 of mathematics as 1,234."""
    return (BOOK / f"{chapter}.md").read_text(encoding="utf-8").replace("{,}", ",")


@cache
def prose(chapter: str) -> str:
    """The chapter with all blanked that is no prose; headings stay."""
    text = SIGNED.sub(r" \1 ", page(chapter))
    for pattern in NOT_PROSE:
        text = re.sub(pattern, blank, text, flags=re.MULTILINE | re.DOTALL)
    return text


@cache
def numbers(chapter: str) -> dict[int, tuple[str, str]]:
    """Place -> the number there and the heading of its section."""
    places = {}
    start = 0
    section = ""
    for line in prose(chapter).splitlines(keepends=True):
        if line.startswith("#"):
            section = line.strip("# \n")
        else:
            for match in NUMBER.finditer(line):
                places[start + match.start()] = (match.group(), section)
        start += len(line)
    return places


# --- where numbers come from ----------------------------------------------------------------------
@cache
def table(name: str) -> pd.DataFrame:
    file = RESULTS / f"{name}.csv"
    if not file.is_file():
        pytest.fail(f"results/{name}.csv is missing; `make book` writes it")
    read = pd.read_csv(file, index_col=0)
    read.index = read.index.map(str)
    return read


def result(name: str, row: object, column: str) -> float:
    """A cell of results/<name>.csv, its row named by the first column."""
    cells = table(name)
    if str(row) not in cells.index or column not in cells.columns:
        pytest.fail(f"results/{name}.csv has no row {row} with a column {column!r}")
    return float(cells.loc[str(row), column])


def paper(claim: str) -> float:
    """A number that a paper prints, of data/published/claims.csv."""
    return float(CLAIMS.loc[claim, "value"])


def parent_level(level: int, column: str) -> float:
    """A level of the sweep over paper-a-parent."""
    return result("uncertainty/figure_8", level, column)


def parent_bound(level: int, iteration: int, side: str) -> float:
    """A bound of the search for the coalition of paper-a-parent: "lower" or "upper"."""
    return by_two("uncertainty/bounds_by_level", str(level), iteration, side)


def fitted_level(level: int, column: str) -> float:
    """A level of the sweep over paper-a."""
    return result("uncertainty/other_case", level, column)


def sampled(trades: str, measure: str) -> float:
    """Of the costs of the 2,000 sampled days of paper-a-parent that the notebook draws."""
    return result("out_of_sample/risk", trades, measure)


def growth(level: int, column: str) -> float:
    """By how much the sweep over paper-a-parent grows from the level two below."""
    return parent_level(level, column) - parent_level(level - 2, column)


@cache
def worst(name: str, vpp: str, level: int, limits: str = "forecast", deviation: float = 0.2) -> Any:
    """The worst case of a VPP of a case."""
    uncertainty = at_level(level, deviation=deviation, limits=limits)
    return worst_case(load_case(name).vpp(vpp), uncertainty)


def worst_alone(level: int, limits: str = "forecast", deviation: float = 0.2) -> float:
    """Worst cases of the VPPs of paper-a-parent, added up."""
    names = load_case("paper-a-parent").names
    costs = [worst("paper-a-parent", name, level, limits, deviation).cost for name in names]
    return sum(costs)


def ratio_of_growth(limits: str = "forecast", deviation: float = 0.2) -> float:
    """How much cost alone grows from level 2 to 4, as a share of its growth from 0 to 2."""
    none, two, four = [worst_alone(level, limits, deviation) for level in (0, 2, 4)]
    return (four - two) / (two - none)


@cache
def recourse() -> Any:
    """What VPP1 of paper-a-parent can do on a day."""
    from vppcore.uncertainty.recourse import Recourse

    return Recourse(load_case("paper-a-parent").vpp("VPP1"), at_level(12))


@cache
def single_hits() -> dict[str, list[tuple[float, int]]]:
    """Series -> what one hit costs more than the forecast day and its step, the dearest first."""
    made = recourse()
    forecast = made.value(made.forecast_day)
    costs: dict[str, list[tuple[float, int]]] = {}
    for number in range(made.forecast_day.size):
        day = made.forecast_day.copy()
        day[number] = 1
        _, series = made.keys[number // made.steps]
        costs.setdefault(series, []).append((made.value(day) - forecast, number))
    return {series: sorted(hits, reverse=True) for series, hits in costs.items()}


def two_dearest_promised() -> float:
    """The forecast day and the two dearest hits of each series, each as if it came alone."""
    made = recourse()
    hits = [hit for series in single_hits().values() for hit in series[:2]]
    return made.value(made.forecast_day) + sum(cost for cost, _ in hits)


def two_dearest_together() -> float:
    """What the day of these hits costs."""
    made = recourse()
    day = made.forecast_day.copy()
    for series in single_hits().values():
        for _, number in series[:2]:
            day[number] = 1
    return made.value(day)


def every_hour_hit() -> float:
    """VPP1's cost if all hours of all its series are hit."""
    made = recourse()
    return made.value(made.forecast_day + 1)


def largest_bound() -> float:
    """The most that a hit of VPP1 can be worth."""
    from vppcore.uncertainty.worth import value_bounds

    return float(value_bounds(recourse())[1].max())


@cache
def own_worst_case_first(level: int) -> float:
    """Cost together on the days that are worst for each VPP alone, paper-a-parent."""
    from vppcore.uncertainty.robust import robust_coalition

    case = load_case("paper-a-parent")
    return robust_coalition(case, at_level(level), reading="own worst case first").cost


def emergency_price(vpp: str, which: int) -> float:
    """What shedding (0) or dumping (1) a kWh costs, paper-a-parent."""
    from vppcore.uncertainty.emergency import prices_of

    return prices_of(load_case("paper-a-parent").vpp(vpp), at_level(6))[which]


@cache
def alone(name: str, vpp: str) -> float:
    """What a VPP of a case pays without trade."""
    return dispatch(load_case(name).vpp(vpp)).cost


@cache
def saving(name: str, *members: str) -> float:
    """What these VPPs of a case save if they trade among themselves."""
    case = load_case(name)
    together = pool(case, members=members)
    apart = [alone(name, member) - together.dispatches[member].cost for member in members]
    return sum(apart)


@cache
def all_alone(name: str) -> float:
    """What all VPPs of a case pay without trade."""
    return sum(alone(name, vpp) for vpp in load_case(name).names)


@cache
def planned_together(name: str) -> float:
    """The joint optimum of a case."""
    return pool(load_case(name)).cost


@cache
def models_by_hand() -> pd.DataFrame:
    """The four carbon models for VPP1 of the day shaped by hand, yuan and kg."""
    from vppcore.carbon import carbon_models

    return carbon_models(load_case("paper-b-handmade").vpp("VPP1"), 0.32)


def model(number: int, column: str) -> float:
    """A number of one of the four carbon models: yuan or t."""
    value = float(models_by_hand().iloc[number - 1][column])
    return value / 1000 if column in ("excess", "emission") else value


def printed_ladder(rise: str) -> CarbonMarket:
    """Paper B's ladder with five steps: 280 yuan/t, 2 t, 25 %."""
    return CarbonMarket(price=0.28, interval=2000, growth=0.25, levels=5, rise=rise)


def variant(reading: str, column: str) -> float:
    """A number of a reading of paper B's carbon on the notebook's day: yuan, t or MWh."""
    value = result("carbon_models/variants", reading, column)
    return value / 1000 if column in ("excess", "emission", "called") else value


@cache
def hour_of_the_text() -> pd.DataFrame:
    """Study B's t=10 as the text plays it, by hand: columns price and part of VPP1 and VPP4.

    Each buyer's satisfaction is quadratic with the coefficient 1.0 yuan/kWh. With shares held, a
    seller takes (p - c) times an amount that falls with 1 - p, so its price lies in the middle of
    the two. What a buyer gains by its amount is as (1 - p)^2, and the sellers' surplus is shared.
    """
    coefficient = 1.0
    case = load_case("paper-b")
    rows = {}
    for vpp in (case.vpp(name) for name in ("VPP1", "VPP4")):
        price = (coefficient + terms_of(vpp).market.reservation_price) / 2
        surplus = positions(vpp, dispatch(vpp)).loc[10, "surplus"]
        rows[vpp.name] = {"price": price, "part": (coefficient - price) ** 2 * surplus}
    table = pd.DataFrame(rows).T
    return table.assign(part=table["part"] / table["part"].sum())


def text_game(column: str, seller: str) -> float:
    """A price or a probability of that hour."""
    return float(hour_of_the_text().loc[seller, column])


# --- results that are named by two columns, or often ----------------------------------------------
def by_two(name: str, first: str, second: object, column: str) -> float:
    """A cell of results/<name>.csv, its row named by the first two columns."""
    rows = table(name)
    matching = rows[(rows.index == first) & (rows.iloc[:, 0] == second)]
    if len(matching) != 1 or column not in rows.columns:
        pytest.fail(f"results/{name}.csv has no row {first}, {second} with a column {column!r}")
    return float(matching[column].iloc[0])


def overheard(case: str, rounds: int, end: Callable[[pd.Series], float]) -> float:
    """By how much a listener at the table misses a VPP's net trades after so many rounds, per cent."""
    rows = table(f"cooperation/given_away_{case}")
    return float(100 * end(rows.loc[rows["rounds heard"] == rounds, "at the table"]))


def part(case: str, vpp: str, rule: str) -> float:
    """What a rule of division gives a VPP."""
    return by_two("fairness_study/splits", case, vpp, rule)


def parts(case: str, rule: str, *vpps: str) -> float:
    """What a rule gives to several VPPs together."""
    return sum(part(case, vpp, rule) for vpp in vpps)


def largest_excess(case: str, rule: str) -> float:
    """What a coalition could gain by leaving."""
    return by_two("fairness_study/stability", case, rule, "largest excess (yuan)")


def least_core(case: str) -> float:
    """The least that the largest excess can be, over all splits."""
    return by_two("fairness_study/stability", case, "nucleolus", "least core (yuan)")


def hours(row: str) -> float:
    """The real week in hours."""
    return result("real_week/step_lengths", row, "simbench-semiurb")


def quarters(row: str) -> float:
    """The real week in quarters of an hour."""
    return result("real_week/step_lengths", row, "simbench-semiurb-15min")


def own_functions(module: str, names: dict[str, Any]) -> dict[str, Any]:
    """What a module defines and does not only import."""
    return {
        name: thing
        for name, thing in names.items()
        if callable(thing) and getattr(thing, "__module__", "") == module
    }


SOURCES = own_functions(__name__, globals())
for module in (
    sources_errata,
    sources_fairness,
    sources_feeder,
    sources_games,
    sources_savings,
    sources_scale,
    sources_uncertainty,
):
    added = own_functions(module.__name__, vars(module))
    assert not set(added) & set(SOURCES), "two sources have one name"
    SOURCES |= added


# --- the comparison -------------------------------------------------------------------------------
def read(file: str) -> pd.DataFrame:
    return pd.read_csv(NUMBERS / file, dtype=str, keep_default_na=False)


CHAPTERS = sorted(file.stem for file in NUMBERS.glob("*.csv") if file.stem != "given")
MEASURED = [
    pytest.param(chapter, row, id=f"{chapter}-{number}")
    for chapter in CHAPTERS
    for number, row in enumerate(read(f"{chapter}.csv").itertuples(), 2)
]
GIVEN = read("given.csv")


def pattern_of(text: str) -> re.Pattern[str]:
    """A text of the data file as a pattern: brackets hold the numbers, any blanks are blanks."""
    pieces = []
    last = 0
    for match in BRACKETED.finditer(text):
        pieces.append(spaced(text[last : match.start()]))
        pieces.append(f"({re.escape(match.group(1))})")
        last = match.end()
    pieces.append(spaced(text[last:]))
    return re.compile("".join(pieces))


def spaced(text: str) -> str:
    return r"\s+".join(re.escape(word) for word in re.split(r"\s+", text))


def places(chapter: str, text: str) -> list[int]:
    """Where the bracketed numbers of a text stand in the chapter. Fails unless it stands there once."""
    matches = list(pattern_of(text).finditer(page(chapter)))
    if len(matches) != 1:
        pytest.fail(
            f"tests/numbers/{chapter}.csv: {text!r} stands {len(matches)} times on the page"
        )
    groups = pattern_of(text).groups
    return [matches[0].start(group) for group in range(1, groups + 1)]


def as_printed(value: float, printed: str, digits: str) -> str:
    """A value with the places and commas of the printed number, or rounded to so many digits."""
    if printed in WORDS:
        is_whole = abs(value - round(value)) < 1e-6 and round(value) < len(WORDS)
        return WORDS[round(value)] if is_whole else f"{value:g}"
    if digits:
        return f"{round(value, int(digits)):,.{max(0, int(digits))}f}"
    places_after = len(printed.partition(".")[2])
    commas = "," if "," in printed else ""
    text = f"{value:{commas}.{places_after}f}"
    is_zero = float(text.replace(",", "")) == 0
    return text.removeprefix("-") if is_zero else text


@pytest.mark.parametrize(("chapter", "row"), MEASURED)
def test_a_measured_number_is_what_its_source_says(chapter, row):
    printed = BRACKETED.findall(row.text)
    expressions = [expression.strip() for expression in row.source.split(";")]
    assert len(printed) == len(expressions) > 0, f"{row.text!r}: as many sources as [numbers]"
    places(chapter, row.text)
    faults = []
    for number, expression in zip(printed, expressions, strict=True):
        value = eval(expression, dict(SOURCES))
        now = as_printed(value, number, row.digits)
        if now != number:
            faults.append(
                f"book/{chapter}.md prints {number} in {row.text!r}, and {expression} is now"
                f" {now} ({value:.8g}); if that is right, correct the page"
            )
    assert not faults, "\n".join(faults)


def unguarded(chapter: str) -> dict[str, Counter[str]]:
    """Section -> numbers of the chapter that no row of its file claims."""
    claimed: set[int] = set()
    for row in read(f"{chapter}.csv").itertuples():
        claimed.update(places(chapter, row.text))
    left: dict[str, Counter[str]] = {}
    for place, (number, section) in numbers(chapter).items():
        if place not in claimed:
            left.setdefault(section, Counter())[number] += 1
    return left


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_number_of_a_chapter_is_measured_or_given(chapter):
    given: dict[str, Counter[str]] = {}
    for row in GIVEN[GIVEN["chapter"] == chapter].itertuples():
        assert row.kind in KINDS, f"given.csv, {chapter}, {row.section}: {row.kind!r} is no kind"
        given.setdefault(row.section, Counter()).update(row.numbers.split())
    left = unguarded(chapter)
    faults = []
    for section in sorted({*left, *given}):
        more = left.get(section, Counter()) - given.get(section, Counter())
        gone = given.get(section, Counter()) - left.get(section, Counter())
        if more:
            faults.append(
                f"book/{chapter}.md, {section!r}: {', '.join(more.elements())} in no list; name the"
                f" source in tests/numbers/{chapter}.csv, or in given.csv if nobody measures them"
            )
        if gone:
            faults.append(
                f"tests/numbers/given.csv, {chapter}, {section!r}: {', '.join(gone.elements())}"
                " no longer on the page"
            )
    assert not faults, "\n".join(faults)


def test_a_number_that_is_added_is_noticed(monkeypatch):
    """In the chapter's middle, with and without commas and points."""
    here = page("uncertainty")
    for added in ("12,345", "0.987", "17"):
        spoilt = here.replace("Two lessons.", f"Two lessons, and {added} yuan.")
        assert spoilt != here
        before = Counter(number for number, _ in numbers("uncertainty").values())
        monkeypatch.setattr(f"{__name__}.page", lambda _, text=spoilt: text)
        prose.cache_clear()
        numbers.cache_clear()
        after = Counter(number for number, _ in numbers("uncertainty").values())
        monkeypatch.undo()
        prose.cache_clear()
        numbers.cache_clear()
        assert after - before == Counter([added])
        assert not before - after


# --- sums in mathematics --------------------------------------------------------------------------
MATHEMATICS = re.compile(
    r"\$\$(.*?)\$\$|\$([^$]*)\$|```\{math\}\n(.*?)^```", re.MULTILINE | re.DOTALL
)
SUM = re.compile(r"[\d.()+*/ -]*\d[\d.()+*/ -]*")


def as_python(side: str) -> str:
    """A side of an equation as Python would have it."""
    text = re.sub(r"\^(\d)|\^\{(\d+)\}", r"**\1\2", side)
    for written, meant in ((r"\cdot", "*"), (r"\,", " "), (r"\ ", " "), ("&", " ")):
        text = text.replace(written, meant)
    text = re.sub(r"(\d),(\d{3})\b", r"\1\2", text)
    return re.sub(r"(\d) *\(", r"\1*(", text).strip(" .,;")


def sums(chapter: str) -> list[tuple[str, str]]:
    """(sum, result) of every equation of a chapter whose two sides have nothing but numbers."""
    found = []
    for match in MATHEMATICS.finditer(page(chapter)):
        for line in re.split(r"\\\\|\\q?quad", "".join(part or "" for part in match.groups())):
            sides = [as_python(side) for side in line.split("=")]
            for left, right in pairwise(sides):
                if SUM.fullmatch(left) and re.fullmatch(r"-?\d+(\.\d+)?", right):
                    found.append((left, right))
    return found


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_sums_in_mathematics_come_out_as_printed(chapter):
    for left, right in sums(chapter):
        last_digit = 10.0 ** -len(right.partition(".")[2])
        assert eval(left) == pytest.approx(float(right), abs=0.51 * last_digit), (
            f"book/{chapter}.md: {left} = {right}"
        )


def test_there_are_sums_to_check():
    assert sum(len(sums(chapter)) for chapter in CHAPTERS) >= 20
