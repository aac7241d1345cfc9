"""A parametric problem of the book as data, so that a page can change its numbers and solve it.

`problem.py` finds how a problem's numbers depend on what a reader may turn, `reach.py` how far its
columns can get, which a lower bound needs, `study_a.py` and its neighbours state the problems.
`toy.py` and `recorded.py` are the talks that a page counts by itself or only shows.
"""
