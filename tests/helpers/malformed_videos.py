"""Videos as cameras, recorders and accidents make them, of one face whose pulse is 132 bpm.

`GOOD` holds files that can be measured, `BAD` those that cannot, or not surely: name -> function
that writes the file or folder and returns its path.

    path = GOOD["avi, H.264 with B-frames"](tmp_path)
"""

import functools
import os
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from helpers.vision_clips import face_frame, pulse_at

HR_BPM = 132.0
SECONDS = 4.0
FPS = 30


@functools.cache
def frames(seconds=SECONDS, fps=FPS, hr_bpm=HR_BPM):
    """(rgb, ...) of a face that sways by a few pixels, uint8 (240, 320, 3) each."""
    times_s = np.arange(round(seconds * fps)) / fps
    pulse = pulse_at(times_s, hr_bpm)
    sway = [(2 * np.sin(2 * t), np.cos(1.3 * t)) for t in times_s]
    return tuple(face_frame(*xy, p) for xy, p in zip(sway, pulse, strict=True))


def encode(path, rgbs=None, codec="libx264", pix="yuv420p", fps=FPS, pts=None, fmt=None, **options):
    """Write frames through PyAV; pts: a frame's time stamp in units of 1 / fps."""
    rgbs = frames() if rgbs is None else rgbs
    options = (
        {"crf": "12", "preset": "veryfast"} | options if codec.startswith("libx26") else options
    )
    with av.open(str(path), "w", format=fmt) as container:
        stream = container.add_stream(codec, rate=fps, options=options)
        stream.height, stream.width = rgbs[0].shape[:2]
        stream.pix_fmt = pix
        stream.codec_context.time_base = Fraction(1, fps)
        for index, rgb in enumerate(rgbs):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts = index if pts is None else int(pts[index])
            frame.time_base = Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return Path(path)


def _file(suffix, **how):
    return lambda folder: encode(folder / f"face{suffix}", **how)


MJPEG = {"codec": "mjpeg", "pix": "yuvj420p", "qscale": "2"}
GOOD = {
    "mp4, H.264 without B-frames": _file(".mp4", bf="0"),
    "mp4, H.264 with B-frames": _file(".mp4", bf="3"),
    "mov, H.264": _file(".mov"),
    "mkv, H.264 with B-frames": _file(".mkv", bf="3"),
    "avi, H.264 without B-frames": _file(".avi", bf="0"),
    "avi, H.264 with B-frames": _file(".avi", bf="3"),
    "avi, H.264 with a pyramid of B-frames": _file(".avi", bf="6", **{"b-pyramid": "normal"}),
    "mp4, HEVC": _file(".mp4", codec="libx265", **{"x265-params": "log-level=none"}),
    "avi, MPEG-4 with B-frames": _file(".avi", codec="mpeg4", bf="2", q="2", b="6000000"),
    "avi, MJPEG": _file(".avi", **MJPEG),
    "mkv, FFV1": _file(".mkv", codec="ffv1", pix="bgr0"),
    "avi, raw": _file(".avi", codec="rawvideo", pix="bgr24"),
    "webm, VP8": _file(".webm", codec="libvpx", b="6000000", deadline="realtime"),
    "ts, H.264 with B-frames": _file(".ts", bf="3", fmt="mpegts"),
    "MTS": _file(".MTS", fmt="mpegts"),
    "3gp": _file(".3gp"),
    "wmv": _file(".wmv", fmt="asf", codec="wmv2", b="6000000"),
    "flv": _file(".flv", fmt="flv", codec="flv", b="6000000"),
    "ten bits": _file(".mkv", codec="ffv1", pix="yuv420p10le"),
    "4:4:4": _file(".mkv", codec="ffv1", pix="yuv444p"),
    "15 frames a second": lambda folder: encode(folder / "a.mp4", frames(fps=15), fps=15),
    "60 frames a second": lambda folder: encode(folder / "a.mp4", frames(fps=60), fps=60),
    "time stamps start at an hour": lambda folder: encode(
        folder / "a.mkv", pts=np.arange(120) + 108000
    ),
    "every fifth frame dropped": lambda folder: encode(
        folder / "a.mkv",
        [rgb for k, rgb in enumerate(frames()) if k % 5 != 3],
        pts=[k for k in range(120) if k % 5 != 3],
    ),
    "avi with null frames": lambda folder: encode(
        folder / "a.avi",
        [rgb for k, rgb in enumerate(frames()) if k % 5 != 3],
        pts=[k for k in range(120) if k % 5 != 3],
        **MJPEG,
    ),
    "title in Latin-1": lambda folder: _bytes(
        encode(folder / "a.avi", **MJPEG), lambda b: b.replace(b"Lavf", b"\xe9\xe8\xff\xfe")
    ),
}


def _bytes(path, change):
    path.write_bytes(change(path.read_bytes()))
    return path


def _cut(suffix, share, **how):
    def write(folder):
        path = encode(folder / f"cut{suffix}", **how)
        return _bytes(path, lambda data: data[: round(share * len(data))])

    return write


def _hole(suffix, share, junk, **how):
    """A tenth of the file, from a share of it on, replaced by junk bytes."""

    def write(folder):
        path = encode(folder / f"hole{suffix}", **how)
        data = bytearray(path.read_bytes())
        start, n = round(share * len(data)), len(data) // 10
        data[start : start + n] = np.random.default_rng(0).bytes(n) if junk else bytes(n)
        path.write_bytes(bytes(data))
        return path

    return write


def _slow(fps, hr_bpm):
    return lambda folder: encode(folder / "slow.mp4", frames(12.0, fps, hr_bpm), fps=fps)


def _text(name, text):
    def write(folder):
        encode(folder / "other.mp4")
        path = folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def _picture(name, change, codec="ffv1", pix="bgr0"):
    return lambda folder: encode(
        folder / name, [np.ascontiguousarray(change(rgb)) for rgb in frames()], codec, pix
    )


def _made(name, make):
    def write(folder):
        path = folder / name
        make(path)
        return path

    return write


def _joined(suffix, **how):
    """Two streams one after the other, as `cat a b` makes: the clock starts again."""

    def write(folder):
        one = encode(folder / f"one{suffix}", **how).read_bytes()
        return _bytes(folder / f"one{suffix}", lambda _: one + one)

    return write


def _loop(path):
    path.symlink_to(path.name)


def _grey(rgb):
    return np.repeat(rgb[..., 1:2], 3, axis=2)


def _small(n):
    return lambda rgb: rgb[52:182, 95:225][:: 130 // n, :: 130 // n][:n, :n]


CONTAINERS = {
    ".mp4": {}, ".avi": MJPEG, ".mkv": {}, ".ts": {"fmt": "mpegts"}, ".mov": {"bf": "3"}
}  # fmt: skip
BAD = {
    **{
        f"{suffix} cut at {share:.0%}": _cut(suffix, share, **how)
        for suffix, how in CONTAINERS.items()
        for share in (0.02, 0.3, 0.6, 0.95)
    },
    **{
        f"{suffix} with {'junk' if junk else 'zeros'} at {share:.0%}": _hole(
            suffix, share, junk, **how
        )
        for suffix, how in CONTAINERS.items()
        for share in (0.0, 0.5)
        for junk in (True, False)
    },
    **{f"{fps} frames a second": _slow(fps, bpm) for fps, bpm in ((2, 72), (3, 100), (5, 165))},
    "raw H.264": _file(".h264", fmt="h264", bf="3"),
    "raw HEVC": _file(".hevc", fmt="hevc", codec="libx265", **{"x265-params": "log-level=none"}),
    "raw MJPEG": _file(".mjpeg", fmt="mjpeg", **MJPEG),
    "two joined .ts": _joined(".ts", fmt="mpegts"),
    "two joined .avi": _joined(".avi", **MJPEG),
    "all of one time": lambda folder: encode(folder / "a.mkv", pts=np.arange(120) // 50),
    "a minute and a day between frames": lambda folder: encode(
        folder / "a.mkv", pts=np.r_[np.arange(60), np.arange(60) + 2_600_000]
    ),
    "stamps a second apart": lambda folder: encode(folder / "a.mkv", pts=30 * np.arange(120)),
    "a gap of two seconds": lambda folder: encode(
        folder / "a.mkv", pts=np.r_[np.arange(60), np.arange(60) + 120]
    ),
    "one frame": lambda folder: encode(folder / "a.mp4", frames()[:1]),
    "two seconds": lambda folder: encode(folder / "a.mp4", frames()[:60]),
    "empty": _text("a.mp4", ""),
    "one byte": _text("a.avi", "\0"),
    "text": _text("a.mp4", "not a video\n" * 100),
    "a web page": _text("a.mp4", "<!doctype html><title>404</title>" * 50),
    "a list of files": _text("a.mkv", "ffconcat version 1.0\nfile other.mp4\n"),
    "a playlist": _text("a.mp4", "#EXTM3U\n#EXTINF:5,\nother.mp4\n"),
    "a session description": _text("a.mp4", "v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"),
    "a zip": _text("a.mp4", b"PK\x03\x04" + bytes(500)),
    "only the head of an mp4": _text("a.mp4", struct.pack(">I", 32) + b"ftypisom" + bytes(20)),
    "random bytes": _text("a.avi", np.random.default_rng(1).bytes(20_000)),
    "a folder": _made("a.mp4", lambda path: path.mkdir()),
    "a pipe": _made("a.mp4", os.mkfifo),
    "a link to itself": _made("a.mp4", _loop),
    "a broken link": _made("a.mp4", lambda path: path.symlink_to("nowhere.mp4")),
    "no file": _made("a.mp4", lambda path: None),
    "grey": _picture("a.mkv", _grey),
    "one channel": _picture("a.mkv", _grey, pix="gray"),
    "black": _picture("a.mkv", np.zeros_like),
    "white": _picture("a.mkv", lambda rgb: np.full_like(rgb, 255)),
    "no face": _picture("a.mkv", lambda rgb: np.full_like(rgb, 90)),
    "upside down": _picture("a.mkv", lambda rgb: rgb[::-1]),
    "36 pixels": _picture("a.mkv", _small(36)),
    "8 pixels": _picture("a.mkv", _small(8)),
}
