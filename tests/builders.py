"""Small VPPs and cases made by hand, for tests that need to know every number."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import cvxpy as cp
import numpy as np
import pandas as pd
from hypothesis import strategies as st

from vppcore import VPP, Case
from vppcore.case import Description
from vppcore.components import Battery, Component, ElectricLoad, Grid, Part, Renewable, Tie
from vppcore.market import Hour
from vppcore.solvers import solve


@dataclass(frozen=True, eq=False, kw_only=True)
class Drain(Component):
    """Takes a fixed series off one carrier's bus; negative: feeds it."""

    label: str = "drain"
    carrier: str
    amount: np.ndarray

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        return Part(inject={self.carrier: cp.Constant(-self.amount)})


def array(*numbers: float) -> np.ndarray:
    return np.array(numbers, float)


def grid(buy, sell, **limits) -> Grid:
    return Grid(buy_price=np.array(buy, float), sell_price=np.array(sell, float), **limits)


def load(*forecast: float, label: str = "", **more) -> ElectricLoad:
    return ElectricLoad(label=label, forecast=array(*forecast), **more)


def pv(*forecast: float, **more) -> Renewable:
    return Renewable(label="pv", forecast=array(*forecast), **more)


def battery(**changes) -> Battery:
    usual = dict(
        energy_min=0.0,
        energy_max=20.0,
        energy_start=5.0,
        charge_max=10.0,
        discharge_max=10.0,
        charge_efficiency=0.9,
        discharge_efficiency=0.8,
    )
    return Battery(**usual | changes)


def vpp(*components: Component, name: str = "V", step_hours: float = 1.0) -> VPP:
    """A VPP whose horizon is that of its first component with a series."""
    steps = next(
        len(value)
        for c in components
        for value in vars(c).values()
        if isinstance(value, np.ndarray)
    )
    return VPP(name, components, steps, step_hours)


def case(*vpps: VPP, limit: float = 1000.0, crossing_fee: float = 0.0) -> Case:
    """A case that was never a folder."""
    first = vpps[0]
    description = Description(
        title="t",
        source="s",
        licence="l",
        currency="yuan",
        steps=first.steps,
        step_hours=first.step_hours,
        series_source="s",
        series_status="assumed",
    )
    tie = Tie(limit=limit, crossing_fee=crossing_fee)
    return Case("by-hand", description, vpps, tie, pd.DataFrame(), pd.DataFrame())


def seller_and_buyer(fee: float = 0.01, limit: float = 6.0, step_hours: float = 1.0) -> Case:
    """One VPP with 10 kW of PV to sell at 0.2, one with a load of 10 kW to buy at 1.0 yuan/kWh, two steps."""
    prices = grid([1.0, 1.0], [0.2, 0.2])
    seller = vpp(pv(10, 10), load(0, 0), prices, name="seller", step_hours=step_hours)
    buyer = vpp(load(10, 10), prices, name="buyer", step_hours=step_hours)
    return case(seller, buyer, limit=limit, crossing_fee=fee)


def solved_alone(
    component: Component,
    steps: int = 6,
    step_hours: float = 1.0,
    seed: int = 1,
    fixed: dict[str, np.ndarray] | None = None,
) -> SimpleNamespace:
    """A component driven to a corner of what it can do, by random prices on what it injects.

    `fixed` sets the injection of a carrier instead. Returns the values of `series`, `inject` and the costs by label.
    """
    part, chance, fixed = (
        component.model(steps, step_hours),
        np.random.default_rng(seed),
        fixed or {},
    )
    drive = sum(
        chance.normal(0, 2, steps) @ flow
        for carrier, flow in part.inject.items()
        if carrier not in fixed
    )
    rows = [part.inject[carrier] == values for carrier, values in fixed.items()]
    solve(cp.Problem(cp.Minimize(drive + sum(part.cost.values())), part.constraints + rows))
    return SimpleNamespace(
        series={name: flow.value for name, flow in part.series.items()},
        inject={carrier: flow.value for carrier, flow in part.inject.items()},
        costs={label: float(term.value) for label, term in part.cost.items()},
    )


@st.composite
def small_vpps(draw, steps: int | None = None, name: str = "V") -> VPP:
    """Random VPPs with load, PV, battery and grid; no negative prices, curtailing is free, sale is unlimited."""
    steps = steps or draw(st.integers(1, 4))

    def series(high: int) -> np.ndarray:
        return np.array(draw(st.lists(st.integers(0, high), min_size=steps, max_size=steps)), float)

    share = st.sampled_from([0.0, 0.1, 0.3])
    buy = series(10) / 10
    storage = battery(
        energy_max=draw(st.sampled_from([5.0, 20.0, 60.0])),
        charge_max=draw(st.sampled_from([0.0, 10.0])),
        discharge_max=draw(st.sampled_from([0.0, 15.0])),
        wear_cost=draw(st.sampled_from([0.0, 0.02])),
    )
    demand = load(
        *series(100),
        curtail_share=draw(share),
        curtail_cost=0.3,
        shift_share=draw(share),
        shift_cost=0.01,
    )
    return VPP(
        name,
        (demand, pv(*series(80)), storage, grid(buy, buy * draw(st.sampled_from([0.0, 0.5, 0.9])))),
        steps,
    )


def market_hour(
    surplus=(6.0, 8.0), deficit=(3.0, 4.0), reservation=(0.3, 0.38), satisfaction=4 / 3, **more
) -> Hour:
    """The market of the chapter on the game: tariff 0.75, prices from 0.3; other numbers where given."""
    prices = {"grid_price": 0.75, "price_min": 0.3, "price_max": 1.2}
    return Hour(
        1,
        tuple(f"S{k}" for k in range(len(surplus))),
        tuple(f"B{k}" for k in range(len(deficit))),
        array(*surplus),
        array(*deficit),
        np.resize(reservation, len(surplus)).astype(float),
        **{**prices, **more},
        satisfaction=np.resize(satisfaction, len(deficit)).astype(float),
    )
