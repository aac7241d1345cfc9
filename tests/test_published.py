"""The papers' claims as data, and the rules that turn our numbers into verdicts."""

from __future__ import annotations

import pandas as pd
import pytest

from vppcore import WrongInput
from vppcore.pages import claims_a, claims_b, published  # noqa: F401  enter their functions
from vppcore.pages.published import (
    FITTED_TOLERANCE,
    NUMBER_TOLERANCE,
    VERDICTS,
    ClaimHome,
    Judgement,
    as_table,
    claims,
    homes_answered_by,
    judge_contradiction,
    judge_hours,
    judge_number,
    judge_relation,
    judge_setting,
    judge_theorem,
    judgement_of,
    kinds_of_claims,
    ledger,
    published_value,
)

CLAIM, VALUE = "A01", 10_780.45


def test_every_claim_of_both_papers_is_there_once():
    numbers = list(claims().index)
    assert numbers == sorted(set(numbers))
    assert {f"A{k:02d}" for k in range(1, 31)} | {f"B{k:02d}" for k in range(1, 23)} < set(numbers)
    assert (claims()["paper"] == [name[0] for name in claims().index]).all()


def test_every_claim_says_where_it_stands_and_what_it_states():
    table = claims()
    assert table[["where", "kind", "statement"]].notna().all(axis=None)
    assert set(table["kind"]) == {"number", "shape", "setting"}
    numbers = table[table["kind"] == "number"]
    assert numbers[["quantity", "value"]].notna().all(axis=None)
    assert numbers["quantity"].is_unique
    assert table.loc[table["kind"] == "shape", "value"].isna().all()


def test_claims_are_counted_by_kind():
    counts = kinds_of_claims()
    assert counts["together"].sum() == len(claims())
    assert counts.loc["A"].tolist() == [20, 15, 4, 39]
    assert counts.loc["B", "numbers"] == claims().query("paper == 'B'")["value"].notna().sum()


def test_a_function_takes_what_it_welcomes_only_where_it_is_there():
    def judge(game, rules="usual"):
        return Judgement("Z01", f"{game} {rules}", "reproduced", "")

    home = ClaimHome("Z01", judge, ("game",), ("rules",))
    assert judgement_of(home, {"game": "a", "other": 1}).ours == "a usual"
    assert judgement_of(home, {"game": "a", "rules": "b"}).ours == "a b"
    assert "B16" in {home.claim for home in homes_answered_by({"game": 1, "fitted": 2})}
    with pytest.raises(WrongInput, match="asks for nonsense"):
        homes_answered_by({"game": 1, "fitted": 2, "rules": 3, "nonsense": 4})


def test_the_claims_of_table_1_agree_with_each_other():
    """The three savings add up to the cluster's; A08's share does not follow from them."""
    savings = [published_value(f"A0{k}") for k in (2, 3, 4)]
    assert sum(savings) == pytest.approx(published_value("A01"))
    before = [
        100 * saving / published_value(f"A0{k}")
        for saving, k in zip(savings, (5, 6, 7), strict=True)
    ]
    assert before == pytest.approx([21_758.8, 43_145.7, 22_885.9], abs=0.05)
    assert 100 * sum(savings) / sum(before) == pytest.approx(12.28, abs=0.005)
    assert published_value("A08") == 13.38


@pytest.mark.parametrize("claim", ["A14", "Z01", ""])
def test_a_claim_without_a_number_has_no_published_value(claim):
    with pytest.raises(
        WrongInput, match=f"claim: found '{claim}'; allowed: a claim of claims.csv that has a value"
    ):
        published_value(claim)


@pytest.mark.parametrize(
    ("error", "fitted", "verdict"),
    [
        (0.0, False, "reproduced"),
        (0.0099, False, "reproduced"),
        (-0.0099, False, "reproduced"),
        (0.0101, False, "not reproduced"),
        (-0.0101, False, "not reproduced"),
        (-2.0, False, "not reproduced"),
        (0.0, True, "met by fitting"),
        (0.049, True, "met by fitting"),
        (-0.049, True, "met by fitting"),
        (0.051, True, "not reproduced"),
        (-0.051, True, "not reproduced"),
    ],
)
def test_a_number_is_judged_by_its_distance(error, fitted, verdict):
    assert (NUMBER_TOLERANCE, FITTED_TOLERANCE) == (0.01, 0.05)
    judgement = judge_number(CLAIM, VALUE * (1 + error), "because", fitted)
    assert (judgement.claim, judgement.verdict) == (CLAIM, verdict)
    assert judgement.reason.startswith("because")


def test_a_judged_number_is_shown_with_its_distance():
    assert judge_number(CLAIM, 10_941.118).ours == "10,941.1 (+1.5 %)"
    assert (
        judge_number("B07", -1206.7).verdict == "reproduced"
    )  # a negative value has a distance too


@pytest.mark.parametrize(
    ("true", "verdict"),
    [
        (10, "reproduced in shape"),
        (9, "reproduced in shape"),
        (8, "not reproduced"),
        (0, "not reproduced"),
    ],
)
def test_hours_are_judged_by_nine_of_ten(true, verdict):
    judgement = judge_hours("A24", pd.Series([True] * true + [False] * (10 - true)))
    assert (judgement.verdict, judgement.ours) == (verdict, f"holds in {true} of 10 hours")


def test_hours_that_fail_are_named():
    judgement = judge_hours(
        "A24", pd.Series([True, False, True, False], [11, 12, 13, 14]), "as drawn"
    )
    assert judgement.reason == "as drawn; fails in hours 12, 14"
    assert judge_hours("A24", pd.Series([True], [11]), "as drawn").reason == "as drawn"


def test_settings_and_contradictions_have_their_own_verdicts():
    assert judge_setting("A22", "1e-4", "taken over").verdict == "setting"
    assert (
        judge_contradiction("A08", "12.28", "A01 to A07").verdict
        == "contradicted by the paper itself"
    )
    assert judge_theorem("A14", True, "7 levels", "why").verdict == "theorem"
    assert {"setting", "theorem", "contradicted by the paper itself"} < set(VERDICTS)


def test_what_is_true_of_any_data_and_fails_is_not_reproduced():
    """A theorem that fails and a setting that was changed are shown as such, and test nothing."""
    for judged in (
        judge_theorem("A14", False, "7 levels", "why"),
        judge_setting("A22", "3", "changed", holds=False),
    ):
        assert judged.verdict == "not reproduced" and not judged.free


def test_only_what_could_fail_is_free():
    every = pd.Series([True] * 3)
    free = [
        judge_number(CLAIM, 1.0),
        judge_hours("A24", every),
        judge_relation("A24", True, "", ""),
    ]
    bound = [
        judge_number(CLAIM, VALUE, fitted=True),
        judge_number("A19", 1.0, testable=False),
        judge_hours("A24", every, fitted=True),
        judge_relation("A24", False, "", "", fitted=True),
        judge_setting("A22", "", ""),
        judge_theorem("A14", True, "", ""),
        judge_contradiction("A08", "", ""),
    ]
    assert all(judgement.free for judgement in free)
    assert not any(judgement.free for judgement in bound)
    assert as_table(free)["free"].all()


def test_the_ledger_puts_claims_beside_verdicts():
    judged = as_table([judge_number("A02", 5481.04), judge_number(CLAIM, 1.0, "far off")])
    table = ledger(judged)
    assert list(table.index) == ["A01", "A02"]
    assert table.loc["A01", ["value", "unit", "verdict", "reason"]].tolist() == [
        VALUE,
        "yuan/day",
        "not reproduced",
        "far off",
    ]
    assert table.loc["A02", "statement"] == claims().loc["A02", "statement"]


def test_the_ledger_refuses_everything_wrong_at_once():
    judged = as_table(
        [
            Judgement("Z99", "1", "reproduced", ""),
            Judgement("A01", "1", "splendid", ""),
            Judgement("A02", "1", "reproduced", ""),
            Judgement("A02", "2", "not reproduced", ""),
        ]
    )
    with pytest.raises(WrongInput) as refused:
        ledger(judged)
    assert refused.value.faults == [
        "ledger: unknown claim Z99",
        "ledger: unknown verdict splendid",
        "ledger: two verdicts on A02",
    ]


def test_the_claims_file_is_the_project_s():
    assert published.CLAIMS.is_file() and published.CLAIMS.name == "claims.csv"
