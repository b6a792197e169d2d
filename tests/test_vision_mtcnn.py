"""MTCNN in numpy gives the boxes of facenet-pytorch's own, and finds none where there is none."""

import cv2
import numpy as np
import pytest
from skimage.data import astronaut
from vision_clips import face_frame

from rppg.vision.mtcnn import Mtcnn, load_weights


@pytest.fixture(scope="module")
def mtcnn():
    return Mtcnn()


@pytest.fixture(scope="module")
def original():
    return pytest.importorskip("facenet_pytorch").MTCNN()


@pytest.mark.parametrize(
    "image",
    [
        astronaut(),
        face_frame(dx=40),  # 320x240
        cv2.resize(astronaut(), (333, 407)),  # another shape, odd sides
        np.concatenate([astronaut(), cv2.resize(astronaut(), (256, 512))], axis=1),  # two faces
    ],
    ids=["astronaut", "small", "odd", "two"],
)
def test_boxes_and_probabilities_are_the_originals(image, mtcnn, original):
    boxes, probabilities = mtcnn.detect(image)
    expected, expected_probabilities = original.detect(image)
    assert boxes == pytest.approx(expected.astype(float), abs=0.01)
    assert probabilities == pytest.approx(expected_probabilities.astype(float), abs=1e-4)


@pytest.mark.parametrize("kind", ["grey", "noise", "tiny"])
def test_no_face_no_box(kind, mtcnn):
    image = {
        "grey": np.full((240, 320, 3), 128, np.uint8),
        "noise": np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8),
        "tiny": np.zeros((8, 8, 3), np.uint8),
    }[kind]
    boxes, probabilities = mtcnn.detect(image)
    assert boxes.shape == (0, 4) and probabilities.shape == (0,)


def test_detection_repeats_itself(mtcnn):
    first, again = mtcnn.detect(face_frame()), mtcnn.detect(face_frame())
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])


def test_weights_have_the_shapes_of_the_paper():
    shapes = {name: load_weights(name)["conv1.weight"].shape for name in ("pnet", "rnet", "onet")}
    assert shapes == {"pnet": (10, 3, 3, 3), "rnet": (28, 3, 3, 3), "onet": (32, 3, 3, 3)}
