"""The rate over time: the path of a spectral peak through the spectra of overlapping clips.

Where the rate drifts, the mean spectrum is broad and its peak is the rate at which the pulse stayed
longest, not the mean rate; the clips' own peaks jump to a motion or a harmonic.  The path with the
largest sum of log power, less a penalty on each change, follows the pulse through both.

    >>> freq_hz = np.arange(120, 361) / 180  # 40-120 bpm in steps of 1/3 bpm
    >>> peaks_hz = np.array([1.2, 1.9, 1.24])[:, None]  # of three clips, the second one's a motion
    >>> power = np.exp(-(((freq_hz - peaks_hz) / 0.05) ** 2))
    >>> track_peak(freq_hz, power, np.array([5.0, 10.0, 15.0])).round(1).tolist()
    [73.0, 73.3, 73.7]

Source: Viterbi's dynamic programming (Forney, Proc. IEEE 61(3), 1973), as pitch trackers use it
(Talkin's RAPT, 1995).
"""

import numpy as np

MAX_BPM_PER_S = 6.0  # no healthy heart's rate, averaged over clips of 10 s, changes faster
TYPICAL_BPM_PER_S = 1.0  # standard deviation of the change in a second, of a random walk
CLIP_WEIGHT = 0.5  # of a clip's log power: clips overlap, so they are no independent evidence
POWER_FLOOR = 1e-3  # of a clip's strongest bin: weaker ones are equally unlikely


def track_peak(freq_hz: np.ndarray, power: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Rate in bpm (n_clips,) at the clips' centres times_s (n_clips,), ascending.

    freq_hz: (F,), evenly spaced; power: (n_clips, F).  A gap between two clips allows the change
    of the time that it took.  Raises ValueError for no clip, fewer than two frequencies, a
    clip without finite power, and times that do not ascend.
    """
    if len(power) == 0 or len(freq_hz) < 2:
        found = f"{len(power)} clips and {len(freq_hz)} frequencies"
        raise ValueError(f"found {found}, expected 1 or more and 2 or more")
    if not ((power.max(axis=1) > 0) & np.isfinite(power).all(axis=1)).all():
        raise ValueError("expected finite power in each clip")
    if not (np.diff(times_s) > 0).all():
        raise ValueError("expected times that ascend")
    step_bpm = 60 * (freq_hz[-1] - freq_hz[0]) / (len(freq_hz) - 1)
    elapsed_s = np.diff(times_s)
    score = _score(power[0])  # (F,), of the best path that ends in each bin
    came_from = np.zeros((len(power), len(freq_hz)), dtype=np.int16)
    for k, seconds in enumerate(elapsed_s, start=1):
        reach = min(int(np.ceil(MAX_BPM_PER_S * seconds / step_bpm)), len(freq_hz) - 1)
        shifts = np.arange(-reach, reach + 1)
        cost = (shifts * step_bpm / TYPICAL_BPM_PER_S) ** 2 / (2 * seconds)
        padded = np.pad(score, reach, constant_values=-np.inf)
        options = np.lib.stride_tricks.sliding_window_view(padded, len(shifts)) - cost
        best = options.argmax(axis=1)
        came_from[k] = np.arange(len(freq_hz)) + shifts[best]
        score = options[np.arange(len(freq_hz)), best] + _score(power[k])
    path = np.empty(len(power), dtype=int)
    path[-1] = score.argmax()
    for k in range(len(power) - 1, 0, -1):
        path[k - 1] = came_from[k, path[k]]
    return 60 * freq_hz[path]


def _score(power: np.ndarray) -> np.ndarray:
    """Weighted log power (F,) of a clip, 0 in its strongest bin."""
    return CLIP_WEIGHT * np.log(np.maximum(power / power.max(), POWER_FLOOR))
