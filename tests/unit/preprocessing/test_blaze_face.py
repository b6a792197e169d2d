"""The detector in front of FaceMesh, and which squares are followed: boxes, scores, overlaps."""

import hashlib

import numpy as np
import pytest
from helpers.vision_clips import face_frame

from rppg.preprocessing.blaze_face import MODELS, BlazeFace, anchors, decoded, merged, overlaps
from rppg.preprocessing.opencv_mesh import Square, distinct, square_of

POINTS = np.array([[0, 0], [1, 1], [0.3, 0.3], [0.7, 0.3]], float)  # corners and eyes


@pytest.mark.parametrize("size", [(320, 240), (240, 320), (640, 240)])
def test_the_box_is_round_the_face_whatever_the_shape_of_the_picture(size):
    (face,) = BlazeFace()(face_frame(size=size), at_most=1)
    x0, y0, x1, y1 = face.box
    (left_x, left_y), (right_x, right_y) = face.eyes
    assert 0.5 < face.score <= 1 and 50 < x1 - x0 < 130
    assert x0 < left_x < size[0] / 2 < right_x < x1 and abs(left_y - right_y) < 10 and y0 < left_y
    assert y0 < 120 < y1


def test_no_more_faces_than_asked_for():
    pair = np.concatenate([face_frame(), face_frame()], axis=1)
    detect = BlazeFace()
    assert [len(detect(pair, n)) for n in (1, 2, 6)] == [1, 2, 2]


def test_anchors_are_the_centres_of_both_grids():
    centres = anchors()
    assert centres.shape == (896, 2)
    assert centres[0] == pytest.approx(1 / 32) and centres[2] == pytest.approx([3 / 32, 1 / 32])
    assert centres[512] == pytest.approx(1 / 16) and centres[-1] == pytest.approx(15 / 16)


def test_only_sure_anchors_are_decoded():
    logits, places = np.full(896, -1000.0), np.zeros((896, 16))
    logits[512] = 1.0
    places[512, :6] = 0, 0, 64, 32, -16, 0  # centre, size, first eye
    scores, points = decoded(logits, places, anchors())
    assert scores == pytest.approx([1 / (1 + np.exp(-1))])
    middle = np.array([1 / 16, 1 / 16])
    assert points[0, :2] == pytest.approx(middle + [[-0.25, -0.125], [0.25, 0.125]])
    assert points[0, 2] == pytest.approx(middle - [0.125, 0])


def test_boxes_of_one_face_are_averaged_by_their_scores():
    points = np.stack([POINTS, POINTS + 0.3, POINTS + 5])
    found = merged(np.array([0.6, 0.9, 0.7]), points)
    assert [score for score, _ in found] == [0.9, 0.7]
    assert found[0][1] == pytest.approx(POINTS + 0.3 * 0.9 / 1.5)
    assert found[1][1] == pytest.approx(POINTS + 5)


def test_a_box_without_an_area_ends_the_search_all_the_same():
    assert len(merged(np.array([0.9, 0.8]), np.zeros((2, 4, 2)))) == 2
    assert merged(np.zeros(0), np.zeros((0, 4, 2))) == []


def test_overlap_is_the_intersection_over_the_union():
    boxes = np.array([[[0, 0], [1, 1]], [[0.5, 0], [1.5, 1]], [[2, 2], [3, 3]]])
    assert overlaps(boxes[0], boxes) == pytest.approx([1, 1 / 3, 0])


def test_of_two_squares_of_one_face_the_last_stays():
    detected, followed, other = Square(10, 10, 8, 0.0), Square(11, 10, 8, 0.1), Square(40, 10, 8, 0)
    assert distinct([detected, other, followed]) == [other, followed]
    assert distinct([]) == []


def test_the_square_is_turned_as_the_eyes_are():
    square = square_of((0, 0, 40, 20), np.array([[10.0, 10.0], [20.0, 20.0]]))
    assert square == pytest.approx((20, 10, 60, np.pi / 4))


def test_the_models_are_those_of_mediapipe():
    said = (MODELS / "README.md").read_text()
    files = sorted(MODELS.glob("*.tflite"))
    assert len(files) == 2
    for path in files:
        assert f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" in said
