"""Roads to answers of exercises that are longer than an expression; `source` in answers.yml names them."""

from __future__ import annotations

import pandas as pd

from vppcore import dispatch, pool
from vppcore.game.day import trade_by_game
from vppcore.grid.placement import Placement
from vppcore.grid.power_flow import power_flow
from vppcore.uncertainty.settings import Uncertainty
from vppcore.uncertainty.worst_day import worst_case


def chp(case):
    """VPP2's unit with P2G and capture."""
    return case.vpp("VPP2").component("chp_p2g_ccs")


def power_per_p2g(case):
    """kWh that one kWh of P2G takes from the bus, with its capture."""
    unit = chp(case)
    return 1 + unit.p2g_carbon * unit.ccs_energy


def break_even(case, carbon_price):
    """Bus price below which P2G pays, yuan/kWh."""
    unit, gas = chp(case), case.vpp("VPP2").component("gas_supply")
    returned = unit.p2g_efficiency * gas.price / gas.calorific_value
    relieved = unit.p2g_carbon * carbon_price
    return (returned + relieved) / power_per_p2g(case)


def emitted_less(case):
    """kg less in the air for a kWh of P2G whose power comes from the unit itself."""
    return chp(case).p2g_carbon - chp(case).emission * power_per_p2g(case)


def account_less(case):
    """kg by which the carbon account falls then."""
    return emitted_less(case) + chp(case).carbon_quota * power_per_p2g(case)


def damage(plant, hits):
    """What the worst day with so many hits on the load costs more than the forecast day."""
    costs = [
        worst_case(plant, Uncertainty({"load": budget}, deviation=0.2)).cost for budget in (0, hits)
    ]
    return costs[1] - costs[0]


def farm_flow(farm, power):
    """The AC power flow of the farm that draws so many kW and 1 Mvar."""
    return power_flow(Placement(farm, {"Farm": 2}, background=1), drawn_by_farm(power))


def farm_linear(farm, power):
    """The farm's linear voltage, per unit."""
    place = Placement(farm, {"Farm": 2}, background=1)
    return place.linear_voltages(drawn_by_farm(power)).loc[1, 2]


def drawn_by_farm(power):
    """One hour in which the farm draws so many kW."""
    return pd.DataFrame({"Farm": [float(power)]}, index=[1])


def share_of_the_game(case):
    """Percent of the possible saving that trading late reaches."""
    apart = sum(dispatch(vpp).cost for vpp in case.vpps)
    game = trade_by_game(case, starts=1).cost
    return 100 * (apart - game) / (apart - pool(case).cost)


def price_at_which_bounds_meet(upper, lower):
    """Of prices in steps of a hundredth the one with the least gap to the trade of 80 kWh."""
    prices = [hundredths / 100 for hundredths in range(130)]
    return min(prices, key=lambda price: upper(80) - lower(price))
