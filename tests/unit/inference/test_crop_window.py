"""Crops of a stream: those of a recording, as long as the face stays where it is."""

import numpy as np
import pytest
from helpers.malformed_videos import frames

from rppg.datasets import Recording
from rppg.datasets.frame_array import FrameArray
from rppg.inference.crop_window import FaceCrops, WideCrops
from rppg.preprocessing.face_crop import FaceCropper
from rppg.preprocessing.wide_crop import WideCropper

FPS = 25.0
BOX = (120.0, 60.0, 200.0, 170.0)
LANDMARKS = np.float32([[130, 70], [190, 70], [160, 160]])


@pytest.fixture(scope="module")
def rgbs():
    return frames(2.0, FPS)


def in_a_stream(kind, rgbs, start_s=7.0, landmarks=LANDMARKS):
    crops = kind(start_s)
    for index, rgb in enumerate(rgbs):
        crops.add(rgb, start_s + index / FPS, landmarks)
    return crops


def face_crops(start_s):
    return FaceCrops(start_s, lambda rgb: BOX)


@pytest.mark.parametrize("kind", [face_crops, WideCrops])
def test_crops_are_those_of_the_recording(kind, rgbs):
    recording = Recording("a", "b", "c", FrameArray(np.stack(rgbs)), fps=FPS)
    expected = []
    if kind is WideCrops:
        cropper = WideCropper(recording, expected.append)
    else:
        cropper = FaceCropper(recording, expected.append, lambda rgb: BOX)
    for index, rgb in enumerate(rgbs):
        cropper.add(rgb, index / FPS, LANDMARKS)
    pixels, known = in_a_stream(kind, rgbs).window(0, len(expected))
    assert known.all() and len(expected) > 55
    np.testing.assert_array_equal(pixels, np.stack(expected))


@pytest.mark.parametrize("kind", [face_crops, WideCrops])
def test_before_the_first_face_nothing_is_known_and_the_grid_is_the_streams(kind, rgbs):
    whole, _ = in_a_stream(kind, rgbs).window(0, 50)
    crops = kind(7.0)
    for index, rgb in enumerate(rgbs):
        crops.add(rgb, 7.0 + index / FPS, LANDMARKS if index >= 7 else None)
    pixels, known = crops.window(0, 50)
    first = int(np.argmax(known))
    assert 0.28 * 30 <= first <= 0.28 * 30 + 1 and known[first:].all() and not known[:first].any()
    np.testing.assert_array_equal(pixels[first:], whole[first:])


def test_after_a_pause_crops_begin_again(rgbs):
    crops = in_a_stream(face_crops, rgbs[:10])
    for index, rgb in enumerate(rgbs[:10]):
        crops.add(rgb, 9.0 + index / FPS, LANDMARKS)
    _, known = crops.window(0, 72)
    assert not known[:60].any() and known[60:70].all()


def test_a_face_that_leaves_its_square_is_looked_for_again_but_not_all_the_time(rgbs):
    looked, away = [], LANDMARKS + np.float32([90, 0])
    crops = FaceCrops(0.0, lambda rgb: looked.append(len(looked)) or BOX)
    for index in range(30):
        crops.add(rgbs[index % 50], index * 0.4, LANDMARKS if index < 10 else away)
    assert len(looked) == 2 + 1  # at 0 s, when it has left and 5 s are over, and 5 s later


def test_a_face_that_is_not_found_has_no_crops(rgbs):
    crops = FaceCrops(0.0, lambda rgb: None)
    for index, rgb in enumerate(rgbs):
        crops.add(rgb, index / FPS, LANDMARKS)
    pixels, known = crops.window(0, 40)
    assert not known.any() and not pixels.any() and pixels.shape == (40, 128, 128, 3)
