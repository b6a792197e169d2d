"""Heart rate from frames as they come: of a camera, a call, or a file that is read along.

    stream = Stream()
    for rgb, time_s in frames:  # (H, W, 3) uint8 and seconds, ascending
        for rate in stream.add(rgb, time_s):
            print(f"{rate.time_s:.0f} s: {rate.hr_bpm:.0f} bpm")  # once a second, from 5 s on
    stream.finish()             # the last rate, if it is still being worked out

A rate is that of the last 10 s, or of what there is from 5 s on, and equals what the same window of
the whole video's traces gives.  Memory is constant: of each frame, the six regions' mean colours
and the crops that nets see are kept, for 12 s.  A rate comes 0.2 to 0.3 s late: landmarks are found
on some frames and interpolated (`rppg.preprocessing.tracking`), and smoothed over three.  That of
the consensus is worked out in a thread, and comes with a later frame.
"""

import math
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from rppg.datasets.prepared import FPS
from rppg.evaluation.consensus_words import words
from rppg.inference.doubts import check_picture
from rppg.inference.stream_window import Window, frame_of
from rppg.inference.videos import CONSENSUS
from rppg.preprocessing.face_mesh import CentredMean, FaceLandmarks
from rppg.preprocessing.frame_changes import FreshFrames, face_grid
from rppg.preprocessing.frame_rate import FEWEST_FPS, check_frame_rate
from rppg.preprocessing.resampling import WIDEST_S
from rppg.preprocessing.tracking import SparseTracker
from rppg.signals.classical import wave
from rppg.signals.heart_rate import heart_rate
from rppg.signals.multi_region import CLASSICAL, MULTI_REGION, multi_region_pbv
from rppg.utils.arguments import check_fps, is_number
from rppg.utils.errors import InputError
from rppg.utils.import_ahead import SCIPY, import_ahead

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
    confidence: float = math.nan  # of the consensus: that hr_bpm is within 5 of the truth
    words: str = ""  # the same in words


def check_method(method) -> str:
    """The method's name as it is written.  Raises InputError for one that a stream has not."""
    known = {name.lower(): name for name in (CONSENSUS, *CLASSICAL)}
    if not isinstance(method, str) or method.lower() not in known:
        expected = f"expected {CONSENSUS}, or a classical one: {', '.join(CLASSICAL)}"
        raise InputError(f"no method {method!r} for frames as they come, {expected}")
    return known[method.lower()]


class Stream:
    """A face in front of a camera.  fps: frames are `1 / fps` apart, so no times are given.

    method: "consensus" of the classical methods and the models in the box, which imports torch and
    has a confidence, or a classical one alone.  Raises InputError for another method, and for an
    fps that is not positive.
    """

    def __init__(self, fps: float | None = None, method: str = CONSENSUS):
        self.fps, self.method = fps, check_method(method)
        check_fps(fps)
        imported = import_ahead(SCIPY)
        self.landmarks: np.ndarray | None = None  # (468, 2) of the last frame that is done
        self._mesh, self._n, self._n_slow = FaceLandmarks(), 0, 0
        self._members, self._pool, self._pending = None, None, None
        if self.method == CONSENSUS:
            from rppg.inference.stream_consensus import StreamConsensus

            self._members, self._pool = StreamConsensus(), ThreadPoolExecutor(1)
        self._begin(None)
        imported.join()  # no frame shall wait for it

    def add(self, rgb: np.ndarray, time_s: float | None = None) -> list[Rate]:
        """Take the next frame (H, W, 3) uint8, and return the rates that it completes: mostly none.

        Raises InputError for another array, a time that is missing or not later than the last.
        """
        time_s = self._checked(rgb, time_s)
        self._refuse_slow(time_s)
        if self._last_s is None or time_s - self._last_s > LONGEST_PAUSE_S:
            self._begin(time_s)
        self._last_s, self._n = time_s, self._n + 1
        rates = self._worked_out()
        rgb = np.array(rgb, order="C")  # it is kept for a while, and the caller may use it again
        for found in self._tracker.add((rgb, time_s)):
            if self._members is not None:
                self._members.add(*found)
            for frame in self._smooth.add(found):
                rates += self._coloured(*frame)
        return rates

    def finish(self) -> list[Rate]:
        """The rate that is still being worked out, if there is one: after the last frame."""
        return self._worked_out(wait=True)

    def _begin(self, start_s: float | None) -> None:
        self._mesh.reset()
        self._tracker = SparseTracker(lambda rgb, _: self._mesh(rgb))
        self._smooth, self._frames, self._fresh = CentredMean(), deque(), FreshFrames()
        if self._members is not None and start_s is not None:
            self._members.begin(start_s)
        self._start_s, self._last_s, self._next_s = start_s, None, FIRST_S

    def _checked(self, rgb: np.ndarray, time_s: float | None) -> float:
        is_picture = getattr(rgb, "ndim", 0) == 3 and rgb.shape[-1] == 3 and rgb.size > 0
        if not is_picture or rgb.dtype != np.uint8:
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
        self._frames.append(frame_of(rgb, time_s - self._start_s, landmarks))
        face = None if landmarks is None else face_grid(rgb.shape, landmarks)
        self._fresh.add(rgb, time_s - self._start_s, face)
        self._fresh.forget_before(self._frames[0].time_s)
        while self._frames[-1].time_s - self._frames[0].time_s > KEPT_S:
            self._frames.popleft()
        rates = []
        while len(self._frames) > 2 and self._frames[-3].time_s >= self._next_s + WIDEST_S:
            stop = round(self._next_s * FPS)
            part = max(0, stop - round(WINDOW_S * FPS)), stop
            if (still := self._still(part)) is not None:
                rates += [*self._worked_out(wait=True), still]
            else:
                rates += self._ask(part) if self._members else [self._rate(*part)]
            self._next_s += EVERY_S
        return rates

    def _still(self, part: tuple[int, int]) -> Rate | None:
        """An answer without a rate, if the picture stands still in this part of the grid, or has
        too few frames to tell."""
        first_s, end_s = (one / FPS for one in part)
        inside = [one for one in self._frames if first_s <= one.time_s < end_s]
        if not any(one.counts.any() for one in inside):  # no face, which is said
            return None
        times_s = np.array([one.time_s for one in inside])
        try:
            if len(times_s) > 1:  # too few frames a second look like a still picture
                check_frame_rate(times_s)
            check_picture({"changing_share": self._fresh.changing_share(times_s)})
        except ValueError as error:
            return Rate(self._start_s + end_s, math.nan, math.nan, str(error), None)
        return None

    def _rate(self, first: int, stop: int) -> Rate:
        """The rate of frames first to stop of the grid, by a classical method."""
        end_s = self._start_s + stop / FPS
        try:
            pulse = self._wave(Window(self._frames, first, stop))
            found = heart_rate(pulse, FPS)
        except ValueError as error:
            return Rate(end_s, math.nan, math.nan, str(error), None)
        return Rate(end_s, found.hr_bpm, found.quality, "", pulse)

    def _wave(self, window: Window) -> np.ndarray:
        if self.method == MULTI_REGION:
            return multi_region_pbv(window.regions(), FPS)
        return wave(self.method, window.rgb(), FPS)

    def _ask(self, part: tuple[int, int]) -> list[Rate]:
        """Have the consensus worked out; the rate before it, if that was not there yet."""
        before = self._worked_out(wait=True)
        answer = self._members.asked(self._frames, *part)
        self._pending = self._pool.submit(_agreed, answer, self._start_s + part[1] / FPS)
        return before

    def _worked_out(self, wait: bool = False) -> list[Rate]:
        """The rate of the consensus that was asked for, if it is there."""
        if self._pending is None or not (wait or self._pending.done()):
            return []
        found, self._pending = self._pending, None
        return [found.result()]


def _agreed(answer, end_s: float) -> Rate:
    try:
        pulse, found, said = answer()
    except ValueError as error:
        return Rate(end_s, math.nan, math.nan, str(error), None)
    return Rate(end_s, found.hr_bpm, found.quality, "", pulse, said.confidence, words(said))
