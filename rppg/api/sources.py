"""What `rppg.heart_rate` can be asked about: videos, frames, colours of the skin, waves.

>>> source_of(np.zeros(300), fps=30).kind
'wave'
>>> source_of(np.zeros((300, 5)), fps=30)
Traceback (most recent call last):
rppg.utils.errors.InputError: found an array (300, 5), expected frames (T, H, W, 3), a colour per \
frame (T, 3) or a wave (T,)
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator

from rppg.datasets import Recording
from rppg.datasets.frame_array import FrameArray
from rppg.datasets.prepared import FPS
from rppg.inference.video_paths import expand_videos
from rppg.utils.errors import InputError, NoHeartRateError

LONGEST_STEP_S = 0.5  # between two samples that are interpolated
ARRAYS = "expected frames (T, H, W, 3), a colour per frame (T, 3) or a wave (T,)"


@dataclass(frozen=True, eq=False)
class Source:
    """One of: a video, to be read; the mean colour of the skin over time; a pulse wave."""

    kind: str  # "video", "trace" or "wave"
    recording: Recording | None = None
    values: np.ndarray | None = None  # (T, 3) of a trace, (T,) of a wave
    fps: float = FPS  # of values


def source_of(source, fps: float | None = None, times_s=None) -> Source:
    """The source that is meant; raises InputError if it cannot be one.

    source: a path of a video, a Recording, frames (T, H, W, 3) uint8, mean colours (T, 3), or a
    wave (T,).  Arrays need fps, or the time of each sample times_s (T,); with times, colours and
    waves are interpolated to 30 a second, NaN where more than 0.5 s are missing.
    """
    if fps is not None and not (_is_number(fps) and math.isfinite(fps) and fps > 0):
        raise InputError(f"fps is {fps!r}, expected a positive number")
    if isinstance(source, Recording):
        return Source("video", source if fps is None else replace(source, fps=float(fps)))
    if isinstance(source, str | os.PathLike):
        return Source("video", _file(Path(source), fps, times_s))
    values = _array(source)
    if fps is None and times_s is None:
        raise InputError("an array has no times: give fps, or times_s")
    if fps is not None and times_s is not None:
        raise InputError("found fps and times_s, expected one of them")
    if values.ndim == 4:
        return Source("video", _in_memory(values, fps, times_s))
    kind = "wave" if values.ndim == 1 else "trace"
    values = values.astype(float)
    if times_s is None:
        return Source(kind, values=values, fps=float(fps))
    return Source(kind, values=_even(values, _times(times_s, len(values))))


def _is_number(value) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _file(path: Path, fps: float | None, times_s) -> Recording:
    if path.is_dir():
        raise InputError(f"{path} is a folder, expected a video; rppg.load_dataset reads folders")
    (recording,) = expand_videos([path])
    if recording.problem:
        raise NoHeartRateError(recording.problem)
    stamps = None if times_s is None else _times(times_s, None)
    return replace(recording, fps=None if fps is None else float(fps), times_s=stamps)


def _in_memory(rgb: np.ndarray, fps: float | None, times_s) -> Recording:
    frames = FrameArray(rgb)
    stamps = None if times_s is None else _times(times_s, len(rgb))
    rate = None if fps is None else float(fps)
    return Recording("memory", "root", "array", frames, times_s=stamps, fps=rate)


def _array(source) -> np.ndarray:
    if not isinstance(source, np.ndarray | Sequence):
        raise InputError(f"found a {type(source).__name__}, expected a path or an array: {ARRAYS}")
    try:
        values = np.asarray(source)
    except ValueError as error:  # such as frames of several sizes
        raise InputError(f"the frames make no array ({error}); {ARRAYS}") from None
    known = values.ndim in (1, 4) or (values.ndim == 2 and values.shape[1] == 3)
    if not known or values.dtype.kind not in "uif" or not len(values):
        found = f"an array {values.shape}"
        found += "" if values.dtype.kind in "uif" else f" of {values.dtype}"
        raise InputError(f"found {found}, {ARRAYS}")
    return values


def _times(times_s, n: int | None) -> np.ndarray:
    try:
        stamps = np.asarray(times_s, dtype=float)
    except (ValueError, TypeError):
        raise InputError(f"times_s is a {type(times_s).__name__}, expected numbers (T,)") from None
    if stamps.ndim != 1 or (n is not None and len(stamps) != n):
        expected = "(T,)" if n is None else f"({n},)"
        raise InputError(f"times_s has shape {stamps.shape}, expected {expected}")
    if not (np.isfinite(stamps).all() and (np.diff(stamps) > 0).all()):
        raise InputError("times_s do not ascend, expected strictly increasing seconds")
    return stamps


def _even(values: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Samples at 30 a second, NaN in gaps of more than 0.5 s."""
    known = np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if known.sum() < 2:
        raise InputError(f"{known.sum()} of {len(values)} samples are numbers, expected 2 or more")
    at_s = times_s[known]
    grid_s = np.arange(at_s[0], at_s[-1] + 1e-9, 1 / FPS)
    after = np.searchsorted(at_s, grid_s).clip(1, len(at_s) - 1)
    even = PchipInterpolator(at_s, values[known])(grid_s)
    even[at_s[after] - at_s[after - 1] > LONGEST_STEP_S] = np.nan
    return even
