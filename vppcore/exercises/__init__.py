"""The book's exercises: their numbers, checked in a notebook and on the page from one source.

>>> from vppcore.exercises import check
>>> check("ex-p2g", 0.617)
Right.
"""

from vppcore.exercises.checking import check, verdict

__all__ = ["check", "verdict"]
