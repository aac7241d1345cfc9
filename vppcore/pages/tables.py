"""Results -> tables for the page. No solving, no reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from html import escape
from itertools import product
from math import ceil, floor, log10
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from vppcore.bargaining.split import BargainResult
from vppcore.bargaining.weights import bargaining_weights, supplied_and_received
from vppcore.case import Case
from vppcore.components import COMPONENTS
from vppcore.cooperation.result import CoalitionResult
from vppcore.cooperation.savings import Ends
from vppcore.errors import WrongInput
from vppcore.pages import scales
from vppcore.pages.published import published_value
from vppcore.pages.words import places_for, signed
from vppcore.parameters import RULE
from vppcore.schedule import DispatchResult
from vppcore.uncertainty.recourse import Reaction
from vppcore.uncertainty.result import RobustResult
from vppcore.uncertainty.settings import Uncertainty
from vppcore.uncertainty.worst_day import WorstCase
from vppcore.vpp import VPP

# columns of a negotiation on prices -> how a figure names them
PRICE_RESIDUALS = {
    "largest disagreement (yuan/kWh)": "prices disagree",
    "largest move (yuan/kWh)": "prices move",
}

# ways across a boundary -> how a table names them
WAYS = {"in": "goes in", "out": "comes out"}


def escaped(table: pd.DataFrame) -> pd.DataFrame:
    """The same table with its texts, names of rows and columns included, as HTML shows them letter
    by letter.

    Names and sources come from a reader's files; a `<b>` in them must not become a tag.

    >>> escaped(pd.DataFrame({"source": ["<b>"]})).loc[0, "source"]
    '&lt;b&gt;'
    """

    def harmless(cell: Any) -> Any:
        return escape(cell) if isinstance(cell, str) else cell

    return table.map(harmless).rename(index=harmless, columns=harmless)


def styled(table: pd.DataFrame | pd.Series) -> Styler:
    """A table for the page, to be formatted; its texts cannot become HTML."""
    frame = table.to_frame() if isinstance(table, pd.Series) else table
    return escaped(frame).style


def to_read(table: pd.DataFrame) -> Styler:
    """A table of texts for the page, left-aligned."""
    left = [{"selector": "th", "props": "text-align: left"}]
    return styled(table).set_properties(**{"text-align": "left"}).set_table_styles(left)


# to how many places numbers are shown; None for as many as they have, up to six digits
Places = int | None


class Usual:
    """As many places as `usual_places` says."""


USUAL = Usual()
MOST_PLACES = 6  # a column that needs more is what a solver leaves of nothing
NOTHING_THERE = "–"
SEEN = 1e-9  # of the largest cost: a smaller one is none
KNOWN_TO = 1e-4  # of it: how near the search for a robust coalition comes to its cost
NOISE = 1e-13  # of a table's largest number: less is what rounding leaves of nothing
# names of rows in results, and what a reader calls them
INDEX_SAID = {"label": "cost item"}


def as_said(cell: Any, places: Places = 0) -> str:
    """A cell as tables of the book show it: thousands apart, yes and no, a dash for no number.

    >>> as_said(12345.6), as_said(-0.2), as_said(True), as_said(float("nan")), as_said("wind")
    ('12,346', '0', 'yes', '–', 'wind')
    >>> as_said(-0.25, 1), as_said(0.0000123, None), as_said(7)
    ('−0.2', '1.23e-05', '7')
    """
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if cell is None or cell is pd.NA:
        return NOTHING_THERE
    if isinstance(cell, Integral):
        return signed(int(cell), 0)
    if not isinstance(cell, Real):
        return str(cell)
    number = float(cell)
    if np.isnan(number):
        return NOTHING_THERE
    if places is None:
        return f"{'−' if number < 0 else ''}{abs(number):,.6g}"
    return signed(number, places).replace("inf", "∞")


def on_page(
    table: pd.DataFrame | pd.Series,
    places: Places | Mapping[Any, Places] | Usual = USUAL,
    by_row: bool = False,
) -> Styler:
    """A table in the book's one style, every cell as `as_said` has it, texts to the left.

    places: of all numbers, or by column (by row if `by_row`). Where none is given, whole numbers,
    and three digits of the largest where all of a column (a row) are below ten; so, too, where
    those asked for would show nothing but zeros.
    """
    frame = without_noise(table.to_frame() if isinstance(table, pd.Series) else table)
    texts = pd.DataFrame(index=frame.index, columns=frame.columns, dtype=object)
    places_of = [
        places_in(cells, name, places) for name, cells in (frame.T if by_row else frame).items()
    ]
    for row, column in product(range(len(frame.index)), range(len(frame.columns))):
        shown_to = places_of[row if by_row else column]
        texts.iloc[row, column] = as_said(frame.iloc[row, column], shown_to)
    texts = texts.rename(index=label_said, columns=label_said).rename_axis(index=INDEX_SAID)
    style = styled(texts)
    worded = [is_worded(frame.iloc[:, column]) for column in range(len(frame.columns))]
    left = [
        {"selector": f".col{column}", "props": "text-align: left"}
        for column, are_words in enumerate(worded)
        if are_words
    ]
    apart = {"selector": "", "props": "margin-bottom: 1rem"}  # from a sentence that follows
    return style.set_table_styles([apart, *left])


def without_noise(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with zeros for what rounding leaves of them: parts of its largest number that
    floating point numbers cannot tell from nothing.

    >>> without_noise(pd.DataFrame({"a": [1204.0, 3e-14]}))["a"].to_list()
    [1204.0, 0.0]
    """
    cells = [cell for _, column in frame.items() for cell in column if is_measured(cell)]
    least = NOISE * max((abs(float(cell)) for cell in cells), default=0.0)
    made = [
        column.map(lambda cell: 0.0 if is_measured(cell) and abs(cell) <= least else cell)
        for _, column in frame.items()
    ]
    return pd.concat(made, axis=1).set_axis(frame.columns, axis=1) if made else frame


def is_measured(cell: Any) -> bool:
    """True for a finite number that is no count and no switch."""
    return isinstance(cell, float | np.floating) and bool(np.isfinite(cell))


def places_in(cells: pd.Series, name: Any, places: Places | Mapping[Any, Places] | Usual) -> Places:
    """To how many places the numbers of a column or a row are shown, as `on_page` says."""
    asked = places.get(name, USUAL) if isinstance(places, Mapping) else places
    usual = usual_places(cells)
    if isinstance(asked, Usual):
        return usual
    numbers = [cell for cell in cells if isinstance(cell, Real) and np.isfinite(float(cell))]
    shows_nothing = asked is not None and not any(round(float(each), asked) for each in numbers)
    return usual if shows_nothing and (asked or 0) < usual <= MOST_PLACES else asked


def usual_places(cells: pd.Series) -> int:
    """None, or so many that the largest number has three digits, where all are below ten.

    Numbers that are whole need none.

    >>> usual_places(pd.Series([1.189, 0.437])), usual_places(pd.Series([37.4, 0.2]))
    (2, 0)
    >>> usual_places(pd.Series([3.0, 1.0])), usual_places(pd.Series([0.0123, None]))
    (0, 4)
    """
    is_number = [isinstance(cell, Real) and not isinstance(cell, bool | np.bool_) for cell in cells]
    numbers = cells[is_number].astype(float)
    numbers = numbers[np.isfinite(numbers)]
    largest = float(numbers.abs().max()) if len(numbers) else 0.0
    if largest >= 10 or not (numbers % 1).any():
        return 0
    return 2 - floor(log10(largest))


def beside(
    table: pd.DataFrame | pd.Series, amount: float | None = None, more: pd.Series | None = None
) -> Styler:
    """A table of money rounded as suits an amount, to a thousandth of it or so.

    amount: None takes the largest in the table. more: a further column, which is not rounded.

    >>> beside(pd.Series([61_994.0], name="cost")).data.iloc[0, 0]
    '61,990'
    >>> beside(pd.Series([2.6432], name="saving")).data.iloc[0, 0]
    '2.643'
    """
    frame = (table.to_frame() if isinstance(table, pd.Series) else table).astype(float)
    places = places_for(float(frame.abs().max().max()) if amount is None else amount)
    rounded = frame.round(places)
    whole = rounded if more is None else pd.concat([rounded, more], axis=1)
    return on_page(whole, max(0, places))


def label_said(label: Any) -> Any:
    """The name of a row or column; a number with no more digits than it has.

    >>> label_said(0.25), label_said(2.0), label_said("growth")
    ('0.25', '2', 'growth')
    """
    return f"{label:g}" if isinstance(label, float) else label


def is_worded(column: pd.Series) -> bool:
    """True for a column of texts that are no numbers, and without a number among them."""
    numbers = any(isinstance(cell, Real) and not np.isnan(float(cell)) for cell in column)
    texts = [cell for cell in column if isinstance(cell, str)]
    return not numbers and any(any(letter.isalpha() for letter in text) for text in texts)


def symbols() -> pd.DataFrame:
    """Symbol, meaning, unit and name in code of everything a component is given."""
    rows = []
    for kind, component in COMPONENTS.items():
        for f in fields(component):
            if "unit" in f.metadata:
                symbol = f.metadata[RULE].symbol
                unit = f.metadata["unit"].replace(
                    "-", "–"
                )  # a lone hyphen would become a bullet on the page
                rows.append(
                    (f"${symbol}$" if symbol else "", f.metadata["text"], unit, f"{kind}.{f.name}")
                )
    return pd.DataFrame(rows, columns=["symbol", "meaning", "unit", "name in code"])


def parameters(case: Case) -> pd.DataFrame:
    """Every number of a case: a row each, with unit, status and source (paper A Table A1)."""
    columns = ["component", "parameter", "unit", "vpp", "value", "status", "source"]
    return case.units[columns].sort_values(["component", "parameter", "vpp"], ignore_index=True)


def energy(case: Case) -> pd.DataFrame:
    """Energy and peak of every series of a case as the models see it (factors applied): a row each,
    kWh and kW.
    """
    rows = {}
    for vpp in case.vpps:
        for component in vpp.components:
            series = getattr(component, "demand", getattr(component, "available", None))
            if series is not None:
                rows[f"{vpp.name} {component.name}"] = {
                    "energy (kWh)": vpp.step_hours * float(series.sum()),
                    "peak (kW)": float(series.max()),
                    "at step": int(series.argmax()) + 1,
                }
    return pd.DataFrame(rows).T.astype({"at step": int})


def demand(case: Case, series: str) -> pd.DataFrame:
    """Forecast demand, kW: a column for each VPP that has loads of this series, all of them added.

    series: "load" for electric loads, "heat" for heat loads; factors are applied.
    """
    columns = {}
    for vpp in case.vpps:
        loads: list[Any] = [c for c in vpp.with_role("load") if c.uncertain_series == series]
        if loads:
            columns[vpp.name] = sum(load.demand for load in loads)
    return pd.DataFrame(columns, index=case.series.index)


def available(case: Case) -> pd.DataFrame:
    """Forecast output of wind and sun, kW: a column for each VPP that has any, all plants added."""
    columns = {}
    for vpp in case.vpps:
        plants: tuple[Any, ...] = vpp.with_role("renewable")
        if plants:
            columns[vpp.name] = sum(plant.available for plant in plants)
    return pd.DataFrame(columns, index=case.series.index)


def tariff(case: Case) -> pd.DataFrame:
    """Purchase and feed-in price of the grid, yuan/kWh, by step.

    Two columns if all VPPs have the same prices, else two for each grid connection.
    """
    columns = {}
    for vpp in case.vpps:
        grids: tuple[Any, ...] = vpp.with_role("grid")
        for grid in grids:
            columns[f"{vpp.name} {grid.name}, purchase"] = grid.buy_price
            columns[f"{vpp.name} {grid.name}, feed-in"] = grid.sell_price
    prices = pd.DataFrame(columns, index=case.series.index)
    one_tariff = all(_same_as_first(prices.iloc[:, first::2]) for first in (0, 1))
    if one_tariff:
        return prices.iloc[:, :2].set_axis(["purchase", "feed-in"], axis=1)
    return prices


def _same_as_first(prices: pd.DataFrame) -> bool:
    """True if there are columns and each equals the first."""
    return len(prices.columns) > 0 and bool(prices.eq(prices.iloc[:, 0], axis=0).all(axis=None))


def devices(case: Case) -> pd.DataFrame:
    """Which components each VPP has: a row per component, an x where a VPP has it."""
    found = {vpp.name: {c.name: "x" for c in vpp.components} for vpp in case.vpps}
    return pd.DataFrame(found).fillna("")


def price_range(case: Case) -> pd.DataFrame:
    """Lowest, mean and highest price of the grid, yuan/kWh; a VPP's own stand under its name."""
    prices: dict[str, np.ndarray] = {}
    for vpp in case.vpps:
        grids: tuple[Any, ...] = vpp.with_role("grid")
        for grid in grids:
            tariff = f"grid_{grid.label}" if grid.label else "grid"
            for way, price in (("buy", grid.buy_price), ("sell", grid.sell_price)):
                name = f"{tariff}_{way}"
                if not np.array_equal(prices.setdefault(name, price), price):
                    prices[f"{vpp.name} {name}"] = price
    return pd.DataFrame(prices).agg(["min", "mean", "max"]).T


def fitted_beside(unfitted: Case, fitted: Case) -> pd.DataFrame:
    """The numbers of a case that were fitted, beside what the case with nothing fitted has.

    A row each, columns VPP, parameter, unit, unfitted, fitted. A factor that a case does not name
    is 1 there.
    """
    rows = []
    for part in fitted.units[fitted.units["status"] == "calibrated"].itertuples():
        same = unfitted.units[
            (unfitted.units["vpp"] == part.vpp)
            & (unfitted.units["component"] == part.component)
            & (unfitted.units["parameter"] == part.parameter)
        ]
        before = float(same["value"].iloc[0]) if len(same) else 1.0
        name = f"{part.component} {part.parameter}"
        rows.append((part.vpp, name, part.unit, before, float(part.value)))
    return pd.DataFrame(rows, columns=["VPP", "parameter", "unit", "unfitted", "fitted"])


def statuses(case: Case) -> pd.Series:
    """How many numbers of a case are printed, from the parent study, digitised, assumed,
    calibrated.
    """
    return case.units["status"].value_counts().rename("numbers")


def cost_items(results: dict[str, DispatchResult]) -> pd.DataFrame:
    """Cost by label (rows) and VPP (columns), yuan, with totals."""
    table = pd.DataFrame({name: result.costs for name, result in results.items()}).fillna(0.0)
    table.loc["total"] = table.sum()
    return table.assign(cluster=table.sum(axis=1))


def saving_items(items: pd.DataFrame, ends: Ends | None = None) -> pd.DataFrame:
    """What each cost item falls by, yuan, with the range of the cluster's over all optima.

    items, ends: as `saving_by_item` and `saving_range` make them. The total has no range.
    """
    table = items.copy()
    if ends is not None:
        table["at least"] = ends.least["cluster"].reindex(table.index)
        table["at most"] = ends.most["cluster"].reindex(table.index)
        table.loc["total", ["at least", "at most"]] = table.loc["total", "cluster"]
    return table


def cost_alone(results: dict[str, DispatchResult]) -> pd.Series:
    """What each VPP's schedule costs, yuan."""
    costs = {name: result.cost for name, result in results.items()}
    return pd.Series(costs, name="cost alone (yuan)")


def relaxation(
    relaxed: dict[str, DispatchResult], exact: dict[str, DispatchResult]
) -> pd.DataFrame:
    """Cost without and with binaries by VPP, yuan, and how far exclusive flows overlap without."""
    overlap = {name: max(result.overlaps.values(), default=0.0) for name, result in relaxed.items()}
    table = pd.DataFrame(
        {
            "relaxed": cost_alone(relaxed),
            "with binaries": cost_alone(exact),
            "overlap (share of rating)": overlap,
        }
    )
    table["too cheap by"] = table["with binaries"] - table["relaxed"]
    return table


def balances(result: DispatchResult, *carriers: str, prefix: str = "") -> dict[str, pd.DataFrame]:
    """The balances of a schedule that it has of these carriers, by file name, kW (carbon kg/h)."""
    there = [carrier for carrier in carriers if carrier in result.balances]
    return {f"{prefix}{carrier}": result.balances[carrier] for carrier in there}


def exchange(result: DispatchResult) -> pd.DataFrame:
    """What a VPP trades with each partner and with the grid, kW by step."""
    names = result.with_role("trade") + result.with_role("grid")
    pieces = {name: result.series[name] for name in names}
    if len(result.with_role("grid")) < 2:
        return pd.concat(list(pieces.values()), axis=1)
    return pd.concat(pieces, axis=1)


def before_and_after(bargain: BargainResult) -> pd.DataFrame:
    """Paper A's Table 1: cost before and after cooperation, payment and saving of each VPP and of
    the cluster, yuan.
    """
    table = bargain.table[["alone", "with trades", "payment", "after", "gain", "weight"]].copy()
    table.loc["cluster"] = table.sum()
    alone = table["alone"].abs()
    some = alone.where(alone > SEEN * float(alone.max()))  # of a cost of nothing there is no share
    return table.assign(**{"gain (%)": 100 * table["gain"] / some})


def alone_beside_paper(schedules: Mapping[str, Mapping[str, DispatchResult]]) -> pd.DataFrame:
    """What each VPP of study A costs alone by paper A's savings in yuan and percent, and with us.

    schedules: name of a column -> schedules by VPP. Columns paper (yuan), those, and by how many
    percent each is off.
    """
    table = pd.DataFrame({"paper": implied_costs_alone()})
    for name, made in schedules.items():
        table[name] = cost_alone(dict(made))
    for name in schedules:
        table[f"{name} off by (%)"] = 100 * (table[name] / table["paper"] - 1)
    return table


def implied_costs_alone() -> pd.Series:
    """What the three VPPs cost alone by paper A's savings in yuan and in percent (A02-A07)."""
    savings = pd.Series({f"VPP{k - 1}": published_value(f"A0{k}") for k in (2, 3, 4)})
    shares = [published_value(f"A0{k}") for k in (5, 6, 7)]
    return 100 * savings / shares


def beside_paper(splits: dict[str, BargainResult]) -> pd.DataFrame:
    """Paper A's Table 1 as its text gives it beside ours, for each column of `splits`, with our
    error in percent.

    splits: name of the column -> the split of a case.

    The text prints savings in yuan (A02-A04) and as shares (A05-A07); costs alone are what the two
    imply.
    """
    implied = implied_costs_alone()
    savings = pd.Series({f"VPP{k - 1}": published_value(f"A0{k}") for k in (2, 3, 4)})
    columns = {"paper": _table_1(implied, savings)}
    columns["paper"] |= {
        "cluster saving": published_value("A01"),
        "cluster saving (%)": published_value("A08"),
    }
    columns |= {name: _table_1(split.table["alone"], split.gains) for name, split in splits.items()}
    table = pd.DataFrame(columns)
    for name in splits:
        table[f"{name} off by (%)"] = 100 * (table[name] / table["paper"] - 1)
    return table


def _table_1(alone: pd.Series, gains: pd.Series) -> dict[str, float]:
    """Costs alone and savings of the cluster and each VPP, in yuan and percent."""
    row = {
        "cluster alone": alone.sum(),
        "cluster saving": gains.sum(),
        "cluster saving (%)": 100 * gains.sum() / alone.sum(),
    }
    for name in gains.index:
        row |= {f"{name} alone": alone[name], f"{name} saving": gains[name]}
        row[f"{name} saving (%)"] = 100 * gains[name] / alone[name]
    return row


def certificate(coalition: CoalitionResult, optimum: CoalitionResult) -> pd.Series:
    """What proves a negotiated result, beside the joint optimum.

    Raises WrongInput for a result that was not negotiated.
    """
    proof = coalition.certificate
    if proof is None:
        raise WrongInput(f"certificate: found {coalition.method}; allowed: a negotiated result")
    return pd.Series(
        {
            "iterations": coalition.iterations,
            "upper bound (yuan)": proof.upper,
            "lower bound (yuan)": proof.lower,
            "certified gap": proof.gap,
            "largest disagreement (kW)": proof.primal,
            "joint optimum (yuan)": optimum.cost,
            "above the joint optimum": coalition.cost / optimum.cost - 1,
        },
        name=coalition.method,
    )


def messages(coalition: CoalitionResult) -> pd.DataFrame:
    """What left the agents: how many messages of which kind between whom, and how many numbers each
    carried.
    """
    rows = [(m.sender, m.receiver, m.kind, m.content.size) for m in coalition.messages]
    table = pd.DataFrame(rows, columns=["from", "to", "kind", "numbers each"])
    return (
        table.groupby(["from", "to", "kind", "numbers each"])
        .size()
        .rename("messages")
        .reset_index()
    )


def crossings(passed: pd.DataFrame) -> pd.DataFrame:
    """What crossed the VPPs' boundaries, a row for each kind and size.

    passed: as `CoalitionResult.crossings`. Columns: way (goes in or comes out), kind, numbers each
    time, VPPs, times (for a VPP, at most), numbers in all.
    """
    rows = []
    grouped = passed.groupby(["way", "kind", "numbers"], sort=False)
    for (way, kind, each), some in grouped:
        by_vpp = some.groupby("VPP").size()
        rows.append(
            {
                "way": WAYS[str(way)],
                "kind": kind,
                "numbers each time": int(each),
                "VPPs": len(by_vpp),
                "times for a VPP": int(by_vpp.max()),
                "numbers in all": int(some["numbers"].sum()),
            }
        )
    return pd.DataFrame(rows)


def given_away(found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """By how much listeners miss a VPP's net trades, per cent; a row for each case, VPP and number
    of rounds heard.

    found: case -> as `listening.rebuilt` has it.
    """
    return pd.concat({case: 100 * each for case, each in found.items()}, names=["case"])


def price_marks(bargain: BargainResult) -> pd.DataFrame:
    """Where each pair's prices stand in the band: theta from -1 to 1, a row per pair."""
    return bargain.position.rename("theta").reset_index()


def firmness(splits: pd.DataFrame, trades: pd.DataFrame, step_hours: float = 1.0) -> pd.DataFrame:
    """The saving as several sets of optimal trades split it, and by rules that weigh otherwise.

    splits: as `experiments.optimal_splits` makes them. trades: those that the rules see, kW.
    """
    saving = float(splits.iloc[0].sum())
    rules = {
        f"rule: {rule}": bargaining_weights(trades, rule, step_hours) * saving
        for rule in ("equal", "energy")
    }
    return pd.concat([splits, pd.DataFrame(rules).T])


def worst_days(days: dict[str, WorstCase]) -> pd.DataFrame:
    """Cost of the forecast day and of the worst day by VPP, yuan."""
    rows = {}
    for name, day in days.items():
        rows[name] = {
            "forecast day": day.nominal,
            "worst day": day.cost,
            "more": day.cost - day.nominal,
        }
    return pd.DataFrame(rows).T


def own_day(own: Reaction, worst: WorstCase) -> pd.Series:
    """Cost of a day of the reader's own beside the forecast day and the worst, yuan."""
    return pd.Series(
        {
            "forecast day": worst.nominal,
            "own day": own.cost,
            "own day, overlaps allowed": own.relaxed,
            "worst day": worst.cost,
        },
        name="yuan",
    )


def hit_hours(days: dict[str, WorstCase]) -> pd.DataFrame:
    """The steps that are hit in each VPP's worst day, as texts: a row per series."""
    columns = {}
    for name, day in days.items():
        steps = {series: day.hits.index[day.hits[series] == 1] for series in day.hits}
        columns[name] = {series: ", ".join(map(str, hit)) for series, hit in steps.items()}
    return pd.DataFrame(columns).fillna("")


def forecast_and_worst(vpp: VPP, doubt: Uncertainty, hits: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Forecast and worst case of each uncertain series of a VPP, kW, all its components added."""
    tables = {}
    for series in hits:
        plants: list[Any] = [c for c in vpp.with_role("renewable") if c.uncertain_series == series]
        loads: list[Any] = [c for c in vpp.with_role("load") if c.uncertain_series == series]
        output = sum(plant.available for plant in plants)
        needed = sum(load.demand for load in loads)
        size = sum(np.abs(load.demand) for load in loads)  # one that is net-metered may feed in
        share = doubt.deviation_of(series) * hits[series]
        forecast = output + needed
        worst = output * (1 - share) + needed + size * share
        tables[series] = pd.DataFrame({"forecast": forecast, "worst case": worst}, hits.index)
    return tables


def price_span(prices: pd.DataFrame, hits: pd.DataFrame) -> pd.DataFrame:
    """Lowest and highest price in the steps that are hit and in the others.

    prices: columns "forecast day" and "worst day", yuan/kWh. hits: 0 and 1; the load's count, or
    those of the first series without one.
    """
    series = "load" if "load" in hits else next(iter(hits))
    groups = prices.groupby(hits[series].map({1: f"{series} hit", 0: f"{series} not hit"}))
    span = groups.agg(["count", "min", "max"]).drop(columns=("worst day", "count"))
    names = {"count": "hours", "min": "lowest", "max": "highest"}
    return span.rename(columns=names, level=1).rename_axis(index=None)


def costs_by_level(sweep: pd.DataFrame) -> pd.DataFrame:
    """A sweep over levels as a page shows it: money as far as it is known, energy that is shed."""
    places = places_known(sweep)
    table = sweep[["alone", "together", "saving"]].round(places)
    if places <= 0:
        table = table.astype(int)
    table["saving (%)"] = sweep["saving (%)"].round(1)
    for mode in ("shed alone", "shed together"):
        if (sweep[mode] > 0).any():
            table[f"{mode} (kWh)"] = sweep[mode].round(0).astype(int)
    return table


def levels_on_page(sweep: pd.DataFrame) -> Styler:
    """`costs_by_level` as a table with as many digits as are known."""
    money = dict.fromkeys(("alone", "together", "saving"), max(0, places_known(sweep)))
    return on_page(costs_by_level(sweep), {**money, "saving (%)": 1})


def places_known(sweep: pd.DataFrame) -> int:
    """How many places of a sweep's money are known, below zero where tens are.

    >>> [places_known(pd.DataFrame({"alone": [cost]})) for cost in (73_551.0, 134_000.0, 26.06)]
    [-1, -1, 2]
    """
    largest = float(sweep["alone"].abs().max())
    return -ceil(log10(KNOWN_TO * largest / 2)) if largest else 0


def bounds_by_level(
    found: dict[int, tuple[dict[str, WorstCase], RobustResult]],
) -> pd.DataFrame:
    """The bounds of each level's search, a row per level and iteration.

    found: the second thing that `sweep` returns.
    """
    bounds = {level: coalition.bounds for level, (_, coalition) in found.items()}
    return pd.concat(bounds, names=["level"])


def promises(moved: pd.Series, coalitions: dict[str, RobustResult]) -> pd.DataFrame:
    """Energy traded, cost guaranteed (yuan) and energy shed (kWh) of schedules, as shown.

    moved: schedule -> energy, MWh. coalitions: the robust ones among the schedules.
    """
    kwh = scales.THOUSAND * moved
    scale = scales.energy(kwh)
    table = (kwh / scale.size).round(1).rename(f"traded ({scale.unit})").to_frame()
    for name, coalition in coalitions.items():
        places = max(0, places_for(coalition.cost))
        table.loc[name, "guaranteed (yuan)"] = signed(coalition.cost, places)
        if coalition.shed.sum() > 0:
            table.loc[name, "shed (kWh)"] = f"{coalition.shed.sum():,.0f}"
    return table.fillna("")


def published_levels() -> pd.DataFrame:
    """The costs by level that paper A prints (its Fig. 8): mode, level, claim, yuan."""
    points = [
        ("alone", 2, "A09"),
        ("together", 2, "A10"),
        ("alone", 4, "A12"),
        ("together", 8, "A13"),
    ]
    table = pd.DataFrame(points, columns=["mode", "level", "claim"])
    return table.assign(yuan=[published_value(claim) for claim in table["claim"]])


def gains_by_level(splits: dict[int, BargainResult], names: list[str]) -> pd.DataFrame:
    """Each VPP's gain by level, yuan, and whether the price band binds ("prices bound")."""
    rows = {}
    for level, split in splits.items():
        rows[level] = split.gains.to_dict() | {"prices bound": split.bound}
    columns = [*names, "prices bound"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("level")


def splits_beside(level_0: BargainResult, negotiated: BargainResult) -> pd.DataFrame:
    """What each VPP gains with the promises of level 0 and with the negotiated trades, yuan."""
    return pd.DataFrame({"level 0": level_0.gains, "negotiated": negotiated.gains})


def energy_traded(schedules: dict[str, pd.DataFrame | None], step_hours: float) -> pd.Series:
    """Energy that is received from others, MWh, for each set of trades (kW; None is no trade)."""
    energy = {}
    for name, trades in schedules.items():
        if trades is not None:
            energy[name] = step_hours * float(trades.clip(lower=0).sum().sum()) / 1000
    return pd.Series(energy, name="traded (MWh)")


def price_of_robustness(risk: pd.DataFrame, robust: list[str]) -> pd.DataFrame:
    """What robust schedules cost more than the nominal one, yuan: mean, quantile and tail."""
    more = risk.loc[robust] - risk.loc["nominal"]
    return more[["mean", "95 % quantile", "mean of worst 5 %"]]


def ledger_page(verdicts: pd.DataFrame) -> Styler:
    """Verdicts as a page shows them, a row for each claim.

    verdicts: as `published.ledger` makes them. Columns: the claim in words, the printed number,
    ours, what the fitted case gives if any of these claims has such a number, the verdict with its
    reason.
    """
    shown = verdicts.astype(object).fillna("")
    ours = "ours (nothing fitted)" if shown["fitted"].any() else "ours"
    columns = {
        "the paper says": shown["statement"],
        "printed": printed_numbers(verdicts),
        ours: shown["ours"],
        "ours (fitted)": shown["fitted"],
        "verdict": (shown["verdict"] + ": " + shown["reason"]).str.removesuffix(": "),
    }
    if ours == "ours":
        del columns["ours (fitted)"]
    page = styled(pd.DataFrame(columns, index=shown.index))
    return page.set_properties(**{"text-align": "left", "vertical-align": "top"})


def printed_numbers(verdicts: pd.DataFrame) -> pd.Series:
    """The printed number of each claim with its unit, as text; a dash for a statement in words."""
    units = verdicts["unit"].fillna("").replace({"percent": "%"})
    numbers = verdicts["value"].map("{:,.10g}".format) + " " + units
    return numbers.where(verdicts["value"].notna(), "–").str.strip()


def printed_page(beside: pd.DataFrame) -> Styler:
    """Printed numbers that a reader has entered, beside ours; see `entered.judged`."""
    page = styled(beside.reset_index(drop=True)).hide()
    page = page.format("{:,.6g}", subset=["printed", "ours"], na_rep="")
    return page.format("{:+.1f}", subset=["difference (%)"], na_rep="")


def trade_summary(coalition: CoalitionResult, step_hours: float = 1.0) -> pd.DataFrame:
    """Energy supplied and received by each VPP, MWh."""
    return supplied_and_received(coalition.trades, step_hours) / 1000


def bills_on_page(items: pd.DataFrame) -> Styler:
    """Bills with as many digits as suit the largest one. items: as `cost_items`."""
    return on_page(items, max(0, places_for(float(items.abs().max().max()))))


def moved_on_page(moved: pd.DataFrame) -> Styler:
    """Energy supplied and received, in the unit that suits it. moved: as `trade_summary`."""
    kwh = moved * scales.THOUSAND
    scale = scales.energy(kwh)
    shown = (kwh / scale.size).rename(columns=lambda column: f"{column} ({scale.unit})")
    return on_page(shown, 2)
