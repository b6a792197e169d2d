"""Attention of a net over the regions of a face, for nets that attend over the rows of a map.

clip (1, T, N, C) of a map; weights of rows (B, N) and regions (B, R), summing to 1.

    >>> region_attention(torch.tensor([[0.5, 0.5]]), [[1, 0], [1, 1]])  # regions of two rows
    tensor([[0.7500, 0.2500]])

For a figure, `COMBINATIONS` and `REGIONS` of rppg.preprocessing.mstmap say which regions a row
combines:

    >>> seen = seen_in_map(net, clip, COMBINATIONS, REGIONS)  # doctest: +SKIP
    >>> plot_attention(crop, outlines[id], **seen, title=id, origin=origin)  # doctest: +SKIP

Attention says what is mixed, not what the prediction depends on.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from rppg.models.protocol import HasRowAttention


def seen_in_map(
    net: HasRowAttention, clip: Tensor, combinations: np.ndarray, regions: Sequence[str]
) -> dict:
    """What a figure of one clip (1, T, N, C) needs: weights, region to its share of the attention,
    and row_weights (N,).  combinations: (N, R) bool, which regions a row combines."""
    by_row = net.row_attention(clip)  # (1, N)
    shares = region_attention(by_row, combinations)[0].tolist()
    return {"weights": dict(zip(regions, shares, strict=True)), "row_weights": by_row[0]}


def region_attention(row_weights: Tensor, combinations) -> Tensor:
    """Weights of rows (B, N) to weights of their regions (B, 6): a row's weight is shared equally
    by the regions in it.

    combinations: (N, 6) bool, the regions of each row, at least one.  Rows of equal weight give
    each region 1/6.  Raises ValueError if the shapes do not fit or a row has no region.
    """
    members = torch.as_tensor(combinations, dtype=row_weights.dtype)  # (N, 6)
    if row_weights.ndim != 2 or members.ndim != 2 or row_weights.shape[1] != len(members):
        found = f"{tuple(row_weights.shape)} and {tuple(members.shape)}"
        raise ValueError(f"expected row weights (B, N) and combinations (N, 6), found {found}")
    size = members.sum(dim=1, keepdim=True)  # (N, 1)
    if (size == 0).any():
        empty = torch.nonzero(size[:, 0] == 0)[:, 0].tolist()
        raise ValueError(f"rows {empty} hold no region, expected one or more in each")
    return row_weights @ (members / size)
