"""Faces in frames: FaceMesh landmarks per frame, MTCNN's box once, and the square crop around it.

Frames are RGB uint8 (H, W, 3); landmarks (468, 2) float32, pixels (x, y), centres at integers.

    >>> from skimage.data import astronaut
    >>> landmarks = FaceLandmarks()(astronaut())
    >>> landmarks.shape, landmarks.mean(axis=0).round(-1).tolist()
    ((468, 2), [220.0, 120.0])

The models are part of this package and of the wheels of mediapipe and facenet-pytorch: nothing is
downloaded.  FaceMesh is run by mediapipe or, without it, by OpenCV
(`rppg.preprocessing.landmark_finder`); either is imported on first use.
"""

import cv2
import numpy as np

from rppg.preprocessing.landmark_finder import default_finder, new_finder

CROP_SIDE = 128  # pixels
MARGIN = 1.5  # side of the crop over the longer side of MTCNN's box
MIN_PROBABILITY = 0.9  # MTCNN's probability of a face
SMALLEST_FACE_PX = 40  # twice MTCNN's default: takes half the time, and no usable face is missed


class FaceLandmarks:
    """FaceMesh tracking one face through a video, frame by frame; up to max_faces of them for
    `all_in`.

    finder: of FINDERS; default: that of `default_finder`.
    Call `reset` before each recording: the results are then those of a fresh instance, bit for bit.
    A frame of another size than the one before resets it too: the face is found again.
    Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video", 2019.
    """

    def __init__(self, max_faces: int = 1, finder: str | None = None):
        self._finder, self._shape = new_finder(finder or default_finder(), max_faces), None

    def reset(self) -> None:
        """Forget the tracked face.  With mediapipe it takes about 20 ms."""
        self._finder.reset()
        self._shape = None

    def __call__(self, rgb: np.ndarray) -> np.ndarray | None:
        """Landmarks (468, 2) float32 of the next frame, None without a face."""
        faces = self.all_in(rgb)
        return faces[0] if faces else None

    def all_in(self, rgb: np.ndarray) -> list[np.ndarray]:
        """Landmarks (468, 2) float32 of each face of the next frame, in no order."""
        if self._shape not in (None, rgb.shape):
            self.reset()
        self._shape = rgb.shape
        return self._finder.faces(rgb)


class CentredMean:
    """Landmarks smoothed by a centred mean over three frames, each one frame late.

    Takes and gives tuples whose last entry is landmarks or None; None stays None, and missing
    neighbours are skipped.

    One-Euro filters and exponential means lag.  Power of POS, CHROM, GREEN within 6 bpm of the true
    HR, mean of 4 clips with a head that bobs by 5 pixels in the heart band: unsmoothed .88 .85 .85,
    this .88 .86 .85, One-Euro (1 Hz, 0.05) .86 .76 .15, exponential 0.1 .83 .64 .07.  On a real
    resting face the quality of GREEN rises from .65 to .71; over 5 frames, the bobbing reduces
    GREEN to .76.
    """

    def __init__(self):
        self._before, self._current = None, None

    def add(self, frame: tuple) -> list[tuple]:
        """Take the next frame; the one before it, smoothed, if there is one."""
        ready = self._smoothed(frame[-1])
        self._before = self._current[-1] if ready else None
        self._current = frame
        return ready

    def finish(self) -> list[tuple]:
        """The last frame."""
        ready, self._current = self._smoothed(None), None
        return ready

    def _smoothed(self, after: np.ndarray | None) -> list[tuple]:
        if self._current is None:
            return []
        return [(*self._current[:-1], _mean_of(self._before, self._current[-1], after))]


def _mean_of(before, landmarks, after):
    if landmarks is None:
        return None
    near = [points for points in (before, landmarks, after) if points is not None]
    return sum(near) / np.float32(len(near))


def load_mtcnn():
    """MTCNN of facenet-pytorch, with the weights in its wheel; imports torch.

    Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded CNNs", 2016.
    """
    from rppg.preprocessing.light_mtcnn import mtcnn_class

    return mtcnn_class()(select_largest=True, min_face_size=SMALLEST_FACE_PX)


def find_box(rgb: np.ndarray, mtcnn) -> tuple[float, float, float, float] | None:
    """(x0, y0, x1, y1) in pixels of the largest face with a probability of 0.9 or more, or None.

    mtcnn: the result of `load_mtcnn`.  Raises MemoryError if torch gets too little memory.
    """
    try:
        boxes, probabilities = mtcnn.detect(rgb)
    except (RuntimeError, ValueError) as error:
        if "allocate memory" in str(error):
            raise MemoryError(f"MTCNN needs more memory for a frame {rgb.shape}") from error
        if "non-empty list" not in str(error):
            raise
        return None  # facenet-pytorch, for a frame in which no candidate has a pixel
    if boxes is None:
        return None
    sure = boxes[probabilities >= MIN_PROBABILITY]
    return tuple(sure[0].tolist()) if len(sure) else None


def square_round(box: tuple[float, float, float, float]) -> tuple[int, int, int]:
    """(x, y, side) of a square with the box's centre and 1.5 times its longer side.

    All three are multiples of 8, so that `square_crop` can halve three times before it pads.
    """
    x0, y0, x1, y1 = box
    side = max(8, 8 * round(MARGIN * max(x1 - x0, y1 - y0) / 8))
    return 8 * round((x0 + x1 - side) / 16), 8 * round((y0 + y1 - side) / 16), side


def square_crop(rgb: np.ndarray, square: tuple[int, int, int], size: int = CROP_SIDE) -> np.ndarray:
    """The square (x, y, side) of a frame as (size, size, 3) uint8; outside, the border is repeated.

    Downsampled by exact halving, then by a bilinear step of at most 1.5: the noise of the crop's
    mean is within 3 % of that of OpenCV's area interpolation (with a bilinear step of 2: 33 %
    more), in a fifth of its time.
    """
    x, y, side = square
    left, top = max(0, -x), max(0, -y)
    crop = rgb[max(0, y) : max(0, y + side), max(0, x) : max(0, x + side)]
    while side > 1.5 * size and not (left | top | side) & 1:
        height, width = crop.shape[0] // 2, crop.shape[1] // 2
        crop = crop[: 2 * height, : 2 * width]
        crop = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA)
        left, top, side = left // 2, top // 2, side // 2
    bottom, right = side - top - crop.shape[0], side - left - crop.shape[1]
    if left or top or right or bottom:
        crop = cv2.copyMakeBorder(crop, top, bottom, left, right, cv2.BORDER_REPLICATE)
    return cv2.resize(crop, (size, size), interpolation=cv2.INTER_LINEAR)
