"""Setting up: half made, copied, moved and outdated environments are mended, with a sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import setup_venv
from setup_venv import Environment, Failed, digest
from tiny_book import TinyBook, write

NO_UV = {"PATH": "/usr/bin:/bin"}


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A tiny book, set up from a half-made environment, with a lock that names no package."""
    book = TinyBook(tmp_path_factory.mktemp("setup") / "it's here")
    half_make(book)
    done = book.make("setup", f"PYTHON={sys.executable}", **NO_UV)
    assert done.returncode == 0, done.stdout
    assert ".venv is half made: it has no pip; it is removed and made again." in done.stdout
    assert "Installing the locked packages into .venv" in done.stdout
    return book


def half_make(book: TinyBook) -> None:
    """What Debian leaves without the package python3-venv: a Python, and no pip."""
    command = [sys.executable, "-m", "venv", "--without-pip", str(book.folder / ".venv")]
    subprocess.run(command, check=True, capture_output=True)


def setup(book: TinyBook, python: str = sys.executable) -> subprocess.CompletedProcess:
    return book.make("setup", f"PYTHON={python}", **NO_UV)


def factor(book: TinyBook) -> str:
    """What the environment's own Python takes for the project's code, from any folder."""
    code = "from vppcore.model import FACTOR; print(FACTOR)"
    python = str(book.folder / ".venv/bin/python")
    return book.call([python, "-c", f"import os; os.chdir('/'); {code}"]).stdout.strip()


def test_what_is_ready_is_left_alone_without_a_word(ready):
    assert setup(ready).stdout == ""
    assert factor(ready) == "2"


def test_a_changed_lock_is_installed(ready):
    write(ready.folder / "requirements.lock", "# nothing, said in another way")
    done = setup(ready)
    assert "requirements.lock has changed; its packages are installed" in done.stdout
    assert setup(ready).stdout == ""


def test_a_copied_checkout_runs_its_own_code_and_a_moved_one_works(ready, tmp_path):
    copy = TinyBook(tmp_path / "a copy")
    shutil.copytree(ready.folder / ".venv", copy.folder / ".venv", symlinks=True)
    shutil.copyfile(ready.folder / "requirements.lock", copy.folder / "requirements.lock")
    write(copy.folder / "vppcore/model.py", "FACTOR = 5")
    assert setup(copy).stdout == ""
    assert factor(copy) == "5" and factor(ready) == "2"
    pip = copy.call([str(copy.folder / ".venv/bin/pip"), "--version"])
    assert f"from {copy.folder}/.venv/" in pip.stdout

    moved = copy.folder.rename(tmp_path / "it's moved")
    copy.folder = moved
    assert setup(copy).stdout == ""
    assert factor(copy) == "5"
    pip = copy.call([str(moved / ".venv/bin/pip"), "--version"])
    assert f"from {moved}/.venv/" in pip.stdout


def test_a_path_file_that_leads_elsewhere_is_mended(ready, tmp_path):
    """As an earlier version wrote it: with the place of the checkout from which it was copied."""
    file = next((ready.folder / ".venv").glob("lib/python*/site-packages/vppcore.pth"))
    write(tmp_path / "vppcore/model.py", "FACTOR = 7")
    file.write_text(f"{tmp_path}\n")
    assert factor(ready) == "7"
    assert f".venv led to the code in {tmp_path}; it now leads to this" in setup(ready).stdout
    assert factor(ready) == "2"


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """An environment to be in a folder of its own; what would be run is written down instead."""
    monkeypatch.setattr(setup_venv, "ROOT", str(tmp_path))
    monkeypatch.setattr(setup_venv.shutil, "which", lambda name: None)
    write(tmp_path / "requirements.lock", "# nothing")
    return Environment(str(tmp_path / ".venv"))


def test_without_the_package_that_makes_environments_the_reader_is_told_its_name(
    tiny, monkeypatch, capsys
):
    """Debian without python3-venv: it fails after it has made half of the folder, each time."""

    def make_half(command):
        os.makedirs(os.path.join(tiny.folder, "bin"))
        os.symlink(sys.executable, tiny.python)
        return 1

    monkeypatch.setattr(setup_venv, "run", make_half)
    for _ in range(2):
        with pytest.raises(Failed, match="apt install python3-venv"):
            tiny.make_ready()
        assert not os.path.lexists(tiny.folder)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "breaks",
    [
        lambda folder: os.symlink("/nowhere", folder),
        lambda folder: write(folder, "a file"),
        lambda folder: os.makedirs(folder / "bin"),
        lambda folder: write(folder / "bin/python", "no program"),
    ],
)
def test_what_cannot_be_an_environment_is_removed_with_a_sentence(
    tiny, monkeypatch, breaks, capsys
):
    breaks(Path(tiny.folder))
    monkeypatch.setattr(setup_venv, "run", lambda command: 1)
    with pytest.raises(Failed, match="could not be made"):
        tiny.make_ready()
    assert "is half made or its Python is gone; it is removed" in capsys.readouterr().out
    assert not os.path.lexists(tiny.folder)


def test_packages_that_cannot_be_fetched_are_asked_for_again(tiny, monkeypatch):
    os.makedirs(tiny.folder)
    monkeypatch.setattr(setup_venv, "run", lambda command: 1)
    with pytest.raises(Failed, match="could not be installed; the reason stands above"):
        tiny.install()
    assert not tiny.is_installed()
    write_stamp(tiny, digest(tiny.lock))
    assert tiny.is_installed()


def write_stamp(environment: Environment, text: str) -> None:
    with open(environment.stamp, "w") as file:
        file.write(text + "\n")


def test_a_python_that_is_too_old_or_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(setup_venv, "OLDEST", (3, 99))
    with pytest.raises(SystemExit, match=r"The book needs Python 3.11 to 3.14, and .* is 3\.\d+"):
        setup_venv.main()
    book = TinyBook(tmp_path)
    done = setup(book, "python9.9")
    assert done.returncode and "There is no Python called 'python9.9' here" in done.stdout
    assert not os.path.lexists(tmp_path / ".venv")


@pytest.mark.parametrize(
    ("head", "mended"),
    [
        ("#!/old/.venv/bin/python\nx = 1\n", "#!/new/bin/python\nx = 1\n"),
        ("#!/old/.venv/bin/python3.11\nx = 1\n", "#!/new/bin/python\nx = 1\n"),
        (
            "#!/bin/sh\n'''exec' \"/o ld/.venv/bin/python3\" \"$0\" \"$@\"\n' '''\nx = 1\n",
            "#!/new/bin/python\nx = 1\n",
        ),
        ("#!/usr/bin/env python\nx = 1\n", "#!/usr/bin/env python\nx = 1\n"),
        ("#!/bin/sh\necho /old/.venv/bin/python\n", "#!/bin/sh\necho /old/.venv/bin/python\n"),
    ],
)
def test_scripts_name_the_python_beside_them(tmp_path, head, mended):
    environment = Environment(str(tmp_path))
    environment.folder = str(tmp_path)
    write(tmp_path / "bin/script", head)
    environment.mend_scripts()
    text = (tmp_path / "bin/script").read_text()
    assert text == mended.replace("/new", str(tmp_path))


def test_packages_of_a_further_lock_come_on_top_once(ready):
    write(ready.folder / "more.lock", "# nothing more")
    command = [sys.executable, "tools/setup_venv.py", "more.lock"]
    assert "packages of more.lock" in ready.call(command, **NO_UV).stdout
    assert ready.call(command, **NO_UV).stdout == ""
    write(ready.folder / "more.lock", "# nothing more, said in another way")
    assert "packages of more.lock" in ready.call(command, **NO_UV).stdout
