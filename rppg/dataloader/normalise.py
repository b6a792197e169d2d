"""Normalisation of MSTmap clips: removes absolute levels, keeps the pulse.

Maps are (..., T, N, C) float: T frames, N rows, C channels; six channels are R, G, B, Y, U, V.

    >>> beat = torch.sin(2 * torch.pi * 1.2 * torch.arange(300) / 30)  # 10 s at 72 bpm
    >>> maps = (100 * (1 + 0.01 * beat))[:, None, None].expand(300, 63, 6)
    >>> maps = NORMALISATIONS["ratio"](maps)
    >>> round(maps.max().item(), 1)  # percent of the mean
    1.0

A row with a NaN anywhere in the clip (its regions were not visible) is treated as a constant row:
all of it becomes one uninformative value.  Other rows are not affected, and nothing is
interpolated.
"""

import torch
from torch import Tensor

from rppg.signals.chrominance import SLOW_FRAMES, pulse_colours
from rppg.signals.moments import moving_mean, variance

TIME = -3
SMOOTHED_FRAMES = 3
CONSTANT = 1e-6  # share of a row's largest value: smaller changes are rounding errors
PERCENT = 100.0
LEAST_DEVIATION = 1e-4  # percent of the mean: smaller deviations are rounding errors
RGB, Y = slice(0, 3), 3  # channels
UV = slice(4, 6)  # centred at 128, so that their mean is not a brightness
N_CHANNELS = 6


def minmax(maps: Tensor) -> Tensor:
    """Each row and channel scaled to 0..1 after a moving mean of three frames; 0.5 if constant.

    The first and last frame are means of two frames.  Invariant to gain and offset of every row and
    channel, so the relative strength of the channels is lost.
    Source: Niu et al., ECCV 2020, and their code (which then rounds to 8 bits; this does not).
    """
    _check(maps)
    smooth = _moving_mean(maps)
    low, span, constant = _range(smooth)
    return torch.where(constant, 0.5, (smooth - low) / torch.where(constant, 1.0, span))


def zscore(maps: Tensor) -> Tensor:
    """Each row and channel minus its mean over time, over its standard deviation; 0 if constant.

    Invariant to gain and offset, as minmax, but a single outlier does not set the scale.
    """
    _check(maps)
    return _standardised(maps, _deviation(maps), constant=_range(maps)[2])


def ratio(maps: Tensor) -> Tensor:
    """Each row and channel over its mean in time, minus one, in percent; 0 if constant.

    The first step of POS and CHROM: invariant to the strength of the light, and keeps the ratio of
    the channels' pulses.  With six channels, U and V are divided by the mean of Y.
    Source: Wang et al., "Algorithmic principles of remote PPG", IEEE TBME 2017.
    """
    _check(maps)
    _, _, constant = _range(maps)
    mean = maps.mean(dim=TIME, keepdim=True)  # (..., 1, N, C)
    level = mean.clone()
    if maps.shape[-1] == N_CHANNELS:
        level[..., UV] = mean[..., Y, None]
    empty = constant | (level == 0)  # a black row has no ratio
    return torch.where(empty, 0.0, PERCENT * (maps - mean) / torch.where(empty, 1.0, level))


def chrominance(maps: Tensor) -> Tensor:
    """Six standardised signals per row instead of R, G, B, Y, U, V, without changes slower than
    1.6 s; 0 if constant.

    They are R, G and B over their moving means, their G - B, and the POS and CHROM signals: each
    adds its two projections, weighted by their standard deviations over the clip, which cancels
    changes of brightness.  This enhances the pulse without any learning; without the moving means,
    slow changes of light and motion would dominate the standard deviations.
    Source: POS, Wang et al., "Algorithmic principles of remote PPG", IEEE TBME 2017, whose window
    the 1.6 s are; CHROM, de Haan and Jeanne, "Robust pulse rate from chrominance-based rPPG", IEEE
    TBME 2013.
    """
    _check(maps)
    rgb = maps[..., RGB]
    level = _moving_mean(rgb, SLOW_FRAMES)
    empty = _range(rgb)[2] | ~(level > 0).all(dim=TIME, keepdim=True)  # a black row has no ratio
    change = torch.where(empty, 0.0, PERCENT * (rgb / torch.where(empty, 1.0, level) - 1))
    red, green, blue = change.unbind(-1)  # (..., T, N) each
    signals = [red, green, blue, *pulse_colours(red, green, blue, _sum_of)]
    signals = torch.stack(signals, dim=-1)  # (..., T, N, 6)
    deviation = _deviation(signals)
    return _standardised(signals, deviation, constant=deviation <= LEAST_DEVIATION)


NORMALISATIONS = {"minmax": minmax, "zscore": zscore, "ratio": ratio, "chrominance": chrominance}


def _sum_of(one: Tensor, other: Tensor, sign: int) -> Tensor:
    """A projection (..., T, N) plus or minus the other one, scaled to the same deviation."""
    time = TIME + 1
    scales = [_deviation(p, time) for p in (one, other)]
    return one + sign * scales[0] / scales[1].clamp_min(LEAST_DEVIATION) * other


def _deviation(signals: Tensor, time: int = TIME) -> Tensor:
    return variance(signals, dim=time).sqrt()  # (..., 1, N, C)


def _standardised(signals: Tensor, deviation: Tensor, constant: Tensor) -> Tensor:
    """Each signal of each row (..., T, N, C) minus its mean, over `deviation`; 0 if constant."""
    centred = signals - signals.mean(dim=TIME, keepdim=True)
    return torch.where(constant, 0.0, centred / torch.where(constant, 1.0, deviation))


def _moving_mean(maps: Tensor, n_frames: int = SMOOTHED_FRAMES) -> Tensor:
    """Moving mean over n_frames (odd), over fewer frames at both ends."""
    return moving_mean(maps.movedim(TIME, -1), n_frames).movedim(-1, TIME)


def _range(maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Minimum, span, and whether it is constant, per row and channel, (..., 1, N, C).  A row with a
    NaN counts as constant."""
    low, high = maps.amin(dim=TIME, keepdim=True), maps.amax(dim=TIME, keepdim=True)
    span, largest = high - low, torch.maximum(low.abs(), high.abs())
    return low, span, ~(span > CONSTANT * largest)  # NaN > 0 is False


def _check(maps: Tensor) -> None:
    if maps.ndim < 3 or not maps.is_floating_point() or maps.shape[TIME] < 2:
        found = f"{tuple(maps.shape)} {maps.dtype}"
        raise ValueError(f"expected maps (..., T, N, C) of 2 frames or more, float, found {found}")
