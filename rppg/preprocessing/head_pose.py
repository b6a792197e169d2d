"""Where a head is and how it is turned, as five numbers of its landmarks: to see it move.

    head = np.stack([head_pose(landmarks) for landmarks in track])  # (T, 5)

x and y are in pixels, the others relative to the face: roll in radians, nod and turn the place of
the nose between eyes and chin, and between the cheeks.  A nod of 0.1 radians moves it by about
0.03.
"""

import cmath

import numpy as np

COORDINATES = ("x", "y", "roll", "nod", "turn")
NO_HEAD = np.full(len(COORDINATES), np.nan)
EYES, CHEEKS, NOSE, CHIN = (33, 263), (234, 454), 1, 152  # outer corners; FaceMesh's numbers
_NEEDED = [*EYES, *CHEEKS, NOSE, CHIN]


def head_pose(landmarks: np.ndarray) -> np.ndarray:
    """(5,) float64 of landmarks (468, 2) in pixels, as COORDINATES."""
    places = (complex(x, y) for x, y in landmarks[_NEEDED].tolist())  # NumPy is slow on so few
    left, right, cheek, other_cheek, nose, chin = places
    across, eyes, cheeks = right - left, (left + right) / 2, (cheek + other_cheek) / 2
    turn_back = across.conjugate() / max(abs(across), 1e-6)  # the face's axes, as real and imag
    nod = ((nose - eyes) * turn_back).imag / max(((chin - eyes) * turn_back).imag, 1.0)
    width = max(((other_cheek - cheek) * turn_back).real, 1.0)
    turn = ((nose - cheeks) * turn_back).real / width
    x, y = landmarks.mean(axis=0, dtype=np.float64)
    return np.array([x, y, cmath.phase(across), nod, turn])
