"""Removes what builds have made, unless one is running: it would go on in folders that are gone.

Any Python will do, so that a broken environment can be cleaned away.
"""

import shutil
from pathlib import Path

from build_lock import BuildLock
from saying import Refused, give_up, say

ROOT = Path(__file__).resolve().parent.parent
MADE = ("build", "results", ".snakemake")


def remove(path: Path) -> None:
    """Takes away a folder, or the link to one, if it is there."""
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def main() -> None:
    try:
        BuildLock(ROOT, "make clean").take()
    except Refused as refused:
        give_up(str(refused))
    for name in MADE:
        remove(ROOT / name)
    say(f"{', '.join(f'{name}/' for name in MADE)} are removed.")


if __name__ == "__main__":
    main()
