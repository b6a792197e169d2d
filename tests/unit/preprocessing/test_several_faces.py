"""One of several faces: chosen by its place or size, and followed whoever else comes and goes."""

import numpy as np
import pytest
from skimage.data import astronaut

from rppg.preprocessing import several_faces
from rppg.preprocessing.several_faces import ChosenFace, check_face, faces_of
from tests.helpers.vision_clips import recording, write_clip

LEFT, LARGE, RIGHT = (100, 100, 60), (300, 120, 90), (500, 100, 50)  # x, y, height
RGB = np.zeros((240, 640, 3), np.uint8)


def face(x, y, height):
    """Landmarks of a square face around a place."""
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (468, 2))
    points[:2] = (-0.5, -0.5), (0.5, 0.5)
    return (points * height + (x, y)).astype(np.float32)


@pytest.fixture
def shown(monkeypatch):
    """Give ChosenFace these faces, frame by frame."""
    frames = []

    class Mesh:
        def __init__(self, max_faces):
            pass

        def reset(self):
            pass

        def all_in(self, rgb):
            return [face(*one) for one in frames.pop(0)]

    monkeypatch.setattr(several_faces, "FaceLandmarks", Mesh)
    return frames


def place(landmarks):
    return None if landmarks is None else round(float(np.median(landmarks[:, 0])), -2)


@pytest.mark.parametrize(
    ("name", "x"),
    [("largest", 300), ("left", 100), ("right", 500), ("1", 100), ("2", 300), ("3", 500)],
)
def test_a_face_is_chosen_and_followed_in_whatever_order_they_come(name, x, shown):
    shown += [[RIGHT, LEFT, LARGE], [LARGE, RIGHT, LEFT], [LEFT, LARGE, RIGHT]]
    follow = ChosenFace(name)
    assert [place(follow(RGB)) for _ in range(3)] == [x] * 3
    x0, y0, x1, y1 = follow.find(RGB)
    assert x0 < x < x1 and y0 < y1 and follow.n_seen == 3 and follow.was_seen


def test_a_face_that_leaves_is_not_replaced_by_another_and_is_found_again(shown):
    shown += [[LEFT, LARGE], [LARGE], [], [LARGE, LEFT]]
    follow = ChosenFace("left")
    assert [place(follow(RGB)) for _ in range(4)] == [100, None, None, 100]


def test_a_face_that_moves_is_followed_past_another(shown):
    shown += [[(100 + 20 * k, 100, 60), (300, 230, 60)] for k in range(20)]
    follow = ChosenFace("left")
    found = [follow(RGB) for _ in range(20)]
    assert np.median(found[-1][:, 0]) == pytest.approx(480, abs=5)


def test_a_number_that_no_frame_has_is_never_seen(shown):
    shown += [[LEFT, LARGE]] * 2
    follow = ChosenFace("3")
    assert follow(RGB) is None and follow.find(RGB) is None and not follow.was_seen
    follow.reset()
    assert follow.n_seen == 2


@pytest.mark.parametrize("name", ["", "middle", "0", "7", "-1", "1.5"])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match="expected largest"):
        check_face(name)


def test_facemesh_finds_both_of_two_faces():
    rgb = astronaut()[:300, 60:400]
    both = np.ascontiguousarray(np.concatenate([rgb, rgb[:, ::-1]], axis=1))
    for name, is_left in (("left", True), ("right", False)):
        follow = ChosenFace(name)
        found = [follow(both) for _ in range(3)][-1]
        assert follow.n_seen == 2 and (found[:, 0].mean() < 340) == is_left


def test_faces_are_counted_in_the_video(tmp_path):
    one = recording(write_clip(tmp_path / "clip.mp4", seconds=1.0))
    assert faces_of(one, "all") == ["1"] and faces_of(one, "left") == ["left"]
