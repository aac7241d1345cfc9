"""One way to declare a number: unit, meaning, allowed range and symbol, said once.

Components, the settings of the negotiation, the rules of the game, uncertainty, placement and the
notebooks' own parameters are all declared with `parameter`, `choice`, `flag`, `text` and `profile`.
What is declared here is checked (`check`, `measured_faults`) and printed by the book.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Kettle:
    ...     power: float = parameter("kW", "electric power", symbol="P")
    >>> rules_of(Kettle)["power"].unit
    'kW'
    >>> check(Kettle(power=-2.0))
    Traceback (most recent call last):
    vppcore.errors.WrongInput: power: found -2.0; allowed: a number of 0 or more
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from numbers import Real
from typing import Any

import numpy as np

from vppcore.errors import WrongInput

RULE = "rule"  # the key of a field's metadata under which its Rule stands
# a number of this size or more is infinite to some solvers and refused by others
LARGEST = 1e15


@dataclass(frozen=True)
class Rule:
    """What is declared of one number, choice, text or series.

    kind: number, choice, flag, text or series.
    unit: of the number, "-" for none.
    text: its meaning.
    low, high: the allowed range.
    above, below: `low` or `high` is not allowed itself.
    whole: only whole numbers.
    infinite: an infinite value is allowed and means "no limit".
    choices: the allowed values, where they are few.
    none: what None stands for; empty where None is not allowed.
    symbol: in the book's equations.
    by_step: a number that may also be a series `(steps,)`.
    of: where a series comes from that has no column of its own, as "electric_load.demand".
    signed_if: the choice of the same component that lets a series be negative where it is "yes".
    shared: name, without the unit, of a column that several components may have; empty for none.
    unless: a number of the same component; where it has one, it asks for no shared column.
    """

    kind: str
    unit: str = "-"
    text: str = ""
    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    below: bool = False
    whole: bool = False
    infinite: bool = False
    choices: tuple[Any, ...] = ()
    none: str = ""
    symbol: str = ""
    by_step: bool = False
    of: str = ""
    signed_if: str = ""
    shared: str = ""
    unless: str = ""

    def given(self, word: Any) -> Rule:
        """The rule where the choice that it names in `signed_if` is this word.

        >>> Rule("series", "kW", low=0.0, signed_if="net_metered").given("yes").limits
        'a finite number'
        """
        if self.signed_if and word == "yes":
            return replace(self, low=-math.inf, signed_if="")
        return self

    @property
    def limits(self) -> str:
        """The allowed range of a number that is printed with its unit.

        >>> Rule("number", low=0).limits
        '0 or more'
        >>> Rule("number", low=0, high=1).limits
        '0 to 1'
        """
        if math.isinf(self.low) and math.isinf(self.high):
            return "a finite number"
        if math.isfinite(self.low) and math.isfinite(self.high) and not (self.above or self.below):
            return f"{self.low:g} to {self.high:g}"
        ends = []
        if math.isfinite(self.low):
            ends.append(f"above {self.low:g}" if self.above else f"{self.low:g} or more")
        if math.isfinite(self.high):
            ends.append(f"below {self.high:g}" if self.below else f"up to {self.high:g}")
        words = " and ".join(ends)
        return f"{words}, or any where {self.signed_if} is yes" if self.signed_if else words

    @property
    def allowed(self) -> str:
        """What is allowed, in words.

        >>> Rule("number", low=0, above=True, none="the case's own").allowed
        "a number above 0, or none (the case's own)"
        >>> Rule("number", low=1, whole=True).allowed
        'a whole number of 1 or more'
        >>> Rule("choice", choices=("auto", "highs")).allowed
        'auto, highs'
        """
        if self.kind == "number":
            words = _range_in_words(self)
        elif self.kind == "text":
            words = self.text
        else:
            words = ", ".join(str(value) for value in self.choices)
        return f"{words}, or none ({self.none})" if self.none else words

    def admits(self, value: Any) -> bool:
        """True if the value is allowed.

        >>> Rule("number", low=0, high=1, below=True).admits(1.0)
        False
        >>> Rule("number", low=0).admits(True)  # a truth value is no number
        False
        """
        if value is None:
            return bool(self.none)
        if self.kind == "number":
            return _is_number(value, self)
        if self.kind == "flag":
            return isinstance(value, bool)
        if self.kind == "text":
            return isinstance(value, str) and bool(value.strip())
        return isinstance(value, str) and value in self.choices

    def fault(self, name: str, value: Any) -> str:
        """The sentence about a value that is not allowed.

        >>> Rule("number", low=0).fault("deviation", -1)
        'deviation: found -1; allowed: a number of 0 or more'
        """
        return f"{name}: found {value!r}; allowed: {self.allowed}"


def _range_in_words(rule: Rule) -> str:
    number = "a whole number" if rule.whole else "a number"
    if math.isfinite(rule.low) and math.isfinite(rule.high) and not (rule.above or rule.below):
        return f"{number} from {rule.low:g} to {rule.high:g}"
    words = [number]
    if math.isfinite(rule.low):
        words.append(f"above {rule.low:g}" if rule.above else f"of {rule.low:g} or more")
    if math.isfinite(rule.high):
        joint = "and " if math.isfinite(rule.low) else ""
        words.append(f"{joint}below {rule.high:g}" if rule.below else f"{joint}up to {rule.high:g}")
    return " ".join(words)


def _is_number(value: Any, rule: Rule) -> bool:
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    number = float(value)
    if math.isnan(number):
        return False
    if math.isinf(number):
        return rule.infinite and number > 0 and rule.high == math.inf
    high_enough = number > rule.low if rule.above else number >= rule.low
    low_enough = number < rule.high if rule.below else number <= rule.high
    return high_enough and low_enough and (not rule.whole or float(value).is_integer())


def parameter(
    unit: str,
    text: str,
    default: Any = MISSING,
    low: float = 0.0,
    high: float = math.inf,
    *,
    above: bool = False,
    below: bool = False,
    whole: bool = False,
    infinite: bool | None = None,
    none: str = "",
    symbol: str = "",
    by_step: bool = False,
    shared: str = "",
    unless: str = "",
    signed_if: str = "",
) -> Any:
    """A number; a field of a dataclass.

    unit: of the number, "-" for none.
    text: its meaning.
    default: taken where none is given; without it the number must be given.
    low, high: the allowed range.
    above, below: `low` or `high` is not allowed itself.
    whole: only whole numbers.
    infinite: may be infinite (by default limits on power and periods: kW, kW/h, h).
    none: what None stands for, if it is allowed.
    symbol: in the book's equations, in LaTeX.
    by_step: may also be a series `(steps,)`; a case then gives it by a column of series.csv in
        place of a row of units.csv.
    shared: name, without the unit, of a column that several components may have, as the weather.
    unless: a number of the same component; where it has one, it asks for no shared column.
    signed_if: a choice of the component that allows numbers below `low` where it is "yes".
    """
    if infinite is None:
        infinite = unit in ("kW", "kW/h", "h") and high == math.inf
    rule = Rule(
        kind="number",
        unit=unit,
        text=text,
        low=low,
        high=high,
        above=above,
        below=below,
        whole=whole,
        infinite=infinite,
        none=none,
        symbol=symbol,
        by_step=by_step,
        shared=shared,
        unless=unless,
        signed_if=signed_if,
    )
    metadata = {RULE: rule, "unit": unit, "text": text, "low": low, "high": high}
    return field(default=default, metadata=metadata)


def choice(text: str, choices: Iterable[str], default: Any = MISSING, none: str = "") -> Any:
    """One of a few words; a field of a dataclass."""
    rule = Rule("choice", text=text, choices=tuple(choices), none=none)
    return field(default=default, metadata={RULE: rule, "unit": rule.unit, "text": text})


def flag(text: str, default: Any = MISSING) -> Any:
    """True or False; a field of a dataclass."""
    return field(default=default, metadata={RULE: Rule("flag", text=text, choices=(True, False))})


def text(meaning: str, default: Any = MISSING, none: str = "") -> Any:
    """A text that is not empty; a field of a dataclass. `meaning` says what it must be."""
    return field(default=default, metadata={RULE: Rule("text", text=meaning, none=none)})


def profile(
    column: str,
    unit: str,
    text: str,
    low: float = 0.0,
    symbol: str = "",
    *,
    high: float = math.inf,
    of: str = "",
    signed_if: str = "",
) -> Any:
    """A series of a component, `(steps,)`; a field of a dataclass.

    column: the middle part of its name in series.csv, between the VPP and the unit; a label takes
        its place.
    unit: kW, yuan/kWh, "-" (dimensionless, as a COP) or degC; the unit at the end of the column's
        name must be one of it.
    text: its meaning.
    low, high: the allowed range of each number; a series that may be negative has low=-inf.
    symbol: in the book's equations, in LaTeX.
    of: "kind.name" where the series follows from other components of the VPP, as a load that may
        be called follows from "electric_load.demand"; None may then be given in its place.
    signed_if: a `choice` of the same component; where it is "yes" the series may be negative.
    """
    none = f"that of the VPP's {of}" if of else ""
    rule = Rule(
        "series", unit, text, low, high, none=none, symbol=symbol, of=of, signed_if=signed_if
    )
    metadata = {RULE: rule, "column": column, "unit": unit, "text": text, "low": low}
    return field(default=None, metadata=metadata) if of else field(metadata=metadata)


def rules_of(declared: Any) -> dict[str, Rule]:
    """Name -> rule of all that a dataclass (or an instance) declares here, series included."""
    return {f.name: f.metadata[RULE] for f in fields(declared) if RULE in f.metadata}


def is_profile(declared: Field) -> bool:
    """True for a field that holds a series."""
    return "column" in declared.metadata


def faults_of(settings: Any) -> list[str]:
    """A sentence for each declared number, choice, flag or text of an instance that is wrong."""
    faults = []
    for name, rule in rules_of(settings).items():
        value = getattr(settings, name)
        if rule.kind != "series" and not rule.admits(value):
            faults.append(rule.fault(name, value))
    return faults


def check(settings: Any) -> None:
    """Raises WrongInput with a sentence for each declared value of an instance that is wrong."""
    faults = faults_of(settings)
    if faults:
        raise WrongInput(*faults)


# --- numbers and series of components: checked with their unit, and by step ---------------------
def as_numbers(value: Any) -> Any:
    """A list, a tuple or a pandas Series as an array of numbers; anything else as it is.

    What cannot be read as numbers stays as it is too: `measured_faults` says so.

    >>> as_numbers([1, 2])
    array([1., 2.])
    >>> as_numbers(3.0)
    3.0
    """
    is_series = isinstance(value, list | tuple | range | np.ndarray) or hasattr(value, "to_numpy")
    if not is_series:
        return value
    try:
        return np.asarray(value, float)
    except (TypeError, ValueError):
        return value


def measured_faults(name: str, value: Any, rule: Rule, steps: int | None = None) -> list[str]:
    """A sentence if a number, a word or a series `(steps,)` is not allowed, else an empty list.

    name: of the number. value: a number, or numbers by step. rule: what was declared of it.
    steps: how many numbers a series must have; None where that is not known yet.
    None is taken where the rule says what it stands for.

    >>> measured_faults("forecast", [3.0, -1.0], Rule("series", "kW", low=0.0), steps=2)
    ['forecast: found -1 kW in step 2; allowed: 0 or more']
    >>> measured_faults("forecast", [3.0], Rule("series", "kW", low=0.0), steps=2)
    ['forecast: found 1 number; allowed: 2, one for each step']
    """
    if rule.kind == "choice":
        return [] if rule.admits(value) else [rule.fault(name, value)]
    if value is None and rule.none:
        return []
    try:
        values = None if value is None else np.asarray(value, float)
    except (TypeError, ValueError):
        values = None
    if values is None:
        expected = "numbers, one for each step" if rule.kind == "series" else "a number"
        return [f"{name}: found {value!r}; allowed: {expected}"]
    if shape_fault := _shape_fault(name, values, rule, steps):
        return [shape_fault]
    wrong = _not_allowed(values, rule)
    if not wrong.any():
        return []
    place = int(np.flatnonzero(wrong)[_worst(values[wrong], rule)]) if values.ndim else 0
    found = float(values[place]) if values.ndim else float(values)
    where = f" in step {place + 1}" if values.ndim else ""
    return [f"{name}: found {_shown(found, rule)}{where}; allowed: {_wanted(found, rule)}"]


def _shape_fault(name: str, values: np.ndarray, rule: Rule, steps: int | None) -> str:
    by_step = rule.kind == "series" or (rule.by_step and values.ndim > 0)
    if not by_step:
        return "" if values.ndim == 0 else f"{name}: found a series; allowed: one number"
    if values.ndim != 1:
        found = "one number" if values.ndim == 0 else f"a table of shape {values.shape}"
        return f"{name}: found {found}; allowed: a series, one number for each step"
    if steps is not None and len(values) != steps:
        noun = "number" if len(values) == 1 else "numbers"
        return f"{name}: found {len(values)} {noun}; allowed: {steps}, one for each step"
    return ""


def _not_allowed(values: np.ndarray, rule: Rule) -> np.ndarray:
    too_low = values <= rule.low if rule.above else values < rule.low
    too_high = values >= rule.high if rule.below else values > rule.high
    wrong = np.isnan(values) | too_low | too_high
    no_limit = np.isposinf(values) & rule.infinite
    wrong |= (np.abs(values) >= LARGEST) & ~no_limit
    if rule.whole:
        wrong |= values != np.round(values)
    return wrong & ~no_limit


def _worst(values: np.ndarray, rule: Rule) -> int:
    """Which of several wrong numbers the sentence shows: the first nan, else the farthest off."""
    if np.isnan(values).any():
        return int(np.argmax(np.isnan(values)))
    middle = rule.low if np.isfinite(rule.low) else 0.0
    return int(np.argmax(np.abs(values - middle)))


def _shown(found: float, rule: Rule) -> str:
    return "nan" if math.isnan(found) else f"{found:g} {rule.unit}"


def _wanted(found: float, rule: Rule) -> str:
    if math.isnan(found):
        return "a number"
    if math.isinf(found):
        return "a finite number"
    if abs(found) >= LARGEST:
        return f"below {LARGEST:g} in size"
    if rule.whole and rule.low <= found <= rule.high and found != round(found):
        return "a whole number"
    return rule.limits
