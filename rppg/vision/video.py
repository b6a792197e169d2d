"""Video files: read frames upright with their times, one by one; write files whole or not at all.

Frames are RGB uint8 arrays (H, W, 3). Times are presentation times in seconds, from the container's
time stamps and never from a frame count times an average rate.

    >>> times = [t for _, t in read_frames("face.mp4")]  # doctest: +SKIP
    >>> with VideoWriter("copy.mkv", 320, 240, fps=30, codec="ffv1") as video:  # doctest: +SKIP
    ...     for rgb, _ in read_frames("face.mp4"):
    ...         video.write(rgb)

Colours: swscale's conversion to RGB, one thread, by the matrix and range that the frame is tagged
with; decoding with it is as fast on one core as `cv2.VideoCapture`. It truncates, so 4:2:0 video
comes out about one level of 255 dark (cv2.VideoCapture's too): an offset, the same in every frame.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

MIN_DECODED_SHARE = 0.9  # a file that yields less of what it promises is a failure
TURN = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_CLOCKWISE,
}  # degrees counter-clockwise that bring a frame upright


class VideoError(ValueError):
    """A video that cannot be read or written: what was found, what was expected."""


@dataclass(frozen=True)
class VideoInfo:
    """What the container says of its first video stream; sizes are those of the upright frame."""

    width: int
    height: int
    fps: float | None  # the container's average, frames a second
    n_frames: int | None  # the container's count, else its duration times fps
    duration_s: float | None
    codec: str
    rotation: int  # degrees counter-clockwise applied to the stored frames: 0, 90, 180 or 270


def probe(path: Path | str) -> VideoInfo:
    """Look at a video file: one frame is decoded. Raises VideoError as `read_frames` does."""
    with _open(path) as container:
        stream = container.streams.video[0]
        frame = next(_decode(container, stream), None)
        if frame is None:
            raise VideoError(f"{path}: no frame can be decoded, expected a video")
        rotation = _rotation(frame)
        width, height = frame.width, frame.height
        if rotation in (90, 270):
            width, height = height, width
        rate, duration_s = stream.average_rate, _duration_s(container, stream)
        return VideoInfo(
            width=width,
            height=height,
            fps=float(rate) if rate else None,
            n_frames=stream.frames or (round(duration_s * rate) if duration_s and rate else None),
            duration_s=duration_s,
            codec=stream.codec_context.name,
            rotation=rotation,
        )


def read_frames(source: Path | str | Sequence[Path]) -> Iterator[tuple[np.ndarray, float]]:
    """Yield (rgb (H, W, 3) uint8 upright, time in s) one frame at a time, decoded by one thread.

    source: a video file, or image files in order; an image has no time of its own: NaN.
    Frames without a time stamp get index / average rate. Raises VideoError for a missing, empty or
    unreadable file, one without video, and, after the last frame, when less than 90 % of the frames
    (or seconds) promised by the container could be decoded.
    """
    if isinstance(source, str | Path):
        return _read_video(Path(source))
    return ((_read_image(path), float("nan")) for path in source)


def _read_video(path: Path) -> Iterator[tuple[np.ndarray, float]]:
    with _open(path) as container:
        stream = container.streams.video[0]
        n, end_s, error = 0, 0.0, None
        frames, reformatter = _decode(container, stream), VideoReformatter()
        while True:
            try:
                frame = next(frames, None)
            except av.FFmpegError as found:
                error, frame = found, None
            if frame is None:
                break
            time_s = frame.time if frame.pts is not None else _index_time_s(path, stream, n)
            yield _upright(frame, reformatter), time_s
            n, end_s = n + 1, time_s
        _check_complete(path, container, stream, n, end_s, error)


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


def _decode(container, stream) -> Iterator[av.VideoFrame]:
    stream.codec_context.thread_count = 1
    for packet in container.demux(stream):
        yield from packet.decode()


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
    alone = len(container.streams) == 1  # else another stream may be the longer one
    return container.duration / av.time_base if container.duration and alone else None


def _check_complete(path: Path, container, stream, n: int, end_s: float, error) -> None:
    """Raise VideoError if the n decoded frames, the last at end_s, are too few for the promise."""
    why = f" ({error.strerror})" if error else ""
    if n == 0:
        raise VideoError(f"{path}: no frame can be decoded{why}, expected a video")
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


def _read_image(path: Path) -> np.ndarray:
    if not Path(path).is_file():
        raise VideoError(f"{path}: no such file, expected an image")
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise VideoError(f"{path}: not an image that can be decoded")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


class VideoWriter:
    """Write RGB frames to a video file: a context manager; the file appears whole or not at all.

    The suffix of `path` chooses the container. Codecs: "libx264" (`crf` 0-51, `preset`), and the
    lossless "ffv1" and "rawvideo". `pix_fmt` None: yuv420p for libx264, RGB for the lossless ones.
    `times_s` (n,): presentation times, strictly increasing from 0 or later (.mkv to the
    millisecond; .mp4 to 1/90000 s after a start to the millisecond); None: constant `fps`.
    The bytes depend on the arguments and frames only: one thread, and no macroblock tree in x264,
    whose sums vary from run to run (up to six different files in 400 writes of the same frames).
    Raises VideoError for an unknown codec, an odd size in yuv420p, times that the container
    cannot hold, a frame of another shape, and a count of frames that differs from times_s.
    """

    PIX_FMT = {"libx264": "yuv420p", "ffv1": "bgr0", "rawvideo": "bgr24"}
    VARIABLE = {".mkv": 1000, ".mp4": 90000}  # containers that store times, ticks a second

    def __init__(
        self,
        path: Path | str,
        width: int,
        height: int,
        fps: float,
        codec: str = "libx264",
        crf: int = 14,
        preset: str = "veryfast",
        pix_fmt: str | None = None,
        times_s: Sequence[float] | None = None,
    ):
        if codec not in self.PIX_FMT:
            raise VideoError(f"codec {codec!r}: expected one of {', '.join(self.PIX_FMT)}")
        self.path = Path(path)
        self.shape = (height, width, 3)
        self.pix_fmt = pix_fmt or self.PIX_FMT[codec]
        if self.pix_fmt == "yuv420p" and (width % 2 or height % 2):
            raise VideoError(f"{self.path}: yuv420p needs an even size, got {width}x{height}")
        self._rate = Fraction(fps).limit_denominator(1001)
        self._ticks = None if times_s is None else self._to_ticks(times_s)
        self._options = {}
        if codec == "libx264":
            self._options = {"crf": str(crf), "preset": preset, "x264-params": "mbtree=0"}
            if self.path.suffix == ".avi":  # it has no presentation times: frames in display order
                self._options["bf"] = "0"
        self._codec = codec
        self._n = 0

    def _to_ticks(self, times_s) -> np.ndarray:
        suffix = self.path.suffix
        if suffix not in self.VARIABLE:
            raise VideoError(f"{self.path}: {suffix} holds no frame times; use .mkv or .mp4")
        self._time_base = Fraction(1, self.VARIABLE[suffix])
        ticks = np.rint(np.asarray(times_s, dtype=float) / float(self._time_base)).astype(np.int64)
        if ticks[0] < 0 or np.any(np.diff(ticks) < 1):
            raise VideoError(f"{self.path}: times_s must rise strictly from 0 s or later")
        return ticks

    def __enter__(self):
        self._temp = self.path.with_name(f".tmp-{self.path.name}")
        self._container = av.open(str(self._temp), "w", options={"fflags": "+bitexact"})
        stream = self._container.add_stream(self._codec, rate=self._rate, options=self._options)
        stream.height, stream.width = self.shape[:2]
        stream.pix_fmt = self.pix_fmt
        stream.codec_context.thread_count = 1
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        if self._ticks is None:
            self._time_base = 1 / self._rate
        stream.codec_context.time_base = self._time_base
        self._stream, self._reformatter = stream, VideoReformatter()
        return self

    def write(self, rgb: np.ndarray) -> None:
        """Append one frame (H, W, 3) uint8."""
        if rgb.shape != self.shape or rgb.dtype != np.uint8:
            raise VideoError(f"frame {rgb.shape} {rgb.dtype}: expected {self.shape} uint8")
        if self._ticks is not None and self._n == len(self._ticks):
            raise VideoError(f"{self.path}: more frames than the {len(self._ticks)} times_s")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
        frame = self._reformatter.reformat(frame, format=self.pix_fmt, threads=1)
        frame.time_base = self._time_base
        frame.pts = self._n if self._ticks is None else int(self._ticks[self._n])
        self._container.mux(self._stream.encode(frame))
        self._n += 1

    def __exit__(self, kind, error, trace) -> None:
        try:
            if kind is None and self._ticks is not None and self._n != len(self._ticks):
                raise VideoError(f"{self.path}: {self._n} frames, {len(self._ticks)} times_s")
            if kind is None:
                self._container.mux(self._stream.encode())
            self._container.close()
            if kind is None:
                self._temp.replace(self.path)
        finally:
            self._temp.unlink(missing_ok=True)
