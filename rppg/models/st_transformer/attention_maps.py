"""Where a Spatial-Temporal Transformer attends: the weights of the rows of a map.

clips (B, T, N, C); row weights (B, N), summing to 1 over a clip.

    >>> from rppg.models.st_transformer.net import STTransformer, STTransformerConfig
    >>> model = STTransformer(STTransformerConfig(dim=32, n_loops=2))
    >>> weights = row_attention(model, torch.randn(4, 300, 63, 6))
    >>> weights.shape, round(weights[0].sum().item(), 3)
    (torch.Size([4, 63]), 1.0)

Weights of the six regions of a face: `rppg.inference.region_attention`.

Attention says what is mixed into what, not what the prediction depends on: a row may be attended to
by all and change nothing.  A net that does not tell rows apart gives 1/N to each.  An untrained one
need not be even: on maps normalised by "ratio", single rows had 2.5 times that (by "minmax", 1.01),
so what a net has learned shows in comparison with its untrained copy.
"""

from functools import partial

import torch
from torch import Tensor, nn


@torch.no_grad()
def row_attention(model: nn.Module, clips: Tensor) -> Tensor:
    """Attention that each row receives in spatial encoders: (B, T, N, C) -> (B, N) float32, CPU.

    The weights softmax(Q K^T / sqrt(d)) of eq. 1, as a mean over queries (the row itself among
    them), heads, frames and loops.  model: an STTransformer, run on its own device and left in eval
    mode.  Raises ValueError for clips that do not fit the model.

    Source: Qian et al., 3rd RePSS, 2024, eq. 1.
    """
    weights: list[Tensor] = []
    spatial = model.encoders[::2]
    handles = [e.register_forward_pre_hook(partial(_attend, weights, len(clips))) for e in spatial]
    device = next(model.parameters()).device
    try:
        model.eval()(clips.to(device))
    finally:
        for handle in handles:
            handle.remove()
    return torch.stack(weights).mean(dim=0).cpu()  # (L, B, N) -> (B, N)


def _attend(
    weights: list[Tensor], batch: int, encoder: nn.Module, args: tuple[Tensor, ...]
) -> None:
    """Before a spatial encoder runs: append the attention that its rows will receive, (B, N)."""
    q, k, _ = encoder.attention_inputs(encoder.norm_attention(args[0]))  # (B t, heads, N, d)
    scores = q.float() @ k.float().transpose(-1, -2) / q.shape[-1] ** 0.5
    of_frames = scores.softmax(dim=-1).mean(dim=(1, 2))  # (B t, heads, N, N) -> (B t, N)
    weights.append(of_frames.unflatten(0, (batch, -1)).mean(dim=1))  # (B, t, N) -> (B, N)
