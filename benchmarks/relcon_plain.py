"""The learned distance written literally after the paper, with one full pass per candidate.

Slow and easy to read: the reference of `benchmarks/relcon.py`.

    ours = MotionDistance(DistanceConfig())
    plain_distances(ours, anchors, candidates)  # (A, T, 3), (K, T, 3) -> (A, K), with ours' weights

A pass covers all anchors at once.  The result equals that of
`rppg.studies.relcon.models.distance`.

Source: Xu et al., RelCon, ICLR 2025, section 3; loops over candidates as in run_one_epoch of
https://github.com/maxxu05/relcon/blob/aed836f/relcon/models/RelCon/RelCon_Model.py; sparsemax by
sorting: Martins and Astudillo, ICML 2016, algorithm 1.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d

from rppg.studies.relcon.models.distance import DistanceConfig, MotionDistance


class PlainDistance(nn.Module):
    """Anchors (P, T, 3), candidates (P, T, 3) -> rebuilt anchors (P, T, 3).  The order of weights
    is that of MotionDistance."""

    def __init__(self, config: DistanceConfig, sparsemax: Callable[[Tensor], Tensor]):
        super().__init__()
        self.gain, self.offset = nn.Parameter(torch.ones(3)), nn.Parameter(torch.zeros(3))
        sizes = (config.width, config.bottleneck, config.kernel, config.layers)
        self.query, self.key, self.value = (plain_net(*sizes) for _ in range(3))
        self.out = nn.Linear(config.width, 3)
        self.sparsemax = sparsemax

    def forward(self, anchors: Tensor, candidates: Tensor) -> Tensor:
        mean = candidates.mean(dim=1, keepdim=True)  # (P, 1, 3)
        std = (candidates.var(dim=1, keepdim=True, unbiased=False) + 1e-5).sqrt()
        query_in = ((anchors - mean) / std * self.gain + self.offset).transpose(1, 2)
        key_in = ((candidates - mean) / std * self.gain + self.offset).transpose(1, 2)
        queries = self.query(query_in).transpose(1, 2)  # (P, T, E)
        keys = self.key(key_in)  # (P, E, T)
        values = self.value(key_in).transpose(1, 2)  # (P, T, E)
        weights = self.sparsemax(queries @ keys / keys.shape[1] ** 0.5)  # (P, T, T)
        rebuilt = self.out(weights @ values)  # (P, T, 3)
        return (rebuilt - self.offset) / self.gain * std + mean


def plain_net(width: int, bottleneck: int, kernel: int, layers: int) -> nn.Sequential:
    """(P, 3, T) -> (P, E, T)."""
    first = [
        PartialConv(3, width, kernel, padding=kernel // 2),
        nn.GELU(),
        nn.InstanceNorm1d(width),
    ]
    return nn.Sequential(
        *first, *(PlainBlock(width, bottleneck, kernel, 2**i) for i in range(layers))
    )


class PartialConv(nn.Conv1d):
    """A partial convolution: sums over fewer samples at the borders are scaled up."""

    def forward(self, x: Tensor) -> Tensor:
        ones = torch.ones_like(x[:1, :1])
        kernel = torch.ones_like(self.weight[:1, :1])
        inside = conv1d(ones, kernel, padding=self.padding)  # (1, 1, T): samples within
        sums = conv1d(x, self.weight, padding=self.padding)
        return sums * (kernel.numel() / inside) + self.bias[:, None]


class PlainBlock(nn.Module):
    """Bottleneck, dilated convolution, residual, GELU, instance norm: (P, E, T) -> same."""

    def __init__(self, width: int, bottleneck: int, kernel: int, dilation: int):
        super().__init__()
        self.bottle = nn.Conv1d(width, bottleneck, 1)
        padding = kernel // 2 * dilation
        self.conv = nn.Conv1d(bottleneck, width, kernel, dilation=dilation, padding=padding)
        self.activation, self.norm = nn.GELU(), nn.InstanceNorm1d(width)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.activation(self.conv(self.bottle(x)) + x))


def sparsemax_by_sorting(logits: Tensor) -> Tensor:
    """(..., n) -> (..., n)."""
    ordered = logits.sort(dim=-1, descending=True).values
    surplus = ordered.cumsum(dim=-1) - 1
    place = torch.arange(1, logits.shape[-1] + 1, device=logits.device)
    size = (place * ordered > surplus).sum(dim=-1, keepdim=True)  # (..., 1)
    tau = surplus.gather(-1, size - 1) / size
    return (logits - tau).clamp(min=0)


@torch.no_grad()
def plain_distances(
    ours: MotionDistance,
    anchors: Tensor,
    candidates: Tensor,
    sparsemax: Callable[[Tensor], Tensor] = sparsemax_by_sorting,
) -> Tensor:
    """Distances (A, K) of anchors (A, T, 3) and candidates (K, T, 3) with the weights of ours,
    which must use sparsemax and candidates' statistics."""
    plain = PlainDistance(ours.config, sparsemax).to(anchors.device).eval()
    for weights, copy in zip(ours.parameters(), plain.parameters(), strict=True):
        copy.copy_(weights)
    distances = []
    for candidate in candidates:
        rebuilt = plain(anchors, candidate.expand_as(anchors))
        distances.append(((rebuilt - anchors) ** 2).sum(dim=(1, 2)))  # (A,)
    return torch.stack(distances, dim=1)
