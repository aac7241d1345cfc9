"""How long live elements take in a browser, and how much they weigh: `python benchmarks/live.py`.

For each element of the built book (`make book`): bytes of its page and of its data; milliseconds
from a turn of all its knobs to the answer, as the page measures them, median and 95th percentile;
and how many times what Python's HiGHS needs for the same problems, where the page solves one.
Nothing fails on these numbers. Give a folder of built pages to measure others than the book's.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT)]

from browser import Tab, browser_tab  # noqa: E402

from vppcore.live.problem import Knob, from_data, knob_of  # noqa: E402
from vppcore.pages.live_module import SOLVER  # noqa: E402
from vppcore.pages.study import Study  # noqa: E402
from vppcore.warm import WarmLinear, solve_quadratic  # noqa: E402

SITE = ROOT / "build/site/_build/html"
ELEMENT = re.compile(
    r'data-live="([^"]+)"[^>]*><script type="application/json">(.*?)</script>', re.DOTALL
)
TURNS = 40
PATIENCE_SECONDS = 60
TURN = """(() => {
  const element = document.querySelector(`[data-live='NAME']`);
  for (const [name, value] of Object.entries(SETTING)) {
    const input = element.querySelector(`input[name="${name}"]`);
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
})()"""


def elements(site: Path) -> Iterator[tuple[Path, str, str]]:
    """Page, name and data of each live element."""
    for page in sorted(site.rglob("*.html")):
        for name, text in ELEMENT.findall(page.read_text(encoding="utf-8")):
            yield page, name, text


def solved(tab: Tab, name: str, before: int) -> dict[str, str]:
    """What the element says once it has solved more often than so."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        facts = tab.evaluate(f"({{ ...document.querySelector(`[data-live='{name}']`).dataset }})")
        if int(facts.get("solves", 0)) > before:
            return facts
        time.sleep(0.02)
    raise SystemExit(f"{name} did not answer within {PATIENCE_SECONDS} s")


def random_settings(knobs: list[Knob]) -> Iterator[dict[str, float]]:
    """Settings of the knobs that have sliders; the same ones in every run."""
    random = np.random.default_rng(0)
    turned = [knob for knob in knobs if knob.by == "slider"]
    for _ in range(TURNS):
        yield {k.name: float(random.uniform(k.first or k.low, k.high)) for k in turned}


def in_the_page(
    tab: Tab, page: Path, name: str, settings: list[dict[str, float]]
) -> tuple[float, list[float]]:
    """Milliseconds of the first answer, and of each turn."""
    tab.resize(1280)
    tab.open(page)
    tab.evaluate(f"document.querySelector(`[data-live='{name}']`).scrollIntoView()")
    facts = solved(tab, name, 0)
    first = float(facts["ms"] or 0)
    taken = []
    for setting in settings:
        tab.evaluate(TURN.replace("NAME", name).replace("SETTING", json.dumps(setting)))
        facts = solved(tab, name, int(facts["solves"]))
        taken.append(float(facts["ms"] or 0))
    return first, taken


def in_python(given: dict[str, Any], settings: list[dict[str, float]]) -> list[float]:
    """Milliseconds of each setting, solved here; empty for an element that only counts."""
    if not given.get("problem"):
        return []
    live = from_data(given["problem"])
    warm = WarmLinear(live.name)
    taken = []
    for setting in settings:
        own = {knob.name: setting[knob.name] for knob in live.knobs if knob.name in setting}
        program = live.program(own)
        started = time.perf_counter()
        warm.solve(program) if program.is_linear else solve_quadratic(program, live.name)
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def measured(tab: Tab, page: Path, name: str, text: str) -> dict[str, Any]:
    """The row of one element: bytes and milliseconds."""
    given = json.loads(text)
    knobs = [knob_of(knob) for knob in given.get("knobs") or given["problem"]["knobs"]]
    settings = list(random_settings(knobs))
    first, taken = in_the_page(tab, page, name, settings)
    here = in_python(given, settings)
    return {
        "element": name,
        "page": page.stem,
        "page_bytes": page.stat().st_size,
        "data_bytes": len(text.encode()),
        "first_ms": first,
        "median_ms": float(np.median(taken)),
        "p95_ms": float(np.quantile(taken, 0.95)),
        "times_python": float(np.median(taken) / np.median(here)) if here else np.nan,
    }


def main() -> None:
    site = Path(sys.argv[1]) if len(sys.argv) > 1 else SITE
    study = Study("live", {})
    with browser_tab() as tab:
        table = pd.DataFrame([measured(tab, *element) for element in elements(site)])
    if table.empty:
        raise SystemExit(f"Found no live element below {site}; make book builds the book's.")
    print(table.round(1).to_string(index=False))
    solver = (site / "_static" / SOLVER).stat().st_size
    pages = int(table.drop_duplicates("page")["page_bytes"].sum())
    print(f"bytes in all: {pages + solver:,}, of which {solver:,} are the solver that all share")
    study.keep(live=table.set_index("element"))
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    print(study.finish(machine=machine))


if __name__ == "__main__":
    main()
