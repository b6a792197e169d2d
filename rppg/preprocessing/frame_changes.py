"""What happens from one frame to the next: repeated frames, and cuts to something else.

>>> cuts, rng = Cuts(), np.random.default_rng(0)
>>> first, second = rng.integers(50, 200, (2, 64, 64, 3), dtype=np.uint8)
>>> for k, rgb in enumerate([first, first, second, second]):
...     cuts.add(rgb, k / 30)
>>> cuts.notes()
['the picture changes abruptly at 0.07 s: maybe a cut, another face, or other light']
"""

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


class FreshFrames:
    """Times of the frames that do not repeat the one before, as a slow camera's recorder does.

    Compared are the pixels of the face, as a small one leaves the rest of a still picture as it is.
    """

    def __init__(self):
        self.n, self.times_s, self._last = 0, [], None

    def add(self, rgb: np.ndarray, time_s: float, landmarks: np.ndarray | None = None) -> None:
        """Add a frame (H, W, 3) and its landmarks (468, 2); without them all of it is compared."""
        self.n += 1
        if self._last is None or self._changed(rgb, face_pixels(rgb, landmarks)) > REPEAT_SHARE:
            self.times_s.append(time_s)
            self._last = rgb

    def forget_before(self, time_s: float) -> None:
        """Drop the times before this one, as a stream does."""
        while self.times_s and self.times_s[0] < time_s:
            self.times_s.pop(0)

    def _changed(self, rgb: np.ndarray, where: tuple[slice, slice]) -> float:
        same_size = rgb.shape == self._last.shape
        if not same_size:
            return 1.0
        now, before = pixels_at(rgb, where), pixels_at(self._last, where)
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
        self.times_s, self._last = [], None

    def add(self, rgb: np.ndarray, time_s: float, landmarks: np.ndarray | None = None) -> None:
        """Add a frame (H, W, 3) and its landmarks (468, 2)."""
        last, self._last = self._last, rgb
        if last is None or last is rgb or last.shape != rgb.shape:
            return
        face = landmarks is not None and _change(last, rgb, face_pixels(rgb, landmarks)) > FACE_CUT
        if face or _change(last, rgb, face_pixels(rgb, None)) > PICTURE_CUT:
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


def _change(last: np.ndarray, rgb: np.ndarray, where: tuple[slice, slice]) -> float:
    before, now = pixels_at(last, where), pixels_at(rgb, where)
    if not now.size:
        return 0.0
    total = cv2.norm(now, cv2.NORM_L1) + cv2.norm(before, cv2.NORM_L1)
    return cv2.norm(now, before, cv2.NORM_L1) / max(total / 2, now.size)


def face_box(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First pixel (x, y) of a face at landmarks (468, 2), and the one after its last."""
    low = np.maximum(landmarks.min(axis=0).astype(int), 0)
    return low, np.maximum(landmarks.max(axis=0).astype(int), low + 1)


def face_pixels(rgb: np.ndarray, landmarks: np.ndarray | None) -> tuple[slice, slice]:
    """About 32 x 32 pixels of the face, or every 8th one of a frame without landmarks."""
    if landmarks is None:
        return slice(None, None, PICTURE_STEP), slice(None, None, PICTURE_STEP)
    low, high = face_box(landmarks)
    step_x, step_y = np.maximum((high - low) // FACE_SAMPLES, 1).tolist()
    return slice(low[1], high[1], step_y), slice(low[0], high[0], step_x)


def pixels_at(rgb: np.ndarray, where: tuple[slice, slice]) -> np.ndarray:
    """The pixels (h, w, 3) uint8 of a frame at slices with a step: whole steps only, by OpenCV,
    which takes a third of the time of `rgb[where]`."""
    starts, stops, steps = zip(*map(slice.indices, where, rgb.shape[:2]), strict=True)
    height, width = ((b - a) // c for a, b, c in zip(starts, stops, steps, strict=True))
    if min(height, width) < 1:
        return np.empty((0, 0, 3), np.uint8)
    rows = slice(starts[0], starts[0] + height * steps[0])
    columns = slice(starts[1], starts[1] + width * steps[1])
    return cv2.resize(rgb[rows, columns], (width, height), interpolation=cv2.INTER_NEAREST)
