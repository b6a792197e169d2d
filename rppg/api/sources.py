"""What `rppg.heart_rate` can be asked about: videos, frames, colours of the skin, waves.

>>> source_of(np.zeros(300), fps=30).kind
'wave'
>>> source_of(np.zeros((300, 5)), fps=30)
Traceback (most recent call last):
rppg.utils.errors.InputError: found an array (300, 5), expected frames (T, H, W, 3), a colour per \
frame (T, 3) or a wave (T,)
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator

from rppg.datasets import Recording
from rppg.datasets.frame_array import FrameArray
from rppg.datasets.prepared import FPS
from rppg.inference.video_paths import expand_videos
from rppg.preprocessing.frame_rate import FEWEST_FPS, check_frame_rate, longest_s
from rppg.preprocessing.video_writer import VideoError
from rppg.utils.arguments import check_fps
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
    waves are interpolated to even times, NaN where more than 0.5 s are missing.
    """
    check_fps(fps)
    if fps is not None and times_s is not None:
        raise InputError("found fps and times_s, expected one of them")
    if isinstance(source, str | os.PathLike):
        source = _file(os.fspath(source))
    if isinstance(source, Recording):
        return Source("video", _timed(source, fps, times_s))
    values = _array(source)
    if fps is None and times_s is None:
        raise InputError("an array has no times: give fps, or times_s")
    if values.ndim == 4:
        return Source("video", _in_memory(values, fps, times_s))
    kind = "wave" if values.ndim == 1 else "trace"
    values = values.astype(float)
    if times_s is None:
        return Source(kind, values=values, fps=float(fps))
    return Source(kind, None, *_even(values, _times(times_s, len(values))))


def _file(name: str) -> Recording:
    if not name:
        raise InputError("the name of the video is empty")
    if re.match(r"[a-z]+://", name):
        raise InputError(f"{name} is an address: download the video first")
    path = Path(name)
    (recording,) = expand_videos([path]) if not os.path.isdir(path) else (None,)
    if recording is None:
        raise InputError(f"{path} is a folder, expected a video; rppg.load_dataset reads folders")
    if recording.problem:
        raise VideoError(recording.problem)
    return recording


def _timed(recording: Recording, fps: float | None, times_s) -> Recording:
    """The recording with the times that are given, if any, in place of its own."""
    if times_s is not None:
        return replace(recording, times_s=_times(times_s, None))
    return recording if fps is None else replace(recording, fps=float(fps), times_s=None)


def _in_memory(rgb: np.ndarray, fps: float | None, times_s) -> Recording:
    frames = FrameArray(rgb)
    stamps = None if times_s is None else _times(times_s, len(rgb))
    rate = None if fps is None else float(fps)
    return Recording("memory", "root", "array", frames, times_s=stamps, fps=rate)


def _array(source) -> np.ndarray:
    if isinstance(source, bytes | bytearray) or not isinstance(source, np.ndarray | Sequence):
        raise InputError(f"found a {type(source).__name__}, expected a path or an array: {ARRAYS}")
    if isinstance(source, np.ma.MaskedArray):
        raise InputError("a masked array: fill it, by NaN (`array.filled(np.nan)`) or by values")
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
    """Checked stamps (T,), strictly increasing seconds."""
    stamps = np.asarray(times_s)
    if stamps.dtype.kind not in "uif" or isinstance(times_s, np.ma.MaskedArray):
        found = f"times_s is a {type(times_s).__name__} of {stamps.dtype}"
        raise InputError(f"{found}, expected numbers (T,), in seconds")
    stamps = stamps.astype(float)
    if stamps.ndim != 1 or len(stamps) < 2 or (n is not None and len(stamps) != n):
        expected = "(T,) of 2 or more" if n is None else f"({n},)"
        raise InputError(f"times_s has shape {stamps.shape}, expected {expected}")
    if not np.isfinite(stamps).all():
        raise InputError(f"{np.sum(~np.isfinite(stamps))} of times_s are not finite")
    if not (np.diff(stamps) > 0).all():
        raise InputError("times_s do not ascend, expected strictly increasing seconds")
    if (step_s := float(np.median(np.diff(stamps)))) > LONGEST_STEP_S:
        raise InputError(
            f"times_s step by {step_s:g}, expected seconds: {FEWEST_FPS:g} or more in one"
        )
    if (span_s := stamps[-1] - stamps[0]) > longest_s(len(stamps)):
        raise InputError(f"{len(stamps)} times_s cover {span_s:.4g} s: the clock jumps")
    return stamps


def _even(values: np.ndarray, times_s: np.ndarray) -> tuple[np.ndarray, float]:
    """Samples at even times and their number a second, 30 or the median if that is more, so that
    nothing is folded into the heart band; NaN in gaps of more than 0.5 s."""
    known = np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if known.sum() < 2:
        raise InputError(f"{known.sum()} of {len(values)} samples are numbers, expected 2 or more")
    at_s = times_s[known]
    try:
        check_frame_rate(at_s)
    except ValueError as error:
        raise NoHeartRateError(str(error).replace("frames", "samples", 1)) from error
    fps = max(float(FPS), 1 / float(np.median(np.diff(at_s))))
    grid_s = np.arange(at_s[0], at_s[-1] + 1e-9, 1 / fps)
    after = np.searchsorted(at_s, grid_s).clip(1, len(at_s) - 1)
    even = PchipInterpolator(at_s, values[known])(grid_s)
    even[at_s[after] - at_s[after - 1] > LONGEST_STEP_S] = np.nan
    return even, fps
