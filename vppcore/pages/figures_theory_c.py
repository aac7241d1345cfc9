"""Pictures of the theory beyond the papers: a feeder's voltages, and who could leave a coalition.

Each function draws on the Axes that it makes and returns one of them; `Study.keep_picture` keeps
its figure for the chapter. kW, yuan, per unit; a withdrawal is positive where a VPP draws power.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.spatial import ConvexHull

from vppcore.fairness import Values, excesses, players
from vppcore.grid.feeder import Feeder
from vppcore.grid.placement import Placement
from vppcore.grid.power_flow import power_flow
from vppcore.pages.colours import MARKS, STATE_COLOURS, series_colours, vpp_colours
from vppcore.pages.figures import legend_above, panels
from vppcore.pages.pictures import rounded, table_in_words, tell

SHADE = "0.88"  # of what is allowed
QUIET = "0.45"
THOUSAND = 1000
POINTS = 61  # along a curve or an edge of a map
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])  # of a triangle of side 1
ZERO = 1e-9  # of the saving: more than rounding


# --- delivery -------------------------------------------------------------------------------------
def line_of_two_buses(placement: Placement, most: float) -> Axes:
    """Voltage at the bus of one VPP over the power that it draws: by AC power flow and by the
    linear model (above), and how much the linear one is too high (below).

    most: kW drawn, and fed in at the other end.
    """
    ((name, bus),) = placement.buses.items()
    drawn = pd.DataFrame({name: np.linspace(-most, most, POINTS)})
    exact = power_flow(placement, drawn).voltages[bus]
    linear = placement.linear_voltages(drawn)[bus]
    _, (above, below) = panels(2, 1, height=2.3, sharex=True)
    power = drawn[name] / THOUSAND
    above.plot(power, exact, "k-", label="AC power flow")
    above.plot(power, linear, "--", color=QUIET, label="linear model")
    above.set_ylabel("voltage (per unit)")
    legend_above(above)
    below.plot(power, linear - exact, "k-")
    below.set_ylabel("linear less AC\n(per unit)")
    below.set_xlabel("power drawn, left of zero fed in (MW)")
    table = pd.DataFrame({"AC": exact, "linear": linear}).set_axis(power.round(2))
    tell(above, table_in_words(table, "Voltage (per unit) over power (MW)"))
    tell(below, f"The linear model is too high by {rounded((linear - exact).max())} at most.")
    return above


def way_to(feeder: Feeder, bus: int) -> list[int]:
    """The buses on the way from the substation to a bus, both included."""
    before = {far: near for near, far, _ in feeder.outwards()}
    way = [bus]
    while way[-1] != feeder.source:
        way.append(before[way[-1]])
    return way[::-1]


def voltages_along(
    placement: Placement, voltages: Mapping[str, pd.DataFrame], steps: tuple[int, int]
) -> Axes:
    """Voltages on the way to the first VPP's bus, at two steps, one below the other.

    Dashed: the limits. Buses stand where the resistance on the way to them puts them.
    voltages: what is compared -> per unit, a row per step, a column per bus.
    """
    bus = next(iter(placement.buses.values()))
    way = way_to(placement.feeder, bus)
    resistance = dict(
        zip(placement.feeder.buses, np.diag(placement.feeder.sensitivity()[0]), strict=True)
    )
    ohm = [resistance.get(each, 0.0) for each in way]
    colours = series_colours(list(voltages)) | STATE_COLOURS
    _, places = panels(2, 1, height=2.6, sharex=True, sharey=True)
    for step, place in zip(steps, places, strict=True):
        for (name, table), mark in zip(voltages.items(), MARKS, strict=False):
            along = table.loc[step, way]
            options = dict(marker=mark, markersize=3.5, color=colours[name], label=name)
            place.plot(ohm, along, **options)
            tell(place, f"{name}: {along.iloc[-1]:.3f} at bus {bus}.")
        for limit in (placement.low, placement.high):
            place.axhline(limit, color="0.3", linewidth=1, linestyle="--")
        place.set_title(f"step {step}")
        place.set_ylabel("voltage (per unit)")
    legend_above(places[0])
    places[1].set_xlabel(f"resistance on the way to bus {bus} (ohm)")
    return places[0]


def extreme_steps(voltages: pd.DataFrame) -> tuple[int, int]:
    """The steps of the lowest and of the highest voltage."""
    return int(voltages.min(axis=1).idxmin()), int(voltages.max(axis=1).idxmax())


def projection(placement: Placement, wished: pd.DataFrame, granted: pd.DataFrame) -> Axes:
    """What two VPPs wish to withdraw and what the operator grants, in the step in which it takes
    most away; shaded: what keeps all voltages within limits while the others take what they are
    granted.

    wished, granted: kW, a row per step, a column per VPP.
    """
    moved = (granted - wished).abs()
    step = moved.sum(axis=1).idxmax()
    one, other = moved.loc[step].nlargest(2).index
    wish, grant = wished.loc[step, [one, other]], granted.loc[step, [one, other]]
    ends = pd.DataFrame({"wish": wish, "grant": grant})
    reach = 0.4 * ((ends.max(axis=1) - ends.min(axis=1)).max() or ends.abs().max().max())
    edges = [
        np.linspace(ends.loc[name].min() - reach, ends.loc[name].max() + reach, POINTS)
        for name in (one, other)
    ]
    axes = panels(1, 1, height=4.2)[1][0]
    first, second = np.meshgrid(*edges)
    allowed = within_limits(placement, granted.loc[step], {one: first, other: second})
    axes.contourf(first, second, allowed, levels=[0, np.inf], colors=[SHADE])
    if allowed.min() < 0 < allowed.max():
        axes.contour(first, second, allowed, levels=[0], colors=[QUIET], linewidths=1)
    axes.annotate("", grant, wish, arrowprops=dict(arrowstyle="->", color="0.2"))
    axes.plot(*wish, "o", color=STATE_COLOURS["together"], markersize=9, label="wished")
    axes.plot(*grant, "s", color="k", markersize=8, label="granted")
    axes.set_xlabel(f"withdrawal of {one} in step {step} (kW)")
    axes.set_ylabel(f"of {other} (kW)")
    axes.set_aspect("equal")
    legend_above(axes)
    for name in (one, other):
        tell(axes, f"{name} wishes {rounded(wish[name])} kW and is granted {rounded(grant[name])}.")
    return axes


def within_limits(
    placement: Placement, usual: pd.Series, changed: Mapping[str, np.ndarray]
) -> np.ndarray:
    """How far the worst voltage lies within the limits, per unit squared; below 0 outside.

    usual: kW, a withdrawal per VPP. changed: of some of them, arrays of one shape, which is that of
    the result.
    """
    shape = next(iter(changed.values())).shape
    flows = {
        name: np.broadcast_to(changed.get(str(name), usual[name]), shape).ravel()
        for name in placement.buses
    }
    squared = placement.squared_voltage(flows, int(np.prod(shape)))
    low, high = placement.squared_limits()
    return np.minimum(squared - low, high - squared).min(axis=1).reshape(shape)


# --- who could leave ------------------------------------------------------------------------------
def core_of_three(values: Values, gains: pd.DataFrame) -> Axes:
    """All splits of three VPPs' saving as a triangle: at a corner one VPP has everything.

    Shaded is the core; a mark stands for each rule.
    values: what each coalition saves, yuan.
    gains: yuan, a row per VPP, a column per rule.
    """
    names = players(values)
    total = values[tuple(names)]
    axes = panels(1, 1, height=4.6)[1][0]
    axes.fill(*CORNERS.T, facecolor="none", edgecolor="0.3", linewidth=1.2)
    corners = corners_of_the_core(values)
    if len(corners) > 2:
        hull = corners[ConvexHull(corners[:, :2]).vertices] / total @ CORNERS
        axes.fill(*hull.T, color=SHADE, label="core")
    for name, corner, down in zip(names, CORNERS, (-16, -16, 8), strict=True):
        colour = vpp_colours(names)[name]
        axes.plot(*corner, "o", color=colour, markersize=9, clip_on=False)
        words = f"{name} has all"
        axes.annotate(words, corner, (0, down), textcoords="offset points", ha="center")
    for (rule, colour), mark in zip(series_colours(list(gains)).items(), MARKS, strict=False):
        at = gains.loc[names, rule].to_numpy() / total @ CORNERS
        axes.plot(*at, mark, color=colour, markersize=8, markeredgecolor="white", label=rule)
        parts = ", ".join(f"{name} {rounded(gains.loc[name, rule])}" for name in names)
        inside = "in the core" if excesses(values, gains[rule]).max() <= ZERO * total else "outside"
        tell(axes, f"{rule} ({inside}): {parts}.")
    axes.set_aspect("equal")
    axes.margins(x=0.12, y=0.1)
    axes.axis("off")
    legend_above(axes)
    return axes


def corners_of_the_core(values: Values) -> np.ndarray:
    """Corners of the core of three VPPs, yuan `(corners, 3)`; none where it is empty.

    A corner is where two of the conditions x(S) >= v(S) are equations, beside that of all.
    """
    names = players(values)
    total = values[tuple(names)]
    some = [members for members in values if len(members) < len(names)]
    rows = np.array([[name in members for name in names] for members in some], float)
    least = np.array([values[members] for members in some])
    found = []
    for one, other in permutations(range(len(some)), 2):
        matrix = np.array([rows[one], rows[other], np.ones(3)])
        if one < other and abs(np.linalg.det(matrix)) > ZERO:
            corner = np.linalg.solve(matrix, [least[one], least[other], total])
            if (rows @ corner >= least - ZERO * abs(total)).all():
                found.append(corner)
    return np.array(found).reshape(-1, 3)


def excesses_by_rule(values: Values, gains: pd.DataFrame, shown: int = 8) -> Axes:
    """What the coalitions that come nearest to leaving would gain by it, a mark for each rule.

    Right of zero a coalition has a reason to leave.
    gains: yuan, a row per VPP, a column per rule.
    shown: how many coalitions, those of the largest excess by any rule.
    """
    table = pd.DataFrame({rule: excesses(values, gains[rule]) for rule in gains})
    nearest = table.max(axis=1).nlargest(shown).index
    table = table.loc[nearest[::-1]] / THOUSAND
    axes = panels(1, 1, height=0.8 + 0.36 * len(table))[1][0]
    place = np.arange(len(table))
    axes.axvspan(0, max(0.0, 1.15 * float(table.max().max())), color=SHADE)
    axes.axvline(0, color="0.3", linewidth=1)
    for (rule, colour), mark in zip(series_colours(list(table)).items(), MARKS, strict=False):
        options = dict(color=colour, markersize=7, markeredgecolor="white", label=rule)
        axes.plot(table[rule], place, mark, **options)
        worst = table[rule].idxmax()
        tell(
            axes, f"{rule}: largest excess {rounded(THOUSAND * table.loc[worst, rule])} ({worst})."
        )
    axes.set_yticks(place, [str(name).replace("VPP", "") for name in table.index])
    axes.set_ylabel("VPPs of the coalition")
    axes.set_xlabel("excess (1000 yuan): what they would gain by leaving")
    legend_above(axes)
    return axes


def what_each_adds(values: Values) -> Axes:
    """What each VPP adds to those that came before it, a bar for each order of three VPPs; the
    last bar is the mean of all, the Shapley value.
    """
    names = players(values)
    worth = {frozenset(members): value for members, value in values.items()}
    rows = {}
    for order in permutations(names):
        before: frozenset[str] = frozenset()
        added = {}
        for name in order:
            after = before | {name}
            added[name] = worth.get(after, 0.0) - worth.get(before, 0.0)
            before = after
        rows[" ".join(order).replace("VPP", "")] = added
    table = pd.DataFrame(rows).T[names]
    table.loc["mean"] = table.mean()
    axes = panels(1, 1, height=3.2)[1][0]
    left = np.zeros(len(table))
    place = np.arange(len(table))[::-1]
    for name, colour in vpp_colours(names).items():
        width = table[name].to_numpy() / THOUSAND
        axes.barh(place, width, left=left, color=colour, edgecolor="0.35", label=name)
        left = left + width
    axes.set_yticks(place, table.index)
    axes.set_ylabel("order of entering")
    axes.set_xlabel("what each adds (1000 yuan)")
    axes.grid(axis="y", visible=False)
    legend_above(axes)
    tell(axes, table_in_words(table, "Yuan added"))
    return axes


def values_with_limits(free: Values, limited: Values) -> Axes:
    """What coalitions of two and more save without limits of a feeder, and with them."""
    several = [members for members in free if len(members) > 1]
    axes = panels(1, 1, height=3.0)[1][0]
    place = np.arange(len(several))
    looks = (("no limits", free, -0.2, "white"), ("with limits", limited, 0.2, QUIET))
    for label, values, shift, colour in looks:
        height = np.array([values[members] for members in several]) / THOUSAND
        axes.bar(place + shift, height, 0.38, color=colour, edgecolor="0.2", label=label)
        said = zip(several, height, strict=True)
        words = "; ".join(f"{' + '.join(who)} {rounded(THOUSAND * each)}" for who, each in said)
        tell(axes, f"{label}, yuan: {words}.")
    axes.set_xticks(place, [" + ".join(who).replace("VPP", "") for who in several])
    axes.set_xlabel("VPPs of the coalition")
    axes.set_ylabel("saving (1000 yuan)")
    legend_above(axes)
    return axes


# --- real profiles --------------------------------------------------------------------------------
def quarters_and_hours(fine: Mapping[str, pd.Series], step_hours: float) -> Axes:
    """Series in short steps, each with its means over an hour, one below the other.

    fine: label with unit -> one number per short step, kW, from midnight on.
    step_hours: length of a short step, h, which divides an hour.
    """
    each = round(1 / step_hours)
    _, places = panels(len(fine), 1, height=2.3, sharex=True)
    for (label, series), place in zip(fine.items(), places, strict=True):
        power = series.to_numpy() / THOUSAND
        means = power.reshape(-1, each).mean(axis=1)
        edges = step_hours * np.arange(len(power) + 1)
        place.stairs(power, edges, baseline=None, color=QUIET, label="quarters of an hour")
        place.stairs(means, edges[::each], baseline=None, color="k", linewidth=1.6, label="hours")
        place.set_ylabel(label)
        # few ticks: finer ones have longer numbers, which push the label over the edge
        place.locator_params(axis="y", nbins=5)
        apart = np.abs(power - means.repeat(each)).max()
        tell(
            place,
            f"{label}: up to {rounded(power.max())}; from its hour's mean up to {rounded(apart)}.",
        )
    legend_above(places[0])
    places[-1].set_xlabel("hour of the day")
    places[-1].set_xticks(range(0, 25, 3))
    return places[0]
