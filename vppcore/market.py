"""Who has power to sell in an hour, who needs some, and what a trade between them changes (paper B, section 3).

kW and yuan; arrays are (steps,), shares are (buyers, sellers). Each VPP's schedule stands before the market opens, so a
trade only replaces what a seller would have sold to the grid or spilled, and what a buyer would have bought there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vppcore.components import (
    CarbonMarket,
    ControllableLoad,
    ElectricLoad,
    Grid,
    PowerMarket,
    Renewable,
)
from vppcore.errors import WrongInput
from vppcore.schedule import DispatchResult
from vppcore.vpp import VPP

ROLES = ("seller", "buyer", "out")


def terms_of(vpp: VPP) -> tuple[Grid, CarbonMarket | None, PowerMarket]:
    """The grid, carbon market and terms of trade of a VPP. Raises WrongInput without exactly one grid and terms."""
    grids, carbon, terms = (
        [c for c in vpp.components if isinstance(c, kind)]
        for kind in (Grid, CarbonMarket, PowerMarket)
    )
    if len(grids) != 1 or len(terms) != 1 or len(carbon) > 1:
        raise WrongInput(
            f"{vpp.name}: found {len(grids)} grid, {len(terms)} power_market and {len(carbon)} carbon_market; "
            "allowed for a game: one grid, one power_market, at most one carbon_market"
        )
    return grids[0], carbon[0] if carbon else None, terms[0]


def positions(vpp: VPP, result: DispatchResult) -> pd.DataFrame:
    """What a VPP offers and needs after its own schedule, a row per step, kW.

    supply: renewables (spilled power too), turbines and discharge; demand: load less called load, and charge; ratio:
    supply / demand, paper B (14)-(15). surplus: power sold to the grid or spilled; deficit: power bought from it. role: a
    seller has a ratio above one, a buyer below; within the dead band a VPP stays out, since many schedules end at a ratio
    of exactly one.
    """
    grid, _, terms = terms_of(vpp)
    flows = result.balances["electricity"]
    loads = [c.name for c in vpp.components if isinstance(c, ElectricLoad | ControllableLoad)]
    devices = flows.drop(columns=[grid.name, *loads])
    spilled = sum(
        (
            result.series[c.name, "curtailed"].clip(lower=0)
            for c in vpp.components
            if isinstance(c, Renewable)
        ),
        0.0,
    )
    supply = devices.clip(lower=0).sum(axis=1) + spilled
    demand = -flows[loads].sum(axis=1) - devices.clip(upper=0).sum(axis=1)
    bought = flows[grid.name]  # net: at equal prices a schedule may buy and sell at once
    table = pd.DataFrame(
        {
            "supply": supply,
            "demand": demand,
            "ratio": supply / demand,
            "surplus": (-bought).clip(lower=0) + spilled,
            "deficit": bought.clip(lower=0),
        }
    )
    net = table["surplus"] - table["deficit"]
    sells, buys = net > terms.dead_band, net < -terms.dead_band
    return table.assign(role=np.select([sells, buys], ["seller", "buyer"], "out"))


@dataclass(frozen=True, eq=False)
class Hour:
    """The market of one step: sellers with surplus (kW) and reservation price, buyers with deficit (kW), the grid's price
    that a buyer pays otherwise, and the band of prices that are allowed (yuan/kWh)."""

    step: int
    sellers: tuple[str, ...]
    buyers: tuple[str, ...]
    surplus: np.ndarray
    deficit: np.ndarray
    reservation: np.ndarray
    grid_price: float
    price_min: float
    price_max: float

    def __post_init__(self):
        sizes = (len(self.sellers), len(self.buyers), len(self.sellers))
        if tuple(map(len, (self.surplus, self.deficit, self.reservation))) != sizes:
            raise WrongInput(
                f"step {self.step}: found {len(self.surplus)} surpluses, {len(self.deficit)} deficits and "
                f"{len(self.reservation)} reservation prices; allowed: one for each seller or buyer"
            )
        if not (np.all(np.asarray(self.surplus) > 0) and np.all(np.asarray(self.deficit) > 0)):
            raise WrongInput(
                f"step {self.step}: found a surplus or deficit that is not above zero; allowed: kW above 0"
            )
        if not (self.price_min < self.top and np.all(np.asarray(self.reservation) < self.top)):
            raise WrongInput(
                f"step {self.step}: found price_min {self.price_min:g} and reservation prices "
                f"{np.round(self.reservation, 4).tolist()}; allowed: below {self.top:g}, the highest price that a "
                "buyer accepts"
            )

    @property
    def open(self) -> bool:
        """False where nobody sells or nobody buys: there is no price then."""
        return bool(self.sellers and self.buyers)

    @property
    def top(self) -> float:
        """The highest price that makes sense: nobody pays a seller more than the grid."""
        return min(self.price_max, self.grid_price)


def hours(vpps: tuple[VPP, ...], tables: dict[str, pd.DataFrame]) -> list[Hour]:
    """The market of each step from every VPP's `positions`.

    A seller's reservation price stays below the grid's by its margin; a seller that may not ask it stays out.
    Raises WrongInput if the VPPs see different grid prices or price bands, or a band without a price that a buyer would
    accept.
    """
    terms = {vpp.name: terms_of(vpp) for vpp in vpps}
    grid, _, first = terms[vpps[0].name]
    if any(
        not np.array_equal(g.buy_price, grid.buy_price)
        or (t.price_min, t.price_max) != (first.price_min, first.price_max)
        for g, _, t in terms.values()
    ):
        raise WrongInput(
            "power_market: the VPPs have different grid prices or price bands; allowed: one market for all"
        )
    if (grid.buy_price <= first.price_min).any():
        step = int(np.argmax(grid.buy_price <= first.price_min)) + 1
        raise WrongInput(
            f"power_market: price_min {first.price_min:g} yuan/kWh is not below the grid's price of "
            f"{grid.buy_price[step - 1]:g} in step {step}; allowed: a band that starts below it"
        )
    found = []
    for k, price in enumerate(grid.buy_price):
        row = {name: table.iloc[k] for name, table in tables.items()}
        asks = {
            name: min(terms[name][2].reservation_price, price - terms[name][2].margin)
            for name in row
        }
        sellers = tuple(
            name for name in row if row[name]["role"] == "seller" and asks[name] < first.price_max
        )
        buyers = tuple(name for name in row if row[name]["role"] == "buyer")
        reservation = [asks[name] for name in sellers]
        found.append(
            Hour(
                k + 1,
                sellers,
                buyers,
                np.array([row[n]["surplus"] for n in sellers]),
                np.array([row[n]["deficit"] for n in buyers]),
                np.array(reservation),
                float(price),
                first.price_min,
                first.price_max,
            )
        )
    return found


def deliver(hour: Hour, shares: np.ndarray) -> np.ndarray:
    """kW that each seller sends to each buyer `(buyers, sellers)`.

    Buyer i asks seller j for share ij of its deficit, paper B (20)-(21). A seller that is asked for more than it has
    divides it pro rata; what then is left on both sides meets in a second pass.
    """
    asked = shares * hour.deficit[:, None]
    total = asked.sum(axis=0)
    sent = asked * np.minimum(
        1, np.divide(hour.surplus, total, out=np.ones_like(total), where=total > 0)
    )
    spare, lack = hour.surplus - sent.sum(axis=0), hour.deficit - sent.sum(axis=1)
    most = max(spare.sum(), lack.sum())
    return sent + np.outer(lack, spare) / most if most > 1e-9 else sent


def settle(vpp: VPP, result: DispatchResult, received: np.ndarray, sent: np.ndarray) -> pd.Series:
    """Cost items (yuan) of a VPP that received and sent power (kW by step), and its carbon excess (kg) on the last row.

    Received power replaces purchases and their carbon; sent power is first what would have been spilled, then what would
    have been sold to the grid. Payments between VPPs are not in it. The carbon bill is made anew for the whole horizon.
    """
    grid, carbon, _ = terms_of(vpp)
    costs, step = result.costs.copy(), vpp.step_hours
    excess = 0.0 if carbon is None else step * float(result.series[carbon.name, "excess"].sum())
    before = excess
    rest = sent.copy()
    costs["electricity purchase"] -= step * grid.buy_price @ received
    excess -= step * (grid.emission - grid.carbon_quota) * received.sum()
    for plant in sorted(
        (c for c in vpp.components if isinstance(c, Renewable)), key=lambda c: c.operation_cost
    ):
        saved = np.minimum(rest, result.series[plant.name, "curtailed"].clip(lower=0).to_numpy())
        rest = rest - saved
        costs["operation"] += step * plant.operation_cost * saved.sum()
        excess -= step * plant.carbon_quota * saved.sum()
    costs["electricity sale"] += step * grid.sell_price @ rest
    if carbon is not None:
        costs["carbon"] += carbon.bill(excess) - carbon.bill(before)
    return pd.concat([costs, pd.Series({"carbon excess (kg)": excess})])
