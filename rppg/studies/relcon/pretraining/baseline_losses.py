"""Losses of the baselines: SimCLR, REBAR and prediction of augmentations.

    >>> a, b = torch.eye(4, 8), torch.eye(4, 8)  # (B, D): two copies of each window, embedded
    >>> round(nt_xent(a, b, temperature=1.0).item(), 4)  # log(e + 6) - 1
    1.1654
    >>> similarity, distance = torch.zeros(4, 5), torch.rand(4, 5)  # (A, c)
    >>> round(hard_positive_loss(similarity, distance).item(), 4)  # log 5
    1.6094
    >>> round(augmentation_loss(torch.zeros(4, 8), torch.ones(4, 8, dtype=torch.bool)).item(), 4)
    0.6931

Pure functions of tensors, each a mean over anchors; called by the steps of objectives.py.
"""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, normalize

from rppg.studies.relcon.models.encoder import at_least_float32


def nt_xent(a: Tensor, b: Tensor, temperature: float = 0.1) -> Tensor:
    """SimCLR's loss of two views a (B, D) and b (B, D) of the same windows, row by row: scalar.

    -log softmax of the cosine of a window's two views, over temperature, among the 2 B - 2 views of
    other windows; mean over both views as the anchor.  Float32 even under autocast.  Raises
    ValueError for other shapes, fewer than 2 windows or a temperature that is not above 0.

    Source: Chen et al., SimCLR, ICML 2020, eq. 1.
    """
    if a.ndim != 2 or a.shape != b.shape or len(a) < 2:
        shapes = f"{tuple(a.shape)} and {tuple(b.shape)}"
        raise ValueError(f"expected two views (B, D) of 2 or more windows, found {shapes}")
    _check_temperature(temperature)
    with torch.autocast(a.device.type, enabled=False):
        both = torch.cat([a, b])  # (2 B, D)
        both = normalize(at_least_float32(both), dim=1)
        similarity = both @ both.T / temperature  # (2 B, 2 B)
    similarity = similarity.fill_diagonal_(-torch.inf)  # exclude self-similarity
    partner = torch.arange(len(both), device=a.device).roll(len(a))  # i + B, around
    return cross_entropy(similarity, partner)


def hard_positive_loss(similarity: Tensor, distance: Tensor, temperature: float = 0.1) -> Tensor:
    """REBAR's loss: an anchor's nearest candidate is its positive, the others its negatives.

    similarity (A, c): cosines of anchors and their candidates; distance (A, c): without gradient;
    ties go to the first.  Mean over anchors of -log softmax of similarity over temperature: log c
    if all are equal.  Raises ValueError for other shapes, a distance that is not finite or a
    temperature that is not above 0.

    Source: Xu et al., REBAR, ICLR 2024, the loss within a subject (alpha = 0, as for activities).
    """
    if similarity.ndim != 2 or similarity.shape != distance.shape or similarity.shape[1] < 2:
        shapes = f"{tuple(similarity.shape)} and {tuple(distance.shape)}"
        raise ValueError(f"expected similarity and distance (A, c) with c > 1, found {shapes}")
    _check_temperature(temperature)
    if not distance.isfinite().all():
        n = int((~distance.isfinite()).sum())
        raise ValueError(f"{n} distances are not finite: train the distance again")
    return cross_entropy(similarity / temperature, distance.argmin(dim=1))


def augmentation_loss(logits: Tensor, applied: Tensor) -> Tensor:
    """Binary cross-entropy of logits (B, 8) for whether each augmentation was applied (B, 8) bool.

    Mean over windows and augmentations: log 2 for logits of 0.  Raises ValueError for shapes that
    differ.

    Source: Saeed et al., IMWUT 2019, multi-task prediction of transformations.
    """
    if logits.ndim != 2 or logits.shape != applied.shape:
        shapes = f"{tuple(logits.shape)} and {tuple(applied.shape)}"
        raise ValueError(f"expected logits and applied of one shape (B, 8), found {shapes}")
    return binary_cross_entropy_with_logits(logits, applied.to(logits.dtype))


def _check_temperature(temperature: float) -> None:
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}, expected above 0")
