"""How much the head moves at each frequency: evidence against a pulse that follows it.

head (T, A) is the trajectory of a head, A coordinates in heights of the face (or ratios of it) over
T frames, NaN where there is no face.

    >>> nod = 0.02 * np.sin(2 * np.pi * 1.6 * np.arange(300) / 30)[:, None]  # 96 per minute
    >>> freq_hz = np.linspace(0.7, 3, 139)
    >>> amplitude = motion_amplitude(nod, 30, freq_hz)
    >>> round(60 * freq_hz[amplitude.argmax()]), float(amplitude.max().round(3))
    (96, 0.02)
"""

import numpy as np

from rppg.signals.spectrum import power_spectrum

GRID_HZ = 0.005  # maximum step of the frequencies between which is interpolated
SHORTEST_FRAMES = 30  # with a face: fewer say nothing


def motion_amplitude(head: np.ndarray, fps: float, freq_hz: np.ndarray) -> np.ndarray:
    """Amplitude (F,) of the head's motion at freq_hz (F,), of the coordinate that moves most there.

    A coordinate that swings by plus and minus a at one frequency has amplitude a there (within a
    tenth, 0.3 Hz or more from the ends of the band).  Gaps are interpolated.  Zeros if the face is
    in fewer than 30 frames.
    """
    known = np.isfinite(head).all(axis=1)
    if known.sum() < SHORTEST_FRAMES:
        return np.zeros(len(freq_hz))
    at = np.arange(len(head))
    filled = np.stack([np.interp(at, at[known], column[known]) for column in head.T])  # (A, T)
    slope, level = np.polyfit(at, filled.T, 1)[..., None]  # scipy.signal takes a second to import
    filled -= slope * at + level
    window = np.hanning(len(head) + 2)[1:-1]
    n_fft = max(len(head), int(np.ceil(fps / GRID_HZ)))
    axis_hz, power = power_spectrum(filled * window, fps, n_fft)
    amplitude = 2 * np.sqrt(power.max(axis=0)) / window.sum()
    return np.interp(freq_hz, axis_hz, amplitude)
