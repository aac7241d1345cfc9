"""Results -> tables for the page. No solving, no reading."""

from __future__ import annotations

from dataclasses import fields
from html import escape
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from vppcore.bargaining.split import BargainResult
from vppcore.bargaining.weights import supplied_and_received
from vppcore.case import Case
from vppcore.components import COMPONENTS
from vppcore.cooperation.result import CoalitionResult
from vppcore.pages.published import published_value
from vppcore.schedule import DispatchResult

# symbol of a parameter or series in the book's equations; a test compares it with the components' fields
SYMBOLS = {
    ("renewable", "operation_cost"): "b", ("boiler", "operation_cost"): "b",
    ("renewable", "forecast"): r"\bar P^R_t", ("renewable", "scale"): "s", ("renewable", "carbon_quota"): "D",
    ("battery", "energy_min"): r"E_{min}", ("battery", "energy_max"): r"E_{max}", ("battery", "energy_start"): "E_0",
    ("battery", "charge_max"): r"P^c_{max}", ("battery", "discharge_max"): r"P^d_{max}",
    ("battery", "charge_efficiency"): r"\eta^c", ("battery", "discharge_efficiency"): r"\eta^d",
    ("battery", "self_discharge"): r"\sigma", ("battery", "wear_cost"): r"\kappa",
    ("gas_turbine", "power_min"): r"P_{min}", ("gas_turbine", "power_max"): r"P_{max}", ("gas_turbine", "ramp_max"): "R",
    ("gas_turbine", "electric_efficiency"): r"\eta^e", ("gas_turbine", "heat_recovery"): r"\eta^{rec}",
    ("gas_turbine", "cost_quadratic"): "a", ("gas_turbine", "cost_linear"): "b", ("gas_turbine", "cost_fixed"): "c",
    ("gas_turbine", "emission"): "e", ("gas_turbine", "carbon_quota"): "D",
    ("chp_p2g_ccs", "power_min"): r"P_{min}", ("chp_p2g_ccs", "power_max"): r"P_{max}", ("chp_p2g_ccs", "ramp_max"): "R",
    ("chp_p2g_ccs", "heat_slope_min"): "h_1", ("chp_p2g_ccs", "heat_slope_max"): "h_2",
    ("chp_p2g_ccs", "back_pressure_slope"): "h_m", ("chp_p2g_ccs", "heat_at_power_min"): "H_0",
    ("chp_p2g_ccs", "supply_max"): r"P^e_{max}", ("chp_p2g_ccs", "electric_efficiency"): r"\eta^e",
    ("chp_p2g_ccs", "p2g_max"): r"P^{P2G}_{max}", ("chp_p2g_ccs", "p2g_efficiency"): r"\sigma^{P2G}",
    ("chp_p2g_ccs", "p2g_carbon"): r"\alpha", ("chp_p2g_ccs", "ccs_max"): r"P^{CCS}_{max}",
    ("chp_p2g_ccs", "ccs_energy"): r"\beta", ("chp_p2g_ccs", "emission"): "e", ("chp_p2g_ccs", "carbon_quota"): "D",
    ("chp_p2g_ccs", "cost_quadratic"): "a", ("chp_p2g_ccs", "cost_linear"): "b", ("chp_p2g_ccs", "cost_fixed"): "c",
    ("boiler", "heat_max"): r"H^{GB}_{max}", ("boiler", "efficiency"): r"\eta^{GB}", ("boiler", "emission"): r"e^{GB}",
    ("boiler", "carbon_quota"): "D",
    ("electric_load", "forecast"): r"\bar L_t", ("electric_load", "shift_share"): "r", ("electric_load", "curtail_share"): "k",
    ("electric_load", "shift_cost"): r"\lambda^{tr}", ("electric_load", "curtail_cost"): r"\lambda^{cut}",
    ("heat_load", "forecast"): r"\bar H_t", ("heat_load", "curtail_share"): "k^H", ("heat_load", "curtail_cost"): r"\lambda^{H}",
    ("grid", "buy_price"): r"\pi^b_t", ("grid", "sell_price"): r"\pi^s_t", ("grid", "buy_max"): r"P^b_{max}",
    ("grid", "sell_max"): r"P^s_{max}", ("gas_supply", "price"): r"\pi^g", ("gas_supply", "calorific_value"): "H_g",
    ("carbon_market", "price"): r"\varepsilon,\ \mu", ("carbon_market", "interval"): "l",
    ("carbon_market", "growth"): r"\alpha", ("carbon_market", "levels"): "n", ("battery", "wear_cost_quadratic"): r"\kappa_2",
    ("grid", "emission"): "e_g", ("grid", "carbon_quota"): r"\eta_g", ("micro_turbine", "power_min"): r"P_{min}",
    ("micro_turbine", "power_max"): r"P_{max}", ("micro_turbine", "ramp_max"): "R", ("micro_turbine", "cost_quadratic"): "a",
    ("micro_turbine", "cost_linear"): "b", ("micro_turbine", "emission"): "e_{mt}",
    ("micro_turbine", "carbon_quota"): r"\eta_{mt}", ("controllable_load", "forecast"): r"\bar L_t",
    ("controllable_load", "share"): "k", ("controllable_load", "price_share"): r"\varrho",
    ("controllable_load", "cost_quadratic"): "a", ("controllable_load", "buy_price"): r"\pi^b_t",
    ("power_market", "reservation_price"): "c_j", ("power_market", "price_min"): r"p_{min}",
    ("power_market", "price_max"): r"p_{max}", ("tie", "limit"): r"\bar p", ("tie", "crossing_fee"): r"\gamma",
}  # fmt: skip


def escaped(table: pd.DataFrame) -> pd.DataFrame:
    """The same table with its texts, names of rows and columns included, as HTML shows them letter by letter.

    Names and sources come from a reader's files; a `<b>` in them must not become a tag.

    >>> escaped(pd.DataFrame({"source": ["<b>"]})).loc[0, "source"]
    '&lt;b&gt;'
    """

    def harmless(cell: Any) -> Any:
        return escape(cell) if isinstance(cell, str) else cell

    return table.map(harmless).rename(index=harmless, columns=harmless)


def styled(table: pd.DataFrame | pd.Series) -> Styler:
    """A table for the page, to be formatted; its texts cannot become HTML."""
    frame = table.to_frame() if isinstance(table, pd.Series) else table
    return escaped(frame).style


def to_read(table: pd.DataFrame) -> Styler:
    """A table of texts for the page, left-aligned."""
    left = [{"selector": "th", "props": "text-align: left"}]
    return styled(table).set_properties(**{"text-align": "left"}).set_table_styles(left)


def symbols() -> pd.DataFrame:
    """Symbol, meaning, unit and name in code of everything a component is given."""
    rows = []
    for kind, component in COMPONENTS.items():
        for f in fields(component):
            if "unit" in f.metadata:
                symbol = SYMBOLS.get((kind, f.name), "")
                unit = f.metadata["unit"].replace(
                    "-", "–"
                )  # a lone hyphen would become a bullet on the page
                rows.append(
                    (f"${symbol}$" if symbol else "", f.metadata["text"], unit, f"{kind}.{f.name}")
                )
    return pd.DataFrame(rows, columns=["symbol", "meaning", "unit", "name in code"])


def parameters(case: Case) -> pd.DataFrame:
    """Every number of a case: a row each, with unit, status and source (paper A Table A1)."""
    columns = ["component", "parameter", "unit", "vpp", "value", "status", "source"]
    return case.units[columns].sort_values(["component", "parameter", "vpp"], ignore_index=True)


def energy(case: Case) -> pd.DataFrame:
    """Energy and peak of every series of a case as the models see it (factors applied): a row each, kWh and kW."""
    rows = {}
    for vpp in case.vpps:
        for component in vpp.components:
            series = getattr(component, "demand", getattr(component, "available", None))
            if series is not None:
                rows[f"{vpp.name} {component.name}"] = {
                    "energy (kWh)": vpp.step_hours * float(series.sum()),
                    "peak (kW)": float(series.max()),
                    "at step": int(series.argmax()) + 1,
                }
    return pd.DataFrame(rows).T.astype({"at step": int})


def devices(case: Case) -> pd.DataFrame:
    """Which components each VPP has: a row per component, an x where a VPP has it."""
    found = {vpp.name: {c.name: "x" for c in vpp.components} for vpp in case.vpps}
    return pd.DataFrame(found).fillna("")


def price_range(case: Case) -> pd.DataFrame:
    """Lowest, mean and highest price of the grid, yuan/kWh."""
    prices = case.series[[column for column in case.series if column.startswith("grid_")]]
    return prices.agg(["min", "mean", "max"]).T


def statuses(case: Case) -> pd.Series:
    """How many numbers of a case are printed, from the parent study, digitised, assumed, calibrated."""
    return case.units["status"].value_counts().rename("numbers")


def cost_items(results: dict[str, DispatchResult]) -> pd.DataFrame:
    """Cost by label (rows) and VPP (columns), yuan, with totals."""
    table = pd.DataFrame({name: result.costs for name, result in results.items()}).fillna(0.0)
    table.loc["total"] = table.sum()
    return table.assign(cluster=table.sum(axis=1))


def before_and_after(bargain: BargainResult) -> pd.DataFrame:
    """Paper A's Table 1: cost before and after cooperation, payment and saving of each VPP and of the cluster, yuan."""
    table = bargain.table[["alone", "with trades", "payment", "after", "gain", "weight"]].copy()
    table.loc["cluster"] = table.sum()
    return table.assign(**{"gain (%)": 100 * table["gain"] / table["alone"].abs()})


def beside_paper(splits: dict[str, BargainResult]) -> pd.DataFrame:
    """Paper A's Table 1 as its text gives it beside ours, for each case in `splits`, with our error in percent.

    The paper prints savings in yuan (A02-A04) and as shares (A05-A07); costs alone are what the two imply.
    """
    names = ["VPP1", "VPP2", "VPP3"]
    savings = pd.Series([published_value(f"A0{k}") for k in (2, 3, 4)], names)
    shares = pd.Series([published_value(f"A0{k}") for k in (5, 6, 7)], names)
    columns = {"paper": _table_1(100 * savings / shares, savings)}
    columns["paper"] |= {
        "cluster saving": published_value("A01"),
        "cluster saving (%)": published_value("A08"),
    }
    columns |= {name: _table_1(split.table["alone"], split.gains) for name, split in splits.items()}
    table = pd.DataFrame(columns)
    for name in splits:
        table[f"{name} off by (%)"] = 100 * (table[name] / table["paper"] - 1)
    return table


def _table_1(alone: pd.Series, gains: pd.Series) -> dict[str, float]:
    """Costs alone and savings of the cluster and each VPP, in yuan and percent."""
    row = {
        "cluster alone": alone.sum(),
        "cluster saving": gains.sum(),
        "cluster saving (%)": 100 * gains.sum() / alone.sum(),
    }
    for name in gains.index:
        row |= {f"{name} alone": alone[name], f"{name} saving": gains[name]}
        row[f"{name} saving (%)"] = 100 * gains[name] / alone[name]
    return row


def certificate(coalition: CoalitionResult, optimum: CoalitionResult) -> pd.Series:
    """What proves a negotiated result, beside the joint optimum."""
    proof = coalition.certificate
    return pd.Series(
        {
            "iterations": coalition.iterations,
            "upper bound (yuan)": proof.upper,
            "lower bound (yuan)": proof.lower,
            "certified gap": proof.gap,
            "largest disagreement (kW)": proof.primal,
            "joint optimum (yuan)": optimum.cost,
            "above the joint optimum": coalition.cost / optimum.cost - 1,
        },
        name=coalition.method,
    )


def messages(coalition: CoalitionResult) -> pd.DataFrame:
    """What left the agents: how many messages of which kind between whom, and how many numbers each carried."""
    rows = [(m.sender, m.receiver, m.kind, m.content.size) for m in coalition.messages]
    table = pd.DataFrame(rows, columns=["from", "to", "kind", "numbers each"])
    return (
        table.groupby(["from", "to", "kind", "numbers each"])
        .size()
        .rename("messages")
        .reset_index()
    )


def trade_summary(coalition: CoalitionResult, step_hours: float = 1.0) -> pd.DataFrame:
    """Energy supplied and received by each VPP, MWh."""
    return supplied_and_received(coalition.trades, step_hours) / 1000
