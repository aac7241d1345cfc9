"""One build at a time: who builds says so in build/lock.json and holds a lock on that file.

The system lets go of the lock when its holder ends, however it ends. So a lock that can be had
means that nobody builds, and one that cannot be had means that somebody does.
"""

import fcntl
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from saying import Refused

LOCK = Path("build/lock.json")
# locks of the workflow tool, which it leaves behind when it is killed
WORKFLOW_LOCKS = Path(".snakemake/locks")


class BuildLock:
    """Held from `take` until this process and all that were handed `file` have ended."""

    def __init__(self, root: Path, command: str):
        self.root = root
        self.command = command
        self.file: TextIO | None = None

    def take(self) -> dict[str, Any] | None:
        """Takes the lock; returns what an earlier holder left if it never came to an end.

        Raises Refused if somebody holds it.
        """
        path = self.root / LOCK
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a+", encoding="utf-8")
        file.seek(0)
        earlier = read_holder(file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise Refused(says_who_builds(earlier)) from None
        self.file = file
        self.write([os.getpid()])
        return earlier

    def write(self, processes: list[int]) -> None:
        """Says in the file who builds, and since when."""
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        self._replace({"command": self.command, "processes": processes, "since": now})

    def release(self) -> None:
        """The build has come to an end, good or bad."""
        self._replace(None)
        if self.file:
            self.file.close()

    def _replace(self, holder: dict[str, Any] | None) -> None:
        if self.file:
            self.file.truncate(0)
            self.file.write(json.dumps(holder) + "\n" if holder else "")
            self.file.flush()


def read_holder(file: TextIO) -> dict[str, Any] | None:
    """What the file says of who builds; None if it says nothing, or nothing that makes sense."""
    try:
        holder = json.loads(file.read())
        return {
            "command": str(holder["command"]),
            "processes": [int(number) for number in holder["processes"]],
            "since": datetime.fromisoformat(holder["since"]),
        }
    except (ValueError, KeyError, TypeError):
        return None


def says_who_builds(holder: dict[str, Any] | None) -> str:
    """The sentence that refuses a second build."""
    if holder is None:
        return "A build is running already; wait until it has ended."
    alive = [number for number in holder["processes"] if is_alive(number)] or holder["processes"]
    return (
        f"`{holder['command']}` is running already, as process {alive[0]},"
        f" since {at(holder['since'])};"
        f" wait until it has ended, or end it with: kill {alive[0]}"
    )


def says_who_was_killed(holder: dict[str, Any] | None) -> str:
    """The sentence for a lock whose holder is gone."""
    if holder is None:
        return "An earlier build was killed; its lock is removed, and the build goes on from there."
    return (
        f"`{holder['command']}`, begun {at(holder['since'])}"
        f" as process {holder['processes'][0]}, was killed;"
        " its lock is removed, and the build goes on from there."
    )


def at(moment: datetime) -> str:
    """14:05 today, or with the date."""
    is_today = moment.date() == datetime.now().astimezone().date()
    return moment.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M:%S")


def is_alive(process: int) -> bool:
    """True if a process of that number runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def workflow_is_locked(root: Path) -> bool:
    """True if the workflow tool has a lock, its own or one that a killed run left."""
    return any((root / WORKFLOW_LOCKS).glob("*.lock"))
