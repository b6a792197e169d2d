"""Write frames as a webcam or phone does: H.264, HEVC or MJPEG, with frames dropped and doubled.

A dropped frame leaves a gap in the times of an .mp4; in an .avi, which has no times, the frame
before is shown once more.  A doubled frame takes the place of the one after it.

    >>> encode(Path("face.mp4"), frames, clip, LEVELS["easy"])  # doctest: +SKIP
"""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from rppg.synthetic.second_maker.config import Clip, Level

MP4_TICKS_HZ = 90000


def encode(path: Path, frames: Iterable[np.ndarray], clip: Clip, level: Level) -> None:
    """Write frames (H, W, 3) uint8; the file appears whole or not at all."""
    rng = clip.rng(10)
    lost_share = level.lost_frames * rng.uniform()
    temporary = path.with_name(f".tmp-{path.name}")
    try:
        with av.open(str(temporary), "w", options={"fflags": "+bitexact"}) as container:
            stream = _stream(container, clip, round(rng.uniform(*level.keys_s) * clip.fps))
            for number, rgb in _lossy(rng, frames, lost_share, path.suffix == ".avi"):
                container.mux(stream.encode(_frame(rgb, stream, number)))
            container.mux(stream.encode())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _lossy(rng, frames, lost_share: float, has_no_times: bool):
    """(number, frame) of the frames that are written."""
    before = None
    for number, rgb in enumerate(frames):
        dropped, doubled = rng.uniform(size=2) < lost_share / 2
        if before is not None and (doubled or (dropped and has_no_times)):
            yield number, before
        elif before is None or not dropped:
            yield number, rgb
            before = rgb


def _stream(container, clip: Clip, key_every: int):
    rate = Fraction(clip.fps).limit_denominator(1001)
    name = {"h264": "libx264", "hevc": "libx265", "mjpeg": "mjpeg"}[clip.codec]
    stream = container.add_stream(name, rate=rate, options=_options(clip, key_every))
    stream.width, stream.height = clip.width, clip.height
    context = stream.codec_context
    context.thread_count = 1
    context.flags |= av.codec.context.Flags.bitexact
    context.time_base = 1 / rate if clip.codec == "mjpeg" else Fraction(1, MP4_TICKS_HZ)
    stream.pix_fmt = "yuvj420p" if clip.codec == "mjpeg" else "yuv420p"
    if clip.codec == "mjpeg":
        context.qmin = context.qmax = clip.quality
    return stream


def _options(clip: Clip, key_every: int) -> dict[str, str]:
    if clip.codec == "mjpeg":
        return {}
    keys = f"keyint={key_every}:min-keyint={key_every}:scenecut=0"
    if clip.codec == "h264":
        exact = "mbtree=0:no-dct-decimate=1:no-fast-pskip=1:chroma-qp-offset=-12"
        params = {"x264-params": f"{exact}:bframes=0:rc-lookahead=0:{keys}"}
    else:
        alone = "pools=none:frame-threads=1:wpp=0:log-level=none:bframes=0:rc-lookahead=0"
        exact = "cutree=0:info=0:cbqpoffs=-12:crqpoffs=-12:early-skip=0"
        params = {"x265-params": f"{alone}:{exact}:{keys}"}
    return {"crf": str(clip.quality), "preset": "superfast", **params}


def _frame(rgb: np.ndarray, stream, number: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    context = stream.codec_context
    full = {"dst_color_range": "JPEG"} if stream.pix_fmt == "yuvj420p" else {}
    frame = VideoReformatter().reformat(frame, format=stream.pix_fmt, threads=1, **full)
    frame.time_base = context.time_base
    frame.pts = round(number / context.framerate / context.time_base)
    return frame
