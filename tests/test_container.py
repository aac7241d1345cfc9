"""The container file: what it installs, copies and runs agrees with the README, CI and the Makefile.

No test here builds a container. The steps after the system's packages are run in a folder that has
only what the file copies, with a lock that names no package.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from setup_venv import NEWEST, OLDEST

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci/run").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
IGNORED = [
    line
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
# what Debian's python3 is in the releases that the file may be built from
PYTHON_OF = {"bookworm": (3, 11), "trixie": (3, 13)}


@dataclass(frozen=True)
class Step:
    """An instruction of the file and what follows it on its line."""

    word: str
    rest: str


def steps_of(text: str) -> list[Step]:
    """The instructions in their order; comments are gone, lines that go on are joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        Step(word, rest.strip())
        for word, _, rest in (s.partition(" ") for s in joined.splitlines())
    ]


STEPS = steps_of((ROOT / "Containerfile").read_text(encoding="utf-8"))


def rests(word: str) -> list[str]:
    return [step.rest for step in STEPS if step.word == word]


def packages(command: str) -> set[str]:
    """What an `apt-get install` names."""
    named = re.search(r"apt-get install ([^&]*)", command).group(1)
    return {word for word in named.split() if not word.startswith("-")}


def copied() -> list[tuple[list[str], str]]:
    """(sources, target) of each COPY."""
    found = []
    for rest in rests("COPY"):
        *sources, target = [word for word in rest.split() if not word.startswith("--")]
        found.append((sources, target))
    return found


def test_the_file_has_the_instructions_of_a_container_file():
    assert [step.word for step in STEPS][:2] == ["ARG", "FROM"]
    known = {"ARG", "FROM", "RUN", "USER", "WORKDIR", "ENV", "COPY", "CMD"}
    assert {step.word for step in STEPS} == known


def test_it_is_debian_with_a_python_that_the_book_takes():
    (release,) = rests("ARG")
    assert rests("FROM") == ["docker.io/library/debian:${DEBIAN}-slim"]
    assert release.removeprefix("DEBIAN=") in PYTHON_OF
    assert all(OLDEST <= version <= NEWEST for version in PYTHON_OF.values())
    said = (ROOT / "Containerfile").read_text(encoding="utf-8").splitlines()[1]
    for name, version in PYTHON_OF.items():
        assert re.search(rf"{name} \((?:Python )?{version[0]}\.{version[1]}\)", said)


def test_it_installs_what_the_readme_and_ci_ask_for():
    ours = packages(rests("RUN")[0])
    asked = packages(re.search(r"apt-get install -y -qq[^\n]*", CI).group())
    assert asked <= ours
    assert {"python3", "python3-venv", "make", "ca-certificates"} <= ours
    assert "You need Python 3.11 to 3.14, make and git" in README, "say here what else is needed"


def test_all_that_it_copies_is_there_and_not_left_out():
    for sources, _ in copied():
        for source in sources:
            assert (ROOT / source).exists(), source
            assert source not in IGNORED


def test_it_leaves_out_what_git_leaves_out():
    ignored = {line.removeprefix("**/") for line in IGNORED}
    by_git = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert {line.rstrip("/") for line in by_git} | {".git"} == ignored


def test_its_commands_are_those_of_the_makefile():
    command = json.loads(rests("CMD")[0])
    run = [target for rest in rests("RUN") for target in re.findall(r"\bmake (\S+)", rest)]
    assert command[0] == "make" and {*command[1:], *run[1:]} <= TARGETS
    assert rests("RUN")[-1] == "make setup", "the last step before the book's files are copied"


def test_nobody_works_as_root_and_the_reader_owns_the_folder():
    order = [step.word for step in STEPS]
    (folder,) = rests("WORKDIR")
    before = [step.rest for step in STEPS[: order.index("USER")] if step.word == "RUN"]
    assert f"--owner=reader --group=reader {folder}" in before[-1]
    assert order.index("USER") < order.index("WORKDIR") < order.index("COPY")
    assert all("--chown=reader:reader" in rest for rest in rests("COPY"))


def test_what_is_copied_first_is_enough_to_set_up(tmp_path):
    """The steps between WORKDIR and the last COPY, with a lock that names no package."""
    for sources, target in copied()[:-1]:
        (tmp_path / target).mkdir(exist_ok=True)
        for source in sources:
            shutil.copy(ROOT / source, tmp_path / target)
    (tmp_path / "requirements.lock").write_text("# nothing\n", encoding="utf-8")
    done = subprocess.run(
        ["make", "setup", f"PYTHON={sys.executable}"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / ".venv/.ready").is_file()


# --- what the README says of it -------------------------------------------------------------------
BLOCK = re.search(r"## On another machine\n.*?```\n(.*?)```", README, re.DOTALL)


def test_the_readme_uses_one_image_and_commands_that_exist():
    lines = BLOCK.group(1).splitlines()
    image = re.search(r"build -f Containerfile -t (\S+) \.", lines[0]).group(1)
    assert all(line.startswith("podman ") for line in lines[:-1])
    (run,) = [line for line in lines if line.startswith("podman run")]
    name = re.search(r"--name (\S+)", run).group(1)
    assert set(run.split(f"{image} make ")[1].split()) <= TARGETS
    copies = [line.split() for line in lines if line.startswith("podman cp")]
    (folder,) = rests("WORKDIR")
    assert copies and all(words[2].startswith(f"{name}:{folder}/") for words in copies)
    compare = lines[-1].split()
    assert (ROOT / compare[1]).is_file() and compare[3] == copies[0][3]


@pytest.mark.parametrize("planted", ["RUN make nothing", "COPY nothing.txt ./"])
def test_a_step_that_cannot_be_carried_out_is_noticed(planted, monkeypatch):
    monkeypatch.setattr(f"{__name__}.STEPS", [*STEPS[:-2], *steps_of(planted), *STEPS[-2:]])
    with pytest.raises(AssertionError):
        test_its_commands_are_those_of_the_makefile()
        test_all_that_it_copies_is_there_and_not_left_out()
