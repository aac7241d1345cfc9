"""Values for a notebook's parameters from a command line.

A value is read as its parameter's declared type says, and in no other way: `010` is ten, `1:30` is
no number, and `yes` is a text for a text and true for a switch.
"""

import ast
import math
import re
import shlex
from collections.abc import Mapping
from typing import Any

from contents import Refused

from vppcore.pages.parameters_cell import Declared

WHOLE_NUMBER = re.compile(r"[-+]?[0-9]{1,18}")
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
SWITCH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
NOTHING = {"None", "none"}
EXAMPLE = 'P="penalty=3e-4 solver=gurobi"'


def values_from(text: str, declared: Mapping[str, Declared]) -> dict[str, Any]:
    """`penalty=3e-4 solver=gurobi` -> values. Raises Refused for a word that cannot be taken."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Refused(f"The parameters {text!r} cannot be read: {error}.") from None
    values: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Refused(f"{word!r} is not of the form name=value, as in {EXAMPLE}.")
        if name not in declared:
            allowed = [f"{known.name} (now {known.default!r})" for known in declared.values()]
            raise Refused(
                f"This notebook has no parameter {name!r}; it has: {', '.join(allowed) or 'none'}."
            )
        if name in values:
            raise Refused(
                f"{name} is given twice, as {values[name]!r} and as {value!r}; give it once."
            )
        values[name] = value_of(declared[name], value)
    return values


def value_of(parameter: Declared, text: str) -> Any:
    """The text as a value of the parameter's type. Raises Refused with what is allowed."""
    if parameter.may_be_none and text in NOTHING:
        return None
    kinds = parameter.kinds
    if "str" in kinds:
        return text
    if "bool" in kinds and text.lower() in SWITCH:
        return SWITCH[text.lower()]
    if kinds & {"int", "float"} and WHOLE_NUMBER.fullmatch(text):
        return int(text)
    if "float" in kinds and NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    if kinds & {"bool", "int", "float"}:
        raise Refused(f"{parameter.name}={text} is not {in_words(parameter, kinds)}.")
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise Refused(
            f"{parameter.name}={text} cannot be read as {parameter.annotation}."
        ) from None


def in_words(parameter: Declared, kinds: set[str]) -> str:
    """What the parameter takes, with an example."""
    if "bool" in kinds:
        takes = "true or false"
    elif "float" in kinds:
        takes = "a number, such as 3, 0.25 or 3e-4"
    else:
        takes = "a whole number, such as 3"
    return f"{takes}, or none" if parameter.may_be_none else takes
