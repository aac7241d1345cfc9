"""pyproject.toml, environment.yml and requirements.lock name the same packages."""

import doctest
import re
import tomllib
from pathlib import Path

import lock_rest
import pytest
import yaml

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")

TEACH_LOCK = (ROOT / "requirements-teach.lock").read_text(encoding="utf-8")

EXTRAS = dict(PROJECT["optional-dependencies"])
# what grading needs is installed by `make assignments` alone
GRADER = EXTRAS.pop("teach")
DECLARED = PROJECT["dependencies"] + [p for extra in EXTRAS.values() for p in extra]
PIP = next(entry["pip"] for entry in CONDA if isinstance(entry, dict))
PROMISED = {"jupyter-book", "jupyterlab", "gurobipy", "pandas", "seaborn", "papermill", "nbval"}


def names(requirements) -> set[str]:
    return {
        re.match(r"[\w.-]+", requirement).group().lower().replace("_", "-")
        for requirement in requirements
    }


def pins(lock: str) -> list[str]:
    return re.findall(r"^[A-Za-z0-9][\w.-]*(?===)", lock, flags=re.MULTILINE)


def test_conda_environment_asks_for_what_the_project_declares():
    # the lock comes first: pip then takes versions and hashes from it, also for the names that follow
    assert PIP[0] == "-r requirements.lock"
    assert sorted(PIP[1:]) == sorted(DECLARED)
    assert f"python{PROJECT['requires-python']}" in CONDA and "pip" in CONDA


def test_lock_pins_every_declared_package():
    pinned = names(pins(LOCK))
    assert names(DECLARED) <= pinned
    assert names(PIP[1:]) >= PROMISED <= names(DECLARED)


def test_the_graders_lock_has_what_the_books_lock_lacks():
    assert names(GRADER) <= names(pins(TEACH_LOCK))
    assert not names(pins(TEACH_LOCK)) & names(pins(LOCK))


@pytest.mark.parametrize("lock", [LOCK, TEACH_LOCK], ids=["book", "teach"])
def test_every_locked_package_has_hashes(lock):
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock.strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]


@pytest.mark.parametrize("lock", [LOCK, TEACH_LOCK], ids=["book", "teach"])
def test_lock_names_no_registry(lock):
    assert not re.search(
        r"https?://|--(extra-)?index-url|--find-links|^-[if]\b|file:", lock, flags=re.MULTILINE
    )


def test_the_rest_of_a_lock_is_what_another_lacks():
    assert doctest.testmod(lock_rest).failed == 0
    rest = set(lock_rest.blocks_of(TEACH_LOCK))
    assert rest == set(pins(TEACH_LOCK))
