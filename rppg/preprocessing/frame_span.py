"""How much time a number of frames may cover: each is repeated 30 times per second until the next.

>>> check_span(36000.0, 300)
Traceback (most recent call last):
rppg.preprocessing.video_writer.VideoError: 300 frames in 36000 s, expected 2 per second or more
"""

from rppg.preprocessing.video_writer import VideoError

SLOWEST_FPS = 2.0  # fewer hold no pulse
LONGEST_PAUSE_S = 60.0  # that a recording may have on top of it


def longest_s(n_frames: int) -> float:
    """The longest time in s that so many frames may cover."""
    return n_frames / SLOWEST_FPS + LONGEST_PAUSE_S


def check_span(span_s: float, n_frames: int) -> None:
    """Raises VideoError if so many frames cover more time than that."""
    if span_s > longest_s(n_frames):
        found = f"{n_frames} frames in {span_s:.0f} s"
        raise VideoError(f"{found}, expected {SLOWEST_FPS:g} per second or more")
