"""MTCNN without torchvision finds the boxes that facenet-pytorch finds, and leaves it alone."""

import subprocess
import sys

import facenet_pytorch
import numpy as np
import pytest
import torch
from skimage.data import astronaut
from torchvision.ops.boxes import batched_nms as of_torchvision

from rppg.preprocessing import light_mtcnn
from rppg.preprocessing.light_mtcnn import batched_nms, mtcnn_class


@pytest.mark.parametrize("overlap", [0.5, 0.7])
def test_overlapping_boxes_are_suppressed_as_torchvision_does(overlap):
    rng = np.random.default_rng(0)
    corners, sizes = rng.uniform(0, 100, (500, 2)), rng.uniform(5, 60, (500, 2))
    boxes = torch.from_numpy(np.hstack([corners, corners + sizes])).float()
    scores = torch.from_numpy(rng.uniform(0.6, 1, 500)).float()
    groups = torch.from_numpy(rng.integers(0, 3, 500)).float()
    expected = of_torchvision(boxes, scores, groups, overlap)
    assert batched_nms(boxes, scores, groups, overlap).tolist() == expected.tolist()
    assert batched_nms(boxes[:0], scores[:0], groups[:0], overlap).tolist() == []


def test_boxes_are_those_of_facenet_pytorch(monkeypatch):
    for name in [name for name in sys.modules if name.startswith(light_mtcnn.NAME)]:
        monkeypatch.delitem(sys.modules, name)
    hidden = [name for name in sys.modules if name.split(".")[0] == "torchvision"]
    for name in hidden:  # as in a process that has not imported it
        monkeypatch.delitem(sys.modules, name)
    options = {"select_largest": True, "min_face_size": 40}
    light, full = mtcnn_class()(**options), facenet_pytorch.MTCNN(**options)
    assert type(light).__module__ != type(full).__module__
    assert sys.modules[f"{light_mtcnn.NAME}.utils.detect_face"].batched_nms is batched_nms
    for rgb in (astronaut(), astronaut()[:, ::-1].copy(), np.hstack([astronaut()[:300]] * 2)):
        (boxes, sure), (expected, probabilities) = light.detect(rgb), full.detect(rgb)
        np.testing.assert_allclose(boxes.astype(float), expected.astype(float), atol=1e-3)
        np.testing.assert_allclose(sure.astype(float), probabilities.astype(float), atol=1e-5)
    assert light.detect(np.full((120, 160, 3), 90, np.uint8))[0] is None


@pytest.mark.slow
def test_torchvision_is_not_imported_and_can_be_afterwards():
    code = (
        "import sys\nfrom rppg.preprocessing.light_mtcnn import mtcnn_class\n"
        "mtcnn_class()\n"
        "print(*sorted({'torchvision', 'facenet_pytorch', 'sklearn'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("", "")
