"""What happens from one frame to the next: repeated frames, and cuts to something else.

>>> cuts, rng = Cuts(), np.random.default_rng(0)
>>> first, second = rng.integers(50, 200, (2, 64, 64, 3), dtype=np.uint8)
>>> for k, rgb in enumerate([first, first, second, second]):
...     cuts.add(rgb, k / 30)
>>> cuts.notes()
['the picture changes abruptly at 0.07 s: maybe a cut, another face, or other light']
"""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from rppg.preprocessing.frame_rate import check_frame_rate

REPEAT_SHARE = 0.05  # of the values, that a codec may change in a repeated picture
FEWEST_FRESH = 5  # frames of a second in which the picture changes; a codec that settles on a still
# one changes it for half a second after each key frame
PICTURE_STEP = 8  # every 8th pixel of a picture is compared,
FACE_SAMPLES = 32  # and about so many pixels across a face
# Mean change from frame to frame over the mean value; in brackets the largest within 14 videos,
# 3 of them real, and the smallest between two of 8 faces of the same size in the same place:
PICTURE_CUT = 0.2  # of the picture (0.06, 0.33)
FACE_CUT = 0.25  # of the pixels of the face (0.14, 0.20)


class Grid(NamedTuple):
    """The pixels of a picture that are compared: one of each cell of a grid over a part of it."""

    rows: slice
    columns: slice
    size: tuple[int, int]  # pixels across and down


class FreshFrames:
    """Times of the frames that do not repeat the one before, as a slow camera's recorder does.

    Compared are the pixels of the face, as a small one leaves the rest of a still picture as it is.
    """

    def __init__(self):
        self.n, self.times_s, self._last = 0, [], None

    def add(self, rgb: np.ndarray, time_s: float, face: Grid | None = None) -> None:
        """Add a frame (H, W, 3) and its `face_grid`; without a face all of it is compared."""
        self.n += 1
        grid = face or picture_grid(*rgb.shape[:2])
        if self._last is None or self._changed(rgb, grid) > REPEAT_SHARE:
            self.times_s.append(time_s)
            self._last = rgb

    def forget_before(self, time_s: float) -> None:
        """Drop the times before this one, as a stream does."""
        while self.times_s and self.times_s[0] < time_s:
            self.times_s.pop(0)

    def _changed(self, rgb: np.ndarray, grid: Grid) -> float:
        if rgb.shape != self._last.shape:
            return 1.0
        now, before = pixels_at(rgb, grid), pixels_at(self._last, grid)
        return np.count_nonzero(now != before) / max(now.size, 1)

    def changing_share(self, times_s: np.ndarray) -> float:
        """Share of the seconds of a video, whose frames are at times_s (n,), n >= 1, with
        FEWEST_FRESH new frames or more, 0-1; seconds without a frame, and the last, are left out.
        """
        start_s = times_s[0]
        seconds = np.unique((np.asarray(times_s) - start_s).astype(int))
        seconds = seconds[:-1] if len(seconds) > 1 else seconds
        of_fresh = (np.array(self.times_s) - start_s).astype(int)
        found, counts = np.unique(of_fresh, return_counts=True)
        return float(np.isin(seconds, found[counts >= FEWEST_FRESH]).mean())

    def notes(self) -> list[str]:
        """A note if frames are repeated and the new ones are too few per second for 180 bpm."""
        try:
            if 1 < len(self.times_s) < self.n:
                check_frame_rate(np.array(self.times_s))
        except ValueError as error:
            return [f"without frames that repeat the one before: {error}: the rate may be wrong"]
        return []


class Cuts:
    """Times at which the picture, or the face in it, is suddenly another one."""

    def __init__(self):
        self.times_s, self._last, self._pixels = [], None, None

    def add(self, rgb: np.ndarray, time_s: float, face: Grid | None = None) -> None:
        """Add a frame (H, W, 3) and its `face_grid`."""
        last, before, self._last = self._last, self._pixels, rgb
        if last is rgb:
            return
        self._pixels = pixels_at(rgb, picture_grid(*rgb.shape[:2]))
        if last is None or last.shape != rgb.shape:
            return
        faces = () if face is None else (pixels_at(last, face), pixels_at(rgb, face))
        if (faces and _change(*faces) > FACE_CUT) or _change(before, self._pixels) > PICTURE_CUT:
            self.times_s.append(time_s)

    def notes(self) -> list[str]:
        """A note if there are any."""
        if not (n := len(self.times_s)):
            return []
        at = f"{self.times_s[0]:.2f} s{first_of(n)}"
        return [f"the picture changes abruptly at {at}: maybe a cut, another face, or other light"]


def first_of(n: int) -> str:
    """Says that a time is the first of n."""
    return "" if n == 1 else f" (the first of {n} times)"


def _change(before: np.ndarray, now: np.ndarray) -> float:
    if not now.size:
        return 0.0
    total = cv2.norm(now, cv2.NORM_L1) + cv2.norm(before, cv2.NORM_L1)
    return cv2.norm(now, before, cv2.NORM_L1) / max(total / 2, now.size)


def face_box(landmarks: np.ndarray) -> tuple[tuple[int, int], tuple[int, int]]:
    """First pixel (x, y) of a face at landmarks (468, 2), and the one after its last."""
    x0, y0 = (max(int(low), 0) for low in landmarks.min(axis=0).tolist())
    x1, y1 = map(int, landmarks.max(axis=0).tolist())
    return (x0, y0), (max(x1, x0 + 1), max(y1, y0 + 1))


def face_grid(shape: tuple[int, ...], landmarks: np.ndarray) -> Grid:
    """About 32 x 32 pixels of the face at landmarks (468, 2) of a frame of shape (H, W, ...)."""
    (x0, y0), (x1, y1) = face_box(landmarks)
    height, width = shape[:2]
    step_x, step_y = (max((b - a) // FACE_SAMPLES, 1) for a, b in ((x0, x1), (y0, y1)))
    return _grid((y0, min(y1, height), step_y), (x0, min(x1, width), step_x))


@lru_cache(maxsize=8)
def picture_grid(height: int, width: int) -> Grid:
    """Every 8th pixel of a picture."""
    return _grid((0, height, PICTURE_STEP), (0, width, PICTURE_STEP))


def _grid(rows: tuple[int, int, int], columns: tuple[int, int, int]) -> Grid:
    """The grid of whole steps from starts to stops."""
    (top, bottom, step_y), (left, right, step_x) = rows, columns
    n_x, n_y = max((right - left) // step_x, 0), max((bottom - top) // step_y, 0)
    return Grid(slice(top, top + n_y * step_y), slice(left, left + n_x * step_x), (n_x, n_y))


def pixels_at(rgb: np.ndarray, grid: Grid) -> np.ndarray:
    """The pixels (h, w, 3) uint8 of a frame, by OpenCV, which takes a third of the time of slices
    with a step."""
    if not min(grid.size):
        return np.empty((0, 0, 3), np.uint8)
    return cv2.resize(rgb[grid.rows, grid.columns], grid.size, interpolation=cv2.INTER_NEAREST)
