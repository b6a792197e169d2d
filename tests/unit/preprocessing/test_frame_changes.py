"""Frames that repeat the one before are told from new ones, and cuts from motion."""

import cv2
import numpy as np
import pytest
from skimage.data import coffee

from rppg.preprocessing.face_track import follow_face
from rppg.preprocessing.frame_changes import Cuts, FreshFrames, face_grid
from rppg.preprocessing.video import VideoWriter
from tests.helpers.vision_clips import face_frame, pulse_at, recording


@pytest.mark.slow
@pytest.mark.parametrize(("camera_fps", "noted"), [(5, True), (10, False), (30, False)])
def test_slow_camera_in_a_fast_recording_is_noted(tmp_path, camera_fps, noted):
    with VideoWriter(tmp_path / "clip.mp4", 320, 240, 30, crf=10) as video:
        for i in range(120):
            time_s = i // (30 // camera_fps) / camera_fps
            video.write(face_frame(3 * np.sin(2 * time_s), 0.0, pulse_at(time_s, 150)))
    track = follow_face(recording(tmp_path / "clip.mp4"), lambda rgb, time_s: None)
    assert len(track.times_s) == 120
    assert any("repeat the one before" in note for note in track.notes) == noted


def test_still_video_has_no_note():
    fresh = FreshFrames()
    for i in range(60):
        fresh.add(np.full((16, 16, 3), 7, np.uint8), i / 30)
    assert fresh.times_s == [0.0] and fresh.notes() == []


def test_seconds_in_which_the_picture_stands_still_are_counted():
    rng, still = np.random.default_rng(0), np.full((16, 16, 3), 7, np.uint8)
    for n_settling, share in [(0, 0.0), (14, 0.1), (150, 0.5), (300, 1.0)]:
        fresh = FreshFrames()
        for i in range(300):
            moving = rng.integers(0, 255, still.shape, dtype=np.uint8)
            fresh.add(moving if i < n_settling else still, i / 30)
        assert fresh.changing_share(np.arange(300) / 30) == pytest.approx(share, abs=0.12)


def test_seconds_without_a_frame_are_not_those_of_a_still_picture():
    rng, fresh = np.random.default_rng(0), FreshFrames()
    times_s = np.r_[np.arange(120) / 30, 50 + np.arange(120) / 30]  # a recorder that paused
    for time_s in times_s:
        fresh.add(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8), time_s)
    assert fresh.changing_share(times_s) == 1.0


def test_only_the_pixels_of_the_face_are_compared():
    fresh = FreshFrames()
    landmarks = np.float32([[300, 100], [330, 140]])
    for i in range(60):
        rgb = np.zeros((360, 640, 3), np.uint8)
        rgb[100:140, 300:330] = 100 + i
        fresh.add(rgb, i / 30, face_grid(rgb.shape, landmarks))
    assert len(fresh.times_s) == 60 and fresh.notes() == []


def cut_times_s(pictures):
    cuts = Cuts()
    for k, rgb in enumerate(pictures):
        cuts.add(rgb, k / 15)
    return cuts.times_s


def test_another_scene_is_a_cut_and_a_moving_face_is_none():
    walk = [face_frame(4 * np.sin(k / 3), 3 * np.cos(k / 4), 0.0) for k in range(30)]
    scene = cv2.resize(coffee(), walk[0].shape[1::-1])
    assert cut_times_s(walk) == []
    assert cut_times_s([*walk, *[scene] * 10]) == [30 / 15]


def test_another_face_in_the_same_place_is_a_cut():
    landmarks = np.float32([[280, 100], [340, 180]])
    cuts, scene = Cuts(), np.full((360, 640, 3), 120, np.uint8)
    for k in range(40):
        rgb = scene.copy()
        rgb[100:180, 280:340] = (200, 150, 120) if k < 20 else (110, 75, 60)
        cuts.add(rgb, k / 20, face_grid(rgb.shape, landmarks))
    assert cuts.times_s == [1.0]
    assert "abruptly at 1.00 s: maybe a cut, another face" in cuts.notes()[0]
