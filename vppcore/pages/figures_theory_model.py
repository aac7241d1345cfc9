"""Pictures of the model chapter: one VPP, its buses, its CHP unit and its prices. No solving.

Each function draws on the Axes that it makes and returns one of them. kW, kWh, yuan, kg; an
injection is positive into the bus.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from scipy.spatial import ConvexHull

from vppcore.components import Battery, CarbonMarket, CHPWithCapture, GasSupply, GasTurbine
from vppcore.components.chp import coupled_region
from vppcore.pages.colours import (
    SERIES_COLOURS,
    component_colours,
    component_names,
    item_colour,
    vpp_colours,
)
from vppcore.pages.figures import legend_above, new_axes, panels, stacked
from vppcore.pages.pictures import table_in_words, tell
from vppcore.schedule import DispatchResult
from vppcore.vpp import VPP

SHADE = "0.90"
UNITS = {"electricity": "MWh", "heat": "MWh", "gas": "MWh", "carbon": "t"}
LOWEST = 1e-6  # a share of the largest flow of a bus: less is nothing
NO_LIMIT = 1e6  # kg/kWh: so much exhaust that P2G never lacks CO2
INSIDE = 1e-3  # a share of the largest power: so far from its limits a unit is at the margin


# --- buses ----------------------------------------------------------------------------------------
def flows_over_the_day(result: DispatchResult, step_hours: float) -> pd.DataFrame:
    """What each component injects into each bus over the day: MWh, of carbon t.

    A row per component, a column per carrier; nan where a component has no part in a carrier.
    """
    columns = {}
    for carrier, table in result.balances.items():
        columns[carrier] = table.sum() * step_hours / 1000
    return pd.DataFrame(columns).reindex(list(result.kinds)).dropna(how="all")


def buses(flows: pd.DataFrame, result: DispatchResult) -> Axes:
    """The VPP as a block drawing: each component a row, each bus a line from top to bottom; arrows
    say what a component injects into a bus over the day or takes from it. Each bus adds up to zero.

    flows: as `flows_over_the_day` makes it.
    """
    _, (axes,) = panels(height=0.42 * len(flows) + 0.9)
    names = component_names(flows.index, result.kinds)
    colours = component_colours(flows.index, result.kinds)
    for column, carrier in enumerate(flows):
        axes.plot([column, column], [-0.5, len(flows) - 0.5], color="0.75", linewidth=5, zorder=0)
        axes.text(
            column, -0.75, f"{carrier}\n({UNITS.get(carrier, 'MWh')})", ha="center", va="bottom"
        )
        largest = flows[carrier].abs().max()
        for row, name in enumerate(flows.index):
            flow = flows.loc[name, carrier]
            if abs(flow) > LOWEST * largest:
                draw_flow(axes, column, row, flow, colours[name])
        told = flows[[carrier]].rename(index=names)
        tell(axes, table_in_words(told, UNITS.get(carrier, "MWh")))
    axes.set_yticks(range(len(flows)), [names[name] for name in flows.index])
    axes.set_ylim(len(flows) - 0.4, -1.7)
    axes.set_xlim(-0.75, len(flows.columns) - 0.25)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)
    axes.grid(False)
    for side in axes.spines.values():
        side.set_visible(False)
    return axes


def draw_flow(axes: Axes, column: int, row: int, flow: float, colour: str) -> None:
    """One arrow of `buses`: towards the bus if the component injects, else away from it."""
    far, near = (column - 0.42, row), (column - 0.03, row)
    start, end = (far, near) if flow > 0 else (near, far)
    arrow = FancyArrowPatch(
        start, end, arrowstyle="-|>", mutation_scale=12, linewidth=2, color=colour
    )
    axes.add_patch(arrow)
    axes.text(column + 0.08, row, f"{flow:+,.1f}".replace("-", "−"), va="center", fontsize=9)


# --- the CHP unit ---------------------------------------------------------------------------------
def region_steps(unit: CHPWithCapture) -> dict[str, pd.DataFrame]:
    """The coupled region in three steps, as corners (`coupled_region`).

    First what a plain unit generates; then what is left for the VPP if P2G may drain it and never
    lacks CO2; at last with the limits of the exhaust and of the supply.
    """
    free = replace(unit, supply_max=np.inf)
    units = {
        "1. the plain unit": replace(free, p2g_max=0.0),
        "2. P2G and capture drain it": replace(free, emission=NO_LIMIT),
        "3. limits of exhaust and supply": unit,
    }
    return {title: coupled_region(each) + 0.0 for title, each in units.items()}  # no -0


def ring_of(corners: pd.DataFrame) -> np.ndarray:
    """The outline of a region in heat and supplied power, kW `(corners, 2)`."""
    points = corners[["heat", "supplied"]].to_numpy()
    return points[ConvexHull(points).vertices]


def unfolded(steps: Mapping[str, pd.DataFrame]) -> Axes:
    """The region of supplied power and heat, a panel for each step; dashed is the step before.

    steps: as `region_steps` makes it.
    """
    _, places = panels(len(steps), 1, height=2.0, sharex=True, sharey=True)
    before = None
    for (title, corners), place in zip(steps.items(), places, strict=True):
        ring = ring_of(corners) / 1000
        colour = component_colours(["chp_p2g_ccs"], {})["chp_p2g_ccs"]
        place.fill(*ring.T, facecolor=colour, alpha=0.25)
        place.plot(*closed(ring).T, color=colour)
        if before is not None:
            place.plot(*closed(before).T, color="black", linestyle="--", linewidth=1.2)
        place.set_title(title)
        place.set_ylabel("supplied (MW)")
        tell(place, table_in_words(corners[["heat", "supplied"]], "Corners (kW)"))
        before = ring
    places[-1].set_xlabel("heat (MW)")
    return places[0]


def closed(ring: np.ndarray) -> np.ndarray:
    """An outline that ends where it starts."""
    return np.vstack([ring, ring[:1]])


# --- the battery ----------------------------------------------------------------------------------
def gain_of_burning(battery: Battery, price: np.ndarray) -> np.ndarray:
    """What charging and discharging at once earns by bus price, yuan per kWh charged.

    Source: the chapter's condition, its left side with the other sign.
    """
    kept = battery.charge_efficiency * battery.discharge_efficiency
    return -(1 - kept) * price - battery.wear_cost * (1 + kept)


def burning(battery: Battery, prices: pd.DataFrame) -> Axes:
    """What a battery earns by burning energy, over the price at its bus; marks: the hours of
    several days. Above zero the linear model would do it, and binaries must forbid it.

    prices: yuan/kWh, a row per step, a column per day.
    """
    axes = new_axes()
    found = prices.to_numpy()
    room = 0.1 * max(np.ptp(found), 0.1)
    line = np.array([min(found.min(), -0.3) - room, found.max() + room])
    axes.axhspan(0, 1, color=SHADE, label="burning pays")
    axes.plot(line, gain_of_burning(battery, line), color="black", label="gain")
    for (name, day), colour, mark, size in zip(
        prices.items(), SERIES_COLOURS[::2], "oD^", (9, 5, 5), strict=False
    ):
        gain = gain_of_burning(battery, day.to_numpy())
        axes.plot(day, gain, mark, color=colour, markersize=size, label=name)
        hours = ", ".join(str(step) for step in day.index[gain > 0])
        tell(axes, f"{name}: burning pays {'in steps ' + hours if hours else 'in no step'}.")
    low, high = sorted(gain_of_burning(battery, line))
    axes.set_ylim(low - 0.02, max(high, 0.0) + 0.02)
    axes.set_xlabel("price at the bus (yuan/kWh)")
    axes.set_ylabel("gain (yuan per kWh charged)")
    legend_above(axes)
    return axes


# --- cost, carbon, prices -------------------------------------------------------------------------
def costs_by_item(items: pd.DataFrame) -> Axes:
    """What each VPP's day costs by item, 1000 yuan: what is paid up, what is earned down; the mark
    is the sum.

    items: yuan, a row per item and a total, a column per VPP and for the cluster.
    """
    axes = new_axes()
    table = items.drop(index="total").drop(columns="cluster").T / 1000
    stacked(axes, table, {item: item_colour(item) for item in table}, {})
    total = items.loc["total", table.index] / 1000
    axes.plot(table.index, total, "D", color="black", label="cost")
    tell(axes, table_in_words(total.to_frame("cost"), "Marks (1000 yuan)"))
    axes.set_ylabel("1000 yuan\nup: paid, down: earned")
    legend_above(axes)
    return axes


def carbon_accounts(schedules: Mapping[str, DispatchResult], step_hours: float) -> pd.DataFrame:
    """What each component adds to its VPP's carbon account over the day, t: a row per VPP.

    The markets that settle the accounts are left out.
    """
    rows = {}
    for name, result in schedules.items():
        carbon = result.balances["carbon"].sum() * step_hours / 1000
        settled = [part for part, kind in result.kinds.items() if kind == "carbon_market"]
        rows[name] = carbon.drop(index=settled, errors="ignore")
    return pd.DataFrame(rows).T.fillna(0.0)


def kinds_of(schedules: Mapping[str, DispatchResult]) -> dict[str, str]:
    """Component -> kind, of all VPPs."""
    return {part: kind for result in schedules.values() for part, kind in result.kinds.items()}


def carbon(accounts: pd.DataFrame, kinds: Mapping[str, str]) -> Axes:
    """The carbon account of each VPP by component, t: up what counts as emission, down quota beyond
    it; the mark is the account, below zero an income.

    accounts: as `carbon_accounts` makes it. kinds: component -> kind, of all VPPs.
    """
    axes = new_axes()
    known = dict(kinds)
    colours = component_colours(accounts, known)
    stacked(axes, accounts, colours, component_names(accounts, known))
    account = accounts.sum(axis=1)
    axes.plot(account.index, account, "D", color="black", label="account")
    tell(axes, table_in_words(account.to_frame("account"), "Marks (t)"))
    axes.set_ylabel("carbon (t a day)\nup: emission, down: quota")
    legend_above(axes)
    return axes


def turbine_line(vpp: VPP) -> tuple[float, float]:
    """What a turbine at the margin demands of both prices: heat per power, and the cost of a kWh of
    power with its gas, operation and carbon, yuan/kWh.
    """
    (turbine,), (supply,) = vpp.of(GasTurbine), vpp.of(GasSupply)
    fuel = supply.price / supply.calorific_value / turbine.electric_efficiency
    (market,) = vpp.of(CarbonMarket)
    carbon_cost = market.price * (turbine.emission - turbine.carbon_quota)
    return turbine.heat_per_power, fuel + turbine.cost_linear + carbon_cost


def at_the_margin(vpp: VPP, result: DispatchResult) -> pd.Series:
    """True in each step in which the VPP's turbine runs strictly between its limits."""
    (turbine,) = vpp.of(GasTurbine)
    power = result.series[turbine.name, "power"]
    room = INSIDE * turbine.power_max
    return (power > turbine.power_min + room) & (power < turbine.power_max - room)


def two_prices(vpps: Mapping[str, VPP], schedules: Mapping[str, DispatchResult]) -> Axes:
    """Heat and electricity prices hour by hour of the VPPs that have a turbine: filled where it
    runs between its limits. There both prices pay for its fuel together, and lie on the line.
    """
    axes = new_axes()
    ends = []
    looks = zip(vpp_colours(list(vpps)).items(), "os^D", (10, 6, 6, 6), strict=False)
    for (name, colour), mark, size in looks:
        prices = schedules[name].prices
        inside = at_the_margin(vpps[name], schedules[name])
        for where, face, label in ((inside, colour, name), (~inside, "none", "_")):
            axes.plot(
                prices.loc[where, "heat"],
                prices.loc[where, "electricity"],
                mark,
                color=colour,
                markerfacecolor=face,
                markersize=size,
                label=label,
            )
        ends += [prices["heat"].min(), prices["heat"].max()]
        tell(axes, f"{name}: the turbine is at the margin in {int(inside.sum())} hours.")
    per_power, cost = turbine_line(next(iter(vpps.values())))
    heat = np.array([min(ends) - 0.05, max(ends) + 0.05])
    label = f"electricity + {per_power:.3f} × heat = {cost:.3f}"
    axes.plot(heat, cost - per_power * heat, color="black", linewidth=1.2, label=label)
    tell(axes, f"The line: {label}.")
    axes.set_xlabel("price of heat (yuan/kWh)")
    axes.set_ylabel("price of electricity\n(yuan/kWh)")
    legend_above(axes)
    return axes
