"""Frames of a video that is in memory already, in place of a file.

>>> frames = FrameArray(np.zeros((300, 48, 64, 3), np.uint8))
>>> recording = Recording("memory", "root", "array", frames, fps=30.0)  # doctest: +SKIP
>>> str(frames)
'array of 300 frames'
"""

from dataclasses import dataclass

import numpy as np

from rppg.utils.errors import InputError


@dataclass(frozen=True, eq=False)
class FrameArray:
    """RGB frames (T, H, W, 3) uint8.  Raises InputError for anything else."""

    rgb: np.ndarray

    def __post_init__(self):
        rgb = self.rgb
        if rgb.ndim != 4 or rgb.shape[-1] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
            found = f"frames {rgb.shape} of {rgb.dtype}"
            raise InputError(f"{found}, expected (T, H, W, 3) of uint8, in the order R, G, B")

    def __str__(self) -> str:
        return f"array of {len(self.rgb)} frames"
