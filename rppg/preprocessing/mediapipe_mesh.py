"""FaceMesh run by mediapipe: landmarks of the faces of each frame, without its messages.

    >>> mesh = MediaPipeMesh(max_faces=1)  # doctest: +SKIP
    >>> mesh.faces(rgb)[0].shape  # doctest: +SKIP
    (468, 2)

The models are part of mediapipe's wheel.
"""

import os
import sys
import tempfile
from contextlib import contextmanager, nullcontext
from types import ModuleType

import numpy as np

N_LANDMARKS = 468

# FaceMesh writes these to stderr at every start, whatever the log level; other lines pass.
CHATTER = (
    b"Created TensorFlow Lite XNNPACK delegate",
    b"All log messages before absl::InitializeLog()",
    b"Feedback manager requires a model with a single signature",
    b"Using NORM_RECT without IMAGE_DIMENSIONS",
    b"Successfully initialized EGL",  # these two where there is a display
    b"GL version: ",
)
HARMLESS = "has no attribute 'GetPrototype'"  # with protobuf 6, which mediapipe was not made for
# One landmark as serialised: a message of 15 bytes (field 1) with x, y and z as float fields 1-3.
_LANDMARK = np.dtype([("head", "V3"), ("x", "<f4"), ("y_tag", "V1"), ("y", "<f4"), ("z", "V5")])


class MediaPipeMesh:
    """mediapipe's FaceMesh, following up to max_faces faces from frame to frame."""

    def __init__(self, max_faces: int = 1):
        self._mesh, self._max_faces = None, max_faces
        self.reset()

    def __del__(self):
        """End the graph's threads and free its 25 MB, which mediapipe does not by itself."""
        if getattr(self, "_mesh", None) is not None:
            self._mesh.close()

    def reset(self) -> None:
        """Forget the followed faces.  Rebuilds the graph, which takes about 20 ms."""
        if self._mesh is not None:
            self._mesh.close()
        with without_chatter():
            with without_pyplot():
                from mediapipe.python.solutions.face_mesh import FaceMesh
            options = {"static_image_mode": False, "refine_landmarks": False}
            self._mesh = FaceMesh(max_num_faces=self._max_faces, **options)
            self._mesh.process(np.zeros((64, 64, 3), np.uint8))  # its threads have started by now
        self._started = False

    def faces(self, rgb: np.ndarray) -> list[np.ndarray]:
        """Landmarks (468, 2) float32 of each face of the next frame (H, W, 3) uint8, in pixels with
        centres at integers."""
        with nullcontext() if self._started else without_chatter():
            faces = self._mesh.process(_read_only(rgb)).multi_face_landmarks
        if not faces:
            return []
        self._started = True
        size = np.float32(rgb.shape[1::-1])
        return [_parse(face.SerializeToString()) * size - np.float32(0.5) for face in faces]


def _read_only(rgb: np.ndarray) -> np.ndarray:
    """The same pixels, not to be written: mediapipe copies a frame that can be, 5 % of its time."""
    view = np.ascontiguousarray(rgb).view()
    view.flags.writeable = False
    return view


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


def _report(kind, value, trace) -> None:
    if HARMLESS not in str(value):
        sys.__excepthook__(kind, value, trace)


@contextmanager
def without_chatter():
    """Capture what the process writes to stderr inside, then write all lines except CHATTER.

    What mediapipe's C++ code reports and goes on without, HARMLESS, is left out, too: the hook of a
    notebook's kernel would make it an error of the cell.
    """
    sys.stderr.flush()
    hook, sys.excepthook = sys.excepthook, _report
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.excepthook = hook
            os.dup2(stderr, 2)
            os.close(stderr)
            caught.seek(0)
            for line in caught:
                if not any(words in line for words in CHATTER):
                    os.write(2, line)
