"""What ends the talks: both residuals, or the change of the trades alone."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from builders import case, grid, load, pv, seller_and_buyer, vpp

from vppcore import alone, cooperate, pool
from vppcore.cooperation.admm import has_ended, negotiate
from vppcore.cooperation.settings import Settings
from vppcore.pages import stops, words_cooperation


@pytest.fixture(scope="module", params=["sequential", "parallel"])
def hasty(parent, request):
    return cooperate(parent, order=request.param, stopping="change")


def changes_by_messages(result, iteration: int) -> list[float]:
    """By how much each VPP's own trades have changed since the round before, as a share of them.

    Second road: from what was said alone, as anybody could who keeps what a VPP has told.
    """
    told = defaultdict(dict)
    for message in result.messages:
        if message.kind == "expected trade":
            told[message.sender, message.iteration][message.receiver] = message.content
    names = {sender for sender, _ in told}
    shares = []
    for name in names:
        now, before = (
            np.concatenate([told[name, each][other] for other in sorted(names - {name})])
            for each in (iteration, iteration - 1)
        )
        shares.append(float(np.linalg.norm(now - before) / np.linalg.norm(now)))
    return shares


def test_talks_end_in_the_first_round_in_which_no_vpp_s_trades_change(hasty):
    largest = [max(changes_by_messages(hasty, n)) for n in range(2, hasty.iterations + 1)]
    assert largest[-1] <= 1e-3 < min(largest[:-1])
    said = hasty.history["relative change"]
    assert np.isnan(said.iloc[0])
    assert said.iloc[1:].to_numpy() == pytest.approx(np.array(largest))


def test_standing_still_is_not_agreeing(hasty, parent):
    """The talks end in a standstill, say that nobody has agreed, and are certified all the same."""
    last = hasty.history.iloc[-1]
    assert last["relative primal"] > 10 * 1e-3 and not hasty.agreed
    assert hasty.note.startswith(
        f"the trades hardly changed, not agreed after {hasty.iterations} iterations"
    )
    usual = cooperate(parent, order=hasty.method.removeprefix("ADMM, "))
    assert usual.agreed and usual.iterations > hasty.iterations
    best = pool(parent).cost
    proof = hasty.certificate
    assert proof.lower <= best <= proof.upper
    assert proof.upper - best > 10 * (usual.cost - best)


def test_both_residuals_stay_the_rule_if_nothing_is_said(parent):
    assert (cooperate(parent).trades == cooperate(parent, stopping="residuals").trades).all(
        axis=None
    )


class Stubborn:
    """Wants the same trade whatever it is told."""

    def __init__(self, wish: float):
        self.wish = wish

    def expect(self, pull: np.ndarray, penalty: float) -> np.ndarray:
        return np.full(pull.shape, self.wish)


@pytest.mark.parametrize("order", ["sequential", "parallel"])
def test_two_who_never_move_end_in_the_second_round(order):
    """Both want to receive 1 kW. There is no round before the first, so the second ends the talks."""
    agents, partners = {"A": Stubborn(1.0), "B": Stubborn(1.0)}, {"A": ("B",), "B": ("A",)}
    how = Settings(penalty=1.0, order=order, stopping="change")
    talks = negotiate(agents, partners, 3, how)
    assert len(talks.history) == 2 and not talks.agreed
    assert has_ended(talks.history[-1], how) and not has_ended(talks.history[0], how)
    patient = negotiate(agents, partners, 3, Settings(penalty=1.0, order=order, max_iterations=9))
    assert len(patient.history) == 9 and not patient.agreed


def test_two_who_want_the_same_agree_by_either_rule():
    agents, partners = {"A": Stubborn(1.0), "B": Stubborn(-1.0)}, {"A": ("B",), "B": ("A",)}
    ended = negotiate(agents, partners, 2, Settings(penalty=1.0, stopping="change"))
    assert ended.agreed and len(ended.history) == 2


def test_where_nobody_trades_the_case_s_size_says_what_is_small():
    """A fee that ends all trade: shares of nothing would never be small, or always."""
    result = cooperate(seller_and_buyer(fee=2.0), stopping="change")
    assert result.iterations < 500
    assert not result.trades.to_numpy().any()


@pytest.mark.parametrize("order", ["sequential", "parallel"])
@pytest.mark.parametrize("stopping", ["residuals", "change"])
@pytest.mark.parametrize("power", [1e-3, 1.0, 1e3])
def test_where_a_fee_ends_all_trade_what_is_left_of_the_talks_counts_as_zero(
    stopping, order, power
):
    """The talks end some millionths of a load from no trade: they cannot tell these from zero."""
    result = cooperate(in_size(power, 1.0, fee=2.0), stopping=stopping, order=order)
    assert result.agreed and not result.trades.to_numpy().any()
    assert result.cost == pytest.approx(
        sum(each.cost for each in alone(in_size(power, 1.0)).values())
    )


def in_size(power: float, price: float, fee: float = 0.01):
    """A seller and a buyer with loads of that size at prices of that size."""
    prices = grid([1.0 * price, 0.8 * price], [0.2 * price, 0.2 * price])
    seller = vpp(pv(10 * power, 5 * power), load(1 * power, 2 * power), prices, name="seller")
    buyer = vpp(load(10 * power, 8 * power), prices, name="buyer")
    return case(seller, buyer, limit=6.0 * power, crossing_fee=fee * price)


def test_the_rule_grows_with_the_case():
    """Ten times the power and thirty times the prices: the same talks, iteration by iteration."""
    small, large = (cooperate(in_size(*sizes), stopping="change") for sizes in ((1, 1), (10, 30)))
    assert small.iterations == large.iterations
    assert large.history["relative change"].to_numpy() == pytest.approx(
        small.history["relative change"].to_numpy(), rel=1e-6, nan_ok=True
    )


# --- what pages say -------------------------------------------------------------------------------
def test_a_page_s_rows_are_what_the_talks_give():
    there = {"a pair": seller_and_buyer()}
    ended = stops.ends_of_talks(there, penalty=0.02, tolerance=1e-3, stopping="change")
    assert ended["ends with"].tolist() == ["both residuals", "change of trades"]
    for rule, row in zip(stops.RULES, ended.itertuples(), strict=True):
        again = cooperate(there["a pair"], penalty=0.02, stopping=rule)
        assert row.rounds == again.iterations
        assert ended.loc[row.Index, "open (yuan)"] == pytest.approx(
            again.certificate.upper - again.certificate.lower
        )
        excess = again.cost - pool(there["a pair"]).cost
        assert ended.loc[row.Index, "dearer than the best (yuan)"] == pytest.approx(excess)


def test_rounds_are_counted_for_each_tolerance_and_given_up_ones_are_not_numbers():
    there = {"a pair": seller_and_buyer()}
    counts = stops.rounds_by_tolerance(there, (1e-1, 1e-4), penalty=0.02, max_iterations=500)
    for rule, column in zip(stops.RULES, counts, strict=True):
        for tolerance, rounds in counts[column].items():
            again = cooperate(there["a pair"], 0.02, tolerance=float(tolerance), stopping=rule)
            assert rounds == again.iterations
    given_up = stops.rounds_by_tolerance(there, (1e-9,), penalty=0.02, max_iterations=1)
    assert given_up.isna().all(axis=None)


def test_words_say_which_rounds_the_paper_prints():
    counts = pd.DataFrame({"one": [8, 32, None], "other": [7, 12, 50]})
    said = words_cooperation.printed_rounds(counts, 32)
    assert said.startswith("Of these 5 talks 1 took 32 rounds") and said.endswith("7 to 50.")
    assert "5 talks none took 31" in words_cooperation.printed_rounds(counts, 31)
    assert words_cooperation.printed_rounds(counts * np.nan, 32) == ""
    ended = pd.DataFrame(
        {
            "case": ["fitted", "fitted"],
            "ends with": ["both residuals", "change of trades"],
            "rounds": [19, 16],
            "trades disagree (%)": [0.0241, 0.381],
            "open (yuan)": [0.43, 0.69],
        }
    )
    said = words_cooperation.ends_of_talks(ended)
    assert said.startswith("Fitted, both residuals: 19 rounds, 0.024 % of the trades")
    assert said.endswith("0.690 yuan left open.")
