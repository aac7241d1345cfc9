"""Sentences on mechanisms, a real week, a feeder and fairness follow the run, whatever it is."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pandas as pd
import pytest
from test_words import fixed_texts

from vppcore import alone, load_case, pool, trade_by_game
from vppcore.game.rules import Rules
from vppcore.pages import tables, tables_b, tables_game, words_c
from vppcore.splits import Splits

NAMED = "game (paper B): elastic, text"


# --- mechanisms -----------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def three_ways(handmade, five):
    game = trade_by_game(handmade, five, Rules.of_the_text(), starts=0)
    return game, pool(handmade)


def test_items_of_three_ways_add_up(five, three_ways):
    game, best = three_ways
    items = tables_b.items_of_three(five, game, best)
    total = items.loc["total"]
    assert total["alone"] == pytest.approx(sum(result.cost for result in five.values()))
    assert total["game"] == pytest.approx(game.cost)
    assert total["planned together"] == pytest.approx(best.cost)
    said = words_c.planner_does_better(items)
    assert f"costs {game.cost - best.cost:,.0f} yuan less than the game" in said


def test_bills_of_the_planner_that_are_named_add_up(five, three_ways):
    items = tables_b.items_of_three(five, *three_ways)
    said = words_c.planner_does_better(items).split("In yuan, ")[1]
    total = 0.0
    for word, number in re.findall(r"(falls|grows) by ([\d,]+(?:\.\d+)?)", said):
        total += (1 if word == "falls" else -1) * float(number.replace(",", ""))
    sales = re.search(r"income from sales to the grid (falls|grows) by ([\d,]+)", said)
    assert sales
    total += (-2 if sales[1] == "falls" else 2) * float(sales[2].replace(",", ""))
    saved = items.loc["total", "game"] - items.loc["total", "planned together"]
    assert total == pytest.approx(saved, rel=0.02)


def test_ways_are_compared_in_shares_of_what_is_possible():
    rows = {
        "alone": (100.0, 9.0, 0.0),
        NAMED: (80.0, 6.0, 20.0),
        "planned together (paper A)": (60.0, 3.0, 40.0),
    }
    columns = ["cost (yuan)", "CO2 (t)", "saved (yuan)"]
    summary = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    said = words_c.ways_compared(summary, NAMED)
    assert "the game reaches 50 % of that" in said and "from 9.00 t to 6.00" in said
    nothing = summary.assign(**{"saved (yuan)": 0.0})
    assert words_c.ways_compared(nothing, NAMED).startswith("Neither trade")
    assert tables_game.row_of(Rules.of_the_text()) == NAMED


@pytest.mark.parametrize(
    ("game", "said"),
    [
        (9.0, "A would be better off"),
        (1.0, "Nobody is better off with the game than with bargaining."),
    ],
)
def test_who_gains_more_by_the_game(game, said):
    gains = pd.DataFrame({"game": [game, 1.0], "bargaining": [5.0, 7.0]}, ["A", "B"])
    assert words_c.who_gains_more(gains).startswith(said)
    assert "B 6.00 yuan more" in words_c.who_gains_more(gains)


def test_a_ladder_that_makes_cooperation_worth_less_is_said_to():
    columns = ["alone (yuan)", "together (yuan)", "saving (yuan)"]
    table = pd.DataFrame([[100.0, 60.0, 40.0], [110.0, 75.0, 35.0]], ["flat", "stepped"], columns)
    assert words_c.ladder_in_a(table) == (
        "With the ladder cooperation saves 35.0 yuan, 5.00 yuan less than with the flat price: the "
        "ladder costs the VPPs 10.0 yuan if they are alone and 15.0 if they cooperate."
    )


def test_energy_is_said_by_way():
    energy = pd.concat({"game": pd.DataFrame({"supplied": [1.0], "received": [1.0]})}, axis=1)
    assert words_c.energy_moved(energy) == "Between VPPs pass 1.00 MWh (game)."


# --- a real week ----------------------------------------------------------------------------------
def test_a_week_is_said_with_its_proof():
    template = load_case("template")
    apart = tables.cost_alone(alone(template)).sum()
    best = pool(template)
    proof = SimpleNamespace(lower=best.cost - 1)
    agreed = SimpleNamespace(cost=best.cost, certificate=proof)
    said = words_c.week_said(apart, best, agreed, 24)
    assert said.startswith("Over 24 steps the VPPs pay 127 yuan alone")
    assert f"no schedule costs less than {words_c.in_digits(best.cost - 1)}" in said
    assert words_c.described(template).startswith(template.description.title)


def test_income_alone_is_said_only_where_there_is_one():
    table = pd.DataFrame({"alone": [-5.0, 9.0], "gain": [3.0, 1.0]}, ["A", "B"])
    table.loc["cluster"] = table.sum()
    said = words_c.gains_said(table)
    assert said == (
        "A gains most (3.00 yuan) and B least (1.00). A has a negative cost alone, which is income."
    )
    assert "income" not in words_c.gains_said(table.abs())


def test_the_bill_that_changes_most_is_named():
    apart = pd.DataFrame({"A": [10.0, -4.0, 6.0]}, ["gas", "electricity sale", "total"])
    together = pd.DataFrame({"A": [9.0, 0.0, 9.0]}, ["gas", "electricity sale", "total"])
    assert words_c.shown_vpp("A", apart, together) == (
        "In the joint optimum A's own schedule costs 3.00 yuan more than alone, before any payment; "
        "most changes this: income from sales to the grid falls by 4.00 yuan."
    )


def test_shorter_steps_and_a_grid_that_does_not_carry():
    steps = pd.DataFrame(
        {
            "long": [1.0, 8.0, 100.0, 10.0],
            "short": [0.25, 9.0, 99.0, 9.5],
        },
        ["step (h)", "peak load (MW)", "alone (yuan)", "saving (%)"],
    )
    said = words_c.steps_compared(steps)
    assert "the peak of the load is 1.00 MW more, the cost alone 1.00 yuan less" in said
    check = pd.DataFrame({"lowest voltage": [0.9], "highest voltage": [1.0]}, ["alone"])
    assert words_c.grid_said(check, 0.95, 1.05).startswith("Not all voltages stay")
    full = words_c.grid_said(check.assign(**{"highest line loading": 1.3}), 0.85, 1.05)
    assert full.startswith("All voltages stay") and full.endswith("130 % of what it may.")


# --- the feeder -----------------------------------------------------------------------------------
def blind() -> pd.DataFrame:
    rows = {
        ("here", "alone"): (0.94, 1.0, 3),
        ("here", "together"): (0.90, 1.0, 5),
        ("there", "alone"): (0.95, 1.0, 2),
        ("there", "together"): (0.9501, 1.0, 2),
    }
    columns = ["lowest voltage", "highest voltage", "steps outside"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    table.index = pd.MultiIndex.from_tuples(rows)
    return table


def test_placements_are_said_one_by_one():
    said = words_c.placements_said(blind())
    assert 'at "here" the lowest voltage falls by 0.040 and 2 more steps leave' in said
    assert 'at "there" the lowest voltage hardly moves and as many steps' in said


def test_a_placement_without_a_schedule_within_limits():
    limited = pd.DataFrame({"here": [30.0, 40.0]}, ["saving (yuan)", "saving without limits"])
    assert words_c.feeder_said(blind(), limited, "here", 40.0).endswith("30.0 of 40.0 yuan, 75 %.")
    assert words_c.feeder_said(blind(), limited, "there", 40.0).endswith("no schedule keeps them.")
    assert words_c.limits_said(limited).endswith('there is left 75 % at "here".')


def test_prices_of_the_feeder():
    prices = pd.DataFrame({"A": [0.0, -0.2], "B": [0.1, 0.0]}, index=[1, 2])
    assert "in step 2 at A: one more kWh withdrawn costs −0.20" in words_c.network_prices_said(
        prices
    )
    assert words_c.network_prices_said(0 * prices).startswith("No limit binds")


# --- fairness -------------------------------------------------------------------------------------
def judged(**stable: list[bool]) -> dict[str, pd.DataFrame]:
    rules = ["Nash bargaining", "nucleolus"]
    return {
        case: pd.DataFrame(
            {"in the core": held, "largest excess (yuan)": [7.0, -1.0], "of": "A + B"}, rules
        )
        for case, held in stable.items()
    }


def test_who_would_leave_and_why():
    table = judged(one=[True, True], two=[False, True])
    assert words_c.who_would_leave(table) == (
        "In one nobody gains by leaving the bargained split; in two A + B would gain 7.00 yuan by "
        "leaving it."
    )
    assert words_c.stable_rules(table) == "Stable in every case: nucleolus."
    assert words_c.stable_rules(judged(one=[False, False])) == (
        "No rule is always stable. In one none of the four rules is."
    )
    assert "reward energy" in words_c.why_it_fails(table, "contribution")
    assert "equal weights" in words_c.why_it_fails(table, "equal")
    assert words_c.why_it_fails(judged(one=[True, True]), "equal") == ""


def test_what_a_feeder_takes():
    stable = judged(one=[False, True])["one"]
    assert words_c.feeder_takes(10.0, -5.0, stable) == (
        "The feeder's limits take 10.0 yuan from the saving of all, and with the best split a "
        "coalition loses 5.00 yuan at least by leaving. Stable there: nucleolus."
    )
    assert "even the best split leaves a coalition 5.00" in words_c.feeder_takes(10.0, 5.0, stable)


def test_where_rules_differ_most():
    gains = pd.DataFrame({"equal": [5.0, 5.0], "nucleolus": [1.0, 9.0]}, ["A", "B"])
    said = words_c.rules_apart({"mine": Splits({}, gains)})
    assert "in mine they differ most for A, from 1.00 yuan (nucleolus) to 5.00 (equal)" in said


# --- pages ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "notebook",
    [
        "mechanisms",
        "real_week",
        "rolling",
        "community",
        "deliverable",
        "fairness_study",
        "multiple_game",
    ],
)
def test_no_fixed_text_names_a_vpp_that_another_run_may_lack(notebook):
    untrue = []
    for cell, paragraph in fixed_texts(notebook):
        words_only = re.sub(r"`[^`]*`", "", paragraph)
        excused = re.search(r"in the book|paper|\*\*Try it", words_only, re.IGNORECASE)
        if re.search(r"VPP\d", words_only) and not excused:
            untrue.append((cell, paragraph))
    assert untrue == []


def test_where_no_placement_has_a_schedule_the_page_says_so_and_what_may_help():
    said = words_c.nowhere_said(["chosen", "near"], 0.95, 1.05)
    assert 'within 0.95 and 1.05 at "chosen" or "near"' in said and "background" in said
    assert words_c.nothing_to_grant_said("chosen").startswith('At "chosen" no schedule')
