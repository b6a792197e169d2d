"""Which program runs FaceMesh: mediapipe if it is installed, else OpenCV.

    >>> finder = new_finder("opencv", max_faces=1)
    >>> finder.faces(np.zeros((240, 320, 3), np.uint8))
    []

mediapipe with FaceMesh has no wheel for Python 3.13.  Its models run by OpenCV give landmarks that
are as near to mediapipe's as its own if it starts a frame later (`benchmarks/finders.py`).
Prepared recordings say which finder made them, and are prepared again if it is another one.
"""

import importlib.util
from pathlib import Path
from typing import Protocol

import numpy as np

FINDERS = ("mediapipe", "opencv")


class LandmarkFinder(Protocol):
    """Finds faces in frames and follows them from one to the next."""

    def reset(self) -> None:
        """Forget the followed faces: the next frame is the first of another video, or as large."""

    def faces(self, rgb: np.ndarray) -> list[np.ndarray]:
        """Landmarks (468, 2) float32 of each face of the next frame (H, W, 3) uint8, in pixels with
        centres at integers."""


def default_finder() -> str:
    """mediapipe if it is installed with FaceMesh (from 0.10.30 on it is without), else opencv.

    Imports nothing.
    """
    found = importlib.util.find_spec("mediapipe")
    folders = (found and found.submodule_search_locations) or ()
    has_mesh = any((Path(one) / "python/solutions/face_mesh.py").is_file() for one in folders)
    return "mediapipe" if has_mesh else "opencv"


def new_finder(name: str, max_faces: int) -> LandmarkFinder:
    """A finder of FINDERS that follows up to max_faces faces.  Raises ValueError for another name,
    ImportError if it is not installed."""
    if name == "mediapipe":
        from rppg.preprocessing.mediapipe_mesh import MediaPipeMesh

        return MediaPipeMesh(max_faces)
    if name == "opencv":
        from rppg.preprocessing.opencv_mesh import OpenCvMesh

        return OpenCvMesh(max_faces)
    raise ValueError(f"no finder {name!r}, expected {' or '.join(FINDERS)}")
