"""Saliency maps that are sparse in space and calm in time.

saliency (B, T, G, G): B clips, T maps of G x G places, each of which sums to 1 (a softmax).

    >>> even = torch.full((2, 10, 8, 8), 1 / 64)
    >>> round(saliency_sparsity(even).item(), 4), saliency_temporal(even).item()  # log(64) / 64
    (0.065, 0.0)

Source: eq. 1 and 2 of Gideon and Stent, ICCV 2021.  Both are divided by the number of places, as
printed; eq. 2 by the T - 1 steps, as printed, where the published code divides by T.
"""

import torch
from torch import Tensor


def saliency_sparsity(saliency: Tensor) -> Tensor:
    """Eq. 1: entropy of the maps (B, T, G, G) over the number of places, mean over maps and clips:
    0 (all on one place) to log(N) / N (even), N = G x G.

    A place without saliency adds 0, with a finite gradient.  Raises ValueError for other shapes.
    """
    _check(saliency)
    least = torch.finfo(saliency.dtype).tiny
    return -(saliency * saliency.clamp_min(least).log()).mean()


def saliency_temporal(saliency: Tensor) -> Tensor:
    """Eq. 2: squared step of a place from map to map, mean over places, steps and clips.

    saliency: (B, T, G, G).  A single map has no step and gives 0.  Raises ValueError for other
    shapes.
    """
    _check(saliency)
    steps = saliency.diff(dim=1)  # (B, T - 1, G, G)
    return steps.square().sum() / max(1, steps.numel())


def _check(saliency: Tensor) -> None:
    if saliency.ndim != 4 or not saliency.numel():
        raise ValueError(f"expected saliency (B, T, G, G), found {tuple(saliency.shape)}")
