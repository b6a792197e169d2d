"""Sparsemax compared with other projections onto the simplex; its gradient."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from rppg.studies.relcon.models.sparsemax import sparsemax

pytestmark = pytest.mark.usefixtures("single_thread")


def by_bisection(logits: np.ndarray) -> np.ndarray:
    """Weights of one row: tau is enclosed until nothing lies between."""
    low, high = logits.max() - 1, logits.max()
    for _ in range(200):
        tau = (low + high) / 2
        low, high = (tau, high) if np.maximum(logits - tau, 0).sum() > 1 else (low, tau)
    return np.maximum(logits - low, 0)


def drawn(*shape: int, scale: float = 1.0, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator, dtype=torch.float64)


def test_is_the_nearest_point_of_the_simplex():
    for row in drawn(5, 6):
        goal = row.numpy()
        found = minimize(
            lambda p, goal=goal: ((p - goal) ** 2).sum(),
            np.full(6, 1 / 6),
            jac=lambda p, goal=goal: 2 * (p - goal),
            bounds=[(0, None)] * 6,
            constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
            options={"ftol": 1e-14},
        )
        assert found.success
        np.testing.assert_allclose(sparsemax(row), found.x, atol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 100, 256, 1000])
@pytest.mark.parametrize("scale", [1e-3, 0.3, 3.0, 100.0])
def test_agrees_with_bisection_for_any_length_and_scale(n, scale):
    logits = drawn(7, n, scale=scale, seed=n)
    expected = np.stack([by_bisection(row) for row in logits.numpy()])
    np.testing.assert_allclose(sparsemax(logits), expected, atol=1e-12)
    np.testing.assert_allclose(sparsemax(logits.float()), expected, atol=2e-5 * max(1, scale))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=150), st.sampled_from([0.25, 1.0, 1e6]))
def test_rows_with_ties_are_projected(whole, scale):
    logits = scale * torch.tensor(whole, dtype=torch.float64)
    np.testing.assert_allclose(sparsemax(logits), by_bisection(logits.numpy()), atol=1e-9)


@pytest.mark.parametrize("offset", [0.0, -1e4, 1e4, 1e8])
def test_a_row_sums_to_1_wherever_it_lies(offset):
    weights = sparsemax(torch.randn(50, 256, generator=torch.Generator().manual_seed(0)) + offset)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(50), atol=2e-5, rtol=0)


def test_equal_logits_share_equally_and_one_far_ahead_takes_all():
    assert sparsemax(torch.zeros(3, 256)).unique().tolist() == [1 / 256]
    ahead = torch.zeros(100)
    ahead[99] = 5.0  # in no group
    assert sparsemax(ahead).tolist() == [0.0] * 99 + [1.0]


def test_rows_do_not_see_each_other_in_any_shape():
    logits = drawn(3, 4, 5, 70, scale=2.0)
    together = sparsemax(logits)
    assert together.shape == logits.shape
    for place in np.ndindex(3, 4, 5):
        torch.testing.assert_close(sparsemax(logits[place]), together[place])
    swapped = sparsemax(logits.transpose(0, 1)).transpose(0, 1)  # not contiguous
    torch.testing.assert_close(swapped, together)
    assert sparsemax(logits[:0]).shape == (0, 4, 5, 70)


def test_blocks_of_rows_change_nothing(monkeypatch):
    logits = drawn(40, 70, scale=2.0)
    together = sparsemax(logits)
    monkeypatch.setattr("rppg.studies.relcon.models.sparsemax.BLOCK", 150)  # two rows at a time
    assert torch.equal(sparsemax(logits), together)


def test_minus_infinity_weighs_nothing_and_the_rest_as_without_it():
    logits = drawn(4, 80)
    hidden = torch.cat([logits, torch.full((4, 20), -torch.inf)], dim=1)[:, torch.randperm(100)]
    weights = sparsemax(hidden)
    assert (weights[hidden.isinf()] == 0).all()
    expected = sparsemax(logits).sort(dim=1).values
    torch.testing.assert_close(weights.sort(dim=1).values[:, 20:], expected)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
@pytest.mark.parametrize("place", [0, 99])
def test_what_is_not_finite_spoils_its_own_row_alone(bad, place):
    logits = drawn(3, 100)
    expected = sparsemax(logits)
    logits[1, place] = bad
    weights = sparsemax(logits)
    assert weights[1].isnan().all()
    torch.testing.assert_close(weights[[0, 2]], expected[[0, 2]])


def test_half_precision_is_computed_in_single():
    logits = drawn(5, 256).bfloat16()
    assert torch.equal(sparsemax(logits), sparsemax(logits.float()))


@pytest.mark.parametrize("n", [9, 70])
def test_gradient(n):
    logits = drawn(3, n, scale=1.5).requires_grad_()
    assert torch.autograd.gradcheck(sparsemax, logits)
    sparsemax(logits)[:, 0].sum().backward()
    torch.testing.assert_close(logits.grad.sum(dim=1), torch.zeros(3, dtype=torch.float64))


@pytest.mark.parametrize("shape", [(), (3, 0)])
def test_without_logits_there_are_no_weights(shape):
    with pytest.raises(ValueError, match="n at least 1"):
        sparsemax(torch.zeros(shape))
