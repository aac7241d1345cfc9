"""Fixtures that several test files share: the cases of studies A and B and what is solved from them, each once."""

from __future__ import annotations

import shutil

import matplotlib

matplotlib.use("Agg")

import pytest
from hypothesis import HealthCheck, settings

from vppcore import bargain, cooperate, dispatch, load_case, pool
from vppcore.currency import speak
from vppcore.game.day import trade_by_game
from vppcore.market import hours, positions
from vppcore.places import PROJECT

# the same examples in every run, and no folder of examples left behind
settings.register_profile(
    "study",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=12,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("study")


@pytest.fixture(autouse=True)
def no_currency_but_the_book_s():
    """A test that reads a case in another currency leaves none behind for the next."""
    yield
    speak()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the template alone, in which cases are made."""
    import case

    shutil.copytree(PROJECT / "data/template", tmp_path / "data/template")
    monkeypatch.setattr(case, "ROOT", tmp_path)
    monkeypatch.setattr(case, "TEMPLATE", tmp_path / "data/template")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fresh_style():
    """The book's style for figures; afterwards no figure is open and no VPP has a colour."""
    from matplotlib import pyplot as plt

    from vppcore.pages import colours, figures

    figures.use_style()
    yield
    plt.close("all")
    plt.rcdefaults()
    colours.remember_vpps(())


@pytest.fixture(scope="session")
def parent():
    """Study A with the parent study's data, nothing fitted."""
    return load_case("paper-a-parent")


@pytest.fixture(scope="session")
def calibrated():
    """Study A with the calibrated VPP2."""
    return load_case("paper-a")


@pytest.fixture(scope="session")
def alone(parent):
    """VPP -> its schedule without cooperation (parent data)."""
    return {vpp.name: dispatch(vpp) for vpp in parent.vpps}


@pytest.fixture(scope="session")
def pooled(parent):
    """The joint optimum (parent data)."""
    return pool(parent)


@pytest.fixture(scope="session")
def together(parent):
    """Cooperation negotiated at the paper's settings (parent data)."""
    return cooperate(parent)


@pytest.fixture(scope="session")
def split(parent, alone, together):
    """The saving of `together`, shared by the closed form."""
    return bargain(parent, alone, together)


@pytest.fixture(scope="session")
def handmade():
    """Study B with the day that was shaped by hand."""
    return load_case("paper-b-handmade")


@pytest.fixture(scope="session")
def five(handmade):
    """VPP -> its schedule without trade (study B, the day shaped by hand)."""
    return {vpp.name: dispatch(vpp) for vpp in handmade.vpps}


@pytest.fixture(scope="session")
def markets(handmade, five):
    """step -> who sells and who buys (study B, the day shaped by hand)."""
    found = hours(
        handmade.vpps, {vpp.name: positions(vpp, five[vpp.name]) for vpp in handmade.vpps}
    )
    return {hour.step: hour for hour in found}


@pytest.fixture(scope="session")
def study_b():
    """Study B with the day made from formulas."""
    return load_case("paper-b")


@pytest.fixture(scope="session")
def study_b_alone(study_b):
    """VPP -> its schedule without trade (study B, the day made from formulas)."""
    return {vpp.name: dispatch(vpp) for vpp in study_b.vpps}


@pytest.fixture(scope="session")
def study_b_hours(study_b, study_b_alone):
    """step -> who sells and who buys (study B, the day made from formulas)."""
    tables = {vpp.name: positions(vpp, study_b_alone[vpp.name]) for vpp in study_b.vpps}
    return {hour.step: hour for hour in hours(study_b.vpps, tables, study_b.tie)}


@pytest.fixture(scope="session")
def game(handmade, five):
    """The multiple game of study B's day shaped by hand, each hour played from ten more beginnings."""
    return trade_by_game(handmade, five, starts=10)
