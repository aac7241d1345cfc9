"""The components a VPP can be made of. Each is data plus its physics and knows neither its VPP nor a solver."""
from vppcore.components.base import CARRIER_UNITS, CARRIERS, KIND_OF, Component, Part
from vppcore.components.battery import Battery
from vppcore.components.boiler import Boiler
from vppcore.components.chp import CHPWithCapture, GasTurbine
from vppcore.components.loads import ElectricLoad, HeatLoad
from vppcore.components.markets import CarbonMarket, GasSupply, Grid, Tie
from vppcore.components.renewable import Renewable

COMPONENTS = {name: component for component, name in KIND_OF.items()}

__all__ = [
    "CARRIERS", "CARRIER_UNITS", "COMPONENTS", "Battery", "Boiler", "CHPWithCapture", "CarbonMarket", "Component",
    "ElectricLoad", "GasSupply", "GasTurbine", "Grid", "HeatLoad", "Part", "Renewable", "Tie",
]
