"""Hand-crafted features: 26 rotation-invariant numbers per window.

    >>> features = hand_made(np.random.default_rng(0).normal(size=(4, 256, 3)))
    >>> features.shape, features.dtype
    ((4, 26), dtype('float32'))

The columns, for windows (n, T, 3) in g at 100 Hz, with natural logarithms of squares in g^2:

    0-2    logarithms of the eigenvalues of the covariance of the three axes, smallest first
    3-23   logarithms of the power in 21 bands, mean removed, Hann window, summed over axes:
           0.5 Hz wide to 5 Hz, 1 Hz to 10 Hz, 5 Hz to 30 Hz, then 30-40 and 40-50 Hz (EDGES_HZ)
    24-25  mean and standard deviation of the norm, in g

A rotation changes neither the eigenvalues of the covariance nor sums over axes nor the norm.
"""

import numpy as np
from scipy.signal import periodogram

from rppg.studies.relcon.data.windows import RATE_HZ

EDGES_HZ = np.r_[np.arange(0, 5, 0.5), np.arange(5, 10), np.arange(10, 30, 5), 30, 40, 50]  # 22
LEAST_G2 = 1e-8  # floor of eigenvalues and powers: 0.1 mg, far below a sensor's noise
AT_A_TIME = 4096  # windows per chunk: 100 MB


def hand_made(xyz_g: np.ndarray) -> np.ndarray:
    """Features (n, 26) float32 of windows (n, T, 3) in g, as listed at the top of this file.

    The power of a band without any of the window's frequencies (T below 256) is LEAST_G2.  Raises
    ValueError for another shape or no window.
    """
    if len(xyz_g.shape) != 3 or xyz_g.shape[2] != 3 or not len(xyz_g):
        raise ValueError(f"expected windows (n, T, 3), n 1 or more, found {tuple(xyz_g.shape)}")
    starts = range(0, len(xyz_g), AT_A_TIME)
    parts = [_features(np.asarray(xyz_g[at : at + AT_A_TIME], float)) for at in starts]
    return np.concatenate(parts).astype(np.float32)


def _features(xyz_g: np.ndarray) -> np.ndarray:
    """(n, T, 3) -> (n, 26)."""
    centred = xyz_g - xyz_g.mean(axis=1, keepdims=True)  # (n, T, 3)
    covariance = centred.transpose(0, 2, 1) @ centred / xyz_g.shape[1]  # (n, 3, 3)
    squares = np.c_[np.linalg.eigvalsh(covariance), _powers(centred)]  # (n, 24)
    norms = np.linalg.norm(xyz_g, axis=2)  # (n, T)
    return np.c_[np.log(np.maximum(squares, LEAST_G2)), norms.mean(axis=1), norms.std(axis=1)]


def _powers(centred: np.ndarray) -> np.ndarray:
    """Mean squares (n, 21) in each band, from the lower edge to below the upper one; the last band
    includes 50 Hz."""
    at_hz, density = periodogram(centred, RATE_HZ, window="hann", axis=1)  # (n, T / 2 + 1, 3)
    power = density.sum(axis=2) * (at_hz[1] - at_hz[0])  # (n, T / 2 + 1)
    band = np.minimum(np.searchsorted(EDGES_HZ, at_hz, side="right"), len(EDGES_HZ) - 1) - 1
    members = band[:, None] == np.arange(len(EDGES_HZ) - 1)  # (T / 2 + 1, 21)
    return power @ members
