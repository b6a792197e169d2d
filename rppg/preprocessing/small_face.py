"""Landmarks of a face that is small in its picture: FaceMesh gets a cut around it.

FaceMesh looks for a face in the whole picture scaled to 128 pixels, where one of 100 pixels in
1280x720 is a speck.  MTCNN finds faces from 40 pixels on at any size of the picture; FaceMesh then
follows the face in a square cut of twice its size.

    >>> follow = SmallFaceTracker(FaceLandmarks(), BoxFinder().find)  # doctest: +SKIP
    >>> follow(rgb, time_s=0.0).shape  # pixels of the picture, not of the cut  # doctest: +SKIP
    (468, 2)

The cut is in whole pixels, without scaling, and stays where it is until the face leaves its
middle: a cut that moves with every frame would add its steps to the pulse.
"""

from collections.abc import Callable

import cv2
import numpy as np

from rppg.preprocessing.face_detector import Box
from rppg.preprocessing.face_mesh import FaceLandmarks

CUT = 2.0  # side of the cut over the longer side of the face
OFF_CENTRE = 1 / 8  # of the cut's side: a face further from its middle moves the cut
SMALLEST, LARGEST = 1 / 3, 0.7  # of the cut's side: a face of another size makes a new cut
LOST_S = 0.25  # without landmarks: MTCNN looks again
LOOK_EVERY_S = 0.5  # minimum interval of MTCNN's looks, which take 0.1 s or more;
LOOK_SHARE = 1 / 3  # of the time since the first one in vain: 30 looks in an hour without a face


class SmallFaceTracker:
    """Landmarks (468, 2) float32 of each frame, None without a face, by MTCNN and FaceMesh.

    landmarker: is reset whenever the cut moves.  find: returns the face's box in a frame, or None.
    """

    def __init__(self, landmarker: FaceLandmarks, find: Callable[[np.ndarray], Box | None]):
        self._landmarker, self._find = landmarker, find
        self._shape = None
        self._forget()

    def __call__(self, rgb: np.ndarray, time_s: float) -> np.ndarray | None:
        """Landmarks of the next frame (H, W, 3) uint8 in its own pixels."""
        if rgb.shape != self._shape:
            self._shape = rgb.shape
            self._forget()
        if self._cut is None and self._is_time(time_s):
            self._look(rgb, time_s)
        if self._cut is None:
            return None
        landmarks = self._landmarker(padded_cut(rgb, self._cut))
        if landmarks is None:
            if time_s - self._seen_s > LOST_S:
                self._forget()
            return None
        self._seen_s = time_s
        landmarks += np.float32(self._cut[:2])
        self._keep_central(landmarks)
        return landmarks

    def _forget(self) -> None:
        self._cut, self._seen_s, self._looked_s = None, 0.0, []

    def _is_time(self, time_s: float) -> bool:
        if not self._looked_s:
            return True
        first_s, last_s = self._looked_s[0], self._looked_s[-1]
        return time_s - last_s >= max(LOOK_EVERY_S, LOOK_SHARE * (last_s - first_s))

    def _look(self, rgb: np.ndarray, time_s: float) -> None:
        self._looked_s.append(time_s)
        box = self._find(rgb)
        if box is not None:
            self._place(box)
            self._seen_s = time_s

    def _place(self, box: Box) -> None:
        self._cut = square_cut(box)
        self._landmarker.reset()

    def _keep_central(self, landmarks: np.ndarray) -> None:
        x, y, side = self._cut
        low, high = landmarks.min(axis=0), landmarks.max(axis=0)
        off = np.abs((low + high) / 2 - (x + side / 2, y + side / 2)).max()
        is_central = off <= OFF_CENTRE * side
        if not (is_central and SMALLEST * side <= (high - low).max() <= LARGEST * side):
            self._place((*low.tolist(), *high.tolist()))


def square_cut(box: Box) -> tuple[int, int, int]:
    """(x, y, side) in whole pixels of the square cut around a face's box."""
    x0, y0, x1, y1 = box
    side = 2 * round(CUT * max(x1 - x0, y1 - y0) / 2)
    return round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2), side


def padded_cut(rgb: np.ndarray, cut: tuple[int, int, int]) -> np.ndarray:
    """The pixels of a square (x, y, side), unscaled; outside the frame, its border is repeated."""
    x, y, side = cut
    height, width = rgb.shape[:2]
    columns = np.arange(x, x + side).clip(0, width - 1)
    rows = np.arange(y, y + side).clip(0, height - 1)
    inside = rgb[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if inside.shape[:2] == (side, side):
        return np.ascontiguousarray(inside)
    top, left = int((rows == rows[0]).sum()) - 1, int((columns == columns[0]).sum()) - 1
    bottom, right = side - inside.shape[0] - top, side - inside.shape[1] - left
    return cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_REPLICATE)
