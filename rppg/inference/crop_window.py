"""The face crops of the last seconds of a stream, for nets that see pixels.

    crops = FaceCrops(start_s, BoxFinder().find)  # or WideCrops(start_s)
    crops.add(rgb, time_s, landmarks)             # every frame
    pixels, known = crops.window(first, stop)     # frames of the grid, 30 per second from start_s

They are those that `extract` gives of the same frames, as long as the face stays in its square: a
recording keeps the square of its first face, a stream looks for the face again if it has left.
Crops begin with the first frame that shows a face, and again after a pause.
"""

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable

import numpy as np

from rppg.datasets.prepared import FPS
from rppg.preprocessing.face_crop import FaceCropper
from rppg.preprocessing.face_detector import Box
from rppg.preprocessing.face_mesh import CROP_SIDE, square_round
from rppg.preprocessing.frame_rate import SNAP_S
from rppg.preprocessing.resampling import LONGEST_BRIDGE_S
from rppg.preprocessing.wide_crop import WIDE_SIDE, WideCropper, face_box

KEPT_FRAMES = 360  # 12 s: a window of 10 s, and what comes until it is asked for
LOOK_EVERY_S = 5.0  # MTCNN takes 0.1 s or more, in which a camera goes on


class _Crops(ABC):
    """Crops (side, side, 3) uint8 by frame of the grid; `_cropper_for` makes the cropper."""

    side: int

    def __init__(self, start_s: float):
        self._start_s, self._kept = start_s, deque(maxlen=KEPT_FRAMES)
        self._cropper, self._stop, self._last_s = None, 0, start_s  # _stop: after the last crop

    def add(self, rgb: np.ndarray, time_s: float, landmarks: np.ndarray | None) -> None:
        """Take the next frame, and its landmarks (468, 2); None: no face."""
        if time_s - self._last_s > LONGEST_BRIDGE_S or self._is_left(landmarks, time_s):
            self._cropper = None
        self._last_s = time_s
        if self._cropper is None and landmarks is not None:
            self._cropper = self._cropper_for(rgb, time_s)
            if self._cropper is not None:
                self._begin(rgb, time_s)
        if self._cropper is not None:
            self._cropper.add(rgb, time_s, landmarks)

    def window(self, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """Crops (n, side, side, 3) uint8 of frames first to stop, and (n,) bool which are known;
        the others are black."""
        kept, n = list(self._kept), stop - first
        pixels = np.zeros((n, self.side, self.side, 3), np.uint8)
        known = np.zeros(n, bool)
        for place, crop in enumerate(kept, start=self._stop - len(kept) - first):
            if 0 <= place < n:
                pixels[place], known[place] = crop, True
        return pixels, known

    def _begin(self, rgb: np.ndarray, time_s: float) -> None:
        """Let the cropper's grid begin at the stream's grid time before the frame."""
        self._stop = math.floor((time_s - self._start_s + SNAP_S) * FPS)
        before_s = self._start_s + self._stop / FPS
        if time_s - before_s > SNAP_S:
            self._cropper.grid.add(np.zeros((self.side, self.side, 3), np.uint8), before_s)
        self._kept.clear()

    def _keep(self, crop: np.ndarray) -> None:
        self._kept.append(crop)
        self._stop += 1

    def _is_left(self, landmarks: np.ndarray | None, time_s: float) -> bool:
        return False

    @abstractmethod
    def _cropper_for(self, rgb: np.ndarray, time_s: float):
        """The cropper of a stream that begins with this frame; None: not with this one."""


class WideCrops(_Crops):
    """Wide crops, whose rectangle follows the face by itself."""

    side = WIDE_SIDE

    def add(self, rgb: np.ndarray, time_s: float, landmarks: np.ndarray | None) -> None:
        """As of all crops; of the cropper's list of rectangles, the last is enough."""
        super().add(rgb, time_s, landmarks)
        if self._cropper is not None:
            del self._cropper.boxes[:-1]

    def _cropper_for(self, rgb: np.ndarray, time_s: float) -> WideCropper:
        return WideCropper(None, self._keep)  # no frame is before its first


class FaceCrops(_Crops):
    """Face crops.  find: the face's box in a frame, or None; it is asked every 5 s at most."""

    side = CROP_SIDE

    def __init__(self, start_s: float, find: Callable[[np.ndarray], Box | None]):
        super().__init__(start_s)
        self._find, self._box, self._shape, self._looked_s = find, None, None, -math.inf

    def _is_left(self, landmarks: np.ndarray | None, time_s: float) -> bool:
        if landmarks is None or self._box is None or not self._is_time(time_s):
            return False
        x, y, side = square_round(self._box)
        x0, y0, x1, y1 = face_box(landmarks)
        if x <= x0 and y <= y0 and x1 <= x + side and y1 <= y + side:
            return False
        self._box = None
        return True

    def _cropper_for(self, rgb: np.ndarray, time_s: float) -> FaceCropper | None:
        if rgb.shape != self._shape:
            self._box, self._shape = None, rgb.shape
        if self._box is None and self._is_time(time_s):
            self._box, self._looked_s = self._find(rgb), time_s
        box = self._box
        return None if box is None else FaceCropper(None, self._keep, lambda _: box)

    def _is_time(self, time_s: float) -> bool:
        return time_s - self._looked_s >= LOOK_EVERY_S
