"""Checks of what comes in: frame rates, waves, and colours of one skin trace.

>>> check_fps(5.0)
Traceback (most recent call last):
...
ValueError: 5 frames per second are too few: rates up to 180 bpm need 7 or more
"""

import numpy as np

from rppg.signals.spectrum import HEART_BAND_HZ

MARGIN_FPS = 1.0  # above twice the band's end: rates near half of the frame rate are ambiguous
MAX_FPS = 10_000.0  # a spectrum of finer waves would need gigabytes
SAFE_SIZES = (1e-100, 1e100)  # of waves: their squares are neither 0 nor infinite
GREY_SPREAD = 0.04  # of the strongest course: how much the others differ from it in a grey video
OVEREXPOSED = 254.5  # a channel of 8 bits that is constant from here on is clipped
COLOURS = ("red", "green", "blue")


class TooFewColours(ValueError):
    """One or two colours where a method needs three: GREEN does with one."""


def check_fps(fps: float, high_hz: float = HEART_BAND_HZ[1]) -> None:
    """Raises ValueError unless fps is 1 or more above twice high_hz, and at most 10,000."""
    if not np.isfinite(fps) or fps <= 0:
        raise ValueError(f"expected frames per second above 0, found {fps}")
    if fps < 2 * high_hz + MARGIN_FPS:
        needed = f"rates up to {60 * high_hz:g} bpm need {2 * high_hz + MARGIN_FPS:g} or more"
        raise ValueError(f"{fps:g} frames per second are too few: {needed}")
    if fps > MAX_FPS:
        raise ValueError(f"{fps:g} frames per second, expected {MAX_FPS:g} or fewer: resample it")


def checked_wave(wave: np.ndarray) -> np.ndarray:
    """A wave (T,) as float64, scaled if its squares would be 0 or infinite.

    Raises ValueError for another shape, values that are no real numbers, an infinite value, or no
    finite one.
    """
    wave = np.asarray(wave)
    if wave.ndim != 1:
        raise ValueError(f"expected a wave (T,), found shape {wave.shape}")
    if wave.dtype.kind not in "biuf":
        raise ValueError(f"expected a wave of real numbers, found {wave.dtype}")
    wave = wave.astype(np.float64)
    if n := int(np.isinf(wave).sum()):
        raise ValueError(f"{n} of {len(wave)} values of the wave are infinite")
    if len(wave) and np.isnan(wave).all():
        raise ValueError(f"the wave holds no finite value: all {len(wave)} are NaN")
    return _of_safe_size(wave)


def checked_colours(rgb: np.ndarray) -> np.ndarray:
    """Mean colours (T, 3) as float64, scaled if their squares would be 0 or infinite; NaN marks a
    gap.

    Raises ValueError for another shape or type, no frame, no finite colour, and infinite or
    non-positive ones.
    """
    rgb = np.asarray(rgb)
    if rgb.ndim != 2 or rgb.shape[1] != 3 or rgb.dtype.kind not in "biuf":
        raise ValueError(f"expected colours (T, 3), found shape {rgb.shape} of {rgb.dtype}")
    rgb = rgb.astype(np.float64)
    if n := int(np.isinf(rgb).any(axis=1).sum()):
        raise ValueError(f"the colours of {n} of {len(rgb)} frames are infinite")
    if len(rgb) and np.isnan(rgb).any(axis=1).all():
        raise ValueError(f"no colour in any of {len(rgb)} frames: no skin was found, or all is NaN")
    if n := int((rgb <= 0).any(axis=1).sum()):
        dark = "are black (all 0)" if (rgb[(rgb <= 0).any(axis=1)] == 0).all() else "hold others"
        lowest = np.nanmin(rgb)
        raise ValueError(
            f"colours must be positive; {n} of {len(rgb)} frames {dark}, the lowest is {lowest:g}"
        )
    return _of_safe_size(rgb)


def check_pulse(pulse: np.ndarray, method: str) -> None:
    """Raises TooFewColours unless what a method made of three colours is finite and changes."""
    if not np.isfinite(pulse).all() or np.ptp(pulse) == 0:
        raise TooFewColours(f"{method} finds no pulse: two of the colours are the same: use GREEN")


def check_three_colours(rgb: np.ndarray, method: str) -> None:
    """Raises TooFewColours if the colours (T, 3), finite and positive, are one channel, as of a
    grey or near-infrared video, or one of them is constant, as if clipped.

    One channel: all are multiples of one course up to rounding or, if their levels are equal within
    5 %, up to GREY_SPREAD.  Measured, relative to the strongest course: a grey video differs by 0,
    a pale face in cold and changing light by 0.08; a tinted and compressed one, by up to 0.25, is
    told by its picture (preprocessing/one_channel.py).
    """
    level = rgb.mean(axis=0)
    courses = rgb / level - 1  # (T, 3)
    own = courses.std(axis=0)
    for colour, deviation, value in zip(COLOURS, own, level, strict=True):
        if deviation <= 1e-9:
            clipped = ", overexposed" if value >= OVEREXPOSED else ""
            raise TooFewColours(
                f"{method} needs three different colours; {colour} is constant at {value:.4g}"
                f"{clipped}: use GREEN"
            )
    differ = (courses - courses[:, [1]]).std(axis=0).max()
    grey = level.max() < 1.05 * level.min() and differ < GREY_SPREAD * own.max()
    if grey or differ < min(0.02 * own.max(), 1e-4):
        kind = "grey (R = G = B)" if level.max() < 1.05 * level.min() else "of one tinted channel"
        raise TooFewColours(
            f"{method} needs three different colours; the video is {kind}: use GREEN"
        )


def _of_safe_size(values: np.ndarray) -> np.ndarray:
    """The values, divided by the largest if their squares would be 0 or infinite."""
    largest = np.nanmax(np.abs(values), initial=0)
    if largest == 0 or SAFE_SIZES[0] < largest < SAFE_SIZES[1]:
        return values
    return values / largest
