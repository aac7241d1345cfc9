# What has to run again when something changed: notebooks, then the pages, then the site.
# The notebooks of the book are those that _toc.yml names; nothing else lists them.
# `make book` calls this; so does `snakemake --cores all` in any environment with the locked packages.
import sys
from pathlib import Path

import yaml


def entries(node):
    """Every file that a table of contents names, however deep."""
    if isinstance(node, dict):
        yield from [str(node["file"])] if "file" in node else []
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from entries(child)


def files(*folders):
    """All files below the folders; caches and the like are no inputs."""
    return sorted(
        str(path)
        for folder in folders
        for path in Path(folder).rglob("*")
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in path.parts)
    )


PYTHON = sys.executable
JUPYTER_BOOK = str(Path(PYTHON).with_name("jupyter-book"))
SITE = "build/site"
NOTEBOOKS = [name.removeprefix("notebooks/") for name in entries(yaml.safe_load(open("_toc.yml")))
             if name.startswith("notebooks/")]


def earlier_results(wildcards):
    """The ledger sums up what every other notebook claims, so it comes last."""
    return [f"results/{name}" for name in NOTEBOOKS if name != "ledger"] if wildcards.notebook == "ledger" else []


wildcard_constraints:
    notebook="[^/]+",


rule book:
    input:
        f"{SITE}/.staged",
        expand(f"{SITE}/notebooks/{{notebook}}.ipynb", notebook=NOTEBOOKS),
    output:
        f"{SITE}/_build/html/index.html",
    shell:
        # All pages are built anew, and a failed build leaves nothing behind: Sphinx tells the warnings
        # of a page only when it reads the page, so a second try on top of a failed one would pass.
        "rm -rf {SITE}/_build && "
        "{{ {JUPYTER_BOOK:q} build {SITE} --quiet -W --keep-going >build/logs/book.log 2>&1 "
        "|| {{ rm -rf {SITE}/_build; cat build/logs/book.log; "
        "echo 'The pages above have warnings; the book is built without any.'; exit 1; }}; }} && "
        "ln -sfn site/_build/html build/book"


rule stage:
    input:
        files("book", "data", "vppcore"),
        "tools/api_pages.py",
        expand("results/{notebook}", notebook=NOTEBOOKS),
        "_config.yml",
        "_toc.yml",
    output:
        touch(f"{SITE}/.staged"),
    shell:
        # Pages may include tables from results/ and data/, and link them for download.
        "rm -rf {SITE}/book {SITE}/data {SITE}/results {SITE}/vppcore && mkdir -p build/logs && "
        "cp -R book data results vppcore {SITE}/ && cp _config.yml _toc.yml {SITE}/ && "
        # the pages show code from vppcore/, and the API from its docstrings
        "{PYTHON:q} tools/api_pages.py {SITE}/book/api"


rule run:
    input:
        "notebooks/{notebook}.ipynb",
        "tools/run_notebook.py",
        files("vppcore", "data"),
        earlier_results,
    output:
        f"{SITE}/notebooks/{{notebook}}.ipynb",
        directory("results/{notebook}"),
    log:
        "build/logs/{notebook}.log",
    shell:
        "{PYTHON:q} tools/run_notebook.py {wildcards.notebook} "
        "--into {SITE}/notebooks --results results --log {log}"


# --- make sweep: worst-case cost over a grid; only points that are new or out of date are computed ----------------
CASES = str(config.get("cases", "paper-a")).split()
LEVELS = str(config.get("levels", "0 2 4 6 8 10 12")).split()
DEVIATIONS = str(config.get("deviations", "0.1 0.2")).split()


rule sweep:
    input:
        expand("results/sweep/points/{case}-{level}-{deviation}.csv", case=CASES, level=LEVELS, deviation=DEVIATIONS),
    output:
        "results/sweep/sweep.csv",
    run:
        import os

        import pandas as pd

        table = pd.concat([pd.read_csv(point) for point in input], ignore_index=True)
        table.sort_values(["case", "deviation", "level"]).to_csv(output[0] + ".part", index=False)
        os.replace(output[0] + ".part", output[0])


rule sweep_point:
    input:
        "tools/sweep_point.py",
        files("vppcore", "data"),
    output:
        "results/sweep/points/{case}-{level}-{deviation}.csv",
    wildcard_constraints:
        level=r"\d+",
        deviation=r"[\d.]+",
    shell:
        "{PYTHON:q} tools/sweep_point.py {wildcards.case} {wildcards.level} {wildcards.deviation} {output}"
