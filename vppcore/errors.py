"""The two ways in which vppcore says no. In a notebook each shows as one sentence, without a
traceback.
"""

from __future__ import annotations

from typing import Literal, get_args

from vppcore.currency import said

Status = Literal["infeasible", "unbounded", "inaccurate", "limit", "unsuitable", "failed"]
STATUSES = get_args(Status)


class StudyError(Exception):
    """Base: an error whose sentence is all the reader needs."""

    def _render_traceback_(self) -> list[str]:  # IPython calls this in place of its own traceback
        return [f"{type(self).__name__}: {self}"]


class WrongInput(StudyError):
    """An input that vppcore refuses: what was found, where, what is allowed.

    faults: the sentences, one per fault, when several were found at once.

    >>> WrongInput("level: found -1; allowed: 0 or more", "solver: found 'x'; allowed: auto").faults
    ['level: found -1; allowed: 0 or more', "solver: found 'x'; allowed: auto"]
    """

    def __init__(self, *faults: str):
        self.faults = [said(fault) for fault in faults]
        super().__init__("\n".join(self.faults))


class NotSolved(StudyError):
    """A model without an optimal solution, in one sentence, and of which kind the reason is.

    status: "infeasible" (no schedule exists), "unbounded" (money without limit), "inaccurate" (a
    solver stopped before its accuracy), "limit" (iterations or time ran out), "unsuitable" (this
    solver, as installed and licensed, does not take this model) or "failed" (anything else, such as
    a check that did not hold).

    >>> NotSolved("VPP1: no schedule exists", status="infeasible").status
    'infeasible'
    """

    def __init__(self, sentence: str, status: Status = "failed"):
        self.status = status
        super().__init__(said(sentence))
