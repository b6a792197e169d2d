"""Preparation: the correct pulse, a reason for every bad input, no incomplete recordings."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from helpers.vision_clips import pulse_at, recording, write_clip

from rppg.datasets.recording import Recording, Signal
from rppg.datasets.store import Store, StoreError
from rppg.preprocessing.extract import NoFaceError, extract
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.prepare import prepare, prepare_one
from rppg.preprocessing.video import VideoError
from rppg.signals.classical import wave
from rppg.signals.heart_rate import heart_rate

EXTRACT = "rppg.preprocessing.prepare_recording.extract"
EVM_FACE = Path(__file__).parents[4] / "shared" / "data" / "video" / "evm_face.mp4"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Six seconds at 25 fps, 90 bpm."""
    return write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", seconds=6.0, fps=25.0)


@pytest.fixture(scope="module")
def landmarker():
    return FaceLandmarks()


def truncated(path):
    write_clip(path, seconds=4.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


BAD = {
    "absent.avi": (None, "absent.avi(: no such file| is missing)"),
    "empty.avi": (lambda path: path.write_bytes(b""), "empty.avi: the file is empty"),
    "text.avi": (lambda path: path.write_text("no video\n" * 99), "text.avi: not a video"),
    "truncated.avi": (truncated, r"truncated.avi: decoded \d+ of 120 frames"),
    "noface.avi": (lambda path: write_clip(path, seen=(9, 9)), "no face in any of 120 frames"),
    "short.avi": (lambda path: write_clip(path, seconds=2 / 30), "too short: 2 frames, 0.07 s"),
    "glimpse.avi": (lambda path: write_clip(path, seen=(1, 3)), "a face for 2.00 s only"),
}


@pytest.mark.slow
def test_a_known_pulse_is_found(clip, landmarker):
    traces = extract(recording(clip), landmarker)
    assert traces.mstmap.shape == (180, 63, 6) and traces.mstmap.dtype == np.float32
    assert traces.times_s == pytest.approx(np.arange(180) / 30)
    assert np.isfinite(traces.mstmap).all()
    for row in (0, 62):
        rgb = traces.mstmap[:, row, :3].astype(float)
        assert heart_rate(wave("POS", rgb, 30.0), 30.0).hr_bpm == pytest.approx(90, abs=2)
    meta = traces.meta
    assert (meta["fps_source"], meta["n_source_frames"], meta["n_frames"]) == (
        "container",
        150,
        180,
    )
    assert meta["fps"] == pytest.approx(25) and meta["face_hit_rate"] == 1.0
    assert meta["gaps_s"] == [] and meta["filled_frames"] == 0 and meta["notes"] == []
    assert traces.preview.shape == (240, 320, 3) and traces.preview_landmarks.shape == (468, 2)


@pytest.mark.slow
@pytest.mark.skipif(not EVM_FACE.exists(), reason="shared/data/video is not beside the checkout")
def test_a_real_face_at_rest(landmarker):
    traces = extract(recording(EVM_FACE), landmarker)
    assert traces.meta["face_hit_rate"] == 1.0 and len(traces.mstmap) == 301
    for method in ("POS", "CHROM", "GREEN"):
        rgb = traces.mstmap[:, 62, :3].astype(float)
        assert 50 < heart_rate(wave(method, rgb, 30.0), 30.0).hr_bpm < 60, method


@pytest.mark.slow
def test_extraction_is_reproducible(clip, landmarker):
    first, again = (extract(recording(clip), landmarker) for _ in range(2))
    assert np.array_equal(first.mstmap, again.mstmap) and first.meta == again.meta


@pytest.mark.slow
def test_times_determine_the_rate_of_the_pulse(clip, landmarker):
    slower = extract(recording(clip, fps=20.0), landmarker)  # 90 bpm filmed at 25, said to be 20
    assert len(slower.mstmap) == 225 and slower.meta["fps_source"] == "labels"
    rgb = slower.mstmap[:, 62, :3].astype(float)
    assert heart_rate(wave("POS", rgb, 30.0), 30.0).hr_bpm == pytest.approx(72, abs=2)
    stamps = 5 + np.arange(150) / 25
    stamped = extract(recording(clip, times_s=stamps), landmarker)
    assert stamped.meta["start_s"] == 5.0 and stamped.meta["fps_source"] == "stamps"


@pytest.mark.slow
def test_variable_frame_times_are_resampled(tmp_path, landmarker):
    times_s = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.07, 150))
    path = write_clip(tmp_path / "a.mkv", times_s=times_s - times_s[0])
    rgb = extract(recording(path), landmarker).mstmap[:, 62, :3].astype(float)
    assert heart_rate(wave("POS", rgb, 30.0), 30.0).hr_bpm == pytest.approx(90, abs=2)


@pytest.fixture(scope="module")
def store(tmp_path_factory, clip):
    """One good recording with a contact wave, one with its face in the middle only, prepared."""
    store = Store(tmp_path_factory.mktemp("store"))
    at_s = np.arange(-60, 600) / 60
    bvp = Signal(values=pulse_at(at_s + 2.0, 90, 1.0), times_s=at_s + 2.0)
    stamps = 2.0 + np.arange(150) / 25
    prepare_one(recording(clip, bvp=bvp, times_s=stamps, hr_mean_bpm=90.0), store)
    middle = write_clip(clip.parent / "middle.mp4", seconds=10.5, seen=(3.5, 7.0))
    prepare_one(recording(middle), store)
    return store


@pytest.mark.slow
@pytest.mark.parametrize(
    ("from_s", "to_s", "notes"),
    [
        (-1.0, 7.0, []),
        (0.0, 5.8, []),  # less than half a second is missing
        (0.0, 4.0, ["the contact PPG covers 4.03 of 6.00 s of the video"]),
        (60.0, 70.0, ["the contact PPG covers no part of the video"]),
    ],
)
def test_a_ppg_shorter_than_its_video_is_noted(tmp_path, clip, from_s, to_s, notes):
    times_s = np.arange(from_s, to_s + 0.01, 1 / 60)
    bvp = Signal(values=np.sin(times_s), times_s=times_s)
    meta = prepare_one(recording(clip, bvp=bvp), Store(tmp_path))
    assert meta["status"] == "ok" and meta["notes"] == notes
    assert (Store(tmp_path).open(meta["id"]).bvp is None) == (from_s > 6)


@pytest.mark.slow
def test_prepared_recording_is_complete(store, clip):
    prepared = store.open("test/s1/a.mp4")
    assert prepared.face.shape == (180, 128, 128, 3) and prepared.face.dtype == np.uint8
    assert prepared.mstmap.shape == (180, 63, 6)
    stamped = recording(clip, times_s=2.0 + np.arange(150) / 25)
    assert np.array_equal(prepared.mstmap, extract(stamped).mstmap)
    assert prepared.bvp == pytest.approx(pulse_at(2 + np.arange(180) / 30, 90, 1.0), abs=0.02)
    meta = prepared.meta
    assert meta["status"] == "ok" and meta["hr_true_bpm"] == 90.0 and len(meta["face_box"]) == 3
    assert str(clip.parent) not in json.dumps(meta)
    green = prepared.face[:, 40:90, 40:90, 1].mean(axis=(1, 2))
    assert heart_rate(green, 30.0).hr_bpm == pytest.approx(90, abs=2)


def test_face_in_the_middle_third_only(store):
    prepared = store.open("test/s1/middle.mp4")
    nan = np.isnan(prepared.mstmap[:, 62, 0])
    assert len(nan) == 315 and np.isfinite(prepared.mstmap[108:207]).all()
    assert nan[:103].all() and nan[213:].all()
    (before, after) = prepared.meta["gaps_s"]
    assert before == pytest.approx([0, 3.5], abs=0.1) and after == pytest.approx([7, 10.5], abs=0.1)
    assert prepared.meta["face_hit_rate"] == pytest.approx(1 / 3, abs=0.02)
    assert prepared.meta["face_box"] and prepared.face[0].std() < 2  # grey, but really decoded
    assert prepared.face[150].std() > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD)
def test_bad_videos_fail_with_their_reason(name, tmp_path, landmarker):
    make, reason = BAD[name]
    if make:
        make(tmp_path / name)
    with pytest.raises((VideoError, NoFaceError, ValueError), match=reason):
        extract(recording(tmp_path / name), landmarker)


@pytest.mark.slow
def test_bad_recordings_are_stored_and_the_run_continues(tmp_path, clip):
    data = tmp_path / "data"
    data.mkdir()
    names = ["absent.avi", "empty.avi", "text.avi", "noface.avi"]
    for name in names[1:]:
        BAD[name][0](data / name)
    known_bad = Recording("test", "s1", "known", frames=clip, problem="gt.csv: no column video3")
    recordings = [*(recording(data / name) for name in names), known_bad, recording(clip)]
    prepare_one(recordings[-1], Store(tmp_path / "store"))
    table = prepare(recordings, tmp_path / "store", workers=2, progress=False)
    assert table["id"].tolist() == [r.id for r in recordings]
    assert table["status"].tolist() == ["failed"] * 5 + ["reused"]
    for name, reason in zip(names, table["reason"], strict=False):
        assert re.search(BAD[name][1], reason)
    assert table["reason"][4] == "gt.csv: no column video3"
    store = Store(tmp_path / "store")
    assert str(tmp_path) not in store.index()["reason"].str.cat(sep=" ", na_rep="")
    assert len(store.ids("failed")) == 5 and store.ids() == ["test/s1/a.mp4"]
    assert (tmp_path / "store" / "index.parquet").is_file()


def files(root):
    return {
        p.relative_to(root): (p.stat().st_mtime_ns, p.read_bytes())
        for p in root.rglob("*")
        if p.is_file()
    }


@pytest.mark.slow
def test_a_prepared_recording_is_reused_until_its_source_changes(tmp_path, clip):
    good = tmp_path / "a.mp4"
    good.write_bytes(clip.read_bytes())
    (tmp_path / "b.avi").write_text("no video")
    recordings = [recording(good), recording(tmp_path / "b.avi")]
    store = Store(tmp_path / "store")
    for r in recordings:
        prepare_one(r, store)
    before = files(store.root)
    assert [prepare_one(r, store)["status"] for r in recordings] == ["ok", "failed"]
    assert files(store.root) == before
    write_clip(tmp_path / "b.avi")
    good.write_bytes(b"broken now")
    assert [prepare_one(r, store)["status"] for r in recordings] == ["failed", "ok"]


def test_a_failed_recording_is_tried_again_on_request_only(tmp_path, monkeypatch):
    (tmp_path / "b.avi").write_text("no video")
    tried = []
    monkeypatch.setattr(EXTRACT, lambda *_: tried.append(1) or 1 / 0)
    store = Store(tmp_path / "store")
    meta = prepare_one(recording(tmp_path / "b.avi"), store)
    assert meta["reason"] == "ZeroDivisionError: division by zero"
    prepare_one(recording(tmp_path / "b.avi"), store)
    assert len(tried) == 2  # unforeseen errors are tried again
    monkeypatch.undo()
    assert "not a video" in prepare_one(recording(tmp_path / "b.avi"), store)["reason"]
    monkeypatch.setattr(EXTRACT, lambda *_: tried.append(1) or 1 / 0)
    assert "not a video" in prepare_one(recording(tmp_path / "b.avi"), store)["reason"]
    assert len(tried) == 2
    prepare_one(recording(tmp_path / "b.avi"), store, retry_failed=True)
    assert len(tried) == 3


def test_a_store_that_cannot_be_written_stops_at_once(tmp_path, clip):
    (tmp_path / "store").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="cannot be written under .*store.*choose a folder"):
        prepare([recording(clip)], tmp_path / "store", progress=False)
    with pytest.raises(OSError):
        prepare_one(recording(clip), Store(tmp_path / "store"))


def test_duplicate_ids_are_refused(tmp_path, clip):
    with pytest.raises(ValueError, match="two recordings have the id test/s1/a.mp4"):
        prepare([recording(clip), recording(clip)], tmp_path / "store", progress=False)
