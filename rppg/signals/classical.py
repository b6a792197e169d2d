"""Seven classical methods: from mean skin colour over time to a BVP; multi_region.py has one more.

rgb is (..., T, 3): mean R, G, B of the skin in each of T frames, positive and without gaps; the
BVP is (..., T), of arbitrary scale, not band-passed (`heart_rate` does that).  Leading axes are
independent traces.  `wave` is the entry point for one trace that may have gaps.

In the formulas C is the trace, m its mean over the window, N = C / m - 1.  Each method keeps the
sign of its paper; `wave` changes it to that of a contact PPG, positive for darker skin.

    >>> t = np.arange(300) / 30
    >>> pulse = np.sin(2 * np.pi * 1.2 * t)
    >>> rgb = np.array([180, 120, 90]) * (1 - 0.02 * pulse[:, None] * np.array([0.33, 0.77, 0.53]))
    >>> bool(np.corrcoef(wave("POS", rgb, fps=30), pulse)[0, 1] > 0.9)
    True
"""

import warnings

import numpy as np

from rppg.signals.bandpass import bandpass
from rppg.signals.checks import (
    OVEREXPOSED,
    check_fps,
    check_pulse,
    check_three_colours,
    checked_colours,
)
from rppg.signals.heart_rate import FLAT_RATIO, MIN_STRETCH_S, finite_stretches

WINDOW_S = 1.6  # CHROM and POS: two beats at 75 bpm
WINDOWS_A_CHUNK = 1024  # POS windows in memory at a time, whatever the length of the trace
CHROM_BAND_HZ = (0.7, 2.5)
ICA_BAND_HZ = (0.7, 2.5)
PULSE_SIGNATURE = np.array([0.33, 0.77, 0.53])  # blood volume in R, G, B (de Haan & van Leest)
DETREND_SMOOTHNESS_AT_30_FPS = 100.0  # passes half of the amplitude at 0.48 Hz


def wave(method: str, rgb: np.ndarray, fps: float) -> np.ndarray:
    """BVP (T,) of one trace rgb (T, 3), with zero mean and unit standard deviation per stretch.

    A frame with a NaN is a gap.  Each stretch of 3 s or more between gaps is processed by itself;
    shorter ones are NaN.

    Raises ValueError for an unknown method, too few frames per second, another shape, colours that
    are not finite or not positive, no stretch of 3 s, a constant colour, or one or two colours only
    where the method needs three.
    """
    if method not in METHODS:
        raise ValueError(f"no method {method!r}, expected one of {', '.join(METHODS)}")
    check_fps(fps)
    rgb = checked_colours(rgb)
    stretches = finite_stretches(rgb.sum(axis=1), min_frames=int(np.ceil(MIN_STRETCH_S * fps)))
    if not stretches:
        what = f"no {MIN_STRETCH_S:g} s without a gap in" if np.isnan(rgb).any() else "too short:"
        needed = f"; at least {MIN_STRETCH_S:g} s are needed"
        raise ValueError(f"{what} {len(rgb) / fps:.2f} s{needed}")
    out = np.full(len(rgb), np.nan)
    for start, stop in stretches:
        piece = rgb[start:stop]
        used = piece[:, 1:2] if method == "GREEN" else piece
        if np.ptp(used, axis=0).max() <= FLAT_RATIO * used.max():
            at = f"{used.max():.4g}{', overexposed' if used.max() >= OVEREXPOSED else ''}"
            where = f"from frame {start} to {stop}"
            raise ValueError(f"the colour does not change {where}, constant at {at}: no pulse")
        if method != "GREEN":
            check_three_colours(piece, method)
        pulse = METHODS[method](piece, fps)
        check_pulse(pulse, method)
        out[start:stop] = SIGNS.get(method, -1) * _standardise(pulse)
    return out


def green(rgb: np.ndarray, fps: float) -> np.ndarray:
    """y = C_G - m_G.  Verkruysse, Svaasand & Nelson, Opt. Express 16(26), 2008."""
    return _centre(rgb[..., 1])


def ica(rgb: np.ndarray, fps: float) -> np.ndarray:
    """Unmix the three channels into independent components; the one with the clearest peak is it.

    Each channel is detrended and z-scored, unmixed by FastICA (seeded), and the component whose
    heart-band spectrum has the largest share of its power in one bin is band-passed 0.7-2.5 Hz,
    order 3.  Poh, McDuff & Picard, Opt. Express 18(10), 2010; detrending and choice by peak as in
    their IEEE TBME 58(1), 2011.  They unmix with JADE.  If FastICA has not converged after 500
    iterations, its last unmixing is used (rotated whitened channels, still usable), so its warning
    is silenced here.  The scale is arbitrary; the sign follows that of green.

    Raises ValueError if the channels are copies of each other, which cannot be unmixed.
    """
    if rgb.ndim > 2:
        return np.stack([ica(one, fps) for one in rgb])
    smoothness = DETREND_SMOOTHNESS_AT_30_FPS * (fps / 30) ** 2
    z = _standardise(detrend(rgb, smoothness), axis=0)  # (T, 3)
    if np.linalg.matrix_rank(z, tol=1e-6 * np.sqrt(z.size)) < 3:
        raise ValueError("ICA needs three different colour channels; some are copies of others")
    components = bandpass(_unmix(z).T, fps, ICA_BAND_HZ, order=3)  # (3, T)
    power = np.abs(np.fft.rfft(components)) ** 2
    pulse = components[(power.max(axis=1) / power.sum(axis=1)).argmax()]
    return pulse * np.where(pulse @ z[:, 1] < 0, -1, 1)


def chrom(rgb: np.ndarray, fps: float) -> np.ndarray:
    """Weighted difference of two colour differences that are insensitive to specular reflection.

    In windows of 1.6 s (even), every half window: C / m, X = 3R - 2G, Y = 1.5R + G - 1.5B, both
    band-passed 0.7-2.5 Hz (order 3), S = X - (std X / std Y) Y, times a periodic Hann, added up.
    The trace is mirrored at its end to complete the last window.
    De Haan & Jeanne, IEEE TBME 60(10), 2013.
    """
    n_frames, n = rgb.shape[-2], _window_frames(rgb, fps)
    hop = n // 2
    tail = [(0, 0)] * (rgb.ndim - 2) + [(0, -(n_frames - n) % hop), (0, 0)]
    windows = _windows(np.pad(rgb, tail, mode="reflect"), n)[..., ::hop, :, :]  # (..., K, 3, n)
    r, g, b = np.moveaxis(windows / windows.mean(axis=-1, keepdims=True), -2, 0)  # (..., K, n)
    x = bandpass(3 * r - 2 * g, fps, CHROM_BAND_HZ, order=3)
    y = bandpass(1.5 * r + g - 1.5 * b, fps, CHROM_BAND_HZ, order=3)
    s = (x - _std_ratio(x, y) * y) * np.hanning(n + 1)[:-1]
    out = np.zeros((*s.shape[:-2], (s.shape[-2] + 1) * hop))
    for k in range(s.shape[-2]):
        out[..., k * hop : k * hop + n] += s[..., k, :]
    return out[..., :n_frames]


def pos(rgb: np.ndarray, fps: float) -> np.ndarray:
    """Project onto the plane orthogonal to the skin tone, with a tuned direction in it.

    In windows of 1.6 s, at every frame: C / m, S1 = G - B, S2 = G + B - 2R,
    h = S1 + (std S1 / std S2) S2, its mean removed, added up.  The first and last 1.6 s have a
    smaller amplitude, because fewer windows overlap.
    Wang, den Brinker, Stuijk & de Haan, IEEE TBME 64(7), 2017, algorithm 1.
    """
    n_frames, n = rgb.shape[-2], _window_frames(rgb, fps)
    windows = _windows(rgb, n)  # (..., K, 3, n)
    out = np.zeros((*rgb.shape[:-2], n_frames))
    for first in range(0, n_frames - n + 1, WINDOWS_A_CHUNK):
        some = windows[..., first : first + WINDOWS_A_CHUNK, :, :]
        r, g, b = np.moveaxis(some / some.mean(axis=-1, keepdims=True), -2, 0)  # (..., K', n)
        s1, s2 = g - b, g + b - 2 * r
        h = _centre(s1 + _std_ratio(s1, s2) * s2)
        for i in range(n):  # the i-th frame of all these windows at once
            out[..., first + i : first + i + h.shape[-2]] += h[..., i]
    return out


def pbv(rgb: np.ndarray, fps: float) -> np.ndarray:
    """The combination of channels with the known signature of blood volume and minimum other power.

    w solves (N'N) w = p with p = (.33, .77, .53) normalised, y = N w, over the whole trace.
    De Haan & van Leest, Physiol. Meas. 35(9), 2014.  N has zero mean and p is fixed: a p that is
    estimated from the data follows the strongest variation.  The pseudo-inverse replaces the
    inverse, because a trace without noise makes N'N singular.
    """
    normalised = rgb / rgb.mean(axis=-2, keepdims=True) - 1  # (..., T, 3)
    covariance = np.swapaxes(normalised, -1, -2) @ normalised / rgb.shape[-2]  # (..., 3, 3)
    signature = PULSE_SIGNATURE / np.linalg.norm(PULSE_SIGNATURE)
    weights = np.linalg.pinv(covariance, rcond=1e-10, hermitian=True) @ signature  # (..., 3)
    return (normalised @ weights[..., None])[..., 0]


def lgi(rgb: np.ndarray, fps: float) -> np.ndarray:
    """Green of the part orthogonal to the trace's main direction: y = ((I - u u') C)_G.

    u is the first left singular vector of C, mean not removed, over the whole trace.
    Pilz, Zaunseder, Krajewski & Blazek, CVPR Workshops 2018.
    """
    _, vectors = np.linalg.eigh(np.swapaxes(rgb, -1, -2) @ rgb)  # ascending eigenvalues
    return _green_orthogonal_to(vectors[..., -1], rgb)


def omit(rgb: np.ndarray, fps: float) -> np.ndarray:
    """As LGI, with q, the first column of Q in C = QR, instead of u: y = ((I - q q') C)_G.

    q is the direction of the first frame's colour.
    Alvarez Casado & Bordallo Lopez, Face2PPG, IEEE JBHI 27(11), 2023.
    """
    first = rgb[..., 0, :]
    return _green_orthogonal_to(first / np.linalg.norm(first, axis=-1, keepdims=True), rgb)


METHODS = {
    "GREEN": green,
    "ICA": ica,
    "CHROM": chrom,
    "POS": pos,
    "PBV": pbv,
    "LGI": lgi,
    "OMIT": omit,
}
SIGNS = {"CHROM": 1}  # sign of a contact PPG; all other methods have the sign of green


def detrend(trace: np.ndarray, smoothness: float = DETREND_SMOOTHNESS_AT_30_FPS) -> np.ndarray:
    """Remove slow drift from trace (T,) or (T, n), T >= 3: z = x - (I + s^2 D'D)^-1 x.

    D takes second differences; smoothness s = 100 at 30 fps halves 0.48 Hz, and s must scale with
    fps^2 to keep that.  Tarvainen, Ranta-aho & Karjalainen, IEEE TBME 49(2), 2002, equation 20.
    """
    from scipy import sparse
    from scipy.sparse.linalg import splu

    n = len(trace)
    d = sparse.diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(n - 2, n))
    return trace - splu((sparse.eye_array(n) + smoothness**2 * (d.T @ d)).tocsc()).solve(trace)


def _unmix(z: np.ndarray) -> np.ndarray:
    """Independent components (T, 3) of z-scored channels (T, 3)."""
    from sklearn.decomposition import FastICA
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return FastICA(3, whiten="unit-variance", max_iter=500, random_state=0).fit_transform(z)


def _green_orthogonal_to(direction: np.ndarray, rgb: np.ndarray) -> np.ndarray:
    """Green of rgb (..., T, 3) minus its projection on a unit direction (..., 3), centred."""
    along = (rgb @ direction[..., None])[..., 0]  # (..., T)
    return _centre(rgb[..., 1] - along * direction[..., 1:2])


def _window_frames(rgb: np.ndarray, fps: float) -> int:
    """Frames in a window of 1.6 s, made even.  Raises ValueError if the trace is shorter."""
    n = int(np.ceil(WINDOW_S * fps))
    n += n % 2
    if rgb.shape[-2] < n:
        raise ValueError(f"{rgb.shape[-2]} frames are shorter than one window of {n}")
    return n


def _windows(rgb: np.ndarray, n: int) -> np.ndarray:
    """Every window of n frames of (..., T, 3), as a view (..., T - n + 1, 3, n)."""
    return np.lib.stride_tricks.sliding_window_view(rgb, n, axis=-2)


def _std_ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """std a / std b along the last axis, which is kept; 0 if b is constant, so b is ignored."""
    top, bottom = a.std(axis=-1, keepdims=True), b.std(axis=-1, keepdims=True)
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def _centre(x: np.ndarray) -> np.ndarray:
    return x - x.mean(axis=-1, keepdims=True)


def _standardise(x: np.ndarray, axis: int = -1) -> np.ndarray:
    return (x - x.mean(axis=axis, keepdims=True)) / x.std(axis=axis, keepdims=True)
