"""One way to declare a number: unit, meaning, allowed range and symbol, said once, checked once, printed by the book.

Components, the settings of the negotiation, the rules of the game, uncertainty, placement and the notebooks' own
parameters are all declared with `parameter`, `choice`, `flag`, `text` and `profile`; `check` refuses what is outside.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import MISSING, Field, dataclass, field, fields
from numbers import Real
from typing import Any

from vppcore.errors import WrongInput

RULE = "rule"  # the key of a field's metadata under which its Rule stands


@dataclass(frozen=True)
class Rule:
    """What is declared of one number, choice or text.

    unit: of the number, "-" for none. text: its meaning. low, high: the allowed range. above, below: the end of the range
    is not allowed itself. whole: only whole numbers. choices: the allowed values, where they are few. kind: number, choice,
    flag or text. none: what None stands for; empty where None is not allowed. infinite: an infinite value means "no limit".
    symbol: in the book's equations. by_step: may also be an array (steps,), one value for each step. of: where a series
    comes from if it has no column of its own, as "electric_load.demand".
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
    if not isinstance(value, Real) or isinstance(value, bool) or math.isnan(value):
        return False
    if math.isinf(value):
        return rule.infinite and value > 0 and rule.high == math.inf
    high_enough = value > rule.low if rule.above else value >= rule.low
    low_enough = value < rule.high if rule.below else value <= rule.high
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
) -> Any:
    """A number with its unit, meaning, allowed range and symbol; a field of a dataclass.

    above, below: `low` or `high` is not allowed itself. whole: only whole numbers. infinite: may be infinite (by default
    limits on power and periods: kW, kW/h, kWh, h). none: what None stands for, if it is allowed. by_step: may also be an
    array (steps,); a case then gives it by a column of series.csv in place of a row of units.csv.
    """
    if infinite is None:
        infinite = unit in ("kW", "kW/h", "h") and high == math.inf
    rule = Rule(
        "number", unit, text, low, high, above, below, whole, infinite, (), none, symbol, by_step
    )
    metadata = {RULE: rule, "unit": unit, "text": text, "low": low, "high": high}
    return field(default=default, metadata=metadata)


def choice(text: str, choices: Iterable[str], default: Any = MISSING, none: str = "") -> Any:
    """One of a few words; a field of a dataclass."""
    return field(
        default=default,
        metadata={RULE: Rule("choice", text=text, choices=tuple(choices), none=none)},
    )


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
) -> Any:
    """A series of a component, `(steps,)`; a field of a dataclass.

    column: the middle part of its name in series.csv, between the VPP and the unit; a label takes its place.
    unit: kW, yuan/kWh, "-" (dimensionless, as a COP) or degC; the unit at the end of the column's name must be one of it.
    low, high: the allowed range; a series that may be negative has low=-inf.
    of: "kind.name" where the series is no column of its own but follows from other components of the VPP, as a load that
    may be called follows from "electric_load.demand".
    """
    rule = Rule("series", unit, text, low, high, symbol=symbol, of=of)
    return field(metadata={RULE: rule, "column": column, "unit": unit, "text": text, "low": low})


def rules_of(declared: Any) -> dict[str, Rule]:
    """Name -> rule of everything that a dataclass (or an instance) declares here, series included."""
    return {f.name: f.metadata[RULE] for f in fields(declared) if RULE in f.metadata}


def is_profile(declared: Field) -> bool:
    """True for a field that holds a series."""
    return "column" in declared.metadata


def faults_of(settings: Any) -> list[str]:
    """A sentence for each declared number, choice, flag or text of an instance that is not allowed."""
    faults = []
    for name, rule in rules_of(settings).items():
        value = getattr(settings, name)
        if rule.kind != "series" and not rule.admits(value):
            faults.append(rule.fault(name, value))
    return faults


def check(settings: Any) -> None:
    """Raises WrongInput with a sentence for each declared value of an instance that is not allowed."""
    faults = faults_of(settings)
    if faults:
        raise WrongInput(*faults)
