"""Guesses of a VPP's net trade as a function of price, from points of it that were overheard.

kW, yuan/kWh (or yuan/kW of a step); prices and trades are (steps,) or (rounds, steps).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import isotonic_regression

from vppcore.errors import WrongInput


class Heard(NamedTuple):
    """Points of a VPP's net trade as a function of price, in the order in which they were told.

    prices: yuan/kWh `(rounds, steps)`. net: kW `(rounds, steps)`.
    slopes: by how much less it receives as prices rise `(rounds, steps, steps)`; None if not told.
    """

    prices: np.ndarray
    net: np.ndarray
    slopes: np.ndarray | None = None


Guess = Callable[[Heard, np.ndarray], np.ndarray]


def first(heard: Heard, rounds: int) -> Heard:
    """What was heard in the first rounds."""
    slopes = None if heard.slopes is None else heard.slopes[:rounds]
    return Heard(heard.prices[:rounds], heard.net[:rounds], slopes)


def from_last_word(heard: Heard, asked: np.ndarray) -> np.ndarray:
    """The guess that a VPP trades at other prices what it told last, kW `(steps,)`."""
    return np.broadcast_to(heard.net[-1], asked.shape)


def from_lines(heard: Heard, asked: np.ndarray) -> np.ndarray:
    """The guess of a line through each hour's points, least squares, kW `(steps,)`.

    It does not reach beyond the net trades that were heard.
    """
    middle = heard.prices.mean(axis=0)
    away = heard.prices - middle
    mean = heard.net.mean(axis=0)
    squares = (away**2).sum(axis=0)
    products = (away * (heard.net - mean)).sum(axis=0)
    slope = np.divide(products, squares, out=np.zeros_like(mean), where=squares > 0)
    guess = mean + slope * (asked - middle)
    return np.clip(guess, heard.net.min(axis=0), heard.net.max(axis=0))


def from_slope(heard: Heard, asked: np.ndarray) -> np.ndarray:
    """The guess of the last slope that was told, kW `(steps,)`."""
    if heard.slopes is None:
        raise WrongInput("slope: found none in what was heard; allowed: words of price-Newton")
    return heard.net[-1] - heard.slopes[-1] @ (asked - heard.prices[-1])


def from_falling_curves(heard: Heard, asked: np.ndarray) -> np.ndarray:
    """The guess of a falling curve through each hour's points, kW `(steps,)`.

    Who knows that a VPP buys no more at a higher price takes the falling curve nearest to the
    points, least squares, straight between them and level beyond.

    >>> heard = Heard(np.array([[1.0], [3.0], [2.0]]), np.array([[8.0], [2.0], [6.0]]))
    >>> [float(from_falling_curves(heard, np.array([price]))[0]) for price in (0.0, 1.5, 2.5)]
    [8.0, 7.0, 4.0]
    """
    guess = np.empty(len(asked))
    for step, price in enumerate(asked):
        order = np.argsort(heard.prices[:, step])
        curve = isotonic_regression(heard.net[order, step], increasing=False).x
        guess[step] = np.interp(price, heard.prices[order, step], curve)
    return guess


def missed(guess: Guess, heard: Heard, asked: np.ndarray, liked: np.ndarray) -> float:
    """The distance of guesses from the truth `(tests, steps)`, as a share of it.

    1 is what one knows who says that the VPP trades nothing; nan where that is true.
    """
    guessed = np.array([guess(heard, prices) for prices in asked])
    whole = float(np.linalg.norm(liked))
    return float(np.linalg.norm(guessed - liked)) / whole if whole > 0 else np.nan
