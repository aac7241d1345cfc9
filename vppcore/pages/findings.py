"""What the whole book finds, from the results that its pages have left: for the front page.

Reads results, solves nothing. Costs in yuan a day, shares in percent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from vppcore.errors import WrongInput
from vppcore.pages.colours import COLOURS, SERIES_COLOURS, STATE_COLOURS
from vppcore.pages.figures import panels
from vppcore.pages.pictures import tell
from vppcore.pages.results import result_of
from vppcore.pages.words import listed
from vppcore.pages.words_ledger import Freedom, came_out, freedom

# the ways of study B that the picture shows, as `results/mechanisms/summary.csv` names them
WAYS = {
    "alone": "no trade",
    "mid-market": "trade at a fixed\nmid-market price",
    "game": "the multiple game",
    "planned together (paper A)": "planned together",
}
CLOSE = 0.02  # of what planning together saves: two ways that differ by less save the same


@dataclass(frozen=True)
class Findings:
    """The numbers of the front page.

    cooperation: study A's costs, index alone and together, yuan a day.
    gap: what the negotiated trades may cost more than the best ones, yuan, at most.
    mechanisms: study B's costs by way of trading, yuan a day.
    freedom: how many statements were free to fail, and how many held.
    verdicts: the same and how all others came out, in words.
    case: of study A.
    """

    cooperation: pd.Series
    gap: float
    mechanisms: pd.Series
    freedom: Freedom
    verdicts: str
    case: str


def read_result(notebook: str, name: str) -> pd.DataFrame:
    """A table that a notebook has left, with its first column as index.

    Raises WrongInput if the notebook has not been run.
    """
    return pd.read_csv(file_of(notebook, f"{name}.csv"), index_col=0)


def file_of(notebook: str, name: str) -> Path:
    """A file among the results of a notebook. Raises WrongInput if it is not there."""
    folder = result_of(notebook)
    if folder is None or not (folder / name).is_file():
        raise WrongInput(
            f"{notebook}: its results lack {name}; allowed: after the notebook has run (make book)"
        )
    return folder / name


def read_findings() -> Findings:
    """What the pages of the book have found. Raises WrongInput if one has not been run."""
    record = json.loads(file_of("cooperation", "run.json").read_text(encoding="utf-8"))
    certificate = read_result("cooperation", "certificate").iloc[:, 0]
    split = read_result("bargaining", "table_1").loc["cluster"]
    summary = read_result("mechanisms", "summary")["cost (yuan)"]
    ledger = read_result("ledger", "ledger")
    return Findings(
        cooperation=pd.Series({"alone": split["alone"], "together": split["with trades"]}),
        gap=float(certificate["upper bound (yuan)"] - certificate["lower bound (yuan)"]),
        mechanisms=ways_shown(summary),
        freedom=freedom(ledger),
        verdicts=came_out(ledger),
        case=record["parameters"]["case"],
    )


def ways_shown(costs: pd.Series) -> pd.Series:
    """The costs of the ways that the picture shows; of the readings of the game, the page's own.

    >>> ways_shown(pd.Series({"alone": 3.0, "mid-market": 2.0, "game (paper B): x": 1.9,
    ...     "game (paper B): y": 1.8, "planned together (paper A)": 1.0})).to_list()
    [3.0, 2.0, 1.9, 1.0]
    """
    game = next(name for name in costs.index if str(name).startswith("game"))
    names = ["game" if name == game else name for name in costs.index]
    return costs.set_axis(names)[list(WAYS)]


def saved(costs: pd.Series) -> pd.Series:
    """What each way saves against the first, percent.

    >>> saved(pd.Series({"alone": 200.0, "together": 150.0})).to_list()
    [0.0, 25.0]
    """
    return 100 * (1 - costs / costs.iloc[0])


# --- the picture ----------------------------------------------------------------------------------
def costs_left(findings: Findings) -> Axes:
    """Both studies in one picture: what is left of the cost of VPPs that do not trade, percent."""
    _, (upper, lower) = panels(2, 1, height=1.9, gridspec_kw={"height_ratios": (2, 4)})
    colours = [STATE_COLOURS["alone"], STATE_COLOURS["together"]]
    bars(upper, findings.cooperation, {}, colours)
    upper.set_title("Study A: three VPPs that bargain")
    colours = [STATE_COLOURS["alone"], COLOURS["grid"], SERIES_COLOURS[2]]
    bars(lower, findings.mechanisms, WAYS, [*colours, STATE_COLOURS["together"]])
    lower.set_title("Study B: five VPPs that play")
    lower.set_xlabel("cost in percent of that without trade")
    return lower


def bars(axes: Axes, costs: pd.Series, names: dict[str, str], colours: list[str]) -> None:
    """A bar for each way, with its share of the first cost and its yuan."""
    share = 100 * costs / costs.iloc[0]
    labels = [names.get(str(name), str(name)) for name in costs.index]
    axes.barh(labels, share, color=colours, height=0.7)
    for place, (left, yuan) in enumerate(zip(share, costs, strict=True)):
        axes.annotate(
            f"{left:.1f} %, {yuan:,.0f} yuan",
            (left, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.invert_yaxis()
    axes.set_xlim(0, 145)
    axes.set_xticks(range(0, 101, 25))
    axes.grid(axis="y", visible=False)
    flat = [label.replace("\n", " ") for label in labels]
    said = [f"{name} {left:.1f} %" for name, left in zip(flat, share, strict=True)]
    tell(axes, f"Bars: {listed(said)}.")


# --- words ----------------------------------------------------------------------------------------
def answer(findings: Findings) -> str:
    """What both studies come to, in two sentences."""
    together = saved(findings.cooperation)["together"]
    shares = saved(findings.mechanisms)
    game, market, planned = (
        shares[way] for way in ("game", "mid-market", "planned together (paper A)")
    )
    decides = what_the_game_decides(game, market, planned)
    return (
        f"Trading takes {together:.1f} % off the cost of study A's VPPs and, by the multiple game, "
        f"{game:.1f} % off that of study B's. There a fixed price half way saves {market:.1f} % "
        f"and planning the day together {planned:.1f} %{decides}."
    )


def what_the_game_decides(game: float, market: float, planned: float) -> str:
    """What savings in percent say of the game; empty if it does not stand close to a fixed price.

    >>> what_the_game_decides(13.6, 13.5, 20.8)
    ': the game decides who earns, and hardly how much is saved'
    """
    if abs(game - market) > CLOSE * planned:
        return ""
    return ": the game decides who earns, and hardly how much is saved"


def four_numbers(findings: Findings) -> pd.DataFrame:
    """The four numbers of the front page: number, what it says and the page that it comes from."""
    alone, together = findings.cooperation
    game, market, planned = (
        saved(findings.mechanisms)[way]
        for way in ("game", "mid-market", "planned together (paper A)")
    )
    decides = what_the_game_decides(game, market, planned)
    rows = [
        (
            f"{saved(findings.cooperation)['together']:.1f} %",
            f"is what three VPPs save by trading: {alone:,.0f} yuan a day apart, "
            f"{together:,.0f} together.",
            "bargaining",
        ),
        (
            f"{findings.gap:,.2f} yuan",
            "a day, at most, is what other trades could save more. A lower bound that no schedule "
            "can beat proves it. All that leaves a VPP in the talks are trades, prices, its peak "
            "load and mean tariff, two totals and whether its stores are exact.",
            "cooperation",
        ),
        (
            f"{game:.1f} %",
            f"is what five VPPs save in the multiple game, {market:.1f} % at a fixed mid-market "
            f"price, {planned:.1f} % planned together{decides}.",
            "mechanisms",
        ),
        (
            f"{findings.freedom.held} of {findings.freedom.free}",
            "statements of the two papers that were free to fail hold. The ledger says of all "
            f"{findings.freedom.every} how they came out, and of each that was not free why.",
            "ledger",
        ),
    ]
    return pd.DataFrame(rows, columns=["number", "what it says", "page"])


def cards(numbers: pd.DataFrame) -> str:
    """The four numbers as cards, in the markup of the pages."""
    made = [
        f":::{{grid-item-card}} {row['number']}\n:link: ../notebooks/{row['page']}\n"
        f":link-type: doc\n:class-title: big-number\n{row['what it says']}\n:::"
        for _, row in numbers.iterrows()
    ]
    return "::::{grid} 1 2 2 2\n:gutter: 3\n\n" + "\n".join(made) + "\n::::\n"
