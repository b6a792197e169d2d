"""One of several faces in a video, followed by its place from frame to frame.

    for name in faces_of(recording, "all"):  # "1", "2", ...: from the left of the picture
        follow = ChosenFace(name)
        traces = extract(recording, follow, find=follow.find)

The face is chosen in the first frame that shows it, and then is the one nearest to where it was, up
to a height of the face away: frames in which it is not there have no landmarks, whoever else is.
"""

from itertools import islice

import numpy as np

from rppg.datasets.recording import Recording
from rppg.preprocessing.face_detector import Box
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.resampling import TimedFrames

MOST_FACES = 6
BY_NAME = ("largest", "left", "right", "all")
LOOKED_AT, EVERY = 60, 3  # frames in which faces are counted, and every how many
FURTHEST = 1.0  # heights of the face from where it was last


def check_face(name: str) -> None:
    """Raises ValueError unless a face can be called that."""
    if name not in BY_NAME and not (name.isdecimal() and 1 <= int(name) <= MOST_FACES):
        expected = f"expected {', '.join(BY_NAME)}, or a number from 1 (the leftmost) to"
        raise ValueError(f"no face {name!r}: {expected} {MOST_FACES}")


def faces_of(recording: Recording, name: str) -> list[str]:
    """Names of the faces that are meant: for "all" the numbers of those in the first two seconds,
    at least one; else the name itself.  Raises what reading the video does."""
    if name != "all":
        return [name]
    faces = FaceLandmarks(MOST_FACES)
    looked_at = islice(TimedFrames(recording), 0, LOOKED_AT, EVERY)
    most = max((len(faces.all_in(rgb)) for rgb, _ in looked_at), default=1)
    return [str(number + 1) for number in range(max(1, most))]


class ChosenFace:
    """Landmarks of one face, in the place of a FaceLandmarks; name: as in `check_face`, not "all".

    n_seen: the largest number of faces at a time; was_seen: whether this one ever was.
    """

    def __init__(self, name: str):
        check_face(name)
        self._name, self._faces, self.n_seen = name, FaceLandmarks(MOST_FACES), 0
        self._last, self.was_seen = None, False

    def reset(self) -> None:
        """Forget the face: it is chosen again."""
        self._faces.reset()
        self._last = None

    def __call__(self, rgb: np.ndarray) -> np.ndarray | None:
        """Landmarks (468, 2) float32 of the next frame, None if the face is not there."""
        found = self._faces.all_in(rgb)
        self.n_seen = max(self.n_seen, len(found))
        chosen = (
            first_choice(found, self._name) if self._last is None else nearest(found, self._last)
        )
        self._last = self._last if chosen is None else chosen
        self.was_seen |= chosen is not None
        return chosen

    def find(self, rgb: np.ndarray) -> Box | None:
        """The box around the face where it was last, for crops; None before it was seen."""
        last = self._last
        return None if last is None else (*last.min(axis=0).tolist(), *last.max(axis=0).tolist())


def first_choice(faces: list[np.ndarray], name: str) -> np.ndarray | None:
    """The face of that name among landmarks (468, 2); None if there are fewer."""
    from_left = sorted(faces, key=lambda points: points[:, 0].mean())
    if not from_left:
        return None
    if name == "largest":
        return max(from_left, key=lambda points: np.ptp(points[:, 1]))
    at = {"left": 0, "right": -1}.get(name, int(name) - 1 if name.isdecimal() else 0)
    return from_left[at] if at < len(from_left) else None


def nearest(faces: list[np.ndarray], last: np.ndarray) -> np.ndarray | None:
    """The face whose middle is nearest to that of the last landmarks, if it is near enough."""
    away = [np.hypot(*(points.mean(axis=0) - last.mean(axis=0))) for points in faces]
    if not away or min(away) > FURTHEST * np.ptp(last[:, 1]):
        return None
    return faces[int(np.argmin(away))]
