"""The pulse from several regions of a face at once: signature of blood volume, all else suppressed.

    >>> beat = 0.01 * np.sin(2 * np.pi * 1.2 * np.arange(300) / 30)  # 10 s at 72 bpm
    >>> nod = 0.05 * np.sin(2 * np.pi * 1.5 * np.arange(300) / 30)  # and light, as it moves at 90
    >>> shading = np.linspace(-1, 1, 6)[:, None] * np.ones(3)  # (6, 3), another one per region
    >>> rgb = 100 * (1 - beat[:, None, None] * PULSE_SIGNATURE + nod[:, None, None] * shading)
    >>> bvp = multi_region_pbv(rgb, 30.0)
    >>> bool(np.corrcoef(bvp, beat)[0, 1] > 0.99)
    True

Blood changes the colour of all regions at once and by one signature; shading, lamps and a codec
change each region by its own amount, or in other colours.  With R regions there are 3R channels,
and as many disturbances but one can be cancelled, where POS and PBV, of three channels, cancel
one or two.  A region without a pulse would make that of the others a disturbance: see CLEARER.
"""

from dataclasses import dataclass

import numpy as np

from rppg.signals.checks import check_fps, check_three_colours, checked_colours
from rppg.signals.classical import FLAT_RATIO, METHODS, PULSE_SIGNATURE
from rppg.signals.heart_rate import MIN_STRETCH_S, finite_stretches, heart_rate

MULTI_REGION = "MR-PBV"
CLASSICAL = (*METHODS, MULTI_REGION)  # of a video; METHODS do with one colour per frame
WINDOW_S = 10.0  # weights are those of a window; windows overlap by half
BRIDGED_S = 0.5  # gaps of a region up to this long are interpolated
TRENDS_HZ = 0.4  # polynomial degrees per second of a window that are taken out: 4 of 10 s
# Added to the variance of each channel: a share of their mean variance, so that weights stay small,
# and what the pulse of a region may differ by from the signature, or else it is cancelled, too.
LOADING = 1e-3
# The latter relative to the mean colour; a larger one, as where a hand, a mask or hair covers a
# region, is taken if the pulse stands out by so much more (`HeartRate.quality`) with it.
PULSE_SPREADS, CLEARER = (7e-4, 3e-3, 6e-3), 0.2


def multi_region_pbv(rgb: np.ndarray, fps: float) -> np.ndarray:
    """BVP (T,) of mean colours (T, R, 3) of R face regions, with zero mean and unit standard
    deviation per stretch, and the sign of a contact PPG; NaN in gaps.

    PBV (de Haan & van Leest, Physiol. Meas. 35(9), 2014) with 3R channels for 3: in windows of
    10 s, the channels relative to their means, without their slow trend, are N (n, 3R), the weights
    w solve (N'N + loading) w = p, with p the signature of blood volume in every region, and
    y = N w, of unit standard deviation.  That disturbances get channels of their own is the idea of
    discriminative signatures (Wang, den Brinker & de Haan, IEEE TBME 67(5), 2020).

    A frame in which no region has a colour is a gap; stretches of less than 3 s are NaN.  Regions
    that miss more than half a second of a window, are black or do not change are left out of it.
    Raises ValueError for another shape, too few frames per second, and where no stretch, or no
    region of any, is left; TooFewColours for the colours of a grey or tinted video.
    """
    check_fps(fps)
    rgb = np.asarray(rgb)
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype.kind not in "biuf":
        found = f"found shape {rgb.shape} of {rgb.dtype}"
        raise ValueError(f"expected colours of regions (T, R, 3), {found}")
    out = np.full(len(rgb), np.nan)
    for windows in pulse_windows(rgb, fps):
        _add_up(out, windows)
    return out


@dataclass(frozen=True, eq=False)
class PulseWindow:
    """Colours of regions in a window, and what cancels all in them but the signature of blood."""

    part: slice  # of the frames
    channels: np.ndarray  # (n, 3R), relative to their means, without their slow trend
    signature: np.ndarray  # (3R,), of unit length in each region
    weights: np.ndarray  # (3R,): the covariance's inverse times the signature
    inverse: np.ndarray  # (3R, 3R), of the channels' covariance, with what is added to it


def pulse_windows(rgb: np.ndarray, fps: float) -> list[list[PulseWindow]]:
    """For each stretch without a gap of colours (T, R, 3), its windows of 10 s that can be used.

    Raises ValueError, for the first reason, if there is none; stretches without one are left out.
    """
    rgb = np.asarray(rgb, np.float64)
    seen = np.where(np.isfinite(rgb).all(axis=2).any(axis=1), 0.0, np.nan)  # (T,)
    stretches = finite_stretches(seen, int(np.ceil(MIN_STRETCH_S * fps)))
    if not stretches:
        raise ValueError(f"no {MIN_STRETCH_S:g} s without a gap in {len(rgb) / fps:.2f} s")
    found, reasons = [], []
    for start, stop in stretches:
        bridged, windows = _bridged(rgb[start:stop], fps), []
        for part in _parts(stop - start, fps):
            try:
                at = slice(start + part.start, start + part.stop)
                windows.append(_window(at, _usable(bridged[part]), fps))
            except ValueError as error:  # of this window: its neighbours may reach over it
                reasons.append(error)
        found.append(windows)
    if not any(found):
        raise reasons[0]
    return [windows for windows in found if windows]


def _parts(n_frames: int, fps: float) -> list[slice]:
    """Windows of 10 s, or one of all frames, that overlap by half and reach both ends."""
    n = min(n_frames, round(WINDOW_S * fps))
    starts = {*range(0, n_frames - n + 1, max(1, n // 2)), n_frames - n}
    return [slice(start, start + n) for start in sorted(starts)]


def _bridged(rgb: np.ndarray, fps: float) -> np.ndarray:
    """Colours (T, R, 3) with short gaps of a region interpolated; NaN in its others, and where it
    is black."""
    out, frames = np.full(rgb.shape, np.nan), np.arange(len(rgb))
    for region in range(rgb.shape[1]):
        known = np.flatnonzero(
            np.isfinite(rgb[:, region]).all(axis=1) & (rgb[:, region] > 0).all(axis=1)
        )
        if not len(known):
            continue
        after = np.searchsorted(known, frames).clip(1, max(1, len(known) - 1))
        wide = np.diff(known, append=known[-1])[after - 1] > BRIDGED_S * fps + 1
        inside = (frames >= known[0]) & (frames <= known[-1]) & ~wide
        inside[known] = True
        for colour in range(3):
            course = np.interp(frames, known, rgb[known, region, colour])
            out[inside, region, colour] = course[inside]
    return out


def _add_up(out: np.ndarray, windows: list[PulseWindow]) -> None:
    """Put the wave of a stretch into out (T,): those of its windows, by triangular weights."""
    total, weight = np.zeros(len(out)), np.zeros(len(out))
    for one in windows:
        n = len(one.channels)
        shape = np.minimum(np.arange(1, n + 1), np.arange(n, 0, -1))  # (n,), above 0 at both ends
        total[one.part] += shape * _unit(one.channels @ one.weights)
        weight[one.part] += shape
    known = weight > 0
    y = total[known] / weight[known]
    out[known] = -(y - y.mean()) / y.std()


def _usable(rgb: np.ndarray) -> np.ndarray:
    """The regions (n, R', 3) of a window that have a colour in all frames, one that changes."""
    rgb = rgb[:, np.isfinite(rgb).all(axis=(0, 2))]
    if not rgb.shape[1]:
        raise ValueError("no region of the face has a colour in all frames")
    swing, flat = np.ptp(rgb, axis=0), FLAT_RATIO * rgb.max(axis=(0, 2))
    changes = swing.min(axis=1) > flat
    changes = changes if changes.any() else swing.max(axis=1) > flat  # one colour is clipped
    if not changes.any():
        raise ValueError("the colour does not change in any region: no pulse")
    check_three_colours(checked_colours(rgb[:, changes].mean(axis=1)), MULTI_REGION)
    return rgb[:, changes]


def _window(part: slice, rgb: np.ndarray, fps: float) -> PulseWindow:
    """A window of colours (n, R, 3), by the first of PULSE_SPREADS or one that is CLEARER."""
    n, n_regions, _ = rgb.shape
    channels = (rgb / rgb.mean(axis=0) - 1).reshape(n, 3 * n_regions)
    channels = channels - _trend(channels, max(1, round(TRENDS_HZ * n / fps)))
    covariance = channels.T @ channels / n  # (3R, 3R)
    signature = np.tile(PULSE_SIGNATURE, n_regions)
    inverses = [_inverse(covariance, spread) for spread in PULSE_SPREADS]
    weights = [inverse @ signature for inverse in inverses]
    quality = [heart_rate(_unit(channels @ one), fps).quality for one in weights]
    best = int(np.argmax(quality))
    best = best if quality[best] > quality[0] + CLEARER else 0
    return PulseWindow(part, channels, signature, weights[best], inverses[best])


def _inverse(covariance: np.ndarray, spread: float) -> np.ndarray:
    """Of a covariance (C, C) with the loading and what the pulse's regions may differ by."""
    n_channels = len(covariance)
    loading = LOADING * np.trace(covariance) / n_channels + spread**2
    return np.linalg.inv(covariance + loading * np.eye(n_channels))


def _unit(y: np.ndarray) -> np.ndarray:
    return y / max(y.std(), 1e-300)


def _trend(channels: np.ndarray, degree: int) -> np.ndarray:
    """The polynomial of a degree that is nearest to each channel (n, C)."""
    basis = np.polynomial.legendre.legvander(np.linspace(-1, 1, len(channels)), degree)
    basis, _ = np.linalg.qr(basis)
    return basis @ (basis.T @ channels)
