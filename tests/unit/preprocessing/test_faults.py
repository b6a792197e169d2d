"""Faults of the machine end a preparation and book nothing; other surprises cost one recording."""

import errno
import pickle

import cv2
import numpy as np
import pytest
from helpers.vision_clips import recording, write_clip

from rppg.datasets.store import Store, StoreError
from rppg.preprocessing import prepare as prepare_module
from rppg.preprocessing.face_detector import FinderLost
from rppg.preprocessing.faults import MachineFault, machine_fault
from rppg.preprocessing.prepare import prepare, prepare_one
from rppg.utils.worker_pool import WorkerDied

EXTRACT = "rppg.preprocessing.prepare_recording.extract"


def out_of_memory_in_opencv():
    error = cv2.error("Insufficient memory")
    error.code = cv2.Error.StsNoMem
    return error


def out_of_memory_in_numpy():
    with pytest.raises(MemoryError) as caught:
        np.empty(2**60, np.uint8)
    return caught.value


FAULTS = {
    "disk full": (OSError(errno.ENOSPC, "No space left on device"), "make room"),
    "quota": (OSError(errno.EDQUOT, "Disk quota exceeded"), "make room"),
    "read-only": (OSError(errno.EROFS, "Read-only file system"), "choose another folder"),
    "disk broken": (OSError(errno.EIO, "Input/output error"), "a disk fails"),
    "files": (OSError(errno.EMFILE, "Too many open files"), "raise the limit"),
    "memory": (MemoryError(), "not enough memory; use fewer workers"),
    "NumPy's": (
        out_of_memory_in_numpy(),
        "allocate .* not enough memory",
    ),
    "OpenCV's": (out_of_memory_in_opencv(), "not enough memory"),
    "PyTorch's": (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "not enough memory"),
    "library": (ImportError("libGL.so.1: cannot open"), "libGL.so.1.* install"),
    "module": (ModuleNotFoundError("No module named 'torch'"), "'torch'.* install"),
    "store": (StoreError(errno.ENOSPC, "cannot be written under X"), "cannot be written"),
    "finder": (FinderLost("the process that finds faces has ended"), "has ended"),
}


@pytest.fixture
def clip(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no video, and never read")
    return recording(tmp_path / "a.mp4")


def raising(error):
    def extract(*_):
        raise error

    return extract


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_machine_is_raised_with_advice_and_books_nothing(
    name, tmp_path, clip, monkeypatch
):
    error, words = FAULTS[name]
    monkeypatch.setattr(EXTRACT, raising(error))
    store = Store(tmp_path / "store")
    with pytest.raises((RuntimeError, StoreError), match=words) as caught:
        prepare_one(clip, store)
    assert "\n" not in str(caught.value) and type(caught.value) is type(
        pickle.loads(pickle.dumps(caught.value))
    )
    assert store.meta(clip.id) is None and not list(store.root.rglob("*.json"))
    assert not list(store.root.rglob(".tmp-*"))


def test_a_landmarker_that_cannot_start_is_no_fault_of_a_recording(tmp_path, clip, monkeypatch):
    from rppg.preprocessing import prepare_recording

    def broken():
        raise FileNotFoundError("face_landmark.tflite")

    prepare_recording._landmarker.cache_clear()
    monkeypatch.setattr(prepare_recording, "FaceLandmarks", broken)
    with pytest.raises(MachineFault, match="FaceMesh cannot be started .*tflite.*install"):
        prepare_one(clip, Store(tmp_path / "store"))
    assert Store(tmp_path / "store").meta(clip.id) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "error", [ZeroDivisionError("division"), KeyError("k"), cv2.error("assertion"), IndexError()]
)
def test_an_unforeseen_error_costs_its_recording_and_is_told_apart(tmp_path, monkeypatch, error):
    assert machine_fault(error, "a") is None
    clips = []
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(b"no video")
        clips.append(recording(tmp_path / name))
    table = run_here(monkeypatch, clips, tmp_path / "store", extract_of={clips[0].id: error})
    assert table["status"].tolist() == ["failed", "failed"]
    assert table["unforeseen"].tolist() == [True, False] and table["unforeseen"].dtype == bool
    assert table["reason"][0].startswith(type(error).__name__)
    store = Store(tmp_path / "store")
    assert store.meta(clips[0].id)["fingerprint"] is None  # tried again the next time
    assert store.meta(clips[1].id)["fingerprint"] is not None
    assert (store.root / "index.parquet").is_file()


def run_here(monkeypatch, clips, store, extract_of=None, died=()):
    """`prepare` in this process.  extract_of: error by id; died: what stands for the first results
    of a recording, by (id, WorkerDied)."""
    died, errors = list(died), extract_of or {}

    def extract(one, *_):
        raise errors.get(one.id, ValueError("no face"))

    def pool(task, items, workers, setup=None):
        for index, item in enumerate(items):
            gone = next((pair for pair in died if pair[0] == item.id), None)
            if gone:
                died.remove(gone)
            yield index, gone[1] if gone else task(item)

    monkeypatch.setattr(EXTRACT, extract)
    monkeypatch.setattr(prepare_module.worker_pool, "run", pool)
    return prepare(clips, store, progress=False)


def two_clips(tmp_path):
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(b"no video")
    return [recording(tmp_path / "a.mp4"), recording(tmp_path / "b.mp4")]


@pytest.mark.slow
def test_a_recording_whose_process_died_once_is_tried_again_alone(tmp_path, monkeypatch):
    clips = two_clips(tmp_path)
    died = [(clips[0].id, WorkerDied(-9))]
    table = run_here(monkeypatch, clips, tmp_path / "store", died=died)
    assert table["reason"].tolist() == ["no face", "no face"]
    assert not table["unforeseen"].any()


@pytest.mark.slow
def test_a_process_that_crashes_twice_is_an_unforeseen_failure(tmp_path, monkeypatch):
    clips = two_clips(tmp_path)
    died = [(clips[0].id, WorkerDied(-11))] * 2
    table = run_here(monkeypatch, clips, tmp_path / "store", died=died)
    assert table["reason"][0] == "the worker process died (killed by SIGSEGV), twice"
    assert table["unforeseen"].tolist() == [True, False]
    assert Store(tmp_path / "store").meta(clips[0].id)["fingerprint"] is None


@pytest.mark.slow
def test_processes_that_crash_on_every_recording_end_the_run_and_book_nothing(
    tmp_path, monkeypatch
):
    clips = two_clips(tmp_path)
    died = [(clip.id, WorkerDied(-6)) for clip in clips] * 2
    with pytest.raises(MachineFault, match="2 recordings, none was prepared: .*SIGABRT.*memory"):
        run_here(monkeypatch, clips, tmp_path / "store", died=died)
    assert not list((tmp_path / "store").rglob("*.json"))


@pytest.mark.slow
def test_a_process_that_is_killed_twice_ends_the_run_after_the_others(tmp_path, monkeypatch):
    clips = two_clips(tmp_path)
    died = [(clips[0].id, WorkerDied(-9))] * 2
    with pytest.raises(MachineFault, match="killed twice.*not enough memory.*leave this video out"):
        run_here(monkeypatch, clips, tmp_path / "store", died=died)
    store = Store(tmp_path / "store")
    assert store.meta(clips[0].id) is None and store.ids("failed") == [clips[1].id]
    assert not (store.root / "index.parquet").exists()


@pytest.mark.slow
def test_a_fault_in_a_worker_ends_the_run_without_an_index(tmp_path, monkeypatch):
    clips = two_clips(tmp_path)
    with pytest.raises(MachineFault, match="not enough memory"):
        errors = {clips[1].id: MemoryError()}
        run_here(monkeypatch, clips, tmp_path / "store", extract_of=errors)
    assert not (tmp_path / "store" / "index.parquet").exists()


@pytest.mark.slow
def test_a_prepared_copy_stays_if_its_source_is_gone(tmp_path, monkeypatch):
    clip = recording(write_clip(tmp_path / "a.mp4", seconds=4.0))
    store = Store(tmp_path / "store")
    meta = prepare_one(clip, store)
    clip.frames.unlink()
    gone = prepare_one(clip, store)
    assert "missing" in gone["reason"] and gone["reason"].endswith("earlier stays")
    assert store.meta(clip.id) == meta


@pytest.mark.slow
@pytest.mark.parametrize("array", ["face", "mstmap", "bvp"])
def test_a_recording_with_a_damaged_array_is_prepared_again(tmp_path, monkeypatch, array):
    from rppg.datasets.recording import Signal

    times_s = np.arange(300) / 60
    bvp = Signal(values=np.sin(times_s), times_s=times_s)
    clip = recording(write_clip(tmp_path / "a.mp4", seconds=4.0), bvp=bvp)
    store = Store(tmp_path / "store")
    meta = prepare_one(clip, store)
    path = store.path(clip.id) / f"{array}.npy"
    content = path.read_bytes()
    for damage in (path.unlink, lambda: path.write_bytes(content[:-9])):
        damage()
        assert prepare_one(clip, store) == meta and path.read_bytes() == content
    before = path.stat().st_mtime_ns
    prepare_one(clip, store)
    assert path.stat().st_mtime_ns == before
