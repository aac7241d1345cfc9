"""How a number is declared: each way to be wrong has its sentence, each number of the house its unit and range."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vppcore import WrongInput
from vppcore.components import COMPONENTS
from vppcore.pages import tables
from vppcore.parameters import (
    LARGEST,
    RULE,
    Rule,
    check,
    choice,
    faults_of,
    flag,
    measured_faults,
    parameter,
    rules_of,
    text,
)


@dataclass
class Kettle:
    """One field of each way to declare."""

    power: float = parameter("kW", "electric power", 2.0, above=True, high=10.0)
    cups: int = parameter("-", "cups at a time", 4, low=1, whole=True)
    colour: str = choice("of the outside", ("red", "blue"), "red")
    lid: bool = flag("has a lid", True)
    maker: str | None = text("who made it", None, none="not known")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"power": 0.0}, "power: found 0.0; allowed: a number above 0 and up to 10"),
        ({"power": 11}, "power: found 11; allowed: a number above 0 and up to 10"),
        ({"power": True}, "power: found True; allowed: a number above 0 and up to 10"),
        ({"power": "2"}, "power: found '2'; allowed: a number above 0 and up to 10"),
        ({"power": float("nan")}, "power: found nan; allowed: a number above 0 and up to 10"),
        ({"cups": 1.5}, "cups: found 1.5; allowed: a whole number of 1 or more"),
        ({"cups": 0}, "cups: found 0; allowed: a whole number of 1 or more"),
        ({"colour": "green"}, "colour: found 'green'; allowed: red, blue"),
        ({"lid": 1}, "lid: found 1; allowed: True, False"),
        ({"maker": ""}, "maker: found ''; allowed: who made it, or none (not known)"),
    ],
    ids=str,
)
def test_each_way_to_be_wrong_has_its_sentence(change, sentence):
    assert faults_of(Kettle(**change)) == [sentence]
    with pytest.raises(WrongInput, match="allowed"):
        check(Kettle(**change))


def test_what_is_allowed_passes():
    for change in ({}, {"power": 10}, {"cups": 3.0}, {"maker": None}, {"maker": "us"}):
        assert faults_of(Kettle(**change)) == []


@pytest.mark.parametrize(
    ("rule", "limits"),
    [
        (Rule("number"), "a finite number"),
        (Rule("number", low=0), "0 or more"),
        (Rule("number", low=0, above=True), "above 0"),
        (Rule("number", low=0, high=1), "0 to 1"),
        (Rule("number", low=0, high=1, below=True), "0 or more and below 1"),
        (Rule("number", high=3), "up to 3"),
    ],
)
def test_a_range_in_words(rule, limits):
    assert rule.limits == limits


@given(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-10, 10),
    st.floats(0, 10),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_a_number_with_a_unit_is_judged_as_one_without(value, low, width, above, below, whole):
    """`measured_faults` for plants and `admits` for settings agree, but for what no solver takes."""
    rule = Rule("number", "kW", low=low, high=low + width, above=above, below=below, whole=whole)
    if abs(value) < LARGEST:
        assert bool(measured_faults("x", value, rule)) != rule.admits(value)
    else:
        assert measured_faults("x", value, rule)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=5), st.integers(0, 4))
def test_a_series_is_wrong_where_one_of_its_numbers_is(values, place):
    rule = Rule("series", "kW", low=-1.0, high=2.0)
    (*found,) = measured_faults("x", values, rule, len(values))
    wrong = [not -1 <= value <= 2 for value in values]
    assert bool(found) == any(wrong)
    if found:
        named = int(found[0].split("in step ")[1].split(";")[0])
        assert wrong[named - 1]


@pytest.mark.parametrize("kind", COMPONENTS)
def test_every_number_of_a_component_has_unit_meaning_and_a_default_in_range(kind):
    for name, rule in rules_of(COMPONENTS[kind]).items():
        assert rule.unit and rule.text, name
    for declared in fields(COMPONENTS[kind]):
        rule = declared.metadata.get(RULE)
        if rule is not None and isinstance(declared.default, int | float):
            assert measured_faults(declared.name, declared.default, rule) == []


def test_symbols_are_those_of_the_declarations():
    shown = tables.symbols().set_index("name in code")["symbol"]
    assert shown["battery.self_discharge"] == r"$\sigma$"
    assert shown["electric_load.forecast"] == r"$\bar L_t$"
    assert shown["heat_load.curtail_share"] == "$f^{H}$"
    assert (shown != "").sum() >= 75  # as many as the table of symbols had


def test_a_limit_by_step_may_be_a_number_or_a_series():
    rule = rules_of(COMPONENTS["grid"])["buy_max"]
    assert measured_faults("buy_max", np.inf, rule, 3) == []
    assert measured_faults("buy_max", [1.0, np.inf, 3.0], rule, 3) == []
    assert measured_faults("buy_max", [1.0, 2.0], rule, 3) == [
        "buy_max: found 2 numbers; allowed: 3, one for each step"
    ]


@pytest.mark.parametrize(
    ("rule", "value", "allowed"),
    [
        (Rule("number", "-", low=1.0, above=True), 1.0, "above 1"),
        (Rule("number", "kW", low=0.0, high=2.0, below=True), 2.0, "0 or more and below 2"),
        (Rule("number", "-", low=1.0, whole=True), 1.5, "a whole number"),
        (Rule("number", "-", low=1.0, whole=True), 0.5, "1 or more"),
    ],
)
def test_a_number_at_an_open_edge_is_told_the_edge(rule, value, allowed):
    """Not that it should be a whole number, which it is."""
    [sentence] = measured_faults("x", value, rule)
    assert sentence.endswith(f"; allowed: {allowed}")
