"""Sparsemax: the point of the probability simplex nearest to a row of logits.

logits (..., n) -> weights (..., n): none below 0, each row's sum 1, most of them exactly 0.

    >>> sparsemax(torch.tensor([1.0, 0.75, -3.0])).tolist()
    [0.625, 0.375, 0.0]

weights = max(logits - tau, 0) with tau such that they sum to 1.  Rows are not sorted: Newton's
method increases tau from below, each step with the entries above the current tau as support.  The
support can only shrink, so the method terminates at the exact one.  For a good start it first runs
on the maxima of a few groups of the row: the tau of a subset of a row is never above the row's.

Source: Martins and Astudillo, From Softmax to Sparsemax, ICML 2016, eq. 2-5 and 14; Newton's method
(Michelot's algorithm): Condat, Fast projection onto the simplex and the l1 ball, 2016, section 2.
"""

from itertools import count
from math import inf

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

GROUPS, FIRST_STEPS = 32, 3  # groups of a row, and steps on their maxima for a first tau
SLACK = 1e-6  # more than the rounding error of a first tau, for logits of order 1
BLOCK = 2**18  # logits per chunk, so that they stay in a core's cache


def sparsemax(logits: Tensor) -> Tensor:
    """Sparsemax along the last axis: (..., n) -> (..., n), with its gradient.

    Half precision is computed in float32.  A row with NaN or +inf, or of -inf only, has no nearest
    point and becomes NaN, as with softmax.  Raises ValueError without a last axis or if it is
    empty.
    """
    if not logits.ndim or not logits.shape[-1]:
        raise ValueError(f"expected logits (..., n), n at least 1, found {tuple(logits.shape)}")
    return _Sparsemax.apply(logits.float() if logits.dtype.itemsize < 4 else logits)


class _Sparsemax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits: Tensor) -> Tensor:
        rows = logits.reshape(-1, logits.shape[-1])
        parts = rows.split(max(1, BLOCK // rows.shape[1]))
        projected = [_project(part) for part in parts]
        weights = projected[0] if len(projected) == 1 else torch.cat(projected)  # cat copies
        weights = weights.view(logits.shape)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> Tensor:
        (weights,) = ctx.saved_tensors
        support = weights.sign()  # 1 in the support, 0 elsewhere
        inside = gradient * support
        mean = inside.sum(dim=-1, keepdim=True) / support.sum(dim=-1, keepdim=True)
        return inside.addcmul_(support, mean, value=-1)


def _project(logits: Tensor) -> Tensor:
    """Weights (R, n) of logits (R, n)."""
    n = logits.shape[1]
    if n < 2 * GROUPS:
        top = logits.amax(dim=1, keepdim=True)  # (R, 1)
        return _climb(logits, _below(top - 1, top))
    size = n // GROUPS  # of a group; the remainder is in none
    maxima = logits[:, : size * GROUPS].view(-1, size, GROUPS).amax(dim=1)  # (R, GROUPS)
    top = maxima.amax(dim=1, keepdim=True)  # (R, 1)
    first = _climb(maxima, _below(top - 1, top), FIRST_STEPS)
    tau = top - first.amax(dim=1, keepdim=True)
    return _climb(logits, _below(tau, top))


def _climb(logits: Tensor, tau: Tensor, most: float = inf) -> Tensor:
    """Weights max(logits - tau, 0) (R, n), starting from a tau (R, 1) that is too low, after `most`
    steps or, once no support shrinks any more, at the exact tau."""
    weights = (logits - tau).relu_()
    above = torch.sign(weights)  # 1 above tau, 0 elsewhere
    size = above.sum(dim=1, keepdim=True)  # (R, 1)
    for n_steps in count(1):
        step = weights.sum(dim=1, keepdim=True).sub_(1).div_(size)
        weights.sub_(step.clamp_min_(0)).relu_()  # negative only by rounding
        smaller = torch.sign(weights, out=above).sum(dim=1, keepdim=True)
        if n_steps == most or not (smaller < size).any():
            return weights
        size = smaller


def _below(tau: Tensor, top: Tensor) -> Tensor:
    """tau (R, 1) minus a margin for rounding errors at logits as large as top (R, 1)."""
    return tau - SLACK * (1 + top.abs())
