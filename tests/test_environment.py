"""pyproject.toml, environment.yml and requirements.lock name the same packages."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")

DECLARED = PROJECT["dependencies"] + [
    p for extra in PROJECT["optional-dependencies"].values() for p in extra
]
PIP = next(entry["pip"] for entry in CONDA if isinstance(entry, dict))
PROMISED = {"jupyter-book", "jupyterlab", "gurobipy", "pandas", "seaborn", "papermill", "nbval"}


def names(requirements) -> set[str]:
    return {
        re.match(r"[\w.-]+", requirement).group().lower().replace("_", "-")
        for requirement in requirements
    }


def test_conda_environment_asks_for_what_the_project_declares():
    # the lock comes first: pip then takes versions and hashes from it, also for the names that follow
    assert PIP[0] == "-r requirements.lock"
    assert sorted(PIP[1:]) == sorted(DECLARED)
    assert f"python{PROJECT['requires-python']}" in CONDA and "pip" in CONDA


def test_lock_pins_every_declared_package():
    pinned = names(re.findall(r"^[A-Za-z0-9][\w.-]*(?===)", LOCK, flags=re.MULTILINE))
    assert names(DECLARED) <= pinned
    assert names(PIP[1:]) >= PROMISED <= names(DECLARED)


def test_every_locked_package_has_hashes():
    for block in re.split(r"\n(?=[A-Za-z0-9])", LOCK.strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_lock_names_no_registry():
    assert not re.search(
        r"https?://|--(extra-)?index-url|--find-links|^-[if]\b|file:", LOCK, flags=re.MULTILINE
    )
