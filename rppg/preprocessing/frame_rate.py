"""Whether frames are dense enough in time: for a heart rate, and for a grid of 30 per second.

`check_frame_rate` refuses what would give a wrong rate, `check_span` what would fill a disk with
repeated frames.

>>> check_span(36000.0, 300)
Traceback (most recent call last):
rppg.preprocessing.video_writer.VideoError: 300 frames in 36000 s, expected 2 per second or more
"""

import numpy as np

from rppg.datasets.recording import LONGEST_BRIDGE_S
from rppg.preprocessing.video_writer import VideoError

FEWEST_FPS = 7.0  # frames per second: 2 x 3 Hz (180 bpm) and a margin
LEAST_SAMPLED_SHARE = 0.75  # of the time, with frames at that rate or above
SNAP_S = 1e-3  # a frame this close to a grid time is used without interpolation
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


def check_frame_rate(times_s: np.ndarray) -> None:
    """Raise ValueError if frames at times_s (n,), n >= 2, are too few per second for 180 bpm.

    Checked are the mean rate without gaps over 0.5 s and, as that hides bursts, `sampled_share`.
    """
    steps_s = _bridged_steps_s(times_s)
    fps = 1 / float((steps_s if len(steps_s) else np.diff(times_s)).mean())
    sampled = sampled_share(times_s)
    if sampled < LEAST_SAMPLED_SHARE or fps < FEWEST_FPS:
        uneven = f", {1 - sampled:.0%} of the time with fewer," if fps >= FEWEST_FPS else ""
        reason = f"too few for heart rates up to 180 bpm, expected {FEWEST_FPS:g} or more"
        raise ValueError(f"{fps:.1f} frames a second{uneven} are {reason}")


def sampled_share(times_s: np.ndarray) -> float:
    """Share of the time, without gaps over 0.5 s, with FEWEST_FPS frames per second or more at
    times_s (n,), n >= 2: 1.0 for even video, 0.0 if there are gaps only."""
    steps_s = _bridged_steps_s(times_s)
    dense_s = steps_s[steps_s <= 1 / FEWEST_FPS + SNAP_S].sum()
    return float(dense_s / steps_s.sum()) if len(steps_s) else 0.0


def _bridged_steps_s(times_s: np.ndarray) -> np.ndarray:
    steps_s = np.diff(times_s)
    return steps_s[steps_s <= LONGEST_BRIDGE_S + SNAP_S]
