r"""Bargaining where VPPs trade with a market of all of them, not in pairs: for thousands of VPPs.

yuan, yuan/kWh, kW; a net trade is positive when received, a payment when the VPP pays.

In exchange form a VPP i has one net trade $p_{it}$ per step, with $\sum_ip_{it}=0$, and pays $y_i$
to a clearing house, with $\sum_iy_i=0$. With the saving $S$ and weights $w_i$ the bargaining
problem $\max\sum_iw_i\log g_i$ over gains $g_i=C^0_i-C_i-y_i$ has the closed form

$$g_i=w_iS,\qquad y_i=C^0_i-C_i-w_iS,$$

one number per VPP. Three questions of prices remain, each with an answer of its own.

**A price per VPP and step** in the grid's band, or where tariffs differ in the VPP's own,
$\pi_{it}=\pi^{mid}_t+\theta_i\,\mathrm{sign}(p_{it})\,\pi^{half}_t$, makes the payment
$\Delta\sum_tp_{it}\pi^{mid}_t+\theta_iK_i$ with $K_i=\Delta\sum_t|p_{it}|\pi^{half}_t$. As in pairs
(`deal.py`) one number says everything: prices in the band make every payment with $|\theta_i|\le1$
and no other. Where that leaves out $w_iS$, the best gain of each VPP is $w_i$ times a number that
is the same for all, or the nearest gain that its own band allows; the number is such that the gains
add up to $S$ (the conditions of Karush, Kuhn and Tucker of a sum of logarithms in a box).

**One price per step for all** carries the payments if and only if $\Delta\sum_tp_{it}\pi_t=y_i$ for
all i has a solution in the band: n - 1 independent equations at most, in as many unknowns as there
are steps. So two VPPs can, a few mostly can, and more VPPs than steps can by accident only.

**One price per step and a side payment per VPP**, $y_i-\Delta\sum_tp_{it}\pi_t$, always can, for
every $\pi$, and the side payments add up to zero. `market_settlement` takes the prices in the band
that need the least of them, or prices that are given, such as the multipliers of the balances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vppcore.bargaining.band import Terms, band_between
from vppcore.bargaining.prices import NO_GAIN, SAME_GAIN
from vppcore.bargaining.weights import ROUNDING, weights_of_energy
from vppcore.errors import NotSolved, WrongInput

# a share of the largest net trade by which those of a step may miss zero in sum, for each VPP
UNBALANCED = 1e-6
# how near to the middle of the band is better, against side payments, in their units squared
NEAR_MID = 1e-12


@dataclass(frozen=True, eq=False)
class ExchangeSplit:
    """The split of a saving among VPPs that trade with a market of all of them; numbers only.

    table: a row per VPP: alone, with trades, payment, after, gain (yuan), gain (%), weight.
    position: theta by VPP, where in the band its prices lie: from -1 to 1, positive where it pays
        more; nan for a VPP that does not trade.
    bound: True if the band keeps the VPPs from the gains that their weights ask for.
    net_trades: kW, a row per step, a column per VPP.
    band: the price band by step (`price_band`), yuan/kWh, or each VPP's own (`bands_of_members`).
    """

    table: pd.DataFrame
    position: pd.Series
    bound: bool
    net_trades: pd.DataFrame
    band: pd.DataFrame | Mapping[str, pd.DataFrame]

    @property
    def gains(self) -> pd.Series:
        """Each VPP's gain, yuan."""
        return self.table["gain"]

    @property
    def payments(self) -> pd.Series:
        """What each VPP pays to all others, yuan; adds up to zero."""
        return self.table["payment"]

    def prices(self) -> pd.DataFrame:
        """Hourly prices, yuan/kWh, a row per step, a column per VPP; nan where it does not trade.

        Price times net trade, added up over the steps, is the VPP's payment.
        """
        names = self.net_trades.columns
        mid = of_members(self.band, "mid", names)
        half = of_members(self.band, "half", names)
        trades = self.net_trades.to_numpy(float)
        prices = mid + self.position.to_numpy() * np.sign(trades) * half
        some = self.band if isinstance(self.band, pd.DataFrame) else self.band[names[0]]
        return pd.DataFrame(np.where(trades == 0, np.nan, prices), some.index, names)


@dataclass(frozen=True, eq=False)
class MarketSettlement:
    """Payments as one price vector for all and a side payment per VPP.

    price: yuan/kWh by step. side_payment: yuan by VPP, positive where it pays; adds up to zero.
    """

    price: pd.Series
    side_payment: pd.Series


def bargain_exchange(
    net_trades: pd.DataFrame,
    alone: pd.Series,
    with_trades: pd.Series,
    band: pd.DataFrame | Mapping[str, pd.DataFrame],
    weights: str | pd.Series = "contribution",
    step_hours: float = 1.0,
    side_payments: bool = False,
) -> ExchangeSplit:
    """Nash bargaining over the saving of VPPs that trade with a market: closed form, O(N T).

    net_trades: kW, a row per step, a column per VPP, positive: received; each row adds up to zero.
    alone: VPP -> cost without trade, yuan.
    with_trades: VPP -> cost with its net trade before any payment, yuan.
    band: price band by step (`price_band`): columns low, high, mid, half, yuan/kWh; where tariffs
        differ VPP -> its own band (`bands_of_members`).
    weights: rule for the bargaining power (of net trades), or VPP -> bargaining power, which is
        scaled to add up to one among those who trade.
    step_hours: length of a time step, h.
    side_payments: True if money may be handed over besides the trades: then the gains are w_i S
        whatever the band, and a position beyond -1 and 1 means that prices alone do not pay them.

    A VPP without trade keeps its cost. Raises WrongInput for trades that do not add up to zero,
    names that differ, numbers that are none and weights below zero; NotSolved if nothing is saved
    or no prices in the band leave every trading VPP better off.

    A buys 10 kWh from B at 0.2 to 0.6 yuan/kWh, and both together save 6 yuan:

    >>> band = pd.DataFrame({"low": [0.2], "high": [0.6], "mid": [0.4], "half": [0.2]})
    >>> net = pd.DataFrame({"A": [10.0], "B": [-10.0]})
    >>> alone, together = pd.Series({"A": 20.0, "B": 8.0}), pd.Series({"A": 11.0, "B": 11.0})
    >>> split = bargain_exchange(net, alone, together, band, "equal")
    >>> split.gains.to_dict(), split.payments.to_dict()
    ({'A': 3.0, 'B': 3.0}, {'A': 6.0, 'B': -6.0})
    >>> split.prices().round(9).loc[0].to_dict()
    {'A': 0.6, 'B': 0.6}
    """
    trades = sound_trades(net_trades, alone, with_trades, band)
    names = net_trades.columns
    saved = (alone[names] - with_trades[names]).to_numpy(float)
    power = power_of(weights, trades, names, step_hours)
    trading = power > 0
    saving = float(saved[trading].sum())
    if saving <= 0:
        raise NotSolved("P2: cooperation saves nothing, so there is nothing to share")
    at_mid = step_hours * (of_members(band, "mid", names) * trades).sum(axis=0)
    room = step_hours * (of_members(band, "half", names) * np.abs(trades)).sum(axis=0)
    wished = np.where(trading, power * saving, saved)
    gains = wished.copy()
    if not side_payments:
        gains[trading] = gains_in_band(
            names[trading], (saved - at_mid)[trading], room[trading], power[trading], saving
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        position = np.where(room > 0, (saved - gains - at_mid) / room, np.nan)
    return ExchangeSplit(
        table=table_of(alone[names], with_trades[names], saved - gains, power),
        position=pd.Series(position, names, name="position"),
        bound=bool(np.abs(gains - wished).max() > SAME_GAIN * saving),
        net_trades=pd.DataFrame(trades, net_trades.index, names),
        band=band,
    )


def gains_in_band(
    names: pd.Index, at_mid: np.ndarray, room: np.ndarray, power: np.ndarray, saving: float
) -> np.ndarray:
    """The best gains that prices in the band allow those who trade, yuan `(VPPs,)`.

    at_mid: gains at mid-market prices. room: by how much prices move them, either way.
    power: bargaining power. Raises NotSolved (infeasible) if somebody must lose.
    """
    lowest = at_mid - room
    highest = at_mid + room
    refuse_losers(names, lowest, highest, saving)
    return in_the_box(power, lowest, highest, saving)


def of_members(
    band: pd.DataFrame | Mapping[str, pd.DataFrame], column: str, names: pd.Index
) -> np.ndarray:
    """A column of each VPP's band, yuan/kWh `(steps, VPPs)`, or `(steps, 1)` of the one for all."""
    if isinstance(band, pd.DataFrame):
        return band[column].to_numpy(float)[:, None]
    return np.column_stack([band[name][column].to_numpy(float) for name in names])


def bands_of_members(
    terms: Mapping[str, Terms], net_trades: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """The band of each VPP's prices by step where tariffs differ, columns of `price_band`.

    terms: VPP -> what it could do without trade (`terms_of_all`). net_trades: as above.
    Who receives pays no more than its own purchase price, and no less than the lowest feed-in price
    of those who deliver in the step. Who delivers gets no less than its own feed-in price, and no
    more than the highest purchase price of those who receive. Between two VPPs that is the pair's
    band (`bands_of`). A VPP that trades nothing in a step has the band of one who receives.

    >>> dear, cheap = (np.array([price]) for price in (0.9, 0.5))
    >>> terms = {"A": Terms(dear, np.array([0.2])), "B": Terms(cheap, np.array([0.1]))}
    >>> bands = bands_of_members(terms, pd.DataFrame({"A": [3.0], "B": [-3.0]}))
    >>> {name: band[["low", "high"]].loc[1].to_list() for name, band in bands.items()}
    {'A': [0.1, 0.9], 'B': [0.1, 0.9]}
    """
    names = list(net_trades.columns)
    trades = net_trades.to_numpy(float)
    purchase = np.column_stack([terms[name].purchase for name in names])
    feed_in = np.column_stack([terms[name].feed_in for name in names])
    lowest = np.where(trades < 0, feed_in, np.inf).min(axis=1)
    highest = np.where(trades > 0, purchase, -np.inf).max(axis=1)
    lowest = np.where(np.isfinite(lowest), lowest, feed_in.min(axis=1))
    highest = np.where(np.isfinite(highest), highest, purchase.max(axis=1))
    bands = {}
    for k, name in enumerate(names):
        sends = trades[:, k] < 0
        low = np.where(sends, feed_in[:, k], lowest)
        high = np.where(sends, highest, purchase[:, k])
        bands[name] = band_between(low, high)
    return bands


def sound_trades(
    net_trades: pd.DataFrame,
    alone: pd.Series,
    with_trades: pd.Series,
    band: pd.DataFrame | Mapping[str, pd.DataFrame],
) -> np.ndarray:
    """The net trades as numbers `(steps, VPPs)`, zero below a solver's rounding.

    Raises WrongInput for what does not fit together.
    """
    names = net_trades.columns
    for what, costs in (("alone", alone), ("with_trades", with_trades)):
        missing = names.difference(costs.index)
        if len(missing):
            raise WrongInput(f"{what}: found no cost of {missing[0]}; allowed: one for each VPP")
        if not np.isfinite(costs[names].to_numpy(float)).all():
            raise WrongInput(f"{what}: found a cost that is not a number; allowed: finite numbers")
    trades = net_trades.to_numpy(float)
    steps = steps_of(band, names)
    if len(trades) != steps:
        raise WrongInput(
            f"net_trades: found {len(trades)} steps; allowed: {steps}, as many as the band has"
        )
    if not np.isfinite(trades).all():
        raise WrongInput("net_trades: found a trade that is not a number; allowed: finite numbers")
    largest = float(np.abs(trades).max(initial=0.0))
    missed = np.abs(trades.sum(axis=1))
    if missed.max(initial=0.0) > UNBALANCED * largest * len(names):
        step = net_trades.index[int(missed.argmax())]
        raise WrongInput(
            f"net_trades: found a sum of {missed.max():.4g} kW in step {step}; "
            "allowed: what some receive others deliver, so zero"
        )
    return np.where(np.abs(trades) <= ROUNDING * largest, 0.0, trades)


def steps_of(band: pd.DataFrame | Mapping[str, pd.DataFrame], names: pd.Index) -> int:
    """How many steps a band has. Raises WrongInput where a VPP has none of its own."""
    if isinstance(band, pd.DataFrame):
        return len(band)
    missing = [name for name in names if name not in band]
    if missing:
        raise WrongInput(f"band: found none of {missing[0]}; allowed: one for each VPP")
    return len(band[names[0]])


def power_of(
    weights: str | pd.Series, trades: np.ndarray, names: pd.Index, step_hours: float
) -> np.ndarray:
    """Bargaining power of each VPP, adding up to one, zero without trade. Raises WrongInput."""
    if isinstance(weights, str):
        delivered = -step_hours * np.minimum(trades, 0).sum(axis=0)
        received = step_hours * np.maximum(trades, 0).sum(axis=0)
        energy = pd.DataFrame({"supplied": delivered, "received": received}, names)
        power = weights_of_energy(energy, weights).to_numpy(float)
    else:
        missing = names.difference(weights.index)
        if len(missing):
            raise WrongInput(f"weights: found none of {missing[0]}; allowed: one for each VPP")
        power = weights[names].to_numpy(float)
        if not (np.isfinite(power).all() and (power >= 0).all()):
            raise WrongInput("weights: found one below zero or none; allowed: zero or more")
    power = np.where(trades.any(axis=0), power, 0.0)
    if not power.any():
        raise NotSolved("P2: no VPP trades with another, so there is nothing to share")
    return power / power.sum()


def refuse_losers(names: pd.Index, lowest: np.ndarray, highest: np.ndarray, saving: float) -> None:
    """Raises NotSolved (infeasible) unless prices in the band leave every trading VPP better off.

    lowest, highest: what prices in the band let the trading VPPs gain, yuan.
    """
    worst = int(highest.argmin())
    if highest[worst] <= NO_GAIN * saving:
        raise NotSolved(
            "P2: no prices inside the grid's price band leave every VPP better off than alone "
            f"(at its best prices {names[worst]} gains {highest[worst]:,.4g} yuan)",
            "infeasible",
        )
    needed = float(np.maximum(lowest, 0.0).sum())
    if needed >= saving * (1 - NO_GAIN):
        raise NotSolved(
            "P2: no prices inside the grid's price band leave every VPP better off than alone "
            f"(some gain {needed:,.4g} yuan at least, of {saving:,.4g})",
            "infeasible",
        )


def in_the_box(
    weights: np.ndarray, lowest: np.ndarray, highest: np.ndarray, saving: float
) -> np.ndarray:
    """min(max(w tau, lowest), highest) that adds up to the saving: the greatest sum w log(gain).

    The sum grows piecewise linearly in tau, with kinks where a VPP meets or leaves a limit; between
    the two kinks that enclose the saving tau is one division.

    >>> in_the_box(np.array([0.5, 0.25, 0.25]), np.zeros(3), np.array([2.0, 9.0, 9.0]), 8.0)
    array([2., 3., 3.])
    """
    kinks = np.unique(np.concatenate([np.maximum(lowest, 0.0), highest]) / np.tile(weights, 2))

    def gains(tau: float) -> np.ndarray:
        return np.clip(weights * tau, lowest, highest)

    below, above = 0, len(kinks) - 1  # places; the saving lies between their sums
    while above - below > 1:
        middle = (below + above) // 2
        if gains(kinks[middle]).sum() <= saving:
            below = middle
        else:
            above = middle
    at_below = gains(kinks[below])
    at_above = gains(kinks[above])
    step = at_above.sum() - at_below.sum()
    share = 0.0 if step <= 0 else (saving - at_below.sum()) / step
    return at_below + share * (at_above - at_below)


def table_of(
    alone: pd.Series, with_trades: pd.Series, payment: np.ndarray, power: np.ndarray
) -> pd.DataFrame:
    """A row per VPP, with the columns of `BargainResult.table`."""
    table = pd.DataFrame({"alone": alone, "with trades": with_trades})
    table["payment"] = payment
    table["after"] = table["with trades"] + table["payment"]
    table["gain"] = table["alone"] - table["after"]
    with np.errstate(invalid="ignore", divide="ignore"):
        table["gain (%)"] = 100 * table["gain"] / table["alone"].abs()
    table["weight"] = power
    return table


def market_settlement(
    net_trades: pd.DataFrame,
    payments: pd.Series,
    band: pd.DataFrame,
    step_hours: float = 1.0,
    price: pd.Series | np.ndarray | None = None,
) -> MarketSettlement:
    r"""The same payments as one price per step for all and one side payment per VPP.

    net_trades, band, step_hours: as in `bargain_exchange`. payments: yuan by VPP.
    price: yuan/kWh by step, to be taken as they are; by default those in the band with the least
        sum of squares of side payments $y_i-\Delta\sum_tp_{it}\pi_t$, and of these the ones
        nearest to its middle. No side payments are left if and only if such prices alone carry the
        payments.
    Raises WrongInput for another number of prices than steps.
    """
    names = net_trades.columns
    energy = step_hours * net_trades.to_numpy(float).T  # kWh, (VPPs, steps)
    owed = payments[names].to_numpy(float)
    chosen = prices_with_least_sides(energy, owed, band) if price is None else np.asarray(price)
    if chosen.shape != (len(band),):
        raise WrongInput(
            f"price: found {chosen.shape} prices; allowed: {len(band)}, one for each step"
        )
    side = owed - energy @ chosen
    return MarketSettlement(
        pd.Series(chosen, band.index, name="price"), pd.Series(side, names, name="side payment")
    )


def prices_with_least_sides(energy: np.ndarray, owed: np.ndarray, band: pd.DataFrame) -> np.ndarray:
    """Prices in the band, yuan/kWh `(steps,)`, that leave the least side payments.

    energy: net trades, kWh `(VPPs, steps)`. owed: payments, yuan `(VPPs,)`.
    A QR factorisation leaves of thousands of VPPs a problem of as many rows as there are steps.
    """
    from scipy.optimize import lsq_linear  # slow to import

    mid = band["mid"].to_numpy(float)
    half = band["half"].to_numpy(float)
    steps = len(half)
    stacked = np.column_stack([energy * half, owed - energy @ mid])
    triangle = np.asarray(np.linalg.qr(stacked, mode="r"))
    unit = float(np.abs(triangle).max(initial=0.0)) or 1.0
    rows = np.vstack([triangle[:, :steps] / unit, np.sqrt(NEAR_MID) * np.eye(steps)])
    right = np.concatenate([triangle[:, steps] / unit, np.zeros(steps)])
    place = lsq_linear(rows, right, (-1.0, 1.0), method="bvls", tol=1e-14).x
    return mid + np.clip(place, -1, 1) * half
