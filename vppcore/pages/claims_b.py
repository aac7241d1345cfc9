"""What paper B claims, one function for each claim: results in, judgement out.

The sentences of the ledger are made here. A claim that the synthetic day was shaped for, or that a
number was fitted to, is met by fitting: `fitted` holds the claims that the case names so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import pandas as pd

from vppcore.case import Case
from vppcore.components import CarbonMarket, PowerMarket
from vppcore.game.day import GameResult
from vppcore.game.rules import Rules
from vppcore.pages.published import (
    Judgement,
    claim,
    judge_hours,
    judge_number,
    judge_relation,
    judge_setting,
    judge_theorem,
    published_value,
)
from vppcore.schedule import DispatchResult

OWN_LADDER = "carbon_price interval growth ladder_steps"  # claims on carbon speak of the case's own
OWN_MODELS = f"vpp flat_price {OWN_LADDER}"
OWN_GAME = f"price_min price_max payoff trade_limit crossing_fee {OWN_LADDER}"
CLEARLY = 0.01  # of Model 1's total cost: "clearly above" is more, "slightly above" is less
NOTICEABLE = 1e-4  # of a price: what a solver leaves open of one that is read back from a bill
FLAT_PRICES = (280.0, 320.0)  # yuan/t, of Models 1 and 2
NOTHING = 1e-9  # of the number beside it: less counts as no difference
IDLE = 1e-3  # of the largest charge: less counts as not charging
SETTLED = 1e-3  # in probability: nearer to the end than this counts as converged
QUICKLY = 50  # iterations
BY_DAY = range(7, 18)  # hours 7 to 17, as B10 has them
AT_NIGHT = [23, 24, *range(1, 8)]  # the hours of the night tariff
ODD_HOURS = (10, 12, 14, 16)  # the hours that B15 names
SHAPED = "the day's profiles were shaped for this"
ALIKE = 1e-6  # of the larger one: prices and probabilities nearer than this count as one
GREATLY = 2.0  # times fewer exchanges that wait: "greatly accelerate" is read as this at least
NO_TRADE, GAME = "no trade", "game"  # rows of the table of conventional ways to trade


# --- the data -------------------------------------------------------------------------------------
@claim("B01")
def five_vpps_and_their_band(study_b: Case) -> Judgement:
    """Five VPPs may sell to each other at 0.3 to 1.2 yuan/kWh."""
    bands = {(m.price_min, m.price_max) for vpp in study_b.vpps for m in vpp.of(PowerMarket)}
    if len(study_b.vpps) == 5 and bands == {(0.3, 1.2)}:
        return judge_setting("B01", "five VPPs, 0.3 to 1.2 yuan/kWh", "the case is built this way")
    changed = "the case's data have been changed"
    return judge_setting("B01", "other VPPs or prices", changed, holds=False)


@claim("B02")
def ladder_of_the_carbon_price(study_b: Case) -> Judgement:
    """The carbon price is 280 yuan/t and grows by 25 % every 2 t."""
    markets = [market for vpp in study_b.vpps for market in vpp.of(CarbonMarket)]
    ladders = {(round(1000 * m.price, 6), m.interval, m.growth) for m in markets}
    if ladders == {(280.0, 2000.0, 0.25)}:
        return judge_setting("B02", "280 yuan/t, 2 t, 25 %", "the case is built this way")
    changed = "the case's data have been changed"
    return judge_setting("B02", "another ladder", changed, holds=False)


# --- four carbon models ---------------------------------------------------------------------------
@claim("B03", unchanged=OWN_MODELS)
def the_four_models(models: pd.DataFrame) -> Judgement:
    """Flat 280, flat 320, a ladder outside and a ladder inside the objective.

    The first two are read back from the bills, the third from its operation cost.
    """
    flat, dear, blind, aware = (models.iloc[row] for row in range(4))
    prices = [1000 * model["carbon"] / model["excess"] for model in (flat, dear)]
    is_flat = all(
        abs(found - asked) <= NOTICEABLE * asked
        for found, asked in zip(prices, FLAT_PRICES, strict=True)
    )
    is_blind = blind["operation"] <= aware["operation"] + small(aware["operation"])
    ours = f"flat {prices[0]:.0f}, flat {prices[1]:.0f}, billed after, planned for"
    if is_flat and is_blind:
        return judge_setting("B03", ours, "the four rows of the table are built this way")
    return judge_setting("B03", ours, "the models' numbers have been changed", holds=False)


@claim("B04", unchanged=OWN_MODELS)
def model_1_is_cheapest(models: pd.DataFrame) -> Judgement:
    """Model 1 has the lowest total cost."""
    flat = models.iloc[0]
    holds = flat["total"] <= models["total"].min() + small(flat["total"])
    reason = (
        "while there is an excess, the ladder and the dearer price bill any schedule with at least "
        "what the flat price does, and Model 1's schedule is the cheapest by the flat price"
    )
    return judge_theorem("B04", bool(holds), "lowest of four", reason)


@claim("B05", unchanged=OWN_MODELS)
def model_2_is_clearly_dearer(models: pd.DataFrame) -> Judgement:
    """Model 2's total cost is clearly above Model 1's."""
    flat, dear = models.iloc[0], models.iloc[1]
    more = dear["total"] - flat["total"]
    reason = (
        "'clearly' is read as one percent; a theorem caps the difference at 40 yuan/t times the "
        f"excess, here {40 * flat['excess'] / 1000:,.0f} yuan, and with B08 at 236 yuan for any VPP"
    )
    holds = more > CLEARLY * flat["total"]
    return judge_relation("B05", bool(holds), in_yuan_and_percent(dear, flat), reason)


@claim("B06", unchanged=OWN_MODELS)
def model_3_operates_cheapest_and_emits_most(models: pd.DataFrame) -> Judgement:
    """Model 3 has the lowest operating cost and the highest emission."""
    flat, blind = models.iloc[0], models.iloc[2]
    cheapest = blind["operation"] <= models["operation"].min() + small(blind["operation"])
    dirtiest = blind["emission"] >= models["emission"].max() - small(blind["emission"])
    ours = (
        f"operation {blind['operation'] - flat['operation']:+,.0f} yuan, "
        f"emission {blind['emission'] - flat['emission']:+,.0f} kg"
    )
    reason = (
        "Model 3 minimises its operation cost and nothing else; and a model that pays for what it "
        "emits would take Model 3's schedule if that emitted less, as it costs less to operate"
    )
    return judge_theorem("B06", bool(cheapest and dirtiest), ours, reason)


@claim("B07", unchanged=OWN_MODELS)
def model_4_emits_less(models: pd.DataFrame, fitted: Collection[str]) -> Judgement:
    """Model 4 emits 1,206.7 kg less than Model 1."""
    less = models.iloc[3]["emission"] - models.iloc[0]["emission"]
    reason = "emission before the quota is taken off"
    return judge_number("B07", less, reason, fitted="B07" in fitted)


@claim("B08", unchanged=OWN_MODELS)
def model_4_is_slightly_dearer(models: pd.DataFrame) -> Judgement:
    """Model 4's carbon cost is above Model 1's, and its total cost is slightly higher."""
    flat, dear, aware = models.iloc[0], models.iloc[1], models.iloc[3]
    more = aware["total"] - flat["total"]
    more_carbon = aware["carbon"] - flat["carbon"]
    holds = 0 < more < CLEARLY * flat["total"] and more_carbon > 0
    share = f"{100 * more_carbon / abs(flat['carbon']):+.1f} %"
    ours = f"carbon {more_carbon:+,.0f} yuan ({share}), total {in_yuan_and_percent(aware, flat)}"
    reason = (
        "in part a theorem: that the total is above is one, that the carbon cost is and that "
        "'slightly', read as less than one percent, is true of the total are not. "
        f"{model_4_beside_model_2(aware['total'] - dear['total'])}"
    )
    return judge_relation("B08", bool(holds), ours, reason)


def model_4_beside_model_2(dearer: float) -> str:
    """How Model 4's total lies beside Model 2's, and what the text lets one expect, in words.

    dearer: Model 4's total less Model 2's, yuan.

    >>> model_4_beside_model_2(28.2)
    "Model 4 is dearer than Model 2 by 28 yuan, the reverse of 'slightly' and 'significantly'"
    """
    if dearer > 0:
        return (
            f"Model 4 is dearer than Model 2 by {dearer:,.0f} yuan, "
            "the reverse of 'slightly' and 'significantly'"
        )
    return f"Model 4 is cheaper than Model 2 by {-dearer:,.0f} yuan, as the text lets one expect"


@claim("B09", unchanged=OWN_MODELS)
def model_4_spills_less(models: pd.DataFrame, fitted: Collection[str]) -> Judgement:
    """Model 4 absorbs renewable energy that Model 1 curtails."""
    flat, aware = models.iloc[0]["spilled"], models.iloc[3]["spilled"]
    ours = f"{flat:,.1f} kWh spilled in Model 1, {aware:,.1f} in Model 4"
    reason = (
        "VPP1 spills at a sale limit of its own, chosen with the day; "
        "power that would be bought is replaced by own power that was spilled"
    )
    holds = aware < flat - 1e-5 * abs(flat)
    return judge_relation("B09", bool(holds), ours, reason, "B09" in fitted)


@claim("B23", unchanged=OWN_MODELS)
def the_price_rises_exponentially(rises: pd.DataFrame) -> Judgement:
    """With growing emission the carbon price rises exponentially.

    rises: rows linear and exponential, columns "step 1", ... (yuan/t), total and emission.
    """
    steps = rises[[column for column in rises if str(column).startswith("step")]]
    prices = steps.loc["exponential"].to_numpy(float)
    ratios = prices[1:] / prices[:-1]
    is_exponential = len(ratios) > 0 and bool((abs(ratios - ratios[0]) <= NOTICEABLE).all())
    holds = is_exponential and ratios[0] > 1
    linear, steeper = rises.loc["linear"], rises.loc["exponential"]
    ours = (
        f"last step {prices[-1]:,.0f} yuan/t, {steps.loc['linear'].iloc[-1]:,.0f} if linear; total "
        f"{steeper['total'] - linear['total']:+,.0f} yuan, "
        f"emission {steeper['emission'] - linear['emission']:+,.0f} kg"
    )
    if not holds:
        other = "the step prices have no common ratio above one"
        return judge_setting("B23", ours, other, holds=False)
    reason = "an option of the carbon market; the other pages take the usual linear rise"
    return judge_setting("B23", ours, reason)


@claim("B24", unchanged=OWN_MODELS)
def model_3_pays_most_for_carbon(models: pd.DataFrame) -> Judgement:
    """Model 3 pays a high carbon cost."""
    bills = models["carbon"]
    others = bills.drop(bills.index[2])
    holds = bills.iloc[2] > others.max() + small(others.max())
    ours = f"{bills.iloc[2]:,.0f} yuan; the others {', '.join(f'{bill:,.0f}' for bill in others)}"
    reason = (
        "in part a theorem: 'high' is read as the highest of the four; that it is not below Models "
        "1 and 4 holds on any day with an excess, that it is above Model 2 does not"
    )
    return judge_relation("B24", bool(holds), ours, reason)


def small(number: float) -> float:
    """A difference that counts as none beside a number."""
    return NOTHING * abs(float(number))


def in_yuan_and_percent(model: pd.Series, flat: pd.Series) -> str:
    """How much dearer a carbon model is than the flat one, in words."""
    more = model["total"] - flat["total"]
    return f"{more:+,.0f} yuan ({100 * more / flat['total']:+.2f} %)"


# --- the schedules --------------------------------------------------------------------------------
@claim("B10", unchanged=OWN_LADDER)
def called_load_makes_way_for_the_sun(
    sunny: DispatchResult, fitted: Collection[str]
) -> Judgement | None:
    """VPP1's photovoltaics peak in hours 7-17, and less load is called then.

    sunny: the schedule of VPP1.
    """
    plants = [name for name in sunny.with_role("renewable") if name in ("pv", "renewable")]
    callers = [name for name, kind in sunny.kinds.items() if kind == "controllable_load"]
    if not plants or not callers:
        return None
    peak = int(sunny.series[plants[0], "power"].idxmax())
    called = sunny.series[callers[0], "called"]
    by_day, otherwise = called.loc[BY_DAY].mean(), called.drop(BY_DAY).mean()
    ours = (
        f"peak in hour {peak}; called load {by_day:,.0f} kW in hours 7-17, "
        f"{otherwise:,.0f} kW otherwise"
    )
    holds = peak in BY_DAY and by_day < otherwise
    return judge_relation("B10", bool(holds), ours, "means over the hours", "B10" in fitted)


@claim("B11", unchanged=OWN_LADDER)
def storage_charges_at_night(windy: DispatchResult, fitted: Collection[str]) -> Judgement | None:
    """VPP5's storage charges at night; the day has three charging periods.

    windy: the schedule of VPP5.
    """
    stores = windy.with_role("store")
    if not stores:
        return None
    charge = windy.series[stores[0], "charge"]
    charging = charge > IDLE * charge.max()
    if not charging.any():
        return judge_relation("B11", False, "never charges", "asked: three charging periods")
    runs = stretches(charging)
    hours = int(charging.sum())
    at_night = charging.loc[AT_NIGHT].sum() > 0.5 * hours
    holds = at_night and 3 in (len(runs), hours)
    reason = (
        "asked: most of the charging hours at night (23-7), and three charging periods; a period "
        "is read as a stretch of hours, one past midnight counted once, or as a single hour: here "
        f"{len(runs)} {'stretch' if len(runs) == 1 else 'stretches'} and {hours} hours"
    )
    ours = f"charges in hours {', '.join(runs)}"
    return judge_relation("B11", bool(holds), ours, reason, "B11" in fitted)


def stretches(flags: pd.Series) -> list[str]:
    """Runs of steps in which a flag is true; the last step of a day is followed by its first.

    >>> stretches(pd.Series([True, True, False, True, False], index=[1, 2, 3, 4, 5]))
    ['1-2', '4']
    >>> stretches(pd.Series([True, True, False, True], index=[1, 2, 3, 4]))
    ['4-2']
    """
    runs: list[list[int]] = []
    for step in flags.index[flags]:
        if runs and step == runs[-1][1] + 1:
            runs[-1][1] = int(step)
        else:
            runs.append([int(step), int(step)])
    goes_on = len(runs) > 1 and runs[0][0] == flags.index[0] and runs[-1][1] == flags.index[-1]
    if goes_on:
        evening, morning = runs.pop(), runs.pop(0)
        runs.append([evening[0], morning[1]])
    return [f"{first}-{last}" if first != last else str(first) for first, last in runs]


# --- the game -------------------------------------------------------------------------------------
@claim("B12", unchanged=OWN_GAME)
def vpp5_sells_to_all_at_night(game: GameResult, fitted: Collection[str]) -> Judgement:
    """At t=2 only VPP5 sells, and it supplies the four others."""
    others = roles_in(game, 2).drop("VPP5")
    supplied = [name for name in others.index if game.trades.loc[2, (name, "VPP5")] > 0]
    holds = sellers_in(game, 2) == ["VPP5"] and len(supplied) == len(others)
    ours = f"{who_sells(game, 2)}; VPP5 supplies {', '.join(supplied) or 'nobody'}"
    return judge_relation("B12", holds, ours, SHAPED, "B12" in fitted)


@claim("B13", unchanged=OWN_GAME)
def vpp1_and_vpp3_sell_at_noon(game: GameResult, fitted: Collection[str]) -> Judgement:
    """At t=12 VPP1 and VPP3 sell."""
    holds = sellers_in(game, 12) == ["VPP1", "VPP3"]
    return judge_relation("B13", holds, who_sells(game, 12), SHAPED, "B13" in fitted)


@claim("B14", unchanged=OWN_GAME)
def all_buy_in_the_evening(game: GameResult, fitted: Collection[str]) -> Judgement:
    """At t=18 all five VPPs buy, and nothing is traded between them."""
    holds = bool((roles_in(game, 18) == "buyer").all())
    return judge_relation("B14", holds, who_sells(game, 18), SHAPED, "B14" in fitted)


@claim("B15", unchanged=OWN_GAME)
def cheapest_is_not_most_chosen(
    compared: pd.DataFrame, fitted: Collection[str], rules: Rules | None = None
) -> Judgement:
    """At t=10, 12, 14 and 16 the seller with the lowest price is not the most chosen one.

    compared: of `choices`, a row per hour with rivals.
    rules: how the game was played, here and below; its own defaults if not given.
    """
    odd = [int(step) for step in compared.index[~compared["same"]]]
    holds = pd.Series({step: step in odd for step in ODD_HOURS})
    others = [str(step) for step in odd if step not in ODD_HOURS]
    reason = (
        "the text names these hours and does not say that there are no others; "
        f"elsewhere: {', '.join(others) or 'nowhere'}; {which_game(rules)}"
    )
    return judge_hours("B15", holds, reason, "B15" in fitted)


@claim("B16", unchanged=OWN_GAME)
def vpp1_is_chosen_at_10(
    game: GameResult, fitted: Collection[str], rules: Rules | None = None
) -> Judgement | None:
    """At t=10 VPP1 is chosen with probability 0.4819."""
    ten = rivals_at_10(game)
    if ten is None:
        return None
    share = ten.loc["VPP1", "surplus"] / ten["surplus"].sum()
    reason = f"{which_game(rules)}; VPP1 has {100 * share:.0f} % of the surplus on offer"
    return judge_number("B16", ten.loc["VPP1", "part"], reason, fitted="B16" in fitted)


@claim("B17", unchanged=OWN_GAME)
def vpp4_is_chosen_at_10(
    game: GameResult, fitted: Collection[str], rules: Rules | None = None
) -> Judgement | None:
    """At t=10 VPP4 is chosen with probability 0.5181."""
    ten = rivals_at_10(game)
    if ten is None:
        return None
    share = ten.loc["VPP4", "surplus"] / ten["surplus"].sum()
    reason = f"{which_game(rules)}; VPP4 has {100 * share:.0f} % of the surplus on offer"
    return judge_number("B17", ten.loc["VPP4", "part"], reason, fitted="B17" in fitted)


@claim("B18", unchanged=OWN_GAME)
def vpp1_is_cheaper_at_10(
    game: GameResult, fitted: Collection[str], rules: Rules | None = None
) -> Judgement | None:
    """At t=10 VPP1's price is below VPP4's although it is chosen less often."""
    ten = rivals_at_10(game)
    if ten is None:
        return None
    one, four = ten.loc["VPP1"], ten.loc["VPP4"]
    holds = one["price"] < four["price"] and one["part"] < four["part"]
    ours = f"{one['price']:.3f} against {four['price']:.3f} yuan/kWh"
    own = dict(zip(game.hours[10].hour.sellers, game.hours[10].hour.reservation, strict=True))
    reason = (
        f"{which_game(rules)}; that VPP1 is chosen less follows from the surpluses that were "
        "fitted to B16 and B17; prices rest on reservation prices that are assumed, "
        f"{own['VPP1']:.2f} against {own['VPP4']:.2f} yuan/kWh"
    )
    return judge_relation("B18", bool(holds), ours, reason, "B18" in fitted)


@claim("B19", unchanged=OWN_GAME)
def probabilities_converge_quickly(
    game: GameResult, rules: Rules | None = None
) -> Judgement | None:
    """At t=3 the probabilities converge quickly to the evolutionary equilibrium."""
    if 3 not in game.hours:
        return None
    three = game.hours[3]
    distance = three.evolution.sub(three.evolution.iloc[-1]).abs().max(axis=1)
    settled = int((distance > SETTLED).sum())
    stable = game.proofs.loc[3, "eigenvalue"] < 0
    holds = len(three.hour.sellers) > 1 and settled < QUICKLY and stable
    reason = (
        "for buyers that start alike and steps below 2 the distance to the end shrinks by the same "
        f"factor each time, whatever the hour; {which_game(rules)}"
    )
    return judge_theorem("B19", bool(holds), f"within 0.001 after {settled} iterations", reason)


@claim("B20", unchanged=OWN_GAME)
def game_saves_carbon_cost(
    scenarios: pd.DataFrame, fitted: Collection[str], rules: Rules | None = None
) -> Judgement:
    """The multiple game lowers the system's carbon cost by 2,434 yuan.

    scenarios: rows carbon and total, a column `saved`.
    """
    saved = float(scenarios.loc["carbon", "saved"])
    return judge_number("B20", saved, against_no_trade(rules), fitted="B20" in fitted)


@claim("B21", unchanged=OWN_GAME)
def game_saves_total_cost(
    scenarios: pd.DataFrame, fitted: Collection[str], rules: Rules | None = None
) -> Judgement:
    """The multiple game lowers the system's total cost by 48,730 yuan."""
    saved = float(scenarios.loc["total", "saved"])
    return judge_number("B21", saved, against_no_trade(rules), fitted="B21" in fitted)


@claim("B28", unchanged=OWN_GAME)
def game_saves_carbon_against_convention(
    conventions: pd.DataFrame, rules: Rules | None = None
) -> Judgement:
    """The multiple game lowers the carbon cost by 2,434 yuan against conventional trading.

    conventions: a row for each way to trade the same left-overs, NO_TRADE and GAME among them;
        columns carbon and total, yuan.
    """
    return against_convention("B28", conventions["carbon"], rules)


@claim("B29", unchanged=OWN_GAME)
def game_saves_cost_against_convention(
    conventions: pd.DataFrame, rules: Rules | None = None
) -> Judgement:
    """The multiple game lowers the total cost by 48,730 yuan against conventional trading."""
    return against_convention("B29", conventions["total"], rules)


def against_no_trade(rules: Rules | None) -> str:
    """How B20 and B21 read scenario 1, and which game they speak of."""
    return f"scenario 1 read as 'no electric energy interaction'; {which_game(rules)}"


def against_convention(number: str, costs: pd.Series, rules: Rules | None) -> Judgement:
    """The verdict on what the game saves against conventional trading; the way whose saving is
    nearest to the printed number counts.

    costs: yuan by way to trade, see `game_saves_carbon_against_convention`.
    """
    saved = costs.drop(index=[NO_TRADE, GAME]) - costs[GAME]
    nearest = (saved - published_value(number)).abs().idxmin()
    alike = saved.max() - saved.min() <= small(costs.abs().max())
    counts = "the saving is the same beside each" if alike else f"the nearest, {nearest}, counts"
    reason = (
        f"scenario 1 read as 'conventional game strategy': {', '.join(saved.index)}; {counts}; "
        f"{which_game(rules)}"
    )
    judgement = judge_number(number, float(saved[nearest]), reason)
    least, most = (f"{round(float(yuan)):,}" for yuan in (saved.min(), saved.max()))
    return replace(judgement, ours=least if alike else f"{least} to {most}")


def which_game(rules: Rules | None) -> str:
    """Which game was played, in words: how much buyers want, and in which order all move.

    >>> which_game(None)
    'game: demand fixed, order anticipating'
    >>> which_game(Rules.of_the_text(satisfaction="log"))
    'game: demand elastic, order text, satisfaction log'
    """
    played = rules or Rules()
    demand = getattr(played, "demand", "fixed")
    order = getattr(played, "order", "anticipating")
    curve = getattr(played, "satisfaction", "quadratic")
    bent = demand == "elastic" and curve != "quadratic"
    return f"game: demand {demand}, order {order}{f', satisfaction {curve}' if bent else ''}"


@claim("B22", unchanged=OWN_GAME)
def buyers_prefer_low_prices(
    compared: pd.DataFrame, game: GameResult, rules: Rules | None = None
) -> Judgement | None:
    """Buyers prefer low prices on the whole; hours in which all rivals ask the same say nothing."""
    if compared.empty:
        return None
    prices = game.prices.loc[compared.index]
    spread = prices.max(axis=1) - prices.min(axis=1)
    differing = spread > ALIKE * prices.abs().max(axis=1)
    prices = prices[differing]
    if prices.empty:
        return None
    mean = prices.mean(axis=1)
    paid = (game.parts.loc[prices.index] * prices).sum(axis=1)
    below = int((mean - paid > ALIKE * mean.abs()).sum())
    same = int(compared.loc[prices.index, "same"].sum())
    ours = f"cheapest most chosen in {same} of {len(prices)} hours whose prices differ"
    reason = (
        f"the price paid lies below the plain mean of offers in {below} hours; {which_game(rules)}"
    )
    return judge_relation("B22", same > 0.5 * len(prices), ours, reason)


@claim("B25", unchanged=OWN_GAME)
def distributed_solution_is_faster(solution_rounds: Mapping[str, int]) -> Judgement | None:
    """The distributed solution greatly accelerates the iteration.

    Judged in exchanges of words, which are the same on every machine, and not in seconds.
    solution_rounds: how many exchanges have to wait for each other over the day, keys "one loop"
        and "distributed".
    """
    if not solution_rounds:
        return None
    apart, together = solution_rounds["one loop"], solution_rounds["distributed"]
    fewer = apart / together
    reason = (
        "'greatly' is read as at most half as many; counted in exchanges, since seconds differ "
        f"from machine to machine: {together:,} in place of {apart:,} wait for each other; all of "
        "it comes from hours side by side, none from the talks of an hour"
    )
    ours = f"{fewer:.1f} times fewer exchanges that wait"
    return judge_relation("B25", fewer >= GREATLY, ours, reason)


@claim("B26", unchanged=OWN_GAME)
def trades_use_more_renewables(renewables: pd.Series) -> Judgement:
    """The multiple game promotes the consumption of new energy.

    renewables: kWh `available`, `spilled alone` and `spilled after trades`, see
        `tables_b.renewables_used`.
    """
    alone, after = renewables["spilled alone"], renewables["spilled after trades"]
    ours = (
        f"{alone:,.0f} kWh spilled alone, {after:,.0f} after trades, "
        f"of {renewables['available']:,.0f}"
    )
    reason = (
        "schedules stand, so trades cannot spill more; whether they use what is spilled is open; "
        "how much is spilled alone rests on VPP1's sale limit, which was chosen with the day"
    )
    holds = after < alone - small(renewables["available"])
    return judge_relation("B26", bool(holds), ours, reason)


@claim("B27", unchanged=OWN_GAME)
def sellers_differ_in_price_and_choice(
    game: GameResult, rules: Rules | None = None
) -> Judgement | None:
    """Each VPP decides different prices for each period; the probabilities differ too."""
    rivals = game.prices.index[game.prices.notna().sum(axis=1) > 1]
    if rivals.empty:
        return None
    holds = pd.Series(
        {
            step: differ(game.prices.loc[step].dropna()) and differ(game.parts.loc[step].dropna())
            for step in rivals
        }
    )
    reason = f"asked: rivals differ in price and in probability; {which_game(rules)}"
    return judge_hours("B27", holds, reason)


@claim("B30", unchanged=OWN_GAME)
def trade_raises_every_income(game: GameResult) -> Judgement:
    """The multiple game improves the trading income of the VPPs."""
    gains = game.table["gain"]
    least = gains.idxmin()
    ours = f"least gain {gains[least]:,.0f} yuan ({least}), of {gains.sum():,.0f} in all"
    holds = gains.min() > small(game.table["alone"].abs().max())
    reason = (
        "against no trade: nobody sells below or buys above what the grid would pay and ask, so "
        "nobody loses; that each gains asks for one trade of each"
    )
    return judge_theorem("B30", bool(holds), ours, reason)


@claim("B31", unchanged=OWN_GAME)
def trade_takes_pressure_off_the_grid(game: GameResult) -> Judgement:
    """Without trade among the VPPs the main network bears more of the supply."""
    bought = sum(float(table["deficit"].sum()) for table in game.positions.values())
    received = float(game.trades.clip(lower=0).sum().sum())
    ours = (
        f"{100 * received / bought:.0f} % of the purchased energy falls away"
        if bought
        else "no purchase"
    )
    reason = "wherever there is trade: schedules stand, so what a VPP receives it no longer buys"
    return judge_theorem("B31", received > small(bought), ours, reason)


def differ(numbers: pd.Series) -> bool:
    """True if no two of these numbers are alike."""
    gaps = numbers.sort_values().diff().dropna()
    return bool((gaps > ALIKE * numbers.abs().max()).all())


def roles_in(game: GameResult, step: int) -> pd.Series:
    """Who sells, buys or stays out in a step, by VPP."""
    return pd.Series({name: table.loc[step, "role"] for name, table in game.positions.items()})


def sellers_in(game: GameResult, step: int) -> list[str]:
    """The VPPs that sell in a step."""
    roles = roles_in(game, step)
    return list(roles.index[roles == "seller"])


def who_sells(game: GameResult, step: int) -> str:
    """The sellers of a step in words."""
    return f"sellers {', '.join(sellers_in(game, step)) or 'none'}"


def rivals_at_10(game: GameResult) -> pd.DataFrame | None:
    """Price, probability and surplus of the sellers at t=10; None if VPP1 and VPP4 are not rivals
    then.
    """
    if 10 not in game.hours or not {"VPP1", "VPP4"} <= set(game.hours[10].prices.index):
        return None
    ten = game.hours[10]
    surplus = pd.Series(ten.hour.surplus, ten.prices.index)
    return pd.DataFrame({"price": ten.prices, "part": ten.part, "surplus": surplus})
