"""The ledger in words: counts and printed costs by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from vppcore import WrongInput
from vppcore.pages import words_ledger
from vppcore.pages.published import VERDICTS, published_value


def verdicts() -> pd.DataFrame:
    """Six verdicts on claims of both papers."""
    rows = {
        "A05": ("A", "reproduced", ""),
        "A24": ("A", "reproduced in shape", ""),
        "A08": ("A", "contradicted by the paper itself", ""),
        "B04": ("B", "reproduced in shape", "a theorem while there is an excess"),
        "B16": ("B", "by construction", ""),
        "B15": ("B", "not reproduced", ""),
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["paper", "verdict", "reason"])
    return table.assign(statement=[f"says {claim}" for claim in rows], ours="1")


def test_counts_add_up_by_paper_and_verdict():
    count = words_ledger.count_by_paper(verdicts())
    assert count.loc["together"].to_dict() == {"A": 3, "B": 3, "both": 6}
    assert count.loc["reproduced in shape"].tolist() == [1, 1, 2]
    assert list(count.index) == [*VERDICTS, "together"]
    assert words_ledger.by_paper(count) == (
        "With nothing fitted came out 2 of 3 claims of paper A and 1 of 3 claims of paper B."
    )


def test_what_came_out_is_said_and_listed():
    assert words_ledger.came_out(verdicts()) == (
        "With nothing fitted to them 3 of 6 claims came out: 1 number within one percent "
        "whichever of the cheapest trades are found, and 2 "
        "statements without a number, 1 of which hold on any day since they are theorems. 1 hold "
        "by construction, which is no evidence; 1 cannot hold beside others of the same paper, and "
        "1 did not come out."
    )
    shown = words_ledger.what_came_out(verdicts())
    assert list(shown.index) == ["A05", "A24", "B04"]
    assert shown.loc["B04", "the paper says"] == "says B04"
    none = words_ledger.came_out(verdicts().iloc[[5]])
    assert "0 of 1 claim came out" in none and "theorem" not in none


def test_claims_that_wait_are_named():
    said = words_ledger.waiting_claims(verdicts())
    assert said.startswith("6 of ") and "A01" in said and "A05" not in said


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
