"""Shifted labels: by exactly the drawn frames, symmetric, never outside the recording."""

from collections import Counter

import numpy as np
import pytest
import torch

from rppg.dataloader.batches import Batches
from rppg.dataloader.clips import LabelledClips, Place
from rppg.dataloader.collate import cut_to_shortest
from rppg.datasets.store import Store
from rppg.studies.gideon2021.label_shift import DesyncedClips

T = 30


def write(root, id="A/1/a", n_frames=90, gaps_s=()):
    """Crops and contact wave hold the number of their frame; in gaps there is no contact wave."""
    frames = np.arange(n_frames)
    bvp = frames.astype(np.float32)
    for start_s, stop_s in gaps_s:
        bvp[round(30 * start_s) : round(30 * stop_s)] = np.nan
    with Store(root).begin(id) as writer:
        writer.save("face", np.zeros((n_frames, 2, 2, 3), np.uint8))
        writer.save("mstmap", np.zeros((n_frames, 63, 6), np.float32))
        writer.save("wide", np.tile(frames[:, None, None, None], (1, 4, 4, 3)).astype(np.uint8))
        writer.save("bvp", bvp)
        meta = {"id": id, "status": "ok", "n_frames": n_frames, "hr_true_bpm": 60.0}
        writer.commit(meta | {"gaps_s": [list(gap) for gap in gaps_s]})
    return Store(root)


def clips_of(store, desync_s, **options):
    ids = store.ids()
    return DesyncedClips(store, ids, "wide", T, size=4, desync_s=desync_s, **options)


def drawn(clips, n, seed=0, index=0):
    generator = torch.Generator().manual_seed(seed)
    return [clips.sample(index, generator) for _ in range(n)]


def offsets(items):
    """Frames that contact waves are later than their clips: (n, T)."""
    return torch.stack([item["wave"] - item["clip"][:, 0, 0, 0] for item in items])


def test_a_contact_wave_is_off_by_a_whole_number_of_frames_all_along(tmp_path):
    found = offsets(drawn(clips_of(write(tmp_path), desync_s=0.5), 50))
    assert torch.equal(found, found[:, :1].round().expand(-1, T))
    assert found.abs().max() <= 15 and len(found[:, 0].unique()) > 20


def test_early_and_late_are_as_likely_and_every_offset_is_drawn(tmp_path):
    clips = clips_of(write(tmp_path), desync_s=0.1)  # 3 frames
    generator = torch.Generator().manual_seed(0)
    places = [clips._place("A/1/a", generator) for _ in range(7000)]
    counts = Counter(place.late for place in places)
    assert sorted(counts) == [-3, -2, -1, 0, 1, 2, 3]
    assert max(abs(count - 1000) for count in counts.values()) < 150  # 5 deviations
    starts = Counter(place.start for place in places)
    assert sorted(starts) == list(range(3, 90 - T - 3 + 1))  # whatever the offset, a wave is there


@pytest.mark.parametrize("speeds", [(1.0, 1.0), (0.5, 1.0), (1.0, 1.6)])
def test_no_wave_is_out_of_the_recording_at_any_speed(tmp_path, speeds):
    clips = clips_of(write(tmp_path, n_frames=56), 0.4, speeds=speeds)
    items = drawn(clips, 300)
    batch = cut_to_shortest(items)  # 56 frames are too few for 30 at 1.6 times the speed
    late = batch["wave"] - batch["clip"][..., 0, 0, 0]
    waves = torch.cat([item["wave"] for item in items])
    assert batch["has_wave"].all() and waves.isfinite().all()
    assert waves.min() >= 0 and waves.max() <= 55
    assert waves.min() < 2 and waves.max() > 53  # it comes close to either end
    seconds = late[:, :1].round()  # of the recording, not of the clip: speed does not scale it
    assert torch.allclose(late, seconds.expand_as(late), atol=1e-3) and late.abs().max() <= 12.001


def test_a_wave_and_its_clip_lie_between_the_same_gaps(tmp_path):
    clips = clips_of(write(tmp_path, n_frames=200, gaps_s=[(1.9, 3.0)]), desync_s=0.5)
    assert clips.stretches == {"A/1/a": [(105, 185)]}  # before the gap is no room
    items = drawn(clips, 200)
    assert all(item["has_wave"] for item in items)
    assert min(item["wave"].min() for item in items) >= 90


def test_the_same_generator_draws_the_same(tmp_path):
    clips = clips_of(write(tmp_path), desync_s=0.5)
    first, same, other = (offsets(drawn(clips, 9, seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(first, same) and not torch.equal(first, other)
    batch = next(Batches(clips, batch_size=1, seed=3).stream())
    again = next(Batches(clips, batch_size=1, seed=3).stream())
    assert torch.equal(batch["wave"], again["wave"])


def test_certain_clips_are_in_time_and_so_are_all_where_nothing_is_off(tmp_path):
    store = write(tmp_path)
    clips = clips_of(store, desync_s=0.5)
    assert offsets([clips[place] for place in clips.sliding_windows()]).count_nonzero() == 0
    assert offsets([clips[Place("A/1/a", 20, late=-4)]]).unique().tolist() == [-4]
    exact = clips_of(store, desync_s=0.0)
    plain = LabelledClips(store, store.ids(), "wide", T, size=4)
    assert exact.stretches == plain.stretches and offsets(drawn(exact, 20)).count_nonzero() == 0


def test_a_recording_too_short_for_the_offset_is_left_out_with_its_reason(tmp_path):
    write(tmp_path, "A/2/short", n_frames=59)
    write(tmp_path, "A/3/just", n_frames=60)
    write(tmp_path, "A/4/tiny", n_frames=10)
    clips = clips_of(write(tmp_path), desync_s=0.5)
    assert list(clips.stretches) == ["A/1/a", "A/3/just"] and len(clips) == 2
    assert clips.skipped.keys() == {"A/2/short", "A/4/tiny"}
    assert clips.skipped["A/2/short"] == "too short for a BVP shifted by 0.5 s"
    assert clips.skipped["A/4/tiny"].startswith("no 15 frames without a gap")
    late = offsets(drawn(clips, 200, index=1))
    assert late.min() == -15 and late.max() == 15


def test_offsets_that_cannot_be_are_errors(tmp_path):
    store = write(tmp_path)
    with pytest.raises(ValueError, match="desync_s is -1.0, expected 0 or more"):
        clips_of(store, desync_s=-1.0)
    with pytest.raises(ValueError, match="no recording has 5 s without a gap: take a smaller"):
        clips_of(store, desync_s=2.0)
