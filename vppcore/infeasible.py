"""Why a VPP has no schedule: which component lacks how much of what, when, and what could serve it.

kW (carbon kg/h); injection is positive; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import cvxpy as cp
import numpy as np

from vppcore.compiled import Compiled
from vppcore.components import CARRIER_UNITS, ElectricLoad, Part
from vppcore.errors import NotSolved
from vppcore.exclusive import mode_rows, mode_variables, with_finite_limits
from vppcore.solvers import solve, value_of
from vppcore.vpp import VPP, Model, build, total
from vppcore.warm import Program, WarmLinear

# a gap below this share of the carrier's largest gap is a solver's noise
NOISE = 1e-7
# what a traded kW counts beside one that is missing, over the number of VPPs: less than it saves
TRADED = 1e-3
# an amount in a sentence: places behind the point at most, and the share by which it may be off
MOST_PLACES = 9
SHOWN_WITHIN = 0.05
# what a reader may add where there is too much of a carrier
OUTLETS = {"heat": "a heat_vent lets heat go"}


@dataclass(frozen=True)
class Gap:
    """What a balance cannot do without, kW `(steps,)` (carbon kg/h).

    carrier: of the balance.
    missing, surplus: how much of it is missing or too much.
    """

    carrier: str
    missing: np.ndarray
    surplus: np.ndarray


def explained(vpp: VPP, refused: NotSolved) -> NotSolved:
    """A refusal to schedule a VPP with its reason in words, where there is one to be found.

    refused: what the solver said; other failures than infeasible and unbounded stay as they are.
    """
    if refused.status == "infeasible":
        return NotSolved(explain_infeasible(vpp), "infeasible")
    if refused.status == "unbounded":
        return NotSolved(explain_unbounded(vpp), "unbounded")
    return refused


def with_way_out(vpp: VPP, refused: NotSolved) -> NotSolved:
    """A refusal to schedule a VPP alone, with what would give it a cost alone if it has no grid.

    refused: as `explained` has it.
    """
    must_be_served = [load.name for load in vpp.of(ElectricLoad) if load.curtail_share < 1]
    is_island = not vpp.with_role("grid") and "electricity lacks" in str(refused)
    if refused.status != "infeasible" or not is_island or not must_be_served:
        return refused
    loads = " and ".join(must_be_served)
    return NotSolved(
        f"{refused} (it has no grid; curtail_share 1 and curtail_cost of {loads} would say what an "
        "outage costs)",
        refused.status,
    )


def explain_infeasible(vpp: VPP) -> str:
    """Which carrier lacks how much, when, who needs it and who could make it; one sentence.

    Found by the least total gap on the balances. If there is none while exclusive flows may
    overlap, they are excluded by binaries; if there is none either, the VPP can earn without limit.
    """
    model = build(vpp)
    contradicting = [name for name, part in model.parts.items() if not can_run(part)]
    if contradicting:
        names = " and ".join(contradicting)
        return f"{vpp.name}: infeasible; the limits of {names} contradict each other"
    pairs = model.pairs()
    at_once = ", ".join(
        f"{pair.limits.one} and {pair.limits.other} of {pair.component}" for pair in pairs
    )
    reasons = {False: "infeasible", True: f"infeasible without simultaneous {at_once}"}
    for exclusive in (False, True) if pairs else (False,):
        gaps = least_gaps(model, exclusive)
        if gaps is None:
            return (
                f"{vpp.name}: {reasons[exclusive]}, even with its balances open; "
                "the limits of its components contradict each other"
            )
        sentences = [sentence for gap in gaps for sentence in in_words(gap, model)]
        if sentences:
            return f"{vpp.name}: {reasons[exclusive]}; " + "; ".join(sentences)
    return explain_unbounded(vpp)


def can_run(part: Part) -> bool:
    """True if a component's own limits leave it something to do."""
    try:
        solve(cp.Problem(cp.Minimize(0), part.constraints))
    except NotSolved as refused:
        return refused.status != "infeasible"
    return True


def explain_together(vpps: Sequence[VPP]) -> str:
    """Who lacks how much of what, and when, though all may trade with each other; one sentence.

    vpps: with ties among themselves. Found by the least total gap on all balances, flows that
    exclude each other relaxed, and of these with the least trade, so that a gap stands where it
    arises. Empty if there is none.
    """
    opened = [Opened.of(build(vpp)) for vpp in vpps]
    rows = [row for one in opened for row in one.rows]
    traded = []
    for one, other in combinations(opened, 2):
        ours, theirs = one.model.trades(), other.model.trades()
        if other.model.vpp.name in ours:
            rows.append(ours[other.model.vpp.name] + theirs[one.model.vpp.name] == 0)
            traded.append(cp.sum(cp.abs(ours[other.model.vpp.name])))
    least = total([*(one.gap for one in opened), *(TRADED / len(opened) * kw for kw in traded)])
    who = " and ".join(vpp.name for vpp in vpps)
    try:
        solve(cp.Problem(cp.Minimize(least), rows), "auto", who)
    except NotSolved:
        return ""
    sentences = []
    for one in opened:
        found = [sentence for gap in one.gaps() for sentence in in_words(gap, one.model)]
        sentences += [f"{one.model.vpp.name}: {sentence}" for sentence in found]
    if not sentences:
        return ""
    return f"{who} together: infeasible, whatever they trade; " + "; ".join(sentences)


@dataclass(frozen=True, eq=False)
class Opened:
    """A VPP's problem with a gap on each balance.

    model: of the VPP. missing, surplus: carrier -> the gap, kW `(steps,)`.
    rows: all of its rows, its balances with the gaps.
    """

    model: Model
    missing: dict[str, cp.Variable]
    surplus: dict[str, cp.Variable]
    rows: list

    @classmethod
    def of(cls, model: Model) -> Opened:
        """The problem of a model with its balances opened."""
        steps = model.vpp.steps
        missing = {carrier: cp.Variable(steps, nonneg=True) for carrier in model.balances}
        surplus = {carrier: cp.Variable(steps, nonneg=True) for carrier in model.balances}
        balances = set(map(id, model.balances.values()))
        rows = [row for row in model.constraints if id(row) not in balances]
        for carrier in model.balances:
            flows = [p.inject[carrier] for p in model.parts.values() if carrier in p.inject]
            rows.append(sum(flows) + missing[carrier] - surplus[carrier] == 0)
        return cls(model, missing, surplus, rows)

    @property
    def gap(self) -> cp.Expression:
        """All gaps added up."""
        return total(cp.sum(self.missing[c] + self.surplus[c]) for c in self.missing)

    def gaps(self) -> list[Gap]:
        """The gaps of the solved problem."""
        return [
            Gap(carrier, value_of(self.missing[carrier]), value_of(self.surplus[carrier]))
            for carrier in self.missing
        ]


def least_gaps(model: Model, exclusive: bool) -> list[Gap] | None:
    """The least gaps on the balances, one per carrier; None if no opening of balances helps.

    exclusive: flows that exclude each other do so, by binaries.
    """
    opened = Opened.of(model)
    rows = list(opened.rows)
    try:
        if exclusive:
            limited = with_finite_limits(model.pairs(), model.constraints, model.vpp.name)
            rows += mode_rows(limited, mode_variables(limited))
        solve(cp.Problem(cp.Minimize(opened.gap), rows), "auto", model.vpp.name)
    except NotSolved:
        return None
    return opened.gaps()


# --- in words -------------------------------------------------------------------------------------
def in_words(gap: Gap, model: Model) -> list[str]:
    """A sentence about what is missing and one about what is too much, where there is any."""
    unit = CARRIER_UNITS[gap.carrier]
    noise = NOISE * max(gap.missing.max(), gap.surplus.max(), np.finfo(float).tiny)
    sentences = []
    for words, amount, why in (
        ("lacks", gap.missing, why_missing),
        ("has too much by", gap.surplus, why_too_much),
    ):
        if amount.max() > noise:
            step = int(amount.argmax())
            count = int((amount > noise).sum())
            places = places_showing(amount.max())
            sentences.append(
                f"{gap.carrier} {words} {amount.max():,.{places}f} {unit} in step {step + 1} "
                f"({count} step(s) in all){why(model, gap.carrier, step, places)}"
            )
    return sentences


def places_showing(amount: float) -> int:
    """How many places behind the point show an amount: one, and more for what is small.

    >>> places_showing(15.04), places_showing(0.6), places_showing(0.013), places_showing(1e-12)
    (1, 1, 3, 9)
    """
    for places in range(1, MOST_PLACES):
        if abs(round(amount, places) - amount) <= SHOWN_WITHIN * amount:
            return places
    return MOST_PLACES


def why_missing(model: Model, carrier: str, step: int, places: int) -> str:
    """Who needs the carrier in a step and who could give it, as the end of a sentence."""
    best = {name: reach(part, carrier, step, 1) for name, part in having(model, carrier)}
    needed = {name: -amount for name, amount in best.items() if amount < 0}
    given = {name: amount for name, amount in best.items() if amount > 0}
    if not needed:
        return ""
    needing = listed(needed, "needs at least", "need at least", carrier, places)
    if not given:
        return f": {needing}, and nothing can give it"
    giving = listed(given, "can give at most", "can give at most", carrier, places)
    return f": {needing}, and {giving}{held_back(given, needed)}"


def why_too_much(model: Model, carrier: str, step: int, places: int) -> str:
    """Who must give the carrier in a step and who could take it, as the end of a sentence."""
    least = {name: reach(part, carrier, step, -1) for name, part in having(model, carrier)}
    given = {name: amount for name, amount in least.items() if amount > 0}
    taken = {name: -amount for name, amount in least.items() if amount < 0}
    outlet = f" ({OUTLETS[carrier]})" if carrier in OUTLETS else ""
    if not given:
        return outlet
    giving = listed(given, "gives at least", "give at least", carrier, places)
    if not taken:
        return f": {giving}, and nothing can take it{outlet}"
    taking = listed(taken, "can take at most", "can take at most", carrier, places)
    return f": {giving}, and {taking}{held_back(taken, given)}{outlet}"


def held_back(able: dict[str, float], asked: dict[str, float]) -> str:
    """A remark where what is able to serve would be enough in this step alone."""
    enough = sum(able.values()) >= sum(asked.values())
    if not enough:
        return ""
    others = "other VPPs, steps or carriers" if "tie" in able else "other steps or carriers"
    return f", which {others} hold back"


def having(model: Model, carrier: str) -> Iterable[tuple[str, Part]]:
    """The components of a model that inject or take a carrier."""
    return [(name, part) for name, part in model.parts.items() if carrier in part.inject]


def reach(part: Part, carrier: str, step: int, sign: int) -> float:
    """The most (sign 1) or least (sign -1) that a component alone can inject in a step, kW.

    Infinite where it has no limit.
    """
    flow = sign * cp.Expression.cast_to_const(part.inject[carrier])[step]
    try:
        return sign * solve(cp.Problem(cp.Maximize(flow), part.constraints)).value
    except NotSolved:
        return sign * np.inf


def listed(
    amounts: dict[str, float], singular: str, plural: str, carrier: str, places: int = 1
) -> str:
    """Components with a verb and what they add up to; without a number where that has no limit.

    >>> listed({"grid": 10.0, "pv": 5.0}, "gives", "give", "electricity")
    'grid and pv give 15.0 kW'
    """
    names = " and ".join(amounts)
    verb = singular if len(amounts) == 1 else plural
    amount = sum(amounts.values())
    if not np.isfinite(amount):
        return f"{names} {verb.removesuffix(' at most')} any amount"
    return f"{names} {verb} {amount:,.{places}f} {CARRIER_UNITS[carrier]}"


# --- money without limit --------------------------------------------------------------------------
def explain_unbounded(vpp: VPP) -> str:
    """Which flows of which components can earn money without limit; one sentence."""
    model = build(vpp)
    flows = endless_flows(model)
    if not flows:
        return f"{vpp.name}: unbounded; some exchange earns money without limit"
    relaxed = any(
        {pair.limits.one, pair.limits.other} <= set(flows.get(pair.component, ()))
        for pair in model.pairs()
    )
    remark = " (flows that run at once in relaxed storage)" if relaxed else ""
    named = ", ".join(f"{' and '.join(names)} of {name}" for name, names in flows.items())
    return (
        f"{vpp.name}: unbounded; {named} can grow and earn money without limit{remark}; "
        "allowed: a limit on one of these flows"
    )


def endless_flows(model: Model) -> dict[str, list[str]]:
    """Component -> names of its flows that grow without limit where money does.

    Found by the direction, of size one, in which the cost falls fastest and no limit is met.
    """
    compiled = Compiled(model.cost, model.constraints, model.vpp.name)
    warm = WarmLinear(model.vpp.name)
    try:
        direction = warm.solve(directions(compiled.program())).x
    except NotSolved:
        return {}
    nowhere = np.zeros_like(direction)
    flows: dict[str, list[str]] = {}
    for name, part in model.parts.items():
        for series, flow in part.series.items():
            stated = cp.Expression.cast_to_const(flow)
            if not stated.is_affine():  # a report of flows that are asked for themselves
                continue
            readout = compiled.readout(stated)
            growth = readout.at(direction) - readout.at(nowhere)
            if np.abs(growth).max() > NOISE:
                flows.setdefault(name, []).append(series)
    return flows


def directions(program: Program) -> Program:
    """The directions in which a program's columns may go for ever, each from -1 to 1 in size."""
    return replace(
        program,
        quadratic=0 * program.quadratic,
        row_low=np.where(np.isfinite(program.row_low), 0.0, -np.inf),
        row_high=np.where(np.isfinite(program.row_high), 0.0, np.inf),
        column_low=np.where(np.isfinite(program.column_low), 0.0, -1.0),
        column_high=np.where(np.isfinite(program.column_high), 0.0, 1.0),
    )
