"""Clips: correct frames, labels only if requested, batches of different recordings."""

import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from rppg.dataloader.augment import MapAugmentation, source_frames
from rppg.dataloader.batches import Batches
from rppg.dataloader.clips import Clips, LabelledClips, Place
from rppg.dataloader.collate import cut_to_shortest
from rppg.dataloader.stretches import longest_clip
from rppg.datasets import store as store_module
from rppg.datasets.prepared import Prepared
from rppg.datasets.store import Store

T = 30  # frames of a clip in these tests
FRAMES = {"A/1/a": 30, "A/1/b": 45, "A/2/c": 90, "B/1/d": 60, "B/2/e": 29}  # id to frames
LONG_ENOUGH = [id for id in FRAMES if FRAMES[id] >= T]


def write(root, id, n_frames, wave=True, nan=(), **meta):
    """A recording whose maps, faces and wave all hold the number of the frame."""
    frames = np.arange(n_frames, dtype=np.float32)
    maps = np.broadcast_to(frames[:, None, None], (n_frames, 63, 6)).copy()
    for start, stop in nan:
        maps[start:stop] = np.nan
    with Store(root).begin(id) as writer:
        writer.save("mstmap", maps)
        faces = frames.astype(np.uint8)[:, None, None, None]
        writer.save("face", np.broadcast_to(faces, (n_frames, 4, 4, 3)))
        if wave:
            writer.save("bvp", frames)
        base = {"id": id, "status": "ok", "n_frames": n_frames, "hr_true_bpm": 70.0, "gaps_s": []}
        writer.commit(base | meta)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("store")
    for id, n_frames in FRAMES.items():
        write(root, id, n_frames)
    return Store(root)


def draw(clips, index=0, seed=0):
    return clips.sample(index, torch.Generator().manual_seed(seed))


def batches_of(clips, batch_size=2, first=0, n=12, **options):
    """(id, start, speed) of each clip of n batches."""
    stream = Batches(clips, batch_size, seed=3, collate=cut_to_shortest).stream(first, **options)
    found = [next(stream) for _ in range(n)]
    return [
        list(zip(b["id"], b["start"].tolist(), b["speed"].tolist(), strict=True)) for b in found
    ]


@pytest.mark.parametrize("array", ["mstmap", "face"])
def test_a_clip_is_the_frames_of_its_place(store, array):
    item = Clips(store, FRAMES, array, n_frames=T)[Place("A/2/c", 40)]
    assert item["clip"].shape == {"mstmap": (T, 63, 6), "face": (T, 4, 4, 3)}[array]
    assert item["clip"].flatten(1)[:, 0].tolist() == list(range(40, 70))
    assert (item["id"], item["start"], item["speed"].item()) == ("A/2/c", 40, 1.0)


def test_sliding_windows_cover_every_recording(store):
    clips = Clips(store, reversed(FRAMES), n_frames=T)
    found = [(place.id, place.start) for place in clips.sliding_windows(step=15)]
    expected = {"A/1/a": [0], "A/1/b": [0, 15], "A/2/c": [0, 15, 30, 45, 60], "B/1/d": [0, 15, 30]}
    assert found == [(id, start) for id, starts in expected.items() for start in starts]
    loader = DataLoader(clips, sampler=clips.sliding_windows(step=15), batch_size=4)
    assert [batch["clip"].shape[0] for batch in loader] == [4, 4, 3]
    with pytest.raises(ValueError, match="step is 0"):
        clips.sliding_windows(0)


def test_recordings_without_a_clip_are_skipped_with_a_reason(store, tmp_path):
    clips = Clips(store, FRAMES, n_frames=T, shortest=T)
    assert len(clips) == 4 and clips.skipped == {"B/2/e": "no 30 frames without a gap in 29"}
    with Store(tmp_path).begin("A/1/a") as writer:
        writer.commit({"id": "A/1/a", "status": "failed", "reason": "no face"})
    with pytest.raises(ValueError, match="no clip in 1 recordings.*no face"):
        Clips(Store(tmp_path), ["A/1/a"])


def test_no_clip_contains_a_frame_of_a_gap(tmp_path):
    gaps = [(0, 7), (50, 70), (95, 120), (155, 160)]  # between them 43, 25 and 35 frames
    write(tmp_path, "A/1/a", 160, nan=gaps, gaps_s=[[a / 30, b / 30] for a, b in gaps])
    clips = Clips(Store(tmp_path), ["A/1/a"], n_frames=T, speeds=(0.8, 2.0))
    assert clips.stretches == {"A/1/a": [(7, 50), (120, 155)]}
    assert [place.start for place in clips.sliding_windows(5)] == [7, 12, 17, 120, 125]
    found = [draw(clips, seed=seed) for seed in range(60)]
    assert all(torch.isfinite(item["clip"]).all() for item in found)
    assert {item["start"] < 50 for item in found} == {True, False}  # both stretches are drawn


def test_a_gap_that_is_missing_in_the_metadata_is_an_error(tmp_path):
    write(tmp_path, "A/1/a", 40, nan=[(20, 21)])
    clips = Clips(Store(tmp_path), ["A/1/a"], n_frames=T)
    with pytest.raises(ValueError, match="A/1/a: a gap in frames 0 to 30 .* prepare it again"):
        clips[Place("A/1/a", 0)]


class NoLabel(dict):
    """A meta that does not tell the heart rate."""

    def __getitem__(self, key):
        assert key != "hr_true_bpm", "a label was read"
        return super().__getitem__(key)

    def get(self, key, default=None):
        return self[key] if key in self else default


@pytest.mark.parametrize("array", ["mstmap", "face"])
def test_clips_without_labels_read_no_label(tmp_path, monkeypatch, array):
    write(tmp_path, "A/1/a", 45, known_bad="a crooked wave")
    write(tmp_path, "A/1/b", 45)
    for id in ("A/1/a", "A/1/b"):
        path = Store(tmp_path).path(id) / "bvp.npy"
        path.write_bytes(b"not to be read".ljust(path.stat().st_size))
    labelled = LabelledClips(Store(tmp_path), ["A/1/b"], n_frames=T)
    read_meta = store_module.read_meta
    monkeypatch.setattr(store_module, "read_meta", lambda *args: NoLabel(read_meta(*args)))
    monkeypatch.setattr(Prepared, "bvp", property(lambda self: pytest.fail("a label was read")))
    ids = ["A/1/a", "A/1/b"]
    clips = Clips(Store(tmp_path), ids, array, n_frames=T, speeds=(0.6, 1.4))
    assert len(clips) == 2  # bad ones are no worse without their labels
    batch = next(Batches(clips, 2).stream())
    assert set(batch) == {"clip", "id", "start", "speed"}
    assert len(list(DataLoader(clips, sampler=clips.sliding_windows()))) == 4
    with pytest.raises(pytest.fail.Exception, match="a label was read"):
        labelled[Place("A/1/b", 0)]
    with pytest.raises(AssertionError, match="a label was read"):
        LabelledClips(Store(tmp_path), ids, n_frames=T)


def test_labels_follow_the_speed_and_the_flip_in_time(store):
    backwards = MapAugmentation(flip_time=1.0, flip_rows=0.0)
    speeds = (1.25, 1.25)
    clips = LabelledClips(store, ["A/2/c"], n_frames=T, speeds=speeds, augment=backwards)
    item = draw(clips)
    assert item["hr_bpm"].item() == 87.5 and item["speed"].item() == 1.25
    assert torch.allclose(item["wave"], item["clip"][:, 0, 0])  # both hold the frame's number
    assert torch.allclose(item["wave"].diff(), torch.tensor(-1.25), atol=1e-4)
    assert item["wave"][-1] == item["start"]


def test_flags_tell_which_labels_exist(tmp_path):
    write(tmp_path, "A/1/rate", 30, wave=False)
    write(tmp_path, "A/1/wave", 30, hr_true_bpm=None)
    write(tmp_path, "A/1/none", 30, wave=False, hr_true_bpm=None)
    write(tmp_path, "A/1/bad", 30, known_bad="a crooked wave")
    with Store(tmp_path).begin("A/1/part") as writer:
        writer.save("mstmap", np.zeros((60, 63, 6), np.float32))
        writer.save("face", np.zeros((60, 1, 1, 3), np.uint8))
        writer.save("bvp", np.array([np.nan] * 30 + [1.0] * 30, np.float32))
        writer.commit({"id": "A/1/part", "status": "ok", "n_frames": 60, "hr_true_bpm": 80.0})
    store = Store(tmp_path)
    clips = LabelledClips(store, store.ids(), n_frames=T)
    assert clips.skipped == {
        "A/1/bad": "known bad: a crooked wave",
        "A/1/none": "no label: neither a ground-truth BVP nor an HR",
    }
    batch = next(iter(DataLoader(clips, sampler=clips.sliding_windows(15), batch_size=5)))
    assert batch["id"] == [*["A/1/part"] * 3, "A/1/rate", "A/1/wave"]
    assert batch["has_wave"].tolist() == [False, False, True, False, True]
    assert batch["has_hr"].tolist() == [True, True, True, True, False]
    assert torch.isfinite(batch["wave"]).all(dim=1).tolist() == batch["has_wave"].tolist()
    assert batch["hr_bpm"][:4].tolist() == [80, 80, 80, 70] and batch["hr_bpm"][4].isnan()


def test_random_clips_start_anywhere_at_any_speed_that_fits(store):
    clips = Clips(store, FRAMES, n_frames=T, speeds=(0.6, 1.4))
    found = [[draw(clips, index, seed) for seed in range(200)] for index in range(5)]
    for id, items in zip(FRAMES, found, strict=True):
        speeds = [item["speed"].item() for item in items]
        assert min(speeds) < 0.63 and 1.37 < max(speeds) < 1.4, id
        assert abs(np.mean(speeds) - 1.0) < 0.05
        lengths = [min(T, longest_clip(FRAMES[id], speed)) for speed in speeds]
        assert [len(item["clip"]) for item in items] == lengths
        reads = [source_frames(n, speed) for n, speed in zip(lengths, speeds, strict=True)]
        lasts = [item["start"] + n_read for item, n_read in zip(items, reads, strict=True)]
        assert min(item["start"] for item in items) <= 1
        assert FRAMES[id] - 2 <= max(lasts) <= FRAMES[id]


def test_no_batch_has_two_clips_of_a_recording_and_all_have_equal_weight(store):
    clips = Clips(store, FRAMES, n_frames=T, shortest=T)
    found = [[id for id, *_ in batch] for batch in batches_of(clips, batch_size=2, n=10)]
    assert all(len(set(batch)) == 2 for batch in found)
    assert Counter(id for batch in found for id in batch) == dict.fromkeys(LONG_ENOUGH, 5)
    found = [[id for id, *_ in batch] for batch in batches_of(clips, batch_size=3, n=8)]
    assert all(len(set(batch)) == 3 for batch in found)  # an epoch of one batch leaves one out


def test_batches_depend_on_the_seed_alone(store):
    clips = Clips(store, FRAMES, n_frames=T, speeds=(0.6, 1.4))
    straight = batches_of(clips, n=12)
    assert batches_of(Clips(store, reversed(FRAMES), n_frames=T, speeds=(0.6, 1.4))) == straight
    assert batches_of(clips, first=5, n=7) == straight[5:]  # as a resumed run does
    ranks = [batches_of(clips, rank=rank, world_size=2) for rank in (0, 1)]
    assert [a + b for a, b in zip(*ranks, strict=True)] == straight  # two ranks share each batch
    assert straight[:2] != straight[2:4] != straight[4:6]  # epochs differ
    assert batches_of(pickle.loads(pickle.dumps(clips))) == straight  # as workers get them


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"array": "bvp"}, "no array 'bvp', expected one of mstmap, face"),
        ({"n_frames": 1}, "n_frames is 1, expected 2 or more"),
        ({"speeds": (1.4, 0.6)}, "0 < low <= high"),
        ({"normalise": "max"}, "no normalisation 'max', expected one of minmax, zscore, ratio"),
        ({"normalise": "ratio", "array": "face"}, "do not give it for 'face'"),
        ({"size": 2}, "size is for crops"),
        ({"ids": ["A/1/a", "A/1/a"]}, "A/1/a: given twice"),
        ({"ids": []}, "none given"),
    ],
)
def test_invalid_parameters_are_errors_with_advice(store, options, words):
    with pytest.raises(ValueError, match=words):
        Clips(**{"store": store, "ids": FRAMES, "n_frames": T} | options)


def test_a_recording_that_was_never_prepared_is_an_error(store):
    with pytest.raises(KeyError, match="C/1/x is not prepared"):
        Clips(store, ["C/1/x"])


def test_faces_are_averaged_down_if_a_size_is_given(store):
    item = Clips(store, FRAMES, "face", n_frames=T, size=2)[Place("A/2/c", 40, 1.5)]
    assert item["clip"].shape == (T, 2, 2, 3) and item["clip"].dtype == torch.float32
    # frames 40, 41.5, 43, ...: halves are kept, where the crops as stored are rounded
    assert item["clip"][:3, 0, 0, 0].tolist() == [40.0, 41.5, 43.0]


def test_bvps_can_be_hidden_and_then_the_heart_rate_alone_is_a_label(tmp_path):
    write(tmp_path, "A/1/both", 45, hr_true_bpm=72.0)
    write(tmp_path, "A/2/bvp", 45, hr_true_bpm=None)
    given = (Store(tmp_path), ["A/1/both", "A/2/bvp"])
    shown, hidden = (LabelledClips(*given, n_frames=T, use_waves=use) for use in (True, False))
    assert shown[Place("A/1/both", 0)]["has_wave"] and not shown.skipped
    item = hidden[Place("A/1/both", 0)]
    assert "no label" in hidden.skipped["A/2/bvp"] and not item["has_wave"]
    assert item["wave"].isnan().all() and item["hr_bpm"] == 72
