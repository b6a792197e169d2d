"""The IMU encoder: accelerometer windows in, one embedding per window out.

Windows are (B, T, 3) in g, not standardised, since gravity and the strength of a movement carry
information.  A 1-D ResNet without its widest stage; each residual block is BN, ReLU, convolution,
twice, plus its input (through a 1 x 1 convolution if the width changes):

    start   convolution of 7, stride 2; BN, ReLU; max pooling of 3, stride 2        64 x 62
    blocks  3 of 64 features and kernel 3, 4 of 128 and 4, 6 of 256 and 4          256 x 62
    pool    mean over time                                                         256

    >>> net = MotionNet(EncoderConfig(widths=(8, 16), blocks=(1, 1), kernels=(3, 4), n_outputs=6))
    >>> windows_g = torch.randn(5, 256, 3)
    >>> net(windows_g).shape, net(windows_g, headed=True).shape
    (torch.Size([5, 16]), torch.Size([5, 6]))

Source: Xu et al., RelCon, ICLR 2025; the sizes are those of the released configuration
(https://github.com/maxxu05/relcon).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

N_AXES = 3
LEAST_SAMPLES = 16  # of a window, which is halved twice
START_KERNEL, START_POOL, START_STRIDE = 7, 3, 2


@dataclass(frozen=True)
class EncoderConfig:
    """The defaults are the paper's.  Raises ValueError for invalid values."""

    widths: tuple[int, ...] = (64, 128, 256)  # features of each stage; the last is D
    blocks: tuple[int, ...] = (3, 4, 6)  # residual blocks of each stage
    kernels: tuple[int, ...] = (3, 4, 4)  # of each stage's convolutions, in samples
    head_hidden: int = 0  # features between the head's two layers; 0: one layer
    n_outputs: int = 0  # of the head; 0: no head

    def __post_init__(self):
        stages = ("widths", "blocks", "kernels")
        for name in stages:
            object.__setattr__(self, name, tuple(getattr(self, name)))  # JSON makes them lists
            if min(getattr(self, name), default=0) < 1:
                value = getattr(self, name)
                raise ValueError(f"{name} is {value}, expected a number of 1 or more per stage")
        if len({len(getattr(self, name)) for name in stages}) != 1:
            given = ", ".join(f"{name} {getattr(self, name)}" for name in stages)
            raise ValueError(f"found {given}, expected the same number of stages in each")
        for name in ("head_hidden", "n_outputs"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 0 or more")
        if self.head_hidden and not self.n_outputs:
            raise ValueError(f"head_hidden is {self.head_hidden} without a head: set n_outputs")


class MotionNet(nn.Module):
    """(B, T, 3) in g -> embeddings (B, D); with headed=True head outputs (B, n_outputs).

    T is LEAST_SAMPLES or more.  Both are float32 even under autocast.  Raises ValueError for
    another shape, and with headed=True if the config has no head.
    """

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.config = config
        self.encoder = Encoder(config.widths, config.blocks, config.kernels)
        self.head = _head(config) if config.n_outputs else None

    def forward(self, windows: Tensor, headed: bool = False) -> Tensor:
        embeddings = self.encoder(windows)  # (B, D)
        if not headed:
            return embeddings
        if self.head is None:
            raise ValueError("this encoder has no head: build it with n_outputs of 1 or more")
        with torch.autocast(embeddings.device.type, enabled=False):
            return self.head(embeddings)  # (B, n_outputs)


class Encoder(nn.Module):
    """(B, T, 3) -> (B, D), D the last of the widths.  ValueError for another shape."""

    def __init__(self, widths: tuple, blocks: tuple, kernels: tuple):
        super().__init__()
        self.start = nn.Sequential(
            nn.Conv1d(N_AXES, widths[0], START_KERNEL, START_STRIDE),
            nn.BatchNorm1d(widths[0]),
            nn.ReLU(inplace=True),
            nn.MaxPool1d(START_POOL, START_STRIDE),
        )
        stages = zip(widths, blocks, kernels, strict=True)
        shapes = [(width, kernel) for width, n_blocks, kernel in stages for _ in range(n_blocks)]
        n_in = [widths[0], *(width for width, _ in shapes)]
        self.blocks = nn.Sequential(*(Block(n_in[k], *shapes[k]) for k in range(len(shapes))))

    def forward(self, windows: Tensor) -> Tensor:
        if windows.ndim != 3 or windows.shape[2] != N_AXES or windows.shape[1] < LEAST_SAMPLES:
            expected = f"(B, T, {N_AXES}) with T of {LEAST_SAMPLES} or more"
            raise ValueError(f"expected windows {expected}, found {tuple(windows.shape)}")
        x = self.start(windows.transpose(1, 2))  # (B, T, 3) -> (B, widths[0], about T / 4)
        x = self.blocks(x)  # (B, D, about T / 4)
        return at_least_float32(x).mean(dim=2)  # (B, D)


class Block(nn.Module):
    """BN, ReLU, convolution, twice, plus the input: (B, n_in, t) -> (B, n_out, t)."""

    def __init__(self, n_in: int, n_out: int, kernel: int):
        super().__init__()
        self.margins = ((kernel - 1) // 2, kernel // 2)  # zero padding that keeps t
        self.norm1, self.conv1 = nn.BatchNorm1d(n_in), nn.Conv1d(n_in, n_out, kernel)
        self.norm2, self.conv2 = nn.BatchNorm1d(n_out), nn.Conv1d(n_out, n_out, kernel)
        self.skip = nn.Identity() if n_in == n_out else nn.Conv1d(n_in, n_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.conv1(pad(self.norm1(x).relu_(), self.margins))
        inner = self.conv2(pad(self.norm2(inner).relu_(), self.margins))
        return self.skip(x) + inner


def _head(config: EncoderConfig) -> nn.Module:
    width, hidden, n_outputs = config.widths[-1], config.head_hidden, config.n_outputs
    if not hidden:
        return nn.Linear(width, n_outputs)
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, n_outputs))


def at_least_float32(values: Tensor) -> Tensor:
    """The values, in float32 if they are in half precision."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
