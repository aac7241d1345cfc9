"""How a tool speaks to the reader, alone or below `make book`.

Below `make book` the workflow tool's own output goes to a log; what a reader should see is appended
to the file that VPPCORE_SAYS names, and `make book` shows it at once.
"""

import os
import sys
from typing import NoReturn

CHANNEL = "VPPCORE_SAYS"


class Refused(Exception):
    """What was asked for cannot be done; the message is a sentence for the reader."""


def say(sentence: str) -> None:
    """Shows a sentence."""
    channel = os.environ.get(CHANNEL)
    if channel:
        with open(channel, "a", encoding="utf-8") as file:
            file.write(sentence + "\n")
    else:
        print(sentence, flush=True)


def give_up(sentence: str, code: int = 1) -> NoReturn:
    """Shows a sentence and ends the program as failed."""
    if os.environ.get(CHANNEL):
        say(sentence)
    print(sentence, file=sys.stderr, flush=True)
    raise SystemExit(code)
