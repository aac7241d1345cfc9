"""Sellers and buyers of an hour as agents that know only their own numbers, paper B section 4.

A seller knows its surplus and its reservation price, a buyer its deficit and its satisfaction
coefficient; all know the tariff, the band of prices and the rules. Everything else they are told,
and every word is recorded:

    price    a seller to all buyers: what it asks, yuan/kWh
    cover    a seller to all buyers: its surplus over the deficits of those who choose it, S_j/N_j
    chosen   a buyer to a seller: the part of its deficit that it lets fall to it, y_ij D_i, kW
    asked    a buyer to a seller: its optimal purchase there, y_ij x*_ij, kW
    fall     a buyer to a seller: by how much that falls when the price rises, kW per yuan/kWh
    total    a seller to the other sellers: the deficits of those who choose it, N_j, kW; only where
             sellers anticipate

"At rest" needs no numbers: an agent says whether it moved. kW, yuan/kWh.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from vppcore.errors import NotSolved, WrongInput
from vppcore.game.buyers import CURIOSITY, LEAST_ASKED, moved_towards
from vppcore.game.demand import Demand, demand_of
from vppcore.game.hour import period_of, refuse_closed, usual_start
from vppcore.game.rest import indifferent_without_worth
from vppcore.game.rules import Rules
from vppcore.market import Hour

KINDS = ("price", "cover", "chosen", "asked", "fall", "total")


class Word(NamedTuple):
    """One message of an hour's talks.

    step: of the day.
    round: of the outer loop.
    sender, receiver: names; "buyers" and "sellers" stand for all of them.
    kind: one of `KINDS`.
    value: the number that is told.
    """

    step: int
    round: int
    sender: str
    receiver: str
    kind: str
    value: float


@dataclass
class SellerAgent:
    """A seller: what it has, what it wants at least, and what it has been told.

    surplus: kW, known to nobody else.
    reservation: yuan/kWh, known to nobody else.
    band: lowest and highest price, yuan/kWh.
    tariff: what buyers pay the grid, less their fee, which everybody knows, yuan/kWh; may lie above
        the band.
    price_size: how large prices are, yuan/kWh, what the accuracy is measured by.
    price: what it asks now, yuan/kWh.
    """

    name: str
    surplus: float
    reservation: float
    band: tuple[float, float]
    tariff: float
    price_size: float
    rules: Rules
    price: float
    chosen: float = 0.0
    asked: float = 0.0
    fall: float = 0.0
    of_all: float = 1.0

    def cover(self) -> float:
        """How often over it could serve those who choose it, S_j/N_j."""
        return self.surplus / max(self.chosen, LEAST_ASKED * self.surplus)

    def hear(self, chosen: float, asked: float, fall: float) -> None:
        """Takes in what all buyers together choose, ask, and ask less if the price rises."""
        self.chosen = chosen
        self.asked = asked
        self.fall = fall

    def hear_total(self, total: float) -> None:
        """Takes in how large the deficits of all buyers are, kW."""
        self.of_all = self.chosen / total

    def move(self) -> float:
        """Goes one step towards its best price, paper B (26); how long it was, yuan/kWh."""
        low, high = self.band
        wished = min(max(self.best_price(), low), high)
        way = wished - self.price
        length = abs(self.rules.price_step * way)
        rests = length <= self.rules.tolerance * self.price_size
        if rests and self.rules.order == "text":  # the last bit is gone whole, see `raise_prices`
            moved = wished
        else:
            moved = self.price + self.rules.price_step * way
        self.price = min(max(moved, low), high)
        return length

    def best_price(self) -> float:
        """What it would like to ask, from what it was told alone, yuan/kWh.

        What is asked and how it falls give away where demand would end: at L = p + X/F with
        quadratic satisfaction, at L = p^2/(p - X/F) with a logarithm.
        """
        if self.rules.demand == "fixed":
            if self.rules.order == "text":
                return self.band[1]
            return (self.tariff + self.reservation * (1 - self.of_all)) / (2 - self.of_all)
        if self.fall <= 0:  # nobody chooses it: nothing says that another price is better
            return self.price
        reach = self.asked / self.fall
        if self.rules.satisfaction == "log":
            end = self.price**2 / (self.price - reach)
            return float(np.sqrt(end * max(self.reservation, 0.0)))
        end = self.price + reach
        if self.rules.order == "text":
            return (end + self.reservation) / 2
        weight = 3 - 2 * self.of_all
        return (end + self.reservation * weight) / (1 + weight)


@dataclass
class BuyerAgent:
    """A buyer: what it needs, how it values it, and whom it chooses.

    deficit: kW, known to nobody else.
    demand: what it wants at a price and what that is worth to it, known to nobody else.
    shares: with which probability it chooses each seller.
    """

    name: str
    deficit: float
    demand: Demand
    rules: Rules
    shares: np.ndarray
    prices: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def be_curious(self) -> None:
        """Tries every seller anew now and then."""
        self.shares = (1 - CURIOSITY) * self.shares + CURIOSITY / len(self.shares)

    def imitate(self, covers: np.ndarray) -> float:
        """One step of the replicator, paper B (25); the largest change of a share."""
        payoff = indifferent_without_worth(self.demand.worth(self.prices)) * covers
        moved = moved_towards(self.shares[None, :], payoff, self.rules.evolution_step)[0]
        change = float(np.abs(moved - self.shares).max())
        self.shares = moved
        return change

    def chosen(self) -> np.ndarray:
        """The part of its deficit that falls to each seller, kW."""
        return self.shares * self.deficit

    def asked(self) -> np.ndarray:
        """Its optimal purchase from each seller, paper B (20) and (21), kW."""
        return self.chosen() * self.demand.wished(self.prices)[0]

    def falls(self) -> np.ndarray:
        """By how much that falls when a seller's price rises, kW per yuan/kWh."""
        return self.asked() * self.demand.wish_falls(self.prices)[0]


@dataclass
class AgentTalks:
    """The talks of one hour: its agents, and the record of every word.

    price_size: how large prices are, yuan/kWh, what rest is measured by.
    """

    step: int
    sellers: list[SellerAgent]
    buyers: list[BuyerAgent]
    rules: Rules
    price_size: float
    round: int = 0
    words: list[Word] = field(default_factory=list)

    def say(self, sender: str, receiver: str, kind: str, value: float) -> None:
        """Records a word."""
        self.words.append(Word(self.step, self.round, sender, receiver, kind, float(value)))

    def prices(self) -> np.ndarray:
        """What sellers ask now, yuan/kWh `(sellers,)`."""
        return np.array([seller.price for seller in self.sellers])

    def refuse_circle(self, prices: list[np.ndarray]) -> None:
        """Raises NotSolved where prices by round come round again: the talks would not end."""
        rounds = period_of(prices, self.rules.tolerance * self.price_size)
        if rounds:
            raise NotSolved(
                f"step {self.step}: the talks do not end: prices come round again every {rounds} "
                "rounds",
                status="limit",
            )

    def announce_prices(self) -> None:
        """Every seller tells its price to all buyers."""
        prices = self.prices()
        for seller in self.sellers:
            self.say(seller.name, "buyers", "price", seller.price)
        for buyer in self.buyers:
            buyer.prices = prices

    def answer(self, kinds: tuple[str, ...]) -> None:
        """Every buyer tells every seller what it chooses, asks, and how that falls."""
        told = {kind: np.zeros(len(self.sellers)) for kind in ("chosen", "asked", "falls")}
        for buyer in self.buyers:
            for kind in kinds:
                numbers = getattr(buyer, kind)()
                told[kind] = told[kind] + numbers
                for seller, number in zip(self.sellers, numbers, strict=True):
                    self.say(buyer.name, seller.name, kind.removesuffix("s"), number)
        for index, seller in enumerate(self.sellers):
            chosen = told["chosen"][index] if "chosen" in kinds else seller.chosen
            seller.hear(chosen, told["asked"][index], told["falls"][index])

    def evolve(self) -> list[np.ndarray]:
        """Buyers imitate until they rest, step 2; the first buyer's shares on the way.

        Raises NotSolved if they do not come to rest.
        """
        for buyer in self.buyers:
            buyer.be_curious()
        path = [self.buyers[0].shares]
        for _ in range(20 * self.rules.max_rounds):
            self.answer(("chosen",))
            covers = np.array([seller.cover() for seller in self.sellers])
            for seller, cover in zip(self.sellers, covers, strict=True):
                self.say(seller.name, "buyers", "cover", cover)
            change = max([buyer.imitate(covers) for buyer in self.buyers])
            path.append(self.buyers[0].shares)
            if change <= self.rules.tolerance:
                self.answer(("chosen", "asked", "falls"))
                return path
        raise NotSolved(f"step {self.step}: buyers did not come to rest", status="limit")

    def tell_totals(self) -> None:
        """Sellers tell each other how many choose them, so that each knows its part."""
        for seller in self.sellers:
            self.say(seller.name, "sellers", "total", seller.chosen)
        total = sum(seller.chosen for seller in self.sellers)
        for seller in self.sellers:
            seller.hear_total(total)

    def move_prices(self) -> float:
        """One step of all sellers, step 3; the largest change, yuan/kWh."""
        change = max([seller.move() for seller in self.sellers])
        self.announce_prices()
        return change

    def inner_loop(self) -> None:
        """Sellers move until they rest while buyers keep their shares, in the order of the text."""
        for _ in range(self.rules.max_rounds):
            change = self.move_prices()
            self.answer(("asked", "falls"))
            if change <= self.rules.tolerance * self.price_size:
                return
        raise NotSolved(f"step {self.step}: prices did not come to rest", status="limit")

    def run(self) -> list[np.ndarray]:
        """Talks until nobody moves, steps 1 to 4; the way of the first evolution.

        Raises NotSolved if they do not end.
        """
        self.announce_prices()
        first: list[np.ndarray] = []
        prices = [self.prices()]
        for number in range(1, self.rules.max_rounds + 1):
            self.round = number
            path = self.evolve()
            first = first or path
            if self.rules.order == "text":
                self.inner_loop()
                change = float(np.abs(self.prices() - prices[-1]).max())
            else:
                self.tell_totals()
                change = self.move_prices()
            prices.append(self.prices())
            if change <= self.rules.tolerance * self.price_size:
                return first
            if self.rules.order == "text":
                self.refuse_circle(prices)
        raise NotSolved(f"step {self.step}: the talks did not end", status="limit")

    def table(self) -> pd.DataFrame:
        """Every word that was said, a row each."""
        return pd.DataFrame(self.words, columns=list(Word._fields))


def talks_of(hour: Hour, rules: Rules) -> AgentTalks:
    """Gives each agent of an hour its own numbers, and nobody anybody else's.

    Raises WrongInput for an hour without a market, and for rules under which a seller would need
    to know a buyer's satisfaction.
    """
    refuse_closed(hour)
    refuse_what_needs_more(hour, rules)
    start, even = usual_start(hour)
    sellers = []
    for index, name in enumerate(hour.sellers):
        sellers.append(
            SellerAgent(
                name=name,
                surplus=float(hour.surplus[index]),
                reservation=float(hour.reservation[index]),
                band=(hour.price_min, hour.top),
                tariff=hour.grid_price,
                price_size=hour.price_size,
                rules=rules,
                price=float(start[index]),
            )
        )
    buyers = []
    for index, name in enumerate(hour.buyers):
        buyers.append(
            BuyerAgent(
                name=name,
                deficit=float(hour.deficit[index]),
                demand=demand_of(alone_with(hour, index), rules),
                rules=rules,
                shares=even[index],
            )
        )
    return AgentTalks(hour.step, sellers, buyers, rules, hour.price_size)


def refuse_what_needs_more(hour: Hour, rules: Rules) -> None:
    """Raises WrongInput where a seller's best price does not follow from what it is told.

    And where payoffs are not shared: such a game has no rest to talk about.
    """
    if rules.payoff != "shared":
        raise WrongInput(f"distributed game: found payoff {rules.payoff}; allowed: shared")
    if rules.order == "text" or rules.demand == "fixed":
        return
    alike = demand_of(hour, rules).alike
    if alike and rules.satisfaction == "quadratic" and rules.counted_from == "nothing":
        return
    raise WrongInput(
        f"distributed game: found elastic demand, order {rules.order}, satisfaction "
        f"{rules.satisfaction} counted from {rules.counted_from}"
        f"{'' if alike else ', buyers who differ'}; allowed: order text, or buyers who are alike "
        "with quadratic satisfaction counted from nothing (a seller would need the buyers' numbers)"
    )


def alone_with(hour: Hour, index: int) -> Hour:
    """The hour with one of its buyers alone."""
    satisfaction = hour.satisfaction
    return replace(
        hour,
        buyers=(hour.buyers[index],),
        deficit=hour.deficit[[index]],
        satisfaction=None if satisfaction is None else satisfaction[[index]],
    )
