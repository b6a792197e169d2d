"""The map: six regions, 63 rows in binary order, exact means."""

import cv2
import numpy as np
import pytest

from rppg.preprocessing.mstmap import (
    COMBINATIONS,
    REGIONS,
    YUV_FROM_RGB,
    draw_regions,
    expand,
    region_masks,
    region_means,
    yuv,
)


@pytest.fixture(scope="module")
def face():
    """Made-up landmarks with the topology that matters: every region a convex polygon of its own,
    neighbours sharing an edge; and a frame of noise."""
    gen = np.random.default_rng(0)
    landmarks = np.zeros((468, 2), np.float32)
    boxes = {  # x0, y0, x1, y1
        "cheek_up_A": (20, 60, 60, 90),
        "cheek_low_A": (20, 90, 60, 140),
        "cheek_up_B": (100, 60, 140, 90),
        "cheek_low_B": (100, 90, 140, 140),
        "mouth_chin": (60, 120, 100, 160),
        "forehead": (30, 20, 130, 45),
    }
    for name, indices in REGIONS.items():
        x0, y0, x1, y1 = boxes[name]
        angle = np.linspace(0, 2 * np.pi, len(indices), endpoint=False)
        landmarks[indices, 0] = (x0 + x1) / 2 + (x1 - x0) / 2 * np.cos(angle)
        landmarks[indices, 1] = (y0 + y1) / 2 + (y1 - y0) / 2 * np.sin(angle)
    return gen.integers(0, 256, (180, 160, 3), dtype=np.uint8), landmarks


def naive_map(rgb, landmarks):
    """63 masks and a colour conversion of every pixel, as one would write it first."""
    pixels = rgb.astype(float)
    y = 0.299 * pixels[..., 0] + 0.587 * pixels[..., 1] + 0.114 * pixels[..., 2]
    u = 128 - 0.168736 * pixels[..., 0] - 0.331264 * pixels[..., 1] + 0.5 * pixels[..., 2]
    v = 128 + 0.5 * pixels[..., 0] - 0.418688 * pixels[..., 1] - 0.081312 * pixels[..., 2]
    channels = np.dstack([pixels, y, u, v])
    owner = np.zeros(rgb.shape[:2], np.uint8)
    for number, indices in enumerate(REGIONS.values(), start=1):
        cv2.fillPoly(owner, [np.rint(landmarks[indices]).astype(np.int32)], number)
    rows = []
    for number in range(1, 64):
        members = [6 - bit for bit in range(6) if number >> bit & 1]
        rows.append(channels[np.isin(owner, members)].mean(axis=0))
    return np.array(rows)


def test_map_equals_63_masks_and_a_conversion_of_every_pixel(face):
    rgb, landmarks = face
    means, counts = region_means(rgb, landmarks)
    found = expand(means[None], counts[None])[0]
    assert found.shape == (63, 6) and found.dtype == np.float32
    assert found == pytest.approx(naive_map(rgb, landmarks), abs=2e-5)  # float32 of up to 255
    weights = counts * COMBINATIONS
    exact = weights @ means / weights.sum(axis=1, keepdims=True)
    assert exact == pytest.approx(naive_map(rgb, landmarks)[:, :3], abs=1e-9)


def test_rows_are_in_binary_order_with_the_first_region_as_highest_bit():
    means = np.arange(6.0)[None, :, None].repeat(3, axis=2) * 10  # region k is 10 k
    row = expand(means, np.ones((1, 6)))[0, :, 0]
    assert list(REGIONS) == [
        *("cheek_up_A", "cheek_low_A", "cheek_up_B", "cheek_low_B", "mouth_chin", "forehead")
    ]
    assert row[0] == 50  # row 1: forehead alone
    assert row[1] == 40  # row 2: mouth and chin
    assert row[2] == 45  # row 3: both
    assert [row[i - 1] for i in (4, 8, 16, 32)] == [30, 20, 10, 0]
    assert row[62] == 25  # row 63: all


def test_means_are_weighted_by_pixel_count():
    means = np.zeros((1, 6, 3))
    means[0, 5], means[0, 4] = 100.0, 40.0
    counts = np.array([[1, 1, 1, 1, 300, 100]])
    assert expand(means, counts)[0, 2, 0] == pytest.approx(55.0)


def test_region_without_pixels_is_ignored_and_a_row_of_none_is_nan():
    means, counts = np.full((2, 6, 3), 80.0), np.full((2, 6), 10)
    means[0, 5], counts[0, 5] = np.nan, 0
    found = expand(means, counts)
    assert np.isnan(found[0, 0]).all() and not np.isnan(found[0, 1:]).any()
    assert found[0, 62, 0] == 80.0 and not np.isnan(found[1]).any()
    nothing = expand(np.full((1, 6, 3), np.nan), np.zeros((1, 6)))
    assert np.isnan(nothing).all()


def test_every_pixel_belongs_to_one_region_at_most(face):
    rgb, landmarks = face
    labels, (x, y), _ = region_masks(rgb.shape[:2], landmarks)
    _, counts = region_means(rgb, landmarks)
    assert counts.tolist() == [(labels == number).sum() for number in range(1, 7)]
    assert counts.sum() == (labels > 0).sum()


@pytest.mark.parametrize("shift", [(-60, 0), (0, -100), (70, 90), (-500, 0), (0, 900)])
def test_a_face_that_leaves_the_frame(face, shift):
    rgb, landmarks = face
    means, counts = region_means(rgb, landmarks + np.float32(shift))
    inside = np.zeros_like(rgb[..., 0])
    for number, indices in enumerate(REGIONS.values(), start=1):
        polygon = np.rint(landmarks[indices] + np.float32(shift)).astype(np.int32)
        cv2.fillPoly(inside, [polygon], number)
    assert counts.tolist() == [(inside == number).sum() for number in range(1, 7)]
    assert np.array_equal(np.isnan(means[:, 0]), counts == 0)
    for number in np.flatnonzero(counts):
        assert means[number] == pytest.approx(rgb[inside == number + 1].mean(axis=0))


def test_yuv_is_full_range_bt601():
    assert yuv(np.array([255.0, 255.0, 255.0])) == pytest.approx([255, 128, 128], abs=1e-3)
    assert yuv(np.array([255.0, 0.0, 0.0])) == pytest.approx([76.245, 84.972, 255.5], abs=1e-3)
    assert YUV_FROM_RGB.sum(axis=1) == pytest.approx([1, 0, 0], abs=1e-6)
    pixel = np.uint8([[[200, 120, 90]]])
    y, v, u = cv2.cvtColor(pixel, cv2.COLOR_RGB2YCrCb)[0, 0]
    assert yuv(pixel[0, 0].astype(float)) == pytest.approx([y, u, v], abs=1)


def test_drawing_changes_the_regions_and_nothing_else(face):
    rgb, landmarks = face
    labels, (x, y), _ = region_masks(rgb.shape[:2], landmarks)
    inside = np.zeros(rgb.shape[:2], bool)
    inside[y : y + labels.shape[0], x : x + labels.shape[1]] = labels > 0
    picture = draw_regions(rgb, landmarks)
    assert np.array_equal(picture[~inside], rgb[~inside])
    assert (picture[inside] != rgb[inside]).any(axis=1).mean() > 0.95


def test_expand_of_many_frames_equals_one_by_one():
    gen = np.random.default_rng(1)
    means, counts = gen.uniform(0, 255, (1500, 6, 3)), gen.integers(0, 5, (1500, 6))
    whole = expand(means, counts)
    for i in (0, 1023, 1024, 1499):
        assert np.array_equal(whole[i], expand(means[i : i + 1], counts[i : i + 1])[0], True)
