"""Speeds are drawn as asked, whatever the length of a recording; batches share one length."""

import numpy as np
import pytest
import torch

from rppg.dataloader.augment import scaled_band, source_frames
from rppg.dataloader.batches import Batches
from rppg.dataloader.clips import Clips, LabelledClips
from rppg.dataloader.collate import cut_to_shortest
from rppg.dataloader.stretches import longest_clip
from rppg.datasets.store import Store
from rppg.losses.sinc import bandwidth_loss, sparsity_loss
from rppg.signals.spectrum import power_spectrum

T = 300
LENGTHS = (299, 300, 301, 240, 600)
IDS = {f"A/{n}/v": n for n in LENGTHS}
RATE_HZ = 2.8  # 168 bpm, and 235 bpm at 1.4 times the speed


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Recordings whose crops hold the number of the frame, and whose BVP is a sine."""
    store = Store(tmp_path_factory.mktemp("store"))
    for id, n_frames in IDS.items():
        frames = np.arange(n_frames, dtype=np.float32)
        with store.begin(id) as writer:
            writer.save("mstmap", np.tile(frames[:, None, None], (1, 63, 6)))
            writer.save("face", np.zeros((n_frames, 2, 2, 3), np.uint8))
            writer.save("bvp", np.sin(2 * np.pi * RATE_HZ * frames / 30).astype(np.float32))
            writer.commit({"id": id, "status": "ok", "n_frames": n_frames, "hr_true_bpm": 168.0})
    return store


def drawn(clips, index, n=500):
    generator = torch.Generator().manual_seed(index)
    return [clips.sample(index, generator) for _ in range(n)]


@pytest.mark.slow
@pytest.mark.parametrize("speeds", [(0.6, 1.4), (0.6, 1.25), (1.1, 1.3)])
def test_shares_of_faster_and_slower_clips_are_those_asked_for_at_any_length(store, speeds):
    low, high = speeds
    clips = Clips(store, IDS, "face", T, speeds=speeds)
    assert len(clips) == len(LENGTHS) and not clips.skipped, "a recording is lost"
    for index, id in enumerate(clips.stretches):
        found = np.array([item["speed"].item() for item in drawn(clips, index)])
        for limit in np.linspace(low, high, 6)[1:-1]:
            share, asked = (found > limit).mean(), (high - limit) / (high - low)
            assert share == pytest.approx(asked, abs=0.08), f"{id}, faster than {limit:.2f}"
        faster, asked = (found > 1).mean(), min(1.0, (high - 1) / (high - low))
        assert faster == pytest.approx(asked, abs=0.08) and (found == 1).sum() == 0, id


@pytest.mark.slow
def test_a_clip_is_as_long_as_the_recording_allows_and_no_frame_is_made_up(store):
    clips = Clips(store, IDS, n_frames=T, speeds=(0.6, 1.4))
    for index, id in enumerate(clips.stretches):
        for item in drawn(clips, index, 60):
            speed, frames = item["speed"].item(), item["clip"][:, 0, 0]
            assert len(frames) == min(T, longest_clip(IDS[id], speed))
            expected = item["start"] + speed * np.arange(len(frames))
            assert frames.tolist() == pytest.approx(expected, abs=1e-3)
            assert frames[-1] <= IDS[id] - 1


@pytest.mark.parametrize("speed", [0.6, 0.77, 1.0, 1.1, 1.4, 2.0])
def test_the_longest_clip_is_the_last_one_that_fits(speed):
    for n_source in range(2, 400):
        n_frames = longest_clip(n_source, speed)
        assert source_frames(n_frames, speed) <= n_source < source_frames(n_frames + 1, speed)


def test_a_batch_has_the_length_of_its_shortest_clip_and_the_labels_too(store):
    clips = LabelledClips(store, IDS, n_frames=T, speeds=(0.6, 1.4))
    for epoch in range(20):
        batch = next(Batches(clips, 5, seed=epoch, collate=cut_to_shortest).stream())
        pairs = zip(batch["id"], batch["speed"].tolist(), strict=True)
        n_frames = min(T, *(longest_clip(IDS[id], speed) for id, speed in pairs))
        assert batch["clip"].shape == (5, n_frames, 63, 6) and batch["wave"].shape == (5, n_frames)
        at_s = (batch["start"][:, None] + batch["speed"][:, None] * torch.arange(n_frames)) / 30
        expected = torch.sin(2 * torch.pi * RATE_HZ * at_s)
        torch.testing.assert_close(batch["wave"], expected, atol=0.05, rtol=0)  # interpolated
        torch.testing.assert_close(batch["hr_bpm"], 168 * batch["speed"])


def test_the_band_goes_with_the_speed_in_clips_that_were_cut(store):
    """168 bpm is 235 bpm at 1.4 times the speed: in the band of the clip, not in that of a face."""
    clips = LabelledClips(store, IDS, n_frames=T, speeds=(1.35, 1.4))
    batch = next(Batches(clips, 5, collate=cut_to_shortest).stream())
    assert batch["wave"].shape[1] < 180  # of 240 frames
    freq_hz, power = power_spectrum(batch["wave"], 30.0, 5400)
    bands_hz = scaled_band(batch["speed"])
    assert bandwidth_loss(freq_hz, power, bands_hz) < 0.05 < bandwidth_loss(freq_hz, power) - 0.8
    assert sparsity_loss(freq_hz, power, bands_hz) < 0.3


def test_who_needs_equal_lengths_asks_for_them(store):
    clips = Clips(store, IDS, "face", T, speeds=(0.6, 1.4), shortest=T)
    assert list(clips.stretches) == ["A/600/v"]
    assert clips.skipped["A/301/v"] == "no 420 frames without a gap in 301"
    assert {len(item["clip"]) for item in drawn(clips, 0, 40)} == {T}
    with pytest.raises(ValueError, match="shortest is 301, expected 2 to n_frames, which is 300"):
        Clips(store, IDS, "face", T, shortest=301)


def test_half_of_a_clip_at_the_highest_speed_is_the_least(store):
    clips = Clips(store, IDS, "face", T, speeds=(0.6, 1.7))
    assert clips.skipped == {"A/240/v": "no 255 frames without a gap in 240"}


def test_the_first_clip_of_a_recording_is_as_long_as_it_can_be(store):
    clips = Clips(store, IDS, "face", T)
    found = {id: len(clips[clips.first(id)]["clip"]) for id in IDS}
    assert found == {id: min(T, n_frames) for id, n_frames in IDS.items()}
    assert {place.id for place in clips.sliding_windows()} == {"A/300/v", "A/301/v", "A/600/v"}
