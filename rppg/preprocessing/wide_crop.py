"""The wide crop: around the face with a margin, and fixed until the face leaves it.

Section 3.1 of Gideon and Stent, "The Way to my Heart is through Contrastive Learning: Remote
Photoplethysmography from Unlabelled Video", ICCV 2021.  Frames (H, W, 3) uint8 RGB in, crops
(64, 64, 3) uint8 out, 30 per second.

    >>> wide_rectangle((100.0, 100.0, 164.0, 180.0))  # 1.5 times 64 x 96, which is 128 : 192
    (80, 72, 96, 144)

Choices if the paper and its published code differ, or one of them does not say:

- The buffer is 50 % in total, 25 % per side (the code's 12.5 % per side, twice, make 56 %).
- The rectangle moves as soon as the face's box is not fully inside (the code: 12.5 % earlier).
- It jumps (the code moves it gradually over 0.25 s), and is fixed at all other times.
- The middle 128 x 128 of its 192 x 128 pixels are scaled to 64 x 64, as in the code.
- Outside the frame the border is repeated, as for face crops (the code: black).
"""

import math
from collections.abc import Callable
from itertools import islice

import cv2
import numpy as np

from rppg.datasets.recording import Recording
from rppg.preprocessing.face_mesh import square_crop
from rppg.preprocessing.resampling import CropGrid, TimedFrames

WIDE_SIDE = 64  # pixels of a wide crop
ASPECT = 128 / 192  # width of the rectangle over its height
BUFFER = 1.5  # size of the rectangle over that of the face's box
NARROWEST_PX = 32  # minimum width: enough for the smallest face, whatever the rounding

Box = tuple[float, float, float, float]


def face_box(landmarks: np.ndarray) -> Box:
    """Bounding box (x0, y0, x1, y1) of landmarks (468, 2), in pixels from the frame's edge."""
    (x0, y0), (x1, y1) = landmarks.min(axis=0), landmarks.max(axis=0)
    return float(x0) + 0.5, float(y0) + 0.5, float(x1) + 0.5, float(y1) + 0.5


def wide_rectangle(box: Box) -> tuple[int, int, int, int]:
    """(x, y, width, height) in whole pixels: a box extended to 128 : 192 and scaled by 1.5.

    The width, and the position of the middle square, are multiples of 8, as `square_crop` needs.
    """
    x0, y0, x1, y1 = box
    width = 8 * math.ceil(BUFFER * max(x1 - x0, (y1 - y0) * ASPECT) / 8)
    width = max(NARROWEST_PX, width)
    height = 3 * width // 2
    x, y = 8 * round((x0 + x1 - width) / 16), 8 * round((y0 + y1 - width) / 16)  # of the square
    return x, y - (height - width) // 2, width, height


def wide_crop(rgb: np.ndarray, rectangle: tuple[int, int, int, int]) -> np.ndarray:
    """The middle square of a rectangle of a frame, (64, 64, 3) uint8, averaged down."""
    x, y, width, height = rectangle
    middle = square_crop(rgb, (x, y + (height - width) // 2, width), size=2 * WIDE_SIDE)
    return cv2.resize(middle, (WIDE_SIDE, WIDE_SIDE), interpolation=cv2.INTER_AREA)


class WideCropper:
    """Makes wide crops of added frames and passes them to on_wide, 30 per second.

    boxes: [time_s since the first frame, x, y, width, height] of every rectangle; the first one
    is valid from the first frame on, and each until the next.  Frames before the first face are
    decoded again to be cropped, so that none is kept in memory.
    """

    def __init__(self, recording: Recording, on_wide: Callable[[np.ndarray], None]):
        self.recording = recording
        self.grid, self.boxes = CropGrid(on_wide), []
        self._n, self._start_s = 0, None

    def add(self, rgb: np.ndarray, time_s: float, landmarks: np.ndarray | None) -> None:
        """Add the next frame and its landmarks (468, 2); None (no face): the rectangle stays."""
        self._start_s = time_s if self._n == 0 else self._start_s
        if landmarks is not None and not self._holds(box := face_box(landmarks)):
            self._place(wide_rectangle(box), time_s)
        if self.boxes:
            self.grid.add(wide_crop(rgb, self.boxes[-1][1:]), time_s)
        self._n += 1

    def finish(self, n: int) -> None:
        """Repeat the last crop until n were emitted; at least one frame must have had a face."""
        self.grid.finish(n)

    def _holds(self, box: Box) -> bool:
        if not self.boxes:
            return False
        _, x, y, width, height = self.boxes[-1]
        x0, y0, x1, y1 = box
        return x <= x0 and y <= y0 and x1 <= x + width and y1 <= y + height

    def _place(self, rectangle: tuple[int, int, int, int], time_s: float) -> None:
        is_first = not self.boxes
        self.boxes.append([0.0 if is_first else time_s - self._start_s, *rectangle])
        if is_first:
            for earlier, earlier_s in islice(TimedFrames(self.recording), self._n):
                self.grid.add(wide_crop(earlier, rectangle), earlier_s)
