"""When the horizon of a case begins: hours of the day and weekdays of its steps."""

from __future__ import annotations

import pytest
from case_files import DESCRIPTION, SERIES, faults_of, write

from vppcore import load_case

HEAD = SERIES.splitlines()[0]


def stamped(*stamps: str) -> str:
    """series.csv with time stamps in place of the hours."""
    rows = [
        ",".join([stamp, *row.split(",")[1:]])
        for stamp, row in zip(stamps, SERIES.splitlines()[1:], strict=True)
    ]
    return "\n".join([HEAD.replace("hour", "time_utc"), *rows])


def clock_of(folder, series: str = SERIES, *lines: str):
    files = {
        "series.csv": series,
        "case.yaml": DESCRIPTION + "".join(f"{line}\n" for line in lines),
    }
    return load_case(write(folder, files)).vpp("Home").clock


EVENING = stamped("2016-04-03T22:00Z", "2016-04-03T23:00Z", "2016-04-04T00:00Z")


def test_without_a_word_the_first_step_begins_at_midnight(tmp_path):
    clock = clock_of(tmp_path)
    assert (clock.hours.tolist(), clock.weekday) == ([0, 1, 2], None)


def test_time_stamps_say_hour_and_weekday(tmp_path):
    clock = clock_of(tmp_path, EVENING)
    assert (clock.hours.tolist(), clock.weekdays.tolist()) == ([22, 23, 0], [6, 6, 0])


def test_in_the_zone_of_the_case(tmp_path):
    clock = clock_of(tmp_path, EVENING, "timezone: Europe/Berlin")
    assert (clock.hours.tolist(), clock.weekdays.tolist()) == ([0, 1, 2], [0, 0, 0])


def test_stamps_of_any_zone_are_the_same_moments(tmp_path):
    local = stamped("2016-04-04T00:00+02:00", "2016-04-04 01:00:00+02:00", "20160404T020000+0200")
    clock = clock_of(tmp_path, local)
    assert (clock.hours.tolist(), clock.weekdays.tolist()) == ([22, 23, 0], [6, 6, 0])


STARTS = {
    "start: 2016-04-04": (0.0, 0),
    "start: 2016-04-04T06:30": (6.5, 0),
    "start: 2016-04-10 18:00": (18.0, 6),
    "start: 18:15": (18.25, None),
    "start: 2016-04-04T22:00Z\ntimezone: Europe/Berlin": (0.0, 1),
    "start: 2016-04-04T22:00\ntimezone: Europe/Berlin": (22.0, 0),
}


@pytest.mark.parametrize(("lines", "expected"), STARTS.items())
def test_hours_begin_when_case_yaml_says(tmp_path, lines, expected):
    clock = clock_of(tmp_path, SERIES, lines)
    assert (clock.start_hour, clock.weekday) == expected


def test_a_start_that_contradicts_the_stamps_is_refused(tmp_path):
    files = {"series.csv": EVENING, "case.yaml": DESCRIPTION + "start: 2016-04-04\n"}
    (sentence,) = faults_of(write(tmp_path, files))
    assert "case.yaml, start" in sentence and "2016-04-03" in sentence
    files["case.yaml"] = DESCRIPTION + "start: 2016-04-03T22:00\n"
    assert load_case(write(tmp_path / "same", files)).vpp("Home").clock.start_hour == 22


def test_a_window_goes_on_with_the_clock(tmp_path):
    files = {"series.csv": EVENING, "case.yaml": DESCRIPTION + "timezone: Europe/Berlin\n"}
    vpp = load_case(write(tmp_path, files)).window(3, 1).vpp("Shop")
    assert (vpp.start_hour, vpp.weekday, vpp.steps) == (2.0, 0, 1)
    week = load_case("simbench-semiurb")
    assert (week.vpps[0].start_hour, week.vpps[0].weekday) == (0.0, 0)
    friday = week.window(4 * 24 + 7, 24).vpps[0]
    assert (friday.start_hour, friday.weekday) == (6.0, 4)
    quarters = load_case("simbench-semiurb-15min").window(4 * 96 + 4 * 6 + 1, 96).vpps[0]
    assert (quarters.start_hour, quarters.weekday) == (6.0, 4)


STAMPS = {
    "a German date": "4.4.2016 0:00",
    "an American date": "04/04/2016 00:00Z",
    "a word": "now",
    "a number": "42464.5",
    "a day that does not exist": "2016-02-30T00:00Z",
    "a clock that says 24": "2016-04-04T24:30Z",
    "a year of the far past": "0000-04-04T00:00Z",
}


@pytest.mark.parametrize("stamp", STAMPS.values(), ids=STAMPS.keys())
def test_what_is_no_time_is_refused(tmp_path, stamp):
    series = stamped(stamp, "2016-04-04T01:00Z", "2016-04-04T02:00Z")
    (sentence,) = faults_of(write(tmp_path, {"series.csv": series}))
    assert (
        f"line 2, column time_utc: found {stamp!r}, not a time; allowed: like 2016-04-04T00:00Z"
        in sentence
    )


def test_two_time_columns_are_one_too_many(tmp_path):
    series = "\n".join(
        f"{cell},{line}"
        for cell, line in zip(["step", "1", "2", "3"], SERIES.splitlines(), strict=True)
    )
    assert any(
        "found time columns step and hour" in fault
        for fault in faults_of(write(tmp_path, {"series.csv": series}))
    )
