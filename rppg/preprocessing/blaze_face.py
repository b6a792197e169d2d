"""Faces of a picture by BlazeFace, the detector in front of FaceMesh, run by OpenCV.

    >>> faces = BlazeFace()(rgb, at_most=1)  # doctest: +SKIP
    >>> faces[0].score, faces[0].box, faces[0].eyes.shape  # doctest: +SKIP
    (0.94, (128.1, 71.5, 192.3, 135.7), (2, 2))

Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019.  The
model is MediaPipe's for short range, and so are anchors, thresholds and the weighted mean of boxes
that overlap.  It sees the whole picture in 128 x 128 pixels: a face that is lower than an eighth
of the picture's longer side is missed.
"""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

MODELS = Path(__file__).parent / "mediapipe_models"
SIDE = 128  # pixels of the model's input
GRIDS = ((16, 2), (8, 6))  # cells per side, and anchors per cell: 896 in all
MIN_SCORE = 0.5
OVERLAP = 0.3  # intersection over union: boxes that have more are of one face
OUTPUTS = ("classificators", "regressors")  # (1, 896, 1) and (1, 896, 16)

Box = tuple[float, float, float, float]


class Face(NamedTuple):
    """A face in pixels from the picture's edge."""

    score: float  # 0.5 to 1
    box: Box  # x0, y0, x1, y1
    eyes: np.ndarray  # (2, 2): that on the left of the picture, that on its right


class BlazeFace:
    """Faces of one picture, those with the highest scores first."""

    def __init__(self):
        self._net = cv2.dnn.readNetFromTFLite(str(MODELS / "face_detection_short_range.tflite"))
        self._anchors = anchors()

    def __call__(self, rgb: np.ndarray, at_most: int) -> list[Face]:
        """Up to at_most faces of a picture (H, W, 3) uint8."""
        height, width = rgb.shape[:2]
        side = max(height, width)
        low = np.array([width - side, height - side]) / 2  # corner of the square around the picture
        shrink = SIDE / side
        matrix = np.array([[shrink, 0, -low[0] * shrink], [0, shrink, -low[1] * shrink]])
        small = cv2.warpAffine(rgb, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
        self._net.setInput(cv2.dnn.blobFromImage(small, 2 / 255, mean=(127.5,) * 3))
        logits, places = self._net.forward(OUTPUTS)
        scores, points = decoded(logits[0, :, 0], places[0], self._anchors)
        found = merged(scores, points)[:at_most]
        return [_face(score, one * side + low) for score, one in found]


def anchors() -> np.ndarray:
    """Centres (896, 2) of the anchors, x and y as shares of the side."""
    grids = []
    for cells, per_cell in GRIDS:
        centres = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(centres, centres, indexing="ij")
        grids.append(np.stack([x, y], axis=-1).reshape(-1, 2).repeat(per_cell, axis=0))
    return np.concatenate(grids)


def decoded(logits: np.ndarray, places: np.ndarray, centres: np.ndarray) -> tuple:
    """Scores (n,) of the anchors above MIN_SCORE, and their points (n, 4, 2) as shares of the side:
    both corners of the box and both eyes.  logits: (896,); places: (896, 16) in pixels."""
    scores = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -100, 100)))
    sure = scores >= MIN_SCORE
    offsets = places[sure].reshape(-1, 8, 2) / SIDE  # centre, size, eyes and four other points
    middle, half = offsets[:, 0] + centres[sure], offsets[:, 1] / 2
    eyes = offsets[:, 2:4] + centres[sure, None]
    corners = np.stack([middle - half, middle + half], axis=1)
    return scores[sure], np.concatenate([corners, eyes], axis=1)


def merged(scores: np.ndarray, points: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """(score, points (4, 2)) of each face: the highest score, and the mean of the points of all
    boxes that overlap with its box, weighted by their scores."""
    found = []
    order = np.argsort(-scores, kind="stable")
    scores, points = scores[order], points[order]
    while len(scores):
        same = overlaps(points[0, :2], points[:, :2]) > OVERLAP
        same[0] = True  # a box without an area overlaps nothing
        found.append((float(scores[0]), np.average(points[same], axis=0, weights=scores[same])))
        scores, points = scores[~same], points[~same]
    return found


def overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union (n,) of a box (2, 2), both corners, with boxes (n, 2, 2)."""
    inside = np.minimum(box[1], boxes[:, 1]) - np.maximum(box[0], boxes[:, 0])
    shared = inside.clip(min=0).prod(axis=1)
    union = (box[1] - box[0]).prod() + (boxes[:, 1] - boxes[:, 0]).prod(axis=1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def _face(score: float, points: np.ndarray) -> Face:
    (x0, y0), (x1, y1) = points[:2].tolist()
    return Face(score, (x0, y0, x1, y1), points[2:])
