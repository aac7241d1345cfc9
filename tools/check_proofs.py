"""Checks proofs of least costs with nothing but Python's fractions: check_proofs.py FILE ...

Any multipliers y prove a bound: limits count at the end that a sign asks for, squares by tangents.
"""

import json
import sys
from fractions import Fraction as F


def need(holds, otherwise):
    if not holds:
        raise ValueError(otherwise)


def exact(values):
    return [None if value is None else F(value) for value in values]


def lower_bound(proof, node, ends):
    if "pair" in node:
        need(node["pair"] in proof["exclusive"], f"{node['pair']} do not exclude each other")
        children = zip(node["pair"], node["nodes"], strict=True)
        return min(lower_bound(proof, child, ends | {k: (0, 0)}) for k, child in children)
    rest, bound = exact(proof["cost"]), F(proof["constant"])
    for (column, number), at in zip(proof["squares"], exact(node["at"]), strict=True):
        need(F(number) >= 0, "a cost is not convex, so it need not lie above its tangents")
        rest[column] += 2 * F(number) * at
        bound -= F(number) * at**2
    rest, bound = ([F(0)] * len(rest), F(0)) if "infeasible" in node else (rest, bound)
    y = exact(node["y"])
    for price, row in zip(y, proof["rows"], strict=True):
        for column, number in row:
            rest[column] -= F(number) * price
    bound += sum(price * ends[k][price < 0] for k, price in enumerate(rest + y) if price)
    need("infeasible" not in node or bound > 0, "a program is not shown to be infeasible")
    return float("inf") if "infeasible" in node else bound


def check(proof):
    x = exact(proof["x"])
    values = x + [sum(F(number) * x[column] for column, number in row) for row in proof["rows"]]
    ends = [exact(proof[f"column_{end}"] + proof[f"row_{end}"]) for end in ("low", "high")]
    names = proof["column_names"] + proof["row_names"]
    for name, value, low, high in zip(names, values, *ends, strict=True):
        need((low is None or low <= value) and (high is None or value <= high), f"outside: {name}")
    need(not any(x[one] and x[other] for one, other in proof["exclusive"]), "two flows at once")
    upper = F(proof["constant"]) + sum(F(c) * at for c, at in zip(proof["cost"], x, strict=True))
    upper += sum(F(number) * x[column] ** 2 for column, number in proof["squares"])
    need(F(proof["value"]) == upper, "the value is not what the point costs")
    gap = upper - lower_bound(proof, proof["tree"], dict(enumerate(zip(*ends, strict=True))))
    return f"{proof['statement']}: {float(upper):.6f} {proof['unit']}, open {float(gap):.1e}"


for file in sys.argv[1:]:
    try:
        print(check(json.loads(open(file, encoding="utf-8").read())))
    except Exception as reason:  # whatever is wrong with a file, it proves nothing
        sys.exit(f"{file} proves nothing: {reason!r}")
