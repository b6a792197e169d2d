"""MTCNN of facenet-pytorch without torchvision, whose import takes as long as that of torch.

    MTCNN = mtcnn_class()
    MTCNN(select_largest=True).detect(rgb)  # the boxes of facenet_pytorch.MTCNN

facenet-pytorch takes two things from torchvision: the suppression of overlapping boxes, which
OpenCV has, too, and one for cutting out pictures of faces, which nothing here does.  Its file is
loaded under a name of its own, so facenet_pytorch, if a program imports it, is not touched.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import cv2

PACKAGE, NAME = "facenet_pytorch", "_rppg_facenet"
REPLACED = ("torchvision", "torchvision.transforms", "torchvision.ops", "torchvision.ops.boxes")


def mtcnn_class() -> type:
    """The class MTCNN.  Raises ImportError if facenet-pytorch is not installed."""
    if NAME not in sys.modules:
        found = find_spec(PACKAGE)
        if found is None:
            raise ImportError(f"No module named {PACKAGE!r}")
        package = ModuleType(NAME)
        package.__path__ = [str(Path(found.origin).parent / "models")]
        sys.modules[NAME] = package
    with _without_torchvision():
        return import_module(f"{NAME}.mtcnn").MTCNN


def batched_nms(boxes, scores, groups, overlap: float):
    """Indices (k,) of the boxes (n, 4) that no better one of their group overlaps by more, the best
    first: `torchvision.ops.batched_nms`.  All arguments but the last are tensors."""
    import torch

    x0, y0, x1, y1 = boxes.double().cpu().numpy().T
    corners_and_sizes = list(zip(x0, y0, x1 - x0, y1 - y0, strict=True))
    kept = cv2.dnn.NMSBoxesBatched(
        corners_and_sizes, scores.tolist(), groups.int().tolist(), 0.0, overlap
    )
    return torch.as_tensor(list(kept), dtype=torch.long, device=boxes.device)


@contextmanager
def _without_torchvision() -> Iterator[None]:
    """Inside, torchvision has nothing but `batched_nms`, unless it has been imported before."""
    names = [] if "torchvision" in sys.modules else REPLACED
    stubs = {name: ModuleType(name) for name in names}
    if stubs:
        stubs["torchvision.transforms"].functional = None
        stubs["torchvision.ops.boxes"].batched_nms = batched_nms
    sys.modules |= stubs
    try:
        yield
    finally:
        for name in stubs:
            del sys.modules[name]
