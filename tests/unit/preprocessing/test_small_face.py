"""Small faces: the cut stays still, follows the face, and gives the correct pulse."""

import cv2
import numpy as np
import pytest
from helpers.vision_clips import face_frame, pulse_at, recording
from skimage.data import coffee

from rppg.preprocessing.extract import extract
from rppg.preprocessing.face_detector import BoxFinder
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.small_face import SmallFaceTracker, padded_cut, square_cut
from rppg.preprocessing.video import VideoWriter
from rppg.signals.classical import wave
from rppg.signals.heart_rate import heart_rate

SIZE = 40  # pixels of the bright square that stands for a face


class Square:
    """Both models: a bright square on black; landmarks are its corners."""

    def __init__(self):
        self.cuts, self.n_resets, self.n_looks = [], 0, 0

    def reset(self):
        self.n_resets += 1

    def __call__(self, rgb):
        self.cuts.append(rgb.shape)
        rows, columns = np.nonzero(rgb[..., 0])
        if not len(rows):
            return None
        low, high = (columns.min(), rows.min()), (columns.max(), rows.max())
        return np.float32([low, high] * 234)

    def find(self, rgb):
        self.n_looks += 1
        points = Square()(rgb)
        return None if points is None else (*points[0].tolist(), *points[1].tolist())


def frame(place, shape=(360, 640)):
    rgb = np.zeros((*shape, 3), np.uint8)
    if place is not None:
        x, y = place
        rgb[y : y + SIZE, x : x + SIZE] = 200
    return rgb


def followed(places, fps=30.0):
    square = Square()
    follow = SmallFaceTracker(square, square.find)
    return square, [follow(frame(place), k / fps) for k, place in enumerate(places)]


def test_landmarks_are_in_pixels_of_the_picture():
    places = [(300 + 3 * (k % 2), 200) for k in range(10)]
    square, found = followed(places)
    for (x, y), points in zip(places, found, strict=True):
        assert points[0].tolist() == [x, y] and points[1].tolist() == [x + SIZE - 1, y + SIZE - 1]
        assert points.dtype == np.float32
    assert set(square.cuts) == {(78, 78, 3)}


def test_the_cut_stays_until_the_face_leaves_its_middle():
    square, _ = followed([(300 + k % 8, 200) for k in range(60)])
    assert square.n_resets == 1 and square.n_looks == 1
    walk = [(200 + 2 * k, 100 + k) for k in range(90)]
    square, found = followed(walk)
    assert [points[0].tolist() for points in found] == [list(place) for place in walk]
    assert square.n_looks == 1 and 10 < square.n_resets < 30


def test_a_lost_face_is_looked_for_again():
    places = [(100, 100)] * 30 + [None] * 30 + [(500, 250)] * 30
    square, found = followed(places)
    assert [points is None for points in found[:60]] == [False] * 30 + [True] * 30
    back = next(k for k, points in enumerate(found) if k >= 60 and points is not None)
    assert back - 60 <= 16 and found[-1][0].tolist() == [500, 250]
    assert 2 <= square.n_looks <= 5


def test_looks_in_vain_become_rarer():
    square, found = followed([None] * 3600, fps=1.0)
    assert found == [None] * 3600 and square.n_looks < 35


def test_a_picture_of_another_size_is_looked_at_anew():
    square = Square()
    follow = SmallFaceTracker(square, square.find)
    follow(frame((300, 200)), 0.0)
    turned = follow(frame((100, 500), shape=(640, 360)), 0.04)
    assert turned[0].tolist() == [100, 500] and square.n_looks == 2


@pytest.mark.parametrize(
    "cut", [(40, 30, 64), (-20, 10, 64), (600, 330, 90), (-30, -40, 900), (700, 400, 20)]
)
def test_the_cut_is_the_unscaled_picture_with_its_border_repeated(cut):
    rgb = np.random.default_rng(0).integers(0, 256, (360, 640, 3), dtype=np.uint8)
    padded = cv2.copyMakeBorder(rgb, 900, 900, 900, 900, cv2.BORDER_REPLICATE)
    x, y, side = cut
    expected = padded[900 + y : 900 + y + side, 900 + x : 900 + x + side]
    assert np.array_equal(padded_cut(rgb, cut), expected)


def test_a_cut_has_twice_the_side_of_the_face_and_its_centre():
    x, y, side = square_cut((100.0, 50.0, 140.0, 110.0))
    assert (x, y, side) == (60, 20, 120)


def write_small(path, height_px, seconds=6.0, fps=15.0, hr_bpm=90.0):
    """A face of so many pixels, with a pulse, in a picture of 1280x720."""
    scene = cv2.GaussianBlur(cv2.resize(coffee(), (1280, 720)), (0, 0), 3)
    scale = height_px / 118  # of the astronaut's face
    with VideoWriter(path, 1280, 720, fps, crf=10) as video:
        for time_s in np.arange(round(seconds * fps)) / fps:
            pulse = pulse_at(time_s, hr_bpm)
            face = face_frame(3 * np.sin(2 * time_s), 2 * np.cos(1.3 * time_s), pulse)
            face = cv2.resize(face, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            picture = scene.copy()
            picture[60 : 60 + face.shape[0], 900 : 900 + face.shape[1]] = face
            video.write(picture)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("height_px", [60, 80, 110])
def test_the_pulse_of_a_small_face_is_found(tmp_path, height_px):
    clip = recording(write_small(tmp_path / "a.mp4", height_px))
    crops = []
    traces = extract(clip, FaceLandmarks(), crops.append, BoxFinder().find)
    rgb = traces.mstmap[:, 62, :3].astype(float)
    assert heart_rate(wave("POS", rgb, 30.0), 30.0).hr_bpm == pytest.approx(90, abs=3)
    assert traces.meta["face_hit_rate"] > 0.95 and len(crops) == len(traces.mstmap)
    (note,) = traces.meta["notes"]
    assert "pixels high) in the whole picture: it was followed in a cut" in note
    x, y, side = traces.meta["face_box"]
    assert 900 < x + side / 2 < 1280 and side < 2 * height_px
    green = np.array(crops)[:, 40:90, 40:90, 1].mean(axis=(1, 2))
    assert heart_rate(green, 30.0).hr_bpm == pytest.approx(90, abs=3)
