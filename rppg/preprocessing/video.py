"""Read video files frame by frame: upright frames with their times.

Frames are RGB uint8 arrays (H, W, 3).  Times are presentation times in seconds: the time stamps of
the container, never the frame number over an average rate, unless it has none (frame_times.py).

    >>> times = [t for _, t in read_frames("face.mp4")]  # doctest: +SKIP

Colours: swscale converts to RGB in one thread, by the matrix and range in the frame's tags; on one
core this is as fast as `cv2.VideoCapture`.  It truncates, so 4:2:0 video is about one level of 255
too dark (as with cv2.VideoCapture): an offset that is the same in every frame.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import VideoReformatter

from rppg.datasets.frame_array import FrameArray
from rppg.preprocessing.container import (
    Film,
    Weight,
    faults_of,
    note_of_joined,
    open_video,
    reason,
)
from rppg.preprocessing.frame_times import GIVE_FPS, Clock, Damaged, FrameSource, timed
from rppg.preprocessing.video_writer import VideoError, VideoWriter

__all__ = ["VideoError", "VideoInfo", "VideoWriter", "probe", "read_frames"]

MIN_DECODED_SHARE = 0.9  # minimum share of the frames, or seconds, that the container announces
BY_DECODE_TIMES = "the file holds no presentation times: the decoder's order and the decode times"


@dataclass(frozen=True)
class VideoInfo:
    """The container's facts of its video stream; sizes are those of the upright frame."""

    width: int
    height: int
    fps: float | None  # the container's average; None: it has no clock
    n_frames: int | None  # the container's count; Matroska has none
    duration_s: float | None
    codec: str
    rotation: int  # degrees counter-clockwise applied to the stored frames: 0, 90, 180 or 270


def probe(path: Path | str) -> VideoInfo:
    """Probe a video file by decoding one frame.  Raises VideoError as `read_frames` does."""
    with open_video(path) as film, faults_of(film.path):
        source = FrameSource(film)
        frame = next((f for f, _ in source if not isinstance(f, Damaged)), None)
        if frame is None:
            raise _nothing_decoded(film, source.error)
        height, width = _turned(np.empty((frame.height, frame.width)), frame).shape
        return VideoInfo(
            width=width,
            height=height,
            fps=film.rate,
            n_frames=film.stream.frames or None,
            duration_s=film.duration_s,
            codec=film.stream.codec_context.name,
            rotation=round(frame.rotation / 90) % 4 * 90,
        )


def read_frames(
    source: Path | str | Sequence[Path] | FrameArray,
    bayer: str | None = None,
    notes: list[str] | None = None,
    fps: float | None = None,
    threads: int = 1,
    weight: Weight | None = None,
) -> Iterator[tuple[np.ndarray, float]]:
    """Yield (rgb (H, W, 3) uint8 upright, time in s) one frame at a time.

    source: a video file, or image files in order, or frames in memory; the times of images and of
    frames in memory are NaN.
    bayer: colour filter of the top left 2x2 pixels of raw image files ("GRBG"); these are
    demosaiced, 16 bits per pixel after reduction to the upper 8.
    notes: after the last frame, what was assumed, repeated or moved is appended to it.
    fps: time of a video's frame = index / fps; the container's clock is not used.
    threads: that decode a video; the frames are the same.
    weight: a video's packets are weighed by it.
    Times increase strictly; `Clock` says how.  A damaged frame is replaced by the one before it, so
    that times stay with their frames.  Raises VideoError for a missing, empty or unreadable file,
    one without video, one that holds no times if fps is None, and, after the last frame, if less
    than 90 % of the frames and of the seconds that the container announces could be decoded.
    """
    if isinstance(source, FrameArray):
        return ((rgb, float("nan")) for rgb in source.rgb)
    if isinstance(source, str | Path):
        return _read_video(Path(source), [] if notes is None else notes, fps, threads, weight)
    return ((_read_image(Path(path), bayer), float("nan")) for path in source)


def _read_video(
    path: Path, notes: list[str], fps: float | None, threads: int, weight: Weight | None
) -> Iterator[tuple[np.ndarray, float]]:
    with open_video(path) as film, faults_of(path):
        if fps is None and not film.has_clock:
            found = f"{film.container.format.name} file"
            raise VideoError(f"{path}: this {found} holds no times; {GIVE_FPS}")
        source, clock = FrameSource(film, threads, weight), Clock(film.rate, f"{path}: the file")
        reformatter, progress, rgb = VideoReformatter(), _Progress(), None
        for frame, time_s in timed(source, clock, fps):
            progress.add(frame, time_s)
            if not isinstance(frame, Damaged):
                rgb = _upright(frame, reformatter)
            if rgb is not None:
                yield rgb, time_s
        progress.end_s += clock.closed_s
        progress.check(film, source.error, fps)
        assumed = clock.notes()
        notes += filter(None, [film.note or note_of_joined(film)])
        if source.reordered and fps is None:
            notes.append(f"{BY_DECODE_TIMES} are used")
        notes += [*assumed, *progress.notes(film)]


class _Progress:
    """Counts what was decoded, to compare it with what the container announces."""

    def __init__(self):
        self.n = self.n_damaged = 0
        self.start_s = self.end_s = 0.0
        self.error = None

    def add(self, frame: av.VideoFrame | Damaged, time_s: float) -> None:
        if self.n + self.n_damaged == 0:
            self.start_s = time_s
        self.end_s = time_s
        if isinstance(frame, Damaged):
            self.n_damaged, self.error = self.n_damaged + 1, frame.error
        else:
            self.n += 1

    def check(self, film: Film, error: Exception | None, fps: float | None) -> None:
        """Raise VideoError if both the frames and the seconds are fewer than announced."""
        error = error or self.error
        why = f" ({reason(error)})" if error else ""
        n, n_all, announced = self.n, self.n + self.n_damaged, film.stream.frames
        if n == 0:
            raise _nothing_decoded(film, error)
        if announced and n >= MIN_DECODED_SHARE * announced:
            return
        duration_s, covered_s = film.duration_s, self._covered_s(film, fps)
        whole = duration_s is not None and covered_s >= MIN_DECODED_SHARE * duration_s
        if announced and not (whole and n >= MIN_DECODED_SHARE * n_all):
            raise VideoError(f"{film.path}: decoded {n} of {announced} frames{why}")
        if duration_s is not None and not whole:
            seconds = f"{covered_s:.2f} of {duration_s:.2f} s"
            raise VideoError(f"{film.path}: decoded {n} frames, {seconds}{why}")
        if duration_s is None and error:
            found = f"decoding stopped after {n} frames of an unknown number"
            raise VideoError(f"{film.path}: {found}{why}")

    def _covered_s(self, film: Film, fps: float | None) -> float:
        n_all = self.n + self.n_damaged
        if fps is not None:  # the times are not the container's
            return n_all / (film.rate or fps)
        return (self.end_s - self.start_s) * n_all / max(n_all - 1, 1)  # the last one lasts too

    def notes(self, film: Film) -> list[str]:
        notes, n_all = [], self.n + self.n_damaged
        if self.n_damaged:
            notes.append(f"{self.n_damaged} damaged frames: the one before stands in for each")
        if n_all < film.stream.frames:
            notes.append(f"decoded {n_all} of {film.stream.frames} frames")
        return notes


def _upright(frame: av.VideoFrame, reformatter: VideoReformatter) -> np.ndarray:
    plane = reformatter.reformat(frame, format="rgb24", threads=1).planes[0]
    lines = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    rgb = lines[:, : 3 * plane.width].reshape(plane.height, plane.width, 3)  # no copy, no padding
    return np.ascontiguousarray(_turned(rgb, frame))


def _turned(pixels: np.ndarray, frame: av.VideoFrame) -> np.ndarray:
    """Pixels (H, W, ...) as the frame's display matrix asks: turned by quarters, and mirrored.

    The matrix sends (x, y) to (a x + c y, b x + d y); it is stored as a, b, u, c, d, v, ...
    """
    matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return pixels
    a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5].tolist()
    if abs(b) > abs(a):
        pixels, a, d = pixels.swapaxes(0, 1), c, b
    return pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]


def _nothing_decoded(film: Film, error: Exception | None) -> VideoError:
    why = f" ({reason(error)})" if error else ""
    return VideoError(f"{film.path}: no frame can be decoded{why}, expected a video")


def _read_image(path: Path, bayer: str | None) -> np.ndarray:
    if not path.is_file():
        raise VideoError(f"{path}: no such file, expected an image")
    if bayer is not None:
        return _read_mosaic(path, bayer)
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise VideoError(f"{path}: not an image that can be decoded")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def _read_mosaic(path: Path, bayer: str) -> np.ndarray:
    raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if raw is None:
        raise VideoError(f"{path}: not an image that can be decoded")
    if raw.ndim != 2 or raw.dtype not in (np.uint8, np.uint16):
        found = f"{raw.shape} of {raw.dtype}"
        raise VideoError(f"{path}: found {found}, expected one raw channel of 8 or 16 bits")
    raw = (raw >> 8).astype(np.uint8) if raw.dtype == np.uint16 else raw
    return cv2.cvtColor(raw, getattr(cv2, f"COLOR_Bayer{bayer}2RGB"))
