"""How the multiple game is played: the numbers that a reader may choose."""

from __future__ import annotations

from dataclasses import dataclass

from vppcore.parameters import check, choice, parameter

PAYOFFS = ("shared", "unshared")
DEMANDS = ("fixed", "elastic")
ORDERS = ("anticipating", "text")
SATISFACTIONS = ("quadratic", "log")
COUNTED_FROM = ("nothing", "grid")


@dataclass(frozen=True)
class Rules:
    """How the game is played.

    demand: "elastic": buyers decide how much to buy by their satisfaction coefficients, paper B
        (17) and (20); "fixed": they want their deficit at any price.
    order: "text": steps 1 to 4 of paper B, in which sellers move with the buyers' shares held and
        their amounts answering; "anticipating": sellers reckon with the shares' answer too.
    satisfaction: of elastic demand, the form of its curve.
    counted_from: of elastic demand, whether a buyer's worth counts from buying nothing, as (17)
        reads, or from what the grid would bring.
    payoff: "shared" divides a seller's surplus among all who choose it; "unshared" is the warning
        example in which shares do not matter to payoffs.
    evolution_step: of the buyers' replicator.
    price_step: share of the way to its best price that a seller goes in one round.
    tolerance: change of shares, and of prices as a share of their size, that counts as rest.
    max_rounds: of the price loops; the buyers' evolution may take 20 times as many steps.
    Raises WrongInput for a value that is not allowed.

    >>> Rules(price_step=0.5).payoff
    'shared'
    >>> Rules.of_the_text().order
    'text'
    """

    demand: str = choice("how much buyers want", DEMANDS, "fixed")
    order: str = choice("what sellers take for given when they move", ORDERS, "anticipating")
    satisfaction: str = choice("form of the buyers' satisfaction", SATISFACTIONS, "quadratic")
    counted_from: str = choice("where a buyer's worth counts from", COUNTED_FROM, "nothing")
    payoff: str = choice("what a buyer gets from its seller", PAYOFFS, "shared")
    evolution_step: float = parameter(
        "-", "step of the buyers' replicator; converges below 2", 0.5, above=True
    )
    price_step: float = parameter("-", "step of the sellers' prices", 0.6, above=True)
    tolerance: float = parameter(
        "-", "relative accuracy of both loops", 1e-10, high=1, above=True, below=True
    )
    max_rounds: int = parameter("-", "give up after so many rounds", 500, low=1, whole=True)

    def __post_init__(self):
        check(self)

    @classmethod
    def of_the_text(cls, **others) -> Rules:
        """The game as paper B's text has it: elastic demand, in the order of its steps 1 to 4."""
        return cls(**{"demand": "elastic", "order": "text", **others})
