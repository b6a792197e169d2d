"""Moving means: those of a loop, and of avg_pool1d, with their gradients."""

import pytest
import torch
from torch.nn.functional import avg_pool1d

from rppg.signals.moving_mean import moving_mean


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
