"""Frame times of a recording, and resampling of traces and crops to 30 fps.

Source times (n,) in s have any spacing; the grid (T,) starts at the first frame, 1/30 s apart.
Traces (n, R, 3) become (T, R, 3); crops are resampled one at a time.

    >>> times_s = np.arange(250) / 25  # ten seconds at 25 fps
    >>> grid_s = grid(times_s)
    >>> len(grid_s), resample(np.sin(times_s)[:, None, None], times_s, grid_s, half_s=0.0).shape
    (300, (300, 1, 1))

Error of each method (pulses of 50-150 bpm with a harmonic, relative error in the band 0.5-4.5 Hz,
mean of 40 draws), without noise at 25 / 20 / 17 fps and, after the bar, with white noise as large
as the pulse:

    nearest frame   .073 .017 .072 | .74 .80 .84
    linear          .021 .028 .045 | .68 .76 .79      crops: one blend of two frames
    PCHIP           .003 .006 .012 | .69 .77 .81      traces
    cubic spline    .000 .001 .002 | .70 .79 .84      overshoots at steps and gaps

The share of power at the true HR differs by less than .002 between the last three.

PCHIP alone would drop every other frame of 60 fps and alias its noise into the heart band: traces
of faster video are averaged over up to 1/30 s.  With white noise as large as the pulse, the error
is .67 without averaging and .47 with it (120 fps: .68 and .48); for the clean pulse it is .01.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import cv2
import numpy as np

from rppg.datasets.prepared import FPS
from rppg.datasets.recording import Recording
from rppg.preprocessing.container import Weight
from rppg.preprocessing.frame_rate import SNAP_S, check_span
from rppg.preprocessing.video import VideoError, read_frames

if TYPE_CHECKING:
    from scipy.interpolate import PchipInterpolator

LONGEST_BRIDGE_S = 0.5  # gaps in a trace up to this long are interpolated, longer ones are NaN
LONGEST_JUMP_S = 60.0  # between frames; more means a broken time stamp
SPARE_FRAMES = 2  # allowed difference between the numbers of stamps and frames
WIDEST_S = 0.5 / FPS  # maximum half-width of the averaging of traces


class TimedFrames:
    """The frames of a recording, each with its time in s: `for rgb, time_s in TimedFrames(r)`.
    threads: that decode a video.

    Times are the stamps of the dataset, else frame number / fps of the labels, else the container's
    presentation times minus the first one; they increase strictly.  After iteration, `n_frames` is
    the number of decoded frames, `weight` that of a video's packets, and `notes` lists
    irregularities.  Raises VideoError as `read_frames` does, if there is no source of times, if two
    frames are more than a minute apart, and, after the last frame, if the numbers of stamps and
    frames differ by more than two.
    """

    def __init__(self, recording: Recording, threads: int = 1):
        self.recording, self._threads = recording, threads
        self.n_frames, self.notes, self.weight = 0, [], Weight()

    def __iter__(self) -> Iterator[tuple[np.ndarray, float]]:
        recording, last_s = self.recording, None
        stamps = recording.times_s
        fps = recording.fps if stamps is None else FPS  # stamps take the place of these times
        self.n_frames, self.notes, start_s = 0, [], None
        more = {"fps": fps, "threads": self._threads, "weight": self.weight}
        frames = read_frames(recording.frames, recording.bayer, self.notes, **more)
        for index, (rgb, container_s) in enumerate(frames):
            self.n_frames = index + 1
            start_s = container_s if start_s is None else start_s
            if stamps is not None and index >= len(stamps):
                continue
            time_s = self._time_s(index, container_s - start_s)
            if last_s is not None and time_s - last_s > LONGEST_JUMP_S:
                jump = f"from {last_s:.1f} to {time_s:.1f} s"
                raise VideoError(f"times jump {jump} at frame {index}: broken time stamps")
            last_s = time_s
            yield rgb, time_s
        self._check_count()

    def _time_s(self, index: int, container_s: float) -> float:
        recording = self.recording
        if recording.times_s is not None:
            return float(recording.times_s[index])
        if recording.fps is not None:
            return index / recording.fps
        if np.isnan(container_s):
            raise VideoError("image files have no times: stamps or a frame rate are needed")
        return container_s

    def _check_count(self) -> None:
        n, recording = self.n_frames, self.recording
        if recording.times_s is not None and n != (m := len(recording.times_s)):
            text = f"{n} frames but {m} time stamps"
            if abs(n - m) > SPARE_FRAMES:
                raise VideoError(f"{text}, expected equal numbers")
            self.notes.append(f"{text}: the first {min(n, m)} are used")


def grid(times_s: np.ndarray) -> np.ndarray:
    """Times (T,), 30 per second, that cover the frames at times_s (n,), n >= 2.

    The last frame lasts one mean interval, so 250 frames at 25 fps give 300.  Raises VideoError,
    as `check_span` does.
    """
    start_s, end_s = float(times_s[0]), float(times_s[-1])
    check_span(end_s - start_s, len(times_s))
    duration_s = (end_s - start_s) * len(times_s) / (len(times_s) - 1)
    n = round(duration_s * FPS)
    while start_s + n / FPS <= end_s + SNAP_S:
        n += 1
    return start_s + np.arange(n) / FPS


def spread_s(times_s: np.ndarray) -> float:
    """Half-width in s of the averaging in `resample`: 0 for video of up to 30 fps, whose frames are
    not averaged, 1/60 s at 60 fps and more; times_s (n,), n >= 2."""
    half_s = 1 / FPS - float(np.median(np.diff(times_s)))
    return min(half_s, WIDEST_S) if half_s > SNAP_S else 0.0


def resample(
    rows: np.ndarray, times_s: np.ndarray, grid_s: np.ndarray, half_s: float
) -> np.ndarray:
    """Resample traces (n, R, C), NaN for missing frames, to grid times: (T, R, C) float32.

    half_s: result of `spread_s` for the whole video.

    PCHIP between frames that are at most 0.5 s apart; NaN in longer gaps, before a row's first
    frame and after the interval that its last frame lasts.  Of a frame in a row, either all
    channels are NaN or none.
    """
    from scipy.interpolate import PchipInterpolator  # see `rppg.utils.import_ahead`

    result = np.full((len(grid_s), *rows.shape[1:]), np.nan, np.float32)
    known, alike = ~np.isnan(rows[..., 0]), {}  # (n, R); rows with equal gaps are done together
    for row in range(rows.shape[1]):
        alike.setdefault(known[:, row].tobytes(), []).append(row)
    for members in alike.values():
        frames = known[:, members[0]]
        if frames.sum() < 2:
            continue
        inside = bridged(times_s, frames, grid_s)
        curve = PchipInterpolator(times_s[frames], rows[np.ix_(frames, members)])
        result[np.ix_(inside, members)] = _around(curve, grid_s[inside], half_s)
    return result


def _around(curve: "PchipInterpolator", at_s: np.ndarray, half_s: float) -> np.ndarray:
    """Mean of the curve around some times, weights 1, 2, 1: at 60 fps this removes 30 Hz."""
    first_s, last_s = curve.x[[0, -1]]
    middle = curve(at_s.clip(first_s, last_s))
    if not half_s:
        return middle
    before = curve((at_s - half_s).clip(first_s, last_s))
    after = curve((at_s + half_s).clip(first_s, last_s))
    return (before + 2 * middle + after) / 4


def neighbours(known: np.ndarray, times_s: np.ndarray, grid_s: np.ndarray) -> np.ndarray:
    """Indices (f,) of the frames that determine `resample` at consecutive grid times (t,).

    known (n, R) bool: frames in which each row, or each part of which rows are unions, is known.
    `resample` of these frames equals `resample` of all: PCHIP depends on the two known frames on
    either side, and the last frame marks the end of the video.
    """
    chosen = [np.array([len(times_s) - 1])]
    for column in known.T:
        frames = np.flatnonzero(column)
        first = np.searchsorted(times_s[frames], grid_s[0] - WIDEST_S) - 2
        stop = np.searchsorted(times_s[frames], grid_s[-1] + WIDEST_S, side="right") + 2
        chosen.append(frames[max(0, first) : stop])
    return np.unique(np.concatenate(chosen))


def bridged(times_s: np.ndarray, frames: np.ndarray, grid_s: np.ndarray) -> np.ndarray:
    """Whether each grid time (T,) is outside gaps over 0.5 s between chosen frames (n,) bool."""
    known_s = times_s[frames]
    after = np.searchsorted(known_s, grid_s - SNAP_S)  # first known frame not before
    before = (np.searchsorted(known_s, grid_s + SNAP_S, side="right") - 1).clip(0)
    close = (
        known_s[after.clip(None, len(known_s) - 1)] - known_s[before] <= LONGEST_BRIDGE_S + SNAP_S
    )
    lasting = frames[-1] & (after == len(known_s))  # the grid ends within the last frame's interval
    return (close & (after < len(known_s)) & (grid_s >= known_s[0] - SNAP_S)) | lasting


def stretches(mask: np.ndarray) -> list[tuple[int, int]]:
    """(start, stop) of the runs of True in mask (T,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


class CropGrid:
    """Resamples crops to 30 per second and passes them to `emit`, in order.

    A grid time between two frames gets their linear blend: of the methods that need two crops in
    memory only, it preserves the pulse best (table above).
    """

    def __init__(self, emit: Callable[[np.ndarray], None]):
        self.emit, self.n, self._added = emit, 0, 0
        self._start_s = self._last = None

    def add(self, crop: np.ndarray, time_s: float) -> None:
        """Add a crop, later than the previous one; the first one starts the grid.  Raises
        VideoError, as `check_span` does, before it repeats a crop."""
        if self._last is None:
            self._start_s, self._last = time_s, (crop, time_s)
        self._added += 1
        check_span(time_s - self._start_s, self._added)
        while (at_s := self._start_s + self.n / FPS) <= time_s + SNAP_S:
            self._emit(self._blend(crop, time_s, at_s))
        self._last = (crop, time_s)

    def finish(self, n: int) -> None:
        """Repeat the last crop until n were emitted."""
        while self.n < n:
            self._emit(self._last[0])

    def _blend(self, crop, time_s, at_s):
        last, last_s = self._last
        if at_s >= time_s - SNAP_S:
            return crop
        if at_s <= last_s + SNAP_S:
            return last
        share = (at_s - last_s) / (time_s - last_s)
        return cv2.addWeighted(last, 1 - share, crop, share, 0)

    def _emit(self, crop):
        self.emit(crop)
        self.n += 1
