"""What a live element of a page is made of: data, and one module that needs nothing else.

Pages opened from a folder cannot load modules, so the module stands in the page; the solver is a
classic script, which a page may load from beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.negotiation import natural_penalty
from vppcore.cooperation.result import CoalitionResult
from vppcore.errors import WrongInput
from vppcore.grid.feeder import Feeder
from vppcore.grid.placement import Placement
from vppcore.live import adversary as adversaries
from vppcore.live import delivery, game, ladder, negotiation, split, study_a
from vppcore.live.problem import Knob, LiveProblem, as_data, knob_data
from vppcore.market import Hour
from vppcore.pages.colours import COLOURS, NAMES, in_the_dark, pair_colours, vpp_colours
from vppcore.pages.live_module import SOLVER as SOLVER
from vppcore.pages.live_module import module_text as module_text
from vppcore.vpp import VPP


def payload(
    live: LiveProblem | None,
    view: str,
    notebook: str,
    facts: Mapping[str, Any],
    knobs: Sequence[Knob] = (),
) -> str:
    """All that a live element is given, as the text of a JSON file.

    live: the problem that the page solves; None for a view that counts by itself.
    view: which drawing it has, a file of that name among the scripts.
    notebook: whose run gives the same numbers.
    facts: what the drawing shows beside the solution; more problems, as data, are its `problems`.
    knobs: what a reader turns; empty for those of the problem.
    """
    given: dict[str, Any] = {"view": view, "notebook": notebook, "facts": facts}
    if live is not None:
        given["problem"] = as_data(live)
    if knobs:
        given["knobs"] = [knob_data(knob) for knob in knobs]
    return json.dumps(given, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")


def who_sends_to_whom(case: Case) -> str:
    """What the element of that name is given for a case; nothing, with a sentence, if it has no
    tie, or its VPPs pay different prices for gas, carbon or the grid's power, or it is too large.
    """
    try:
        facts = study_a.facts_of(case, vpp_colours(case.names))
        problem = study_a.who_sends_to_whom(case)
    except WrongInput as refused:
        return none_since(refused)
    return payload(problem, "who-sends-to-whom", "cooperation", facts)


def split_the_cake(case: Case, solver: str = "auto") -> str:
    """What the element of that name is given for a case; nothing, with a sentence, if it has no
    tie, not three VPPs, or trades that leave one out.

    solver: of the problems that are solved for it, "auto" or one of `solvers.SOLVERS`.
    """
    try:
        cake = split.cake_of(case, solver)
        knobs = split.knobs_of(cake)
    except WrongInput as refused:
        return none_since(refused)
    of_pairs = pair_colours(list(cake.deals[split.FLATTEST].trade))
    both = [(colour, in_the_dark(colour)) for colour in of_pairs.values()]
    facts = split.facts_of(cake, vpp_colours(case.names), both)
    return payload(None, "split-the-cake", "bargaining", facts, knobs)


def the_ladder(vpp: VPP) -> str:
    """What the element of that name is given for a VPP; nothing, with a sentence, if its carbon
    price has no steps.
    """
    try:
        problem = ladder.ladder(vpp)
    except WrongInput as refused:
        return none_since(refused)
    return payload(problem, "the-ladder", "carbon_models", ladder.facts_of(vpp))


def adversary(vpp: VPP, level: int, doubt: Mapping[str, Any], solver: str = "auto") -> str:
    """What the element of that name is given for a VPP; nothing, with a sentence, if nothing of it
    is uncertain or its costs are not linear.

    level: the largest that can be chosen. doubt: the other arguments of `at_level`.
    """
    try:
        problem, knobs, days = adversaries.be_the_adversary(vpp, level, doubt, solver)
    except WrongInput as refused:
        return none_since(refused)
    colours = {"grid": COLOURS["grid"], "store": COLOURS["battery"]}
    facts = adversaries.facts_of(vpp, days, NAMES, colours)
    return payload(problem, "adversary", "worst_day", facts, knobs)


def two_sellers(hour: Hour | None) -> str:
    """What the element of that name is given for an hour; nothing, with a sentence, for one that a
    page cannot play, see `game.check_two_sellers`.
    """
    try:
        hour = game.check_two_sellers(hour)
        knobs = game.knobs_of(hour)
    except WrongInput as refused:
        return none_since(refused)
    light = vpp_colours(list(hour.sellers))
    colours = {name: (own, in_the_dark(own)) for name, own in light.items()}
    facts = game.facts_of(hour, colours)
    return payload(None, "two-sellers", "multiple_game", facts, knobs)


def can_it_be_delivered(
    case: Case,
    feeder: Feeder,
    placement: Placement,
    free: pd.DataFrame,
    line_impedance: float = 1.0,
) -> str:
    """What the element of that name is given for a case on a feeder; nothing, with a sentence, if
    the case has no tie, or more voltages than a page should solve for.

    feeder: with the impedance of its own lines; the placement's has `line_impedance` times that.
    free: net withdrawals together if nobody looks at the feeder, kW, a column per VPP.
    """
    try:
        knobs = delivery.knobs_of(case, placement, line_impedance)
        problem = delivery.can_it_be_delivered(case, feeder, knobs)
    except WrongInput as refused:
        return none_since(refused)
    facts = delivery.facts_of(case, feeder, free, vpp_colours(case.names))
    most = float(free.abs().to_numpy().max()) or 1.0
    answer = delivery.grant(problem, feeder, most, case.names)
    facts["problems"] = {"grant": as_data(answer)}
    return payload(problem, "can-it-be-delivered", "deliverable", facts, knobs)


def two_negotiate(
    case: Case, penalty: float | None = None, order: str = "sequential", **numbers: float | None
) -> str:
    """What the element `negotiation` is given: two VPPs with prices and a line as in a case;
    nothing, with a sentence, if it has no tie or no price to trade for.

    penalty: yuan/kWh per kW that is usual; None for the one that suits the case.
    numbers: of the two, as in `negotiation.toy_of`.
    """
    try:
        usual = negotiation.toy_of(case, **numbers)
        slopes = [usual["slope_1"], usual["slope_2"]]
        penalties, place = negotiation.penalties_for(slopes, penalty or natural_penalty(case))
        knobs = negotiation.toy_knobs(usual, penalties, place, order)
    except WrongInput as refused:
        return none_since(refused)
    facts = negotiation.toy_facts(usual, penalties, vpp_colours(negotiation.NAMES))
    return payload(None, "negotiation", "negotiation", facts, knobs)


def negotiation_recorded(
    case: Case, talks: Mapping[float, CoalitionResult], solver: str = "auto"
) -> str:
    """What the element of that name is given: talks that were held; nothing, with a sentence, if
    there are not two.

    talks: penalty -> what `cooperate` made of it. solver: of the bounds' problems.
    """
    try:
        knobs = negotiation.recorded_knobs(case, talks)
        colours = vpp_colours(case.names)
        facts = negotiation.recorded_facts(case, talks, colours, solver)
    except WrongInput as refused:
        return none_since(refused)
    return payload(None, "negotiation-recorded", "cooperation", facts, knobs)


def none_since(refused: WrongInput) -> str:
    """No data, and why."""
    print(f"no live element: {refused}")
    return ""
