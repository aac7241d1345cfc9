"""Pictures of the bargaining chapter: what is drawn is held against a number found in another way."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from drawn import panels_of
from matplotlib.colors import to_hex

from vppcore import bargain, pool
from vppcore.bargaining.split import make_deal
from vppcore.bargaining.weights import bargaining_weights, supplied_and_received
from vppcore.pages import figures_theory_split as theory
from vppcore.pages import toys
from vppcore.pages.colours import vpp_colours
from vppcore.standalone import alone as each_alone

pytestmark = pytest.mark.usefixtures("fresh_style")


@pytest.fixture(scope="module")
def deal(parent, alone, together):
    return make_deal(parent, alone, together, "contribution")


@pytest.fixture(scope="module")
def toy_deal():
    toy = toys.two_at_a_table()
    return make_deal(toy, each_alone(toy), pool(toy), "contribution")


def marks(axes) -> dict[str, tuple[float, float]]:
    return {
        line.get_label(): (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in axes.get_lines()
        if len(line.get_xdata()) == 1
    }


def area_of(polygon: np.ndarray) -> float:
    x, y = polygon.T
    return abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2


def test_the_toy_saves_what_the_chapter_works_out(toy_deal):
    assert toy_deal.saving == pytest.approx(300 * (0.60 - 0.20))
    by_hand = np.array([np.e - 1, 1 - 1 / np.e])
    assert toy_deal.weights.to_numpy() == pytest.approx(by_hand / by_hand.sum())


def test_each_curve_touches_the_line_of_the_whole_saving_at_its_point(toy_deal):
    axes = theory.bargaining_set(toy_deal)
    points = marks(axes)
    curves = {
        to_hex(line.get_color()): np.column_stack([line.get_xdata(), line.get_ydata()])
        for line in axes.get_lines()
        if len(line.get_xdata()) > 2
    }
    for name, colour in (
        ("equal weights", theory.EQUAL),
        ("weights by contribution", theory.WEIGHTED),
    ):
        curve = curves[colour.lower()]
        sums = curve.sum(axis=1)
        assert (sums >= toy_deal.saving - 1e-9).all()  # never below the line
        nearest = curve[sums.argmin()]
        assert sums.min() == pytest.approx(toy_deal.saving, rel=1e-3)
        assert nearest == pytest.approx(np.array(points[name]), rel=0.05)
    assert points["equal weights"] == pytest.approx((60, 60))
    chosen = bargain(
        toy := toys.two_at_a_table(), each_alone(toy), pool(toy), weights="contribution"
    )
    assert points["weights by contribution"] == pytest.approx(tuple(chosen.gains))


def test_arrows_add_up_to_what_each_vpp_pays(deal, split):
    axes = theory.payments(deal, split)
    paid = theory.payments_of(deal, split)
    for name in deal.names:
        own = sum(amount * ((name == i) - (name == j)) for (i, j), amount in paid.items())
        assert own == pytest.approx(split.table.loc[name, "payment"], abs=1e-6)
    texts = [text.get_text() for text in axes.texts]
    labelled = sorted(float(t.split()[0].replace(",", "")) for t in texts if t.endswith(" yuan"))
    assert labelled == pytest.approx(sorted(paid.abs()), abs=0.51)
    arrows = [text for text in axes.texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == (paid != 0).sum()
    gains = [
        float(re.search(r"gains (\S+)", t)[1].replace(",", "").replace("−", "-"))
        for t in texts
        if "gains" in t
    ]
    assert sum(gains) == pytest.approx(split.gains.sum(), abs=2)


def test_an_arrow_leads_from_who_pays_to_who_is_paid(deal, split):
    axes = theory.payments(deal, split)
    places = dict(zip(deal.names, theory.corners(len(deal.names)), strict=True))
    paid = theory.payments_of(deal, split)
    arrows = [text for text in axes.texts if getattr(text, "arrow_patch", None)]
    for ((i, j), amount), arrow in zip(paid[paid != 0].items(), arrows, strict=True):
        payer, receiver = (i, j) if amount > 0 else (j, i)
        tail, head = np.array(arrow.xyann), np.array(arrow.xy)
        assert np.linalg.norm(tail - places[payer]) < np.linalg.norm(head - places[payer])
        assert np.linalg.norm(head - places[receiver]) < np.linalg.norm(tail - places[receiver])


def test_the_marks_on_the_curves_add_up_to_the_weights(parent, together):
    energy = supplied_and_received(together.trades)
    axes = theory.weight_curves(energy)
    colours = {to_hex(colour): name for name, colour in vpp_colours(list(energy.index)).items()}
    parts = dict.fromkeys(energy.index, 0.0)
    for line in axes.get_lines():
        if len(line.get_xdata()) == 1:
            parts[colours[to_hex(line.get_color())]] += float(line.get_ydata()[0])
    drawn = np.array(list(parts.values()))
    expected = bargaining_weights(together.trades).to_numpy()
    assert drawn / drawn.sum() == pytest.approx(expected)


def test_the_handle_stands_at_theta_and_the_prices_are_the_split_s(deal, split):
    above, below = panels_of(theory.theta_handle(deal, split))
    handles = [line.get_xdata()[0] for line in below.get_lines() if len(line.get_xdata()) == 1]
    assert handles == pytest.approx(split.position.to_numpy())
    pair = tuple(above.get_title(loc="left").split(" – "))
    drawn = {}
    for line in above.get_lines():
        drawn |= dict(zip(line.get_xdata(), line.get_ydata(), strict=True))
    agreed = split.prices[pair].dropna()
    assert sorted(drawn) == list(agreed.index)
    assert [drawn[hour] for hour in agreed.index] == pytest.approx(agreed.to_numpy())


def test_the_area_that_prices_can_reach_is_that_of_a_zonotope(deal, split):
    axes = theory.reachable(deal, split)
    (polygon,) = axes.patches
    drawn = area_of(polygon.get_xy()[:-1])
    sides = (deal.incidence * deal.room)[:2].T / 1000
    expected = 4 * sum(abs(np.linalg.det(np.array(two))) for two in combinations(sides, 2))
    assert drawn == pytest.approx(expected)
    assert marks(axes)["agreed"] == pytest.approx(tuple(split.gains.iloc[:2] / 1000))
    inside = polygon.get_path().contains_point(marks(axes)["agreed"])
    assert inside and not split.bound


def test_the_bars_of_each_set_share_the_same_saving(deal, together, pooled):
    sets = {"negotiated": together.trades, "a corner": pooled.trades}
    gains = pd.DataFrame({name: bargaining_weights(each) for name, each in sets.items()}).T
    gains *= deal.saving
    axes = theory.firmness(gains)
    widths = np.array([[bar.get_width() for bar in box] for box in axes.containers])
    assert 1000 * widths.sum(axis=0) == pytest.approx([deal.saving, deal.saving])
    assert np.abs(widths[:, 0] - widths[:, 1]).max() > 0  # optimal trades are not unique
