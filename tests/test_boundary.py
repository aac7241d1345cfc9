"""What crosses a VPP's boundary in a negotiation is noted there, and nothing goes round the gate."""

from __future__ import annotations

import multiprocessing
from contextlib import contextmanager
from itertools import product

import numpy as np
import pytest
from builders import battery, case, grid, load, pv, vpp

from vppcore import alone, bargain, cooperate, load_case
from vppcore.bargaining.parties import parties_of
from vppcore.cooperation import negotiation
from vppcore.cooperation.asking import AtGate, asked_of, size_told
from vppcore.cooperation.boundary import REFUSAL, WHOLE_MODEL, Boundary, Gate, numbers_in
from vppcore.cooperation.common import Common
from vppcore.cooperation.members import Member, members_of
from vppcore.cooperation.negotiation import Stopwatch, conclude, seat, talk
from vppcore.cooperation.settings import Settings
from vppcore.cooperation.size import size_of
from vppcore.errors import NotSolved, WrongInput
from vppcore.grid.feeder import load_feeder
from vppcore.grid.placement import OPERATOR, Placement
from vppcore.pages import tables, words_cooperation
from vppcore.vpp import VPP


@pytest.fixture(scope="module")
def template():
    return load_case("template")


@pytest.fixture(scope="module")
def together(template):
    return cooperate(template)


def gates_of(members):
    return {name: member.gate for name, member in members.items()}


def held(gates, common, **how):
    """A negotiation through gates alone, as `cooperate` holds it."""
    size = size_told(gates, common)
    table = seat(gates, common, Settings(penalty=size.penalty, **how), size)
    return table, conclude(table, talk(table), Stopwatch())


def same(outcome, result):
    """True if a negotiation through gates came to what `cooperate` came to, to the last digit."""
    certificate = outcome.certificate
    if (certificate.upper, certificate.lower) != (result.cost, result.certificate.lower):
        return False
    said = zip(outcome.talks.messages, result.messages, strict=True)
    return all(np.array_equal(mine.content, its.content) for mine, its in said)


# --- nothing goes round the gate ------------------------------------------------------------------
def keep_shop(pipe, case_name, name):
    """A process that has one VPP: it answers what comes through the pipe until that is closed."""
    made = load_case(case_name)
    member = Member(made.vpp(name), Common.of(made))
    while (question := pipe.recv()) is not None:
        try:
            pipe.send(member.gate.ask(*question))
        except NotSolved as refused:
            pipe.send(refused)


@contextmanager
def far_away(case_name, names):
    """Gates of VPPs, each in a process of its own; nothing but words goes through the pipes."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = {}, []
    for name in names:
        pipes[name], there = context.Pipe()
        processes.append(context.Process(target=keep_shop, args=(there, case_name, name)))
        processes[-1].start()

    def through(pipe):
        def ask(question, told):
            pipe.send((question, told))
            answer = pipe.recv()
            if isinstance(answer, NotSolved):
                raise answer
            return answer

        return ask

    try:
        yield {name: Gate(name, through(pipe)) for name, pipe in pipes.items()}
    finally:
        for pipe in pipes.values():
            pipe.send(None)
        for process in processes:
            process.join(30)


def test_vpps_in_processes_of_their_own_negotiate_the_same(template, together):
    """The table's process never has a VPP: only words of numbers come through the pipes."""
    with far_away("template", template.names) as gates:
        _, outcome = held(gates, Common.of(template))
    assert same(outcome, together)


def test_answers_alone_make_the_talks(template, together):
    """Gates that repeat recorded answers, with no data behind them, give the same talks.

    So whatever a VPP's data are, as long as it says the same words the others learn the same.
    """
    members = members_of(template)
    heard = {name: [] for name in members}

    def recording(name, gate):
        def ask(question, told):
            heard[name].append((question, gate.ask(question, told)))
            return heard[name][-1][1]

        return Gate(name, ask)

    def repeating(name):
        answers = iter(heard[name])

        def ask(question, told):
            asked, answer = next(answers)
            assert asked == question
            return answer

        return Gate(name, ask)

    common = Common.of(template)
    held({name: recording(name, member.gate) for name, member in members.items()}, common)
    _, outcome = held({name: repeating(name) for name in members}, common)
    assert same(outcome, together)


def test_data_that_change_no_word_change_no_talk(template, together):
    """A number that stays without effect: what the home could buy at most, far above its load."""
    loads = size_of(template).load
    changed = template.change("Home", "grid", buy_max=1e4 * loads)
    assert changed.vpp("Home") is not template.vpp("Home")
    again = cooperate(changed)
    for mine, its in zip(again.messages, together.messages, strict=True):
        assert mine.content == pytest.approx(its.content, abs=1e-3 * loads)
    assert again.cost == pytest.approx(together.cost, rel=1e-6)


def test_who_asks_has_a_name_and_a_question_and_nothing_else(template):
    members = members_of(template)
    table = seat(gates_of(members), Common.of(template), Settings(), size_of(template))
    for name, asked in table.vpps.items():
        assert isinstance(asked, AtGate) and Gate._fields == ("name", "ask")
        assert asked.gate.name == name
        kept = [*vars(asked).values(), *vars(table.common).values()]
        assert not any(isinstance(each, VPP | Member | Boundary) for each in kept)


def test_the_modules_at_the_table_are_not_given_a_case():
    """Everything from the seats to the certificate takes a table or gates, never a case."""
    for step in (seat, talk, conclude, negotiation.agree, negotiation.certify):
        named = step.__annotations__.values()
        assert not any("Case" in str(each) or "Member" in str(each) for each in named)


# --- what is noted --------------------------------------------------------------------------------
def test_every_word_is_noted_by_the_vpp_itself(template, together):
    """Counted by hand: T steps, two VPPs with one partner each, and so many iterations."""
    passed = together.crossings
    steps, rounds = template.vpps[0].steps, together.iterations
    counts = passed.groupby(["way", "kind"])["numbers"].sum().to_dict()
    assert counts == {
        ("in", "size of the case"): 2 * 4,
        ("in", "accuracy of a step"): 2,
        ("in", "fee on idle trades"): 2,
        ("in", "pull"): 2 * rounds * steps,
        ("in", "penalty"): 2 * rounds,
        ("in", "agreed trades"): 2 * steps,
        ("in", "multipliers of the bound"): 2 * steps,
        ("out", "peak load"): 2,
        ("out", "mean purchase price"): 2,
        ("out", "expected trades"): 2 * rounds * steps,
        ("out", "cost with the agreed trades"): 2,
        ("out", "least cost"): 2,
        ("out", "whether stores are exact and need binaries"): 2 * 2,
    }


def test_expectations_that_crossed_are_the_messages(together):
    """Two roads to the same count: the boundaries' notes, and what the talks keep."""
    passed = together.crossings
    told = passed[passed["kind"] == "expected trades"]
    kept = [m for m in together.messages if m.kind == "expected trade"]
    assert told["numbers"].sum() == sum(message.content.size for message in kept)
    by_vpp = told.groupby("VPP")["iteration"].apply(list)
    for rounds in by_vpp:
        assert rounds == list(range(1, together.iterations + 1))


def test_talks_that_go_on_without_a_fee_are_noted_too():
    made = load_case("template").change_tie(crossing_fee=0.0)
    passed = cooperate(made).crossings
    fees = passed[passed["kind"] == "fee on idle trades"]
    assert fees.groupby("VPP").size().tolist() == [2, 2]


def test_a_mediator_gets_whole_models_and_it_is_noted():
    """An island that lives by its trade alone cannot bear what the talks leave open."""
    made = case(
        vpp(load(10, 0, 4), grid([1, 1, 1], [0, 0, 0]), name="town"),
        vpp(load(10, 0, 4), name="island"),
    )
    result = cooperate(made)
    passed = result.crossings
    assert "mediator" in result.note
    models = passed[passed["kind"] == WHOLE_MODEL]
    assert models["VPP"].tolist() == ["town", "island"]
    assert (models["numbers"] >= 3).all()
    assert (passed["kind"] == REFUSAL).any()


def test_who_is_on_the_feeder_tells_its_operator_its_withdrawal(template):
    feeder = load_feeder("ieee33")
    placed = Placement(feeder, {"Home": 18}, low=0.5, high=1.5)
    passed = cooperate(template, placement=placed).crossings
    told = passed[passed["kind"] == "net withdrawal"]
    assert told["VPP"].unique().tolist() == ["Home"]
    expected = passed[(passed["kind"] == "expected trades") & (passed["iteration"] == 1)]
    steps = template.vpps[0].steps
    assert expected.set_index("VPP")["numbers"].to_dict() == {"Home": 2 * steps, "Shop": steps}


def test_bounds_that_are_sharpened_cost_more_words():
    """Talks that were cut short ask for trades at other multipliers; agreed ones do not."""
    made = load_case("template")
    short = cooperate(made, max_iterations=2).crossings
    assert (short["kind"] == "trades at these multipliers").any()
    assert not (cooperate(made).crossings["kind"] == "trades at these multipliers").any()


# --- the size of the case -------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["template", "paper-a", "paper-a-parent", "paper-b"])
def test_the_size_that_is_told_is_the_size_of_the_case(name):
    made = load_case(name)
    assert size_told(gates_of(members_of(made)), Common.of(made)) == size_of(made)


@pytest.mark.parametrize("has_load, has_grid", list(product([True, False], repeat=2)))
def test_the_size_of_vpps_without_loads_or_tariffs_is_told_too(has_load, has_grid):
    def parts(number):
        found = [pv(0.0, 0.0), battery(charge_max=3.0 * number, wear_cost=0.1 * number)]
        found += [load(1.0 * number, 2.0)] if has_load else []
        found += [grid([0.5, 1.5 * number], [0.1, 0.1])] if has_grid else []
        return found

    made = case(vpp(*parts(1), name="one"), vpp(*parts(2), name="two"))
    members = members_of(made)
    assert size_told(gates_of(members), Common.of(made)) == size_of(made)
    asked = [each.kind for each in members["one"].boundary.passed]
    assert ("powers, not prices" in asked) == (not has_load or not has_grid)


# --- the boundary itself --------------------------------------------------------------------------
def test_through_a_gate_go_numbers_that_can_be_counted():
    boundary = Boundary("A", {"show": lambda words: {"plant": object()}}, "show")
    with pytest.raises(WrongInput, match="A, plant: found object; allowed: numbers"):
        boundary.gate.ask("show", {})
    with pytest.raises(WrongInput, match="found the question 'tell me all'; allowed: show"):
        boundary.gate.ask("tell me all", {})
    with pytest.raises(WrongInput, match="allowed: numbers"):
        numbers_in("a word")


def test_a_whole_vpp_is_counted_number_by_number():
    """Two loads' steps, two prices twice and the scalars that the components declare."""
    plain = vpp(load(1.0, 2.0), name="one")
    longer = vpp(load(1.0, 2.0, 3.0), name="one")
    assert numbers_in(longer) - numbers_in(plain) == 1


def test_talks_need_somebody_who_sat_down(template):
    gate = members_of(template)["Home"].gate
    with pytest.raises(WrongInput, match="Home: found talks before anybody sat down"):
        AtGate(gate, ("Shop",)).expect(np.zeros((4, 1)), 1.0)


def test_asked_vpps_have_the_operator_last(template):
    asked = asked_of(gates_of(members_of(template)), Common.of(template), ("Shop",))
    assert asked["Shop"].partners == ("Home", OPERATOR) and asked["Home"].partners == ("Shop",)


# --- bargaining -----------------------------------------------------------------------------------
def test_bargaining_takes_costs_and_tariffs_and_gives_prices(template, together):
    apart = alone(template)
    split = bargain(template, apart, together)
    steps = template.vpps[0].steps
    counts = split.crossings.groupby(["way", "kind"])["numbers"].sum().to_dict()
    assert counts == {
        ("out", "purchase and feed-in prices"): 2 * 2 * steps,
        ("out", "cost alone"): 2,
        ("out", "cost with the agreed trades"): 2,
        ("out", "whether stores are exact"): 2 * 2,
        ("in", "agreed prices"): 2 * steps,
    }


def test_prices_that_are_negotiated_are_noted_round_by_round(template, together):
    talked = bargain(template, alone(template), together, method="admm")
    passed = talked.crossings
    named = passed[passed["kind"] == "expected prices"]
    for name in template.names:
        rounds = named.loc[named["VPP"] == name, "iteration"].tolist()
        assert rounds == list(range(1, len(talked.history) + 1))
    assert (passed.loc[passed["kind"] == "its share and the saving", "numbers"] == 2).all()


def test_a_party_s_costs_are_asked_and_not_read(template, together):
    """The deal is made of what the gates say: a cost alone that is told otherwise counts."""
    apart = alone(template)
    parties = parties_of(template, apart, together)
    gate = parties["Home"].gate
    assert gate.ask("costs", {})["cost alone"] == apart["Home"].cost
    assert gate.ask("tariff", {})["purchase and feed-in prices"].shape == (
        2,
        template.vpps[0].steps,
    )
    assert [each.kind for each in parties["Home"].boundary.passed][:2] == [
        "cost alone",
        "cost with the agreed trades",
    ]


# --- on the page ----------------------------------------------------------------------------------
def test_the_page_s_table_counts_what_crossed(together):
    table = tables.crossings(together.crossings).set_index("kind")
    assert table["numbers in all"].sum() == together.crossings["numbers"].sum()
    assert table.loc["expected trades", "times for a VPP"] == together.iterations
    assert set(table["way"]) == {"goes in", "comes out"}


def test_the_sentence_says_what_left_and_whether_a_model_did(together):
    said = words_cooperation.crossed(together.crossings)
    out = together.crossings[together.crossings["way"] == "out"]["numbers"].sum()
    assert f"noted {out:,} numbers that left them" in said and said.endswith("No model left a VPP.")
    made = case(
        vpp(load(10, 0, 4), grid([1, 1, 1], [0, 0, 0]), name="town"),
        vpp(load(10, 0, 4), name="island"),
    )
    mediated = cooperate(made)
    assert "town and island handed over" in words_cooperation.crossed(mediated.crossings)
    assert "stayed at home" not in words_cooperation.told(mediated)
    assert "stayed at home" in words_cooperation.told(together)
