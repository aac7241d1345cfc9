"""What the page on reserve solves several times to compare: the best promise at several prices."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from vppcore.uncertainty.reserve import ReserveProgram, ReserveResult

MULTIPLES = (0.0, 0.5)  # of the capacity price, beside the one that is asked for


def reserve_by_price(
    program: ReserveProgram, plain: ReserveResult, chosen: ReserveResult
) -> pd.DataFrame:
    """The best reserve at no price of capacity, half of the price and the price itself.

    plain, chosen: the best promises without and with reserve at the price, of the same weight.
    Rows: prices, as shares of the hour's. Columns: mean up and mean down in kW, earned in yuan, and
    worth: by how much the weighed cost falls in the scenarios, yuan.
    """
    price = program.terms.capacity_share
    found = {}
    for multiple in MULTIPLES if price else ():
        terms = replace(program.terms, capacity_share=multiple * price)
        days = program.risk.days
        other = ReserveProgram(
            program.case,
            program.risk.uncertainty,
            days,
            program.calls,
            terms,
            program.risk.confidence,
        )
        found[multiple * price] = other.solve(chosen.weight)
    found[price] = chosen
    rows = {
        share: {
            "mean up": float(each.promise.up.mean()),
            "mean down": float(each.promise.down.mean()),
            "earned": float(each.revenue.sum()),
            "worth": plain.lower - each.lower,
        }
        for share, each in found.items()
    }
    return pd.DataFrame(rows).T.rename_axis("capacity price")
