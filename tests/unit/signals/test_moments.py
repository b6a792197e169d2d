"""Moving means and variances: those of a loop and of PyTorch, with gradients."""

import pytest
import torch
from torch.nn.functional import avg_pool1d

from rppg.signals.moments import moving_mean, variance


@pytest.mark.parametrize("n_frames", [1, 3, 49])
@pytest.mark.parametrize("n_all", [1, 2, 30, 240])
def test_means_are_those_of_a_loop(n_frames, n_all):
    values = torch.rand(2, n_all, dtype=torch.float64)
    half = n_frames // 2
    expected = [values[:, max(0, t - half) : t + half + 1].mean(dim=1) for t in range(n_all)]
    assert torch.allclose(moving_mean(values, n_frames), torch.stack(expected, dim=1), atol=1e-12)


def test_colours_in_single_precision_are_exact_to_a_millionth():
    colours = 100 + 20 * torch.rand(6, 240)
    pooled = avg_pool1d(colours[:, None].double(), 49, 1, 24, count_include_pad=False)[:, 0]
    assert (moving_mean(colours, 49) - pooled).abs().max() < 1e-4


def test_gradient():
    values = torch.rand(2, 12, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: moving_mean(x, 5), values)


@pytest.mark.parametrize("correction", [0, 1])
@pytest.mark.parametrize("dim", [-1, 0])
def test_variance_is_that_of_pytorch(dim, correction):
    values = 5 + torch.rand(7, 240, dtype=torch.float64)
    expected = values.var(dim=dim, keepdim=True, correction=correction)
    assert torch.allclose(variance(values, dim, correction), expected, atol=1e-12)
