"""Savings of all coalitions, Shapley value, nucleolus and least core: axioms, textbook games, a second implementation."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from builders import case, grid, load, pv, seller_and_buyer, small_vpps, vpp
from coopgt import shapley_value as coopgt_shapley
from hypothesis import given, settings
from hypothesis import strategies as st
from sources_fairness import excess_at_multipliers, parts_at_multipliers, savings_of_coalitions

from vppcore import WrongInput, dispatch, load_case, pool
from vppcore.fairness import (
    MOST_VPPS,
    coalition_values,
    coalitions,
    excesses,
    least_core,
    nucleolus,
    shapley,
    stability,
)
from vppcore.grid.feeder import load_feeder
from vppcore.grid.placement import Placement

NAMES = ["A", "B", "C", "D", "E"]
SAME = 1e-5  # of the largest value: two linear programmes in a row


def game(names: list[str], worth) -> dict[tuple[str, ...], float]:
    return {members: float(worth(members)) for members in coalitions(names)}


def bankruptcy(estate: float, claims: dict[str, float]) -> dict[tuple[str, ...], float]:
    """What a coalition gets for sure: the estate less what all others claim."""
    return game(
        list(claims),
        lambda s: max(0.0, estate - sum(c for name, c in claims.items() if name not in s)),
    )


@st.composite
def games(draw, least: int = 2, most: int = 5) -> dict[tuple[str, ...], float]:
    """Any game at all: values from -100 to 100."""
    names = NAMES[: draw(st.integers(least, most))]
    return {members: float(draw(st.integers(-100, 100))) for members in coalitions(names)}


@st.composite
def savings(draw, least: int = 2, most: int = 4) -> dict[tuple[str, ...], float]:
    """Games like those of VPPs: nothing for one alone, superadditive."""
    names, worth = NAMES[: draw(st.integers(least, most))], {}
    for members in coalitions(names):
        parts = [
            worth[part] + worth[tuple(m for m in members if m not in part)]
            for size in range(1, len(members))
            for part in combinations(members, size)
        ]
        worth[members] = max(parts, default=0.0) + (
            draw(st.integers(0, 20)) if len(members) > 1 else 0.0
        )
    return worth


def scale(values) -> float:
    return max(1.0, *map(abs, values.values()))


def excess_vector(values, split: pd.Series) -> np.ndarray:
    return np.sort(
        [worth - split[list(s)].sum() for s, worth in values.items() if len(s) < len(split)]
    )[::-1]


def by_coopgt(values) -> np.ndarray:
    names = list(max(values, key=len))
    number = {name: k for k, name in enumerate(names, 1)}
    return coopgt_shapley.calculate(
        {(): 0.0} | {tuple(number[name] for name in s): worth for s, worth in values.items()}
    )


# --- Shapley value ------------------------------------------------------------------------------------------------
@settings(max_examples=40)
@given(games())
def test_the_shapley_value_is_that_of_the_library(values):
    assert shapley(values).to_numpy() == pytest.approx(by_coopgt(values), abs=1e-9)


@pytest.fixture(scope="module")
def saved(calibrated) -> dict[tuple[str, ...], float]:
    """v(S) of study A."""
    return coalition_values(calibrated)


def test_the_shapley_value_of_study_a_is_that_of_the_library(calibrated, saved):
    found = shapley(saved)
    assert list(found.index) == calibrated.names
    assert found.to_numpy() == pytest.approx(by_coopgt(saved), rel=1e-12)


@given(games(), st.integers(-5, 5))
def test_the_shapley_value_s_axioms(values, factor):
    names = list(max(values, key=len))
    found = shapley(values)
    assert found.sum() == pytest.approx(values[tuple(names)], abs=1e-9)  # efficiency
    other = game(names, lambda s: len(s) ** 2 - ("A" in s))
    added = {s: values[s] + factor * other[s] for s in values}
    assert shapley(added).to_numpy() == pytest.approx(
        (found + factor * shapley(other)).to_numpy(), abs=1e-9
    )  # additivity


@given(games(most=4), st.integers(-9, 9))
def test_who_adds_nothing_gets_nothing_and_twins_the_same(values, own):
    names = list(max(values, key=len))
    null = values | {(*s, "Z"): worth for s, worth in values.items()} | {("Z",): 0.0}
    assert shapley(null)["Z"] == pytest.approx(0, abs=1e-9)
    assert shapley(null)[names].to_numpy() == pytest.approx(shapley(values).to_numpy(), abs=1e-9)
    dummy = {s: worth + own * ("Z" in s) for s, worth in null.items()}
    assert shapley(dummy)["Z"] == pytest.approx(own, abs=1e-9)
    # Y and Z do the same for everybody: only how many of them are there counts
    both = game(
        [*names, "Y", "Z"],
        lambda s: (
            values.get(tuple(m for m in s if m in names), 0) + 3 * len({"Y", "Z"} & {*s}) ** 2
        ),
    )
    twins = shapley(both)
    assert twins["Y"] == pytest.approx(twins["Z"], abs=1e-9)


def test_the_glove_game_s_shapley_value():
    """One left glove, two right ones: 4/6 and 1/6 each."""
    values = game(["A", "B", "C"], lambda s: min("A" in s, len({"B", "C"} & {*s})))
    assert shapley(values).to_dict() == pytest.approx({"A": 4 / 6, "B": 1 / 6, "C": 1 / 6})


# --- nucleolus: games with a known one ----------------------------------------------------------------------------
CLAIMS = {"A": 100.0, "B": 200.0, "C": 300.0}
KNOWN = {
    "Talmud, 100": (bankruptcy(100, CLAIMS), (100 / 3, 100 / 3, 100 / 3)),
    "Talmud, 200": (bankruptcy(200, CLAIMS), (50, 75, 75)),
    "Talmud, 300": (bankruptcy(300, CLAIMS), (50, 100, 150)),
    "contested garment": (bankruptcy(1.0, {"A": 1.0, "B": 0.5}), (0.75, 0.25)),
    # one left glove: its owner takes all, the core is one point
    "gloves": (game(["A", "B", "C"], lambda s: min("A" in s, len({"B", "C"} & {*s}))), (1, 0, 0)),
    "two pairs of gloves": (game(["A", "B", "C", "D"], lambda s: min(len({"A", "B"} & {*s}), len({"C", "D"} & {*s}))), (0.5,) * 4),
    "majority of three": (game(["A", "B", "C"], lambda s: len(s) >= 2), (1 / 3,) * 3),
    "veto": (game(["A", "B", "C"], lambda s: "A" in s and len(s) >= 2), (1, 0, 0)),
    # the apex player wins with one other, the four others win together: homogeneous weights 3, 1, 1, 1, 1 (Peleg 1968)
    "apex": (game(NAMES, lambda s: ("A" in s and len(s) > 1) or len({*s} - {"A"}) == 4), (3 / 7, *(1 / 7,) * 4)),
    # runways of 10, 20 and 30: the saved cost; Littlechild's rule gives payments of 5, 7.5 and 17.5
    "airport": (game(["A", "B", "C"], lambda s: sum(10 * (ord(n) - 64) for n in s) - max(10 * (ord(n) - 64) for n in s)),
                (10 - 5, 20 - 7.5, 30 - 17.5)),
    "two share": (game(["A", "B"], lambda s: 10 * (len(s) == 2) + 4 * (s == ("A",))), (7, 3)),
    "unanimity": (game(NAMES, lambda s: 10 * (len(s) == 5)), (2,) * 5),
    "nothing": (game(["A", "B", "C"], lambda s: 0), (0, 0, 0)),
    "inessential": (game(["A", "B", "C"], lambda s: sum(ord(n) - 64 for n in s)), (1, 2, 3)),
}  # fmt: skip


@pytest.mark.parametrize(("values", "expected"), KNOWN.values(), ids=KNOWN.keys())
def test_the_nucleolus_of_a_known_game(values, expected):
    assert nucleolus(values).to_numpy() == pytest.approx(expected, abs=SAME * scale(values))


@pytest.mark.parametrize("solver", ["highs", "clarabel"])
def test_the_nucleolus_does_not_depend_on_the_solver(saved, solver):
    assert nucleolus(saved, solver).to_numpy() == pytest.approx(
        nucleolus(saved).to_numpy(), abs=0.5
    )
    values, expected = KNOWN["Talmud, 200"]
    assert nucleolus(values, solver).to_numpy() == pytest.approx(expected, abs=0.01)


@given(games())
def test_the_nucleolus_is_in_the_least_core(values):
    least, split = least_core(values)
    found, near = nucleolus(values), SAME * scale(values)
    assert found.sum() == pytest.approx(
        max(values.items(), key=lambda item: len(item[0]))[1], abs=near
    )
    assert split.sum() == pytest.approx(found.sum(), abs=near)
    assert excesses(values, found).iloc[0] == pytest.approx(least, abs=near)
    assert excesses(values, split).iloc[0] == pytest.approx(least, abs=near)


@given(savings(), st.lists(st.floats(-1, 1), min_size=200, max_size=200), st.floats(0.001, 1))
def test_no_other_split_has_smaller_excesses_in_order(values, noise, size):
    """Random splits near the nucleolus and far from it: an excess is smaller only where one before it is larger.

    By how much smaller depends on how much larger, since excesses are linear in the split.
    """
    found = nucleolus(values)
    best, near = excess_vector(values, found), SAME * scale(values)
    for step in np.array(noise[: len(noise) // len(found) * len(found)]).reshape(-1, len(found)):
        split = found + size * scale(values) * (step - step.mean())
        larger = excess_vector(values, split) - best
        largest_before = np.maximum.accumulate(np.append(0.0, larger[:-1]))
        assert (larger >= -20 * (near + largest_before)).all()


@settings(max_examples=20)
@given(st.integers(2, 8), st.integers(0, 10_000), st.sampled_from([0.0, 1e-6, 1e-4]))
def test_the_nucleolus_of_a_market_whose_values_a_solver_found(count, seed, noise):
    """Sellers and buyers of any size: many excesses are equal but for the noise of the solver that found the values."""
    chance = np.random.default_rng(seed)
    amounts = chance.normal(0, 1, count) * chance.choice([1, 10, 100], count)
    names = [f"V{k}" for k in range(count)]
    amount = dict(zip(names, amounts, strict=True))

    def worth(members: tuple[str, ...]) -> float:
        sold = sum(max(amount[name], 0) for name in members)
        bought = sum(max(-amount[name], 0) for name in members)
        return min(sold, bought) + (noise * chance.random() if len(members) > 1 else 0.0)

    values = game(names, worth)
    found, near = nucleolus(values), SAME * scale(values)
    assert found.sum() == pytest.approx(values[tuple(names)], abs=near)
    assert excesses(values, found).iloc[0] == pytest.approx(least_core(values)[0], abs=near)


@given(games(most=4), st.integers(1, 50), st.lists(st.integers(-50, 50), min_size=5, max_size=5))
def test_the_nucleolus_follows_scale_and_shift(values, factor, shift):
    """a v(S) + sum of b_i over S has the nucleolus a x_i + b_i."""
    names = list(max(values, key=len))
    own = dict(zip(names, shift, strict=False))
    moved = {s: factor * worth + sum(own[name] for name in s) for s, worth in values.items()}
    expected = factor * nucleolus(values) + pd.Series(own)
    assert nucleolus(moved).to_numpy() == pytest.approx(
        expected.to_numpy(), abs=SAME * max(scale(moved), factor * scale(values))
    )


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e7])
def test_the_nucleolus_of_any_size_of_money(size):
    values, expected = KNOWN["Talmud, 200"]
    found = nucleolus({s: size * worth for s, worth in values.items()})
    assert found.to_numpy() == pytest.approx(size * np.array(expected), rel=1e-4)


@given(savings(least=3))
def test_twins_get_the_same(values):
    """Two players made alike by taking the better of both for each coalition."""

    def swapped(s):
        return tuple(sorted({"A": "B", "B": "A"}.get(name, name) for name in s))

    alike = {s: max(worth, values[swapped(s)]) for s, worth in values.items()}
    for rule in (shapley, nucleolus):
        assert rule(alike)["A"] == pytest.approx(rule(alike)["B"], abs=SAME * scale(alike))


@given(savings())
def test_the_nucleolus_is_in_the_core_if_there_is_one(values):
    least, _ = least_core(values)
    found = nucleolus(values)
    if least <= 0:
        assert excesses(values, found).iloc[0] <= SAME * scale(values)
    assert found.min() >= -SAME * scale(values)  # nobody pays for being there


# --- stability ----------------------------------------------------------------------------------------------------
def test_the_table_of_stability_by_hand():
    """Any two save 8, all three 10: equal shares leave each pair 8 - 20/3 to gain, so the core is empty."""
    values = game(["A", "B", "C"], lambda s: {1: 0, 2: 8, 3: 10}[len(s)])
    assert least_core(values)[0] == pytest.approx(8 - 20 / 3)
    splits = pd.DataFrame({"equal": [10 / 3] * 3, "all to A": [10.0, 0.0, 0.0]}, ["A", "B", "C"])
    found = stability(values, splits)
    assert (
        found.loc["all to A", "largest excess (yuan)"] == 8
        and found.loc["all to A", "of"] == "B + C"
    )
    assert not found["in the core"].any() and all(
        isinstance(word, bool) for word in found["in the core"]
    )
    assert found.loc["equal", "largest excess (yuan)"] == pytest.approx(8 - 20 / 3)
    softer = values | {("A", "B"): 5.0, ("A", "C"): 5.0, ("B", "C"): 5.0}
    assert stability(softer, splits)["in the core"].to_dict() == {"equal": True, "all to A": False}
    assert excesses(softer, splits["equal"]).to_dict() == pytest.approx(
        {
            "A + B": -5 / 3,
            "A + C": -5 / 3,
            "B + C": -5 / 3,
            "A": -10 / 3,
            "B": -10 / 3,
            "C": -10 / 3,
        }
    )


# of the largest saving, 1 yuan in a million: just below and just above
@pytest.mark.parametrize(("share", "in_the_core"), [(0.9e-6, True), (1.1e-6, False)])
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e9])
def test_the_core_forgives_a_millionth_and_no_more_whatever_the_size(share, in_the_core, size):
    """A and B save 60 % of what all three do; what they get short of that is their excess."""
    names = ["A", "B", "C"]
    values = {members: 0.0 for members in coalitions(names)}
    values |= {("A", "B"): 0.6 * size, ("A", "B", "C"): size}
    short = share * size
    leaving = [0.3 * size, 0.3 * size - short, 0.4 * size + short]
    generous = [0.3 * size, 0.3 * size, 0.4 * size + short]  # more than there is
    splits = pd.DataFrame({"leaving": leaving, "generous": generous}, names)
    found = stability(values, splits)
    assert found.loc["leaving", "largest excess (yuan)"] == pytest.approx(short, rel=1e-6)
    assert found["in the core"].to_list() == [in_the_core, in_the_core]


def test_where_nothing_is_saved_the_split_of_nothing_is_in_the_core():
    values = {members: 0.0 for members in coalitions(["A", "B"])}
    found = stability(
        values, pd.DataFrame({"nothing": [0.0, 0.0], "taken": [1e-9, -1e-9]}, ["A", "B"])
    )
    assert found["in the core"].to_dict() == {"nothing": True, "taken": False}


def test_rounding_does_not_choose_whose_excess_is_named():
    """All pairs gain the same by leaving; the last digit of a value names none of them."""
    values = game(NAMES[:3], lambda members: {1: 0.0, 2: 8.0, 3: 9.0}[len(members)])
    splits = pd.DataFrame({"equal": [3.0, 3.0, 3.0]}, NAMES[:3])
    for lucky in [members for members in values if len(members) == 2]:
        found = stability(values | {lucky: 8.0 + 1e-13}, splits)
        assert found.loc["equal", "of"] == "A + B"


def test_stability_of_study_a(calibrated, saved):
    splits = pd.DataFrame(
        {
            "Shapley value": shapley(saved),
            "nucleolus": nucleolus(saved),
            "all to VPP3": pd.Series(
                {"VPP1": 0.0, "VPP2": 0.0, "VPP3": saved[tuple(calibrated.names)]}
            ),
        }
    )
    found, (least, _) = stability(saved, splits), least_core(saved)
    assert (
        least < 0
        and found.loc["nucleolus", "in the core"]
        and not found.loc["all to VPP3", "in the core"]
    )
    assert found["largest excess (yuan)"].min() == pytest.approx(least, abs=0.1)
    assert found.loc["all to VPP3", "of"] == "VPP1 + VPP2"


def test_a_split_of_more_than_there_is_is_not_in_the_core():
    values = game(["A", "B", "C"], lambda s: {1: 0, 2: 8, 3: 10}[len(s)])
    assert not stability(values, pd.DataFrame({"generous": [5.0, 5.0, 5.0]}, ["A", "B", "C"]))[
        "in the core"
    ].any()


# --- refusals -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("rule", [shapley, nucleolus, least_core])
@pytest.mark.parametrize("gone", [("A",), ("A", "C"), ("B", "C")])
def test_a_missing_coalition_is_refused(rule, gone):
    values = game(["A", "B", "C"], len)
    del values[gone]
    with pytest.raises(WrongInput) as refused:
        rule(values)
    assert (
        str(refused.value)
        == f"values: 1 coalitions are missing, as {gone}; allowed: one value for each"
    )


@pytest.mark.parametrize("rule", [shapley, nucleolus, least_core])
def test_the_missing_coalition_of_all_is_refused(rule):
    values = game(["A", "B", "C"], len)
    del values["A", "B", "C"]
    with pytest.raises(WrongInput):
        rule(values)


@pytest.mark.parametrize(
    "rule", [nucleolus, lambda values: least_core(values)[1]], ids=["nucleolus", "least core"]
)
def test_one_player_takes_all(rule):
    assert rule({("A",): 3.0}).to_dict() == pytest.approx({"A": 3.0})


def many(count: int):
    return case(
        *(vpp(pv(k), load(count - k), grid([1.0], [0.2]), name=f"V{k}") for k in range(count))
    )


def test_more_than_ten_vpps_are_refused_before_anything_is_solved():
    assert MOST_VPPS == 10
    with pytest.raises(WrongInput) as refused:
        coalition_values(many(11))
    assert str(refused.value) == "case by-hand: found 11 VPPs; allowed: up to 10 (2^10 coalitions)"


# --- what coalitions save -----------------------------------------------------------------------------------------
def cost_of(made, names) -> float:
    """The members' own case, the others each alone."""
    members = tuple(v for v in made.vpps if v.name in names)
    together = pool(replace(made, vpps=members)).cost
    return together + sum(dispatch(v).cost for v in made.vpps if v.name not in names)


@pytest.mark.parametrize("name", ["paper-a", "paper-a-parent", "template"])
def test_values_are_those_of_the_coalitions_solved_one_by_one(name):
    made = load_case(name)
    values, apart = (
        coalition_values(made),
        sum(dispatch(v).cost for v in made.vpps),
    )
    assert list(values) == coalitions(made.names)
    for members, worth in values.items():
        expected = apart - cost_of(made, members) if len(members) > 1 else 0.0
        assert worth == pytest.approx(expected, abs=1e-6 * apart), members
        assert len(members) > 1 or worth == 0.0


def check_savings(values, near: float) -> None:
    """Zero for one, monotone, superadditive."""
    for one, other in combinations(values, 2):
        union = tuple(sorted({*one, *other}))
        if not {*one} & {*other}:
            assert values[union] >= values[one] + values[other] - near, (one, other)
        elif {*one} < {*other}:
            assert values[other] >= values[one] - near
    assert all(worth == 0 for members, worth in values.items() if len(members) == 1)


def test_study_a_s_savings_are_superadditive(saved):
    check_savings(saved, 0.01)
    assert (
        saved["VPP1", "VPP2", "VPP3"]
        > max(worth for s, worth in saved.items() if len(s) == 2) + 1000
    )


def test_study_b_s_savings_are_superadditive_and_those_of_pool(handmade):
    """Five VPPs with quadratic costs and a carbon ladder."""
    values = coalition_values(handmade)
    check_savings(values, 1e-5 * max(values.values()))
    free = pool(handmade, members=()).cost
    for members in (tuple(handmade.names), tuple(handmade.names[1:4])):
        assert values[members] == pytest.approx(
            free - pool(handmade, members=members).cost, abs=1e-5 * free
        )


@settings(max_examples=8)
@given(*(small_vpps(steps=2, name=name) for name in "ABC"))
def test_savings_of_any_three_vpps(one, other, third):
    made = case(one, other, third, limit=30.0, crossing_fee=0.01)
    values = coalition_values(made)
    near = 1e-5 * max(1.0, *(abs(dispatch(v).cost) for v in made.vpps))
    check_savings(values, near)
    assert (
        least_core(values)[0] <= near
    )  # trade in a market of linear problems has a core (Owen 1975)


def test_two_vpps_save_what_they_trade_by_hand():
    values = coalition_values(seller_and_buyer(fee=0.01, limit=6.0))
    assert values == pytest.approx(
        {("seller",): 0, ("buyer",): 0, ("seller", "buyer"): 2 * 6 * (0.8 - 0.02)}
    )
    assert shapley(values).to_numpy() == pytest.approx(nucleolus(values).to_numpy(), abs=1e-4)


def test_on_a_feeder_values_are_those_of_pool_and_monotone(calibrated, saved):
    placement = Placement(load_feeder("ieee33"), {"VPP1": 18, "VPP2": 25, "VPP3": 33})
    values = coalition_values(calibrated, placement)
    apart = pool(calibrated, placement=placement, members=()).cost
    for members, worth in values.items():
        if len(members) > 1:
            assert worth == pytest.approx(
                apart - pool(calibrated, placement=placement, members=members).cost, abs=0.1
            )
            assert all(worth >= values[pair] - 0.1 for pair in combinations(members, 2))
    loose = coalition_values(calibrated, replace(placement, low=0.5, high=1.5))
    assert loose == pytest.approx(saved, abs=0.1)


def test_a_tie_without_a_limit_has_values_too():
    made = seller_and_buyer(fee=0.01).change_tie(limit=np.inf)
    assert coalition_values(made)["seller", "buyer"] == pytest.approx(2 * 10 * 0.78)


# --- each trade at its multiplier -----------------------------------------------------------------
@pytest.mark.parametrize("name", ["paper-a", "paper-b"])
def test_parts_at_multipliers_add_up_and_nobody_leaves(name):
    """On paper-a one VPP alone needs binaries, all together do not: then the rule still holds."""
    saving = savings_of_coalitions(name)[tuple(load_case(name).names)]
    assert pool(load_case(name), storage="relaxed").cost == pytest.approx(
        pool(load_case(name)).cost, rel=1e-7
    )
    assert parts_at_multipliers(name).sum() == pytest.approx(saving, rel=1e-5)
    assert excess_at_multipliers(name) < 0
