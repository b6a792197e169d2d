"""FaceMesh run by OpenCV, without mediapipe: BlazeFace finds a face, and its landmarks say where to
look in the next frame.

    >>> mesh = OpenCvMesh(max_faces=1)  # doctest: +SKIP
    >>> mesh.faces(rgb)[0].shape  # doctest: +SKIP
    (468, 2)

The models are mediapipe's (`mediapipe_models`), and so are the steps between them, those of its
graph `face_landmark_front_cpu`: a square of 1.5 times the longer side of the face's box, turned so
that the eyes are level, is scaled to 192 x 192 pixels; if the model is less than half sure that it
shows a face, the detector looks again.  `benchmarks/finders.py` compares the landmarks with
mediapipe's.

Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np

from rppg.preprocessing.blaze_face import MODELS, BlazeFace, Box, Face, overlaps

SIDE = 192  # pixels of the model's input
MARGIN = 1.5  # side of the square over the longer side of the face's box
EYES = [33, 263]  # outer corners
SAME_FACE = 0.5  # intersection over union of two squares, unturned
OUTPUTS = ("conv2d_31", "conv2d_21")  # presence (1, 1, 1, 1) and x, y, z (1, 1404, 1, 1)


class Square(NamedTuple):
    """Where to look for a face: in pixels from the picture's edge, and radians."""

    x: float  # centre
    y: float
    side: float
    turn: float  # of the eyes from level, clockwise in the picture


class OpenCvMesh:
    """Landmarks of up to max_faces faces that are followed from frame to frame."""

    def __init__(self, max_faces: int = 1):
        self._max_faces, self._detect = max_faces, BlazeFace()
        self._net = cv2.dnn.readNetFromTFLite(str(MODELS / "face_landmark.tflite"))
        self.reset()

    def reset(self) -> None:
        """Forget the followed faces."""
        self._squares = []

    def faces(self, rgb: np.ndarray) -> list[np.ndarray]:
        """Landmarks (468, 2) float32 of each face of the next frame (H, W, 3) uint8, in pixels with
        centres at integers."""
        squares = self._squares
        if len(squares) < self._max_faces:
            squares = distinct([*self._detected(rgb), *squares])[-self._max_faces :]
        each = (self._landmarks(rgb, square) for square in squares)
        found = [points for points in each if points is not None]
        self._squares = distinct([square_of(box_of(points), points[EYES]) for points in found])
        return [(points - 0.5).astype(np.float32) for points in found]

    def _detected(self, rgb: np.ndarray) -> list[Square]:
        faces: list[Face] = self._detect(rgb, self._max_faces)
        return [square_of(face.box, face.eyes) for face in faces]

    def _landmarks(self, rgb: np.ndarray, square: Square) -> np.ndarray | None:
        """Landmarks (468, 2) float64 in pixels from the picture's edge; None: no face there."""
        centre, axes = np.array(square[:2]), axes_of(square)
        shrink = SIDE / square.side * axes
        matrix = np.column_stack([shrink, SIDE / 2 - shrink @ centre])
        crop = cv2.warpAffine(
            rgb, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        self._net.setInput(cv2.dnn.blobFromImage(crop, 1 / 255))
        presence, points = self._net.forward(OUTPUTS)
        if presence.item() <= 0:  # a logit: half sure
            return None
        inside = points.reshape(-1, 3)[:, :2].astype(np.float64) / SIDE - 0.5
        return centre + square.side * inside @ axes


def axes_of(square: Square) -> np.ndarray:
    """Unit vectors (2, 2) of the square's rows and columns: right and down in the face."""
    cos, sin = math.cos(square.turn), math.sin(square.turn)
    return np.array([[cos, sin], [-sin, cos]])


def box_of(points: np.ndarray) -> Box:
    """(x0, y0, x1, y1) around points (n, 2)."""
    return (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())


def square_of(box: Box, eyes: np.ndarray) -> Square:
    """The square around a face's box (x0, y0, x1, y1), turned as its eyes (2, 2) are."""
    x0, y0, x1, y1 = box
    across = eyes[1] - eyes[0]
    side = MARGIN * max(x1 - x0, y1 - y0, 1.0)
    return Square((x0 + x1) / 2, (y0 + y1) / 2, side, math.atan2(across[1], across[0]))


def distinct(squares: list[Square]) -> list[Square]:
    """Squares of different faces: of those that overlap, the last one."""
    kept: list[Square] = []
    for square in squares:
        if kept:
            apart = overlaps(_corners([square])[0], _corners(kept)) <= SAME_FACE
            kept = [one for one, is_apart in zip(kept, apart, strict=True) if is_apart]
        kept.append(square)
    return kept


def _corners(squares: list[Square]) -> np.ndarray:
    """Both corners (n, 2, 2) of the squares, as if they were not turned."""
    centres = np.array([square[:2] for square in squares])
    half = np.array([[square.side / 2] for square in squares])
    return np.stack([centres - half, centres + half], axis=1)
