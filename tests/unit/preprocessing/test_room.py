"""Disk: a recording is bounded by its frames and by the room, before it is written."""

import numpy as np
import pytest
from helpers.vision_clips import recording, write_clip

from rppg.datasets.store import Store, StoreError
from rppg.preprocessing.frame_rate import longest_s
from rppg.preprocessing.prepare import prepare_one
from rppg.preprocessing.resampling import CropGrid, grid
from rppg.preprocessing.room import check_frames, expected_bytes
from rppg.preprocessing.video import VideoError

FACE = ((128, 128, 3), "|u1")


@pytest.mark.slow
def test_frames_seconds_apart_are_refused_before_they_are_repeated(tmp_path):
    path = write_clip(tmp_path / "a.mkv", times_s=np.arange(60) * 5.0)
    store, most = Store(tmp_path / "store"), []
    original = CropGrid._emit

    def counted(crops, crop):
        most.append(1)
        original(crops, crop)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CropGrid, "_emit", counted)
        meta = prepare_one(recording(path), store)
    assert meta["status"] == "failed" and "frames in" in meta["reason"]
    assert len(most) <= 30 * longest_s(60) and store.disk_bytes(meta["id"]) < 5000


def test_stamps_of_ten_hours_for_300_frames_allocate_nothing(tmp_path):
    times_s = np.linspace(0, 36000, 300)
    with pytest.raises(VideoError, match="300 frames in 36000 s, expected 2 per second or more"):
        check_frames(recording(tmp_path / "a.mp4", times_s=times_s))
    with pytest.raises(VideoError, match="300 frames in 36000 s"):
        grid(times_s)
    crops = CropGrid(lambda crop: pytest.fail("repeated"))
    crops._last, crops._start_s, crops._added = (np.zeros((2, 2, 3), np.uint8), 0.0), 0.0, 1
    with pytest.raises(VideoError, match="2 frames in 3600 s"):
        crops.add(np.zeros((2, 2, 3), np.uint8), 3600.0)


def test_one_pause_of_a_minute_and_five_frames_per_second_are_taken(tmp_path):
    check_frames(recording(tmp_path / "a.mp4", times_s=np.arange(100) / 5))
    check_frames(recording(tmp_path / "a.mp4", times_s=np.r_[np.arange(90) / 30, 62.0]))
    assert len(grid(np.arange(100) / 5)) == 600
    with pytest.raises(VideoError, match="0.5 frames per second, expected 2"):
        check_frames(recording(tmp_path / "a.mp4", fps=0.5))


def test_a_disk_without_room_for_a_recording_ends_the_run_before_its_first_frame(
    tmp_path, monkeypatch
):
    clip = recording(write_clip(tmp_path / "a.mp4", seconds=4.0))
    needed = expected_bytes(clip, [FACE])
    assert needed == pytest.approx(4 * 30 * 128 * 128 * 3)
    free = lambda _: type("usage", (), {"free": needed - 1})  # noqa: E731
    monkeypatch.setattr("rppg.datasets.store.shutil.disk_usage", free)
    monkeypatch.setattr("rppg.preprocessing.prepare_recording.extract", lambda *_: pytest.fail())
    with pytest.raises(StoreError, match="6 MB are needed, 6 MB are free; choose a folder"):
        prepare_one(clip, Store(tmp_path / "store"))
    assert not list((tmp_path / "store").rglob("*.npy"))


def test_bytes_are_expected_by_the_clock_that_is_used(tmp_path):
    path = write_clip(tmp_path / "a.mp4", seconds=4.0)
    stamped = recording(path, times_s=np.arange(120) / 15)
    assert expected_bytes(stamped, [((), "<f4")]) == pytest.approx(119 / 15 * 30 * 4)
    assert expected_bytes(recording(path, fps=60.0), [((), "<f4")]) == pytest.approx(2 * 30 * 4)
    (tmp_path / "b.mp4").write_bytes(b"no video")
    assert expected_bytes(recording(tmp_path / "b.mp4"), [((), "<f4")]) == 0
