"""Windows of 2.56 s, or another length: 256 samples at 100 Hz by three axes, in g.

    >>> t = np.arange(0, 60, 1 / 50)  # a minute at 50 Hz
    >>> from rppg.studies.relcon.data.recording import MotionRecording
    >>> still = np.tile([0.0, 0.0, 1.0], (len(t), 1))
    >>> recording = MotionRecording("demo", "ann", "s1", t, still, ["sitting"] * len(t))
    >>> xyz_g, rows = cut_windows(recording)
    >>> xyz_g.shape, rows["id"][5], rows["activity"][5]
    ((23, 256, 3), 'demo/ann/s1@0012.80', 'sitting')

Window and rate are those of Xu et al., RelCon, ICLR 2025; values stay raw, in g.  Row columns: id,
dataset, subject, session, hour (of the recording's own clock), start_s, activity ("" for no
label), origin, then the recording's targets.
"""

import math

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import butter, sosfiltfilt

from rppg.studies.relcon.data.recording import MAX_GAP_S, MotionRecording
from rppg.studies.relcon.data.target_means import target_means

RATE_HZ = 100.0
WINDOW = 256  # samples
COLUMNS = ["id", "dataset", "subject", "session", "hour", "start_s", "activity", "origin"]
FASTER = 1.2  # sources above this multiple of RATE_HZ are low-passed first
LOW_PASS_HZ, LOW_PASS_ORDER = 40.0, 8  # zero-phase: -0.4 dB at 33 Hz, -31 dB or less from 50 Hz


def resampled(times_s: np.ndarray, xyz_g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A stretch without gaps on a uniform 100 Hz grid that starts with its first sample.

    times_s (T,) increasing, xyz_g (T, 3) without NaN -> (n,) float64, (n, 3) float32.  Linear
    between samples.  Sources above 120 Hz are resampled to the next multiple of 100 Hz, low-passed
    at 40 Hz (zero-phase Butterworth) and decimated.  Raises ValueError for fewer than two samples.
    """
    if len(times_s) < 2:
        raise ValueError(f"{len(times_s)} samples, expected 2 or more to resample")
    duration_s = times_s[-1] - times_s[0]
    rate_hz = (len(times_s) - 1) / duration_s
    times = math.ceil(rate_hz / RATE_HZ) if rate_hz > FASTER * RATE_HZ else 1
    n = int(duration_s * RATE_HZ + 1e-6) + 1
    fine_s = times_s[0] + np.arange((n - 1) * times + 1) / (RATE_HZ * times)
    fine = np.stack([np.interp(fine_s, times_s, axis) for axis in xyz_g.T], axis=1)  # (m, 3)
    if times > 1:
        low_pass = butter(LOW_PASS_ORDER, LOW_PASS_HZ, fs=RATE_HZ * times, output="sos")
        padded = min(3 * (LOW_PASS_ORDER + 1), len(fine) - 1)
        fine = sosfiltfilt(low_pass, fine, axis=0, padlen=padded)
    return fine_s[::times], fine[::times].astype(np.float32)


def stretches(recording: MotionRecording) -> list[np.ndarray]:
    """Positions of measured samples, (k,) per stretch, without gaps longer than MAX_GAP_S.

    A sample that is NaN on any axis counts as missing.
    """
    measured = np.flatnonzero(~np.isnan(recording.xyz_g).any(axis=1))
    breaks = np.flatnonzero(np.diff(recording.times_s[measured]) > MAX_GAP_S) + 1
    return [stretch for stretch in np.split(measured, breaks) if len(stretch)]


def cut_windows(
    recording: MotionRecording, step: int | None = None, window: int = WINDOW
) -> tuple[np.ndarray, pd.DataFrame]:
    """Windows (n, window, 3) float32 every `step` samples, None: side by side, and their n rows.

    No window spans a gap longer than MAX_GAP_S; shorter gaps and NaN samples are interpolated.
    Stretches shorter than a window give none.  activity: the label of more than half of the
    window's samples, where each sample of the 100 Hz grid takes that of the nearest measured one.
    targets: the mean of the values in the window, NaN if there is none or the column does not apply
    (target_means.py).  Raises ValueError for a step below 1 and for a target with the name of
    another column.
    """
    step = window if step is None else step
    if step < 1:
        raise ValueError(f"step is {step}, expected 1 or more samples")
    if named := sorted(set(COLUMNS) & recording.targets.keys()):
        raise ValueError(f"{recording.id}: targets {named} have names of columns: rename them")
    codes, names = pd.factorize(recording.activities)
    parts = [
        _of_stretch(recording, stretch, codes, step, window) for stretch in stretches(recording)
    ]
    parts = [part for part in parts if part is not None]
    if not parts:
        return np.empty((0, window, 3), np.float32), _rows(recording, np.empty(0), [], [])
    xyz_g, start_s, label = (np.concatenate(each) for each in zip(*parts, strict=True))
    activities = [names[code] if code >= 0 else "" for code in label]
    return xyz_g, _rows(recording, start_s, activities, _targets(recording, start_s, window))


def _of_stretch(recording: MotionRecording, stretch, codes: np.ndarray, step: int, window: int):
    """Windows (n, w, 3), starts (n,), codes of labels (n,); None if too short."""
    times_s = recording.times_s[stretch]
    if (times_s[-1] - times_s[0]) * RATE_HZ + 1e-6 < window - 1:
        return None
    grid_s, xyz_g = resampled(times_s, recording.xyz_g[stretch])
    between_s = (times_s[:-1] + times_s[1:]) / 2
    nearest = stretch[np.searchsorted(between_s, grid_s)]  # (m,) positions in the recording
    windows = _windowed(xyz_g, step, window).transpose(0, 2, 1)  # (n, 3, w) -> (n, w, 3)
    start_s = grid_s[: len(grid_s) - window + 1 : step]
    label = _majority(_windowed(codes[nearest], step, window))
    return windows, start_s, label


def _targets(recording: MotionRecording, start_s: np.ndarray, window: int) -> np.ndarray:
    """Values (n, k) of the targets in windows that start at start_s (n,)."""
    ends_s = start_s[:, None] + np.array([-0.5, window - 0.5]) / RATE_HZ  # (n, 2)
    edges = np.searchsorted(recording.times_s, ends_s)
    means = [target_means(recording.times_s, v, edges) for v in recording.targets.values()]
    return np.reshape(means, (-1, len(start_s))).T


def _windowed(values: np.ndarray, step: int, window: int) -> np.ndarray:
    """Views of `window` values along the first axis, as the last one: (m, ...) -> (n, ..., w)."""
    return sliding_window_view(values, window, axis=0)[::step]


def _majority(codes: np.ndarray) -> np.ndarray:
    """The code of more than half of a row, else -1: (n, w) -> (n,).

    Such a code is always the row's median.
    """
    half = codes.shape[1] // 2
    middle = np.partition(codes, half, axis=1)[:, half]
    return np.where((codes == middle[:, None]).sum(axis=1) > half, middle, -1)


def _rows(recording: MotionRecording, start_s: np.ndarray, activities, targets) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "id": pd.Series([f"{recording.id}@{t:07.2f}" for t in start_s], dtype=object),
            "dataset": recording.dataset,
            "subject": recording.subject,
            "session": recording.session,
            "hour": np.floor(start_s / 3600).astype(np.int64),
            "start_s": start_s,
            "activity": pd.Series(activities, dtype=object),
            "origin": recording.origin,
        },
        columns=COLUMNS,
    )
    values = np.reshape(targets, (len(rows), len(recording.targets)))
    return rows.assign(**dict(zip(recording.targets, values.T, strict=True)))
