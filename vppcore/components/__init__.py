"""The components a VPP can be made of.

Each is data plus its physics and knows neither its VPP nor a solver.
"""

from vppcore.components.base import CARRIER_UNITS, CARRIERS, KIND_OF, Component, Part
from vppcore.components.battery import Battery
from vppcore.components.boiler import Boiler
from vppcore.components.carbon_market import CarbonMarket
from vppcore.components.chp import CHPWithCapture, GasTurbine
from vppcore.components.clock import Clock
from vppcore.components.converter import Converter
from vppcore.components.deferrable_load import DeferrableLoad
from vppcore.components.electric_vehicle import ElectricVehicle
from vppcore.components.heat_pump import HeatPump
from vppcore.components.heat_store import HeatStore
from vppcore.components.loads import ControllableLoad, ElectricLoad, HeatLoad
from vppcore.components.markets import GasSupply, Grid, PowerMarket, Tie
from vppcore.components.micro_turbine import MicroTurbine
from vppcore.components.renewable import Renewable
from vppcore.components.vents import CarbonAccount, HeatVent

COMPONENTS = {name: component for component, name in KIND_OF.items()}

__all__ = [
    "CARRIERS",
    "CARRIER_UNITS",
    "COMPONENTS",
    "Battery",
    "Boiler",
    "CHPWithCapture",
    "CarbonAccount",
    "CarbonMarket",
    "Clock",
    "Component",
    "ControllableLoad",
    "Converter",
    "DeferrableLoad",
    "ElectricLoad",
    "ElectricVehicle",
    "GasSupply",
    "GasTurbine",
    "Grid",
    "HeatLoad",
    "HeatPump",
    "HeatStore",
    "HeatVent",
    "MicroTurbine",
    "Part",
    "PowerMarket",
    "Renewable",
    "Tie",
]
