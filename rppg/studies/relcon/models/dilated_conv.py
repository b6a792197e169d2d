"""Dilated convolutional network of the learned distance: features of each sample's neighbourhood.

windows (P, C, T) -> features (P, E, T), each with mean 0 and variance 1 over time.

    >>> net = DilatedNet(n_in=3, width=64, bottleneck=8, kernel=15, layers=2)
    >>> net(torch.randn(2, 3, 256)).shape
    torch.Size([2, 64, 256])

The first convolution is partial: the sum over the visible samples of its kernel, divided by their
share.  Samples beyond a border and masked samples are not visible; without any visible sample the
result is 0.  The other convolutions are zero-padded.

Source: Xu et al., REBAR, ICLR 2024 (the net); Liu et al., ECCV 2018 (partial convolution); code
https://github.com/maxxu05/relcon/blob/aed836f/relcon/nets/CrossAttn/utils/DilatedConv.py.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, gelu, layer_norm, pad


class DilatedNet(nn.Module):
    """(P, C, T) -> (P, E, T).  seen: (P, 1, T) bool, visible samples; None: all.

    kernel: samples, odd.  layers: residual blocks of dilation 1, 2, 4, ...  Raises ValueError for
    an even kernel.
    """

    def __init__(self, n_in: int, width: int, bottleneck: int, kernel: int, layers: int):
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"kernel is {kernel}, expected an odd number of samples")
        self.first = nn.Conv1d(n_in, width, kernel, padding=kernel // 2)
        self.blocks = nn.ModuleList(_Block(width, bottleneck, kernel, 2**i) for i in range(layers))

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        if seen is None:
            seen = torch.ones_like(x[:1, :1])  # (1, 1, T)
        else:
            seen = seen.to(x.dtype)  # (P, 1, T)
            x = x * seen
        first = conv1d(x, self.first.weight, padding=self.first.padding)  # (P, E, T)
        share = self._share(seen)
        first = first / share.clamp_min(0.5 / self.first.kernel_size[0])
        return self.after_first(first + self.first.bias[:, None] * (share > 0))

    def after_first(self, first: Tensor) -> Tensor:
        """The layers after the first convolution, of its output (P, E, T)."""
        x = _normalised(gelu(first))
        for block in self.blocks:
            x = block(x)
        return x

    def first_sums(self, x: Tensor) -> Tensor:
        """First convolution of each channel of a window (C, T) separately, without bias: (C, E, T).

        As it is linear, windows that differ only in their channels' scales share these sums."""
        half = self.first.padding[0]
        around = pad(x, (half, half)).unfold(1, *self.first.kernel_size, 1)  # (C, T, kernel)
        sums = self.first.weight.transpose(0, 1) @ around.transpose(1, 2)  # (C, E, T)
        return sums / self._share(torch.ones_like(x[None, :1]))

    def _share(self, seen: Tensor) -> Tensor:
        """Visible share of the kernel at each sample (P, 1, T), 0-1."""
        kernel = seen.new_ones(1, 1, *self.first.kernel_size)
        return conv1d(seen, kernel, padding=self.first.padding) / kernel.numel()


class _Block(nn.Module):
    """Residual block of (P, E, T): a bottleneck and a dilated convolution."""

    def __init__(self, width: int, bottleneck: int, kernel: int, dilation: int):
        super().__init__()
        self.bottle = nn.Conv1d(width, bottleneck, 1)
        padding = kernel // 2 * dilation
        self.conv = nn.Conv1d(bottleneck, width, kernel, dilation=dilation, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        return _normalised(gelu(self.conv(self.bottle(x)) + x))


def _normalised(x: Tensor) -> Tensor:
    """Instance norm: each channel of each window (P, E, T) over time."""
    return layer_norm(x, x.shape[-1:])
