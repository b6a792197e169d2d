"""A batch as a net sees it: every clip and channel has its picture and its name."""

import numpy as np
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401

from rppg.plotting.batch import CHROMINANCE, COLOURS, clip_names, plot_crops, plot_maps

pytestmark = pytest.mark.usefixtures("strict_and_closed")
RANDOM = np.random.default_rng(0)
MAPS = RANDOM.normal(size=(3, 90, 63, 6))
CROPS, SEEN = RANDOM.integers(0, 256, (2, 90, 16, 16, 3)), RANDOM.normal(size=(2, 3, 45, 16, 16))


def pictures(figure):
    return [axes.get_images()[0] for axes in figure.axes]


def test_names_say_speed_and_light():
    names = clip_names(["A/1/a", "A/2/b"], [1.0, 0.5], [1.5, np.nan])
    assert names == ["A/1/a, speed 1.00, light at 90 bpm", "A/2/b, speed 0.50"]
    assert clip_names(["A/1/a"], [1.0]) == ["A/1/a, speed 1.00"]


@pytest.mark.parametrize("channels, shown", [(CHROMINANCE, 4), (COLOURS, 1)])
def test_maps_first_clip_in_all_channels_then_all_clips_in_one(channels, shown):
    figure = plot_maps(MAPS, list("abc"), channels, 30, "Batch", "synthetic")
    text = texts(figure)
    assert "Batch (synthetic)" in text and f"{channels[shown]} of each clip" in text
    assert all(name in text for name in (*channels, "a: 6 channels", "b", "c"))
    drawn = [np.asarray(image.get_array()) for image in pictures(figure)]
    assert len(drawn) == 6 + 3 and all(one.shape == (63, 90) for one in drawn)
    np.testing.assert_array_equal(drawn[2], MAPS[0, ..., 2].T)
    np.testing.assert_array_equal(drawn[7], MAPS[1, ..., shown].T)


def test_crops_frames_and_every_pixel_over_time():
    seen = {"": SEEN, "with a distractor": -SEEN}
    figure = plot_crops(CROPS, seen, ["a", "b"], 3.0, "Batch", "real")
    text = texts(figure)
    assert "synthetic" not in text and text.count("with a distractor") == 2
    images = pictures(figure)
    assert len(images) == 2 * (5 + 2)
    last = images[-1]
    np.testing.assert_array_equal(last.get_array(), -SEEN[1, 1].reshape(45, -1).T)
    assert last.get_extent()[:2] == [0, pytest.approx(3.0)]


def test_a_large_batch_is_cut_and_a_constant_clip_is_drawn():
    figure = plot_maps(np.zeros((20, 30, 63, 6)), list("a" * 20), COLOURS, 30, "Batch", "real")
    assert len(pictures(figure)) == 6 + 8
    texts(figure)
