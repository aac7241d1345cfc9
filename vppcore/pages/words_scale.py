"""What grows with the number of VPPs -> sentences; see words.py. No solving, no reading. yuan."""

from __future__ import annotations

import pandas as pd

from vppcore.fleet import FleetResult
from vppcore.pages.experiments_scale import (
    OURS,
    PAIRS,
    SAME,
    TALKS,
    WORKERS,
    exponents,
    solved,
    stopped,
)
from vppcore.pages.words import listed
from vppcore.pages.words_b import counted, in_digits

# methods that are not solvers which get the whole problem at once
NO_SOLVERS = (OURS, WORKERS, TALKS, PAIRS)
DIGITS = 8  # of costs that agree to nearly as many


def bounds_met(result: FleetResult) -> str:
    """What was found and proven for one fleet."""
    return (
        f"For {counted(result.vpps, 'VPP')} a schedule was found that costs "
        f"{in_digits(result.upper, DIGITS)} yuan, and it is proven that none costs less than "
        f"{in_digits(result.lower, DIGITS)}, by {counted(result.rounds, 'round')} in which VPPs "
        "answered prices."
    )


def growth(table: pd.DataFrame) -> str:
    """With which power the stored benchmark's processor time grew."""
    powers = exponents(table)
    if OURS not in powers:
        return ""
    sizes = solved(table)[OURS].dropna().index
    below_one = (
        " A power below one says that an effort which does not grow, such as planning the "
        "elimination, still counts in the smaller fleets."
        if powers[OURS] < 1
        else ""
    )
    return (
        f"In the stored benchmark, which goes to {counted(int(sizes.max()), 'VPP')}, the processor "
        f"time of price-Newton grew with the power {powers[OURS]:.2f} of their number."
        f"{below_one}"
    )


def rounds_grown(table: pd.DataFrame) -> str:
    """How rounds, and what a round costs for each VPP, grew in the stored benchmark."""
    runs = table[(table["status"] == "solved") & (table["method"] == OURS)]
    if len(runs) < 2 or "rounds" not in runs:
        return ""
    ordered = runs.sort_values("vpps")
    first, last = ordered.iloc[0], ordered.iloc[-1]
    each = ordered["cpu_seconds"] / ordered["rounds"] / ordered["vpps"]
    said = (
        f"It took {int(first['rounds'])} rounds for {counted(int(first['vpps']), 'VPP')} and "
        f"{int(last['rounds'])} for {int(last['vpps']):,}"
    )
    if each.iloc[-1] > each.iloc[0]:
        return f"{said}."
    return f"{said}; what a round costs for each VPP did not grow."


def rounds_seen(history: pd.DataFrame) -> str:
    """How the bounds of a run moved. history: of `FleetResult`."""
    lower = history["lower"]
    cost = history["cost"]
    final = lower.iloc[-1]
    near = history.index[history["gap"] <= 0.01]
    said = [
        f"In the first round the bounds are {in_digits(cost.iloc[0] - lower.iloc[0])} yuan apart, "
        f"{in_digits((cost.iloc[0] - lower.iloc[0]) / abs(final), 2)} times the cost at the end."
    ]
    if len(near):
        rest = len(history) - 1 - int(near[0])
        said.append(
            f"After {counted(int(near[0]), 'round')} they are within one per cent; "
            f"{counted(rest, 'round')} more bring the rest."
        )
    if (cost.diff().iloc[1:] > 0).any():
        said.append(
            "The cost of the point may rise from one round to the next, since its equations do "
            "not hold yet; the lower bound is the best so far and never falls."
        )
    return " ".join(said)


def forms_said(table: pd.DataFrame) -> str:
    """Where pairs and exchange have one optimum. table: of `experiments_scale.forms_compared`."""
    apart = table["in pairs"] - table["on the exchange"]
    same = apart.abs() <= SAME * table["in pairs"].abs()
    said = []
    if same.any():
        names = listed([str(name) for name in table.index[same]])
        said.append(f"In pairs and on the exchange the optimum is the same for {names}.")
    for name in table.index[~same]:
        row = table.loc[name]
        said.append(
            f"For {name} the limits of pairs bind: the exchange is cheaper by "
            f"{in_digits(apart[name])} yuan, a lower bound; its schedules, once they keep within "
            f"these limits, cost {in_digits(row['carried out'] - row['in pairs'])} yuan more "
            "than the optimum in pairs."
        )
    return " ".join(said)


def methods_agree(table: pd.DataFrame) -> str:
    """Whether all methods found one cost. table: of `experiments_scale.methods_compared`."""
    costs = table["cost"].unstack("method")
    apart = ((costs.max(axis=1) - costs.min(axis=1)) / costs.abs().max(axis=1)).max()
    ways = counted(costs.shape[1], "method")
    if apart > 1e-6:
        return f"The {ways} differ by up to {in_digits(100 * apart, 2)} % of the cost."
    return (
        f"The {ways} agree on the cost of every fleet to better than a millionth. How long they "
        "take differs from run to run; which is first is a question for the benchmark below."
    )


def who_wins(table: pd.DataFrame) -> str:
    """Up to where another method took less time, and where each of them ended."""
    seconds = solved(table)
    others = seconds.drop(columns=[name for name in NO_SOLVERS if name in seconds])
    if OURS not in seconds or others.empty:
        return ""
    quickest = others.min(axis=1)
    both = seconds[OURS].notna() & quickest.notna()
    first = both & (quickest < seconds[OURS])
    largest = int(seconds.index[both].max())
    said = []
    if first.any():
        until = int(seconds.index[first].max())
        said.append(
            f"Up to {counted(until, 'VPP')} a solver that is given the whole problem at once takes "
            f"less processor time than price-Newton; at {until:,} it is "
            f"{others.loc[until].idxmin()}."
        )
    else:
        said.append("Price-Newton takes the least processor time at every size.")
    if not first.get(largest, False):
        ratio = quickest[largest] / seconds.loc[largest, OURS]
        said.append(
            f"At {counted(largest, 'VPP')} the quickest of them, {others.loc[largest].idxmin()}, "
            f"needs {in_digits(ratio, 2)} times as much as price-Newton."
        )
    return " ".join(said)


def where_it_stops(table: pd.DataFrame) -> str:
    """Which methods did not end within the limit, and at which size."""
    ended = stopped(table)
    if ended.empty:
        return "Every method that was tried ended within its limit at every size."
    each = [f"{method} at {counted(int(n), 'VPP')}" for method, n in ended.items()]
    return f"Not within the limit, and not tried beyond: {listed(each)}."


def privacy_said(table: pd.DataFrame) -> str:
    """What telling less costs. table: of `experiments_scale.privacy_compared`."""
    talks, prices = table.loc[TALKS], table.loc[OURS]
    rounds = talks["rounds"] / prices["rounds"]
    numbers = prices["numbers of a VPP"] / talks["numbers of a VPP"]
    more = (
        f"{in_digits(rounds, 2)} times as many rounds as price-Newton"
        if rounds > 1
        else "no more rounds than price-Newton"
    )
    told = (
        f"and told {in_digits(numbers, 2)} times less"
        if numbers > 1
        else "and told no less in the end"
    )
    return (
        f"The talks, in which a VPP tells its net trades alone, took {more}, {told}. Their bounds "
        f"ended {in_digits(talks['gap'], 2)} apart, as a share of the cost; those of price-Newton "
        f"{in_digits(prices['gap'], 2)}."
    )


def privacy_in_benchmark(table: pd.DataFrame) -> str:
    """What the talks took in the stored benchmark; nothing where it has none."""
    runs = table[(table["status"] == "solved") & table["vpps"].notna()]
    by_method = {name: runs[runs["method"] == name].set_index("vpps") for name in (OURS, TALKS)}
    both = by_method[OURS].index.intersection(by_method[TALKS].index)
    if not len(both):
        return ""
    largest = both.max()
    talks, prices = by_method[TALKS].loc[largest], by_method[OURS].loc[largest]
    return (
        f"In the stored benchmark, with {counted(int(largest), 'VPP')}, the talks took "
        f"{int(talks['rounds'])} rounds and {in_digits(talks['cpu_seconds'], 2)} s to a gap of "
        f"{in_digits(talks['gap'], 2)}, price-Newton {int(prices['rounds'])} rounds and "
        f"{in_digits(prices['cpu_seconds'], 2)} s to {in_digits(prices['gap'], 2)}."
    )


def workers_in_benchmark(table: pd.DataFrame) -> str:
    """What two workers may add by the stored benchmark; nothing where it has none.

    Their processor time is compared, which other work on the machine hardly changes.
    """
    runs = table[(table["status"] == "solved") & table["vpps"].notna()]
    by_method = {name: runs[runs["method"] == name].set_index("vpps") for name in (OURS, WORKERS)}
    both = by_method[OURS].index.intersection(by_method[WORKERS].index)
    if not len(both):
        return ""
    largest = both.max()
    used = (
        by_method[WORKERS].loc[largest, "cpu_seconds"] / by_method[OURS].loc[largest, "cpu_seconds"]
    )
    said = (
        f"In the stored benchmark, with {counted(int(largest), 'VPP')}, two workers and their "
        f"coordinator used {in_digits(used, 2)} times the processor time of one process"
    )
    if used >= 2:
        return f"{said}: two gain no time, and what a cluster adds there is memory."
    return (
        f"{said}. With a processor for each of them they can end {in_digits(2 / used, 2)} times as "
        "fast at most."
    )


def on_feeder_said(costs: pd.DataFrame) -> str:
    """What the limits of voltages cost. costs: of `experiments_scale.feeder_compared`."""
    row = costs.iloc[0]
    dearer = row["within limits"] - row["without limits"]
    said = (
        f"Within the limits the optimum costs {in_digits(dearer)} yuan more"
        if dearer > SAME * abs(row["without limits"])
        else "The limits cost nothing"
    )
    return (
        f"{said}. Price-Newton took {counted(int(row['rounds']), 'round')} with "
        f"{int(row['rows'])} rows of voltages in its border, and its bounds are "
        f"{in_digits(row['gap'], 2)} apart, as a share of the cost."
    )


def measured_on(table: pd.DataFrame) -> str:
    """When and on what the stored benchmark was measured."""
    row = table.iloc[0]
    return (
        f"Measured on {row['date']}: {row['machine']}; Python {row['python']}, {row['versions']}; "
        f"fleets like {row['fleet']}; one thread for each run. Times of other machines differ; "
        "ratios and powers say more."
    )


def benchmark_for_chapter(table: pd.DataFrame) -> str:
    """What the chapter says of the stored benchmark, a paragraph each."""
    said = [
        growth(table) + " " + rounds_grown(table),
        who_wins(table),
        where_it_stops(table),
        measured_on(table),
    ]
    return "\n\n".join(said) + "\n"


def published_said(sizes: pd.DataFrame) -> str:
    """What the marks of other works in the figure stand for."""
    single = sizes[sizes["one_period"]]
    longer = sizes[~sizes["one_period"]]
    said = []
    if len(single):
        numbers = listed([f"{int(n):,}" for n in single["participants"]])
        said.append(
            f"The marks at {numbers} participants are of works on a single period with the limits "
            f"of a network ({listed(list(single['source']))}): there no store ties one hour to the "
            "next, and here no network is modelled. Their times are not comparable and not drawn."
        )
    for row in longer.itertuples():
        said.append(f"{row.source} has {int(row.participants):,} {row.what}.")
    return " ".join(said)
