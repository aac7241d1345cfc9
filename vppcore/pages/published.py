"""The papers' claims as data, and our verdict on each.

A verdict follows a rule, never an opinion: see `judge_number` and `judge_hours`. Each claim has one
function that judges it, in `claims_a.py` or `claims_b.py`, entered by `claim`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from inspect import Parameter, signature
from typing import Any

import pandas as pd

from vppcore.errors import WrongInput
from vppcore.places import DATA

CLAIMS = DATA / "published" / "claims.csv"
VERDICTS = (
    "reproduced",
    "reproduced in shape",
    "met by fitting",
    "setting",
    "theorem",
    "contradicted by the paper itself",
    "not reproduced",
)
NUMBER_TOLERANCE = 0.01  # a number counts as reproduced within one percent
FITTED_TOLERANCE = 0.05  # a number that the calibration aims at counts as met within five percent
# how a reason says that a verdict rests on which of the cheapest schedules is carried out
SOMEWHERE = "at some of the cheapest schedules, not at all of them"
ON_ALL = "judged on all schedules"
# claims that the text implies and does not print, with those that they follow from
IMPLIED_BY = {"A31": ("A02", "A05"), "A32": ("A03", "A06"), "A33": ("A04", "A07")}
SHAPE_TOLERANCE = (
    0.9  # a statement about hours counts as reproduced in shape if it holds in nine of ten
)


@dataclass(frozen=True)
class Judgement:
    """One row of the ledger.

    claim: its id.
    ours: our number in the claim's unit, of the case with nothing fitted where a study has two.
    verdict: on that number, one of VERDICTS.
    reason: of the verdict.
    fitted: what the case with fitted numbers gives, which is no evidence; empty where a study has
        one case only, or the claim is about none.
    free: whether the claim could have failed and is a test of the paper: no theorem decides it,
        nothing was fitted or shaped to it, and a run of ours can test it.
    """

    claim: str
    ours: str
    verdict: str
    reason: str
    fitted: str = ""
    free: bool = True


@cache
def claims() -> pd.DataFrame:
    """Every published claim, indexed by id: paper, where, kind, statement, quantity,
    value, unit.
    """
    return pd.read_csv(CLAIMS).set_index("id")


def kinds_of_claims() -> pd.DataFrame:
    """How many claims of each kind each paper makes: a row per paper, columns numbers, shapes,
    settings, together.
    """
    counts = pd.crosstab(claims()["paper"], claims()["kind"])
    counts = counts.rename(columns={kind: f"{kind}s" for kind in counts.columns})
    table = counts[["numbers", "shapes", "settings"]]
    return table.assign(together=table.sum(axis=1)).rename_axis(columns=None)


def published_value(claim: str) -> float:
    """The number of a claim in its unit. Raises WrongInput for an unknown claim or one without a
    number.
    """
    if claim not in claims().index or pd.isna(claims().loc[claim, "value"]):
        raise WrongInput(
            f"claim: found {claim!r}; allowed: a claim of {CLAIMS.name} that has a value"
        )
    return float(claims().loc[claim, "value"])


def judge_number(
    claim: str, ours: float, reason: str = "", fitted: bool = False, testable: bool = True
) -> Judgement:
    """The verdict on a number: reproduced within NUMBER_TOLERANCE; if fitted numbers aim at it, met
    by fitting within FITTED_TOLERANCE; else not reproduced.

    testable: False for a number that no run of ours can test, such as a computing time.
    """
    error = ours / published_value(claim) - 1
    verdict = number_verdict(error, fitted)
    free = testable and not fitted
    return Judgement(claim, f"{ours:,.6g} ({100 * error:+.1f} %)", verdict, reason, free=free)


def number_verdict(error: float, fitted: bool) -> str:
    """The verdict on a number by how far ours is from the printed one, as a share of that.

    fitted: True if fitted numbers aim at it.
    """
    if fitted:
        return "met by fitting" if abs(error) <= FITTED_TOLERANCE else "not reproduced"
    return "reproduced" if abs(error) <= NUMBER_TOLERANCE else "not reproduced"


def judge_hours(claim: str, holds: pd.Series, reason: str = "", fitted: bool = False) -> Judgement:
    """The verdict on a statement about hours: `holds` says for each hour it speaks of whether it is
    true with us.
    """
    share = float(holds.mean())
    verdict = _shape_verdict(share >= SHAPE_TOLERANCE, fitted)
    failing = holds.index[~holds.astype(bool)]
    word = "hour" if len(failing) == 1 else "hours"
    fails = f"fails in {word} {', '.join(map(str, failing))}" if len(failing) else ""
    reason = "; ".join(filter(None, [reason, fails]))
    ours = f"holds in {int(holds.sum())} of {len(holds)} hours"
    return Judgement(claim, ours, verdict, reason, free=not fitted)


def judge_relation(
    claim: str, holds: bool, ours: str, reason: str, fitted: bool = False
) -> Judgement:
    """The verdict on a statement without a number, which holds with us or does not; met by fitting
    if the data were shaped until it did."""
    return Judgement(claim, ours, _shape_verdict(holds, fitted), reason, free=not fitted)


def _shape_verdict(holds: bool, fitted: bool) -> str:
    return ("met by fitting" if fitted else "reproduced in shape") if holds else "not reproduced"


def judge_setting(claim: str, ours: str, reason: str, holds: bool = True) -> Judgement:
    """A setting of the paper, which our run takes over unless its data have been changed."""
    verdict = "setting" if holds else "not reproduced"
    return Judgement(claim, ours, verdict, reason, free=False)


def judge_theorem(claim: str, holds: bool, ours: str, reason: str) -> Judgement:
    """A statement that a model like ours meets on any data, for the reason that is given: it tests
    our code. If it does not hold, the code or the reason is wrong."""
    verdict = "theorem" if holds else "not reproduced"
    return Judgement(claim, ours, verdict, reason, free=False)


def judge_contradiction(claim: str, ours: str, reason: str) -> Judgement:
    """A claim that other claims of the same paper exclude."""
    return Judgement(claim, ours, "contradicted by the paper itself", reason, free=False)


@dataclass(frozen=True)
class ClaimHome:
    """The function that judges one claim.

    claim: its id.
    judge: takes results by name and returns the judgement, or None where they do not reach the
        claim (a level that was not computed).
    asks: the names of the results that it must have.
    welcomes: the names of those that it takes if they are there: arguments with a default.
    unchanged: parameters of the notebook that must be as the page has them, for the claim to speak
        of the run.
    """

    claim: str
    judge: Callable[..., Judgement | None]
    asks: tuple[str, ...]
    welcomes: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()

    def taken_from(self, results: Iterable[str]) -> tuple[str, ...]:
        """The names of these results that it takes."""
        return tuple(name for name in (*self.asks, *self.welcomes) if name in set(results))


CLAIM_HOMES: dict[str, ClaimHome] = {}


def claim(number: str, unchanged: str = "") -> Callable:
    """Enters a function as the home of a claim: `@claim("A24") def vpp2_exports(agreed): ...`.

    unchanged: parameters that must be as the page has them, with spaces between.
    """

    def enter(judge: Callable[..., Judgement | None]) -> Callable[..., Judgement | None]:
        arguments = signature(judge).parameters.values()
        asks = tuple(argument.name for argument in arguments if argument.default is Parameter.empty)
        welcomes = tuple(argument.name for argument in arguments if argument.name not in asks)
        CLAIM_HOMES[number] = ClaimHome(number, judge, asks, welcomes, tuple(unchanged.split()))
        return judge

    return enter


def homes_answered_by(results: Mapping[str, Any]) -> list[ClaimHome]:
    """The claims whose functions find all results that they ask for, in the order of the claims.

    Raises WrongInput for a result that none of them asks for.
    """
    answered = [home for home in CLAIM_HOMES.values() if set(home.asks) <= set(results)]
    asked = {name for home in answered for name in home.taken_from(results)}
    if unasked := sorted(set(results) - asked):
        raise WrongInput(
            f"claims: no claim that these results answer asks for {', '.join(unasked)};"
            " allowed: what the functions of claims_a.py and claims_b.py take"
        )
    return sorted(answered, key=lambda home: home.claim)


def judgement_of(home: ClaimHome, results: Mapping[str, Any]) -> Judgement | None:
    """The judgement on one claim. Raises WrongInput if its function speaks of another one."""
    judgement = home.judge(**{name: results[name] for name in home.taken_from(results)})
    if judgement is not None and judgement.claim != home.claim:
        raise WrongInput(f"claims: the function of {home.claim} judges {judgement.claim}")
    return judgement


def judgement_beside(
    home: ClaimHome, unfitted: Mapping[str, Any], fitted: Mapping[str, Any], aims: Iterable[str]
) -> Judgement | None:
    """The judgement on a claim by the case with nothing fitted, and what the fitted case gives.

    unfitted, fitted: the same results by name, of either case. aims: claims that the fitted case
    was fitted to, which is said beside its number and beside one that they imply.
    """
    judgement = judgement_of(home, unfitted)
    beside = judgement_of(home, fitted)
    if judgement is None or beside is None:
        return judgement
    said_by = {home.claim, *IMPLIED_BY.get(home.claim, ())}
    aimed = " (aimed at)" if said_by & set(aims) else ""
    return replace(judgement, fitted=f"{beside.ours}{aimed}")


def ledger(judgements: pd.DataFrame) -> pd.DataFrame:
    """Claims beside verdicts: statement, published value and unit, ours, verdict, reason, free.

    Raises WrongInput for a verdict on an unknown claim, an unknown verdict or two verdicts on one
    claim.
    """
    unknown = sorted(set(judgements["claim"]) - set(claims().index))
    odd = sorted(set(judgements["verdict"]) - set(VERDICTS))
    twice = sorted(judgements["claim"][judgements["claim"].duplicated()])
    faults = [
        f"ledger: {what} {', '.join(found)}"
        for what, found in (
            ("unknown claim", unknown),
            ("unknown verdict", odd),
            ("two verdicts on", twice),
        )
        if found
    ]
    if faults:
        raise WrongInput(*faults)
    columns = ["paper", "where", "kind", "statement", "value", "unit"]
    return claims()[columns].join(judgements.set_index("claim"), how="inner").sort_index()


def as_table(judgements: list[Judgement]) -> pd.DataFrame:
    """Judgements as a table with the columns claim, ours, fitted, verdict, reason, free."""
    columns = ["claim", "ours", "fitted", "verdict", "reason", "free"]
    return pd.DataFrame([asdict(judgement) for judgement in judgements], columns=columns)
