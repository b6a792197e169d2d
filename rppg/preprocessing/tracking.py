"""Landmarks of every frame from FaceMesh on some: about every fourth at 30 fps, more if it moves.

`frames` are (rgb (H, W, 3) uint8, time_s); `follow` gives landmarks (468, 2) or None of one frame.
Both functions yield (rgb, time_s, landmarks) of each frame, in order.

    >>> for rgb, time_s, landmarks in sparse(TimedFrames(recording), follow): ...  # doctest: +SKIP

A span of frames, up to 0.134 s long, is kept until its last frame is found; those between are
interpolated, if both ends have a face and nothing speaks against it:

- the face moves, in this span or the one before, by more than MOVED of its height: the middle frame
  is found too, and if the interpolation is off by more than OFF of the height, so is every frame,
  until a span moves less;
- the picture of a frame between differs from both ends, as a blank one does: every frame is found.

Frames without a face, the frame after one, and the first of another size are never interpolated.
Frames between are found after the last one: FaceMesh only takes from the frame before where to look
for the face, and half a span is no further away than a whole one.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np

Frame = tuple[np.ndarray, float]
Found = tuple[np.ndarray, float, np.ndarray | None]
Follow = Callable[[np.ndarray, float], np.ndarray | None]

FRAMES_AT_A_TIME = 4  # each step has its data in the cache: 4 % faster than one by one
SPAN_S = 4.02 / 30  # between frames that are found, at most
MOST_FRAMES = 8  # in a span, which are kept in memory
MOVED = 0.03  # mean distance of the landmarks at both ends of a span, in heights of the face: one
# that swings at 2.8 Hz and moves less is interpolated to within OFF
OFF = 0.01  # mean distance of interpolated landmarks from those that were found, likewise
OTHER_PICTURE = 24.0  # grey levels, mean difference of the face's pixels between two frames
PIXEL_STEP = 8  # every eighth pixel is compared


def check_tracking(name: str) -> None:
    """Raise ValueError unless name is one of TRACKINGS."""
    if name not in TRACKINGS:
        raise ValueError(f"tracking is {name!r}, expected {' or '.join(TRACKINGS)}")


def every_frame(frames: Iterable[Frame], follow: Follow) -> Iterator[Found]:
    """FaceMesh on every frame; a few at a time are decoded, then tracked."""
    frames = iter(frames)
    while some := list(islice(frames, FRAMES_AT_A_TIME)):
        found = [follow(rgb, time_s) for rgb, time_s in some]
        yield from ((*frame, points) for frame, points in zip(some, found, strict=True))


def sparse(frames: Iterable[Frame], follow: Follow) -> Iterator[Found]:
    """FaceMesh on the frames that need it; up to 9 frames are kept at a time."""
    tracker = SparseTracker(follow)
    for frame in frames:
        yield from tracker.add(frame)
    yield from tracker.finish()


class SparseTracker:
    """`sparse` for frames that come one by one: gives those of a span once it ends."""

    def __init__(self, follow: Follow):
        self._spans, self._span = _Spans(follow), []

    def add(self, frame: Frame) -> list[Found]:
        """Take the next frame; what is found by now, mostly nothing or a span of four frames."""
        is_full = self._span and not self._spans.may_include(frame, len(self._span))
        found = self.finish() if is_full else []
        self._span.append(frame)
        return found

    def finish(self) -> list[Found]:
        """The frames that are kept still, after the last one."""
        span, self._span = self._span, []
        return self._spans.landmarks(span) if span else []


TRACKINGS = {"sparse": sparse, "every_frame": every_frame}


class _Spans:
    """Where the next span may end, and the landmarks of its frames."""

    def __init__(self, follow: Follow):
        self._follow = follow
        self._last: Found | None = None  # the frame before the span
        self._is_steady = False  # whether that frame and the one before it have a face
        self._moved = np.inf  # in the span before, in heights of the face
        self._was_off = False  # whether the interpolation was, when last compared

    def may_include(self, frame: Frame, n: int) -> bool:
        """Whether a span of n frames may include the frame after them, too."""
        rgb, time_s = frame
        if not self._is_steady or n == MOST_FRAMES or rgb.shape != self._last[0].shape:
            return False
        return time_s - self._last[1] <= SPAN_S

    def landmarks(self, span: list[Frame]) -> list[Found]:
        """The frames of a span with their landmarks."""
        if len(span) == 1:
            points = [self._follow(*span[0])]
        else:
            points = self._between([self._last[:2], *span])
        found = [(*frame, one) for frame, one in zip(span, points, strict=True)]
        before = found[-2] if len(found) > 1 else self._last
        self._is_steady = before is not None and _both_show_a_face(before, found[-1])
        self._moved = self._moved if self._is_steady else np.inf
        self._last = found[-1]
        return found

    def _between(self, frames: list[Frame]) -> list[np.ndarray | None]:
        """Landmarks of all frames but the first, which is the last one of the span before."""
        end = len(frames) - 1
        known = {0: self._last[2], end: self._follow(*frames[end])}
        if self._is_uncertain(frames, known):
            known |= {k: self._follow(*frames[k]) for k in range(1, end) if k not in known}
        return [known[k] if k in known else _at(frames, known, k) for k in range(1, end + 1)]

    def _is_uncertain(self, frames: list[Frame], known: dict) -> bool:
        """Whether every frame has to be found; known gets what is found to answer that."""
        end = len(frames) - 1
        if known[end] is None or _shows_something_else(frames, known[0]):
            return True
        before, self._moved = self._moved, _distance(known[0], known[end])
        if not (self._was_off and self._moved > MOVED):
            self._was_off = max(before, self._moved) > MOVED and self._is_off(frames, known)
        return self._was_off

    def _is_off(self, frames: list[Frame], known: dict) -> bool:
        middle = (len(frames) - 1) // 2
        expected, known[middle] = _at(frames, known, middle), self._follow(*frames[middle])
        return known[middle] is None or _distance(expected, known[middle]) > OFF


def _both_show_a_face(before: Found, last: Found) -> bool:
    return before[0].shape == last[0].shape and before[2] is not None and last[2] is not None


def _at(frames: list[Frame], known: dict, k: int) -> np.ndarray:
    """Landmarks of frame k, linear in time between the nearest known ones."""
    low, high = max(i for i in known if i < k), min(i for i in known if i > k)
    low_s, high_s = frames[low][1], frames[high][1]
    share = np.float32((frames[k][1] - low_s) / (high_s - low_s))
    return known[low] + share * (known[high] - known[low])


def _distance(points: np.ndarray, others: np.ndarray) -> float:
    """Mean distance of landmarks (468, 2), in heights of the face."""
    return float(np.hypot(*(points - others).T).mean() / max(np.ptp(others[:, 1]), 1.0))


def _shows_something_else(frames: list[Frame], landmarks: np.ndarray) -> bool:
    """Whether the face's pixels of a frame differ from those of both the first and the last one."""
    limit = frames[0][0].shape[1::-1]
    (x0, y0), (x1, y1) = (p.clip(0, limit).astype(int) for p in _corners(landmarks))
    pixels = [rgb[y0:y1:PIXEL_STEP, x0:x1:PIXEL_STEP].astype(np.int16) for rgb, _ in frames]
    if not pixels[0].size:
        return False
    ends = pixels[0], pixels[-1]
    return any(
        min(np.abs(one - end).mean() for end in ends) > OTHER_PICTURE for one in pixels[1:-1]
    )


def _corners(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return landmarks.min(axis=0), landmarks.max(axis=0)
