"""Where random clips start: anywhere, or in windows a step apart, all of which are drawn."""

import numpy as np
import pytest
import torch

from rppg.dataloader.augment import source_frames
from rppg.dataloader.clips import Clips
from rppg.datasets.store import Store

T = 300
GAP = (700, 730)  # of 1400 frames: stretches of 700 and 670


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store"))
    with store.begin("A/1/v") as writer:
        writer.save("mstmap", np.zeros((1400, 63, 6), np.float32))
        writer.save("face", np.zeros((1400, 2, 2, 3), np.uint8))
        meta = {"id": "A/1/v", "status": "ok", "n_frames": 1400, "hr_true_bpm": None}
        writer.commit(meta | {"gaps_s": [[edge / 30 for edge in GAP]]})
    return store


def drawn(clips, n):
    generator = torch.Generator().manual_seed(0)
    return [clips._place("A/1/v", generator) for _ in range(n)]


@pytest.mark.parametrize("step", [15, 300])
def test_all_windows_and_no_others_are_drawn_and_each_as_often(store, step):
    clips = Clips(store, ["A/1/v"], "face", T, step=step)
    places, windows = drawn(clips, 6000), clips.sliding_windows(step)
    starts, counts = np.unique([place.start for place in places], return_counts=True)
    assert starts.tolist() == [window.start for window in windows]
    assert 730 in starts, "windows start anew behind a gap"
    assert np.abs(counts / counts.mean() - 1).max() < 0.5


def test_clips_side_by_side_share_no_frame(store):
    clips = Clips(store, ["A/1/v"], "face", T, step=T)
    assert sorted({place.start for place in drawn(clips, 500)}) == [0, 300, 730, 1030]


def test_without_a_step_a_clip_starts_anywhere(store):
    starts = {place.start for place in drawn(Clips(store, ["A/1/v"], "face", T), 9000)}
    assert starts == {*range(0, 401), *range(730, 1101)}


def test_windows_at_a_speed_start_at_the_same_places_and_stay_in_their_stretch(store):
    clips = Clips(store, ["A/1/v"], "face", T, speeds=(0.6, 1.4), step=15)
    places = drawn(clips, 4000)
    for place in places:
        stop = place.start + source_frames(place.n_frames, place.speed)
        assert (place.start % 15 == 0 and stop <= 700) or (place.start - 730) % 15 == 0
        assert stop <= 1400 and place.n_frames == T
    faster = np.mean([place.speed > 1 for place in places])
    assert faster == pytest.approx(0.5, abs=0.03)


def test_a_step_of_less_than_a_frame_is_an_error(store):
    with pytest.raises(ValueError, match="step is 0 frames, expected 1 or more"):
        Clips(store, ["A/1/v"], "face", T, step=0)
