"""Zero-phase Butterworth band-pass, as scipy.signal's `butter` and `sosfiltfilt` give it.

    >>> wave = np.sin(2 * np.pi * 1.2 * np.arange(900) / 30)  # 72 bpm
    >>> slow = 5 * np.sin(2 * np.pi * 0.05 * np.arange(900) / 30)
    >>> bool(np.abs(bandpass(wave + slow, fps=30) - wave)[90:-90].max() < 0.15)
    True

scipy.signal takes longer to import than `rppg predict` needs for the rest of a short video, so the
filter is written out: its poles by the bilinear transform, its recursion as a banded triangular
system, which LAPACK solves.  A test holds both equal.
"""

import numpy as np

from rppg.signals.checks import check_fps
from rppg.signals.spectrum import HEART_BAND_HZ

REAL = 1e-9  # imaginary part below which a pole of the prototype is real


def bandpass(
    wave: np.ndarray, fps: float, band_hz: tuple[float, float] = HEART_BAND_HZ, order: int = 1
) -> np.ndarray:
    """Zero-phase Butterworth band-pass along the last axis; wave (..., T), finite.

    Both ends are reflected by 3 filter lengths, as in SciPy's filtfilt, or less for short waves.
    Raises ValueError if fps is not above twice the band's end by 1 or more (see `check_fps`), or
    the wave has a gap.
    """
    wave = np.asarray(wave, dtype=np.float64)
    check_fps(fps, band_hz[1])
    if not np.isfinite(wave).all():
        raise ValueError(f"{np.sum(~np.isfinite(wave))} of {wave.size} values are not finite")
    n_frames = wave.shape[-1]
    n = min(3 * (2 * order + 1), n_frames - 1)
    rows = wave.reshape(-1, n_frames).T  # (T, n waves)
    first, last = 2 * rows[:1] - rows[n:0:-1], 2 * rows[-1:] - rows[-2 : -n - 2 : -1]
    padded = np.concatenate([first, rows, last])
    sections = _sections(fps, band_hz, order)
    both = _filtered(_filtered(padded, sections)[::-1], sections)[::-1]
    return both[n : n + n_frames].T.reshape(wave.shape)


def _sections(
    fps: float, band_hz: tuple[float, float], order: int
) -> list[tuple[float, float, float]]:
    """(gain, a1, a2) of each section gain (1 - z^-2) / (1 + a1 z^-1 + a2 z^-2) of the filter."""
    low, high = np.tan(np.pi * np.asarray(band_hz) / fps)  # warped as the bilinear transform does
    prototype = np.exp(1j * np.pi * (2 * np.arange(order) + order + 1) / (2 * order))
    sections = []
    for pole in prototype[prototype.imag > -REAL]:  # the others are their conjugates
        middle = pole * (high - low) / 2
        apart = np.sqrt(middle**2 - low * high)
        if abs(pole.imag) < REAL:
            sections.append(_section(middle + apart, middle - apart, high - low))
        else:
            pair = (middle + apart, middle - apart)
            sections += [_section(one, one.conjugate(), high - low) for one in pair]
    return sections


def _section(one: complex, other: complex, width: float) -> tuple[float, float, float]:
    """The section of two analogue poles, which are real or each other's conjugate."""
    z_one, z_other = (1 + one) / (1 - one), (1 + other) / (1 - other)
    gain = width / ((1 - one) * (1 - other))
    return gain.real, -(z_one + z_other).real, (z_one * z_other).real


def _filtered(rows: np.ndarray, sections: list[tuple[float, float, float]]) -> np.ndarray:
    """Columns of rows (T, n) through all sections, which had settled on the first value."""
    from scipy.linalg.lapack import dtbtrs  # see `rppg.utils.import_ahead`

    rows = rows - rows[:1]  # the band holds no 0 Hz: a settled filter is one at rest
    for gain, a1, a2 in sections:
        driven = gain * rows
        driven[2:] -= gain * rows[:-2]
        system = np.repeat([[1.0], [a1], [a2]], len(rows), axis=1)  # row k of the output minus ...
        rows, _ = dtbtrs(system, driven, uplo="L", diag="U")
    return rows
