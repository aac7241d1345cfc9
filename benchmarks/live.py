"""How long live elements take in a browser, and how much they weigh: `python benchmarks/live.py`.

For each element of the built book (`make book`): bytes of its page, of its data and of the solver
that all share; milliseconds from a turn of all knobs to the answer, median and 95th percentile, as
a multiple of what Python's HiGHS needs for the same problems, too. Nothing fails on these numbers.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT)]

from browser import browser_tab  # noqa: E402

from vppcore.live.problem import from_data  # noqa: E402
from vppcore.warm import WarmLinear, solve_quadratic  # noqa: E402

SITE = ROOT / "build/site/_build/html"
ELEMENT = re.compile(
    r'data-live="([^"]+)"[^>]*><script type="application/json">(.*?)</script>', re.DOTALL
)
TURNS = 40
TURN = """(() => {
  const element = document.querySelector(`[data-live='NAME']`);
  for (const [name, value] of Object.entries(SETTING)) {
    const input = element.querySelector(`input[name="${name}"]`);
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
})()"""


def solved(tab, name: str, before: int) -> dict[str, str]:
    """What the element says once it has solved more often than so."""
    while True:
        facts = tab.evaluate(f"({{ ...document.querySelector(`[data-live='{name}']`).dataset }})")
        if int(facts.get("solves", 0)) > before:
            return facts
        time.sleep(0.02)


def measure(tab, page: Path, name: str, data: dict) -> tuple[list[float], list[float]]:
    """Milliseconds of each re-solve: in the page, and in Python."""
    live = from_data(data["problem"])
    tab.open(page)
    tab.evaluate(f"document.querySelector(`[data-live='{name}']`).scrollIntoView()")
    facts = solved(tab, name, 0)
    random = np.random.default_rng(0)
    warm = WarmLinear(name)
    in_page, in_python = [], []
    for _ in range(TURNS):
        setting = {k.name: float(random.uniform(k.first or k.low, k.high)) for k in live.knobs}
        turn = TURN.replace("NAME", name).replace("SETTING", json.dumps(setting))
        tab.evaluate(turn)
        facts = solved(tab, name, int(facts["solves"]))
        in_page.append(float(facts["ms"]))
        program = live.program(setting)
        started = time.perf_counter()
        warm.solve(program) if program.is_linear else solve_quadratic(program, name)
        in_python.append(1000 * (time.perf_counter() - started))
    return in_page, in_python


def main() -> None:
    solver = (SITE / "_static/highs/highs.js").stat().st_size
    print(f"solver, shared: {solver / 1e6:.2f} MB")
    with browser_tab() as tab:
        for page in sorted(SITE.rglob("*.html")):
            for name, text in ELEMENT.findall(page.read_text(encoding="utf-8")):
                data = json.loads(text)
                if not data.get("problem"):
                    continue
                in_page, in_python = measure(tab, page, name, data)
                median = statistics.median(in_page)
                sizes = f"page {page.stat().st_size / 1e3:.0f} kB, data {len(text) / 1e3:.0f} kB"
                print(
                    f"{name}: {sizes}; re-solve median {median:.0f} ms,"
                    f" p95 {np.quantile(in_page, 0.95):.0f} ms,"
                    f" {median / statistics.median(in_python):.1f} times Python's"
                )


if __name__ == "__main__":
    main()
