"""Where a Spatial-Temporal Transformer looks: attention over the rows of a map, and over regions.

clips (B, T, N, C); row weights (B, N) and region weights (B, 6), each summing to 1 over a clip.

    >>> from rppg.models.st_transformer.net import STTransformer, STTransformerConfig
    >>> model = STTransformer(STTransformerConfig(dim=32, n_loops=2))
    >>> weights = row_attention(model, torch.randn(4, 300, 63, 6))
    >>> weights.shape, round(weights[0].sum().item(), 3)
    (torch.Size([4, 63]), 1.0)

For a figure, `COMBINATIONS` and `REGIONS` of rppg.preprocessing.mstmap say which regions a row holds:

    >>> found = seen_in_map(model, clip, COMBINATIONS, REGIONS)  # doctest: +SKIP
    >>> plot_attention(crop, outlines[id], **found, title=id, origin=origin)  # doctest: +SKIP

It says what is mixed into what, not what the answer hangs on: a row may be looked at by all and
change nothing.  A net that does not tell rows apart gives 1/N to each.  An untrained one need
not be even: on maps normalised by "ratio", single rows had 2.5 times that (by "minmax", 1.01), so
what a net has learned shows beside its untrained copy.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn


def seen_in_map(
    model: nn.Module, clip: Tensor, combinations: np.ndarray, regions: Sequence[str]
) -> dict:
    """What a figure of one clip (1, T, N, C) needs: weights, region to its share of the attention,
    and row_weights (N,).  combinations: (N, R) bool, which regions a row holds."""
    by_row = row_attention(model, clip)  # (1, N)
    shares = region_attention(by_row, combinations)[0].tolist()
    return {"weights": dict(zip(regions, shares, strict=True)), "row_weights": by_row[0]}


@torch.no_grad()
def row_attention(model: nn.Module, clips: Tensor) -> Tensor:
    """How much each row is looked at in the spatial encoders: (B, T, N, C) -> (B, N), float32, CPU.

    The weights softmax(Q K^T / sqrt(d)) of eq. 1, as a mean over the rows that look (the row itself
    among them), heads, frames and loops.  model: an STTransformer, run where it lies and left in
    eval mode.  Raises ValueError for clips that do not fit the model.

    Source: Qian et al., 3rd RePSS, 2024, eq. 1.
    """
    found: list[Tensor] = []
    spatial = model.encoders[::2]
    handles = [e.register_forward_pre_hook(partial(_look, found, len(clips))) for e in spatial]
    device = next(model.parameters()).device
    try:
        model.eval()(clips.to(device))
    finally:
        for handle in handles:
            handle.remove()
    return torch.stack(found).mean(dim=0).cpu()  # (L, B, N) -> (B, N)


def region_attention(row_weights: Tensor, combinations) -> Tensor:
    """Weights of rows (B, N) to weights of their regions (B, 6): a row's weight is shared equally
    by the regions in it.

    combinations: (N, 6) bool, the regions of each row, none of them without one.  Rows that all
    weigh the same give each region 1/6.  Raises ValueError where the shapes do not fit or a row has
    no region.
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


def _look(found: list[Tensor], batch: int, encoder: nn.Module, args: tuple[Tensor, ...]) -> None:
    """Before a spatial encoder runs: what its rows are about to look at, (B, N), onto found."""
    q, k, _ = encoder.attention_inputs(encoder.norm_attention(args[0]))  # (B t, heads, N, d)
    scores = q.float() @ k.float().transpose(-1, -2) / q.shape[-1] ** 0.5
    weights = scores.softmax(dim=-1).mean(dim=(1, 2))  # (B t, heads, N, N) -> (B t, N)
    found.append(weights.unflatten(0, (batch, -1)).mean(dim=1))  # (B, t, N) -> (B, N)
