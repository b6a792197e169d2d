"""Heart rate from frames as they come: of a camera, a call, or a file that is read along.

    stream = Stream()
    for rgb, time_s in frames:  # (H, W, 3) uint8 and seconds, ascending
        for rate in stream.add(rgb, time_s):
            print(f"{rate.time_s:.0f} s: {rate.hr_bpm:.0f} bpm")  # once a second, from 5 s on

A rate is that of the last 10 s, or of what there is from 5 s on, and equals what the same window of
the whole video's traces gives.  Memory is constant: of each frame, the six regions' mean colours
are kept for the length of a window.  It comes 0.2 to 0.3 s late: landmarks are found on some frames
and interpolated (`rppg.preprocessing.tracking`), and smoothed over three.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from rppg.datasets.prepared import FPS, RGB, WHOLE_FACE
from rppg.preprocessing.face_mesh import CentredMean, FaceLandmarks
from rppg.preprocessing.frame_rate import FEWEST_FPS, check_frame_rate
from rppg.preprocessing.mstmap import NO_FACE, expand, region_means
from rppg.preprocessing.resampling import WIDEST_S, neighbours, resample, spread_s
from rppg.preprocessing.tracking import SparseTracker
from rppg.signals.classical import METHODS, wave
from rppg.signals.heart_rate import heart_rate
from rppg.utils.arguments import check_fps, is_number
from rppg.utils.errors import InputError

FIRST_S, WINDOW_S, EVERY_S = 5.0, 10.0, 1.0
LONGEST_PAUSE_S = 60.0  # between two frames; after more, it begins again
KEPT_S = WINDOW_S + 2.0  # of colours: a window, and frames around it for interpolation
SLOW_S, SLOW_FRAMES = 2.0, 3  # so many frames, so far apart, are no video


@dataclass(frozen=True, eq=False)
class Rate:
    """The heart rate of the window that ends at time_s, on the clock of the frames."""

    time_s: float
    hr_bpm: float  # NaN if there is none
    quality: float  # 0-1, as of `HeartRate`; NaN if there is none
    reason: str  # why there is none, else ""
    wave: np.ndarray | None  # (T,) BVP of the window at 30 fps


class Stream:
    """A face in front of a camera.  fps: frames are `1 / fps` apart, so no times are given.

    method: a classical one.  Raises InputError for another method, and for an fps that is not
    positive.
    """

    def __init__(self, fps: float | None = None, method: str = "POS"):
        known = {name.lower(): name for name in METHODS}
        if not isinstance(method, str) or method.lower() not in known:
            expected = f"expected a classical one: {', '.join(METHODS)}"
            raise InputError(f"no method {method!r} for frames as they come, {expected}")
        check_fps(fps)
        self.fps, self.method = fps, known[method.lower()]
        self.landmarks: np.ndarray | None = None  # (468, 2) of the last frame that is done
        self._mesh, self._n, self._n_slow = FaceLandmarks(), 0, 0
        self._begin(None)

    def add(self, rgb: np.ndarray, time_s: float | None = None) -> list[Rate]:
        """Take the next frame (H, W, 3) uint8, and return the rates that it completes: mostly none.

        Raises InputError for another array, a time that is missing or not later than the last.
        """
        time_s = self._checked(rgb, time_s)
        self._refuse_slow(time_s)
        if self._last_s is None or time_s - self._last_s > LONGEST_PAUSE_S:
            self._begin(time_s)
        self._last_s, self._n = time_s, self._n + 1
        rates = []
        for found in self._tracker.add((rgb, time_s)):
            for frame in self._smooth.add(found):
                rates += self._coloured(*frame)
        return rates

    def _begin(self, start_s: float | None) -> None:
        self._mesh.reset()
        self._tracker = SparseTracker(lambda rgb, _: self._mesh(rgb))
        self._smooth, self._colours = CentredMean(), deque()  # of (time_s, means, counts)
        self._start_s, self._last_s, self._next_s = start_s, None, FIRST_S

    def _checked(self, rgb: np.ndarray, time_s: float | None) -> float:
        if getattr(rgb, "ndim", 0) != 3 or rgb.shape[-1] != 3 or rgb.dtype != np.uint8:
            found = f"a frame {getattr(rgb, 'shape', type(rgb).__name__)}"
            found += f" of {getattr(rgb, 'dtype', '?')}"
            raise InputError(f"{found}, expected an array (H, W, 3) of uint8 in the order R, G, B")
        if time_s is None:
            if self.fps is None:
                raise InputError("a frame has no time: give it, or the fps of the stream")
            time_s = self._n / self.fps
        if not is_number(time_s):
            raise InputError(f"time_s is {time_s!r}, expected a number, in seconds")
        if not math.isfinite(time_s) or (self._last_s is not None and time_s <= self._last_s):
            last = "the first one" if self._last_s is None else f"{self._last_s:g} s"
            raise InputError(f"a frame at {time_s:g} s after {last}, expected ascending times")
        return float(time_s)

    def _refuse_slow(self, time_s: float) -> None:
        """Raise InputError if frames are seconds apart, as times in milliseconds make them."""
        is_slow = self._last_s is not None and time_s - self._last_s > SLOW_S
        self._n_slow = self._n_slow + 1 if is_slow else 0
        if self._n_slow == SLOW_FRAMES:
            found = f"{SLOW_FRAMES} frames, each {time_s - self._last_s:g} s after the last"
            raise InputError(f"{found}: expected seconds, and {FEWEST_FPS:g} frames or more in one")

    def _coloured(self, rgb: np.ndarray, time_s: float, landmarks) -> list[Rate]:
        """Keep a frame's colours; the rates of the windows that can be resampled by now."""
        self.landmarks = landmarks
        means, counts = NO_FACE if landmarks is None else region_means(rgb, landmarks)
        self._colours.append((time_s - self._start_s, means, counts))
        while self._colours[-1][0] - self._colours[0][0] > KEPT_S:
            self._colours.popleft()
        rates = []
        while len(self._colours) > 2 and self._colours[-3][0] >= self._next_s + WIDEST_S:
            rates.append(self._rate(self._next_s))
            self._next_s += EVERY_S
        return rates

    def _rate(self, end_s: float) -> Rate:
        try:
            rgb = self._window(end_s)
            pulse = wave(self.method, rgb, FPS)
            found = heart_rate(pulse, FPS)
        except ValueError as error:
            return Rate(self._start_s + end_s, math.nan, math.nan, str(error), None)
        return Rate(self._start_s + end_s, found.hr_bpm, found.quality, "", pulse)

    def _window(self, end_s: float) -> np.ndarray:
        """Mean colours of the face (T, 3) at 30 fps in the window that ends there."""
        times_s, means, counts = (np.array(one) for one in zip(*self._colours, strict=True))
        last = round(end_s * FPS)
        grid_s = np.arange(max(0, last - round(WINDOW_S * FPS)), last) / FPS
        inside = times_s >= grid_s[0]
        if inside.sum() > 1:
            check_frame_rate(times_s[inside])
        if not counts.any():
            raise ValueError(f"no face in the last {len(grid_s) / FPS:g} s")
        near = neighbours(counts > 0, times_s, grid_s)
        traces = expand(means[near], counts[near])[:, [WHOLE_FACE], RGB]  # (f, 1, 3)
        rows = resample(traces, times_s[near], grid_s, spread_s(times_s))
        return rows[:, 0].astype(float)  # (T, 1, 3) -> (T, 3)
