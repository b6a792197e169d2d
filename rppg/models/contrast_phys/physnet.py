"""PhysNet: face crops in, the predicted BVP of each cell of the face out.

A 3D-CNN with kernels of 3 x 3 pixels and 3 frames.  Its spatial sides shrink to a 16th, its frames
to a 4th and grow back; what is left of the face is averaged into S x S cells, and the head turns
each cell into a BVP.  That is the ST-rPPG block; the BVP of the clip is its spatial mean.
Each layer is a convolution, a batch norm and an ELU:

    start        (1, 5, 5)                         32 x T x 128 x 128
    loop1        halved in space, 2 x (3, 3, 3)    64 x T x 64 x 64
    enc1, enc2   halved in space and time, the same  64 x T/4 x 16 x 16
    loop4        halved in space, the same         64 x T/4 x 8 x 8
    dec1, dec2   doubled in time, (3, 1, 1)        64 x T x 8 x 8
    head         S x S cells, (1, 1, 1)            1 x T x S x S

Crops of fewer than 16 pixels a cell, for small machines, are not halved before loop4.

    >>> model = PhysNet(PhysNetConfig(size=32, width=4))
    >>> model(torch.zeros(2, 30, 32, 32, 3, dtype=torch.uint8)).shape  # as stored -> (B, T)
    torch.Size([2, 30])
    >>> model(torch.zeros(2, 3, 30, 32, 32), whole_block=True).shape  # -> (B, T, S, S)
    torch.Size([2, 30, 2, 2])

Source: Yu et al., BMVC 2019, as changed by Sun & Li, Contrast-Phys, ECCV 2022, section 3.2
(https://github.com/zhaodongsun/contrast-phys/blob/eb33acf/PhysNetModel.py); with S = 1 and 64
pixels it is the net of Gideon & Stent, ICCV 2021.  We differ in what a channel that never changes
becomes: zero, not NaN.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool3d, interpolate, pad

from rppg.datasets.prepared import FPS
from rppg.models.contrast_phys.layers import DECODERS, Layer, decoder_layer, doubled, two_layers
from rppg.signals.chrominance import SLOW_FRAMES, pulse_colours
from rppg.signals.magnification import GAIN, magnified
from rppg.signals.moments import moving_mean, variance

FORMS = (
    *("raw", "difference", "magnified"),
    *("chrominance", "chrominance_difference", "chrominance_magnified"),
)
SHRINK = 16  # how many times smaller the sides are behind the last pool; 8 where pixels are few
PERCENT, MOST_PERCENT = 100.0, 5.0  # a larger change is an edge that moved
DARK = 4.0  # grey levels: of a darker pixel, the change relative to its level is noise
STILL = 1e-3  # grey levels: a channel with a smaller deviation than that does not change


@dataclass(frozen=True)
class PhysNetConfig:
    """The defaults are the paper's.  Raises ValueError for invalid values."""

    size: int = 128  # H = W of the crops
    block: int = 2  # S: cells a side of the ST-rPPG block
    width: int = 32  # features of the first layer; twice as many behind it
    form: str = "raw"  # of the input: as it is; difference: to the next frame (eq. 7); chrominance:
    # what POS and CHROM make of each pixel; chrominance_difference: to the next frame, of that;
    # magnified: as `rppg.signals.magnification`; chrominance_magnified: chrominance of that
    patch: int = 1  # frames averaged into one before the first layer; more are for small machines
    time_pools: int = 2  # how many of enc1 and enc2 halve the frames: what is left of the frame
    # rate must be above twice the highest heart rate
    decoder: str = "interpolate"  # how frames are doubled again; or by "transposed" convolution

    def __post_init__(self):
        for name in ("block", "width", "patch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 1 or more")
        shrink = SHRINK if self.halves_all else SHRINK // 2
        if self.size < shrink * self.block or self.size % shrink:
            least = f"a multiple of {shrink}, {shrink * self.block} or more for block {self.block}"
            raise ValueError(f"size is {self.size}, expected {least}")
        if self.form not in FORMS:
            raise ValueError(f"no form {self.form!r}, expected one of {', '.join(FORMS)}")
        if self.decoder not in DECODERS:
            raise ValueError(f"no decoder {self.decoder!r}, expected one of {', '.join(DECODERS)}")
        if self.time_pools not in (0, 1, 2):
            raise ValueError(f"time_pools is {self.time_pools}, expected 0, 1 or 2")

    @property
    def halves_all(self) -> bool:
        """Whether the crops are halved before loop4, too: not where cells would be lost by it."""
        return self.size >= SHRINK * self.block


class PhysNet(nn.Module):
    """(B, 3, T, H, W) or, as stored, (B, T, H, W, 3); uint8 or float, raw -> BVP (B, T).

    With whole_block=True the block (B, T, S, S) instead, whose spatial mean is the predicted BVP.
    Clips are standardised inside, by channel, over all their pixels and frames.  The BVP is float32
    under autocast, too.  Raises ValueError for a shape that does not fit the config.
    """

    pads_time = True

    def __init__(self, config: PhysNetConfig):
        super().__init__()
        self.config = config
        narrow, wide = config.width, 2 * config.width
        self.start = Layer(3, narrow, (1, 5, 5), halve=True)
        self.loop1 = two_layers(narrow, wide)
        self.enc1 = two_layers(wide, wide)
        self.enc2 = two_layers(wide, wide, config.halves_all)
        self.loop4 = two_layers(wide, wide, halve=False)
        self.doubles = [config.decoder if config.time_pools > n else None for n in (1, 0)]
        self.dec1, self.dec2 = (decoder_layer(wide, decoder) for decoder in self.doubles)
        self.head = nn.Conv3d(wide, 1, 1)

    def forward(self, clips: Tensor, whole_block: bool = False) -> Tensor:
        clips = self._channels_first(clips)  # (B, 3, T, H, W)
        n_frames = clips.shape[2]
        block = self._block(self._prepared(clips))  # (B, t, S, S), t = ceil(T / patch)
        block = _stretched(block, self.config.patch)[:, :n_frames]  # (B, T, S, S)
        return block if whole_block else block.mean(dim=(2, 3))

    def cells(self, clips: Tensor) -> Tensor:
        """The block (B, T, S, S): predicted BVP of each cell of the face."""
        return self(clips, whole_block=True)

    def _channels_first(self, clips: Tensor) -> Tensor:
        side = self.config.size
        least = max(2, 2**self.config.time_pools * self.config.patch)
        if clips.ndim == 5 and clips.shape[2:] == (side, side, 3):
            clips = clips.permute(0, 4, 1, 2, 3)
        if clips.ndim != 5 or clips.shape[1] != 3 or clips.shape[3:] != (side, side):
            text = f"(B, 3, T, {side}, {side}) or (B, T, {side}, {side}, 3)"
            raise ValueError(f"expected clips {text}, found {tuple(clips.shape)}")
        if clips.shape[2] < least:
            raise ValueError(f"clips of {clips.shape[2]} frames, expected {least} or more")
        return clips

    def _prepared(self, clips: Tensor) -> Tensor:
        """What the first layer sees: (B, 3, T, H, W) -> (B, 3, t, H, W), standardised."""
        x = _at_least_float32(clips).contiguous(memory_format=torch.channels_last_3d)
        most_percent = MOST_PERCENT
        if self.config.form.endswith("magnified"):
            x, most_percent = magnified(x, FPS), (1 + GAIN) * MOST_PERCENT
        if self.config.form.startswith("chrominance"):
            x = chrominance(x, most_percent)
        if self.config.form.endswith("difference"):
            x = frame_difference(x)
        x = _averaged(x, self.config.patch)
        x = x - x.mean(dim=(2, 3, 4), keepdim=True)
        variance = x.square().mean(dim=(2, 3, 4), keepdim=True)
        return x / variance.clamp_min(STILL**2).sqrt()

    def _block(self, x: Tensor) -> Tensor:
        """(B, 3, t, H, W) -> (B, t, S, S)."""
        n_pools, block = self.config.time_pools, self.config.block
        x = self.loop1(self.start(x))  # (B, 64, t, H/4, W/4)
        n_all = x.shape[2]
        x = self.enc1(_half_frames(x) if n_pools > 0 else x)  # (B, 64, t/2, H/8, W/8)
        n_half = x.shape[2]
        x = self.enc2(_half_frames(x) if n_pools > 1 else x)  # (B, 64, t/4, H/16, W/16)
        x = self.loop4(x)
        x = self.dec1(doubled(x, self.doubles[0]))  # (B, 64, t/2, H/16, W/16)
        x = self.dec2(doubled(_filled(x, n_half), self.doubles[1]))  # (B, 64, t, H/16, W/16)
        x = adaptive_avg_pool3d(_filled(x, n_all), (None, block, block))
        with torch.autocast(x.device.type, enabled=False):
            return self.head(_at_least_float32(x)).squeeze(1)


def frame_difference(clips: Tensor) -> Tensor:
    """(B, 3, T, H, W) float -> the same: V[t+1] - V[t], the last one repeated (eq. 7)."""
    differences = clips[:, :, 1:] - clips[:, :, :-1]
    return torch.cat([differences, differences[:, :, -1:]], dim=2)


def chrominance(clips: Tensor, most_percent: float = MOST_PERCENT) -> Tensor:
    """(B, 3, T, H, W) float, R, G, B of 0-255 -> the same of G - B, POS and CHROM of each pixel, in
    percent of its moving mean.

    Colours over their own means of 1.6 s, minus one, at most most_percent (what is more is an edge
    that moved; of magnified clips as much more as they are); of these POS and CHROM add two
    projections, weighted by their deviations over the clip, which cancels a change of brightness.
    A pulse is then as large on dark skin as on bright, where the net would first have to find out
    how.
    Source: Wang et al., IEEE TBME 2017; de Haan and Jeanne, IEEE TBME 2013.
    """
    by_time = clips.movedim(2, -1).contiguous()  # (B, 3, H, W, T)
    level = moving_mean(by_time, SLOW_FRAMES).clamp_min(DARK)
    change = (PERCENT * (by_time / level - 1)).clamp(-most_percent, most_percent)
    red, green, blue = change.unbind(1)  # (B, H, W, T) each
    return torch.stack(pulse_colours(red, green, blue, _sum_of), dim=1).movedim(-1, 2)


def _sum_of(one: Tensor, other: Tensor, sign: int) -> Tensor:
    """One projection (..., T) plus or minus the other, which is scaled to its deviation."""
    variances = (variance(projection, dim=-1, correction=1) for projection in (one, other))
    scales = [value.clamp_min(STILL**2).sqrt() for value in variances]
    return one + sign * scales[0] / scales[1] * other  # a root of 0 has no gradient


def _half_frames(x: Tensor) -> Tensor:
    """(B, C, T, H, W) -> (B, C, T // 2, H, W): means of two; a last odd one is dropped."""
    stop = x.shape[2] // 2 * 2
    return (x[:, :, 0:stop:2] + x[:, :, 1:stop:2]) / 2


def _at_least_float32(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _averaged(x: Tensor, patch: int) -> Tensor:
    """(B, 3, T, H, W) -> (B, 3, ceil(T / patch), H, W); the last frame is repeated to fill up."""
    if patch == 1:
        return x
    x = _filled(x, x.shape[2] + -x.shape[2] % patch)
    return x.unflatten(2, (-1, patch)).mean(dim=3)


def _filled(x: Tensor, n_frames: int) -> Tensor:
    """(B, C, T, H, W) -> n_frames; the last one is repeated."""
    missing = n_frames - x.shape[2]
    return pad(x, (0, 0, 0, 0, 0, missing), mode="replicate") if missing else x


def _stretched(block: Tensor, patch: int) -> Tensor:
    """(B, t, S, S) -> (B, t patch, S, S): linear between the patches' middles."""
    if patch == 1:
        return block
    waves = block.flatten(2).transpose(1, 2)  # (B, S S, t)
    waves = interpolate(waves, scale_factor=patch, mode="linear")  # (B, S S, t patch)
    return waves.transpose(1, 2).unflatten(2, block.shape[2:])
