"""RelCon's loss in loops: after its equation, and in the way of the released code.

Slow and easy to read: the reference of `benchmarks/relcon.py`.  similarity and distance are (A, K),
A anchors with K candidates each.  Candidates at equal distances are each other's negatives in the
second variant only.

    loss = double_loop(similarity, distance, temperature=0.1)

Source: Xu et al., RelCon, ICLR 2025; https://github.com/maxxu05/relcon (RelCon_Model) for the
second.
"""

import torch
from torch import Tensor


def double_loop(similarity: Tensor, distance: Tensor, temperature: float) -> Tensor:
    """Each candidate of each anchor against the farther candidates."""
    losses = []
    for s, d in zip(similarity / temperature, distance, strict=True):
        for i in range(len(s)):
            losses.append(torch.cat([s[i : i + 1], s[d > d[i]]]).logsumexp(dim=0) - s[i])
    return torch.stack(losses).sum() / len(similarity)


def anchor_by_anchor(similarity: Tensor, distance: Tensor, temperature: float) -> Tensor:
    """Each anchor's candidates by decreasing distance, with cumulative sums of exponentials."""
    losses = []
    for s, d in zip(similarity / temperature, distance, strict=True):
        falling = s[d.argsort(descending=True)]
        losses.append((falling.exp().cumsum(dim=0).log() - falling)[1:].sum())
    return torch.stack(losses).mean()
