"""python -m vppcore.fleet: one line of JSON, one sentence for what is refused, workers as one process."""

from __future__ import annotations

import json

import pytest

from vppcore.fleet.__main__ import main


def printed(capsys, *arguments: str) -> dict:
    assert main(list(arguments)) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return json.loads(out)


def test_a_line_with_both_bounds(capsys):
    line = printed(capsys, "5", "--seed", "3")
    by_pool = printed(capsys, "5", "--seed", "3", "--method", "pool")
    assert {"n", "seconds", "cost", "lower", "upper", "gap", "peak_mb"} <= set(line)
    assert line["n"] == 5 and line["lower"] <= line["upper"] == line["cost"]
    assert 0 <= line["gap"] <= 1e-6 and line["peak_mb"] > 0
    assert by_pool["cost"] == pytest.approx(line["cost"], rel=1e-6)


def test_two_processes_find_what_one_finds(capsys):
    one = printed(capsys, "6", "--seed", "1")
    two = printed(capsys, "6", "--seed", "1", "--workers", "2")
    assert two["upper"] == pytest.approx(one["upper"], rel=1e-6)
    assert two["lower"] == pytest.approx(one["lower"], rel=1e-6)


@pytest.mark.parametrize(
    "arguments",
    [("0",), ("-4",), ("many",), ("1e3",), ("3", "--method", "magic"), ("3", "--workers", "0")],
)
def test_what_is_refused_takes_one_sentence(capsys, arguments):
    assert main(["--", *arguments] if arguments[0] == "-4" else list(arguments)) == 1
    said = capsys.readouterr()
    assert not said.out and said.err.count("\n") == 1 and "allowed" in said.err
