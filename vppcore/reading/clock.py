"""When the steps of a horizon are: the time column of series.csv and `start` in case.yaml."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from vppcore.case import Description
from vppcore.faults import Faults, Place, shown
from vppcore.reading.columns import UNIT_ENDINGS
from vppcore.reading.names import column_key
from vppcore.reading.numerals import NotANumber, numerals_of_columns
from vppcore.reading.separated import Table

STAMPS = "time_utc"
# "hour" is the older word; both count steps, whatever their length
COUNTS = ("step", "hour")
TIME_COLUMNS = (*COUNTS, STAMPS)
SECONDS_OF_AN_HOUR = 3600


@dataclass(frozen=True)
class Start:
    """When the first step begins, in local time; later steps follow by their length alone.

    A clock that is put forward or back within the horizon is followed where days, weeks and months
    are counted (`components.periods`), not by the hours of the day.

    hour: of the day, 0 is midnight.
    weekday: 0 is Monday; None if it is not known.
    moment: with its zone; None if the date is not known.
    """

    hour: float = 0.0
    weekday: int | None = None
    moment: datetime | None = None


def start_of(description: Description, stamp: datetime | None) -> Start:
    """When the horizon begins: by the first time stamp, else by `start` in case.yaml.

    Without either, the first step begins at midnight of a day without a weekday.
    """
    if stamp is not None:
        return start_at(stamp.astimezone(ZoneInfo(description.timezone)))
    start = description.start
    if start is None:
        return Start()
    if isinstance(start, time):
        return Start(hours_of(start))
    return start_at(local(start, description.timezone))


def check_start(description: Description, stamp: datetime | None, faults: Faults) -> None:
    """Enters a fault if `start` in case.yaml is not when the first time stamp is, or is a time that
    a clock which is put forward leaves out."""
    start = description.start
    if isinstance(start, datetime) and start.tzinfo is None:
        moment = local(start, description.timezone)
        shown_by_clocks = moment.astimezone(UTC).astimezone(moment.tzinfo).replace(tzinfo=None)
        if shown_by_clocks != start:
            found = f"found {start.isoformat()}, which clocks leave out on that day"
            allowed = f"a time that there is in {description.timezone}"
            faults.add(Place("case.yaml", of="start"), found, allowed)
            return
    if stamp is None or start is None:
        return
    first = stamp.astimezone(ZoneInfo(description.timezone))
    if isinstance(start, time):
        is_same = start == first.time()
    else:
        is_same = local(start, description.timezone) == first
    if not is_same:
        allowed = f"{first:%Y-%m-%dT%H:%M}, the first time of series.csv ({description.timezone})"
        faults.add(Place("case.yaml", of="start"), f"found {start.isoformat()}", allowed)


def local(moment: datetime, timezone: str) -> datetime:
    """A day and time in a zone; one that says no zone is meant to be local."""
    zone = ZoneInfo(timezone)
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def start_at(moment: datetime) -> Start:
    """The hour of the day and the weekday of a local time, which has its zone.

    >>> start = start_at(datetime(2016, 4, 4, 6, 30, tzinfo=UTC))
    >>> start.hour, start.weekday
    (6.5, 0)
    """
    return Start(hours_of(moment.time()), moment.weekday(), moment)


def hours_of(of_day: time) -> float:
    """Hours since midnight.

    >>> hours_of(time(6, 30))
    6.5
    """
    seconds = 60 * of_day.minute + of_day.second + of_day.microsecond / 1e6
    return of_day.hour + seconds / SECONDS_OF_AN_HOUR


def series_columns(table: Table) -> list[str]:
    """The columns that are no time; without a time column the first is taken for it, if it has no
    unit."""
    names = [name for name in table.names if name not in TIME_COLUMNS]
    has_time = len(names) < len(table.names)
    return names if has_time or has_unit(names[0]) else names[1:]


def has_unit(name: str) -> bool:
    """True for a column whose name says its unit, but for hours: one that cannot be the time.

    >>> has_unit("home_load_kw"), has_unit("date"), has_unit("time_h")
    (True, False, False)
    """
    endings = tuple(ending for ending in UNIT_ENDINGS if ending != "_h")
    return column_key(name).endswith(endings)


def check_time(table: Table, description: Description | None, faults: Faults) -> datetime | None:
    """Checks the time column; returns the first time stamp, if there is one.

    description: None if case.yaml could not be read; then the length of a step is not checked.
    """
    there = [name for name in TIME_COLUMNS if name in table.names]
    if not there:
        faults.add(
            Place(table.file),
            "no time column",
            "'hour' or 'step' (1, 2, 3, ...), or 'time_utc' (2016-04-04T00:00Z)",
        )
        return None
    if len(there) > 1:
        faults.add(Place(table.file), f"found time columns {' and '.join(there)}", "one of them")
    if there[0] == STAMPS:
        return check_stamps(table, description, faults)
    check_counts(table, there[0], faults)
    return None


def without_surplus(table: Table, description: Description | None, faults: Faults) -> Table:
    """Checks the number of rows; the table without those behind the last step, such as a sum.

    What stands in these is no further fault. description: None if case.yaml could not be read.
    """
    if description is None or len(table.lines) == description.steps:
        return table
    found = f"found {len(table.lines)} rows"
    allowed = f"{description.steps} (steps in case.yaml)"
    if len(table.lines) < description.steps:
        faults.add(Place(table.file), found, allowed)
        return table
    line = table.lines[description.steps]
    cell = next(iter(table.columns.values()))[description.steps]
    faults.add(Place(table.file), f"{found}, in line {line} one more with {shown(cell)}", allowed)
    columns = {name: cells[: description.steps] for name, cells in table.columns.items()}
    return replace(table, columns=columns, lines=table.lines[: description.steps])


def check_counts(table: Table, name: str, faults: Faults) -> None:
    """Enters a fault unless a column counts 1, 2, 3, ...; only the first place is said."""
    numerals = numerals_of_columns(table, table.names)
    for expected, (line, cell) in enumerate(zip(table.lines, table.column(name), strict=True), 1):
        place = Place(table.file, line, name)
        try:
            is_right = numerals.number(cell) == expected
        except NotANumber:
            faults.add(place, f"found {shown(cell)}", "a number: 1, 2, 3, ..., one for each step")
            return
        if not is_right:
            allowed = f"{expected} (1, 2, 3, ... in order, one for each step)"
            faults.add(place, f"found {cell}", allowed)
            return


def check_stamps(table: Table, description: Description | None, faults: Faults) -> datetime | None:
    """Checks that time stamps have a zone and follow one another; returns the first, in UTC."""
    stamps = []
    for line, cell in zip(table.lines, table.column(STAMPS), strict=True):
        stamp, why = read_stamp(cell)
        if stamp is None:
            place = Place(table.file, line, STAMPS)
            faults.add(place, f"found {shown(cell)}, {why}", "like 2016-04-04T00:00Z")
            return None
        stamps.append(stamp)
    if description is not None:
        check_steps(table, stamps, description, faults)
    return stamps[0]


def read_stamp(cell: str) -> tuple[datetime | None, str]:
    """A time stamp in UTC, or None and why it is none.

    >>> read_stamp("2016-04-04T02:00+02:00")[0].isoformat()
    '2016-04-04T00:00:00+00:00'
    >>> read_stamp("4.4.2016 0:00")
    (None, 'not a time')
    """
    try:
        stamp = datetime.fromisoformat(cell)
        if stamp.tzinfo is None:
            return None, "without a zone"
        return stamp.astimezone(UTC), ""
    except (ValueError, OverflowError):
        return None, "not a time"


def check_steps(
    table: Table, stamps: list[datetime], description: Description, faults: Faults
) -> None:
    """Enters a fault unless one time stamp follows the other by a step; only the first place."""
    step = SECONDS_OF_AN_HOUR * description.step_hours
    cells = table.column(STAMPS)
    for place in range(1, len(stamps)):
        seconds = (stamps[place] - stamps[place - 1]).total_seconds()
        if abs(seconds - step) > 1e-6 * step:
            faults.add(
                Place(table.file, table.lines[place], STAMPS),
                f"found {shown(cells[place])} {distance_in_words(seconds)}",
                f"steps of {description.step_hours:g} h (step_hours in case.yaml)",
            )
            return


def distance_in_words(seconds: float) -> str:
    """How a time stamp stands to the one before it.

    >>> distance_in_words(0), distance_in_words(7200)
    ('twice (daylight saving?)', 'after a step of 2 h')
    """
    if seconds == 0:
        return "twice (daylight saving?)"
    if seconds < 0:
        return "out of order"
    return f"after a step of {seconds / SECONDS_OF_AN_HOUR:g} h"
