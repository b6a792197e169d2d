"""Read video files frame by frame: upright frames with their times.

Frames are RGB uint8 arrays (H, W, 3).  Times are presentation times in seconds: the time stamps of
the container, never the frame number over an average rate.

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
from av.video.reformatter import VideoReformatter

from rppg.preprocessing.video_writer import VideoError, VideoWriter

__all__ = ["VideoError", "VideoInfo", "VideoWriter", "probe", "read_frames"]

MIN_DECODED_SHARE = 0.9  # minimum share of the frames that the container announces
TURN = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_CLOCKWISE,
}  # counter-clockwise degrees that turn a frame upright


@dataclass(frozen=True)
class VideoInfo:
    """The container's facts of its first video stream; sizes are those of the upright frame."""

    width: int
    height: int
    fps: float | None  # the container's average
    n_frames: int | None  # the container's count; Matroska has none
    duration_s: float | None
    codec: str
    rotation: int  # degrees counter-clockwise applied to the stored frames: 0, 90, 180 or 270


def probe(path: Path | str) -> VideoInfo:
    """Probe a video file by decoding one frame.  Raises VideoError as `read_frames` does."""
    with _open(path) as container:
        stream = container.streams.video[0]
        try:
            frame = next(
                (f for f in _decode(container, stream) if not isinstance(f, _Broken)), None
            )
        except av.FFmpegError as error:
            raise _nothing_decoded(path, error) from error
        if frame is None:
            raise _nothing_decoded(path, None)
        rotation = _rotation(frame)
        width, height = frame.width, frame.height
        if rotation in (90, 270):
            width, height = height, width
        rate = stream.average_rate
        return VideoInfo(
            width=width,
            height=height,
            fps=float(rate) if rate else None,
            n_frames=stream.frames or None,
            duration_s=_duration_s(container, stream),
            codec=stream.codec_context.name,
            rotation=rotation,
        )


def read_frames(
    source: Path | str | Sequence[Path],
    bayer: str | None = None,
    notes: list[str] | None = None,
) -> Iterator[tuple[np.ndarray, float]]:
    """Yield (rgb (H, W, 3) uint8 upright, time in s) one frame at a time, decoded by one thread.

    source: a video file, or image files in order; the times of images are NaN.
    bayer: colour filter of the top left 2x2 pixels of raw image files ("GRBG"); these are
    demosaiced, 16 bits per pixel after reduction to the upper 8.
    notes: after the last frame, the number of damaged frames is appended to it.
    Frames without a time stamp get index / average rate.  A damaged frame is replaced by the one
    before it, so that stamps stay with their frames.  Raises VideoError for a missing, empty or
    unreadable file, one without video, and, after the last frame, if less than 90 % of the frames
    (or seconds) that the container announces could be decoded.
    """
    if isinstance(source, str | Path):
        return _read_video(Path(source), [] if notes is None else notes)
    return ((_read_image(Path(path), bayer), float("nan")) for path in source)


def _read_video(path: Path, notes: list[str]) -> Iterator[tuple[np.ndarray, float]]:
    with _open(path) as container:
        stream = container.streams.video[0]
        n, n_broken, end_s, error, rgb = 0, 0, 0.0, None, None
        frames, reformatter = _decode(container, stream), VideoReformatter()
        while True:
            try:
                frame = next(frames, None)
            except av.FFmpegError as found:
                error, frame = found, None
            if frame is None:
                break
            if isinstance(frame, _Broken):
                n_broken, error = n_broken + 1, frame.error
                if rgb is not None and frame.time_s is not None and frame.time_s > end_s:
                    yield rgb, frame.time_s
                continue
            rgb = _upright(frame, reformatter)
            place = n + n_broken
            end_s = frame.time if frame.pts is not None else _index_time_s(path, stream, place)
            yield rgb, end_s
            n += 1
        _check_complete(path, container, stream, n, end_s, error)
        if n_broken:
            notes.append(f"{n_broken} damaged frames: the one before stands in for each")


def _open(path: Path | str):
    path = Path(path)
    if not path.is_file():
        raise VideoError(f"{path}: no such file, expected a video")
    if path.stat().st_size == 0:
        raise VideoError(f"{path}: the file is empty (0 bytes), expected a video")
    try:
        container = av.open(str(path))
    except av.FFmpegError as error:
        raise VideoError(f"{path}: not a video that can be decoded ({error.strerror})") from error
    if not container.streams.video:
        container.close()
        raise VideoError(f"{path}: no video stream in a {container.format.name} file")
    return container


@dataclass(frozen=True)
class _Broken:
    """A packet that cannot be decoded, in place of a frame."""

    time_s: float | None
    error: av.FFmpegError


def _decode(container, stream) -> Iterator[av.VideoFrame | _Broken]:
    stream.codec_context.thread_count = 1
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.InvalidDataError as error:
            time_s = None if packet.pts is None else float(packet.pts * packet.time_base)
            yield _Broken(time_s, error)


def _upright(frame: av.VideoFrame, reformatter: VideoReformatter) -> np.ndarray:
    plane = reformatter.reformat(frame, format="rgb24", threads=1).planes[0]
    lines = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    rgb = lines[:, : 3 * plane.width].reshape(plane.height, plane.width, 3)  # no copy, no padding
    rotation = _rotation(frame)
    return cv2.rotate(rgb, TURN[rotation]) if rotation else np.ascontiguousarray(rgb)


def _rotation(frame: av.VideoFrame) -> int:
    return round(frame.rotation / 90) % 4 * 90


def _index_time_s(path: Path, stream, index: int) -> float:
    if not stream.average_rate:
        raise VideoError(f"{path}: frame {index} has no time stamp and the file no frame rate")
    return float(index / stream.average_rate)


def _duration_s(container, stream) -> float | None:
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    alone = len(container.streams) == 1  # otherwise another stream may be longer
    return container.duration / av.time_base if container.duration and alone else None


def _check_complete(path: Path, container, stream, n: int, end_s: float, error) -> None:
    """Raise VideoError if the n decoded frames, the last at end_s, are fewer than announced."""
    why = f" ({error.strerror})" if error else ""
    if n == 0:
        raise _nothing_decoded(path, error)
    if stream.frames:
        if n < MIN_DECODED_SHARE * stream.frames:
            raise VideoError(f"{path}: decoded {n} of {stream.frames} frames{why}")
        return
    duration_s = _duration_s(container, stream)
    if duration_s is not None:
        start_s = float((stream.start_time or 0) * stream.time_base)
        covered_s = (end_s - start_s) * n / max(n - 1, 1)  # the last frame lasts one interval
        if covered_s < MIN_DECODED_SHARE * duration_s:
            raise VideoError(
                f"{path}: decoded {n} frames, {covered_s:.2f} of {duration_s:.2f} s{why}"
            )
    elif error:
        raise VideoError(f"{path}: decoding stopped after {n} frames of an unknown number{why}")


def _nothing_decoded(path: Path | str, error: av.FFmpegError | None) -> VideoError:
    why = f" ({error.strerror})" if error else ""
    return VideoError(f"{path}: no frame can be decoded{why}, expected a video")


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
