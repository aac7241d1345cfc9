"""The market of each step: who has power to sell, who needs some, who gets what; paper B section 3.

kW and yuan/kWh; tables have a row per step; arrays are (sellers,) or (buyers,), shares are
(buyers, sellers). Each VPP's schedule stands before the market opens. So a trade only replaces what
a seller would have sold to the grid or spilled, and what a buyer would have bought from the grid:
their alternatives. Nobody trades at a price that is worse than its alternative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from vppcore.components import CarbonMarket, Grid, PowerMarket, Renewable, Tie
from vppcore.errors import WrongInput
from vppcore.schedule import DispatchResult
from vppcore.vpp import VPP

ROLES = ("seller", "buyer", "out")
# least distance of a reservation price from the grid's price where none is given, as a share of it
USUAL_MARGIN = 0.01
# what a solver leaves where a flow should be zero, as a share of a VPP's largest flow
NOISE = 1e-6
# prices that are nearer to each other than this share of their size are one: 0.65 + 0.05 and
# 0.75 - 0.05 make no market between them
ROUNDING = 1e-9
# left-overs below this share of all power are not sent
LEAST_LEFT = 1e-12


class Terms(NamedTuple):
    """On which terms a VPP trades.

    grid: its connection to the grid, with the prices that are its alternative.
    carbon: where its carbon account is settled; None if it has none.
    market: its terms of trade with other VPPs.
    """

    grid: Grid
    carbon: CarbonMarket | None
    market: PowerMarket


def terms_of(vpp: VPP) -> Terms:
    """The terms on which a VPP trades.

    Raises WrongInput unless it has one grid, one power market and at most one carbon market, and if
    it pays for its peak, which no price of an hour tells.
    """
    grids = vpp.of(Grid)
    carbon_markets = vpp.of(CarbonMarket)
    power_markets = vpp.of(PowerMarket)
    if len(grids) != 1 or len(power_markets) != 1 or len(carbon_markets) > 1:
        raise WrongInput(
            f"{vpp.name}: found {len(grids)} grid, {len(power_markets)} power_market and "
            f"{len(carbon_markets)} carbon_market; "
            "allowed for a game: one grid, one power_market, at most one carbon_market"
        )
    if grids[0].peak_price:
        raise WrongInput(
            f"{vpp.name}, {grids[0].name}: peak_price: found {grids[0].peak_price:g} yuan/kW; "
            "allowed for a game: 0, since an hour's trade does not tell what it does to a peak"
        )
    return Terms(grids[0], carbon_markets[0] if carbon_markets else None, power_markets[0])


# --- one VPP ------------------------------------------------------------------------------------
def positions(vpp: VPP, result: DispatchResult) -> pd.DataFrame:
    """Net position of a VPP after its own schedule: what it can offer and what it needs.

    Returns a row per step with the columns

    supply: kW, renewables (spilled power too), turbines, discharge and net-metered loads that feed
        in.
    demand: kW, load less called load, and charge.
    ratio: supply / demand; a seller's is above one, a buyer's below.
    surplus: kW sold to the grid or spilled, 0 or more.
    deficit: kW bought from the grid, 0 or more.
    alternative: yuan/kWh, see `worth_otherwise`.
    role: "seller", "buyer" or "out". Within the dead band a VPP stays out, since many schedules end
        at a ratio of exactly one; so it does where only a solver's rounding is left.

    Source: paper B (14), (15).
    """
    terms = terms_of(vpp)
    flows = result.balances["electricity"]
    loads = [name for name in result.with_role("load") if name in flows]
    devices = flows.drop(columns=[terms.grid.name, *loads])
    spilled = spilled_power(vpp, result).sum(axis=1)
    bought = flows[terms.grid.name]  # net: at equal prices a schedule may buy and sell at once

    load = -flows[loads].sum(axis=1)
    supply = devices.clip(lower=0).sum(axis=1) + spilled + (-load).clip(lower=0)
    demand = load.clip(lower=0) - devices.clip(upper=0).sum(axis=1)
    surplus = (-bought).clip(lower=0) + spilled
    deficit = bought.clip(lower=0)
    net = surplus - deficit
    band = max(terms.market.dead_band, noise_of(result))
    return pd.DataFrame(
        {
            "supply": supply,
            "demand": demand,
            "ratio": supply / demand,  # B (14)
            "surplus": surplus,
            "deficit": deficit,
            "alternative": worth_otherwise(vpp, result),
            "role": np.select([net > band, net < -band], ["seller", "buyer"], "out"),  # B (15)
        }
    )


def noise_of(result: DispatchResult) -> float:
    """Power below which a schedule's electric flows cannot be told from zero, kW."""
    return NOISE * float(result.balances["electricity"].abs().to_numpy().max(initial=0.0))


def spilled_power(vpp: VPP, result: DispatchResult) -> pd.DataFrame:
    """Renewable power that a schedule does not use, kW: a row per step, a column per plant.

    The plant whose next kWh costs least stands first.
    """
    plants = sorted(vpp.of(Renewable), key=lambda plant: plant.operation_cost)
    curtailed = {plant.name: result.series[plant.name, "curtailed"] for plant in plants}
    return pd.DataFrame(curtailed, index=result.series.index).clip(lower=0)


def worth_otherwise(vpp: VPP, result: DispatchResult) -> pd.Series:
    """The most that any kWh of a surplus is worth if no other VPP takes it, by step, yuan/kWh.

    Power that the grid takes is worth its feed-in price. Power that is spilled is worth what the
    plant's operation would cost, less the carbon quota that it would earn: sending it costs that
    much. The quota counts at the lowest price of the carbon market, so that a seller who gets this
    worth for a kWh never loses by it. nan in steps without a surplus.
    """
    terms = terms_of(vpp)
    sold = -result.balances["electricity"][terms.grid.name]
    spilled = spilled_power(vpp, result)
    # of the parts of a surplus that is more than noise, at least one is above this
    least = noise_of(result) / (1 + spilled.shape[1])

    feed_in = pd.Series(terms.grid.sell_price, index=sold.index)
    worth = {"sold": feed_in.where(sold > least)}
    for plant in vpp.of(Renewable):
        quota_earned = plant.carbon_quota * carbon_price_range(terms)[0]
        cost_of_sending = pd.Series(plant.operation_cost - quota_earned, index=sold.index)
        worth[plant.name] = cost_of_sending.where(spilled[plant.name] > least)
    return pd.DataFrame(worth).max(axis=1)


def worth_to_a_buyer(terms: Terms) -> np.ndarray:
    """The least that a kWh received saves a buyer, by step `(steps,)`, yuan/kWh.

    That is the grid's price, and less where purchased power would have earned a carbon quota above
    its emission.
    """
    quota_lost = max(0.0, terms.grid.carbon_quota - terms.grid.emission)
    return terms.grid.buy_price - quota_lost * carbon_price_range(terms)[1]


def carbon_price_range(terms: Terms) -> tuple[float, float]:
    """The lowest and the highest price of a kg of carbon, yuan/kg; zeros without a market."""
    if terms.carbon is None:
        return 0.0, 0.0
    return terms.carbon.price_range()


# --- one hour -----------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Hour:
    """The market of one step: sellers, buyers, what they have and need, and between which prices.

    step: 1, 2, ...
    sellers: names of the VPPs that sell.
    buyers: names of the VPPs that buy.
    surplus: kW that each seller has, above 0, `(sellers,)`.
    deficit: kW that each buyer needs, above 0, `(buyers,)`.
    reservation: yuan/kWh below which a seller does not sell, with its fee, `(sellers,)`; lower
        than `top`.
    grid_price: yuan/kWh that a buyer pays otherwise, less its fee.
    price_min: yuan/kWh, the lowest price allowed.
    price_max: yuan/kWh, the highest price allowed.
    alternative: yuan/kWh that a seller's surplus is worth otherwise, `(sellers,)`; None stands for
        the reservation price.
    withheld: names of VPPs with a surplus that is worth more elsewhere than a buyer would pay.
    satisfaction: coefficient of each buyer for elastic demand, above 1, nan where a VPP has none,
        `(buyers,)`; None if nobody has one.
    pair_limit: kW, the largest trade of a seller with a buyer.
    fee: yuan/kWh that each side pays to the network for a trade; already counted in the prices.

    Raises WrongInput for numbers that are no market.

    >>> hour = Hour(1, ("A",), ("B",), np.array([10.0]), np.array([6.0]), np.array([0.3]),
    ...             grid_price=0.75, price_min=0.3, price_max=1.2)
    >>> hour.open, hour.top
    (True, 0.75)
    """

    step: int
    sellers: tuple[str, ...]
    buyers: tuple[str, ...]
    surplus: np.ndarray
    deficit: np.ndarray
    reservation: np.ndarray
    grid_price: float
    price_min: float
    price_max: float
    alternative: np.ndarray | None = None
    withheld: tuple[str, ...] = ()
    satisfaction: np.ndarray | None = None
    pair_limit: float = np.inf
    fee: float = 0.0

    def __post_init__(self):
        faults = [*self._faults_of_sizes(), *self._faults_of_prices()]
        if faults:
            raise WrongInput(*(f"step {self.step}: {fault}" for fault in faults))

    def _faults_of_sizes(self) -> list[str]:
        sizes = (len(self.surplus), len(self.deficit), len(self.reservation))
        if sizes != (len(self.sellers), len(self.buyers), len(self.sellers)):
            return [
                f"found {sizes[0]} surpluses, {sizes[1]} deficits and {sizes[2]} reservation "
                "prices; allowed: one for each seller or buyer"
            ]
        if self.satisfaction is not None and len(self.satisfaction) != len(self.buyers):
            return [
                f"found {len(self.satisfaction)} satisfaction coefficients; "
                f"allowed: one for each of {len(self.buyers)} buyers"
            ]
        power = np.concatenate([self.surplus, self.deficit])
        if not (power > 0).all() or np.isinf(power).any():
            return ["found a surplus or deficit that is not above zero; allowed: kW above 0"]
        return []

    def _faults_of_prices(self) -> list[str]:
        band = np.array([self.grid_price, self.price_min, self.price_max], float)
        if not np.isfinite(band).all():
            return [f"found prices {band.tolist()}; allowed: numbers"]
        faults = []
        if self.price_min > self.price_max:
            faults.append(
                f"found price_min {self.price_min:g} above price_max {self.price_max:g}; "
                "allowed: at most price_max"
            )
        if not (self.top - np.asarray(self.reservation) > ROUNDING * self.price_size).all():
            faults.append(
                f"found reservation prices {np.round(self.reservation, 4).tolist()}; allowed: "
                f"below {self.top:g}, the highest price that a buyer accepts"
            )
        return faults

    @property
    def top(self) -> float:
        """The highest price that makes sense, yuan/kWh: nobody pays a seller more than the grid."""
        return min(self.price_max, self.grid_price)

    @property
    def price_size(self) -> float:
        """How large prices are in this hour, yuan/kWh above 0: what tolerances are measured by."""
        return max(abs(self.grid_price), abs(self.price_min))

    @property
    def open(self) -> bool:
        """True where somebody sells, somebody buys, and a price exists that a buyer accepts."""
        return not self.why_closed

    @property
    def why_closed(self) -> str:
        """Why there is no trade in this step, in words; empty where the market is open."""
        if self.pair_limit <= 0:
            return "the tie between two VPPs carries nothing"
        if self.grid_price - self.price_min <= ROUNDING * self.price_size:
            less_fee = f", less its fee of {self.fee:g}" if self.fee else ""
            return (
                f"the lowest price allowed, {self.price_min:g} yuan/kWh, is not below the "
                f"{self.grid_price:g} that a buyer pays otherwise{less_fee}"
            )
        if not self.sellers and self.withheld:
            names = ", ".join(self.withheld)
            return (
                f"what {names} could sell is worth as much elsewhere as the {self.top:g} yuan/kWh "
                "that a buyer pays at most"
            )
        if not self.sellers:
            return "nobody has power to sell"
        if not self.buyers:
            return "nobody needs power"
        return ""


def hours(
    vpps: tuple[VPP, ...], tables: dict[str, pd.DataFrame], tie: Tie | None = None
) -> list[Hour]:
    """The market of each step, open or closed.

    vpps: who may trade.
    tables: VPP -> its `positions`.
    tie: joins each two of them, with a limit and a fee; None sets neither.
    Raises WrongInput if the VPPs see different grid prices or price bands.
    """
    terms = {vpp.name: terms_of(vpp) for vpp in vpps}
    check_one_market(list(terms.values()))
    position_of = {name: tables[name].to_dict("index") for name in terms}
    worth_of = {name: worth_to_a_buyer(terms[name]) for name in terms}
    markets = []
    for step in range(1, vpps[0].steps + 1):
        now = {name: position_of[name][step] for name in terms}
        worth = {name: float(worth_of[name][step - 1]) for name in terms}
        markets.append(hour_of(step, terms, now, worth, crossing_of(tie, step)))
    return markets


class Crossing(NamedTuple):
    """What joins two VPPs in one step.

    limit: kW, the largest trade.
    fee: yuan/kWh of each side.
    """

    limit: float = np.inf
    fee: float = 0.0


def crossing_of(tie: Tie | None, step: int) -> Crossing:
    """Limit and fee of a tie in one step, paper B (11) and (5)."""
    if tie is None:
        return Crossing()
    return Crossing(number_at(tie.limit, step), tie.crossing_fee)


def number_at(number: float | np.ndarray, step: int) -> float:
    """A number that may differ by step, in step 1, 2, ..."""
    by_step = np.atleast_1d(number)
    return float(by_step[0] if len(by_step) == 1 else by_step[step - 1])


def satisfaction_at(market: PowerMarket, step: int) -> float:
    """The satisfaction coefficient of a VPP in one step; nan if it has none."""
    if market.satisfaction is None:
        return np.nan
    return number_at(market.satisfaction, step)


def check_one_market(terms: list[Terms]) -> None:
    """Raises WrongInput if VPPs see different grid prices or price bands."""
    first = terms[0]
    for other in terms[1:]:
        same_prices = np.array_equal(other.grid.buy_price, first.grid.buy_price)
        same_low = other.market.price_min == first.market.price_min
        same_high = other.market.price_max == first.market.price_max
        if not (same_prices and same_low and same_high):
            raise WrongInput(
                "power_market: the VPPs have different grid prices or price bands; "
                "allowed: one market for all"
            )


def hour_of(
    step: int,
    terms: dict[str, Terms],
    now: dict[str, dict],
    worth: dict[str, float],
    crossing: Crossing,
) -> Hour:
    """The market of one step.

    A fee makes a kWh worth less to its buyer and dearer to send. A limit caps what a seller can
    send to all buyers, and what a buyer can receive from all sellers.
    step: 1, 2, ...
    terms: VPP -> its terms.
    now: VPP -> its row of `positions` in this step.
    worth: VPP -> what a kWh received saves it at least, yuan/kWh.
    crossing: what joins two VPPs.
    """
    buyers = tuple(name for name in now if now[name]["role"] == "buyer")
    offering = [name for name in now if now[name]["role"] == "seller"]
    if crossing.limit <= 0:  # nothing can be sent
        buyers, offering = (), []
    market = next(iter(terms.values())).market
    grid_price = min(worth[name] for name in buyers or terms) - crossing.fee
    top = min(market.price_max, grid_price)

    alternative = {name: now[name]["alternative"] + crossing.fee for name in offering}
    asked = {
        name: asking_price(terms[name].market, grid_price, alternative[name], crossing.fee)
        for name in offering
    }
    least_room = ROUNDING * max(abs(grid_price), abs(market.price_min))
    sellers = tuple(name for name in offering if top - asked[name] > least_room)
    surplus = np.array([now[name]["surplus"] for name in sellers], float)
    deficit = np.array([now[name]["deficit"] for name in buyers], float)
    satisfaction = np.array([satisfaction_at(terms[name].market, step) for name in buyers])
    return Hour(
        step,
        sellers,
        buyers,
        surplus=np.minimum(surplus, crossing.limit * max(len(buyers), 1)),
        deficit=np.minimum(deficit, crossing.limit * max(len(sellers), 1)),
        reservation=np.array([asked[name] for name in sellers], float),
        grid_price=grid_price,
        price_min=market.price_min,
        price_max=market.price_max,
        alternative=np.array([alternative[name] for name in sellers], float),
        withheld=tuple(name for name in offering if name not in sellers),
        satisfaction=satisfaction,
        pair_limit=crossing.limit,
        fee=crossing.fee,
    )


def asking_price(
    market: PowerMarket, grid_price: float, alternative: float, fee: float = 0.0
) -> float:
    """The price below which a VPP does not sell, yuan/kWh.

    Its reservation price and the fee, kept below the grid's price by the margin, but never less
    than what its surplus is worth otherwise.
    grid_price: what a buyer pays otherwise, less its fee.
    alternative: what the surplus is worth otherwise, with the fee.

    >>> market = PowerMarket(reservation_price=0.3, price_min=0.3, price_max=1.2, margin=0.02)
    >>> asking_price(market, 1.0, alternative=0.2)
    0.3
    >>> asking_price(market, 1.0, alternative=0.8)
    0.8
    """
    margin = USUAL_MARGIN * abs(grid_price) if market.margin is None else market.margin
    wished = min(market.reservation_price + fee, grid_price - margin)
    return max(wished, alternative)


# --- delivery -----------------------------------------------------------------------------------
def asked_power(hour: Hour, shares: np.ndarray, wished: np.ndarray | None = None) -> np.ndarray:
    """What each buyer asks of each seller, kW `(..., buyers, sellers)`, paper B (20), (21).

    A buyer asks no more in all than it can use, its deficit; what it asks less it buys from the
    grid.
    shares: the probability with which a buyer chooses a seller, `(..., buyers, sellers)`.
    wished: a buyer's optimal purchase from a seller as a part of its deficit, as `shares`; None
        stands for the whole deficit.
    """
    if wished is None:
        return shares * hour.deficit[:, None]
    wishes = shares * wished
    of_each = wishes.sum(axis=-1, keepdims=True)
    return wishes / np.maximum(of_each, 1.0) * hour.deficit[:, None]


def deliver(hour: Hour, shares: np.ndarray, wished: np.ndarray | None = None) -> np.ndarray:
    """What each seller sends to each buyer, kW `(..., buyers, sellers)`.

    shares, wished: as in `asked_power`. Several cases of one hour are delivered side by side.

    >>> hour = Hour(1, ("A", "B"), ("C",), np.array([2.0, 8.0]), np.array([6.0]),
    ...             np.array([0.3, 0.3]), grid_price=0.75, price_min=0.3, price_max=1.2)
    >>> deliver(hour, np.array([[0.5, 0.5]]))
    array([[2., 4.]])
    """
    asked = asked_power(hour, shares, wished)
    granted = granted_part(hour, asked)[..., None, :]
    sent = np.minimum(asked * granted, hour.pair_limit)
    return with_left_overs(hour, sent, asked.sum(axis=-1))


def granted_part(hour: Hour, asked: np.ndarray) -> np.ndarray:
    """The part of what is asked that a seller can send, `(..., sellers)`.

    A seller that is asked for more than it has divides its surplus pro rata.
    asked: kW `(..., buyers, sellers)`.
    """
    asked_of = asked.sum(axis=-2)
    part = np.ones_like(asked_of)
    surplus = np.broadcast_to(hour.surplus, asked_of.shape)
    np.divide(surplus, asked_of, out=part, where=asked_of > surplus)
    return part


def with_left_overs(hour: Hour, sent: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """What is sent once left-overs on both sides have met too, kW `(..., buyers, sellers)`.

    They meet pro rata, pass by pass: each pass gives a seller or a buyer all it has or wants, or
    fills the line between two of them.
    sent: kW of the first pass.
    wanted: kW that each buyer asks in all, `(..., buyers)`.
    """
    buyers, sellers = sent.shape[-2:]
    least = LEAST_LEFT * (hour.surplus.sum() + hour.deficit.sum())
    for _ in range(buyers + sellers + buyers * sellers):
        spare = np.maximum(hour.surplus - sent.sum(axis=-2), 0.0)
        lacking = np.maximum(wanted - sent.sum(axis=-1), 0.0)
        room = hour.pair_limit - sent
        more = lacking[..., :, None] * spare[..., None, :] * (room > least)
        goes_on = more.max(axis=(-2, -1)) > least**2
        if not goes_on.any():
            break
        step = np.where(goes_on, largest_step(more, spare, lacking, room), 0.0)
        sent = sent + more * step[..., None, None]
    return sent


def largest_step(
    more: np.ndarray, spare: np.ndarray, lacking: np.ndarray, room: np.ndarray
) -> np.ndarray:
    """The largest multiple of a pass that no seller, no buyer and no line refuses, `(...)`.

    Zero where a pass has nothing to send.
    """
    of_sellers = most_times(more.sum(axis=-2), spare).min(axis=-1)
    of_buyers = most_times(more.sum(axis=-1), lacking).min(axis=-1)
    of_lines = most_times(more, room).min(axis=(-2, -1))
    smallest = np.minimum(np.minimum(of_sellers, of_buyers), of_lines)
    return np.where(np.isfinite(smallest), smallest, 0.0)


def most_times(amount: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """How often an amount fits into a capacity; without limit where the amount is zero."""
    times = np.full_like(amount, np.inf)
    return np.divide(capacity, amount, out=times, where=amount > 0)
