"""Where a head is and how it is turned, as five numbers of its landmarks: to see it move.

    head = np.stack([head_pose(landmarks) for landmarks in track])  # (T, 5)

x and y are in pixels, the others relative to the face: roll in radians, nod and turn the place of
the nose between eyes and chin, and between the cheeks.  A nod of 0.1 radians moves it by about
0.03.
"""

import numpy as np

COORDINATES = ("x", "y", "roll", "nod", "turn")
NO_HEAD = np.full(len(COORDINATES), np.nan)
EYES, CHEEKS, NOSE, CHIN = (33, 263), (234, 454), 1, 152  # outer corners; FaceMesh's numbers


def head_pose(landmarks: np.ndarray) -> np.ndarray:
    """(5,) float64 of landmarks (468, 2) in pixels, as COORDINATES."""
    points = landmarks.astype(np.float64)
    left, right = points[list(EYES)]
    across = right - left
    along = across / max(np.hypot(*across), 1e-6)  # unit vectors of the face's own axes
    down = np.array([-along[1], along[0]])
    eyes, cheeks = (left + right) / 2, points[list(CHEEKS)]
    nod = (points[NOSE] - eyes) @ down / max((points[CHIN] - eyes) @ down, 1.0)
    width = max((cheeks[1] - cheeks[0]) @ along, 1.0)
    turn = (points[NOSE] - cheeks.mean(axis=0)) @ along / width
    return np.array([*points.mean(axis=0), np.arctan2(across[1], across[0]), nod, turn])
