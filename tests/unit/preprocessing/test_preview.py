"""Previews of prepared recordings: a crop, and the outlines of the regions in it."""

import cv2
import numpy as np
import pytest
from helpers.vision_clips import recording, write_clip

from rppg.datasets.store import Store
from rppg.preprocessing.extract import extract
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.mstmap import REGIONS, region_means
from rppg.preprocessing.prepare import prepare_one
from rppg.preprocessing.preview import previews, wide_previews


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Seven seconds at 25 fps; the face is there from 1.5 s on."""
    path = tmp_path_factory.mktemp("clip") / "a.mp4"
    return write_clip(path, seconds=7.0, fps=25.0, seen=(1.5, 9.0))


@pytest.fixture(scope="module")
def store(tmp_path_factory, clip):
    store = Store(tmp_path_factory.mktemp("store"))
    prepare_one(recording(clip), store, crops=("face", "wide"))
    prepare_one(recording(clip.with_name("absent.mp4")), store)
    return store


@pytest.mark.slow
def test_the_outlines_lie_in_the_crop_of_the_first_frame_with_a_face(store):
    meta = store.open("test/s1/a.mp4").meta
    assert meta["preview_frame"] == pytest.approx(1.5 * 30, abs=1.5)
    assert meta["regions_px"].keys() == REGIONS.keys()
    for region, indices in REGIONS.items():
        points = np.array(meta["regions_px"][region])
        assert points.shape == (len(indices), 2) and np.array_equal(points, points.round(1))
        assert points.min() >= 0 and points.max() <= 127


def test_the_outlines_hold_the_colours_that_the_map_has(store, clip):
    """The mean inside a region's outline, in the crop, is the mean that the frame gave."""
    crops, outlines = previews(store, ["test/s1/a.mp4"])
    crop, regions = crops["test/s1/a.mp4"], outlines["test/s1/a.mp4"]
    traces = extract(recording(clip), FaceLandmarks())
    means, _ = region_means(traces.preview, traces.preview_landmarks)
    for k, name in enumerate(REGIONS):
        mask = cv2.fillPoly(np.zeros((128, 128), np.uint8), [np.rint(regions[name]).astype(int)], 1)
        assert cv2.mean(crop, mask)[:3] == pytest.approx(means[k], abs=4)


def test_previews_are_spread_and_skip_failed_recordings(store):
    ids = ["test/s1/a.mp4", "test/s1/absent.mp4"]
    crops, outlines = previews(store, ids)
    assert list(crops) == list(outlines) == ["test/s1/a.mp4"]
    assert crops["test/s1/a.mp4"].shape == (128, 128, 3) and crops["test/s1/a.mp4"].std() > 20
    assert previews(store, ids[1:]) == ({}, {})
    with pytest.raises(KeyError, match="test/s1/none is not prepared"):
        previews(store, ["test/s1/none"])


def test_wide_previews_are_of_the_same_frames_and_count_moves(store, clip):
    ids = ["test/s1/a.mp4", "test/s1/absent.mp4"]
    crops, moves = wide_previews(store, ids)
    prepared = store.open(ids[0])
    assert list(crops) == ids[:1] and moves == {ids[0]: 0}
    assert np.array_equal(crops[ids[0]], prepared.wide[prepared.meta["preview_frame"]])
    assert crops[ids[0]].std() > 20 and prepared.wide[0].std() < 2  # grey until the face is there


def test_at_most_the_given_number_is_taken_from_first_to_last(store, tmp_path):
    many, source = Store(tmp_path / "store"), store.open("test/s1/a.mp4")
    for k in range(9):
        with many.begin(f"test/s1/{k}") as writer:
            writer.save("face", source.face[:60])
            writer.save("mstmap", source.mstmap[:60])
            writer.commit({**source.meta, "id": f"test/s1/{k}", "n_frames": 60})
    assert list(previews(many, many.ids(), most=3)[0]) == [f"test/s1/{k}" for k in (0, 4, 8)]
