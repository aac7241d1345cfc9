"""Results of the page on a street of cars and heat pumps -> sentences; see words.py.

No solving, no reading. yuan, kW, voltages per unit.
"""

from __future__ import annotations

import pandas as pd

from vppcore.cooperation.result import CoalitionResult
from vppcore.pages.experiments_community import AS_IT_IS, STREET, SUM
from vppcore.pages.words import in_digits, listed
from vppcore.pages.words_b import compared, counted
from vppcore.pages.words_c import own_schedule, voltage

NOTHING = 1e-4  # of the number beside it: a difference below it is none
ALIKE = 1e-2  # of the largest peak: what negotiated trades may miss


def street_said(
    apart: float, best: CoalitionResult, agreed: CoalitionResult, devices: pd.DataFrame
) -> str:
    """The page's answer: what members pay alone and together, and what their devices are worth.

    devices: as `experiments_community.costs_of`.
    """
    members = len(best.dispatches)
    gap = agreed.certificate.gap if agreed.certificate else float("nan")
    saved = apart - best.cost
    return (
        f"Alone the {counted(members, 'member')} pay {in_digits(apart)} yuan and together "
        f"{in_digits(best.cost)}, so that trade saves {in_digits(saved)}. "
        f"{worth_said(devices)} It is proven that what the members negotiate costs at most "
        f"{100 * gap:.2f} % more than the cheapest plan for all."
    ).replace("  ", " ")


WORTH = {
    "cars charge on arrival": "choosing when cars charge",
    "no tanks": "tanks",
    "no batteries": "batteries",
}


def worth_said(devices: pd.DataFrame) -> str:
    """What each kind of device saves those who are alone, and those who trade, yuan."""
    solved = devices.drop(index=AS_IT_IS).dropna()
    if solved.empty:
        return ""
    said = [
        f"{WORTH.get(str(name), str(name))} {in_digits(row['dearer alone (yuan)'])} alone and "
        f"{in_digits(row['dearer together (yuan)'])} together"
        for name, row in solved.iterrows()
    ]
    return f"Saved are, in yuan, by {listed(said)}."


def devices_said(devices: pd.DataFrame) -> str:
    """Which device is worth most, and whether trade makes devices worth more or less."""
    rows = devices.drop(index=AS_IT_IS)
    lost = [str(name) for name in rows.index[rows.isna().any(axis=1)]]
    none = f"There is no schedule where it says {listed(lost)}. " if lost else ""
    rows = rows.dropna()
    if rows.empty:
        return f"{none}Nothing here moves energy in time.".strip()
    most = rows["dearer alone (yuan)"].idxmax()
    size = rows["alone (yuan)"].abs().max()
    change = rows["dearer together (yuan)"] - rows["dearer alone (yuan)"]
    said = [
        f"that of {WORTH.get(str(name), str(name))} {moved(float(difference), float(size))}"
        for name, difference in change.items()
    ]
    return (
        f"{none}Alone most is saved by {WORTH.get(str(most), str(most))}. With trade the worth of "
        f"devices changes: {listed(said)}. A neighbour's surplus can take a device's place, or "
        "make more use of it."
    )


def moved(difference: float, size: float) -> str:
    """How an amount changes, in words.

    >>> moved(2.0, 100.0), moved(-2.0, 100.0), moved(0.0, 100.0)
    ('grows by 2.00 yuan', 'falls by 2.00 yuan', 'stays as it is')
    """
    if abs(difference) <= NOTHING * size:
        return "stays as it is"
    return f"{'grows' if difference > 0 else 'falls'} by {in_digits(abs(difference))} yuan"


def member_said(name: str, apart: pd.DataFrame, together: pd.DataFrame) -> str:
    """What one member's bills are alone and with the agreed trades, before payments.

    apart, together: as `tables.cost_items`.
    """
    return f"With the agreed trades {own_schedule(name, apart, together)}"


def who_buys_less(count: int) -> str:
    """How many members' largest purchase is smaller, in words.

    >>> who_buys_less(0), who_buys_less(1), who_buys_less(6)
    ('nobody buys less at the highest', '1 buys less at its highest', '6 buy less at their highest')
    """
    if not count:
        return "nobody buys less at the highest"
    return (
        f"{count} buys less at its highest" if count == 1 else f"{count} buy less at their highest"
    )


def peaks_said(table: pd.DataFrame) -> str:
    """What trade and the price on peaks do to peaks. table: as `experiments_community.peaks`."""
    own, street = table.loc[SUM], table.loc[STREET]
    members = table.drop(index=[SUM, STREET])
    with_charge = members["together"] - members["alone"]
    size = float(members[["alone", "together"]].to_numpy().max())
    lower = [str(name) for name in members.index[with_charge < -ALIKE * size]]
    higher = [str(name) for name in members.index[with_charge > ALIKE * size]]
    said = (
        f"With trade the members' own peaks add up to {in_digits(own['together'])} kW in place of "
        f"{in_digits(own['alone'])}: {who_buys_less(len(lower))}, {len(higher) or 'nobody'} more."
    )
    if "alone, no charge" in table:
        said += (
            f" Without the charge they would be {in_digits(own['alone, no charge'])} kW alone and "
            f"{in_digits(own['together, no charge'])} together."
        )
        price = "Each pays for its own peak, whenever it is; what all take at once has no price."
    else:
        price = "Nobody pays for a peak here."
    return (
        f"{said} At once all members take {in_digits(street['alone'])} kW at most alone and "
        f"{in_digits(street['together'])} together. {price}"
    )


def tariff_said(table: pd.DataFrame) -> str:
    """What a tariff of one price changes. table: as `experiments_community.flat_and_dynamic`."""
    flat = table.iloc[1]
    base = table.loc[AS_IT_IS]
    saved = {
        "the case's tariff": base["alone (yuan)"] - base["together (yuan)"],
        "one price": flat["alone (yuan)"] - flat["together (yuan)"],
    }
    alone = compared(flat["dearer alone (yuan)"], base["alone (yuan)"], "with the case's tariff")
    first, second = saved.items()
    return (
        f"With one price at all times, the mean of each member's own, the members pay {alone} if "
        f"they are alone. Trade saves {in_digits(second[1])} yuan then, and {in_digits(first[1])} "
        f"with {first[0]}."
    )


def grid_said(check: pd.DataFrame, low: float, high: float) -> str:
    """Whether the grid carries the schedules. check: as `experiments_community.carried`."""
    outside = int(check["steps outside"].max())
    off = float(check["linear model off by"].max())
    near = min(check["lowest voltage"].min() - low, high - check["highest voltage"].max())
    lowest, highest = check["lowest voltage"].min(), check["highest voltage"].max()
    said = (
        f"Voltages lie between {voltage(lowest)} and {voltage(highest)} per unit, "
        f"{'within' if not outside else 'not always within'} the limits of {low:g} and {high:g}; "
        f"LinDistFlow misses them by {voltage(off)} at most."
    )
    if near > off:
        said += " So its limits would hold here without a change, and cost nothing."
    over = check["steps overloaded"].astype(int)
    loading = [
        f"{row['highest loading (%)']:.0f} % ({name}; {counted(int(over[name]), 'step')} above it)"
        for name, row in check.iterrows()
    ]
    return (
        f"{said} The fullest of lines and transformer carries, in shares of its rating, "
        f"{listed(loading)}."
    )
