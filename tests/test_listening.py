"""What the words of a negotiation give away: the points are true, and the guesses are measured against the model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import array, case, grid, load, pv, vpp

from vppcore import cooperate, load_case, pool
from vppcore.cooperation import listening
from vppcore.cooperation.certificate import AtPrices
from vppcore.cooperation.guessing import Heard, first, from_falling_curves, from_lines, missed
from vppcore.cooperation.listening import (
    A_NEIGHBOUR,
    ANYWHERE,
    AT_THE_TABLE,
    TARIFFS_ALONE,
    answers_of,
    heard_at_table,
    heard_by,
    known_worth,
    own_answer,
    rebuilt,
)
from vppcore.errors import NotSolved, WrongInput
from vppcore.pages import figures_theory_trade as theory
from vppcore.pages import words_cooperation


@pytest.fixture(scope="module")
def parent():
    return load_case("paper-a-parent")


@pytest.fixture(scope="module")
def exact(parent):
    """Talks that go on until they are nearly exact."""
    return cooperate(parent, tolerance=1e-5, max_iterations=3000)


# --- the points are true --------------------------------------------------------------------------
@pytest.mark.parametrize("order", ["sequential", "parallel"])
def test_what_is_heard_is_what_the_vpp_likes_best_at_that_price(parent, order):
    """Two roads: the least cost at the heard prices is what the answer itself costs there.

    The answer is rebuilt from messages alone, and what it costs was kept by its owner.
    """
    talks = cooperate(parent, order=order, tolerance=1e-5, max_iterations=3000)
    pairs = [(i, j) for i in parent.names for j in parent.names if i != j]
    for tied in parent.connected():
        name = tied.name
        told, _ = answers_of(parent, talks, name)
        last = told[-1]
        partners = [other for other in parent.names if other != name]
        prices = {}
        for other in partners:
            pair = (name, other) if (name, other) in talks.multipliers else (other, name)
            prices[name, other] = talks.multipliers[pair].to_numpy()
        least = AtPrices(tied, pairs, "auto").least_cost(prices)
        paid = sum(prices[name, other] @ last[:, k] for k, other in enumerate(partners))
        own = talks.history[f"cost {name} (yuan)"].iloc[-1]
        assert own + paid == pytest.approx(least, rel=2e-3)


def test_the_worth_of_a_kwh_is_the_bus_price_of_the_joint_optimum():
    """A sells to B, both with steady marginal costs: what is heard are the tariffs that each would use."""
    seller = vpp(pv(50.0, 50.0), grid([0.8, 1.2], [0.2, 0.3]), name="A")
    buyer = vpp(load(20.0, 20.0), grid([0.8, 1.2], [0.2, 0.3]), name="B")
    made = case(seller, buyer, limit=100.0, crossing_fee=0.05)
    talks = cooperate(made, tolerance=1e-5)
    for name, expected in (("A", [0.2, 0.3]), ("B", [0.3, 0.4])):
        told, worth = answers_of(made, talks, name)
        assert abs(told[-1, :, 0]) == pytest.approx([20.0, 20.0], rel=1e-2)
        # A is indifferent at its feed-in price; B's worth is A's and two fees
        assert heard_at_table(told, worth).prices[-1] == pytest.approx(expected, abs=2e-2)
    prices = pool(made).dispatches["A"].prices["electricity"].to_numpy()
    assert prices == pytest.approx([0.2, 0.3], abs=1e-6)


def test_a_trade_of_nothing_tells_no_price():
    worth = np.array([[[np.nan, 2.0]], [[np.nan, np.nan]], [[4.0, 2.0]]])
    assert known_worth(worth)[:, 0].tolist() == [2.0, 2.0, 3.0]
    assert known_worth(worth[:, :, [0]])[:, 0].tolist() == [4.0, 4.0, 4.0]
    assert known_worth(np.full((2, 1, 1), np.nan)).tolist() == [[0.0], [0.0]]


def test_a_neighbour_hears_its_own_pair_alone(parent, exact):
    told, worth = answers_of(parent, exact, "VPP1")
    alone = heard_by(told, worth, 0)
    assert np.array_equal(alone.net, told[:, :, 0])
    assert heard_at_table(told, worth).net == pytest.approx(told.sum(axis=2))


# --- the truth ------------------------------------------------------------------------------------
def test_the_own_answer_by_hand():
    """A load of 10 kW and a market at 0.5: between 0.2 and 0.8 it takes its load there and no more."""
    made = case(
        vpp(load(10.0, 10.0), grid([0.8, 0.8], [0.2, 0.2], buy_max=100.0), name="A"),
        vpp(load(5.0, 5.0), grid([0.8, 0.8], [0.2, 0.2]), name="B"),
        limit=30.0,
    )
    answer = own_answer(made, "A")
    assert answer(array(0.5, 0.5)) == pytest.approx([10.0, 10.0])
    assert answer(array(0.5, 0.9)) == pytest.approx([10.0, -30.0])  # it buys for the market
    assert answer(array(0.1, 0.5)) == pytest.approx([30.0, 10.0])


def test_a_step_of_the_curve_that_was_heard_on_both_sides_is_rebuilt():
    """A turbine at 0.5 a kWh: it buys below and makes above; heard at 0.4 and 0.6 all is known."""
    heard = Heard(np.array([[0.4], [0.6]]), np.array([[10.0], [0.0]]))
    asked = np.array([[0.35], [0.65]])
    assert missed(from_falling_curves, heard, asked, np.array([[10.0], [0.0]])) == 0
    assert missed(from_falling_curves, first(heard, 1), asked, np.array([[10.0], [0.0]])) == 1


# --- the guesses ----------------------------------------------------------------------------------
def test_falling_curves_average_points_that_rise():
    heard = Heard(np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]]))
    assert from_falling_curves(heard, np.array([1.5])).tolist() == [4.0]
    assert from_lines(heard, np.array([1.5])).tolist() == [4.0]


def test_nothing_to_guess_is_said():
    heard = Heard(np.ones((1, 1)), np.ones((1, 1)))
    assert np.isnan(missed(from_lines, heard, np.ones((1, 1)), np.zeros((1, 1))))


def test_more_rounds_tell_more_and_not_all(parent):
    table = rebuilt(parent, cooperate(parent))
    for name in parent.names:
        rows = table.xs(name, level="VPP")
        assert rows[AT_THE_TABLE].iloc[-1] < rows[AT_THE_TABLE].iloc[0]
        assert rows[AT_THE_TABLE].iloc[-1] > 0.1
    assert table[TARIFFS_ALONE].to_numpy() == pytest.approx(1.0)
    assert list(table.columns) == [AT_THE_TABLE, A_NEIGHBOUR, TARIFFS_ALONE, ANYWHERE]


def test_asked_prices_lie_within_the_tariffs(parent, exact):
    told, worth = answers_of(parent, exact, "VPP2")
    heard = heard_at_table(told, worth)
    low, high = listening.range_of_prices(parent.vpp("VPP2"), heard)
    for asked in listening.asked_prices(heard, (low, high), 0.1, 50, 1):
        assert ((asked >= low) & (asked <= high)).all() and asked.shape == (50, 24)


def test_without_a_grid_the_heard_prices_are_the_range():
    made = case(
        vpp(load(10, 0, 4), grid([1, 1, 1], [0, 0, 0]), name="town"),
        vpp(load(1, 0, 1), pv(9, 9, 9), name="island"),
    )
    table = rebuilt(made, cooperate(made), tests=3)
    assert set(table.index.get_level_values("VPP")) == {"town", "island"}


def test_a_stranger_and_a_silent_result_are_refused(parent, exact):
    with pytest.raises(WrongInput, match="name: found 'Nobody'; allowed: VPP1, VPP2, VPP3"):
        answers_of(parent, exact, "Nobody")
    with pytest.raises(WrongInput, match="found talks among nobody"):
        answers_of(parent, pool(parent), "VPP1")


# --- on the page ----------------------------------------------------------------------------------
def errors(**by_vpp) -> pd.DataFrame:
    """What `rebuilt` finds, made up: VPP -> the errors at the table after 1, 5 and 9 rounds."""
    rows = {
        (name, rounds): {
            AT_THE_TABLE: off,
            A_NEIGHBOUR: off + 0.1,
            TARIFFS_ALONE: 1.0,
            ANYWHERE: 1.0,
        }
        for name, each in by_vpp.items()
        for rounds, off in zip((1, 5, 9), each, strict=True)
    }
    return listening.table_of(rows)


def test_the_sentence_says_what_is_missed_early_and_in_the_end():
    said = words_cooperation.given_away({"mine": errors(A=(1.2, 0.6, 0.5), B=(0.9, 0.4, 0.4))})
    assert "by 40 to 60 % after 5 rounds and by 40 to 50 % after all 9" in said
    assert "guesses best misses them by 50 to 60 % then" in said
    assert "tariffs alone by 100 %" in said


def test_the_figure_draws_each_vpp_and_who_knows_the_tariffs_alone():
    found = {
        "mine": errors(A=(1.2, 0.6, 0.5), B=(0.9, 0.4, 0.4)),
        "other": errors(A=(1.0, 0.8, 0.7)),
    }
    axes = theory.given_away(found)
    first, second = axes.figure.axes
    drawn = [list(line.get_ydata()) for line in first.get_lines()]
    assert drawn[0] == pytest.approx([120, 60, 50]) and drawn[1] == pytest.approx([130, 70, 60])
    assert len(drawn) == 5 and len(second.get_lines()) == 3
    assert first.get_ylim()[0] == 0 and first.get_ylim()[1] > 130


def test_prices_at_which_a_solver_stops_early_are_left_out():
    def answer(prices):
        if prices[0] > 1:
            raise NotSolved("too odd", "inaccurate" if prices[0] < 3 else "infeasible")
        return 2 * prices

    asked, liked = listening.answered(answer, np.array([[1.0], [2.0], [0.5]]))
    assert asked.tolist() == [[1.0], [0.5]] and liked.tolist() == [[2.0], [1.0]]
    with pytest.raises(NotSolved, match="too odd"):
        listening.answered(answer, np.array([[2.0]]))
    with pytest.raises(NotSolved, match="too odd"):
        listening.answered(answer, np.array([[1.0], [4.0]]))
