"""Preparation of recordings: from the video to the store, in several processes.

Crops (T, 128, 128, 3) uint8, wide crops (T, 64, 64, 3) if requested, and the MSTmap (T, 63, 6)
float32 are written to disk as they are computed, the contact PPG (T,) float32, if there is one,
afterwards.  T frames at 30 fps.

    >>> from rppg.datasets import read
    >>> table = prepare(read("ubfc_rppg", "UBFC-rPPG"), "prepared", workers=2)  # doctest: +SKIP
    >>> table["status"].value_counts()  # doctest: +SKIP
"""

import functools
import importlib.metadata
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from rppg.datasets.npy_writer import ArrayFile
from rppg.datasets.prepared import FPS
from rppg.datasets.recording import LONGEST_BRIDGE_S, Recording, fingerprint
from rppg.datasets.store import Store, StoreError
from rppg.preprocessing.extract import extract
from rppg.preprocessing.face_detector import BoxFinder, FinderLost, shared_finder
from rppg.preprocessing.face_mesh import CROP_SIDE, FaceLandmarks
from rppg.preprocessing.sharding import count_missing, split_shard
from rppg.preprocessing.wide_crop import WIDE_SIDE
from rppg.utils import worker_pool

PREPARATION = 2  # increased if the same video gives other arrays: all recordings are redone
PACKAGES = ("av", "facenet-pytorch", "mediapipe", "numpy", "opencv-contrib-python", "scipy")
COLUMNS = {  # columns of the table that `prepare` returns
    **dict.fromkeys(("id", "status", "reason"), object),
    **dict.fromkeys(("n_frames", "n_source_frames", "disk_bytes"), "Int64"),
    "seconds": float,
}
CROPS = ("face", "wide")
ARRAYS = {  # shape per frame and type on disk
    "mstmap": ((63, 6), "<f4"),
    "face": ((CROP_SIDE, CROP_SIDE, 3), "|u1"),
    "wide": ((WIDE_SIDE, WIDE_SIDE, 3), "|u1"),
}

_landmarker = functools.cache(FaceLandmarks)  # built once per process, when first needed
_finder = functools.cache(BoxFinder)


def prepare(
    recordings: Sequence[Recording],
    store_root: Path | str,
    workers: int = 2,
    progress: bool = True,
    retry_failed: bool = False,
    shard: str = "1/1",
    crops: Sequence[str] = ("face",),
) -> pd.DataFrame:
    """Prepare recordings in `workers` processes, then write the store's index.

    crops: the crops to make, of CROPS; "face" is always made.  A recording that was prepared
    without a requested crop is prepared again; one with additional crops stays.
    shard "i/n": only every n-th recording, in natural order of ids; calls with the other shards do
    the rest, before, after or at the same time, on this machine or another.  The index is written
    by the shard that finishes last.

    Returns one row per recording of the shard, in the given order: id, status ("prepared",
    "reused", "failed"), reason, n_frames, n_source_frames, disk_bytes, seconds; attrs: wall_s, and
    n_missing, the number of unfinished recordings of other shards.  A recording that cannot be
    prepared, or whose process dies, is stored as failed with the reason, and the rest continues.
    After an interruption at any moment, the same call resumes with the unfinished recordings.
    Raises StoreError, an OSError, if the store cannot be written, RuntimeError if the processes
    cannot start or the face detector's process ends, and ValueError for duplicate ids, unknown
    crops and an invalid shard.
    """
    start_s = time.perf_counter()
    _check_crops(crops)
    twice = [id for id, n in Counter(r.id for r in recordings).items() if n > 1]
    if twice:
        raise ValueError(f"two recordings have the id {twice[0]}: ids must differ")
    own, others = split_shard(recordings, shard)
    store = Store(store_root)
    store.check_writable()
    work = functools.partial(_row, store=store, retry_failed=retry_failed, crops=tuple(crops))
    rows = _prepare_all(own, store, workers, progress, work)
    n_missing = count_missing(others, store, functools.partial(_is_current, crops=crops))
    if n_missing == 0:
        store.write_index()
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    table.attrs = {"wall_s": time.perf_counter() - start_s, "n_missing": n_missing}
    return table


def _prepare_all(
    recordings: list[Recording], store: Store, workers: int, progress: bool, work: Callable
) -> list[dict]:
    """Rows of the table, by work(recording, find=...).  Recordings in the store come first, because
    it is soon known whether they can be reused."""
    order = sorted(range(len(recordings)), key=lambda k: not store.path(recordings[k].id).exists())
    queue = [recordings[k] for k in order]
    rows: list[dict] = [{}] * len(recordings)
    with (
        shared_finder() as find,
        closing(
            worker_pool.run(functools.partial(work, find=find), queue, workers, setup=_one_thread)
        ) as results,
        tqdm(total=len(queue), desc="prepare", unit="recording", disable=not progress) as bar,
    ):
        n_failed = 0
        for place, row in results:
            if isinstance(row, worker_pool.WorkerDied):
                meta = _store_failure(queue[place], store, str(row), mark=None)
                row = _as_row("failed", meta, store, seconds=None)
            rows[order[place]] = row
            n_failed += row["status"] == "failed"
            bar.set_postfix(failed=n_failed, refresh=False)
            bar.update()
    return rows


def _check_crops(crops: Sequence[str]) -> None:
    """Raise ValueError unless crops is a list of CROPS."""
    if isinstance(crops, str) or not set(crops) <= set(CROPS):
        raise ValueError(f"crops are {crops!r}, expected a list of {' and '.join(CROPS)}")


def prepare_one(
    recording: Recording, store: Store, retry_failed: bool = False, crops: Sequence[str] = ("face",)
) -> dict:
    """Prepare one recording in this process; returns its recording.json.

    A recording that is prepared with these crops and whose source is unchanged is reused.  One that
    cannot be prepared is stored as failed with the reason, until its source changes or with
    retry_failed; after an unexpected error it is tried again each time.  Raises StoreError, an
    OSError, if the store cannot be written, ValueError for unknown crops.
    """
    _check_crops(crops)
    return _prepare(recording, store, _finder().find, retry_failed, crops)[1]


def _prepare(recording: Recording, store: Store, find, retry_failed, crops) -> tuple[str, dict]:
    """("prepared" | "reused" | "failed", recording.json)."""
    try:
        mark = fingerprint(recording)
    except OSError as error:
        return "failed", _store_failure(recording, store, _reason(error, recording), mark=None)
    known = store.meta(recording.id)
    if known is not None and known.get("fingerprint") == mark and _is_current(known, crops):
        if known["status"] == "ok":
            return "reused", known
        if not retry_failed:
            return "failed", known
    try:
        return "prepared", _write(recording, store, find, mark, crops)
    except (StoreError, FinderLost):
        raise
    except ValueError as error:
        return "failed", _store_failure(recording, store, _reason(error, recording), mark)
    except Exception as error:  # unexpected: stored with its type, tried again next time
        reason = f"{type(error).__name__}: {_reason(error, recording)}"
        return "failed", _store_failure(recording, store, reason, mark=None)


def _write(recording: Recording, store: Store, find, mark: str, crops) -> dict:
    with store.begin(recording.id) as writer:
        with ExitStack() as stack:
            to = {}  # name -> function that appends frames to that array
            for name in dict.fromkeys(("mstmap", "face", *crops)):
                file = ArrayFile(writer.folder / f"{name}.npy", *ARRAYS[name])
                to[name] = stack.enter_context(file).append
            on_wide = to.get("wide")
            traces = extract(recording, _landmarker(), to["face"], find, to["mstmap"], on_wide)
        meta = {**_identity(recording, mark), "status": "ok", "reason": None, **traces.meta}
        if recording.bvp is not None:
            bvp = recording.bvp.at(meta["start_s"] + traces.times_s)  # (T,)
            meta["notes"] += _coverage(bvp)
            if not np.isnan(bvp).all():
                writer.save("bvp", bvp.astype(np.float32))
        writer.commit(meta)
    return meta


def _coverage(bvp: np.ndarray) -> list[str]:
    """A note if half a second or more of a BVP (T,) is missing, that is NaN."""
    n = int(np.isfinite(bvp).sum())
    if (len(bvp) - n) / FPS < LONGEST_BRIDGE_S:
        return []
    if n == 0:
        return ["the contact PPG covers no part of the video"]
    return [f"the contact PPG covers {n / FPS:.2f} of {len(bvp) / FPS:.2f} s of the video"]


def _store_failure(recording: Recording, store: Store, reason: str, mark: str | None) -> dict:
    meta = {**_identity(recording, mark), "status": "failed", "reason": reason}
    with store.begin(recording.id) as writer:
        writer.commit(meta)
    return meta


def _reason(error: Exception, recording: Recording) -> str:
    """Message of an error without the folder of the recording, which differs between machines."""
    first = recording.frames[0] if isinstance(recording.frames, tuple) else recording.frames
    return str(error).replace(f"{first.parent}{os.sep}", "")


def _identity(recording: Recording, mark: str | None) -> dict:
    words = ("id", "dataset", "subject", "name", "split", "origin", "known_bad", "fps_source")
    return {
        **{word: getattr(recording, word) for word in words},
        "hr_mean_bpm": recording.hr_mean_bpm,
        "hr_true_bpm": recording.true_hr_bpm(),
        "notes": list(recording.notes),
        "fingerprint": mark,
        "versions": _versions(),
    }


@functools.cache
def _versions() -> dict:
    packages = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"preparation": PREPARATION, **packages}


def _is_current(meta: dict, crops: Sequence[str]) -> bool:
    """Whether a recording.json is of this version of the preparation and has these crops."""
    has_all = meta["status"] == "failed" or "wide" not in crops or "wide_boxes" in meta
    return has_all and meta.get("versions", {}).get("preparation") == PREPARATION


def _row(recording: Recording, store: Store, find, retry_failed: bool, crops) -> dict:
    start_s = time.perf_counter()
    status, meta = _prepare(recording, store, find, retry_failed, crops)
    return _as_row(status, meta, store, time.perf_counter() - start_s)


def _as_row(status: str, meta: dict, store: Store, seconds: float | None) -> dict:
    row = {word: meta.get(word) for word in ("id", "reason", "n_frames", "n_source_frames")}
    disk_bytes = store.disk_bytes(meta["id"])
    return {**row, "status": status, "disk_bytes": disk_bytes, "seconds": seconds}


def _one_thread() -> None:
    """Restrict a worker to one core: OpenCV would use all of them."""
    cv2.setNumThreads(1)
