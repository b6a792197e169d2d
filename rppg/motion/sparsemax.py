"""Sparsemax: the point of the probability simplex that is nearest to a row of logits.

logits (..., n) -> weights (..., n): none below 0, each row's sum 1, most of them exactly 0.

    >>> sparsemax(torch.tensor([1.0, 0.8, -3.0])).tolist()
    [0.6000000238418579, 0.4000000059604645, 0.0]

weights = max(logits - tau, 0) where tau makes the sum 1.  Instead of sorting, tau is climbed to from
below by Newton's method: each step solves for tau as if what is above tau now were the support,
which can only shrink, so that the steps end, at the exact support.  Two things make them few: no
more than the maxima of a few groups of a row already say that tau is at least that of the maxima
alone; and it is at least the row's maximum - 1.

Source: Martins and Astudillo, From Softmax to Sparsemax, ICML 2016, eq. 2-5 and 14; Newton's method
(Michelot's algorithm): Condat, Fast projection onto the simplex and the l1 ball, 2016, section 2.
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

GROUPS = 32  # maxima that tau is first climbed to on
SLACK = 1e-6  # below what rounding may have lifted tau to
SHORT = 2 * GROUPS  # rows up to here: no such start


def sparsemax(logits: Tensor) -> Tensor:
    """Sparsemax along the last axis: (..., n) -> (..., n), with its gradient.

    Raises ValueError where there is no last axis or it is empty, or where a row has no finite
    maximum (NaN, +inf, or -inf alone): such a row has no nearest point.
    """
    if not logits.ndim or not logits.shape[-1]:
        raise ValueError(f"expected logits (..., n), n at least 1, found {tuple(logits.shape)}")
    return _Sparsemax.apply(logits)


class _Sparsemax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits: Tensor) -> Tensor:
        weights = _project(logits)
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
    """Weights (..., n) of logits (..., n)."""
    top = logits.amax(dim=-1, keepdim=True)  # (..., 1)
    if not top.isfinite().all():
        raise ValueError("logits hold rows without a finite maximum: look for NaN or inf before")
    weights = logits - top
    if logits.shape[-1] <= SHORT:
        return _climb(weights.add_(1).relu_())
    whole = logits.shape[-1] // GROUPS * GROUPS
    maxima = weights[..., :whole].unflatten(-1, (-1, GROUPS)).amax(dim=-2)  # (..., GROUPS)
    first = _climb((maxima + 1).relu_())
    tau = -first.amax(dim=-1, keepdim=True) - SLACK  # the greatest of maxima is 0
    return _climb(weights.sub_(tau).relu_())


def _climb(weights: Tensor) -> Tensor:
    """max(z - tau, 0) (..., n), changed in place, of a tau that is too low, to that of the exact tau."""
    size = weights.sign().sum(dim=-1, keepdim=True)  # (..., 1): of what is above tau
    while True:
        step = (weights.sum(dim=-1, keepdim=True) - 1) / size
        weights = weights.sub_(step.clamp_min_(0)).relu_()  # below 0 by rounding only
        smaller = weights.sign().sum(dim=-1, keepdim=True)
        if torch.equal(smaller, size):
            return weights
        size = smaller
