"""Interrupted preparations: no incomplete recordings, and resuming gives the same bytes."""

import os
import re
import resource
import signal
import subprocess
import sys
import time

import psutil
import pytest
from helpers.interrupts import N_CLIPS, digests, half_done, wait_for
from helpers.vision_clips import heed_interrupts, recording, write_clip

from rppg.preprocessing.prepare import prepare

pytestmark = pytest.mark.slow

SCRIPT = """
import sys
from pathlib import Path
from rppg.datasets import read
from rppg.preprocessing.prepare import prepare
if __name__ == "__main__":
    prepare(read("folder", sys.argv[1]), sys.argv[2], workers=2)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for k in range(N_CLIPS - 1):
        write_clip(folder / f"clip{k}.mp4", seconds=8.0, fps=20.0 + k, hr_bpm=60 + 10 * k)
    (folder / "clip9.avi").write_text("no video")
    return folder


def start(data, store, tmp_path, limit=lambda: None):
    """Start a preparation; limit() is called in its process first."""
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "script.py"), str(data), str(store)]
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, preexec_fn=lambda: (heed_interrupts(), limit())
    )


def finish(data, store, tmp_path):
    process = start(data, store, tmp_path)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


@pytest.fixture(scope="module")
def straight(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("straight")
    finish(data, folder / "store", folder)
    found = digests(folder / "store")
    assert len(found) == 4 * (N_CLIPS - 1) + 1 + 1  # three arrays, JSON; one failure; the index
    return found


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_and_resumed_gives_the_same_bytes(kill, data, straight, tmp_path):
    store = tmp_path / "store"
    process = start(data, store, tmp_path)
    wait_for(lambda: half_done(store))
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(kill)
    asked = time.monotonic()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -kill and time.monotonic() - asked < 10
    wait_for(lambda: not any(child.is_running() for child in family), seconds=15)
    left = digests(store)
    hidden = [name for name in left if ".tmp-" in name]
    assert kill == signal.SIGKILL or hidden == [], "a partial recording was left"
    done = {name for name in left if name not in hidden}
    assert done < set(straight) and all(left[name] == straight[name] for name in done)
    if kill == signal.SIGINT:
        assert len(re.findall("Traceback", errors)) == 1, errors  # the parent's alone
    finish(data, store, tmp_path)
    assert digests(store) == straight


@pytest.mark.parametrize("seconds", [0.0, 0.3, 0.6, 1.2, 2.4])
def test_an_interrupt_at_any_moment_is_one_error_and_leaves_no_process(seconds, data, tmp_path):
    process = start(data, tmp_path / "store", tmp_path)
    wait_for((tmp_path / "store").exists)  # preparation has begun
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    family = psutil.Process(process.pid).children(recursive=True)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert len(re.findall("Traceback", errors)) == 1 and "KeyboardInterrupt" in errors
    wait_for(lambda: not any(child.is_running() for child in family), seconds=15)


def test_a_killed_worker_costs_nothing_its_recording_is_done_at_the_end(data, straight, tmp_path):
    store = tmp_path / "store"
    process = start(data, store, tmp_path)
    wait_for(lambda: half_done(store))
    writer = next(path for path in store.rglob(".tmp-*") if path.is_dir())
    os.kill(int(writer.name.rsplit("-", 1)[1]), signal.SIGKILL)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert digests(store) == straight


LIMITS = {  # what the disk or the memory of the machine has; the advice of the one line at the end
    "file size": (resource.RLIMIT_FSIZE, 3_000_000, "StoreError: .*cannot be written.*with room"),
    "memory": (
        resource.RLIMIT_AS,
        900 * 2**20,
        "[Mm]emory|allocate|map segment|cannot (be )?start|has ended|none was prepared",
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_machine_without_room_books_nothing_and_the_next_run_ends_the_same(
    name, data, straight, tmp_path
):
    store, (limit, amount, words) = tmp_path / "store", LIMITS[name]
    process = start(data, store, tmp_path, lambda: resource.setrlimit(limit, (amount, amount)))
    _, errors = process.communicate(timeout=300)
    assert process.returncode != 0 and re.search(words, errors), errors
    left = {name: d for name, d in digests(store).items() if ".tmp-" not in name}
    assert left.items() <= straight.items() and "index.parquet" not in left
    finish(data, store, tmp_path)
    assert digests(store) == straight


def test_memory_does_not_grow_with_the_video(tmp_path):
    """One worker's peak over a video ten times as long."""
    peak_mib = []
    for seconds in (10, 100):
        path = write_clip(tmp_path / f"{seconds}.mp4", seconds=seconds, fps=30.0)
        peak_mib.append(peak_of_worker_mib(recording(path), tmp_path / f"store{seconds}"))
    assert max(peak_mib) < 700
    assert peak_mib[1] < peak_mib[0] + 30


def peak_of_worker_mib(one, store):
    """Largest resident memory of the process that decodes and runs FaceMesh."""
    import threading

    peak, done = [0], threading.Event()

    def watch():
        while not done.is_set():
            for child in psutil.Process().children():
                try:
                    if any("/av/" in region.path for region in child.memory_maps()):
                        peak[0] = max(peak[0], child.memory_info().rss)
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue  # it has just ended
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    table = prepare([one], store, workers=1, progress=False)
    done.set()
    watcher.join()
    assert table["status"].tolist() == ["prepared"]
    return peak[0] / 2**20
