"""Faces in frames: FaceMesh landmarks per frame, MTCNN's box once, and the square crop around it.

Frames are RGB uint8 (H, W, 3); landmarks (468, 2) float32, pixels (x, y), centres at integers.

    >>> from skimage.data import astronaut
    >>> landmarks = FaceLandmarks()(astronaut())
    >>> landmarks.shape, landmarks.mean(axis=0).round(-1).tolist()
    ((468, 2), [220.0, 120.0])

The models are part of the wheels of mediapipe and facenet-pytorch: nothing is downloaded.
mediapipe is imported on first use.
"""

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from types import ModuleType

import cv2
import numpy as np

N_LANDMARKS = 468
CROP_SIDE = 128  # pixels
MARGIN = 1.5  # side of the crop over the longer side of MTCNN's box
MIN_PROBABILITY = 0.9  # MTCNN's probability of a face
SMALLEST_FACE_PX = 40  # twice MTCNN's default: takes half the time, and no usable face is missed

# FaceMesh writes these to stderr at every start, whatever the log level; other lines pass.
CHATTER = (
    b"Created TensorFlow Lite XNNPACK delegate",
    b"All log messages before absl::InitializeLog()",
    b"Feedback manager requires a model with a single signature",
    b"Using NORM_RECT without IMAGE_DIMENSIONS",
    b"Successfully initialized EGL",  # these two where there is a display
    b"GL version: ",
)
# One landmark as serialised: a message of 15 bytes (field 1) with x, y and z as float fields 1-3.
_LANDMARK = np.dtype([("head", "V3"), ("x", "<f4"), ("y_tag", "V1"), ("y", "<f4"), ("z", "V5")])


class FaceLandmarks:
    """MediaPipe FaceMesh tracking one face through a video, frame by frame; up to max_faces of them
    for `all_in`.

    Call `reset` before each recording: the results are then those of a fresh instance, bit for bit.
    A frame of another size than the one before resets it too: the face is found again.
    Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video", 2019.
    """

    def __init__(self, max_faces: int = 1):
        self._mesh, self._max_faces = None, max_faces
        self.reset()

    def reset(self) -> None:
        """Forget the tracked face.  Rebuilds the graph, which takes about 20 ms."""
        if self._mesh is not None:
            self._mesh.close()
        with without_chatter():
            with without_pyplot():
                from mediapipe.python.solutions.face_mesh import FaceMesh
            options = {"static_image_mode": False, "refine_landmarks": False}
            self._mesh = FaceMesh(max_num_faces=self._max_faces, **options)
            self._mesh.process(np.zeros((64, 64, 3), np.uint8))  # its threads have started by now
        self._started, self._shape = False, None

    def __call__(self, rgb: np.ndarray) -> np.ndarray | None:
        """Landmarks (468, 2) float32 of the next frame, None without a face."""
        faces = self.all_in(rgb)
        return faces[0] if faces else None

    def all_in(self, rgb: np.ndarray) -> list[np.ndarray]:
        """Landmarks (468, 2) float32 of each face of the next frame, in no order."""
        if self._shape not in (None, rgb.shape):
            self.reset()
        self._shape = rgb.shape
        with nullcontext() if self._started else without_chatter():
            faces = self._mesh.process(rgb).multi_face_landmarks
        if not faces:
            return []
        self._started = True
        size = np.float32(rgb.shape[1::-1])
        return [_parse(face.SerializeToString()) * size - np.float32(0.5) for face in faces]


def _parse(message: bytes) -> np.ndarray:
    """Landmarks (468, 2) float32, as shares of width and height, from mediapipe's message.

    Twenty times as fast as 936 attribute accesses, which take a tenth of FaceMesh's own time.
    """
    if len(message) != N_LANDMARKS * _LANDMARK.itemsize:
        expected = N_LANDMARKS * _LANDMARK.itemsize
        raise RuntimeError(
            f"FaceMesh gave {len(message)} bytes, expected {expected}: mediapipe's"
            " message has changed, use the version pinned in pyproject.toml"
        )
    fields = np.frombuffer(message, _LANDMARK)
    return np.stack([fields["x"], fields["y"]], axis=-1)


def centred_mean(frames: Iterable[tuple]) -> Iterator[tuple]:
    """Smooth landmarks by a centred mean over three frames.

    Takes and yields tuples whose last entry is landmarks or None; None stays None, and missing
    neighbours are skipped.  Yields each frame one frame late.

    One-Euro filters and exponential means lag.  Power of POS, CHROM, GREEN within 6 bpm of the true
    HR, mean of 4 clips with a head that bobs by 5 pixels in the heart band: unsmoothed .88 .85 .85,
    this .88 .86 .85, One-Euro (1 Hz, 0.05) .86 .76 .15, exponential 0.1 .83 .64 .07.  On a real
    resting face the quality of GREEN rises from .65 to .71; over 5 frames, the bobbing reduces
    GREEN to .76.
    """
    mean = CentredMean()
    for frame in frames:
        yield from mean.add(frame)
    yield from mean.finish()


class CentredMean:
    """`centred_mean` for frames that are given one by one."""

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


@contextmanager
def without_pyplot():
    """Inside, pyplot is an empty module unless it has been imported before: mediapipe's drawing
    helpers import it, which takes half of mediapipe's time, and nothing here draws with them."""
    names = [name for name in ("matplotlib", "matplotlib.pyplot") if name not in sys.modules]
    sys.modules |= {name: ModuleType(name) for name in names}
    if "matplotlib" in names:
        sys.modules["matplotlib"].pyplot = sys.modules["matplotlib.pyplot"]
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


@contextmanager
def without_chatter():
    """Capture what the process writes to stderr inside, then write all lines except CHATTER."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            caught.seek(0)
            for line in caught:
                if not any(words in line for words in CHATTER):
                    os.write(2, line)
