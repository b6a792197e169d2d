"""A picture in one tinted channel is told from a picture in colours, compressed or not."""

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.one_channel import NOTE, hue_spread, one_channel_notes

RNG = np.random.default_rng(0)
COURSES = 100 + RNG.normal(size=(90, 3))  # of three channels that have nothing in common


@pytest.fixture(scope="module")
def landmarks():
    return FaceLandmarks()(astronaut())


def tinted(tint, quality):
    grey = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY)[..., None]
    picture = np.clip(grey * np.array(tint), 0, 255).astype(np.uint8)
    _, code = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1])


@pytest.mark.parametrize("tint", [(1, 1, 1), (1.07, 0.9, 0.7), (1.05, 1, 0.95)])
@pytest.mark.parametrize("quality", [50, 80, 95])
def test_tinted_channel_is_noted(landmarks, tint, quality):
    assert one_channel_notes(tinted(tint, quality), landmarks, COURSES) == [NOTE]


@pytest.mark.parametrize("background", [None, 0, 90, 235])
def test_face_in_colour_is_not(landmarks, background):
    picture = astronaut()
    if background is not None:
        hull = cv2.convexHull(landmarks).astype(np.int32)
        face = cv2.fillConvexPoly(np.zeros(picture.shape[:2], np.uint8), hull, 1)
        picture = np.where(face[..., None] == 1, picture, np.uint8(background))
    assert one_channel_notes(picture, landmarks, COURSES) == []


def test_gain_of_a_channel_does_not_change_the_spread():
    picture = RNG.integers(0, 100, (48, 48, 3), dtype=np.uint8)
    gained = (picture * np.array([2, 1, 0.5])).astype(np.uint8)
    assert hue_spread(gained) == pytest.approx(hue_spread(picture), rel=0.02)


def test_face_without_colours_or_pixels_has_no_note(landmarks):
    grey = tinted((1, 1, 1), 95)
    assert one_channel_notes(grey, landmarks, np.full((9, 3), np.nan)) == []
    assert one_channel_notes(grey, landmarks + 5000, COURSES) == []
