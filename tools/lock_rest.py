"""Print the packages of one lock that another lacks, each with its checksums.

Usage: lock_rest.py larger.lock smaller.lock
"""

import re
import sys
from pathlib import Path

PACKAGE = re.compile(r"[A-Za-z0-9][\w.-]*(?===)")


def blocks_of(lock: str) -> dict[str, str]:
    """Package -> its lines in the lock.

    >>> blocks_of("a==1 \\\\\\n    --hash=x\\nb==2 \\\\\\n    --hash=y\\n")["b"]
    'b==2 \\\\\\n    --hash=y'
    """
    blocks = re.split(r"\n(?=[A-Za-z0-9])", lock.strip())
    return {found.group(): block for block in blocks if (found := PACKAGE.match(block))}


def main() -> None:
    larger, smaller = (Path(name).read_text(encoding="utf-8") for name in sys.argv[1:])
    known = blocks_of(smaller)
    for name, block in blocks_of(larger).items():
        if name not in known:
            print(block)


if __name__ == "__main__":
    main()
