"""Write video files atomically, with reproducible bytes.

Frames are RGB uint8 arrays (H, W, 3).

    >>> with VideoWriter("copy.mkv", 320, 240, fps=30, codec="ffv1") as video:  # doctest: +SKIP
    ...     for rgb, _ in read_frames("face.mp4"):
    ...         video.write(rgb)
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from rppg.utils.errors import RppgError


class VideoError(RppgError, ValueError):
    """A video cannot be read or written; the message says what was found and expected."""


class VideoWriter:
    """Write RGB frames to a video file: a context manager; the file appears complete or not at all.

    The suffix of `path` determines the container. Codecs: "libx264" (`crf` 0-51, `preset`,
    `x264_params` as "cabac=0:ref=1"), and the lossless "ffv1" and "rawvideo". `pix_fmt` None:
    yuv420p for libx264, RGB for the lossless ones.
    `times_s` (n,): presentation times, strictly increasing from 0 or later (.mkv: resolution 1 ms;
    .mp4: 1/90000 s, start 1 ms); None: constant `fps`.
    The bytes depend on the arguments and frames only: one thread, and no macroblock tree in x264,
    whose sums vary from run to run (up to six different files in 400 writes of the same frames).
    Raises VideoError for an unknown codec, an odd size in yuv420p, times that the container
    cannot store, a frame of another shape, and a number of frames that differs from times_s.
    """

    PIX_FMT = {"libx264": "yuv420p", "ffv1": "bgr0", "rawvideo": "bgr24"}
    VARIABLE = {".mkv": 1000, ".mp4": 90000}  # containers that store times, ticks per second

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
        x264_params: str = "",
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
            params = ":".join(filter(None, ("mbtree=0", x264_params)))
            self._options = {"crf": str(crf), "preset": preset, "x264-params": params}
            if self.path.suffix == ".avi":  # AVI stores no times: frames in display order
                self._options["bf"] = "0"
        self._codec = codec
        self._n = 0

    def _to_ticks(self, times_s) -> np.ndarray:
        suffix = self.path.suffix
        if suffix not in self.VARIABLE:
            raise VideoError(f"{self.path}: {suffix} cannot store frame times; use .mkv or .mp4")
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
