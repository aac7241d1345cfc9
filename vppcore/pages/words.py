"""Results -> sentences: prose that depends on a run is made from the run.

A page that is run for another VPP or another case then says nothing of the one in the book. No
solving, no reading. Each function returns a sentence or more; `Prose` shows them as text. Here are
the tools; the sentences of study A are in words_a.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from math import floor, log10

from vppcore.currency import said

HOUR = "hour"
STEP = "step"
SMALLEST_POWER = -6  # of ten: money, power and shares have no more decimals on a page
MARKDOWN = re.compile(r"([\\`*_{}\[\]#|~$])")


class Prose:
    """Sentences of a run, shown on a page as its text and elsewhere as they are.

    >>> Prose("VPP_1 pays less.", "", "So does <b>.")
    VPP_1 pays less. So does <b>.
    """

    def __init__(self, *sentences: str):
        self.text = said(" ".join(sentence for sentence in sentences if sentence))

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        """Names come from a reader's files: nothing in them becomes a tag or a heading."""
        return MARKDOWN.sub(r"\\\1", escape(self.text, quote=False))


class Headed(Prose):
    """Sentences with their head before them, which a page shows in bold.

    >>> Headed("Answer", "VPP_1 pays less.")
    Answer. VPP_1 pays less.
    """

    def __init__(self, head: str, *sentences: str):
        super().__init__(*sentences)
        self.head = head

    def __repr__(self) -> str:
        return f"{self.head}. {self.text}" if self.text else ""

    def _repr_markdown_(self) -> str:
        return f"**{self.head}.** {super()._repr_markdown_()}" if self.text else ""


def answer(*sentences: str) -> Headed:
    """What a page answers to its question."""
    return Headed("Answer", *sentences)


def notice(*sentences: str) -> Headed:
    """What to look at in the figure or table above."""
    return Headed("What to notice", *sentences)


def listed(words: Sequence[str]) -> str:
    """Words with commas and an "and".

    >>> listed(["gas", "carbon", "fees"])
    'gas, carbon and fees'
    """
    return " and ".join([*[", ".join(words[:-1])][: len(words) > 1], *words[-1:]])


class Counted:
    """What the steps of the page's case are: hours, unless they are shorter or longer.

    word: hour or step, whose plural has an s. of_day: True if step 1 is the first hour of a day.
    """

    def __init__(self) -> None:
        self.word = HOUR
        self.of_day = True


_counted = Counted()


def count_steps(step_hours: float = 1.0, start_hour: float = 0.0) -> None:
    """Sentences and axes count the steps of such a case from now on.

    >>> count_steps(0.25)
    >>> hours_said([7, 8]), hour_or_step()
    ('steps 7 to 8', 'step')
    >>> count_steps()
    """
    is_hour = bool(step_hours == 1)
    _counted.word = HOUR if is_hour else STEP
    _counted.of_day = is_hour and not start_hour


def hour_or_step(number: float = 1) -> str:
    """What so many steps of the page's case are called.

    >>> hour_or_step(), hour_or_step(0), hour_or_step(2)
    ('hour', 'hours', 'hours')
    """
    return _counted.word if number == 1 else f"{_counted.word}s"


def counts_hours_of_day() -> bool:
    """True if step 1 of the page's case is the first hour of a day."""
    return _counted.of_day


def hours_said(steps: Iterable[int]) -> str:
    """Steps in words, runs of them as from-to; as hours where they are.

    >>> hours_said([10, 11, 12, 20])
    'hours 10 to 12 and 20'
    >>> hours_said([13])
    'hour 13'
    """
    runs: list[list[int]] = []
    for step in steps:
        if runs and step == runs[-1][-1] + 1:
            runs[-1].append(step)
        else:
            runs.append([step])
    said = [f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs]
    return f"{hour_or_step(sum(map(len, runs)))} {listed(said)}"


def signed(number: float, places: int = 2) -> str:
    """A number with a minus sign that is one, and no minus before zero.

    >>> signed(-0.308), signed(-0.001)
    ('−0.31', '0.00')
    """
    text = f"{number:,.{places}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace("-", "−")


def places_for(saving: float) -> int:
    """To how many places amounts are rounded beside a saving: to a thousandth of it, about.

    Two solvers agree on no more of its items. A minus stands for tens, hundreds and so on.

    >>> places_for(10782.3), places_for(25.44), places_for(0.0)
    (-1, 2, 0)
    """
    return 3 - floor(log10(abs(saving))) if saving else 0


def amount(yuan: float, places: int = 0) -> str:
    """Yuan rounded to so many places.

    >>> amount(6043.49, -1), amount(-610.4, -1), amount(-0.2)
    ('6,040', '−610', '0')
    """
    return signed(round(yuan, places), max(0, places))


def in_digits(number: float, digits: int = 3) -> str:
    """A number with so many digits, and more where they stand before the point.

    >>> in_digits(61993.6), in_digits(-8.163), in_digits(0.02), in_digits(0.0)
    ('61,994', '−8.16', '0.0200', '0')
    """
    if not number:
        return "0"
    return signed(number, max(0, digits - 1 - floor(log10(abs(number)))))


def power_of_ten_above(number: float) -> str:
    """The smallest power of ten that is larger, for what only has a size; 0 has none.

    >>> power_of_ten_above(0.21), power_of_ten_above(0.0032), power_of_ten_above(10.0)
    ('1', '0.01', '100')
    >>> power_of_ten_above(0.0), power_of_ten_above(3e-9)
    ('0.000001', '0.000001')
    """
    exponent = floor(log10(abs(number))) + 1 if number else SMALLEST_POWER
    exponent = max(exponent, SMALLEST_POWER)
    return signed(10.0**exponent, max(0, -exponent))


def energy(kwh: float) -> str:
    """An amount of energy in the unit that suits it.

    >>> energy(329_120.0), energy(26.06), energy(0.0)
    ('329 MWh', '26.1 kWh', '0 kWh')
    """
    large = abs(kwh) >= 1000
    return f"{in_digits(kwh / 1000 if large else kwh)} {'MWh' if large else 'kWh'}"


def share(part: float, whole: float) -> str:
    """A part in percent of the size of a whole; an en dash where there is no whole.

    >>> share(96, 329), share(-1, 8), share(1, 0)
    ('29 %', '−12 %', '–')
    """
    return f"{in_digits(100 * part / abs(whole), 2)} %" if whole else "–"


def span(least: float, most: float, places: int = 2) -> str:
    """Two ends of a range, or the one number that both are.

    >>> span(0.2, 1.2), span(0.2, 0.2)
    ('0.20 to 1.20', '0.20')
    """
    ends = [signed(least, places), signed(most, places)]
    return " to ".join(dict.fromkeys(ends))
