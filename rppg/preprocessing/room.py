"""Room on the disk: what a recording may write by what it can hold, before it is written.

>>> from rppg.datasets import Recording
>>> slow = Recording("demo", "ann", "v1", frames="v1.mp4", times_s=np.arange(300) * 120.0)
>>> check_frames(slow)
Traceback (most recent call last):
rppg.preprocessing.video_writer.VideoError: 300 frames in 35880 s, expected 2 per second or more
"""

from collections.abc import Iterable

import numpy as np

from rppg.datasets.prepared import FPS
from rppg.datasets.recording import Recording
from rppg.preprocessing.frame_rate import SLOWEST_FPS, check_span, longest_s
from rppg.preprocessing.video import VideoError, probe


def check_frames(recording: Recording) -> None:
    """Raises VideoError for stamps or a frame rate with too few frames to be repeated 30 times per
    second."""
    if recording.times_s is not None:
        check_span(float(np.ptp(recording.times_s)), len(recording.times_s))
    elif recording.fps is not None and recording.fps < SLOWEST_FPS:
        found = f"{recording.fps:g} frames per second"
        raise VideoError(f"{found}, expected {SLOWEST_FPS:g} or more")


def expected_bytes(recording: Recording, arrays: Iterable[tuple[tuple[int, ...], str]]) -> float:
    """Bytes that arrays, each (shape per frame, dtype), of a recording will take, 0 if nothing says
    how long it is."""
    of_frame = sum(np.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in arrays)
    return float(_seconds(recording) * FPS * of_frame)


def _seconds(recording: Recording) -> float:
    if recording.times_s is not None:
        return float(np.ptp(recording.times_s))
    if isinstance(recording.frames, tuple):
        return len(recording.frames) / recording.fps if recording.fps else 0.0
    try:
        info = probe(recording.frames)
    except VideoError:  # decoding it will say why
        return 0.0
    if recording.fps is not None:
        return (info.n_frames or 0) / recording.fps
    seconds = info.duration_s or 0.0
    return min(seconds, longest_s(info.n_frames)) if info.n_frames else seconds
