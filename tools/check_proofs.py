"""Checks proofs of least costs with nothing but Python's fractions: check_proofs.py FILE ...

Multipliers y prove a lower bound whatever they are: rows and columns count at the limit that their
sign asks for. A pair of columns of which one is zero stands for two programs.
"""

import json
import sys
from fractions import Fraction as F


def need(holds, otherwise):
    if not holds:
        raise ValueError(otherwise)


def exact(values):
    return [None if value is None else F(value) for value in values]


def lower_bound(proof, node, zero):
    if "pair" in node:
        need(node["pair"] in proof["exclusive"], f"{node['pair']} do not exclude each other")
        children = zip(node["pair"], node["nodes"], strict=True)
        return min(lower_bound(proof, child, zero | {column}) for column, child in children)
    y = exact(node["y"])
    rest = [F(0)] * len(proof["cost"]) if "infeasible" in node else exact(proof["cost"])
    for price, row in zip(y, proof["rows"], strict=True):
        for column, number in row:
            rest[column] -= F(number) * price
    ends = [*zip(proof["row_low"], proof["row_high"], strict=True)]
    for column, limits in enumerate(zip(proof["column_low"], proof["column_high"], strict=True)):
        ends.append((0, 0) if column in zero else limits)
    bound = sum(price * F(ends[k][price < 0]) for k, price in enumerate(y + rest) if price)
    need("infeasible" not in node or bound > 0, "a program is not shown to be infeasible")
    return float("inf") if "infeasible" in node else bound + F(proof["constant"])


def check(proof):
    x = exact(proof["x"])
    values = [sum(F(number) * x[column] for column, number in row) for row in proof["rows"]] + x
    lows, highs = (exact(proof[f"row_{end}"] + proof[f"column_{end}"]) for end in ("low", "high"))
    names = proof["row_names"] + proof["column_names"]
    for name, value, low, high in zip(names, values, lows, highs, strict=True):
        need((low is None or low <= value) and (high is None or value <= high), f"outside: {name}")
    need(not any(x[one] and x[other] for one, other in proof["exclusive"]), "two flows at once")
    upper = F(proof["constant"]) + sum(F(c) * at for c, at in zip(proof["cost"], x, strict=True))
    need(F(proof["value"]) == upper, "the value is not what the point costs")
    return upper, upper - lower_bound(proof, proof["tree"], frozenset())


for file in sys.argv[1:]:
    try:
        told = json.loads(open(file, encoding="utf-8").read())
        value, gap = check(told)
    except Exception as reason:  # whatever is wrong with a file, it proves nothing
        sys.exit(f"{file} proves nothing: {reason!r}")
    print(f"{told['statement']}: {float(value):.6f} {told['unit']}, open {float(gap):.1e}")
