"""case.yaml: what a case is, where it comes from, how long its horizon is."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from vppcore.case import Description, Study
from vppcore.faults import Faults, Place, mistyped, shown
from vppcore.reading.files import LARGEST_DESCRIPTION, text_of

# collections within collections; the study's lists are the deepest
DEEPEST = 3
HOURS_OF_A_DAY = 24.0
EMPTY = ("~", "null", "Null", "NULL")


class Refused(Exception):
    """YAML that is not read: in which line and why."""

    def __init__(self, line: int, found: str, allowed: str):
        self.line = line
        self.found = found
        self.allowed = allowed
        super().__init__(found)


def read_description(file: Path, faults: Faults) -> Description | None:
    """case.yaml as a Description; None with the faults entered."""
    text = text_of(file, LARGEST_DESCRIPTION, faults)
    if text is None:
        return None
    try:
        values, lines = values_of(text)
    except Refused as refused:
        faults.add(Place(file.name, refused.line), refused.found, refused.allowed)
        return None
    try:
        description = Description(**values)
        check_step(
            description.step_hours, Place(file.name, lines["step_hours"], of="step_hours"), faults
        )
        return description
    except ValidationError as error:
        errors = error.errors()
        meant = meant_by_unknown(errors)
        for fault in errors:
            if not (fault["type"] == "missing" and fault["loc"] in meant.values()):
                say(fault, file.name, lines, faults, meant.get(fault["loc"]))
        return None


def check_step(hours: float, place: Place, faults: Faults) -> None:
    """Enters a fault for steps of more than an hour that do not divide a day: minutes, mostly."""
    if hours > 1 and HOURS_OF_A_DAY % hours:
        allowed = "up to 1 h, as 0.25 for quarter hours, or hours that divide a day"
        faults.add(place, f"found {hours:g} h (minutes?)", allowed)


def meant_by_unknown(errors: list[ErrorDetails]) -> dict[tuple, tuple]:
    """Where an unknown name stands -> where the missing one would that it is a slip of."""
    missing = [fault["loc"] for fault in errors if fault["type"] == "missing"]
    meant = {}
    for fault in errors:
        if fault["type"] != "extra_forbidden":
            continue
        *before, name = fault["loc"]
        beside = {str(loc[-1]): loc for loc in missing if list(loc[:-1]) == before}
        found = mistyped(str(name), beside)
        if found is not None:
            meant[fault["loc"]] = beside[found]
    return meant


def values_of(text: str) -> tuple[dict, dict[str, int]]:
    """What stands in a YAML text: (name -> text, list or mapping of texts; name -> its line).

    All values stay texts: what 010, 1_0, yes or 1:30 mean is not for YAML to say. Anchors, which
    can make a small file huge, deep nesting and names that stand twice are refused.
    Raises Refused.

    >>> values_of("steps: 24\\nstudy: {paper: A, vpps: [VPP1, VPP2]}")[0]
    {'steps': '24', 'study': {'paper': 'A', 'vpps': ['VPP1', 'VPP2']}}
    """
    try:
        check_events(text)
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        allowed = "YAML, lines 'name: value'; a value with ': ' or ' #' in quotation marks"
        raise Refused(line, f"not readable as YAML ({error.problem})", allowed) from error
    except yaml.YAMLError as error:
        why = str(error).splitlines()[0]
        raise Refused(1, f"not readable as YAML ({why})", "YAML in UTF-8") from error
    if not isinstance(node, yaml.MappingNode):
        raise Refused(1, "found no 'name: value' lines", ", ".join(Description.model_fields))
    values = mapping_of(node)
    lines = {key.value: key.start_mark.line + 1 for key, _ in node.value}
    return values, lines


def check_events(text: str) -> None:
    """Raises Refused for anchors, aliases and deep nesting, before anything is made of the text."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        line = event.start_mark.line + 1
        if getattr(event, "anchor", None):
            raise Refused(line, "found an anchor or an alias (& or *)", "each value written out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise Refused(line, f"found more than {DEEPEST} levels", "lines 'name: value'")


def mapping_of(node: yaml.MappingNode) -> dict:
    """A mapping of YAML as a dict. Raises Refused for a name that stands twice or is no text."""
    values: dict = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise Refused(line, "found a list as a name", "lines 'name: value'")
        if key.value in values:
            raise Refused(line, f"{shown(key.value)} stands twice", "each name once")
        values[key.value] = value_of(value)
    return values


def value_of(node: yaml.Node) -> str | list | dict:
    """A value of YAML: a text, a list or a mapping of texts; an empty one is an empty text."""
    if isinstance(node, yaml.MappingNode):
        return mapping_of(node)
    if isinstance(node, yaml.SequenceNode):
        return [value_of(item) for item in node.value]
    is_empty = node.style is None and node.value in EMPTY
    return "" if is_empty else node.value


def say(
    fault: ErrorDetails, file: str, lines: dict[str, int], faults: Faults, meant: tuple | None
) -> None:
    """Enters a fault that pydantic has found, in our words.

    meant: where the missing name would stand that an unknown one is a slip of, if it is one.
    """
    name, *rest = (str(piece) for piece in fault["loc"])
    place = Place(file, lines.get(name), of=".".join([name, *rest]))
    found = "nothing" if fault["type"] == "missing" else shown(fault["input"])
    if fault["type"] == "extra_forbidden":
        fields = Study.model_fields if rest else Description.model_fields
        hint = "" if meant is None else f" ({meant[-1]}?)"
        faults.add(place, f"unknown name{hint}", ", ".join(fields))
        return
    allowed = Description.model_fields[name].description or fault["msg"].lower()
    hint = " (decimal comma?)" if name == "step_hours" and "," in found else ""
    faults.add(place, f"found {found}{hint}", allowed)
