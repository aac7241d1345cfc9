"""Words that a reader may choose from, kept apart from the rooms that load a solver to
obey them.
"""

SOLVER_CHOICES = ("auto", "highs", "gurobi", "clarabel", "osqp")
STORAGE_MODES = ("auto", "relaxed", "binary")
# what is counted over (`vppcore.components.periods`)
HORIZON = "horizon"
PERIODS = (HORIZON, "day", "week", "month")
