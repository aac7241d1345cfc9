"""Stored notebooks hold nothing that changes at every run."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from strip_images import strip, stripped_text
from tiny_book import ROOT, notebook, write

STORED = sorted((ROOT / "notebooks").glob("*.ipynb"))


def a_run(table: str = "T_a1b2c", address: str = "0x7f0000000001") -> dict:
    """A notebook as papermill leaves it."""
    content = json.loads(notebook("x: int = 1  # a number", "x"))
    content["metadata"] = {"papermill": {"duration": 1.5}, "kernelspec": {"name": "mine"}}
    content["cells"][1]["metadata"] |= {"papermill": {}, "execution": {"iopub": "12:00"}}
    cell = content["cells"][2]
    cell["execution_count"] = 17
    cell["metadata"] = {"tags": [], "scrolled": True, "mystnb": {"figure": {"name": "fig"}}}
    cell["outputs"] = [
        {
            "output_type": "execute_result",
            "execution_count": 17,
            "metadata": {"needs_background": "light"},
            "data": {
                "image/png": "iVBOR",
                "image/svg+xml": "<svg/>",
                "text/plain": f"<Figure at {address}>",
                "text/html": [f'<td id="{table}_row0">', f'<th id="{table}_level0">'],
            },
        },
        {"output_type": "stream", "name": "stdout", "text": "3 kW\n"},
    ]
    return content


def test_pictures_times_and_records_go_and_texts_stay():
    done = strip(a_run())
    text = json.dumps(done)
    for gone in ("papermill", "iVBOR", "svg", "duration", "scrolled", "12:00", "mine", "light"):
        assert gone not in text
    assert done["cells"][2]["outputs"][0]["data"] == {
        "text/plain": "<Figure at 0x00000000>",
        "text/html": ['<td id="T_00001_row0">', '<th id="T_00001_level0">'],
    }
    assert done["cells"][2]["outputs"][1]["text"] == "3 kW\n"
    assert done["cells"][2]["metadata"] == {"mystnb": {"figure": {"name": "fig"}}}
    assert done["cells"][2]["execution_count"] == 1
    assert done["cells"][2]["outputs"][0]["execution_count"] == 1
    assert done["cells"][1]["metadata"] == {"tags": ["parameters"]}


def test_a_widget_that_only_a_running_kernel_can_show_goes():
    content = a_run()
    shown = {"application/vnd.jupyter.widget-view+json": {"model_id": "a1"}, "text/plain": "<L>"}
    outputs = content["cells"][2]["outputs"]
    outputs.append({"output_type": "display_data", "metadata": {}, "data": shown})
    assert [each["output_type"] for each in strip(content)["cells"][2]["outputs"]] == [
        "execute_result",
        "stream",
    ]


def test_two_runs_are_stored_alike_and_stripping_again_changes_nothing():
    one = stripped_text(json.dumps(a_run()))
    other = stripped_text(json.dumps(a_run("T_fffff", "0x7fffffffffff")))
    assert one == other
    assert stripped_text(one) == one


def test_tables_that_differ_stay_different():
    content = a_run()
    content["cells"][2]["outputs"][0]["data"]["text/html"] = "T_aaaaa_x T_bbbbb_x T_aaaaa_y"
    shown = strip(content)["cells"][2]["outputs"][0]["data"]["text/html"]
    assert shown == "T_00001_x T_00002_x T_00001_y"


def call(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "tools/strip_images.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_as_a_program_it_checks_cleans_and_writes_elsewhere(tmp_path):
    stored = tmp_path / "a b.ipynb"
    write(stored, json.dumps(a_run()))
    before = stored.read_text()
    refused = call("--check", str(stored))
    assert (
        refused.returncode == 1 and "a b.ipynb" in refused.stderr and stored.read_text() == before
    )
    (tmp_path / "into").mkdir()
    assert call("--into", str(tmp_path / "into"), str(stored)).returncode == 0
    assert stored.read_text() == before
    assert call(str(stored)).returncode == 0
    assert stored.read_text() == (tmp_path / "into/a b.ipynb").read_text()
    assert call("--check", str(stored)).returncode == 0


@pytest.mark.parametrize("text", ["{", "[]", '{"cells": [{}]}'])
def test_what_is_no_notebook_is_refused_in_a_sentence(tmp_path, text):
    write(tmp_path / "a.ipynb", text)
    done = call(str(tmp_path / "a.ipynb"))
    assert done.returncode == 1 and "a.ipynb is no notebook that can be read" in done.stderr
    assert "Traceback" not in done.stderr
    assert call(str(tmp_path / "missing.ipynb")).returncode == 1


def test_the_book_s_notebooks_are_stored_clean():
    assert STORED
    assert call("--check", *map(str, STORED)).returncode == 0
