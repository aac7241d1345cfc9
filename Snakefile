# What has to run again when something changed: notebooks, then the pages. The notebooks of the book
# are those that _toc.yml names; nothing else lists them. `make book` calls this; so does `snakemake
# --cores all` in any environment with the locked packages.
#
# Snakemake itself looks at listings only: tools/dependencies.py writes one for each notebook into
# build/inputs/, with the fingerprint of every file that the notebook rests on.
import os
import sys
from pathlib import Path

sys.path.insert(0, "tools")

from build_lock import BuildLock
from contents import Refused
from dependencies import ROOT
from records import prepare
from saying import CHANNEL, give_up, say
from sweep_plan import read_plan

PYTHON = sys.executable
SITE = "build/site"
# a job ends when this process does, even if this process is killed
os.environ["VPPCORE_BUILDER"] = str(os.getpid())

try:
    BOOK = prepare()
except Refused as refused:
    give_up(str(refused))
for sentence in BOOK.reasons:
    say(sentence)


# `make book` holds the lock already; called by itself, Snakemake takes it: each knows of the other.
LOCK = BuildLock(ROOT, "snakemake")


onstart:
    if CHANNEL not in os.environ:
        try:
            LOCK.take()
        except Refused as refused:
            give_up(str(refused))


wildcard_constraints:
    notebook=r"\w[\w.-]*",


rule book:
    input:
        f"{SITE}/_build/html/index.html",
        # asked for by name: otherwise a result that is missing would not be missed
        expand("build/records/{notebook}.json", notebook=BOOK.notebooks),


rule pages:
    input:
        "build/pages.txt",
        expand("build/records/{notebook}.json", notebook=BOOK.notebooks),
    output:
        f"{SITE}/_build/html/index.html",
    shell:
        "{PYTHON:q} tools/build_pages.py"


def verdicts(wildcards):
    """A notebook that collects verdicts comes after those that gave them."""
    return [f"build/records/{name}.json" for name in BOOK.collected[wildcards.notebook]]


rule run:
    input:
        "build/inputs/{notebook}.txt",
        verdicts,
    output:
        f"{SITE}/notebooks/{{notebook}}.ipynb",
        "build/records/{notebook}.json",
    log:
        "build/logs/{notebook}.log",
    shell:
        "{PYTHON:q} tools/run_notebook.py --record --into {SITE}/notebooks --results results"
        " --log {log:q} -- {wildcards.notebook:q}"


# --- make sweep: worst-case cost over a grid ---
# The grid stands in build/sweep/plan.json. A point's name holds the digest of all that it rests on,
# so a point which is there need not be computed again, and one out of date is never found.
SWEEP = read_plan()


# putting points together is no work for another machine
localrules:
    sweep,


rule sweep:
    input:
        "build/sweep/plan.json",
        expand("build/sweep/points/{point}.csv", point=SWEEP),
    output:
        "results/sweep/sweep.csv",
    shell:
        "{PYTHON:q} tools/sweep_plan.py"


rule sweep_point:
    output:
        "build/sweep/points/{point}.csv",
    wildcard_constraints:
        point=r"[0-9a-f]+-[0-9]+-[0-9.]+",
    params:
        case=lambda wildcards: SWEEP[wildcards.point]["case"],
        level=lambda wildcards: SWEEP[wildcards.point]["level"],
        deviation=lambda wildcards: SWEEP[wildcards.point]["deviation"],
    shell:
        "{PYTHON:q} tools/sweep_point.py {params.level:q} {params.deviation:q} {output:q}"
        " -- {params.case:q}"
