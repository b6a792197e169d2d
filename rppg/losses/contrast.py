"""Contrast: windows of one video have like spectra, windows of different videos unlike ones.

An ST-rPPG block is (V, T, S, S): V videos, T frames, S x S cells.  Spectra are shares of the power
in 40-250 bpm, (V, N, F): N windows a video, F frequencies.  If videos are played at speeds of their
own, so are these bands (`window_spectra`), and spectra are compared at the frequencies as played.

    >>> from rppg.losses.windows import window_spectra
    >>> times_s = torch.arange(300) / 30
    >>> waves = [torch.sin(2 * torch.pi * freq_hz * times_s) for freq_hz in (1.2, 2.0)]
    >>> block = torch.stack(waves)[..., None, None].expand(2, 300, 2, 2)
    >>> windows = sample_windows(block, 150, 4, torch.Generator().manual_seed(0))
    >>> freq_hz, share = window_spectra(windows, fps=30)
    >>> windows.shape, share.shape, round(pull_loss(share).item(), 3) + 0.0
    (torch.Size([2, 20, 150]), torch.Size([2, 20, 17]), 0.0)
    >>> round(push_loss(share).item(), 2), round(contrast_loss(share).item(), 2)
    (-2.0, -2.0)

Source: eq. 8-10, 12 and 13 of Qian et al., 3rd RePSS, 2024, after Sun and Li, Contrast-Phys+, TPAMI
2024.  ||f_i - f_j||^2 is the sum over frequencies, as the equations have it; the code of the
authors of Contrast-Phys takes the mean, F times less (17 at 150 frames of 30 fps).

No pair is formed: the mean of ||a - b||^2 over all pairs of two sets is the sum of the sets' own
variances and of the squared distance of their means (variances summed over frequencies).  All of it
is centred before it is squared, so that equal windows give zero, not rounding.
"""

import torch
from torch import Tensor

from rppg.losses.windows import random_windows


def sample_windows(
    block: Tensor, n_frames: int, n_windows: int, generator: torch.Generator
) -> Tensor:
    """Random windows of each position of the block and of the positions' mean.

    block: (V, T, S, S) -> (V, (S * S + 1) * n_windows, n_frames): n_windows of each cell, row by
    row of cells, then those of the mean.  Every start from 0 to T - n_frames is as likely, drawn on
    the generator's device (any) for each window alone.  Raises ValueError for other shapes or
    counts.
    """
    if block.ndim != 4 or block.shape[2] != block.shape[3]:
        raise ValueError(f"expected a block (V, T, S, S), found {tuple(block.shape)}")
    return random_windows(cells_and_mean(block), n_frames, n_windows, generator)


def cells_and_mean(block: Tensor) -> Tensor:
    """Waves (V, S * S + 1, T) of each cell of the block (V, T, S, S), then of their mean."""
    cells = block.flatten(2).transpose(1, 2)  # (V, S * S, T)
    return torch.cat([cells, cells.mean(dim=1, keepdim=True)], dim=1)


def pull_loss(share: Tensor) -> Tensor:
    """L_pos, eq. 8: ||f_i - f_j||^2, mean over the ordered pairs i != j of a video's windows, mean
    over videos: 0 (all alike) to 2.

    share: (V, N, F).  Raises ValueError for other shapes, or fewer than 2 windows a video.
    """
    _check_share(share)
    return 2 * share.var(dim=1).sum(dim=-1).mean()


def push_loss(share: Tensor) -> Tensor:
    """L_neg, eq. 9: minus ||f_i - f'_j||^2, mean over all windows i and j of the ordered pairs of
    different videos: 0 (all alike) to -2.

    share: (V, N, F).  Two videos give the paper's value.  Raises ValueError for other shapes, or
    fewer than 2 videos.
    """
    _check_share(share)
    if len(share) < 2:
        raise ValueError("found 1 video, expected 2 or more: there is nothing to push away")
    own, means = _variance(share), share.mean(dim=1)  # (V,), (V, F)
    return -2 * (own.mean() + means.var(dim=0).sum())


def contrast_loss(share: Tensor) -> Tensor:
    """L_ctr, eq. 10: pull and push of the windows' spectra (V, N, F), V and N of 2 or more."""
    return pull_loss(share) + push_loss(share)


def truth_pull_loss(share: Tensor, truth: Tensor) -> Tensor:
    """Eq. 12: ||f_i - g_j||^2, mean over i != j and over videos: 0 to 2.

    share, truth: (V, N, F), of windows of predicted and ground-truth BVPs of the same videos.
    Raises ValueError for other shapes, or fewer than 2 windows a video.
    """
    _check_share(share)
    if share.shape != truth.shape:
        found = f"{tuple(share.shape)} and {tuple(truth.shape)}"
        raise ValueError(f"expected spectra and truth of one shape (V, N, F), found {found}")
    n_windows = share.shape[1]
    means = (share.mean(dim=1) - truth.mean(dim=1)).square().sum(dim=-1)  # (V,)
    every = _variance(share) + _variance(truth) + means  # (V,): mean over all i and j
    equal = (share - truth).square().sum(dim=(1, 2)) / n_windows  # (V,): mean over i = j
    return ((n_windows * every - equal) / (n_windows - 1)).mean()


def truth_push_loss(share: Tensor, truth: Tensor, labelled: Tensor | None = None) -> Tensor:
    """Eq. 13: minus twice ||f_i - g_j||^2, mean over all windows i of a video and j of the
    ground-truth BVP of another: 0 to -4.

    Twice, as eq. 13 divides the sum of two such means by N^2 where eq. 8, 9 and 12 take the mean.

    share: (V, N, F), of all videos; truth: (L, M, F), of the L videos that have a ground-truth
    BVP, in their order; labelled: (V,) bool, which those are (None: all, L = V).  A video without
    one is pushed away from those of the others.  Raises ValueError if shapes and counts do not fit,
    or there are fewer than 2 videos, or no ground-truth BVP.
    """
    _check_share(share)
    _check_share(truth)
    if labelled is None:
        labelled = torch.ones(len(share), dtype=torch.bool, device=share.device)
    owners = labelled.nonzero()[:, 0]  # (L,)
    if labelled.shape != share.shape[:1] or len(owners) != len(truth) or not len(truth):
        found = f"{len(truth)} truths, {len(owners)} labelled of {tuple(labelled.shape)}"
        raise ValueError(f"{found}, expected 1 or more alike in number, labelled ({len(share)},)")
    if len(share) < 2 or share.shape[2] != truth.shape[2]:
        found = f"{tuple(share.shape)} and {tuple(truth.shape)}"
        raise ValueError(f"expected 2 or more videos, and one F for both, found {found}")
    between = share.mean(dim=1)[:, None] - truth.mean(dim=1)  # (V, L, F)
    pairs = _variance(share)[:, None] + _variance(truth) + between.square().sum(dim=-1)  # (V, L)
    other = owners != torch.arange(len(share), device=share.device)[:, None]  # (V, L)
    return -2 * pairs[other].mean()


def _variance(share: Tensor) -> Tensor:
    """Mean squared distance of a video's spectra (V, N, F) from their mean: (V,)."""
    return share.var(dim=1, correction=0).sum(dim=-1)


def _check_share(share: Tensor) -> None:
    if share.ndim != 3 or share.shape[1] < 2:
        found = tuple(share.shape)
        raise ValueError(f"expected spectra (V, N, F) of 2 or more windows a video, found {found}")
