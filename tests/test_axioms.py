"""Rules against properties: each cell of the chapter's table is decided here, by a check or by a counterexample."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from builders import battery, case, grid, load, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import Case, WrongInput, load_case
from vppcore.fairness import coalitions, excesses, nucleolus, shapley
from vppcore.misreports import (
    COST_ALONE,
    FUEL,
    LOAD,
    RULES,
    Lies,
    Reported,
    best_lies,
    gains_by_rule,
    reported,
)
from vppcore.pages import tables_c, words_c
from vppcore.reading import DATA

CHAPTER = (DATA.parent / "book" / "fairness.md").read_text(encoding="utf-8")
PROPERTIES = ("efficient", "nobody loses", "in the core", "monotone", "proof against lies")
THEORY, CASES, FAILS = "theory", "cases", "fails"
STUDIED = ("paper-a", "paper-b")
ACCURACY = 1e-4  # a share of what all save: less is a solver's


@cache
def made(name: str) -> Reported:
    return reported(load_case(name))


@cache
def gains(name: str):
    return gains_by_rule(made(name))


def small(name: str) -> float:
    return ACCURACY * made(name).saving


# --- the properties, checked on the cases that are studied ----------------------------------------
def is_efficient(rule: str, name: str) -> bool:
    return abs(gains(name)[rule].sum() - made(name).saving) < small(name)


def nobody_loses(rule: str, name: str) -> bool:
    return bool((gains(name)[rule] > -small(name)).all())


def is_in_the_core(rule: str, name: str) -> bool:
    return bool(excesses(made(name).values, gains(name)[rule]).max() < small(name))


CHECKS: dict[str, Callable[[str, str], bool]] = {
    "efficient": is_efficient,
    "nobody loses": nobody_loses,
    "in the core": is_in_the_core,
}


# --- two times the same VPPs, in which one has become better: every coalition with it saves more --
def a_battery_for_one(has_it: bool) -> Case:
    """A sells 100 kWh to C in hour 1 at a spread of 0.4. With a store of half the energy it can sell 50 kWh
    in hour 2 instead, where C would pay 1.4: 50 yuan saved instead of 40, and half the energy moved."""
    buy, sell = [0.6, 1.4], [0.2, 0.2]
    store = battery(
        energy_start=0.0,
        energy_max=100.0,
        charge_max=100.0,
        discharge_max=100.0,
        charge_efficiency=0.5,
        discharge_efficiency=1.0,
    )
    own = [pv(100.0, 0.0), grid(buy, sell)] + ([store] if has_it else [])
    return case(
        vpp(*own, name="A"),
        vpp(pv(300.0, 0.0), grid(buy, sell), name="B"),
        vpp(load(400.0, 50.0), grid(buy, sell), name="C"),
        crossing_fee=1e-3,
    )


def sun_for_one(kilowatts: float) -> Case:
    """A sells to C, which needs 400 kW: below that the price is what C pays the grid, above what A would get."""
    return case(
        vpp(pv(kilowatts), grid([0.6], [0.2]), name="A"),
        vpp(load(400.0), grid([0.6], [0.2]), name="C"),
        crossing_fee=1e-3,
    )


def has_become_better(before: Reported, after: Reported, name: str) -> bool:
    """True if every coalition with this VPP saves at least as much as before, all together more,
    and every other the same."""
    slack = ACCURACY * before.saving
    more = {members: after.values[members] - worth for members, worth in before.values.items()}
    with_it = all(change > -slack for members, change in more.items() if name in members)
    others = all(abs(change) < slack for members, change in more.items() if name not in members)
    return with_it and others and after.saving > before.saving + slack


def gets_less(rule: str, before: Case, after: Case, name: str) -> bool:
    """True if a VPP that has become better gets less: the rule is not monotone."""
    one, other = reported(before), reported(after)
    assert has_become_better(one, other, name)
    slack = ACCURACY * one.saving
    return bool(RULES[rule](other)[name] < RULES[rule](one)[name] - slack)


def four_players(all_together: float) -> dict:
    """A game whose nucleolus gives D less if all together save more."""
    worth = {"AD": 2.0, "BD": 1.0, "ABD": 2.0, "ACD": 2.0, "BCD": 2.0, "ABCD": all_together}
    return {members: worth.get("".join(members), 0.0) for members in coalitions(list("ABCD"))}


def not_monotone(rule: str) -> bool:
    """True if there is an example in which a VPP becomes better and gets less."""
    if rule in ("contribution weights", "energy weights"):
        return gets_less(rule, a_battery_for_one(False), a_battery_for_one(True), "A")
    if rule == "multipliers":
        return gets_less(rule, sun_for_one(390.0), sun_for_one(410.0), "A")
    if rule == "nucleolus":
        poor, rich = nucleolus(four_players(4.0)), nucleolus(four_players(5.0))
        return bool(rich["D"] < poor["D"] - ACCURACY)
    return False


@cache
def lies_about(kind: str):
    return best_lies(load_case("paper-a"), factors=(0.9, 1.1), kinds=(kind,))


def a_lie_pays(rule: str) -> bool:
    """True if one of the lies that were tried on paper-a pays."""
    kind = FUEL if rule == "multipliers" else COST_ALONE
    return bool(lies_about(kind).best[rule].max() > small("paper-a"))


# --- what is true for any data --------------------------------------------------------------------
# (rule, property) -> the proof, in words; each is checked on the studied cases or on drawn games too
PROOFS = {
    **{(rule, "efficient"): "payments add up to zero, or the parts to v(N)" for rule in RULES},
    ("contribution weights", "nobody loses"): "weights and saving are not negative",
    ("equal parts", "nobody loses"): "the saving is not negative",
    ("energy weights", "nobody loses"): "weights and saving are not negative",
    ("Shapley value", "nobody loses"): "joining never hurts",
    ("nucleolus", "nobody loses"): "proposition on the code's nucleolus",
    ("multipliers", "nobody loses"): "at its prices each may choose not to trade",
    ("nucleolus", "in the core"): "Schmeidler 1969, where the core is not empty",
    ("multipliers", "in the core"): "Owen 1975, the proposition of the chapter",
    ("equal parts", "monotone"): "all get the same part of v(N)",
    ("Shapley value", "monotone"): "Young 1985",
}


def verdict(rule: str, wanted: str) -> str:
    """What the table should say of a rule and a property."""
    if wanted == "monotone":
        return FAILS if not_monotone(rule) else THEORY if (rule, wanted) in PROOFS else CASES
    if wanted == "proof against lies":
        return FAILS if a_lie_pays(rule) else CASES
    if not all(CHECKS[wanted](rule, name) for name in STUDIED):
        return FAILS
    return THEORY if (rule, wanted) in PROOFS else CASES


def printed() -> dict[tuple[str, str], str]:
    """(rule, property) -> the cell of the chapter's table."""
    rows = CHAPTER.split("| rule | efficient |")[1].split("\n\n")[0].splitlines()[2:]
    cells = {}
    for row in rows:
        rule, *found = (cell.strip() for cell in row.strip("| \n").split("|"))
        cells |= {(rule, wanted): cell for wanted, cell in zip(PROPERTIES, found, strict=True)}
    return cells


def test_the_table_has_every_rule_and_property():
    assert set(printed()) == {(rule, wanted) for rule in RULES for wanted in PROPERTIES}


@pytest.mark.parametrize("wanted", PROPERTIES)
@pytest.mark.parametrize("rule", RULES)
def test_each_cell_is_what_the_check_finds(rule, wanted):
    cell = printed()[rule, wanted]
    assert cell.startswith(
        f"**{verdict(rule, wanted)}**" if verdict(rule, wanted) == FAILS else verdict(rule, wanted)
    ), cell


# --- what theory says is tried on drawn games -----------------------------------------------------
@st.composite
def games(draw, players: int = 4):
    """Values that grow with the coalition: what all share of some drawn parts, superadditive."""
    names = list("ABCDE"[:players])
    parts = {s: draw(st.floats(0, 10)) for s in coalitions(names) if len(s) > 1}
    return {
        s: sum(part for inside, part in parts.items() if set(inside) <= set(s))
        for s in coalitions(names)
    }


@settings(max_examples=40, deadline=None)
@given(games(), st.sampled_from("ABCD"), st.floats(0, 5), st.data())
def test_the_shapley_value_is_monotone_in_drawn_games(worth, name, more, data):
    """Young 1985: who adds as much or more to every coalition gets no less."""
    with_it = [members for members in worth if name in members and len(members) > 1]
    better = dict(worth)
    for members in with_it:
        better[members] += more * data.draw(st.floats(0, 1))
    assert shapley(better)[name] >= shapley(worth)[name] - 1e-9


@settings(max_examples=15, deadline=None)
@given(games())
def test_the_nucleolus_of_drawn_games_is_in_the_core_and_nobody_loses(worth):
    """These games are convex, so that the core is not empty."""
    split = nucleolus(worth)
    size = max(worth.values()) + 1e-9
    assert excesses(worth, split).max() <= 1e-5 * size and split.min() >= -1e-5 * size
    assert split.sum() == pytest.approx(max(worth.values()), rel=1e-6, abs=1e-9)


def test_the_counterexamples_by_hand():
    """Contribution: A has 0.396 of 2.746 before and 0.181 of 2.532 after; energy: 100 of 800 and 50 of 700."""
    before, after = (reported(a_battery_for_one(has_it)) for has_it in (False, True))
    assert before.saving == pytest.approx(160, rel=0.02)
    assert after.saving == pytest.approx(170, rel=0.02)
    shares = {"contribution weights": (0.3956 / 2.7460, 0.1814 / 2.5318)}
    shares["energy weights"] = (100 / 800, 50 / 700)
    for rule, expected in shares.items():
        for agreement, share in zip((before, after), expected, strict=True):
            part = RULES[rule](agreement)["A"]
            assert part == pytest.approx(share * agreement.saving, rel=1e-2)
    scarce, plenty = (RULES["multipliers"](reported(sun_for_one(kw))) for kw in (390.0, 410.0))
    assert scarce["A"] == pytest.approx(390 * 0.4, rel=0.02) and plenty["A"] == pytest.approx(
        0, abs=2
    )


def test_the_game_of_four_is_a_game_in_which_joining_never_hurts():
    for total in (4.0, 5.0):
        worth = four_players(total)
        for one, other in combinations(worth, 2):
            if not set(one) & set(other):
                joined = tuple(sorted({*one, *other}))
                assert worth[joined] >= worth[one] + worth[other]


# --- lies -----------------------------------------------------------------------------------------
def test_a_lie_about_the_cost_alone_is_worth_what_the_formula_says():
    """(1 - w) of it by weights, 1/n of it by Shapley where no coalition's saving becomes zero, nothing by prices."""
    honest = made("paper-a")
    found = best_lies(load_case("paper-a"), factors=(0.99,), kinds=(COST_ALONE,))
    for name in honest.case.names:
        told_less = 0.01 * honest.alone[name]
        weight = gains("paper-a").loc[name, "contribution weights"] / honest.saving
        more = found.tried[found.tried["VPP"] == name].set_index("rule")["more (yuan)"]
        assert more["contribution weights"] == pytest.approx((1 - weight) * told_less, rel=1e-4)
        assert more["equal parts"] == pytest.approx(2 / 3 * told_less, rel=1e-4)
        assert more["Shapley value"] == pytest.approx(told_less / 3, rel=1e-4)
        assert more["multipliers"] == pytest.approx(0, abs=small("paper-a"))


def test_the_truth_gains_nothing_on_top():
    found = best_lies(load_case("template"), factors=(1.0,))
    saving = reported(load_case("template")).saving
    known = found.tried["more (yuan)"].dropna()
    assert len(known) and known.abs().max() < 1e-3 * saving
    assert not found.best.to_numpy().any()


def test_who_cannot_carry_out_what_it_agreed_to_has_no_lie_that_pays():
    """An island tells a smaller load than it has, and then lacks power that nobody brings."""
    made_ = case(
        vpp(pv(50.0, 50.0), grid([0.6, 0.6], [0.2, 0.2]), name="A"),
        vpp(load(20.0, 20.0), grid([0.6, 0.6], [0.2, 0.2], buy_max=20.0), name="B"),
    )
    found = best_lies(made_, factors=(0.5,), kinds=(LOAD,))
    told = found.tried[found.tried["VPP"] == "B"]["more (yuan)"]
    assert len(told) and not np.isinf(told).any()


# --- on the page ----------------------------------------------------------------------------------
def made_up(**more: tuple[float, float]) -> Lies:
    """What lies gain A and B, rule by rule; the lie is always the same."""
    best = pd.DataFrame(more, index=["A", "B"], dtype=float)
    lies = best.map(lambda yuan: "load +5 %" if yuan else "")
    tried = pd.DataFrame({"VPP": ["A", "A", "B"], "lie": ["load +5 %", "load -5 %", "load +5 %"]})
    return Lies(best, best, lies, tried)


def test_the_sentence_names_the_rule_that_rewards_lies_most_and_least():
    some = made_up(equal=(100.0, 30.0), market=(0.0, 5.0))
    said = words_c.what_lies_gain(some)
    assert "Of the 3 lies" in said and "gains A 100 yuan under the rule equal (load +5 %)" in said
    assert "rule market: 5.00 yuan, by B (load +5 %). No rule is proof" in said
    quiet = words_c.what_lies_gain(made_up(equal=(100.0, 30.0), market=(0.0, 0.0)))
    assert quiet.endswith("Under the rule market none of them gains anything.")
    assert words_c.what_lies_gain(made_up(equal=(0.0, 0.0))).startswith("None of the 3 lies")


def test_the_table_says_what_each_lie_gains_and_which_it_is():
    table = tables_c.what_lies_gain(made_up(equal=(1234.5, 0.0)))
    assert table["equal"].tolist() == ["1,234 (load +5 %)", "nothing"]


def test_a_wrong_kind_of_lie_is_refused():
    with pytest.raises(WrongInput, match="kinds: found 'age'; allowed: cost alone, load"):
        best_lies(load_case("template"), kinds=("age",))
