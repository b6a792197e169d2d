"""Whether a colour video holds one channel in three tints, as a tinted near-infrared one does.

Compression gives each tint a little course of its own, so that its colours over time alone do not
tell (signals/checks.py): here the picture is asked, whose every pixel then has the same hue.

>>> grey = np.linspace(40, 200, 120 * 160).reshape(120, 160, 1)
>>> hue_spread((grey * np.array([1.1, 0.9, 0.7])).astype(np.uint8)) < 0.05
True
"""

import cv2
import numpy as np

from rppg.preprocessing.frame_changes import face_box

SAMPLES = 24  # pixels across a picture after averaging, which removes what JPEG does to single ones
# Faces in one channel, tinted in 3 ways and compressed, have at most these values; in brackets the
# smallest of faces in colour: 3 real ones and 22 synthetic ones.
PICTURE_SPREAD = 0.15  # 0.14 (0.25; before a black background 0.03)
FACE_SPREAD = 0.25  # 0.24, as JPEG of quality 50 (0.12)
SURE_FACE_SPREAD = 0.11  # of the face alone, whatever its courses
COURSE_SPREAD = 0.17  # over time
NOTE = (
    "all pixels have nearly one hue: if this is a tinted grey or near-infrared video, only GREEN"
    " gives a correct rate"
)


def spread(colours: np.ndarray) -> float:
    """How much the courses of R, G and B (n, 3) differ, relative to the strongest; 0: one hue."""
    courses = colours / np.maximum(colours.mean(axis=0), 1e-6) - 1
    strongest = courses.std(axis=0).max()
    return float((courses - courses[:, [1]]).std(axis=0).max() / max(strongest, 1e-9))


def hue_spread(rgb: np.ndarray) -> float:
    """`spread` over the pixels of a picture (H, W, 3) uint8."""
    small = cv2.resize(rgb, (SAMPLES, SAMPLES), interpolation=cv2.INTER_AREA)
    return spread(small.reshape(-1, 3).astype(float))  # (24 * 24, 3)


def one_channel_notes(rgb: np.ndarray, landmarks: np.ndarray, means: np.ndarray) -> list[str]:
    """A note if a frame (H, W, 3) uint8, its face at landmarks (468, 2), and the mean colours
    (n, 3) of the face over time, NaN in gaps, all have one hue."""
    low, high = face_box(landmarks)
    face = rgb[low[1] : high[1], low[0] : high[0]]
    known = means[np.isfinite(means).all(axis=1)]
    if not face.size or not len(known):
        return []
    most = FACE_SPREAD if spread(known) < COURSE_SPREAD else SURE_FACE_SPREAD
    return [NOTE] if hue_spread(rgb) < PICTURE_SPREAD and hue_spread(face) < most else []
