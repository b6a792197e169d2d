"""MTCNN, the face detector, in numpy, with the weights that lie in facenet-pytorch's wheel.

Images (H, W, 3) uint8 RGB; boxes (x0, y0, x1, y1) in pixels; inside, maps are (N, H, W, C) float32.

    >>> from skimage.data import astronaut
    >>> boxes, probabilities = Mtcnn().detect(astronaut())
    >>> boxes.round().tolist(), probabilities.round(2).tolist()
    ([[181.0, 62.0, 268.0, 172.0]], [1.0])

Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded CNNs", 2016.  Same
answers as facenet_pytorch.MTCNN, which a test compares.  It is asked once a video: for that, torch
and torchvision would cost each process 2-5 s and 690 MiB (measured; this: 2 ms and some 70 MiB).
"""

import importlib.util
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np

SMALLEST_FACE_PX = 20
PYRAMID_STEP = 0.709  # side of one image of the pyramid over that of the one before
CELL_PX, STRIDE_PX = 12, 2  # what the first net looks at, and its step
THRESHOLDS = (0.6, 0.7, 0.7)  # probability of a face after each of the three nets


class Mtcnn:
    """The three nets.  Raises FileNotFoundError where the weights are not installed."""

    def __init__(self):
        self.pnet, self.rnet, self.onet = (load_weights(name) for name in ("pnet", "rnet", "onet"))

    def detect(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Boxes (n, 4) and probabilities (n,) of the faces in an image, the largest first."""
        image = rgb.astype(np.float32)
        boxes = _propose(image, self.pnet)
        for net, weights, side, threshold in (
            (_rnet, self.rnet, 24, THRESHOLDS[1]),
            (_onet, self.onet, 48, THRESHOLDS[2]),
        ):
            boxes = _squared(boxes)
            patches = _patches(image, boxes, side)
            if len(patches) == 0:
                return np.empty((0, 4)), np.empty(0)
            probability, shift = net(patches, weights)
            sure = probability > threshold
            boxes, probability, shift = boxes[sure], probability[sure], shift[sure]
            if side == 24:
                kept = _distinct(boxes, probability, 0.7)
                boxes = _moved(boxes[kept], shift[kept], extra=1)
            else:
                boxes = _moved(boxes, shift, extra=1)
                kept = _distinct(boxes, probability, 0.7, of_smaller=True)
                boxes, probability = boxes[kept], probability[kept]
        order = np.argsort(-np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
        return boxes[order], probability[order]


def load_weights(name: str) -> dict[str, np.ndarray]:
    """Arrays of facenet-pytorch's data/<name>.pt by name, without importing it or torch."""
    package = importlib.util.find_spec("facenet_pytorch")
    if package is None:
        raise FileNotFoundError("MTCNN's weights are not there: pip install facenet-pytorch==2.5.3")
    path = Path(package.submodule_search_locations[0]) / "data" / f"{name}.pt"
    with path.open("rb") as file:
        for _ in range(3):  # torch's number, protocol and machine
            pickle.load(file)
        reader = _Reader(file)
        tensors = reader.load()
        for key in pickle.load(file):  # the storages follow in this order
            n = int(np.frombuffer(file.read(8), "<i8")[0])
            reader.storages[key][:] = np.frombuffer(file.read(4 * n), "<f4")
    return dict(tensors)


class _Reader(pickle.Unpickler):
    """Reads torch's file of float tensors, as arrays over storages that are filled afterwards."""

    def __init__(self, file):
        super().__init__(file)
        self.storages = {}

    def persistent_load(self, identity):
        _, _, key, _, n, _ = identity
        return self.storages.setdefault(key, np.empty(n, np.float32))

    def find_class(self, module, name):
        known = {"_rebuild_tensor_v2": _tensor, "OrderedDict": OrderedDict, "FloatStorage": None}
        if name not in known:
            raise pickle.UnpicklingError(f"{module}.{name} in a file of weights: not expected")
        return known[name]


def _tensor(storage, offset, shape, strides, *_):
    strides = [4 * step for step in strides]  # bytes
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, strides)


def _propose(image: np.ndarray, weights: dict) -> np.ndarray:
    """Boxes (n, 4) where the first net, run over a pyramid of the image, suspects a face."""
    height, width = image.shape[:2]
    scale = CELL_PX / SMALLEST_FACE_PX
    found = [np.empty((0, 9), np.float32)]
    while min(height, width) * scale >= CELL_PX:
        small = _area_resize(image, int(height * scale + 1), int(width * scale + 1))
        probability, shift = _pnet(_normal(small)[None], weights)
        rows, columns = np.nonzero(probability[0] >= THRESHOLDS[0])
        corner = STRIDE_PX * np.stack([columns, rows], axis=1)
        low, high = np.floor((corner + 1) / scale), np.floor((corner + CELL_PX) / scale)
        score = probability[0, rows, columns]
        boxes = np.column_stack([low, high, score, shift[0, rows, columns]])  # (n, 9)
        found.append(boxes[_distinct(boxes[:, :4], score, 0.5)])
        scale *= PYRAMID_STEP
    boxes = np.concatenate(found)
    boxes = boxes[_distinct(boxes[:, :4], boxes[:, 4], 0.7)]
    return _moved(boxes[:, :4], boxes[:, 5:], extra=0)


def _pnet(x, w):
    x = _prelu(_conv(x, w, "conv1"), w, "prelu1")
    x = _prelu(_conv(_pool(x, 2), w, "conv2"), w, "prelu2")
    x = _prelu(_conv(x, w, "conv3"), w, "prelu3")
    return _face_share(_conv(x, w, "conv4_1")), _conv(x, w, "conv4_2")


def _rnet(x, w):
    x = _prelu(_conv(x, w, "conv1"), w, "prelu1")
    x = _prelu(_conv(_pool(x, 3), w, "conv2"), w, "prelu2")
    x = _prelu(_conv(_pool(x, 3), w, "conv3"), w, "prelu3")
    x = _prelu(_dense(_flat(x), w, "dense4"), w, "prelu4")
    return _face_share(_dense(x, w, "dense5_1")), _dense(x, w, "dense5_2")


def _onet(x, w):
    x = _prelu(_conv(x, w, "conv1"), w, "prelu1")
    x = _prelu(_conv(_pool(x, 3), w, "conv2"), w, "prelu2")
    x = _prelu(_conv(_pool(x, 3), w, "conv3"), w, "prelu3")
    x = _prelu(_conv(_pool(x, 2), w, "conv4"), w, "prelu4")
    x = _prelu(_dense(_flat(x), w, "dense5"), w, "prelu5")
    return _face_share(_dense(x, w, "dense6_1")), _dense(x, w, "dense6_2")


def _conv(x, w, name):
    kernel = w[f"{name}.weight"]  # (out, in, k, k)
    k = kernel.shape[2]
    height, width = x.shape[1] - k + 1, x.shape[2] - k + 1
    result = np.zeros((len(x), height, width, len(kernel)), np.float32) + w[f"{name}.bias"]
    for dy, dx in np.ndindex(k, k):
        result += x[:, dy : dy + height, dx : dx + width] @ kernel[:, :, dy, dx].T
    return result


def _prelu(x, w, name):
    return np.maximum(x, 0) + w[f"{name}.weight"] * np.minimum(x, 0)


def _pool(x, size):
    """Maximum of windows two apart; the last ones may reach over the edge."""
    n_y, n_x = (-(-(side - size) // 2) + 1 for side in x.shape[1:3])
    room = [(0, 0), (0, 2 * n_y + size), (0, 2 * n_x + size), (0, 0)]
    x = np.pad(x, room, constant_values=-np.inf)
    windows = [
        x[:, dy : dy + 2 * n_y : 2, dx : dx + 2 * n_x : 2] for dy, dx in np.ndindex(size, size)
    ]
    return np.maximum.reduce(windows)


def _dense(x, w, name):
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def _flat(x):
    return x.transpose(0, 2, 1, 3).reshape(len(x), -1)  # columns before rows, as it was trained


def _face_share(logits):
    """Probability of a face from (..., 2): no face, face."""
    return 1 / (1 + np.exp(logits[..., 0] - logits[..., 1]))


def _normal(image):
    return (image - np.float32(127.5)) * np.float32(0.0078125)


def _patches(image, boxes, side) -> np.ndarray:
    """What lies in each box (n, 4), as (n, side, side, 3)."""
    limit = image.shape[1::-1]
    low = np.maximum(np.trunc(boxes[:, :2]).astype(int), 1) - 1
    high = np.minimum(np.trunc(boxes[:, 2:]).astype(int), limit)
    cut = [image[y0:y1, x0:x1] for (x0, y0), (x1, y1) in zip(low, high, strict=True)]
    return _normal(np.array([_area_resize(patch, side, side) for patch in cut]))


def _area_resize(image, height, width) -> np.ndarray:
    """Mean of all pixels that each new pixel touches (torch's "area"), a channel at a time."""
    planes = [image[..., channel] for channel in range(3)]
    return np.dstack([_area_means(_area_means(plane, height).T, width).T for plane in planes])


def _area_means(plane, n) -> np.ndarray:
    """(h, w) to (n, w): means of the rows from floor(i h / n) to ceil((i + 1) h / n)."""
    i, old = np.arange(n), len(plane)
    start, stop = i * old // n, -(-(i + 1) * old // n)
    total = np.zeros((old + 1, plane.shape[1]))
    np.cumsum(plane, axis=0, out=total[1:])
    return ((total[stop] - total[start]) / (stop - start)[:, None]).astype(np.float32)


def _moved(boxes, shift, extra):
    """Boxes with each side moved by its share of their size (plus `extra` pixels)."""
    size = np.tile(boxes[:, 2:] - boxes[:, :2] + extra, 2)
    return boxes + shift * size


def _squared(boxes):
    """The square of each box's longer side round its centre."""
    size = boxes[:, 2:] - boxes[:, :2]
    side = size.max(axis=1, keepdims=True)
    low = boxes[:, :2] + size / 2 - side / 2
    return np.hstack([low, low + side])


def _distinct(boxes, score, most_overlap, of_smaller=False) -> list[int]:
    """Indices of the boxes, best first, that overlap no better one by more than `most_overlap`.

    The overlap is a share of both boxes' union or, the paper's last step, of the smaller one.
    """
    extra = 1 if of_smaller else 0
    area = np.prod(boxes[:, 2:] - boxes[:, :2] + extra, axis=1)
    order, kept = np.argsort(-score, kind="stable"), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.prod(np.maximum(high - low + extra, 0), axis=1)
        whole = (
            np.minimum(area[best], area[rest]) if of_smaller else area[best] + area[rest] - shared
        )
        order = rest[shared <= most_overlap * whole]
    return kept
