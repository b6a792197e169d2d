"""One pass over the frames: which landmarks are used, when crops are passed on, and the notes."""

import dataclasses

import cv2
import numpy as np
import pytest
from helpers.vision_clips import face_frame, pulse_at, recording, write_clip

from rppg.datasets.recording import Recording
from rppg.preprocessing.extract import NoFaceError, extract
from rppg.preprocessing.face_detector import NoCropError
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.face_track import Gate, follow_face
from rppg.signals.classical import wave
from rppg.signals.heart_rate import heart_rate

FPS = 15.0


def images(folder, frames):
    """A recording of image files, which may differ in size, 15 per second."""
    paths = tuple(folder / f"{k:04d}.png" for k in range(len(frames)))
    for path, rgb in zip(paths, frames, strict=True):
        cv2.imwrite(str(path), rgb[..., ::-1])
    return Recording("test", "s1", "images", frames=paths, fps=FPS)


def blank(n, shape=(48, 64)):
    return [np.full((*shape, 3), 100 + k % 100, np.uint8) for k in range(n)]


def face_at(x, y, size=20):
    share = np.random.default_rng(0).random((468, 2), np.float32)
    return np.float32([x, y]) + size * share


class Scripted:
    """`follow` that gives prepared landmarks."""

    def __init__(self, landmarks):
        self.landmarks = iter(landmarks)

    def __call__(self, rgb, time_s):
        return next(self.landmarks)


def test_a_face_that_jumps_is_noted(tmp_path):
    places = [face_at(5 + 0.1 * k, 10) for k in range(20)] + [face_at(40, 20)] * 20
    track = follow_face(images(tmp_path, blank(40)), Scripted(places))
    assert track.notes == ["the face jumps at 1.33 s: maybe another face"]
    track = follow_face(images(tmp_path, blank(20)), Scripted(places[:20]))
    assert track.notes == []


def test_landmarks_of_two_sizes_are_not_averaged(tmp_path):
    frames = blank(4) + blank(4, (96, 128)) + blank(2, (64, 48))
    small, large, turned = face_at(10, 10), face_at(20, 20, 40), face_at(8, 20)
    seen = []

    class Kept:
        def add(self, rgb, time_s, landmarks):
            seen.append(rgb.shape)

    follow = Scripted([small] * 4 + [large] * 4 + [turned] * 2)
    track = follow_face(images(tmp_path, frames), follow, [Kept()])
    sizes = [np.ptp(points[:, 1]) for points in (small, large, turned)]
    assert track.heights == pytest.approx(np.repeat(sizes, [4, 4, 2]), abs=1e-3)
    assert len(seen) == 10 and len(track.notes) == 1
    assert "from 64x48 to 128x96 at 0.27 s (the first of 2 times)" in track.notes[0]


@pytest.mark.parametrize(("n_seen", "passed"), [(75, 75), (55, 75), (40, 0), (0, 0)])
def test_crops_pass_the_gate_if_the_face_is_followed(tmp_path, n_seen, passed):
    crops = []

    class Cropper:
        def __init__(self, emit):
            self.emit = emit

        def add(self, rgb, time_s, landmarks):
            self.emit(rgb)

    gate = Gate(crops.append)
    follow = Scripted([face_at(20, 10)] * n_seen + [None] * (75 - n_seen))
    track = follow_face(images(tmp_path, blank(75)), follow, [Cropper(gate)], [gate])
    assert len(crops) == passed and track.is_followed == bool(passed)
    assert len(track.croppers) == bool(passed)


def turning(n=60):
    """A face whose picture is turned and scaled after two seconds: 320x240, then 360x640."""
    for k in range(n):
        pulse = pulse_at(k / FPS, 90)
        if k < n // 2:
            yield face_frame(dx=-30, pulse=pulse)
        else:
            face = cv2.resize(face_frame(pulse=pulse), (480, 360))[:, 60:420]
            yield cv2.copyMakeBorder(face, 60, 220, 0, 0, cv2.BORDER_REFLECT)


class Box:
    """`find` from landmarks of a FaceMesh of its own, instead of MTCNN."""

    def __init__(self):
        self.mesh, self.n = FaceLandmarks(), 0

    def __call__(self, rgb):
        self.n += 1
        self.mesh.reset()
        points = self.mesh(rgb)
        return None if points is None else (*points.min(0).tolist(), *points.max(0).tolist())


@pytest.mark.slow
def test_crops_follow_a_face_whose_picture_is_turned(tmp_path):
    crops, wide, find = [], [], Box()
    clip = images(tmp_path, list(turning()))
    traces = extract(clip, FaceLandmarks(), crops.append, find, on_wide=wide.append)
    assert find.n == 2 and len(crops) == len(wide) == len(traces.mstmap) == 120
    (note,) = traces.meta["notes"]
    assert "the picture changes from 320x240 to 360x640 at 2.00 s" in note
    for shown in (crops, wide):
        before, after = (np.float32(shown[k]).ravel() for k in (50, 70))
        assert np.corrcoef(before, after)[0, 1] > 0.8, "the same face in both"
    rgb = traces.mstmap[:, 62, :3].astype(float)
    assert heart_rate(wave("POS", rgb, 30.0), 30.0).hr_bpm == pytest.approx(90, abs=3)


def test_a_face_that_is_followed_needs_no_detector(tmp_path):
    clip = recording(write_clip(tmp_path / "a.mp4", seconds=3.2, fps=15.0))
    assert extract(clip, FaceLandmarks(), find=lambda rgb: 1 / 0).meta["face_hit_rate"] == 1.0


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_one_colour_is_no_face(tmp_path, shade):
    clip = images(tmp_path, [np.full((48, 64, 3), shade, np.uint8)] * 50)
    with pytest.raises(NoFaceError, match="no face in any of 50 frames"):
        extract(clip, FaceLandmarks(), find=lambda rgb: None)


def test_a_face_too_small_for_crops_has_its_own_error(tmp_path):
    tiny = [cv2.resize(face_frame()[40:200, 80:240], (36, 36), interpolation=3)] * 50
    clip = images(tmp_path, tiny)
    assert extract(clip, FaceLandmarks()).meta["face_hit_rate"] == 1.0
    with pytest.raises(NoCropError, match="face is 2[0-9] pixels high.* need 40 pixels or more"):
        extract(clip, FaceLandmarks(), print, find=lambda rgb: None)


@pytest.mark.parametrize("error", [ImportError, MemoryError])
def test_a_fault_of_the_machine_is_raised(tmp_path, error):
    def fails(rgb):
        raise error("of the machine")

    with pytest.raises(error, match="of the machine"):
        extract(images(tmp_path, blank(50)), FaceLandmarks(), find=fails)


def test_a_video_too_short_is_not_looked_at_by_the_detector(tmp_path):
    with pytest.raises(ValueError, match="too short: 20 frames"):
        extract(images(tmp_path, blank(20)), FaceLandmarks(), find=lambda rgb: 1 / 0)


def test_too_few_frames_per_second_are_refused_before_a_face_is_looked_for(tmp_path):
    clip = dataclasses.replace(images(tmp_path, blank(40)), fps=5.0)
    with pytest.raises(ValueError, match=r"5\.0 frames a second .*too few"):
        extract(clip, FaceLandmarks(), find=lambda rgb: 1 / 0)
