"""Which of the optimal trades of a case: the flattest, or those at an end of their range.

The joint optimum is unique in its cost and not in its trades. What a VPP's own bill is before
payments differs from one optimum to another, and with it the payments and the weights that follow
the trades. The ends are the optima at which one VPP's own bill is least or largest.

yuan, kW.
"""

from __future__ import annotations

from dataclasses import replace

from vppcore.case import Case
from vppcore.cooperation.certificate import lower_bound
from vppcore.cooperation.joint import JointProblem
from vppcore.cooperation.result import Certificate, CoalitionResult, money_of
from vppcore.cooperation.size import size_of
from vppcore.errors import WrongInput

FLATTEST = "flattest"
ENDS = ("least", "most")


def choices_of(names: list[str]) -> list[str]:
    """What the optimal trades of some VPPs are called: the flattest, and two ends for each VPP.

    >>> choices_of(["A", "B"])
    ['flattest', 'A least', 'A most', 'B least', 'B most']
    """
    return [FLATTEST, *(f"{name} {end}" for name in names for end in ENDS)]


def refuse_choice(choice: str, names: list[str]) -> None:
    """Raises WrongInput for a text that names no optimal trades of these VPPs."""
    allowed = choices_of(names)
    if choice not in allowed:
        raise WrongInput(f"trades: found {choice!r}; allowed: {', '.join(allowed)}")


def optimal_trades(case: Case, choice: str = FLATTEST, solver: str = "auto") -> CoalitionResult:
    """The joint optimum with the trades of that name, and with the bound that proves it.

    choice: "flattest", or a VPP's name with "least" or "most", for the end of its own bill.
    solver: "auto" or one of `solvers.SOLVERS`.
    The bound is the VPPs' at the multipliers of the optimum, as for a negotiation.
    Raises WrongInput for another choice or a case without a tie, NotSolved as `pool` does.

    >>> from vppcore import load_case
    >>> case = load_case("template")
    >>> made = optimal_trades(case, "Home most")
    >>> round(made.cost, 2), bool(abs(made.certificate.gap) < 1e-8)
    (101.12, True)
    """
    refuse_choice(choice, case.names)
    joint = JointProblem(case)
    if choice == FLATTEST:
        found = joint.optimum(solver, flattest=True)
    else:
        name, _, end = choice.rpartition(" ")
        found = joint.end(name, end == "most", solver)
    multipliers = {pair: found.multipliers[pair].to_numpy() for pair in found.multipliers}
    lower = lower_bound(case, multipliers, solver)
    money = money_of(found.costs, size_of(case).least_money)
    proof = Certificate(found.cost, lower, primal=0.0, dual=0.0, money=money)
    return replace(found, certificate=proof)
