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
one or two.
"""

import numpy as np

from rppg.signals.checks import check_fps, check_three_colours, checked_colours
from rppg.signals.classical import FLAT_RATIO, METHODS, PULSE_SIGNATURE
from rppg.signals.heart_rate import MIN_STRETCH_S, finite_stretches

MULTI_REGION = "MR-PBV"
CLASSICAL = (*METHODS, MULTI_REGION)  # of a video; METHODS do with one colour per frame
WINDOW_S = 10.0  # weights are those of a window; windows overlap by half
TRENDS_HZ = 0.4  # polynomial degrees per second of a window that are taken out: 4 of 10 s
# Added to the variance of each channel: a share of their mean variance, so that weights stay small,
# and what the pulse of a region may differ by from the signature, or else it is cancelled, too.
LOADING, PULSE_SPREAD = 1e-3, 7e-4  # the latter relative to the mean colour


def multi_region_pbv(rgb: np.ndarray, fps: float) -> np.ndarray:
    """BVP (T,) of mean colours (T, R, 3) of R face regions, with zero mean and unit standard
    deviation per stretch, and the sign of a contact PPG; NaN in gaps.

    PBV (de Haan & van Leest, Physiol. Meas. 35(9), 2014) with 3R channels for 3: in windows of
    10 s, the channels relative to their means, without their slow trend, are N (n, 3R), the weights
    w solve (N'N + loading) w = p, with p the signature of blood volume in every region, and
    y = N w / (p'w).  That disturbances get channels of their own is the idea of discriminative
    signatures (Wang, den Brinker & de Haan, IEEE TBME 67(5), 2020).

    A frame in which no region has a colour is a gap; stretches of less than 3 s are NaN.  Regions
    that miss frames of a stretch, are black or do not change are left out of it.
    Raises ValueError for another shape, too few frames per second, and where no stretch, or no
    region of one, is left; TooFewColours for the colours of a grey or tinted video.
    """
    check_fps(fps)
    rgb = np.asarray(rgb, dtype=np.float64)
    if rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(f"expected colours of regions (T, R, 3), found shape {rgb.shape}")
    seen = np.where(np.isfinite(rgb).all(axis=2).any(axis=1), 0.0, np.nan)  # (T,)
    stretches = finite_stretches(seen, int(np.ceil(MIN_STRETCH_S * fps)))
    if not stretches:
        raise ValueError(f"no {MIN_STRETCH_S:g} s without a gap in {len(rgb) / fps:.2f} s")
    out = np.full(len(rgb), np.nan)
    for start, stop in stretches:
        y = _of_stretch(_usable(rgb[start:stop]), fps)
        out[start:stop] = -(y - y.mean()) / y.std()
    return out


def _usable(rgb: np.ndarray) -> np.ndarray:
    """The regions (T, R', 3) of a stretch that have a colour in all frames, one that changes."""
    known = np.isfinite(rgb).all(axis=(0, 2)) & (np.nan_to_num(rgb) > 0).all(axis=(0, 2))
    if not known.any():
        raise ValueError("no region of the face has a colour in all frames")
    rgb = rgb[:, known]
    changes = np.ptp(rgb, axis=0).max(axis=1) > FLAT_RATIO * rgb.max(axis=(0, 2))
    if not changes.any():
        raise ValueError("the colour does not change in any region: no pulse")
    rgb = rgb[:, changes]
    whole = checked_colours(rgb.mean(axis=1))
    check_three_colours(whole, MULTI_REGION)
    return rgb


def _of_stretch(rgb: np.ndarray, fps: float) -> np.ndarray:
    """The weighted sum (T,) of channels (T, R, 3), windows added up by triangular weights."""
    n_frames = len(rgb)
    n = min(n_frames, round(WINDOW_S * fps))
    starts = np.unique([*range(0, n_frames - n + 1, max(1, n // 2)), n_frames - n])
    shape = np.minimum(np.arange(1, n + 1), np.arange(n, 0, -1))  # (n,), above 0 at both ends
    total, weight = np.zeros(n_frames), np.zeros(n_frames)
    for start in starts:
        total[start : start + n] += shape * _of_window(rgb[start : start + n], fps)
        weight[start : start + n] += shape
    return total / weight


def _of_window(rgb: np.ndarray, fps: float) -> np.ndarray:
    """y (n,) of one window (n, R, 3): the pulse of unit signature with minimum other power."""
    n, n_regions, _ = rgb.shape
    channels = (rgb / rgb.mean(axis=0) - 1).reshape(n, 3 * n_regions)
    channels = channels - _trend(channels, max(1, round(TRENDS_HZ * n / fps)))
    covariance = channels.T @ channels / n  # (3R, 3R)
    loading = LOADING * np.trace(covariance) / len(covariance) + PULSE_SPREAD**2
    signature = np.tile(PULSE_SIGNATURE / np.linalg.norm(PULSE_SIGNATURE), n_regions)
    weights = np.linalg.solve(covariance + loading * np.eye(len(covariance)), signature)
    return channels @ weights / (signature @ weights)


def _trend(channels: np.ndarray, degree: int) -> np.ndarray:
    """The polynomial of a degree that is nearest to each channel (n, C)."""
    basis = np.polynomial.legendre.legvander(np.linspace(-1, 1, len(channels)), degree)
    basis, _ = np.linalg.qr(basis)
    return basis @ (basis.T @ channels)
