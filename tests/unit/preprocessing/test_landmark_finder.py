"""Both finders of landmarks: the same answers, and which of them is the default."""

import importlib.util
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from helpers.vision_clips import face_frame, recording, write_clip
from skimage.data import astronaut

from rppg.datasets.prepared import face_colours
from rppg.datasets.store import Store
from rppg.preprocessing import face_mesh, prepare_recording
from rppg.preprocessing.extract import extract
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.landmark_finder import FINDERS, default_finder, new_finder
from rppg.preprocessing.prepare_recording import prepare_one
from rppg.signals.classical import wave
from rppg.signals.heart_rate import heart_rate
from rppg.synthetic.face_template import source_landmarks

HAS_BOTH = default_finder() == "mediapipe"
NO_FACE = np.full((240, 320, 3), 128, np.uint8)
EYES = [33, 263]  # outer corners

both = pytest.mark.skipif(not HAS_BOTH, reason="mediapipe is missing: there is one finder only")


@pytest.fixture(params=FINDERS)
def finder(request):
    if request.param == "mediapipe" and not HAS_BOTH:
        pytest.skip("mediapipe is missing")
    return request.param


def turned(degrees, scale=1.0):
    """The face, turned counter-clockwise round its middle."""
    matrix = cv2.getRotationMatrix2D((160, 120), degrees, scale)
    return cv2.warpAffine(face_frame(), matrix, (320, 240), borderMode=cv2.BORDER_REFLECT)


def apart_px(points, others):
    return float(np.hypot(*(points - others).T).mean())


def followed(finder, frames):
    landmarker = FaceLandmarks(finder=finder)
    return [landmarker(rgb) for rgb in frames]


def test_the_face_of_a_known_picture_is_where_it_is(finder):
    (points,) = followed(finder, [astronaut()])
    assert points.shape == (468, 2) and points.dtype == np.float32
    assert apart_px(points + 0.5, source_landmarks()) < 0.05


def test_no_face_is_none_and_a_face_that_returns_is_found(finder):
    frames = [NO_FACE, face_frame(), face_frame(), NO_FACE, NO_FACE, face_frame(dx=80), NO_FACE]
    found = followed(finder, frames)
    assert [points is not None for points in found] == [
        False,
        True,
        True,
        False,
        False,
        True,
        False,
    ]
    assert (found[5] - found[2]).mean(axis=0) == pytest.approx([80, 0], abs=1.5)


@pytest.mark.parametrize("degrees", [-40, -20, 20, 40])
def test_a_turned_face_has_turned_landmarks(finder, degrees):
    upright, turned_face = (
        followed(finder, [face_frame()])[0],
        followed(finder, [turned(degrees)])[0],
    )
    across, turned_across = np.diff(upright[EYES], axis=0)[0], np.diff(turned_face[EYES], axis=0)[0]
    angles = [np.degrees(np.arctan2(*vector[::-1])) for vector in (across, turned_across)]
    assert angles[0] - angles[1] == pytest.approx(degrees, abs=3)
    assert np.hypot(*turned_across) == pytest.approx(np.hypot(*across), rel=0.05)


def test_a_face_that_turns_slowly_is_followed(finder):
    found = followed(finder, [turned(degrees) for degrees in range(0, 70, 5)])
    assert all(points is not None for points in found)


def small(scale):
    """The face, scaled, in the middle of a grey picture of 640 x 480."""
    face = cv2.resize(face_frame(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rgb, (height, width) = np.full((480, 640, 3), 128, np.uint8), face.shape[:2]
    rgb[240 - height // 2 :, 320 - width // 2 :][:height, :width] = face
    return rgb


def test_a_small_face_is_found_down_to_an_eighth_of_the_picture(finder):
    (points,) = followed(finder, [small(0.75)])  # 80 pixels high
    assert 70 < np.ptp(points[:, 1]) < 95
    assert points.mean(axis=0) == pytest.approx([320, 240], abs=12)
    assert followed(finder, [small(0.5)]) == [None]


def test_a_face_that_shrinks_is_followed_further(finder):
    found = followed(finder, [small(1 - 0.05 * k) for k in range(13)])
    assert all(points is not None for points in found)
    assert 35 < np.ptp(found[-1][:, 1]) < 55


def test_a_face_at_the_border_of_the_picture_is_found(finder):
    (points,) = followed(finder, [face_frame()[:, 130:]])
    assert points is not None and points[:, 0].min() < 3


@pytest.mark.parametrize("shape", [(1, 1, 3), (8, 300, 3), (300, 8, 3), (64, 64, 3)])
def test_a_picture_without_room_for_a_face_has_none(finder, shape):
    gen = np.random.default_rng(0)
    assert followed(finder, [gen.integers(0, 256, shape, dtype=np.uint8)]) == [None]


def test_after_reset_nothing_depends_on_another_video(finder):
    used = FaceLandmarks(finder=finder)
    for dx in (-20, -15, -10):
        used(face_frame(dx=dx))
    used.reset()
    frames = [face_frame(dx=dx) for dx in range(4)]
    again, fresh = [used(rgb) for rgb in frames], followed(finder, frames)
    assert all(np.array_equal(a, b) for a, b in zip(again, fresh, strict=True))


def test_two_faces_are_found_and_neither_twice(finder):
    pair = np.concatenate([face_frame(), face_frame()[:, ::-1]], axis=1)
    mesh = FaceLandmarks(6, finder)
    for _ in range(4):
        found = mesh.all_in(np.ascontiguousarray(pair))
    assert sorted(points[:, 0].mean() // 320 for points in found) == [0, 1]


@both
@pytest.mark.parametrize(
    "frames",
    [
        [face_frame(dx=5 * k, dy=3 * k) for k in range(12)],
        [turned(5 * k) for k in range(12)],
        [turned(0, 1 - 0.04 * k) for k in range(12)],
        [cv2.GaussianBlur(face_frame(dx=k), (0, 0), 2) for k in range(6)],
        [(face_frame(dx=k) * 0.3).astype(np.uint8) for k in range(6)],
    ],
    ids=["moves", "turns", "shrinks", "blurred", "dark"],
)
def test_both_finders_give_the_same_landmarks(frames):
    found = [followed(name, frames) for name in FINDERS]
    distances_px = [apart_px(a, b) for a, b in zip(*found, strict=True)]
    assert max(distances_px) < 0.25


@pytest.mark.slow
def test_without_mediapipe_opencv_gives_the_pulse_of_a_video(tmp_path, monkeypatch):
    monkeypatch.setattr(face_mesh, "default_finder", lambda: "opencv")
    traces = extract(recording(write_clip(tmp_path / "clip.mp4", seconds=8.0, hr_bpm=90.0)))
    assert traces.meta["face_hit_rate"] == 1.0
    pulse = wave("POS", face_colours(traces.mstmap), traces.fps)
    assert heart_rate(pulse, traces.fps).hr_bpm == pytest.approx(90.0, abs=2)


def found_in(*folders):
    return lambda name: SimpleNamespace(submodule_search_locations=[str(f) for f in folders])


def test_mediapipe_is_the_default_only_if_it_has_facemesh(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert default_finder() == "opencv"
    monkeypatch.setattr(importlib.util, "find_spec", found_in(tmp_path))  # 0.10.30 and later
    assert default_finder() == "opencv"
    (tmp_path / "python/solutions").mkdir(parents=True)
    (tmp_path / "python/solutions/face_mesh.py").touch()
    assert default_finder() == "mediapipe"


def test_another_finder_is_refused():
    with pytest.raises(ValueError, match="no finder 'dlib', expected mediapipe or opencv"):
        new_finder("dlib", max_faces=1)


@pytest.mark.slow
def test_what_another_finder_prepared_is_prepared_again(tmp_path, monkeypatch):
    clip, store = recording(write_clip(tmp_path / "clip.mp4")), Store(tmp_path / "store")
    monkeypatch.setattr(prepare_recording, "default_finder", lambda: "dlib")
    prepare_recording._versions.cache_clear()
    before = prepare_one(clip, store)
    assert before["versions"]["finder"] == "dlib" and prepare_one(clip, store) == before
    monkeypatch.undo()
    prepare_recording._versions.cache_clear()
    now = prepare_one(clip, store)
    assert now["versions"]["finder"] == default_finder() and now["status"] == "ok"
    assert prepare_one(clip, store) == now
