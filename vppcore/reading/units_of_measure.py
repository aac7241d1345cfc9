"""Units as they may stand in files, and what they are inside vppcore."""

from __future__ import annotations

from vppcore.currency import meant, said

# unit in a file -> (unit inside, factor)
UNITS = {
    "-": ("-", 1.0),
    "%": ("-", 0.01),
    "kW": ("kW", 1.0),
    "MW": ("kW", 1e3),
    "kWh": ("kWh", 1.0),
    "MWh": ("kWh", 1e3),
    "kW/h": ("kW/h", 1.0),
    "MW/h": ("kW/h", 1e3),
    "kWh/kg": ("kWh/kg", 1.0),
    "MWh/t": ("kWh/kg", 1.0),
    "yuan/kWh": ("yuan/kWh", 1.0),
    "yuan/MWh": ("yuan/kWh", 1e-3),
    "yuan/kW": ("yuan/kW", 1.0),
    "yuan/MW": ("yuan/kW", 1e-3),
    "yuan/h": ("yuan/h", 1.0),
    "yuan/kW2h": ("yuan/kW2h", 1.0),
    "yuan/MW2h": ("yuan/kW2h", 1e-6),
    "yuan/m3": ("yuan/m3", 1.0),
    "yuan/kg": ("yuan/kg", 1.0),
    "yuan/t": ("yuan/kg", 1e-3),
    "kg/kWh": ("kg/kWh", 1.0),
    "t/MWh": ("kg/kWh", 1.0),
    "kWh/m3": ("kWh/m3", 1.0),
    "kg": ("kg", 1.0),
    "t": ("kg", 1e3),
    "h": ("h", 1.0),
    "degC": ("degC", 1.0),
}
# a series without a unit says so by what it is; a share of one, or of a hundred
DIMENSIONLESS = {
    "": 1.0,
    "_share": 1.0,
    "_factor": 1.0,
    "_ratio": 1.0,
    "_cop": 1.0,
    "_percent": 0.01,
}
# signs for units as keyboards and spreadsheets have them
OTHER_SIGNS = str.maketrans({"\u00b2": "2", "\u00b3": "3", "\u00b0": "deg", "\u2212": "-"})


def unit_factor(found: str, unit: str) -> float | None:
    """What a number is multiplied by to be in a unit of vppcore; None if the units do not suit.

    found: the unit in the file. unit: the one inside; a unit that no table has is only itself.

    >>> unit_factor("MWh", "kWh"), unit_factor("%", "-"), unit_factor("kW", "kWh")
    (1000.0, 0.01, None)
    >>> unit_factor("km", "km")
    1.0
    """
    plain = meant(found.translate(OTHER_SIGNS))
    if plain is None:  # another money than the case's
        return None
    if plain == unit:
        return 1.0
    inside, factor = UNITS.get(plain, ("", 0.0))
    return factor if inside == unit else None


def units_for(unit: str) -> list[str]:
    """The units that may stand in a file for one inside vppcore, in the currency of the case.

    >>> units_for("kWh")
    ['kWh', 'MWh']
    """
    suited = [found for found, (inside, _) in UNITS.items() if inside == unit]
    return [said(found) for found in suited or [unit]]


def endings_for(unit: str) -> dict[str, float]:
    """How the name of a series of a unit may end -> factor to the unit inside.

    >>> endings_for("yuan/kWh")
    {'_yuan_per_kwh': 1.0, '_yuan_per_mwh': 0.001}
    >>> list(endings_for("-"))
    ['', '_share', '_factor', '_ratio', '_cop', '_percent']
    """
    if unit == "-":
        return DIMENSIONLESS
    return {ending_of(found): unit_factor(found, unit) or 1.0 for found in units_for(unit)}


def ending_of(unit: str) -> str:
    """The end of a column's name that states a unit.

    >>> ending_of("MWh/t")
    '_mwh_per_t'
    """
    return "_" + unit.lower().replace("/", "_per_")
