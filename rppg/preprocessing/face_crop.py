"""The face crop: the square around the first face that MTCNN finds, fixed for the whole video.

If the picture changes its size in mid-file the square scales with it; if its shape changes too (a
phone that was turned), the face is found again.  Frames (H, W, 3) uint8 RGB in, crops
(128, 128, 3) uint8 out, 30 per second.

    >>> scaled_square((80, 40, 160), (240, 320), (480, 640))
    (160, 80, 320)
"""

from collections.abc import Callable
from itertools import islice

import numpy as np

from rppg.datasets.recording import Recording
from rppg.preprocessing.face_detector import Box, NoCropError
from rppg.preprocessing.face_mesh import CROP_SIDE, SMALLEST_FACE_PX, square_crop, square_round
from rppg.preprocessing.mstmap import REGIONS
from rppg.preprocessing.resampling import CropGrid, TimedFrames

EVERY_FRAME_S = 1.0  # MTCNN gets every frame during this time,
THEN_EVERY_S = 0.5  # then a frame at this interval, until it finds a face
SAME_ASPECT = 0.02  # relative difference of two aspect ratios that are the same but for rounding

Shape = tuple[int, int]  # (H, W)


def same_aspect(shape: Shape, other: Shape) -> bool:
    """Whether pictures of these shapes (H, W) can show the same scene at two sizes."""
    ratio = shape[1] * other[0] / (shape[0] * other[1])
    return abs(ratio - 1) <= SAME_ASPECT


def scale_of(shape: Shape, other: Shape) -> float:
    """Factor from the sides of a picture to those of another one; turned pictures have 1."""
    return float(np.sqrt(other[0] * other[1] / (shape[0] * shape[1])))


def scaled_square(square: tuple[int, int, int], shape: Shape, other: Shape) -> tuple:
    """A square (x, y, side) of a picture of one shape (H, W) at the same place of another one."""
    if shape == other:
        return square
    x, y, side = square
    new_side = max(8, 8 * round(side * scale_of(shape, other) / 8))
    centre_x = (x + side / 2) * other[1] / shape[1]
    centre_y = (y + side / 2) * other[0] / shape[0]
    return (
        8 * round((centre_x - new_side / 2) / 8),
        8 * round((centre_y - new_side / 2) / 8),
        new_side,
    )


class FaceCropper:
    """Crops added frames and passes the crops to on_crop, 30 per second.

    MTCNN starts at the first frame in which FaceMesh finds a face.  Frames before the one in which
    MTCNN finds it are decoded again to be cropped, so that none is kept in memory.

    find: returns the face's box in a frame, or None.  notes: what is to be said of the crops.
    """

    def __init__(
        self,
        recording: Recording,
        on_crop: Callable[[np.ndarray], None],
        find: Callable[[np.ndarray], Box | None],
    ):
        self.recording, self.find, self.notes = recording, find, []
        self.grid = CropGrid(on_crop)
        self._square = self._shape = self._first = None  # _first: the first square and its shape
        self._n, self._looked_s, self._searches, self._height = 0, [], True, 0.0

    def add(self, rgb: np.ndarray, time_s: float, landmarks: np.ndarray | None) -> None:
        """Add the next frame and its landmarks (468, 2); None: no face."""
        shape = rgb.shape[:2]
        if self._square is not None and shape != self._shape:
            self._change_shape(shape)
        if self._searches and landmarks is not None and self._is_time(time_s):
            self._look(rgb, time_s, landmarks)
        if self._square is not None:
            self.grid.add(square_crop(rgb, self._square), time_s)
        self._n += 1

    def _change_shape(self, shape: Shape) -> None:
        if not same_aspect(self._shape, shape):
            self._searches, self._looked_s = True, []
        self._square, self._shape = scaled_square(self._square, self._shape, shape), shape

    def _is_time(self, time_s: float) -> bool:
        looked_s = self._looked_s
        if not looked_s or time_s - looked_s[0] <= EVERY_FRAME_S:
            return True
        return time_s - looked_s[-1] >= THEN_EVERY_S

    def _look(self, rgb: np.ndarray, time_s: float, landmarks: np.ndarray) -> None:
        self._looked_s.append(time_s)
        self._height = float(np.ptp(landmarks[:, 1]))
        box = self.find(rgb)
        if box is None:
            return
        self._note_other_face(box, landmarks, time_s)
        is_first = self._square is None
        self._square, self._shape, self._searches = square_round(box), rgb.shape[:2], False
        if is_first:
            self._first = self._square, self._shape
            for earlier, earlier_s in islice(TimedFrames(self.recording), self._n):
                square = scaled_square(*self._first, earlier.shape[:2])
                self.grid.add(square_crop(earlier, square), earlier_s)

    def _note_other_face(self, box: Box, landmarks: np.ndarray, time_s: float) -> None:
        x, y = landmarks.mean(axis=0)
        if not (box[0] <= x <= box[2] and box[1] <= y <= box[3]):
            note = f"the crops show another face than the regions at {time_s:.2f} s: two faces"
            self.notes.append(note)

    def finish(self, n: int) -> None:
        """Repeat the last crop until n were emitted.  Raises NoCropError without a square."""
        if self._square is None:
            raise NoCropError(self._why_none())
        self.grid.finish(n)

    def _why_none(self) -> str:
        n = len(self._looked_s)
        if self._height < SMALLEST_FACE_PX:
            found = f"the face is {self._height:.0f} pixels high"
            return f"{found}, too small for MTCNN: crops need {SMALLEST_FACE_PX} pixels or more"
        return f"MTCNN finds no face in any of the {n} frames it looked at"

    def meta(self, shape: Shape, landmarks: np.ndarray, preview_frame: int) -> dict:
        """Position of the crops in a picture of shape (H, W), and the regions of landmarks in it in
        the first crop with a face: polygons in pixels of the crop, centres at integers; they lie
        outside if another face was cropped."""
        x, y, side = scaled_square(*self._first, shape)
        points = (np.asarray(landmarks, float) + 0.5 - (x, y)) * CROP_SIDE / side - 0.5
        return {
            "face_box": [x, y, side],
            "preview_frame": preview_frame,
            "regions_px": {name: points[i].round(1).tolist() for name, i in REGIONS.items()},
        }
