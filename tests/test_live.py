"""Problems that a page solves: their data are the problem, whatever the knobs are set to."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import fields, replace

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import WrongInput, alone, dispatch, load_case, pool
from vppcore.changes import changed
from vppcore.compiled import Compiled
from vppcore.components import CarbonMarket
from vppcore.live.ladder import ladder as the_ladder
from vppcore.live.problem import Knob, Price, Stated, as_data, export, from_data, parted
from vppcore.live.reach import Intervals, product, quotient, reach
from vppcore.live.sliders import round_step, slider
from vppcore.live.study_a import facts_of, knobs_of, who_sends_to_whom
from vppcore.pages import live as pages_live
from vppcore.pages.live import module_text, payload
from vppcore.pages.live_module import SCRIPTS
from vppcore.pages.study import read_case
from vppcore.places import PROJECT
from vppcore.warm import WarmLinear, solve_quadratic

CASE = "paper-a-parent"
# copies of others' scripts -> their folders below book/_static
COPIES = {"highs": "highs", "mathjax": "mathjax", "reveal.js": "reveal"}


@pytest.fixture(scope="module")
def live():
    return who_sends_to_whom(load_case(CASE))


def some_settings(live, seed):
    """All knobs turned at once."""
    random = np.random.default_rng(seed)
    return {k.name: float(random.uniform(k.first or k.low, k.high)) for k in live.knobs}


def bound_from(live, setting, y):
    """The lower bound that multipliers y prove: what the page computes, once more in Python."""
    program = live.program(setting)
    low, high = (
        np.where(np.isfinite(own), own, far)
        for own, far in zip((program.column_low, program.column_high), live.reach, strict=True)
    )
    allowed = np.where(y > 0, np.isfinite(program.row_low), np.isfinite(program.row_high))
    y = np.where(allowed, y, 0.0)
    rest = program.linear - program.matrix.T @ y
    rows = np.where(y > 0, program.row_low, program.row_high)
    held = y[y != 0] @ rows[y != 0]
    return program.constant + held + np.where(rest > 0, rest * low, rest * high).sum()


# --- study A --------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(4))
def test_what_a_page_solves_is_what_pool_states(live, seed):
    setting = some_settings(live, seed)
    program = live.program(setting)
    found = WarmLinear("page").solve(program)
    stated = pool(changed(load_case(CASE), setting), storage="relaxed")
    assert found.value == pytest.approx(stated.cost, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_multipliers_prove_the_cost_at_any_setting(live, seed):
    setting = some_settings(live, seed)
    found = WarmLinear("page").solve(live.program(setting))
    proved = bound_from(live, setting, -found.multipliers)
    assert proved == pytest.approx(found.value, rel=1e-9)


@given(seed=st.integers(0, 2**31), size=st.floats(0, 2))
@settings(max_examples=15, deadline=None)
def test_no_multipliers_whatever_prove_more_than_the_cost(live, seed, size):
    setting = some_settings(live, 1)
    found = WarmLinear("page").solve(live.program(setting))
    noise = np.random.default_rng(seed).normal(size=len(found.multipliers)) * size
    y = -found.multipliers * (1 + noise) + noise
    assert bound_from(live, setting, y) <= found.value + 1e-9 * abs(found.value)


def test_outputs_and_prices_are_those_of_the_schedules(live):
    usual = {knob.name: knob.usual for knob in live.knobs}
    case = load_case(CASE)
    found = WarmLinear("page").solve(live.program(usual))
    items = [name for name in live.outputs if ": " in name]
    total = sum(live.output(name, found.x, usual).item() for name in items)
    assert total == pytest.approx(found.value, rel=1e-9)
    apart = usual | {"trade_limit": 0.0}
    found = WarmLinear("page").solve(live.program(apart))
    for name, schedule in alone(case, storage="relaxed").items():
        own = [each for each in items if each.startswith(f"{name}: ")]
        cost = sum(live.output(each, found.x, apart).item() for each in own)
        assert cost == pytest.approx(schedule.cost, rel=1e-9)
    for pair in (each for each in live.outputs if " to " in each):
        assert live.output(pair, found.x, apart) == pytest.approx(0, abs=1e-6)


def test_a_price_is_what_one_more_kwh_costs(live):
    """Second road: the cost's slope by a load a little larger."""
    usual = {knob.name: knob.usual for knob in live.knobs}
    program = live.program(usual)
    rows, factor = live.prices["VPP1"]
    found = WarmLinear("page").solve(program)
    hour = 11
    price = -found.multipliers[rows[hour]] * factor
    slopes = []
    for change in (-1e-3, 1e-3):
        moved = live.program(usual)
        for limits in (moved.row_low, moved.row_high):
            limits[rows[hour]] += change
        slopes.append((WarmLinear("page").solve(moved).value - found.value) / change)
    assert min(slopes) - 1e-6 <= price <= max(slopes) + 1e-6


def test_the_command_of_a_setting_changes_the_same_numbers(live):
    """The notebook's parameters of these names make the case that the page's problem is of."""
    setting = some_settings(live, 3)
    by_page = changed(load_case(CASE), setting)
    by_run = read_case(CASE, {"case": CASE, **setting})
    costs = [pool(case, storage="relaxed").cost for case in (by_page, by_run)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-12)


def test_data_are_text_that_any_script_reads(live):
    colours = dict.fromkeys(load_case(CASE).names, "#000000")
    text = payload(live, "who-sends-to-whom", "cooperation", facts_of(load_case(CASE), colours))
    read = json.loads(text)
    assert "</" not in text and "NaN" not in text and "Infinity" not in text
    assert read["problem"] == as_data(live)
    assert len(read["facts"]["buy"]) == 24


def test_data_read_back_are_the_same_problem(live):
    again = from_data(json.loads(json.dumps(as_data(live))))
    setting = some_settings(live, 5)
    for one, other in zip(
        vars(live.program(setting)).values(), vars(again.program(setting)).values(), strict=True
    ):
        one, other = (np.asarray(x.toarray() if hasattr(x, "toarray") else x) for x in (one, other))
        assert np.array_equal(one, other)
    assert again.knobs == live.knobs and np.array_equal(again.reach, live.reach)


def in_half_hours(case):
    """Every step in two of half its length."""

    def halved(part):
        series = {}
        for field in fields(part):
            value = getattr(part, field.name)
            if isinstance(value, np.ndarray) and value.ndim == 1:
                series[field.name] = np.repeat(value, 2)
        return replace(part, **series)

    vpps = []
    for vpp in case.vpps:
        parts = tuple(halved(part) for part in vpp.components)
        vpps.append(replace(vpp, components=parts, steps=2 * vpp.steps, step_hours=0.5))
    return replace(case, vpps=tuple(vpps))


def test_a_case_without_a_tie_or_with_two_gas_prices_is_refused():
    case = load_case(CASE)
    with pytest.raises(WrongInput, match="no tie"):
        knobs_of(replace(case, tie=None))
    with pytest.raises(WrongInput, match="2 different numbers for price"):
        knobs_of(case.change("VPP1", "gas_supply", price=9.0))


def test_a_case_of_one_s_own_is_shown_or_said_why_not(capsys):
    """Two VPPs without a carbon market get the knobs of what they have; a large case gets none."""
    own = load_case("template")
    given = json.loads(pages_live.who_sends_to_whom(own))
    names = [knob["name"] for knob in given["problem"]["knobs"]]
    assert names == ["crossing_fee", "trade_limit", "gas_price", "battery_size", "sun"]
    assert list(given["facts"]["vpps"]) == own.names and given["facts"]["step_hours"] == 1
    run = read_case("template", {"case": "template", "sun": 1.5, "trade_limit": 3.0})
    live = from_data(given["problem"])
    found = WarmLinear("page").solve(live.program({"sun": 1.5, "trade_limit": 3.0}))
    assert found.value == pytest.approx(pool(run, storage="relaxed").cost, rel=1e-9)
    assert not pages_live.who_sends_to_whom(load_case("simbench-semiurb"))
    assert "columns; allowed: up to" in capsys.readouterr().out


def test_prices_are_per_kwh_whatever_the_length_of_a_step():
    """The same day in half hours: twice the steps, the same prices and the same cost."""
    hours = load_case("template")
    halves = in_half_hours(hours)
    found = {}
    for case in (hours, halves):
        live = who_sends_to_whom(case)
        point = WarmLinear("page").solve(live.program({}))
        rows, factor = live.prices["Shop"]
        found[case.vpps[0].step_hours] = (point.value, -point.multipliers[rows] * factor)
    assert found[1.0][0] == pytest.approx(found[0.5][0], rel=1e-6)
    highest = {length: prices.max() for length, (_, prices) in found.items()}
    assert highest[1.0] == pytest.approx(highest[0.5], rel=1e-6)


# --- study B --------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def stepped():
    return the_ladder(load_case("paper-b").vpp("VPP1"))


@pytest.mark.parametrize("seed", range(3))
def test_a_day_under_another_ladder_is_the_one_that_dispatch_plans(stepped, seed):
    setting = some_settings(stepped, seed)
    vpp = (
        load_case("paper-b")
        .vpp("VPP1")
        .change(
            "carbon_market",
            price=setting["carbon_price"] / 1000,
            interval=setting["interval"] * 1000,
            growth=setting["growth"],
        )
    )
    planned = dispatch(vpp, storage="relaxed")
    point = solve_quadratic(stepped.program(setting), "ladder")
    assert point.value == pytest.approx(planned.cost, rel=1e-6)
    excess = stepped.output("excess", point.x, setting).item()
    (market,) = vpp.of(CarbonMarket)
    assert stepped.output("carbon", point.x, setting).item() == pytest.approx(
        market.bill(excess), rel=1e-5
    )


def test_a_vpp_whose_carbon_price_is_flat_has_no_ladder():
    with pytest.raises(WrongInput, match="VPP1: found no carbon price in steps"):
        the_ladder(load_case(CASE).vpp("VPP1"))


def test_costs_of_two_columns_together_are_refused():
    def crossed(setting):
        buy = cp.Variable(2, nonneg=True)
        cost = cp.quad_form(buy, np.array([[2.0, 1.0], [1.0, 2.0]])) * setting["price"]
        return Stated(Compiled(cost, [cp.sum(buy) >= setting["load"], buy <= 99], "c"), {}, {})

    with pytest.raises(WrongInput, match="found a cost of two columns"):
        export("toy", TOY, crossed)


# --- any problem ----------------------------------------------------------------------------------
def toy(setting):
    """A purchase for a load, its price and the load turned."""
    buy = cp.Variable(2, nonneg=True)
    balance = buy == setting["load"] * np.array([1.0, 2.0])
    compiled = Compiled(setting["price"] * cp.sum(buy), [balance, buy <= 100], "toy")
    return Stated(compiled, {"bought": buy}, {"price": Price(balance, 1.0)})


TOY = (
    Knob("load", "load", "kW", 0.0, 10.0, 1.0, 5.0),
    Knob("price", "price", "yuan/kWh", 0.0, 4.0, 0.5, 2.0),
)


@given(load=st.floats(0, 10), price=st.floats(0, 4))
@settings(max_examples=25, deadline=None)
def test_a_toy_is_what_its_formula_says(load, price):
    live = export("toy", TOY, toy)
    found = WarmLinear("toy").solve(live.program({"load": load, "price": price}))
    assert found.value == pytest.approx(3 * load * price, abs=1e-9)
    bought = live.output("bought", found.x, {"load": load, "price": price})
    assert bought == pytest.approx([load, 2 * load], abs=1e-9)


def test_a_knob_that_enters_as_a_square_is_refused():
    def squared(setting):
        return toy(setting | {"load": setting["load"] ** 2})

    with pytest.raises(WrongInput, match="does not depend on the knobs affinely"):
        export("toy", TOY, squared)


def test_two_knobs_that_multiply_are_refused():
    def both(setting):
        return toy(setting | {"load": setting["load"] * setting["price"]})

    with pytest.raises(WrongInput, match="does not depend on the knobs affinely"):
        export("toy", TOY, both)
    named = export("toy", TOY, both, products=[("load", "price")])
    found = WarmLinear("toy").solve(named.program({"load": 3.0, "price": 1.5}))
    assert found.value == pytest.approx(3 * 3.0 * 1.5 * 1.5)


def curved(setting):
    """A purchase that becomes dearer the more is bought, beside one at a fixed price."""
    cheap, dear = cp.Variable(nonneg=True), cp.Variable(nonneg=True)
    rows = [cheap + dear >= setting["load"], cheap <= 50, dear <= 50]
    cost = 0.5 * cp.square(cheap) + setting["price"] * dear
    return Stated(Compiled(cost, rows, "curved"), {"cheap": cheap}, {})


@given(load=st.floats(0, 10), price=st.floats(0, 4))
@settings(max_examples=15, deadline=None)
def test_a_quadratic_problem_keeps_its_curve(load, price):
    live = export("curved", TOY, curved)
    program = live.program({"load": load, "price": price})
    x = min(load, price)  # the marginal cost of the cheap one is what is bought of it
    point = np.zeros(len(program.linear))
    point[:] = [x, load - x] if live.output("cheap", np.array([1.0, 0.0]), {})[0] else [load - x, x]
    assert program.objective(point) == pytest.approx(x * x / 2 + price * (load - x), abs=1e-9)


def test_whole_numbers_are_refused():
    def whole(setting):
        buy = cp.Variable(integer=True)
        rows = [buy >= setting["load"], buy <= 99]
        return Stated(Compiled(buy * setting["price"], rows, "w"), {}, {})

    with pytest.raises(WrongInput, match="allowed: one without whole numbers"):
        export("toy", TOY, whole)


def test_a_knob_that_takes_a_limit_away_is_refused():
    def open_ended(setting):
        buy = cp.Variable(2, bounds=[0, np.inf if setting["load"] < 2 else 100.0])
        return Stated(Compiled(cp.sum(buy), [buy >= setting["load"]], "toy"), {}, {})

    with pytest.raises(WrongInput, match="turning load changes which limits there are"):
        export("toy", TOY, open_ended)


def test_a_column_without_any_end_is_refused():
    def endless(setting):
        buy = cp.Variable(2)
        rows = [cp.sum(buy) == setting["load"]]
        return Stated(Compiled(setting["price"] * cp.sum(buy), rows, "toy"), {}, {})

    with pytest.raises(WrongInput, match="2 columns have no end"):
        export("toy", TOY, endless)


def test_an_output_that_is_curved_is_refused():
    with pytest.raises(WrongInput, match="allowed: affine expressions, sums of absolute"):
        parted(cp.square(cp.Variable()))


def test_an_unknown_knob_is_refused(live):
    with pytest.raises(WrongInput, match="found colour; allowed: crossing_fee"):
        live.program({"colour": 1.0})


@pytest.mark.parametrize("ends", [(1.0, 0.0, 0.5), (0.0, 1.0, 2.0)])
def test_a_knob_that_cannot_be_turned_is_refused(ends):
    low, high, usual = ends
    with pytest.raises(WrongInput, match="allowed: a range that holds the usual value"):
        Knob("x", "x", "kW", low, high, 0.1, usual)


# --- ends of columns ------------------------------------------------------------------------------
numbers = st.floats(-50, 50)


@given(numbers, numbers, numbers, numbers, st.floats(0, 1), st.floats(0, 1))
def test_a_product_lies_within_its_ends(a, b, c, d, s, t):
    one, other = sorted((a, b)), sorted((c, d))
    ends = product(Intervals(*map(np.atleast_1d, one)), Intervals(*map(np.atleast_1d, other)))
    found = (one[0] + s * (one[1] - one[0])) * (other[0] + t * (other[1] - other[0]))
    assert ends.low[0] - 1e-9 <= found <= ends.high[0] + 1e-9


@given(numbers, numbers, st.floats(0.1, 50), st.floats(0.1, 50), st.floats(0, 1), st.floats(0, 1))
def test_a_quotient_lies_within_its_ends(a, b, c, d, s, t):
    rest, entry = sorted((a, b)), sorted((c, d))
    ends = quotient(Intervals(*map(np.atleast_1d, rest)), Intervals(*map(np.atleast_1d, entry)))
    found = (rest[0] + s * (rest[1] - rest[0])) / (entry[0] + t * (entry[1] - entry[0]))
    assert ends.low[0] - 1e-9 <= found <= ends.high[0] + 1e-9


def test_a_quotient_by_what_may_be_zero_has_no_ends():
    ends = quotient(
        Intervals(np.array([1.0]), np.array([1.0])), Intervals(np.array([-1.0]), np.array([1.0]))
    )
    assert ends.low[0] == -np.inf and ends.high[0] == np.inf


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_a_cheapest_solution_stays_within_reach(seed):
    """Random problems of a pushed column: t >= |x|, x held by a balance."""
    random = np.random.default_rng(seed)
    need = random.uniform(1, 9, 3)
    price = random.uniform(0.1, 2, 3)
    fee = random.uniform(0, 1)

    def state(setting):
        buy, trade = cp.Variable(3, nonneg=True), cp.Variable(3)
        rows = [buy + trade == need * setting["load"], buy <= 40, trade <= 5, trade >= -5]
        cost = price @ buy + fee * cp.sum(cp.abs(trade))
        return Stated(Compiled(cost, rows, "random"), {}, {})

    knob = Knob("load", "load", "times", 0.5, 2.0, 0.1, 1.0)
    live = export("random", [knob], state)
    for load in (0.5, 1.0, 2.0):
        program = live.program({"load": load})
        found = WarmLinear("random").solve(program)
        free = WarmLinear("held").solve(
            program.__class__(
                **{
                    **vars(program),
                    "column_low": np.maximum(program.column_low, live.reach[0]),
                    "column_high": np.minimum(program.column_high, live.reach[1]),
                }
            )
        )
        assert free.value == pytest.approx(found.value, rel=1e-9)


def test_ends_pass_from_row_to_row():
    """x <= 4; y <= 2 x; z <= y + 1."""
    place = np.array([0, 3, 4, 7, 8])
    entry = np.array([1.0, -2.0, 1.0, -1.0, 1.0])
    exact = Intervals(entry, entry)
    limits = {
        "row_low": np.full(3, -np.inf),
        "row_high": np.array([4.0, 0.0, 1.0]),
        "column_low": np.zeros(3),
        "column_high": np.full(3, np.inf),
        "cost": np.ones(3),
    }
    vectors = {name: Intervals(values, values) for name, values in limits.items()}
    least, most = reach((3, 3), place, exact, vectors)
    assert least.tolist() == [0, 0, 0] and most.tolist() == [4, 8, 9]


# --- sliders --------------------------------------------------------------------------------------
@given(st.floats(1e-4, 1e6), st.floats(1.0, 3.0))
def test_the_usual_value_of_a_slider_lies_on_a_step(high, part):
    usual = float(f"{high / part:.3g}")
    knob = slider("x", "x", "kW", min(usual, high), high)
    steps = knob.usual / knob.step
    assert steps == pytest.approx(round(steps), abs=1e-5)
    assert knob.high >= high * (1 - 1e-6)


@given(st.floats(1e-6, 1e9))
def test_a_round_step_is_not_above_its_size(size):
    step = round_step(size)
    assert step <= size * (1 + 1e-5) and step * 2.5 >= size * (1 - 1e-5)


# --- the module -----------------------------------------------------------------------------------
def test_the_module_needs_no_other_and_has_the_view():
    text = module_text()
    assert "import " not in text.replace("importance", "") and "export " not in text
    assert 'views["who-sends-to-whom"]' in text
    assert text.index("class Problem") < text.index("const startPage")


def test_the_reader_is_small():
    """What reads the data, solves, proves and mounts: lines of code, comments aside."""
    lines = {}
    for name in ("reader", "proof", "words", "controls", "start"):
        text = (PROJECT / f"book/_static/live/{name}.mjs").read_text(encoding="utf-8")
        stripped = (line.strip() for line in text.splitlines())
        lines[name] = sum(1 for line in stripped if line and not line.startswith("//"))
    assert sum(lines.values()) < 400, lines


def test_every_copy_is_on_the_page_of_solvers_with_its_checksum_and_its_command():
    page = (PROJECT / "book/solvers.md").read_text(encoding="utf-8")
    static = PROJECT / "book/_static"
    told = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", page, re.MULTILINE))
    for checksum, name in told.items():
        assert hashlib.sha256((static / name).read_bytes()).hexdigest() == checksum, name
    assert set(told.values()) == {
        file.relative_to(static).as_posix()
        for folder in COPIES.values()
        for file in (static / folder).iterdir()
        if file.suffix in (".js", ".css")
    }
    rows = re.findall(r"^\| (\S+) (\d+\.\d+\.\d+) \| .+ \| (\S+) \| `(.+?)`", page, re.MULTILINE)
    assert {name: COPIES[name] for name, *_ in rows} == COPIES
    for name, version, licence, command in rows:
        assert version in command, name
        text = (static / COPIES[name] / "LICENSE").read_text(encoding="utf-8")
        assert licence.split("-")[0] in text or "Permission is hereby granted" in text, name


def test_the_solver_in_the_book_is_the_one_that_is_recorded():
    folder = PROJECT / "book/_static/highs"
    record = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    script = (folder / "highs.js").read_bytes()
    assert hashlib.sha256(script).hexdigest() == record["sha256"]["highs.js"]
    assert record["licence"] == "MIT" and "MIT" in (folder / "LICENSE").read_text()
    assert record["renewed by"] in (PROJECT / "book/solvers.md").read_text(encoding="utf-8")
    assert f"highs {record['version']}" in script[:200].decode()


def test_scripts_that_share_a_module_share_no_name():
    """All scripts become one module: a name that is given twice would stop every element."""
    given = Counter()
    for file in sorted(SCRIPTS.glob("*.mjs")):
        text = file.read_text(encoding="utf-8")
        given.update(re.findall(r"^(?:const|let|class|function) (\w+)", text, flags=re.MULTILINE))
        unpacked = re.findall(r"^(?:const|let) [\[{]([^\]}]*)[\]}]", text, flags=re.MULTILINE)
        given.update(name for names in unpacked for name in re.findall(r"(\w+)\s*(?:,|$)", names))
    assert given and [name for name, times in given.items() if times > 1] == []
