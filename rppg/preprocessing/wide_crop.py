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
- If the picture changes its size in mid-file the rectangle scales with it, and if its shape changes
  too (a phone that was turned), it is placed anew.
"""

import math
from collections.abc import Callable
from itertools import islice

import cv2
import numpy as np

from rppg.datasets.recording import Recording
from rppg.preprocessing.face_crop import Shape, same_aspect, scale_of
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


def scaled_rectangle(rectangle: tuple, shape: Shape, other: Shape) -> tuple[int, int, int, int]:
    """A rectangle of a picture of one shape (H, W) at the same place of another one."""
    if shape == other:
        return rectangle
    x, y, width, height = rectangle
    centre_x = (x + width / 2) * other[1] / shape[1]
    centre_y = (y + height / 2) * other[0] / shape[0]
    half = scale_of(shape, other) * width / BUFFER / 2, scale_of(shape, other) * height / BUFFER / 2
    box = (centre_x - half[0], centre_y - half[1], centre_x + half[0], centre_y + half[1])
    return wide_rectangle(box)


class WideCropper:
    """Makes wide crops of added frames and passes them to on_wide, 30 per second.

    boxes: [time_s since the first frame, x, y, width, height] of every rectangle; the first one
    is valid from the first frame on, and each until the next.  Frames before the first face are
    decoded again to be cropped, so that none is kept in memory.
    """

    def __init__(self, recording: Recording, on_wide: Callable[[np.ndarray], None]):
        self.recording = recording
        self.grid, self.boxes, self.notes = CropGrid(on_wide), [], []
        self._n, self._start_s = 0, None
        self._shape, self._is_stale = None, False  # stale: of a picture of another shape

    def add(self, rgb: np.ndarray, time_s: float, landmarks: np.ndarray | None) -> None:
        """Add the next frame and its landmarks (468, 2); None (no face): the rectangle stays."""
        self._start_s = time_s if self._n == 0 else self._start_s
        if self._shape != (shape := rgb.shape[:2]):
            self._change_shape(shape, time_s)
        if landmarks is not None and not self._holds(box := face_box(landmarks)):
            self._place(wide_rectangle(box), time_s)
        if self.boxes:
            self.grid.add(wide_crop(rgb, self.boxes[-1][1:]), time_s)
        self._n += 1

    def finish(self, n: int) -> None:
        """Repeat the last crop until n were emitted; at least one frame must have had a face."""
        self.grid.finish(n)

    def meta(self, *_) -> dict:
        """`boxes`, for the recording's facts."""
        return {"wide_boxes": self.boxes}

    def _change_shape(self, shape: Shape, time_s: float) -> None:
        before, self._shape = self._shape, shape
        if self.boxes:
            self._place(scaled_rectangle(self.boxes[-1][1:], before, shape), time_s)
            self._is_stale = not same_aspect(before, shape)

    def _holds(self, box: Box) -> bool:
        if not self.boxes or self._is_stale:
            return False
        _, x, y, width, height = self.boxes[-1]
        x0, y0, x1, y1 = box
        return x <= x0 and y <= y0 and x1 <= x + width and y1 <= y + height

    def _place(self, rectangle: tuple[int, int, int, int], time_s: float) -> None:
        is_first, self._is_stale = not self.boxes, False
        self.boxes.append([0.0 if is_first else time_s - self._start_s, *rectangle])
        if is_first:
            for earlier, earlier_s in islice(TimedFrames(self.recording), self._n):
                scaled = scaled_rectangle(rectangle, self._shape, earlier.shape[:2])
                self.grid.add(wide_crop(earlier, scaled), earlier_s)
