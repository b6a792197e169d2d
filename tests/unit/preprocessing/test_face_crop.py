"""The face crop: its square, in pictures that change their size, and its reasons."""

import numpy as np
import pytest

from rppg.preprocessing.face_crop import FaceCropper, same_aspect, scaled_square
from rppg.preprocessing.face_detector import NoCropError
from rppg.preprocessing.face_mesh import square_crop

LANDMARKS = np.float32([40, 40]) + 80 * np.random.default_rng(0).random((468, 2), np.float32)


def picture(shape):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    share = np.stack([columns / shape[1], rows / shape[0], 0 * rows], axis=-1)
    return (share * 255).astype(np.uint8)


def fed(frames, boxes, landmarks=LANDMARKS):
    crops, boxes = [], iter(boxes)
    cropper = FaceCropper(None, crops.append, lambda rgb: next(boxes))
    for k, rgb in enumerate(frames):
        cropper.add(rgb, k / 30, landmarks)
    return cropper, crops


def test_a_square_scales_with_the_picture():
    assert scaled_square((80, 40, 160), (240, 320), (240, 320)) == (80, 40, 160)
    assert scaled_square((80, 40, 160), (240, 320), (480, 640)) == (160, 80, 320)
    x, y, side = scaled_square((1000, 300, 200), (720, 1280), (1280, 720))
    assert side == 200 and abs(x + 100 - 1100 / 1280 * 720) < 5
    assert abs(y + 100 - 400 / 720 * 1280) < 5
    assert same_aspect((240, 320), (481, 640)) and not same_aspect((240, 320), (320, 240))


def test_a_picture_of_twice_the_size_gives_the_same_crops():
    frames = [picture((240, 320))] * 3 + [picture((480, 640))] * 3
    cropper, crops = fed(frames, [(60.0, 50.0, 140.0, 130.0)])  # MTCNN is asked once
    assert np.abs(crops[5].astype(int) - crops[0]).max() <= 3
    x, y, side = cropper.meta((480, 640), LANDMARKS, 0)["face_box"]
    assert (x, y, side) == tuple(2 * np.array(cropper.meta((240, 320), LANDMARKS, 0)["face_box"]))


def test_in_a_turned_picture_the_face_is_found_again():
    frames = [picture((240, 320))] * 3 + [picture((320, 240))] * 4
    first, turned = (60.0, 50.0, 140.0, 130.0), (50.0, 180.0, 130.0, 260.0)
    _, crops = fed(frames, [first, None, turned])
    assert len(crops) == 7
    assert np.array_equal(crops[-1], square_crop(frames[-1], (32, 160, 120)))


def test_crops_of_another_face_than_the_measured_one_are_noted():
    cropper, _ = fed([picture((240, 320))], [(200.0, 50.0, 280.0, 130.0)])
    assert cropper.notes == [
        "the crops show another face than the regions at 0.00 s: two faces",
    ]
    assert fed([picture((240, 320))], [(40.0, 40.0, 120.0, 130.0)])[0].notes == []


@pytest.mark.parametrize(
    ("scale", "reason"),
    [
        (0.3, "the face is 24 pixels high, too small for MTCNN: crops need 40 pixels or more"),
        (1.0, "MTCNN finds no face in any of the 3 frames it looked at"),
    ],
)
def test_without_a_box_the_reason_names_the_size_of_the_face(scale, reason):
    cropper, crops = fed([picture((240, 320))] * 3, [None] * 3, LANDMARKS * scale)
    with pytest.raises(NoCropError, match=reason):
        cropper.finish(3)
    assert not crops
