"""Batch norm, ELU and, where asked, the mean of each 2 x 2 pixels, as one operation.

What a 3D-CNN spends between its convolutions is memory, not arithmetic.  Three operations in a row
write three tensors and keep two or three for the backward pass; this one goes through the frames
piece by piece, keeps its input alone, and computes the rest again.  Values, gradients and running
statistics are those of the three:

    >>> x, norm = torch.randn(2, 4, 6, 8, 8), nn.BatchNorm3d(4)
    >>> ours = norm_elu(x, norm, halve=True)  # (2, 4, 6, 4, 4)
    >>> plain = nn.functional.avg_pool3d(elu(norm(x)), (1, 2, 2))
    >>> torch.allclose(ours, plain, atol=1e-5)
    True

Tensors are (B, C, T, H, W), channels last in memory (torch.channels_last_3d): inside they are seen
as frames (B T, H, W, C).
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.functional import elu

CPU_VALUES, GPU_VALUES = 2**19, 2**27  # in one piece: on a CPU, what its caches hold


def norm_elu(x: Tensor, norm: nn.BatchNorm3d, halve: bool = False) -> Tensor:
    """ELU(norm(x)), (B, C, T, H, W); with halve=True its means of 2 x 2 pixels (B, C, T, H/2, W/2).

    In training the statistics are the batch's, and the running ones move, as they do when norm is
    called.  H and W are even where they are halved.
    """
    x = x.contiguous(memory_format=torch.channels_last_3d)
    mean, variance = norm.running_mean, norm.running_var
    if norm.training:
        mean, variance = _mean_and_variance(_frames(x.detach()))
        n = x.numel() // x.shape[1]
        norm.num_batches_tracked += 1
        norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), norm.momentum)
        norm.running_var.lerp_((variance * n / (n - 1)).to(norm.running_var.dtype), norm.momentum)
    scale = (variance + norm.eps).rsqrt()
    return _NormElu.apply(x, norm.weight, norm.bias, mean, scale, norm.training, halve)


class _NormElu(Function):
    """mean and scale (C,) are those of x where `of_batch`, and constants otherwise."""

    @staticmethod
    def forward(ctx, x, weight, bias, mean, scale, of_batch, halve):
        ctx.save_for_backward(x, weight, bias, mean, scale)
        ctx.of_batch, ctx.halve = of_batch, halve
        frames = _frames(x)
        n, height, width, channels = frames.shape
        sides = (height // 2, width // 2) if halve else (height, width)
        result = x.new_empty(n, *sides, channels)
        factor, offset = _factor_and_offset(weight, bias, mean, scale)
        for values, out in _pieces(frames, result):
            active = elu(torch.addcmul(offset, values.to(mean.dtype), factor), inplace=True)
            out.copy_(_halved(active) if halve else active)
        return _clips(result, len(x))

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, weight, bias, mean, scale = ctx.saved_tensors
        frames, grad = _frames(x), _frames(grad)
        grad_x = torch.empty_like(frames)  # at first that of the norm's result
        factor, offset = _factor_and_offset(weight, bias, mean, scale)
        sums = torch.zeros(2, len(mean), dtype=torch.float64, device=x.device)
        for values, part, out in _pieces(frames, grad, grad_x):
            values = values.to(mean.dtype)
            slope = torch.addcmul(offset, values, factor).clamp_max_(0).exp_()  # of the ELU
            slope = _times_spread(slope, part) if ctx.halve else slope.mul_(part)
            sums[0] += slope.sum(dim=(0, 1, 2))
            sums[1] += (values - mean).mul_(slope).sum(dim=(0, 1, 2))
            out.copy_(slope)
        sums = sums.to(mean.dtype)
        sums[1] *= scale
        # g -> factor (g - mean(g) - n mean(g n)), n = scale (x - mean); factor g for constants
        level, tilt = sums / (frames.numel() / len(mean)) * (factor if ctx.of_batch else 0)
        tilt = tilt * scale
        for values, out in _pieces(frames, grad_x):
            first = torch.addcmul(mean * tilt - level, out.to(mean.dtype), factor)
            out.copy_(first.addcmul_(values.to(mean.dtype), tilt, value=-1))
        return _clips(grad_x, len(x)), sums[1], sums[0], None, None, None, None


def _mean_and_variance(frames: Tensor) -> tuple[Tensor, Tensor]:
    """(C,) each, of frames (n, H, W, C), at least float32.

    PyTorch's own on a CPU, channels last, adds all values up in float32: at the paper's size (10
    million a channel) its variance was found to be 1.5 % wrong.
    """
    dtype = torch.promote_types(frames.dtype, torch.float32)
    centre = frames[0].to(dtype).mean(dim=(0, 1))
    sums = torch.zeros(2, len(centre), dtype=torch.float64, device=frames.device)
    for (values,) in _pieces(frames):
        values = values.to(dtype) - centre
        sums[0] += values.sum(dim=(0, 1, 2))
        sums[1] += values.square_().sum(dim=(0, 1, 2))
    mean, square = sums / (frames.numel() / len(centre))
    return (centre + mean).to(dtype), (square - mean.square()).to(dtype)


def _factor_and_offset(
    weight: Tensor, bias: Tensor, mean: Tensor, scale: Tensor
) -> tuple[Tensor, Tensor]:
    """(C,) each: the norm is x times the one plus the other."""
    return weight * scale, bias - mean * weight * scale


def _frames(x: Tensor) -> Tensor:
    """(B, C, T, H, W) -> (B T, H, W, C); a view where channels are last in memory."""
    return x.permute(0, 2, 3, 4, 1).flatten(0, 1)


def _clips(frames: Tensor, n_clips: int) -> Tensor:
    """(B T, H, W, C) -> (B, C, T, H, W), a view."""
    return frames.unflatten(0, (n_clips, -1)).permute(0, 4, 1, 2, 3)


def _pieces(*frames: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The tensors (n, ...), some frames at a time."""
    limit = CPU_VALUES if frames[0].device.type == "cpu" else GPU_VALUES
    n_frames = max(1, limit // frames[0][0].numel())
    return zip(*(part.split(n_frames) for part in frames), strict=True)


def _halved(x: Tensor) -> Tensor:
    """(n, H, W, C) -> (n, H/2, W/2, C)."""
    rows = x[:, ::2] + x[:, 1::2]
    return (rows[:, :, ::2] + rows[:, :, 1::2]).mul_(0.25)


def _times_spread(x: Tensor, grad: Tensor) -> Tensor:
    """x (n, H, W, C) times the gradient (n, H/2, W/2, C) of its halves, a quarter to each pixel."""
    by_four = x.unflatten(2, (-1, 2)).unflatten(1, (-1, 2))  # (n, H/2, 2, W/2, 2, C)
    by_four.mul_((grad * 0.25)[:, :, None, :, None])
    return x
