"""Results of cooperation and bargaining -> sentences; see words.py.

No solving, no reading. yuan, yuan/kWh, kW.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from vppcore.bargaining.split import BargainResult
from vppcore.cooperation.boundary import WHOLE_MODEL
from vppcore.cooperation.listening import A_NEIGHBOUR, AT_THE_TABLE, TARIFFS_ALONE
from vppcore.cooperation.result import CoalitionResult
from vppcore.pages.words import (
    amount,
    energy,
    hour_or_step,
    hours_said,
    in_digits,
    listed,
    places_for,
    power_of_ten_above,
    share,
    signed,
)
from vppcore.schedule import DispatchResult

# items that a sentence names together, and how it names an item
SAID = {
    "electricity purchase": "the grid (purchases less sales)",
    "electricity sale": "the grid (purchases less sales)",
    "capacity charge": "peaks of purchase",
    "crossing fee": "crossing fees",
    "demand response": "compensation of flexible loads",
    "battery wear": "battery wear",
}
SMALL = 5e-3  # of the saving: items below it are not named one by one
REST = 1e-3  # of the largest: less is what the talks have left over
NO_TALKS = 1e-7  # the same of a schedule without talks: less is a solver's noise
ALIKE = 1e-3  # of the saving: splits that are no further apart count as one
HEARD_EARLY = 5  # rounds, after which a page says what a listener knows
SEEN = 1e-4  # of the largest number of its kind: less counts as nothing
NOTHING = 1e-6  # of the costs: a saving below it is none


# --- cooperation ----------------------------------------------------------------------------------
def saving_by_source(items: pd.DataFrame) -> str:
    """Where the saving of the cluster comes from. items: as `savings.saving_by_item`."""
    saving = float(items.loc["total", "cluster"])
    parts = items.drop(index="total")["cluster"]
    parts = parts.groupby([SAID.get(str(item), str(item)) for item in parts.index]).sum()
    if abs(saving) <= NOTHING * float(items.abs().to_numpy().sum()):
        return "Together the VPPs save nothing."
    places = places_for(saving)
    named = parts[parts.abs() >= SMALL * abs(saving)]
    rest = float(parts.sum() - named.sum())
    if round(rest, places):
        named = pd.concat([named, pd.Series({"the other items": rest})])
    named = named.sort_values(ascending=False, key=abs)
    plus = [f"{amount(yuan, places)} on {item}" for item, yuan in named.items() if yuan > 0]
    minus = [f"{amount(-yuan, places)} for {item}" for item, yuan in named.items() if yuan < 0]
    less = f", less {listed(minus)}" if minus else ""
    return f"Together the VPPs save {amount(saving, places)} yuan: {listed(plus)}{less}."


def before_payments(saved: pd.Series) -> str:
    """What each VPP saves before a payment is made. saved: yuan by VPP."""
    said: list[str] = []
    places = places_for(float(saved.sum()))
    for name, yuan in saved.items():
        pays = "" if said else "pays "
        word = "less" if yuan >= 0 else "more"
        said.append(f"{name} {pays}{amount(abs(yuan), places)} yuan {word}")
    loses = [str(name) for name, yuan in saved.items() if yuan < 0]
    end = ", so that all gain even without payments"
    if loses:
        end = f"; {listed(loses)} would not agree without being paid"
    return f"Before any payment {listed(said)} than alone{end}."


def gas_for_others(items: pd.DataFrame) -> str:
    """Who burns more gas than alone. items: as `savings.saving_by_item`; empty without gas."""
    if "gas" not in items.index:
        return ""
    gas = items.loc["gas"].drop("cluster")
    saving = float(items.loc["total", "cluster"])
    more = gas[gas < -SMALL * abs(saving)]
    if more.empty:
        return "No VPP burns more gas than alone."
    places = places_for(saving)
    said = [f"{name} for {amount(-yuan, places)} yuan" for name, yuan in more.items()]
    return f"More gas than alone is burnt by {listed(said)}, so that others burn and buy less."


def widest_spread(apart: Mapping[str, DispatchResult], together: CoalitionResult) -> str:
    """Where two VPPs' bus prices lie furthest apart, alone and in the coalition."""
    alone = pd.DataFrame({name: each.prices["electricity"] for name, each in apart.items()})
    after = pd.DataFrame(
        {name: each.prices["electricity"] for name, each in together.dispatches.items()}
    )
    spread = alone.max(axis=1) - alone.min(axis=1)
    widest = spread.index[spread >= spread.max() * (1 - SEEN)]
    row = alone.loc[widest[0]]
    left = (after.max(axis=1) - after.min(axis=1)).max()
    return (
        f"Alone, the prices at the VPPs' electricity buses differ most in {hours_said(widest)}: "
        f"{signed(row.max())} yuan/kWh at {row.idxmax()}, {signed(row.min())} at {row.idxmin()}, a "
        f"spread of {signed(spread.max())}. In the coalition no spread is wider than "
        f"{signed(left)}."
    )


def talks(coalition: CoalitionResult) -> str:
    """How the talks ended: rounds, cost, and how near to the best possible it is proven to be."""
    proof = coalition.certificate
    if proof is None:
        return ""
    end = "agree after" if coalition.agreed else "have not agreed after"
    gap = in_digits(proof.upper - proof.lower)
    return (
        f"Telling each other expected trades and prices, and a peak load and two totals each, they "
        f"{end} {coalition.iterations} rounds; the trades cost {in_digits(proof.upper, 5)} yuan, "
        f"proven to lie at most {gap} yuan above the best possible."
    )


def only_a_bound(optimum: CoalitionResult) -> str:
    """A warning where the joint optimum is one of a relaxation; else empty."""
    if all(schedule.exact for schedule in optimum.dispatches.values()):
        return ""
    return (
        "The joint optimum lets flows run at once that exclude each other, as a battery's charge "
        "and discharge: read its cost as a lower bound."
    )


def left_to_find(coalition: CoalitionResult, optimum: CoalitionResult) -> str:
    """What the two bounds are, and what the joint optimum adds as a witness."""
    proof = coalition.certificate
    if proof is None:
        return ""
    return (
        f"The agreed trades cost {proof.upper:,.2f} yuan, and no trades whatever could have cost "
        f"less than {proof.lower:,.2f}. The talks never saw the joint optimum; it is "
        f"{optimum.cost:,.2f}, between the two."
    )


def told(coalition: CoalitionResult) -> str:
    """What left the VPPs in the talks."""
    kinds = sorted({message.kind for message in coalition.messages})
    sizes = sorted({message.content.size for message in coalition.messages})
    handed_over = (coalition.crossings.get("kind", pd.Series(dtype=str)) == WHOLE_MODEL).any()
    home = "" if handed_over else " Loads, forecasts, plants and schedules stayed at home."
    return (
        f"In {coalition.iterations} rounds {len(coalition.messages):,} messages were sent, all of "
        f"them {listed([f'{kind}s' for kind in kinds])} with {listed([str(n) for n in sizes])} "
        f"numbers each.{home}"
    )


def crossed(passed: pd.DataFrame, told_often: str = "expected trades") -> str:
    """What left the VPPs, from what they noted at their boundaries.

    passed: as `CoalitionResult.crossings`. told_often: the kind that is told in each round.
    """
    out = passed[passed["way"] == "out"]
    often = int(out.loc[out["kind"] == told_often, "numbers"].sum())
    seldom = [kind for kind in out["kind"].unique() if kind not in (told_often, WHOLE_MODEL)]
    rest = out[out["kind"].isin(seldom)].groupby("VPP")["numbers"].sum()
    said = f"The VPPs noted {int(out['numbers'].sum()):,} numbers that left them"
    if often:
        said += f", {often:,} of them {told_often}"
    said += f". Beside these each told {between(rest.min(), rest.max())}: {listed(seldom)}."
    said += " What decides when the talks end is made of what was told and took no further number."
    models = out.loc[out["kind"] == WHOLE_MODEL, "VPP"].unique()
    if len(models):
        return f"{said} {listed(list(models))} handed over the whole model, to a mediator."
    return f"{said} No model left a VPP."


def given_away(found: Mapping[str, pd.DataFrame]) -> str:
    """How well a VPP's net trades at other prices can be told from its words, case by case.

    found: case -> as `listening.rebuilt` has it.
    """
    words = []
    for case, table in found.items():
        rounds = table.index.get_level_values("rounds heard")
        early = int(rounds[rounds <= HEARD_EARLY].max())
        most = int(rounds.max())
        heard = {count: table.xs(count, level="rounds heard") for count in (early, most)}
        by_table = {count: span(rows[AT_THE_TABLE]) for count, rows in heard.items()}
        words.append(
            f"{case}: who hears all that a VPP says misses its net trades at prices near the "
            f"agreed ones by {by_table[early]} after {counted(early, 'round')} and by "
            f"{by_table[most]} after all {most}; the neighbour who guesses best misses them by "
            f"{span(heard[most][A_NEIGHBOUR])} then, and who knows the tariffs alone by "
            f"{span(heard[most][TARIFFS_ALONE])}."
        )
    return " ".join(words)


def counted(number: int, thing: str) -> str:
    """A number of things, with their plural.

    >>> counted(1, "round"), counted(5, "round")
    ('1 round', '5 rounds')
    """
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def span(shares: pd.Series) -> str:
    """From the least to the largest of some shares, in per cent.

    >>> span(pd.Series([0.41, 0.69])), span(pd.Series([1.0, 1.0]))
    ('41 to 69 %', '100 %')
    """
    known = 100 * shares.dropna()
    if known.empty:
        return "an unknown share (nothing is traded)"
    least, most = f"{known.min():,.0f}", f"{known.max():,.0f}"
    return f"{least} %" if least == most else f"{least} to {most} %"


def between(least: int, most: int) -> str:
    """A count of numbers that need not be the same for all.

    >>> between(5, 5), between(5, 7)
    ('5', '5 to 7')
    """
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def who_supplies(moved: pd.DataFrame) -> str:
    """Who supplies most and who receives most. moved: as `tables.trade_summary`, MWh."""
    supplied, received = moved["supplied"], moved["received"]
    if not supplied.sum():
        return "Nothing is traded."
    return (
        f"{energy(1000 * supplied.sum())} change hands. Most is supplied by {supplied.idxmax()} "
        f"({energy(1000 * supplied.max())}) and received by {received.idxmax()} "
        f"({energy(1000 * received.max())})."
    )


def directions(coalition: CoalitionResult) -> str:
    """In which hours each VPP receives from the others in sum, and in which it supplies them."""
    trades = coalition.trades
    none = max(coalition.resolution, SEEN * float(trades.abs().max().max()))
    said = []
    for name in dict.fromkeys(trades.columns.get_level_values(0)):
        net = trades[name].sum(axis=1)
        gets, gives = net.index[net > none], net.index[net < -none]
        does = [f"receives in {hours_said(gets)}"] if len(gets) else []
        does += [f"supplies in {hours_said(gives)}"] if len(gives) else []
        said += [f"{name} {listed(does)}."] if does else []
    return " ".join(said)


def grid_less_used(before: DispatchResult, after: DispatchResult, step_hours: float) -> str:
    """What a VPP buys from and sells to the grid in the coalition, beside alone.

    What the talks have left over is no purchase, but said where it is more than no flow. Both are
    measured by what passes the VPP's bus, alone or together: a battery may have nothing to do with
    the grid at all.
    """
    buses = [result.balances["electricity"].abs() for result in (before, after)]
    largest = max(float(bus.max().max()) for bus in buses)
    moved = max(float(bus.to_numpy().sum()) / 2 for bus in buses)

    def passed(result: DispatchResult) -> tuple[pd.Series, pd.Series]:
        flows = result.balances["electricity"].filter(items=result.with_role("grid"))
        grid = flows.sum(axis=1)
        return grid.clip(lower=0), -grid.clip(upper=0)

    def said(flow: pd.Series, rest: float) -> str:
        if flow.sum() > rest * moved:
            return energy(step_hours * float(flow.sum()))
        left = flow[flow > SEEN * largest]
        if left.empty or rest == NO_TALKS:
            return "nothing"
        kw = in_digits(float(left.max()), 1)
        return f"nothing but {kw} kW in {hours_said(left.index)}, left by the talks"

    (bought, sold), (buys, sells) = passed(before), passed(after)
    return (
        f"From the grid {after.vpp} buys {said(buys, REST)} (alone "
        f"{said(bought, NO_TALKS)}), and to the grid it sells {said(sells, REST)} (alone "
        f"{said(sold, NO_TALKS)})."
    )


def held_penalties(early: int, held: pd.DataFrame) -> str:
    """What a penalty does that is held. early, held: as `experiments.hold_penalties`."""
    small, large = held.iloc[0], held.iloc[-1]
    quickest = held.loc[held["rounds"].idxmin()]
    return (
        f"After {early} rounds the trades of partners disagree by "
        f"{in_digits(small['disagree early (%)'], 2)} % with a penalty of {small['penalty']:.0e} "
        f"and by {in_digits(large['disagree early (%)'], 2)} % with {large['penalty']:.0e}; their "
        f"expectations still move by {in_digits(small['move early (%)'], 2)} % and by "
        f"{in_digits(large['move early (%)'], 2)} %. {slow_and_creeping(small, large)}"
        f"The talks are shortest with {quickest['penalty']:.0e} ({quickest['rounds']:,.0f} rounds, "
        f"{small['rounds']:,.0f} and {large['rounds']:,.0f} at the ends). "
        f"{let_go(held)}What comes of them is the same: the certificates "
        f"leave {in_digits(held['gap (yuan)'].max())} yuan open at most."
    )


def let_go(held: pd.DataFrame) -> str:
    """Which penalties were not held to the end, because the talks stalled."""
    gone = held.dropna(subset="let go in round")
    said = [
        f"{row['penalty']:.0e} in round {row['let go in round']:.0f}" for _, row in gone.iterrows()
    ]
    return f"Not held to the end, as the talks stalled: {listed(said)}. " if said else ""


def slow_and_creeping(small: pd.Series, large: pd.Series) -> str:
    """The lesson of two penalties, where the run shows it."""
    agrees = large["disagree early (%)"] < small["disagree early (%)"]
    creeps = large["move early (%)"] > small["move early (%)"]
    if not (agrees and creeps):
        return ""
    return "A small penalty lets partners disagree for long, a large one lets prices creep. "


def ways_to_talk(compared: pd.DataFrame) -> str:
    """What order and balancing change. compared: as `experiments.negotiate_each`."""
    rounds = compared.groupby(["order", "balancing"])["iterations"]
    said = []
    for (order, balancing), least in rounds.min().items():
        most = rounds.max()[(order, balancing)]
        how = "a penalty that follows the residuals" if balancing else "a penalty that is held"
        said.append(
            f"{' to '.join(dict.fromkeys([f'{least:,}', f'{most:,}']))} in {order} order with {how}"
        )
    return f"Rounds until the VPPs agree: {listed(said)}."


def ends_of_talks(ended: pd.DataFrame) -> str:
    """What either rule for the end of the talks gives. ended: as `stops.ends_of_talks`."""
    said = []
    for name, rows in ended.groupby("case", sort=False):
        parts = [
            f"{row['ends with']}: {row['rounds']:,} rounds, "
            f"{in_digits(row['trades disagree (%)'], 2)} % of the trades in disagreement, "
            f"{in_digits(row['open (yuan)'])} yuan left open"
            for _, row in rows.iterrows()
        ]
        said.append(f"{name[:1].upper()}{name[1:]}, {'; '.join(parts)}.")
    return " ".join(said)


def printed_rounds(counts: pd.DataFrame, printed: float) -> str:
    """In how many talks a printed number of rounds comes out. counts: as `rounds_by_tolerance`."""
    ended = counts.stack().dropna()
    if ended.empty:
        return ""
    alike = int((ended == printed).sum())
    return (
        f"Of these {len(ended)} talks {alike or 'none'} took {printed:.0f} rounds, the number "
        f"that the paper prints; they took {ended.min():.0f} to {ended.max():.0f}."
    )


# --- bargaining -----------------------------------------------------------------------------------
def lies(lied: pd.DataFrame, honest: pd.Series) -> str:
    """What a lie about a cost alone brings the liar; lied: as `experiments.lies` makes it.

    honest: what each VPP gains without a lie, yuan.
    """
    size = float(lied["told too low"].iloc[0])
    places = max(0, places_for(float(honest.sum())))
    how = f"{amount(abs(size), places)} yuan too {'low' if size >= 0 else 'high'}"
    changes = {name: float(lied.loc[name, name] - honest[name]) for name in lied.index}
    found = {name: more for name, more in changes.items() if pd.notna(more)}
    none = [name for name in changes if name not in found]
    said = []
    if found:
        own = [f"{name}'s by {amount(more, places)}" for name, more in found.items()]
        said.append(
            f"A cost alone that is told {how} changes the liar's own true gain, {listed(own)} "
            "yuan; the others' change by as much the other way, for the saving is what it is."
        )
    if none:
        said.append(
            f"If {listed(none)} told it {how}, no prices would leave everybody better off by what "
            "is told, and nothing would be shared."
        )
    return " ".join(said)


def gains(split: BargainResult) -> str:
    """What each VPP gains of the saving."""
    table, total = split.table, float(split.gains.sum())
    places = max(0, places_for(total))
    said = [
        f"{name} gains {amount(gain, places)} ({share(gain, total)})"
        for name, gain in table["gain"].items()
    ]
    how = "as near to its weight as prices in the band allow" if split.bound else "by its weight"
    saved = f"Of the {amount(total, places)} yuan that cooperation saves"
    return f"{saved} each VPP gets its part {how}: {listed(said)}."


def payments(split: BargainResult) -> str:
    """From gains before payments to gains by weight: who pays, who receives."""
    table = split.table
    due = [f"{name} {table.loc[name, 'weight']:.3f}" for name in table.index]
    limit = SEEN * float(table["gain"].abs().sum())
    places = max(0, places_for(float(split.gains.sum())))
    paid = list(table["payment"].items())
    pays = [f"{name} pays {amount(yuan, places)}" for name, yuan in paid if yuan > limit]
    gets = [f"{name} receives {amount(-yuan, places)}" for name, yuan in paid if yuan < -limit]
    if not pays:
        return f"The weights are {listed(due)}. Nobody pays anybody."
    how = "the best that prices in the band can do" if split.bound else "a share of the saving each"
    return f"The weights are {listed(due)}, {how}: {listed([*pays, *gets])} yuan."


def place_in_band(split: BargainResult, trades: pd.DataFrame, resolution: float) -> str:
    """How much of the band the prices use, and what counts as no trade."""
    position = split.position.dropna().abs()
    if position.empty:
        return "Nothing is traded, so there are no prices."
    end = "the band binds" if split.bound else "the band would bind at 1"
    priced = split.prices.notna().sum().sum()
    smallest = min(
        float(trades[pair].abs()[split.prices[pair].notna()].min()) for pair in position.index
    )
    sentences = [
        f"The largest share of the half band is {position.max():.2f}; {end}. "
        f"{priced} of {split.prices.size} {hour_or_step(0)} and pairs have a price. "
        "A trade below "
        f"{resolution:.2g} kW counts as none and has no price; the smallest that has one is "
        f"{in_digits(smallest, 2)} kW."
    ]
    sentences += [f"{remark[0].upper()}{remark[1:]}." for remark in split.remarks]
    return " ".join(sentences)


def roads_apart(roads: pd.DataFrame, ways: Mapping[str, BargainResult]) -> str:
    """How far the roads to the split are apart, and which of them had no answer.

    The distance is what rounding and a tolerance leave: its size is said, not its digits, which
    another processor has others of.
    roads: a column of gains for each road, yuan. ways: road -> its result.
    """
    apart = float((roads.max(axis=1) - roads.min(axis=1)).max())
    sentence = f"The roads differ by less than {power_of_ten_above(apart)} yuan"
    largest = float(roads.abs().max().max())
    if largest:
        sentence += f", less than {power_of_ten_above(100 * apart / largest)} % of the largest gain"
    sentence += "."
    notes = [f"{name}: {road.note}." for name, road in ways.items() if road.method != name]
    return " ".join([sentence, *notes])


def how_firm(splits: pd.DataFrame) -> str:
    """By how much other optimal trades change what a VPP gains; splits: a row for each, yuan."""
    apart = splits.max() - splits.min()
    name, saving = apart.idxmax(), float(splits.iloc[0].sum())
    if apart[name] <= ALIKE * abs(saving):
        return (
            f"Here all roads to the least cost split it alike, to {in_digits(apart[name], 2)} yuan."
        )
    places = max(0, places_for(saving))
    ends = [amount(end, places) for end in (splits[name].min(), splits[name].max())]
    return (
        f"With one and the same cost, {name} gains from {ends[0]} to {ends[1]} yuan in the "
        f"{len(splits)} optimal sets of trades in the table below. These are what was found, and "
        "no proven range: others may lie outside it."
    )
