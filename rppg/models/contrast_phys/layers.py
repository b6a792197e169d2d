"""Layers of PhysNet: a convolution, a batch norm, an ELU; halving pixels or doubling frames.

>>> decoder_layer(4, "transposed")(torch.zeros(1, 4, 10, 8, 8)).shape  # (B, C, T, H, W)
torch.Size([1, 4, 20, 8, 8])

Sources: Yu et al., BMVC 2019 (transposed convolutions); Gideon and Stent, ICCV 2021, section 3.3
(interpolation: 0.2 bpm better on average, without the aliasing of the other).
"""

from torch import Tensor, nn
from torch.nn.functional import interpolate

from rppg.models.contrast_phys.fused_norm_elu import norm_elu

DECODERS = ("interpolate", "transposed")


class Layer(nn.Module):
    """Convolution, batch norm and ELU; with `halve`, then the means of 2 x 2 pixels."""

    def __init__(self, n_in: int, n_out: int, kernel: tuple[int, int, int], halve: bool = False):
        super().__init__()
        padding = tuple(side // 2 for side in kernel)
        self.conv = nn.Conv3d(n_in, n_out, kernel, padding=padding)
        self.norm = nn.BatchNorm3d(n_out)
        self.halve = halve

    def forward(self, x: Tensor) -> Tensor:
        return norm_elu(self.conv(x), self.norm, self.halve)


class TransposedLayer(Layer):
    """A `Layer` that doubles the frames by a transposed convolution, as the first PhysNet."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__(n_in, n_out, (3, 1, 1))
        how = {"kernel_size": (4, 1, 1), "stride": (2, 1, 1), "padding": (1, 0, 0)}
        self.conv = nn.ConvTranspose3d(n_in, n_out, **how)


def decoder_layer(width: int, decoder: str | None) -> Layer:
    """A layer behind frames that are doubled, or that doubles them itself: "transposed"."""
    if decoder == "transposed":
        return TransposedLayer(width, width)
    return Layer(width, width, (3, 1, 1))


def doubled(x: Tensor, decoder: str | None) -> Tensor:
    """(B, C, T, H, W) -> each frame twice, unless the layer behind does it, or (None) nobody."""
    return interpolate(x, scale_factor=(2, 1, 1)) if decoder == "interpolate" else x


def two_layers(n_in: int, n_out: int, halve: bool = True) -> nn.Sequential:
    kernel = (3, 3, 3)
    return nn.Sequential(Layer(n_in, n_out, kernel), Layer(n_out, n_out, kernel, halve))
