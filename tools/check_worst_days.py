"""Checks that no day of a budget costs more, with Python's fractions alone, as check_proofs.py.

A plan keeps a limit on all its days if it does when all hits that use up this limit come at once.
"""

import json
import sys
from fractions import Fraction as F


def need(holds, otherwise):
    if not holds:
        raise ValueError(otherwise)


def upper_bound(proof, node, hit, spared):
    rooms = [(columns, most - len(hit.intersection(columns))) for columns, most in proof["budgets"]]
    hits = {k for columns, _ in rooms for k in columns}
    may_come = {k for columns, room in rooms if room > 0 for k in columns} - hit - spared
    if "hit" in node:
        k = node["hit"]
        need(k in may_come, f"{k} is no hit that may still come")
        sides = zip(node["nodes"], (hit, hit | {k}), (spared | {k}, spared), strict=True)
        return max(upper_bound(proof, *side) for side in sides)
    x = dict(enumerate(map(F, node["x"]))) | {k: F(k in hit) for k in hits}
    moves = {k: {k: F(1)} | {c: F(n) for c, n in m if c not in hits} for k, m in node["moves"]}
    need(moves.keys() == may_come, "a plan is not for the hits of its days")
    rows = [[[column, 1]] for column in x] + proof["rows"]
    rest = [proof[f"column_{of}"] + proof[f"row_{of}"] for of in ("names", "low", "high")]
    for k, (row, name, low, high) in enumerate(zip(rows, *rest, strict=True)):
        value = sum(F(number) * x[column] for column, number in row)
        more = [sum(F(n) * move[c] for c, n in row if c in move) for move in moves.values()]
        least, most = (value + sum(end(0, by) for by in more) for end in (min, max))
        holds = (low is None or F(low) <= least) and (high is None or most <= F(high))
        need(holds or k in hits, f"outside on a day: {name}")
    used = {k for k in x if x[k]}.union(*moves.values())
    need(not any(a in used and b in used for a, b in proof["exclusive"]), "two flows at once")
    cost = dict(enumerate(map(F, proof["cost"])))
    worth = {m: max(0, sum(cost[c] * by for c, by in moves[m].items())) for m in moves}
    dearest = [sorted(map(worth.get, worth.keys() & columns))[-room:] for columns, room in rooms]
    return F(proof["constant"]) + sum(cost[k] * x[k] for k in x) + sum(map(sum, dearest))


def check(proof):
    ends = list(zip(proof["column_low"], proof["column_high"], strict=True))
    for columns, most in proof["budgets"]:
        day = [("0", "1").index(low) for low, high in map(ends.__getitem__, columns) if low == high]
        need(len(day) == len(columns) and sum(day) <= most, "its own day is not of the budget")
    need(not proof["squares"], "found squares; a plan is checked for linear costs")
    upper = upper_bound(proof, proof["plans"], frozenset(), frozenset())
    gap = float(upper - F(proof["value"]))
    return f"{proof['statement']}: no day costs more than {float(upper):.6f}, open {gap:.1e}"


for file in sys.argv[1:]:
    try:
        print(check(json.loads(open(file, encoding="utf-8").read())))
    except Exception as reason:  # whatever is wrong with a file, it proves nothing
        sys.exit(f"{file} proves nothing: {reason!r}")
