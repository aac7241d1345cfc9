"""What must be true of a result before a page shows it.

Each function returns whether it holds and the sentence that `study.check` raises if it does not:
`study.check(*checks.adds_up(result))`. Limits are shares of the case's own numbers.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from vppcore.bargaining.split import BargainResult, roads_may_differ
from vppcore.cooperation.result import CoalitionResult
from vppcore.scale import typical_power, typical_price
from vppcore.schedule import DispatchResult
from vppcore.vpp import VPP

SOLVER_ACCURACY = 1e-6  # of a cost or a flow: what two solvers agree on
ROBUST_ACCURACY = 1e-4  # of the cost: where the search for a robust coalition stops
NEGOTIATED = 20  # times the negotiation's tolerance: how far from the optimum it may end

Check = tuple[bool, str]


def at_most(found: float, limit: float, what: str) -> Check:
    """True if a number is not above its limit.

    >>> at_most(2.0, 1.0, "the gap")
    (False, 'the gap: found 2; allowed: up to 1')
    """
    return bool(found <= limit), f"{what}: found {found:.6g}; allowed: up to {limit:.6g}"


def adds_up(result: DispatchResult, vpp: VPP | None = None) -> Check:
    """The cost items of a schedule add up to what the solver minimised.

    vpp: whose schedule it is; its usual bill is the measure where it pays next to nothing.
    """
    error = abs(float(result.costs.sum()) - result.solved.value)
    limit = SOLVER_ACCURACY * max(float(result.costs.abs().sum()), usual_bill(vpp))
    return at_most(error, limit, f"{result.vpp}: yuan between the cost items and the objective")


def balanced(result: DispatchResult, vpp: VPP | None = None) -> Check:
    """In every step what comes in goes out, for each carrier.

    vpp: whose schedule it is; its usual power is the measure where next to nothing flows.
    """
    worst, largest = 0.0, 0.0 if vpp is None else typical_power([vpp])
    for flows in result.balances.values():
        worst = max(worst, float(flows.sum(axis=1).abs().max()))
        largest = max(largest, float(flows.abs().max().max()))
    return at_most(worst, SOLVER_ACCURACY * largest, f"{result.vpp}: kW that a balance is open by")


def usual_bill(vpp: VPP | None) -> float:
    """The size of a bill of a VPP, yuan: its usual power at the usual price; 0 for none.

    >>> from vppcore.components import ElectricLoad
    >>> home = VPP("Home", (ElectricLoad(forecast=[2.0, 2.0], shift_cost=0.5),), steps=2)
    >>> usual_bill(home), usual_bill(None)
    (2.0, 0.0)
    """
    if vpp is None:
        return 0.0
    return typical_power([vpp]) * typical_price([vpp]) * vpp.steps * vpp.step_hours


def is_exact(result: DispatchResult) -> Check:
    """No two flows that exclude each other run at once."""
    return result.exact, result.note()


def no_dearer(cheaper: float, dearer: float, what: str, accuracy: float = SOLVER_ACCURACY) -> Check:
    """One cost is not above another, up to a share of it."""
    limit = dearer + accuracy * abs(dearer)
    sentence = f"{what}: found {cheaper:,.2f} yuan; allowed: up to {dearer:,.2f}"
    return bool(cheaper <= limit), sentence


def relaxation_is_a_bound(compared: pd.DataFrame) -> Check:
    """Binaries only cost more, and cost nothing where the relaxation was exact.

    compared: as `tables.relaxation` makes it.
    """
    slack = SOLVER_ACCURACY * compared["with binaries"].abs()
    cheaper = compared["too cheap by"] < -slack
    exact = compared["overlap (share of rating)"] == 0
    moved = exact & (compared["too cheap by"].abs() > slack)
    wrong = list(compared.index[cheaper | moved])
    return not wrong, f"the relaxed cost of {', '.join(wrong)} is no bound on the exact one"


def optimum_is_between(agreed: CoalitionResult, optimum: CoalitionResult) -> Check:
    """The joint optimum lies between the bounds that the negotiation has proven."""
    proof = agreed.certificate
    if proof is None:
        return False, "the negotiation left no certificate"
    slack = SOLVER_ACCURACY * abs(optimum.cost)
    holds = proof.lower - slack <= optimum.cost <= proof.upper + slack
    return holds, (
        f"the joint optimum, {optimum.cost:,.2f} yuan, lies outside the proven bounds "
        f"{proof.lower:,.2f} and {proof.upper:,.2f}"
    )


def only_trades_and_prices(messages: pd.DataFrame) -> Check:
    """Nothing but expected trades and multipliers was told."""
    kinds = set(messages["kind"])
    told = ", ".join(sorted(kinds))
    return kinds <= {"expected trade", "multiplier"}, f"what left the VPPs: {told}"


def items_add_up(items: pd.DataFrame, apart: float, together: CoalitionResult) -> Check:
    """The items of a saving add up to it. items: as `saving_by_item`; apart: yuan alone."""
    error = abs(float(items.loc["total", "cluster"]) - (apart - together.cost))
    what = "yuan between the saving and the sum of its items"
    return at_most(error, SOLVER_ACCURACY * abs(apart), what)


def gap_is_small(gaps: pd.Series, tolerance: float) -> Check:
    """Every negotiation ends near the optimum."""
    return at_most(float(gaps.max()), NEGOTIATED * tolerance, "certified gap of a negotiation")


def paid_is_received(table: pd.DataFrame) -> Check:
    """What one VPP pays another receives. table: columns payment and alone, a row `cluster`."""
    limit = SOLVER_ACCURACY * float(table["alone"].abs().sum())
    return at_most(abs(float(table.loc["cluster", "payment"])), limit, "sum of all payments, yuan")


def adds_to_zero(payments: pd.DataFrame, costs: pd.Series) -> Check:
    """What members pay each other adds up to nothing, beside the size of their costs, yuan."""
    limit = SOLVER_ACCURACY * float(costs.abs().sum())
    return at_most(float(payments.sum().abs().max()), limit, "sum of all payments, yuan")


def nobody_loses(gains: pd.Series) -> Check:
    """No VPP is worse off than alone, up to a share of what all gain."""
    loses = gains < -SOLVER_ACCURACY * float(gains.abs().sum())
    found = ", ".join(f"{name} {gain:,.2f}" for name, gain in gains[loses].items())
    return not loses.any(), f"gains below zero, yuan: {found}"


def inside_band(split: BargainResult, band: pd.DataFrame) -> Check:
    """Every price lies between what the grid pays and what it charges, for the pair if they differ.

    band: the band of all pairs, or the widest of them.
    """
    slack = SOLVER_ACCURACY * float(band["high"].abs().max())
    outside = False
    for pair, price in split.prices.items():
        own = split.bands.get(pair, band)
        too_low = (price < own["low"] - slack).any()
        too_high = (price > own["high"] + slack).any()
        outside = outside or bool(too_low or too_high)
    return not outside, f"{split.method}: a price outside the grid's band"


def marks_inside(split: BargainResult) -> Check:
    """Where the band does not bind, prices stand inside it: theta from -1 to 1."""
    farthest = float(split.position.abs().max()) if split.position.notna().any() else 0.0
    if split.bound:
        return True, split.note
    return at_most(farthest, 1 + SOLVER_ACCURACY, "theta, the place of a price in the band")


def roads_agree(roads: pd.DataFrame, price_tolerance: float, energy: float) -> Check:
    """All ways to split lead to the same gains.

    roads: a column of gains for each, yuan. price_tolerance: yuan/kWh to which prices are
    negotiated. energy: kWh that are traded, each of which may be paid so much more or less.
    """
    apart = float((roads.max(axis=1) - roads.min(axis=1)).max())
    saving = float(roads.sum().abs().max())
    limit = roads_may_differ(saving, price_tolerance, energy)
    return at_most(apart, limit, "yuan between two roads to the same split")


def never_falling(cost: pd.Series, accuracy: float = ROBUST_ACCURACY) -> bool:
    """True if a cost never falls with the level, up to the accuracy with which it is known."""
    return bool((cost.diff().dropna() >= -accuracy * cost.abs().max()).all())


def accuracy_of(costs: pd.DataFrame) -> float:
    """How well the costs of a sweep are known, as a share of them: less where a search
    was stopped.
    """
    return max(ROBUST_ACCURACY, float(costs["gap"].abs().max()))


def rises(cost: pd.Series, accuracy: float = ROBUST_ACCURACY) -> Check:
    """A larger budget contains the smaller one, so its worst case costs no less."""
    shown = ", ".join(f"{value:,.0f}" for value in cost)
    return never_falling(cost, accuracy), f"the cost {cost.name} falls with the level: {shown}"


def together_costs_no_more(costs: pd.DataFrame, accuracy: float = ROBUST_ACCURACY) -> Check:
    """No trade is a possible promise, so a coalition guarantees no more than its members alone."""
    dearer = costs["together"] > costs["alone"] + accuracy * costs["alone"].abs()
    levels = ", ".join(str(level) for level in costs.index[dearer])
    return not dearer.any(), f"together costs more than alone at level {levels}"


def tail_in_order(risk: pd.DataFrame) -> Check:
    """A quantile is not above the mean of the tail, nor that above the worst day."""
    columns: Iterable[str] = ("95 % quantile", "mean of worst 5 %", "worst")
    table = risk[list(columns)]
    slack = SOLVER_ACCURACY * float(table.abs().max().max())
    falls = (table.diff(axis=1).iloc[:, 1:] < -slack).any(axis=1)
    wrong = ", ".join(str(name) for name in table.index[falls])
    return not falls.any(), f"quantile, tail and worst day of {wrong} are out of order"


def tail_above_mean(measures: pd.DataFrame) -> Check:
    """The mean of the costliest days is not below the mean of all."""
    slack = SOLVER_ACCURACY * float(measures["CVaR"].abs().max())
    wrong = measures.index[measures["CVaR"] < measures["mean"] - slack]
    return not len(wrong), f"CVaR is below the mean: {', '.join(map(str, wrong))}"


def bounds_in_order(bounds: pd.DataFrame) -> Check:
    """No trades cost less than the lower bound says."""
    slack = SOLVER_ACCURACY * float(bounds.abs().max().max())
    wrong = bounds.index[bounds["lower"] > bounds["upper"] + slack]
    return not len(wrong), f"lower bound above upper bound: {', '.join(map(str, wrong))}"


def shares_add_up(shares: pd.Series, whole: float) -> Check:
    """What the members earn adds up to what the coalition earns, yuan."""
    limit = SOLVER_ACCURACY * max(abs(whole), float(shares.abs().sum()))
    return at_most(abs(float(shares.sum()) - whole), limit, "yuan of reserve that nobody earns")
