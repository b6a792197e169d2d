"""Contrast: pull and push against double sums written from the paper, and what they keep."""

from itertools import permutations, product

import pytest
import torch

from rppg.losses.contrast import (
    contrast_loss,
    pull_loss,
    push_loss,
    sample_windows,
    truth_pull_loss,
    truth_push_loss,
)
from rppg.losses.windows import BAND_HZ, wave_windows, window_spectra

FPS = 30.0
ONE_SET = [pull_loss, push_loss, contrast_loss]
TWO_SETS = [truth_pull_loss, truth_push_loss]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def spectra(n_videos=2, n_windows=6, n_freqs=17, seed=0):
    power = torch.rand(n_videos, n_windows, n_freqs, generator=seeded(seed), dtype=torch.float64)
    return power / power.sum(dim=-1, keepdim=True)


def one_hot(*places, n_freqs=17):
    """One video's windows, each with all its power at one place: (N, F)."""
    return torch.nn.functional.one_hot(torch.tensor(places), n_freqs).double()


# Against double sums written from the equations


def squared(one, other):
    return sum((a - b) ** 2 for a, b in zip(one.tolist(), other.tolist(), strict=True))


def unlike(n):
    return [(i, j) for i, j in product(range(n), range(n)) if j != i]


def double_pull(f, g, n):  # eq. 8 of a video with itself, eq. 12 with its truth
    return sum(squared(f[i], g[j]) for i, j in unlike(n)) / (n * (n - 1))


def double_cross(f, g, n):
    return sum(squared(f[i], g[j]) for i, j in product(range(n), range(n))) / n**2


def test_two_videos_give_equations_8_9_10_12_and_13():
    n = 6
    (f, f2), (g, g2) = share, truth = spectra(), spectra(seed=1)
    pull = sum(squared(f[i], f[j]) + squared(f2[i], f2[j]) for i, j in unlike(n))
    pull /= 2 * n * (n - 1)
    push = -double_cross(f, f2, n)
    assert pull_loss(share).item() == pytest.approx(pull, rel=1e-12)
    assert push_loss(share).item() == pytest.approx(push, rel=1e-12)
    assert contrast_loss(share).item() == pytest.approx(pull + push, rel=1e-12)
    truth_pull = sum(squared(f[i], g[j]) + squared(f2[i], g2[j]) for i, j in unlike(n))
    truth_pull /= 2 * n * (n - 1)
    truth_push = -sum(
        squared(f[i], g2[j]) + squared(f2[i], g[j]) for i, j in product(range(n), range(n))
    )
    assert truth_pull_loss(share, truth).item() == pytest.approx(truth_pull, rel=1e-12)
    assert truth_push_loss(share, truth).item() == pytest.approx(truth_push / n**2, rel=1e-12)


@pytest.mark.parametrize(("n_videos", "n_windows"), [(3, 4), (5, 2), (4, 7)])
def test_more_videos_give_the_mean_of_a_loop_over_pairs(n_videos, n_windows):
    n = n_windows
    share, truth = spectra(n_videos, n), spectra(n_videos, n, seed=1)
    pairs = list(permutations(range(n_videos), 2))
    pull = sum(double_pull(f, f, n) for f in share) / n_videos
    push = -sum(double_cross(share[v], share[w], n) for v, w in pairs) / len(pairs)
    truth_pull = sum(double_pull(f, g, n) for f, g in zip(share, truth, strict=True)) / n_videos
    truth_push = -2 * sum(double_cross(share[v], truth[w], n) for v, w in pairs) / len(pairs)
    assert pull_loss(share).item() == pytest.approx(pull, rel=1e-12)
    assert push_loss(share).item() == pytest.approx(push, rel=1e-12)
    assert truth_pull_loss(share, truth).item() == pytest.approx(truth_pull, rel=1e-12)
    assert truth_push_loss(share, truth).item() == pytest.approx(truth_push, rel=1e-12)


def test_a_batch_is_the_mean_over_its_pairs_of_videos():
    share, truth = spectra(5), spectra(5, seed=1)
    pairs = [list(pair) for pair in permutations(range(5), 2)]
    for loss in ONE_SET:
        mean = sum(loss(share[pair]).item() for pair in pairs) / len(pairs)
        assert loss(share).item() == pytest.approx(mean, rel=1e-12)
    for loss in TWO_SETS:
        mean = sum(loss(share[pair], truth[pair]).item() for pair in pairs) / len(pairs)
        assert loss(share, truth).item() == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize("labelled", [[True, False, True, False], [False, True, False, False]])
def test_videos_without_a_truth_are_pushed_away_from_those_of_others(labelled):
    labelled, share = torch.tensor(labelled), spectra(4)
    owners = labelled.nonzero()[:, 0].tolist()
    truth = spectra(len(owners), seed=1)
    pairs = [(v, place) for v in range(4) for place, w in enumerate(owners) if v != w]
    expected = -2 * sum(double_cross(share[v], truth[w], 6) for v, w in pairs) / len(pairs)
    assert truth_push_loss(share, truth, labelled).item() == pytest.approx(expected, rel=1e-12)


# Known values


def test_counts_by_spectra_that_are_one_apart_or_equal():
    two = torch.stack([one_hot(3, 3, 3, 3), one_hot(8, 8, 8, 8)])
    assert pull_loss(two).item() == 0 and push_loss(two).item() == pytest.approx(-2)
    mixed = torch.stack([one_hot(3, 4, 5, 6), one_hot(8, 8, 8, 8)])
    assert pull_loss(mixed).item() == pytest.approx((2 + 0) / 2)  # i = j does not count
    assert truth_pull_loss(mixed, mixed).item() == pytest.approx((2 + 0) / 2)
    assert push_loss(mixed[[0, 0]]).item() == pytest.approx(-2 * 12 / 16)  # here it does
    assert truth_push_loss(two, two).item() == pytest.approx(-4)
    assert truth_push_loss(two, two.flip(0)).item() == pytest.approx(0)


def test_identical_windows_have_no_pull_in_float32():
    share = spectra(3, 1).float().expand(3, 20, 17)
    assert 0 <= pull_loss(share).item() < 1e-12
    assert abs(truth_pull_loss(share, share).item()) < 1e-12
    assert abs(contrast_loss(share[:1].expand(2, 20, 17)).item()) < 1e-12
    close = share + 1e-5 * spectra(3, 20, seed=2).float()
    doubles = sum(double_pull(f, f, 20) for f in close.double()) / 3
    assert pull_loss(close).item() == pytest.approx(doubles, rel=1e-2)  # nothing cancels away


# What every loss keeps


def test_order_of_videos_windows_and_frequencies_does_not_matter():
    share, truth = spectra(4), spectra(4, seed=1)
    videos, freqs = torch.randperm(4, generator=seeded(3)), torch.randperm(17, generator=seeded(4))
    windows = torch.randperm(6, generator=seeded(5))
    for loss in ONE_SET:
        same = pytest.approx(loss(share).item(), rel=1e-12)
        assert loss(share[videos]).item() == same
        assert loss(share[:, windows]).item() == same
        assert loss(share[..., freqs]).item() == same
    for loss in TWO_SETS:
        same = pytest.approx(loss(share, truth).item(), rel=1e-12)
        assert loss(share[videos], truth[videos]).item() == same
        assert loss(share[:, windows], truth[:, windows]).item() == same


@pytest.mark.parametrize("loss", ONE_SET + TWO_SETS)
def test_gradients_of_the_block_are_right(loss):
    block = torch.randn(2, 16, 2, 2, generator=seeded(), dtype=torch.float64, requires_grad=True)
    waves = torch.randn(2, 16, generator=seeded(1), dtype=torch.float64)
    freq_hz, truth = window_spectra(wave_windows(waves, 12, 10, seeded(2)), fps=12)
    assert len(freq_hz) == 4

    def of_block(block):
        _, share = window_spectra(sample_windows(block, 12, 2, seeded(3)), fps=12)
        return loss(share, truth) if loss in TWO_SETS else loss(share)

    assert torch.autograd.gradcheck(of_block, (block,))


def test_gradients_where_only_some_videos_have_a_truth_are_right():
    share, truth = spectra(3, 3, 4).requires_grad_(), spectra(2, 3, 4, seed=1).requires_grad_()
    labelled = torch.tensor([True, False, True])
    push = torch.autograd.gradcheck(lambda f, g: truth_push_loss(f, g, labelled), (share, truth))
    assert push and torch.autograd.gradcheck(pull_loss, (share,))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_block_of_zeros_has_a_finite_loss_and_gradient(dtype):
    block = torch.zeros(2, 300, 2, 2, dtype=dtype, requires_grad=True)
    _, share = window_spectra(sample_windows(block, 150, 4, seeded()), FPS)
    loss = contrast_loss(share) + truth_push_loss(share, spectra(2, 20).to(dtype))
    loss.backward()
    assert loss.dtype == dtype and torch.isfinite(loss) and torch.isfinite(block.grad).all()


def test_spectra_that_do_not_fit_are_errors():
    share = spectra()
    for loss in ONE_SET:
        with pytest.raises(ValueError, match=r"found \(6, 17\)"):
            loss(share[0])
        with pytest.raises(ValueError, match=r"2 or more windows a video, found \(2, 1, 17\)"):
            loss(share[:, :1])
    for loss in (push_loss, contrast_loss):
        with pytest.raises(ValueError, match="found 1 video"):
            loss(share[:1])
    with pytest.raises(ValueError, match=r"found \(2, 6, 17\) and \(2, 5, 17\)"):
        truth_pull_loss(share, share[:, :5])
    with pytest.raises(ValueError, match="2 or more videos, and one F"):
        truth_push_loss(share[:1], share[:1])
    with pytest.raises(ValueError, match="2 or more videos, and one F"):
        truth_push_loss(share, share[..., :1])
    for wrong in ([True, True], [False, False], [True, False, False]):
        with pytest.raises(ValueError, match="expected 1 or more alike in number"):
            truth_push_loss(share, share[: 0 if not any(wrong) else 1], torch.tensor(wrong))


def test_the_band_is_that_of_the_paper():
    assert [round(60 * hz) for hz in BAND_HZ] == [40, 250]
