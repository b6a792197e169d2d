"""MSTmap clips to network input: levels and slow light go, the pulse stays.

Maps are (..., T, N, C) float: T frames, N rows, C channels, of which six are R, G, B, Y, U, V.

    >>> beat = torch.sin(2 * torch.pi * 1.2 * torch.arange(300) / 30)  # 10 s at 72 bpm
    >>> maps = (100 * (1 + 0.01 * beat))[:, None, None].expand(300, 63, 6)
    >>> maps = NORMALISATIONS["ratio"](maps)
    >>> round(maps.max().item(), 1)  # percent of the mean
    1.0

A row that is NaN anywhere in the clip (its regions were out of sight) is absent: all of it becomes
what a constant row becomes, one value that says nothing.  No other row is touched by it, and
nothing is interpolated.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool1d

from rppg.signals.chrominance import SLOW_FRAMES, pulse_colours

TIME = -3
SMOOTHED_FRAMES = 3
CONSTANT = 1e-6  # of a row's largest value: a change as small as that is rounding
PERCENT = 100.0
LEAST_DEVIATION = 1e-4  # percent of the mean: less is rounding
RGB, Y = slice(0, 3), 3  # channels
UV = slice(4, 6)  # they lie round 128, so their own mean is no brightness
N_CHANNELS = 6


def minmax(maps: Tensor) -> Tensor:
    """Each row and channel from 0 to 1, after a moving mean of three frames; 0.5 where constant.

    The two end frames are means of the two frames there are.  Independent of gain and offset of
    every row and channel, so how strong channels are beside each other is lost.
    Source: Niu et al., ECCV 2020, and their code (which goes on to 8 bits; this does not).
    """
    _check(maps)
    smooth = _moving_mean(maps)
    low, span, constant = _range(smooth)
    return torch.where(constant, 0.5, (smooth - low) / torch.where(constant, 1.0, span))


def zscore(maps: Tensor) -> Tensor:
    """Each row and channel minus its mean over time, by its deviation; 0 where constant.

    Independent of gain and offset, as minmax, but one outlier does not set the scale.
    """
    _check(maps)
    return _standardised(maps, _deviation(maps), constant=_range(maps)[2])


def ratio(maps: Tensor) -> Tensor:
    """Each row and channel over its mean in time, minus one, in percent; 0 where constant.

    What POS and CHROM begin with: independent of the light's strength, and the ratio of the
    channels' pulses is kept.  Of six channels, U and V are divided by the mean of Y.
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
    """Six signals of each row in place of R, G, B, Y, U, V, without what is slower than 1.6 s, each
    minus its mean over time, by its deviation; 0 where constant.

    They are R, G and B over their moving means, G - B of these, and what POS and CHROM make of
    them: each adds its two projections, weighted by their deviations over the clip, which cancels a
    change of brightness.  The pulse stands out then, where a net would first have to find
    out how; slow light and motion would else decide every deviation.
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
    """One projection (..., T, N) plus or minus the other, which is scaled to its deviation."""
    time = TIME + 1
    scales = [p.std(dim=time, keepdim=True, correction=0) for p in (one, other)]
    return one + sign * scales[0] / scales[1].clamp_min(LEAST_DEVIATION) * other


def _deviation(signals: Tensor) -> Tensor:
    return signals.std(dim=TIME, keepdim=True, correction=0)  # (..., 1, N, C)


def _standardised(signals: Tensor, deviation: Tensor, constant: Tensor) -> Tensor:
    """Each signal of each row (..., T, N, C) minus its mean, by its deviation; 0 where constant."""
    centred = signals - signals.mean(dim=TIME, keepdim=True)
    return torch.where(constant, 0.0, centred / torch.where(constant, 1.0, deviation))


def _moving_mean(maps: Tensor, n_frames: int = SMOOTHED_FRAMES) -> Tensor:
    """Mean of n_frames (odd) round each frame; towards the ends, of those of them there are."""
    by_time = maps.movedim(TIME, -1)  # (..., N, C, T)
    flat = by_time.reshape(-1, 1, by_time.shape[-1])
    means = avg_pool1d(flat, n_frames, stride=1, padding=n_frames // 2, count_include_pad=False)
    return means.view(by_time.shape).movedim(-1, TIME)


def _range(maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Lowest value, span, and whether that is none, of each row and channel (..., 1, N, C).  An
    absent row counts as constant."""
    low, high = maps.amin(dim=TIME, keepdim=True), maps.amax(dim=TIME, keepdim=True)
    span, largest = high - low, torch.maximum(low.abs(), high.abs())
    return low, span, ~(span > CONSTANT * largest)  # NaN > 0 is False


def _check(maps: Tensor) -> None:
    if maps.ndim < 3 or not maps.is_floating_point() or maps.shape[TIME] < 2:
        found = f"{tuple(maps.shape)} {maps.dtype}"
        raise ValueError(f"expected maps (..., T, N, C) of 2 frames or more, float, found {found}")
