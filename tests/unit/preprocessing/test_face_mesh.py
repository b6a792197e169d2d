"""Faces: landmarks, crops around the box, and no state carried between videos."""

import cv2
import numpy as np
import pytest
from helpers.vision_clips import face_frame

from rppg.preprocessing.face_mesh import (
    CentredMean,
    FaceLandmarks,
    find_box,
    load_mtcnn,
    square_crop,
    square_round,
)
from rppg.preprocessing.mstmap import region_means

NO_FACE = np.full((240, 320, 3), 128, np.uint8)


@pytest.fixture(scope="module")
def mtcnn():
    return load_mtcnn()


def follow(landmarker, shifts):
    landmarker.reset()
    return [landmarker(face_frame(dx=dx)) for dx in shifts]


def test_landmarks_follow_the_face():
    still, moved = follow(FaceLandmarks(), [0.0] * 5)[-1], follow(FaceLandmarks(), [12.0] * 5)[-1]
    assert still.shape == (468, 2) and still.dtype == np.float32
    assert (moved - still).mean(axis=0) == pytest.approx([12, 0], abs=0.7)
    nose_x, nose_y = still[1]
    assert abs(nose_x - 160) < 12 and abs(nose_y - 120) < 20
    means, counts = region_means(face_frame(), still)
    assert counts.min() > 50 and (means[:, 0] > means[:, 2] + 15).all()  # skin: more red than blue


def test_after_reset_nothing_depends_on_another_video():
    used = FaceLandmarks()
    follow(used, [-20, -15, -10])
    again, fresh = follow(used, [0, 1, 2, 3]), follow(FaceLandmarks(), [0, 1, 2, 3])
    assert all(np.array_equal(a, b) for a, b in zip(again, fresh, strict=True))


def test_no_face_is_none():
    landmarker = FaceLandmarks()
    assert landmarker(NO_FACE) is None
    assert landmarker(face_frame()) is not None


def test_smoothing_is_centred_and_keeps_gaps():
    line = [np.full((468, 2), float(k), np.float32) for k in range(6)]  # steady motion
    points = [line[0], line[1], line[2], None, line[4], line[5]]
    mean = CentredMean()
    smooth = [one for frame in enumerate(points) for one in mean.add(frame)] + mean.finish()
    assert [k for k, _ in smooth] == [0, 1, 2, 3, 4, 5]
    found = [None if p is None else float(p[0, 0]) for _, p in smooth]
    assert found == [0.5, 1.0, 1.5, None, 4.5, 4.5]
    assert mean.finish() == []
    assert mean.add(("x", line[0])) == [] and len(mean.finish()) == 1


def test_mtcnn_finds_the_largest_face_if_there_is_one(mtcnn):
    x0, y0, x1, y1 = find_box(face_frame(dx=15), mtcnn)
    assert x0 < 175 < x1 and y0 < 120 < y1 and 60 < x1 - x0 < 110
    assert find_box(NO_FACE, mtcnn) is None
    both = np.concatenate([face_frame(), cv2.resize(face_frame(), (160, 120)).repeat(2, 0)], axis=1)
    assert find_box(both, mtcnn)[0] < 320


@pytest.mark.parametrize("side", [1, 8, 36, 38, 72])
def test_mtcnn_finds_none_in_a_frame_smaller_than_its_smallest_face(mtcnn, side):
    assert find_box(np.full((side, side, 3), 128, np.uint8), mtcnn) is None


class Failing:
    def __init__(self, text):
        self.text = text

    def detect(self, rgb):
        raise RuntimeError(self.text)


def test_a_lack_of_memory_is_no_missing_face():
    with pytest.raises(MemoryError, match="MTCNN needs more memory"):
        find_box(NO_FACE, Failing("DefaultCPUAllocator: can't allocate memory: you tried to"))
    with pytest.raises(RuntimeError, match="something else"):
        find_box(NO_FACE, Failing("something else"))


def test_a_frame_of_another_size_starts_anew():
    used, wide = FaceLandmarks(), face_frame(size=(480, 240))
    follow(used, [0.0, 1.0])
    assert np.array_equal(used(wide), FaceLandmarks()(wide))


def test_square_is_one_and_a_half_times_the_box_with_its_centre():
    x, y, side = square_round((100, 80, 180, 200))
    assert abs(side - 180) <= 4 and abs(x + side / 2 - 140) <= 4 and abs(y + side / 2 - 140) <= 4


@pytest.mark.parametrize("side", [64, 128, 200, 300, 512, 700])
def test_crop_is_the_area_mean_of_the_square(side):
    gen = np.random.default_rng(0)
    rgb = cv2.GaussianBlur(gen.integers(0, 256, (900, 900, 3), dtype=np.uint8), (0, 0), 9)
    crop = square_crop(rgb, (40, 60, side))
    area = cv2.resize(rgb[60 : 60 + side, 40 : 40 + side], (128, 128), interpolation=cv2.INTER_AREA)
    assert crop.shape == (128, 128, 3) and crop.dtype == np.uint8
    assert np.abs(crop.astype(int) - area).max() <= 3
    assert abs(crop.mean() - area.mean()) < 0.5


@pytest.mark.parametrize("square", [(-40, -20, 120), (250, 180, 120), (-60, -100, 520)])
def test_crop_repeats_the_border(square):
    x, y, side = square
    rgb = cv2.GaussianBlur(face_frame(), (0, 0), 5)
    padded = cv2.copyMakeBorder(rgb, 600, 600, 600, 600, cv2.BORDER_REPLICATE)
    wanted = padded[600 + y : 600 + y + side, 600 + x : 600 + x + side]
    wanted = cv2.resize(wanted, (128, 128), interpolation=cv2.INTER_AREA)
    difference = np.abs(square_crop(rgb, square).astype(int) - wanted)
    assert difference.mean() < 2
