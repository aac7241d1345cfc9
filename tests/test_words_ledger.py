"""The ledger in words: counts and printed costs by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from vppcore import WrongInput
from vppcore.pages import words_ledger
from vppcore.pages.published import SOMEWHERE, VERDICTS, published_value


def verdicts() -> pd.DataFrame:
    """Eight verdicts on claims of both papers."""
    rows = {
        "A05": ("A", "reproduced", "", True),
        "A24": ("A", "reproduced in shape", "", True),
        "A08": ("A", "contradicted by the paper itself", "", False),
        "A19": ("A", "not reproduced", "a time", False),
        "B04": ("B", "theorem", "the ladder lies above", False),
        "B08": ("B", "reproduced in shape", "in part a theorem: the total is", True),
        "B16": ("B", "met by fitting", "", False),
        "B15": ("B", "not reproduced", "", True),
    }
    columns = ["paper", "verdict", "reason", "free"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.assign(statement=[f"says {claim}" for claim in rows], ours="1")


def test_counts_add_up_by_paper_and_verdict():
    count = words_ledger.count_by_paper(verdicts())
    assert count.loc["together"].to_dict() == {"A": 4, "B": 4, "both": 8}
    assert count.loc["reproduced in shape"].tolist() == [1, 1, 2]
    assert list(count.index) == [*VERDICTS, "together"]
    assert words_ledger.by_paper(count) == (
        "Free to fail and held: 2 of 4 claims of paper A and 1 of 4 claims of paper B."
    )


def test_what_came_out_is_said_and_listed():
    assert words_ledger.freedom(verdicts()) == (8, 4, 3)
    assert words_ledger.came_out(verdicts()) == (
        "Of 8 statements of the two papers 4 were free to fail, and 3 of these held: 1 number "
        "within one percent and 2 statements without a number. 1 did not. The other 4 say nothing "
        "of the papers' results: 1 met by fitting, 1 theorems, true for any data, 1 excluded by "
        "others of the same paper and 1 aimed at and missed or beyond any test."
    )
    shown = words_ledger.what_came_out(verdicts())
    assert list(shown.index) == ["A05", "A24", "B08"]
    assert shown.loc["B08", "the paper says"] == "says B08"
    none = words_ledger.came_out(verdicts().loc[["B15"]])
    assert "1 were free to fail, and 0 of these held: no number" in none and "other" not in none


def test_what_hangs_on_the_schedule_is_said_with_the_count():
    some = verdicts()
    some.loc["A05", "reason"] = f"within one percent {SOMEWHERE}: 1 to 2"
    said = words_ledger.came_out(some)
    assert "1 did not. Of those that held, 1 do so at some of the cheapest" in said


def test_theorems_are_listed_with_their_reasons_wholly_or_in_part():
    listed = words_ledger.theorems(verdicts())
    assert list(listed.index) == ["B04", "B08"]
    assert listed.loc["B04", "why"] == "the ladder lies above"


def test_claims_that_wait_are_named():
    said = words_ledger.waiting_claims(verdicts())
    assert said.startswith("8 of ") and "A01" in said and "A05" not in said


# --- the printed costs by level -------------------------------------------------------------------
def sweep() -> pd.DataFrame:
    return pd.DataFrame(
        {"alone": [100.0, 110.0, 118.0], "together": [90.0, 95.0, 99.0]}, index=[0, 2, 4]
    )


def test_printed_costs_are_those_of_the_claims():
    printed = words_ledger.printed_costs()
    assert printed.loc[2].tolist() == [published_value("A09"), published_value("A10")]
    apart = printed.loc[0, "alone"] - printed.loc[0, "together"]
    assert apart == pytest.approx(sum(published_value(f"A0{k}") for k in (2, 3, 4)))
    assert printed.loc[0, "alone"] == pytest.approx(87_790, abs=1)
    beside = words_ledger.costs_beside(sweep())
    assert beside.loc[2, ("ours", "together")] == 95.0
    assert beside.loc[8].isna().sum() == 3


def test_growth_is_compared_with_ours_where_ours_has_the_levels():
    said = words_ledger.growth_said(sweep())
    assert "grows by 7,970 yuan from level 0 to 2 and by 4,126 from 2 to 4, 0.52 of that" in said
    assert "ours by 10.0 and 8.00, 0.80 of that" in said
    assert "takes back 291 yuan" in said
    assert "ours" not in words_ledger.growth_said(sweep().loc[[0, 4]])


def test_limits_of_the_saving_by_hand():
    said = words_ledger.limits_of_the_saving()
    assert "at least 99,886 yuan and the saving there at least 926" in said
    assert "at most 108,138 and the saving at most 9,178, 8.5 %" in said


def test_without_a_run_of_uncertainty_there_is_a_sentence(tmp_path):
    for folder in (None, tmp_path):
        with pytest.raises(WrongInput, match="after uncertainty has run"):
            words_ledger.read_sweep(folder)
    sweep().rename_axis("level").to_csv(tmp_path / "figure_8.csv")
    assert words_ledger.read_sweep(tmp_path).loc[4, "alone"] == 118.0


def test_the_fitted_numbers_are_named_and_counted(tmp_path):
    rows = {
        "VPP": ["VPP2", "all"],
        "parameter": ["heat_load scale", "tie limit"],
        "unit": ["-", "kW"],
        "unfitted": [1.0, 2000.0],
        "fitted": [1.81, 1286.0],
    }
    pd.DataFrame(rows).to_csv(tmp_path / "fitted.csv", index=False)
    said = words_ledger.fitted_numbers(tmp_path)
    assert "2 numbers: heat load scale of VPP2 (1.00 to 1.81) and tie limit" in said
    assert "tie limit (2,000 to 1,286 kW)." in said
    assert words_ledger.fitted_numbers(None) == words_ledger.fitted_numbers(tmp_path / "none") == ""
