"""Days in a row -> tables: what trade saves by member and day, who bears deviations, what is kept.

No solving, no reading. yuan, kW, kWh; a gain is above zero where trade helps.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from pandas.io.formats.style import Styler

from vppcore.case import Case
from vppcore.components.stores import Store
from vppcore.pages.tables import on_page
from vppcore.pages.words import Prose
from vppcore.rolling.run import RollingResult

ALL = "all"
NOISE = 1e-9  # of the largest cost: an amount below is none


def worth_by_forecast(runs: Mapping[str, RollingResult]) -> pd.DataFrame:
    """What trade saves, yuan: a row per forecast, columns as `RollingResult.worth`."""
    return pd.DataFrame({how: result.worth() for how, result in runs.items()}).T


def gains(result: RollingResult, by: str) -> pd.DataFrame:
    """What trade saves, yuan: a row per day or member and one for all, columns planned, as it came.

    by: "day" or "vpp". Payments for the agreed trades are in both.
    """
    days = result.days
    each = pd.DataFrame(
        {
            "planned": days["alone planned"] - days["planned"] - days["paid"],
            "as it came": days["alone"] - days["cost"],
        }
    )
    table = each.groupby(by, sort=False).sum()
    table.index = table.index.astype(str)
    table.loc[ALL] = table.sum()
    return table


def gains_by_settlement(
    members: RollingResult, grids: RollingResult, perfect: RollingResult
) -> pd.DataFrame:
    """What each member gains by trade, yuan: as planned, with the grids and with the members
    settling what deviates, and the same days with perfect forecasts; a last row for all."""
    by_member = gains(members, "vpp")
    return pd.DataFrame(
        {
            "planned": by_member["planned"],
            "grids settle": gains(grids, "vpp")["as it came"],
            "members settle": by_member["as it came"],
            "perfect forecasts": gains(perfect, "vpp")["as it came"],
        }
    )


def deviations_paid(
    members: RollingResult, grids: RollingResult, step_hours: float
) -> pd.DataFrame:
    """Who draws otherwise than planned, who takes it, and what it costs: a row per member and all.

    Energies in kWh. The last three columns are yuan above what was planned: alone, with trades and
    the grids settling, with trades and the members settling.
    """
    energy = step_hours * members.deviations
    passed = step_hours * members.balanced.clip(lower=0)
    rows = {}
    for name in members.deviations:
        got = [pair for pair in passed if pair[0] == name]
        given = [pair for pair in passed if pair[1] == name]
        rows[name] = {
            "draws more (kWh)": energy[name].clip(lower=0).sum(),
            "draws less (kWh)": -energy[name].clip(upper=0).sum(),
            "from members (kWh)": float(passed[got].to_numpy().sum()),
            "to members (kWh)": float(passed[given].to_numpy().sum()),
        }
    table = pd.DataFrame(rows).T
    alone = members.days["alone"] - members.days["alone planned"]
    table["alone (yuan)"] = alone.groupby("vpp").sum()
    table["grids settle (yuan)"] = grids.days["deviation"].groupby("vpp").sum()
    table["members settle (yuan)"] = members.days["deviation"].groupby("vpp").sum()
    table.loc[ALL] = table.sum()
    costs = [column for column in table if column.endswith("(yuan)")]
    size = float(members.days[["planned", "alone planned"]].abs().to_numpy().max())
    table[costs] = table[costs].mask(table[costs].abs() <= NOISE * size, 0.0)
    return table


def paid_on_page(paid: pd.DataFrame, places: int) -> Styler | Prose:
    """Who pays for deviations as a table; a sentence where there are none."""
    if not paid.loc[ALL].any():
        return Prose(
            "All days came as planned: nobody has drawn otherwise, and nobody pays for it."
        )
    return on_page(paid, places)


def stored(result: RollingResult, case: Case) -> pd.DataFrame:
    """Energy in the stores of each member, kWh, a row per step, a column per member with a store.

    case: the one that was run; all its stores are added up, whatever they hold.
    """
    columns = {}
    for vpp in case.vpps:
        stores = [part.name for part in vpp.components if isinstance(part, Store)]
        if stores:
            series = result.series[vpp.name]
            columns[vpp.name] = sum(series[name, "energy"] for name in stores)
    return pd.DataFrame(columns, index=result.deviations.index)


def at_the_end_of_days(stored: pd.DataFrame, day: int) -> pd.DataFrame:
    """What is stored when a day ends, kWh: a row for each kept day, named by its number.

    day: steps of a kept day; the last may be shorter.
    """
    ends = [*range(day, len(stored), day), len(stored)]
    table = stored.iloc[[end - 1 for end in ends]]
    return table.set_axis(pd.Index(range(1, len(ends) + 1), name="day"))


def stored_at_the_start(case: Case) -> pd.Series:
    """What the stores of each member hold at the start, kWh; a car that chooses its own start
    counts as none."""
    held = {}
    for vpp in case.vpps:
        stores = [part for part in vpp.components if isinstance(part, Store)]
        if stores:
            held[vpp.name] = sum(part.energy_start or 0.0 for part in stores)
    return pd.Series(held, dtype=float)
