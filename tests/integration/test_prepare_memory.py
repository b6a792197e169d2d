"""Memory of a worker does not grow with the length of the video."""

import multiprocessing
import re
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from helpers.vision_clips import recording, write_clip

from rppg.datasets.store import Store
from rppg.preprocessing import prepare, prepare_recording
from rppg.preprocessing.mstmap import REGIONS
from rppg.preprocessing.video import VideoWriter


class OneFace:
    """Replaces both models: the same face in every frame, without computation."""

    def __init__(self):
        self.landmarks = np.zeros((468, 2), np.float32)
        for k, indices in enumerate(REGIONS.values()):
            angle = np.linspace(0, 2 * np.pi, len(indices), endpoint=False)
            x, y = 16 + 16 * (k % 3), 16 + 16 * (k // 3)
            self.landmarks[indices] = np.stack([x + 6 * np.cos(angle), y + 6 * np.sin(angle)], 1)

    def reset(self):
        pass

    def __call__(self, rgb):
        return self.landmarks

    def find(self, rgb):
        return 10.0, 10.0, 50.0, 40.0


def held_kib(store, folder, seconds):
    """Peak memory of Python and numpy while a small video of so many seconds is prepared."""
    path, gen = folder / f"{seconds}.avi", np.random.default_rng(0)
    with VideoWriter(path, 64, 48, 30, codec="rawvideo") as video:
        for _ in range(30 * seconds):
            video.write(gen.integers(0, 256, (48, 64, 3), dtype=np.uint8))
    tracemalloc.start()
    try:
        meta = prepare.prepare_one(recording(path), store)
        assert meta["status"] == "ok", meta["reason"]
        assert store.open(meta["id"]).mstmap.shape == (30 * seconds, 63, 6)
        return tracemalloc.get_traced_memory()[1] / 2**10
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_neither_map_nor_crops_are_held(tmp_path, monkeypatch):
    """110 s more are 4900 KiB of map and 158400 KiB of crops; 0.2 KiB a frame may stay."""
    monkeypatch.setattr(prepare_recording, "_landmarker", OneFace)
    monkeypatch.setattr(prepare_recording, "_finder", OneFace)
    store = Store(tmp_path / "store")
    held_kib(store, tmp_path, 4)  # what is loaded and cached once
    assert held_kib(store, tmp_path, 120) < held_kib(store, tmp_path, 10) + 1500


def peak_mib(recording, store):
    """Peak resident memory of the worker that prepares it."""
    peaks, done = [0.0], threading.Event()

    def watch():
        while not done.wait(0.02):
            for child in multiprocessing.active_children():
                if not child.name.startswith("_Server"):  # the face detector
                    peaks.append(high_water_mib(child.pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        table = prepare.prepare([recording], store, workers=1, progress=False)
    finally:
        done.set()
        thread.join()
    assert table["status"].tolist() == ["prepared"]
    return max(peaks)


def high_water_mib(pid):
    try:
        found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:  # it has ended
        return 0.0
    return int(found[1]) / 2**10 if found else 0.0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc: not Linux")
def test_a_worker_takes_as_much_for_a_long_video_as_for_a_short_one(tmp_path):
    short = write_clip(tmp_path / "short.mp4", seconds=10)
    long = write_clip(tmp_path / "long.mp4", seconds=75)
    short_mib = peak_mib(recording(short), tmp_path / "one")
    assert short_mib > 100
    assert peak_mib(recording(long), tmp_path / "two") < 1.1 * short_mib
