"""The devices and prices of study B's five VPPs as rows of units.csv, for both of its days.

Paper B's text has the price band, the carbon price and nothing else; sizes and costs are assumed or fitted to its results.
"""

from __future__ import annotations

import pandas as pd

VPPS = ("VPP1", "VPP2", "VPP3", "VPP4", "VPP5")
RESERVED = ("assumed; the text has no number and no reason why VPPs should differ", "assumed")
ASSUMED = ("assumed so that the day is feasible and no device decides alone", "assumed")
# 1.0 yuan/kWh at the tariff of hour 10
SATISFIED = (
    "first kWh worth 1.0 yuan/kWh at t=10, chosen with the probabilities (B16) in view, "
    "the same multiple of the tariff in all hours",
    "calibrated",
)
PRINTED = ("paper B, 5.1", "printed")
# per unit of the size factor
TURBINE_MW = (2.0, 1.5, 2.0, 2.0, 1.0)
STORAGE_MW, STORAGE_MWH = (1.2, 0.8, 1.0, 0.8, 1.5), (4.0, 2.0, 3.0, 2.0, 4.0)
RESERVATION = (0.30, 0.38, 0.38, 0.38, 0.30)


def units(
    size: float,
    wear: tuple[float, ...],
    called: float,
    sale: tuple[float, ...],
    fitted: dict[str, str],
    renewables: dict[str, tuple[str, ...]],
) -> pd.DataFrame:
    """units.csv of a case. size: factor on all sizes. wear: quadratic wear of each battery, called: quadratic compensation
    of called load (both yuan/MW2h per unit of size). sale: largest sale of each VPP (MW per unit of size). fitted: "size", or
    VPP, component and parameter of a row -> what it was fitted to. renewables: VPP -> labels of its plants ("" for one
    without)."""
    rows = []

    def row(
        vpp: str,
        component: str,
        parameter: str,
        value: float,
        unit: str,
        origin: tuple[str, str] = ASSUMED,
    ) -> None:
        why = fitted.get(f"{vpp} {component} {parameter}")
        source, status = (f"fitted: {why}", "calibrated") if why else origin
        rows.append((vpp, component, parameter, f"{value:.10g}", unit, source, status))

    sized, per_size = (
        ("size factor of the case times an assumed size", "assumed"),
        ("assumed, over the size factor of the case", "assumed"),
    )
    if "size" in fitted:
        sized, per_size = (
            (f"{text}; the factor is fitted: {fitted['size']}", "calibrated")
            for text, _ in (sized, per_size)
        )
    for k, vpp in enumerate(VPPS):
        for label in renewables[vpp]:
            row(
                vpp,
                f"renewable.{label}" if label else "renewable",
                "operation_cost",
                10,
                "yuan/MWh",
            )
        row(
            vpp,
            "electric_load",
            "rating",
            10 * size,
            "MW",
            ("upper limit of the forecast (a check only)", "assumed"),
        )
        row(vpp, "micro_turbine", "power_max", TURBINE_MW[k] * size, "MW", sized)
        row(vpp, "micro_turbine", "ramp_max", 0.6 * TURBINE_MW[k] * size, "MW/h", sized)
        row(vpp, "battery", "energy_min", 0.1 * STORAGE_MWH[k] * size, "MWh", sized)
        row(vpp, "battery", "energy_max", 0.9 * STORAGE_MWH[k] * size, "MWh", sized)
        row(vpp, "battery", "energy_start", 0.4 * STORAGE_MWH[k] * size, "MWh", sized)
        row(vpp, "battery", "charge_max", STORAGE_MW[k] * size, "MW", sized)
        row(vpp, "battery", "discharge_max", STORAGE_MW[k] * size, "MW", sized)
        row(vpp, "battery", "wear_cost_quadratic", wear[k] / size, "yuan/MW2h", per_size)
        row(vpp, "grid", "sell_max", sale[k] * size, "MW", sized)
        row(vpp, "power_market", "reservation_price", RESERVATION[k], "yuan/kWh", RESERVED)
    row("all", "micro_turbine", "cost_linear", 700, "yuan/MWh")
    row("all", "micro_turbine", "cost_quadratic", 25 / size, "yuan/MW2h", per_size)
    row("all", "micro_turbine", "emission", 0.60, "t/MWh")
    row("all", "micro_turbine", "carbon_quota", 0.55, "t/MWh")
    row("all", "battery", "charge_efficiency", 0.95, "-")
    row("all", "battery", "discharge_efficiency", 0.95, "-")
    row("all", "battery", "wear_cost", 40, "yuan/MWh")
    row("all", "controllable_load", "share", 0.12, "-")
    row("all", "controllable_load", "price_share", 0.97, "-")
    row("all", "controllable_load", "cost_quadratic", called / size, "yuan/MW2h", per_size)
    row("all", "grid", "buy_max", 12 * size, "MW", sized)
    row("all", "grid", "emission", 0.85522, "t/MWh")
    row("all", "grid", "carbon_quota", 0.798, "t/MWh")
    row("all", "carbon_market", "price", 280, "yuan/t", PRINTED)
    row("all", "carbon_market", "interval", 2, "t", PRINTED)
    row("all", "carbon_market", "growth", 25, "%", PRINTED)
    row(
        "all",
        "carbon_market",
        "levels",
        5,
        "-",
        ("custom of stepped carbon prices; the text of paper B has no number", "assumed"),
    )
    row("all", "power_market", "price_min", 0.3, "yuan/kWh", PRINTED)
    row("all", "power_market", "price_max", 1.2, "yuan/kWh", PRINTED)
    row("all", "power_market", "dead_band", 0.05, "MW")
    row("all", "power_market", "margin", 0.02, "yuan/kWh")
    row("all", "power_market", "satisfaction", round(4 / 3, 6), "-", SATISFIED)
    row(
        "all",
        "tie",
        "limit",
        30,
        "MW",
        (
            "no limit between VPPs in the text of paper B; above every flow, so it never binds",
            "assumed",
        ),
    )
    return pd.DataFrame(
        rows, columns=["vpp", "component", "parameter", "value", "unit", "source", "status"]
    )
