"""How the multiple game is played: the numbers that a reader may choose."""

from __future__ import annotations

from dataclasses import dataclass

from vppcore.parameters import check, choice, flag, parameter

PAYOFFS = ("shared", "unshared")


@dataclass(frozen=True)
class Rules:
    """How the game is played.

    payoff: "shared" divides a seller's surplus among all who choose it; "unshared" is the warning
        example in which shares do not matter to payoffs.
    anticipate: sellers reckon with the buyers' reaction; False freezes the buyers' choice while a
        price moves, another warning example.
    evolution_step: of the buyers' replicator.
    price_step: share of the way to its best price that a seller goes in one round.
    tolerance: change of shares, and of prices as a share of their size, that counts as rest.
    max_rounds: of the price loop; the buyers' evolution may take 20 times as many steps.
    Raises WrongInput for a value that is not allowed.

    >>> Rules(price_step=0.5).payoff
    'shared'
    """

    payoff: str = choice("what a buyer gets from its seller", PAYOFFS, "shared")
    anticipate: bool = flag("sellers reckon with the buyers' reaction", True)
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
