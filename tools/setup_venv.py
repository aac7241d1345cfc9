"""Make .venv ready: create it, install the locked packages, and let it find this folder's vppcore.

Every command of the Makefile calls this first; when all is well it takes a moment and says nothing.
It runs on the Python that the user has, with nothing installed, so it keeps to what any Python 3
knows.

Usage: setup_venv.py [further.lock ...]; packages of further locks come on top of the book's own.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST = (3, 11)
NEWEST = (3, 14)
# how a script says which Python runs it: in its first line, or by way of the shell if that has
# blanks
SCRIPT_HEAD = re.compile(
    rb"\A(?:#!|#!/bin/sh\n'''exec' \"?)(/[^\n\"]*?)/bin/python[\d.]*\"?(?: \"\$0\" \"\$@\"\n' ''')?"
)
DEBIAN = "On Debian and Ubuntu, install what is missing with: apt install python3-venv."


class Failed(Exception):
    """Setting up cannot go on; the message is a sentence for the reader."""


class Environment:
    """The virtual environment of the book."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.name = folder
        self.python = os.path.join(self.folder, "bin", "python")
        self.stamp = os.path.join(self.folder, ".ready")
        self.lock = os.path.join(ROOT, "requirements.lock")
        self.uv = shutil.which("uv")

    def make_ready(self):
        """Does what is still to be done. Raises Failed with a sentence if it cannot be."""
        fault = self.fault()
        if fault:
            say(f"{self.name} {fault}; it is removed and made again.")
            remove(self.folder)
        if not os.path.lexists(self.folder):
            self.create()
        if not self.is_installed():
            self.install()
        self.find_this_package()
        self.mend_scripts()

    def fault(self):
        """Why an environment that is there cannot be used, or nothing."""
        if not os.path.lexists(self.folder):
            return ""
        version = self.ask("import sys; print(*sys.version_info[:2])")
        if version is None:
            return "is half made or its Python is gone"
        if not OLDEST <= tuple(int(part) for part in version.split()) <= NEWEST:
            return "has Python {}, which the book cannot use".format(version.replace(" ", "."))
        if not self.is_installed() and not self.uv and self.ask("import pip") is None:
            return "is half made: it has no pip"
        return ""

    def ask(self, code):
        """What the environment's Python prints for the code; None if it cannot run it."""
        try:
            done = subprocess.run(
                [self.python, "-c", code],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        except OSError:
            return None
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def create(self):
        """Creates the environment, whole or not at all."""
        if self.uv:
            command = [self.uv, "venv", "--quiet", "--python", sys.executable, self.folder]
        else:
            command = [sys.executable, "-m", "venv", self.folder]
        if run(command) == 0 and (self.uv or self.ask("import pip") is not None):
            return
        remove(self.folder)
        hint = "What uv says stands above." if self.uv else DEBIAN
        raise Failed(f"{self.name} could not be made with {sys.executable}. {hint}")

    def is_installed(self):
        """True if the packages of the lock as it is now are there."""
        return stamped(self.stamp) == digest(self.lock)

    def add(self, lock):
        """Installs the packages of a further lock, if they are not there. Raises Failed."""
        stamp = f"{self.stamp}-{os.path.basename(lock)}"
        lock = os.path.join(ROOT, lock)
        if stamped(stamp) == digest(lock):
            return
        say(f"Installing the packages of {os.path.basename(lock)} into {self.name}.")
        self.install_packages(lock)
        with open(stamp, "w") as stream:
            stream.write(digest(lock) + "\n")

    def install(self):
        """Installs the locked packages, each with its checksum."""
        if os.path.exists(self.stamp):
            say(f"requirements.lock has changed; its packages are installed into {self.name}.")
            os.remove(self.stamp)
        else:
            say(f"Installing the locked packages into {self.name}; this takes some minutes, once.")
        self.install_packages(self.lock)
        # matplotlib lists the fonts once; left to the first notebook, its notice would end up in
        # the book
        self.ask("import matplotlib.font_manager")
        with open(self.stamp, "w") as stamp:
            stamp.write(digest(self.lock) + "\n")

    def install_packages(self, lock):
        """Installs the packages of a lock, each with its checksum. Raises Failed."""
        locked = ["--require-hashes", "--no-deps", "-r", lock]
        if self.uv:
            command = [self.uv, "pip", "install", "--quiet", "--python", self.python] + locked
        else:
            command = [
                self.python,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ] + locked
        if run(command) != 0:
            raise Failed("The locked packages could not be installed; the reason stands above.")

    def find_this_package(self):
        """A path file beside the packages leads to this folder, also after it was moved or copied.

        A path file instead of an editable install: the same with uv and pip, and nothing has to be
        built.
        """
        packages = self.ask('import sysconfig; print(sysconfig.get_path("purelib"))')
        if packages is None or not os.path.isdir(packages):
            raise Failed(
                f"{self.name} does not say where its packages are; remove it and try again."
            )
        file = os.path.join(packages, "vppcore.pth")
        wanted = os.path.relpath(ROOT, os.path.realpath(packages)) + "\n"
        found = ""
        if os.path.exists(file):
            with open(file) as stream:
                found = stream.read()
        if found == wanted:
            return
        here = os.path.realpath(os.path.join(packages, found.strip()))
        if found and here != os.path.realpath(ROOT):
            say(f"{self.name} led to the code in {here}; it now leads to this folder's.")
        with open(file, "w") as stream:
            stream.write(wanted)

    def mend_scripts(self):
        """The environment's scripts name its own Python, also after it was moved or copied."""
        folder = os.path.join(self.folder, "bin")
        here = self.folder.encode()
        for name in sorted(os.listdir(folder)):
            script = os.path.join(folder, name)
            if os.path.islink(script) or not os.path.isfile(script):
                continue
            with open(script, "rb") as stream:
                if stream.read(2) != b"#!":
                    continue
                stream.seek(0)
                text = stream.read()
            head = SCRIPT_HEAD.match(text)
            if not head or head.group(1) == here:
                continue
            with open(script, "wb") as stream:
                stream.write(script_head(here) + text[head.end() :])


def script_head(environment):
    """The first line or lines of a script that the environment's Python runs."""
    python = environment + b"/bin/python"
    if b" " in python or len(python) > 120:
        return b"#!/bin/sh\n'''exec' \"" + python + b'" "$0" "$@"\n\' \'\'\''
    return b"#!" + python


def remove(path):
    """Removes a folder, a file or a link, if it is there; what a link leads to stays."""
    if os.path.islink(path) or os.path.isfile(path):
        os.remove(path)
    elif os.path.isdir(path):
        shutil.rmtree(path)


def stamped(file):
    """What a stamp says, or nothing if there is none."""
    try:
        with open(file) as stamp:
            return stamp.read().strip()
    except OSError:
        return ""


def digest(file):
    """SHA-256 of a file's content."""
    with open(file, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def run(command):
    """Runs a command in sight of the reader; returns its exit code."""
    try:
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    except OSError as error:
        say(f"{command[0]}: {error}")
        return 1


def say(sentence):
    print(sentence, flush=True)


def main():
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        sys.exit(
            "The book needs Python 3.11 to 3.14, and {} is {}.{}: say which one to use, as in"
            " make book PYTHON=python3.12".format(sys.executable, *sys.version_info[:2])
        )
    try:
        environment = Environment(os.environ.get("VENV") or ".venv")
        environment.make_ready()
        for lock in sys.argv[1:]:
            environment.add(lock)
    except Failed as failed:
        sys.exit(str(failed))


if __name__ == "__main__":
    main()
