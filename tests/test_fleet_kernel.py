"""The planned elimination against a dense solver, and the compiled kernel against NumPy."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from vppcore.fleet import batches_of_fleet, drawn, price_newton
from vppcore.fleet import kernel as kernel_room
from vppcore.fleet.elimination import Eliminated, planned
from vppcore.fleet.standard import standard

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed")
WITH_AND_WITHOUT = [pytest.param("1", marks=needs_numba), "0"]


def systems(kind: int):
    batch = list(batches_of_fleet(drawn(9, seed=2)))[kind]
    form = standard(batch)
    plan = planned(form.matrix, -form.trade)
    chance = np.random.default_rng(kind)
    theta = np.exp(chance.normal(size=form.cost.shape))
    theta[chance.random(theta.shape) < 0.05] = 0.0
    right = chance.normal(size=(plan.rows + plan.border, batch.count))
    return form, plan, theta, right


@pytest.mark.parametrize("chosen", WITH_AND_WITHOUT)
@pytest.mark.parametrize("kind", [0, 1])
def test_the_elimination_solves_what_a_dense_solver_solves(monkeypatch, chosen, kind):
    monkeypatch.setenv(kernel_room.VARIABLE, chosen)
    form, plan, theta, right = systems(kind)
    theta = np.maximum(theta, 1e-3)  # so that the dense system has one solution
    done = Eliminated(plan, theta)
    border = np.linspace(-1.0, 1.0, plan.border)
    found = done.backward(done.forward(right), border)
    slope = np.zeros((plan.border, plan.border))
    for k in range(theta.shape[1]):
        rows, trade = form.matrix.toarray(), -form.trade.toarray()
        own = rows @ np.diag(theta[:, k]) @ rows.T
        side = rows @ np.diag(theta[:, k]) @ trade.T
        unknown = np.linalg.lstsq(own, right[: plan.rows, k] - side @ border, rcond=None)[0]
        missed = own @ (found[: plan.rows, k] - unknown)
        assert np.abs(missed).max() <= 1e-9 * np.abs(right[:, k]).max()
        slope += trade @ np.diag(theta[:, k]) @ trade.T
        slope -= side.T @ np.linalg.lstsq(own, side, rcond=None)[0]
    assert done.slope == pytest.approx(slope, abs=1e-9 * np.abs(slope).max())


@needs_numba
@pytest.mark.parametrize("kind", [0, 1])
def test_the_kernel_has_numpy_s_numbers(monkeypatch, kind):
    _, plan, theta, right = systems(kind)
    found = []
    for chosen in ("1", "0"):
        monkeypatch.setenv(kernel_room.VARIABLE, chosen)
        done = Eliminated(plan, theta)
        moved = done.forward(right)
        found.append((done.slope, moved, done.backward(moved, np.ones(plan.border))))
    for ours, theirs in zip(*found, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-7, abs=1e-9 * np.abs(theirs).max())


@needs_numba
def test_a_fleet_has_the_same_optimum_with_and_without_the_kernel(monkeypatch):
    batches = list(batches_of_fleet(drawn(6, seed=3)))
    found = []
    for chosen in ("1", "0"):
        monkeypatch.setenv(kernel_room.VARIABLE, chosen)
        found.append(price_newton(batches))
    assert found[0].upper == pytest.approx(found[1].upper, rel=1e-8)
    assert found[0].lower == pytest.approx(found[1].lower, rel=1e-8)
