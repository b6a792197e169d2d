"""A recording all the way from its video into the store; many beside each other.

Crops (T, 128, 128, 3) uint8 and the MSTmap (T, 63, 6) float32 go straight to the disk; the contact
wave (T,) float32, where there is one, follows.  T frames at 30 fps.

    >>> from rppg.recordings import read
    >>> table = prepare(read("ubfc_rppg", "UBFC-rPPG"), "prepared", workers=2)  # doctest: +SKIP
    >>> table["status"].value_counts()  # doctest: +SKIP
"""

import functools
import importlib.metadata
import os
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from rppg.recordings.array_file import ArrayFile
from rppg.recordings.prepared import FPS
from rppg.recordings.recording import LONGEST_BRIDGE_S, Recording, fingerprint
from rppg.recordings.store import Store, StoreError
from rppg.vision import pool
from rppg.vision.boxes import BoxFinder, FinderLost, shared_finder
from rppg.vision.face import CROP_SIDE, FaceLandmarks
from rppg.vision.progress import Progress
from rppg.vision.shard import count_missing, split_shard
from rppg.vision.traces import Traces, extract

__all__ = ["Traces", "extract", "prepare", "prepare_one"]

PREPARATION = 2  # raised when the same video would be prepared differently: all is done again
PACKAGES = ("av", "facenet-pytorch", "mediapipe", "numpy", "opencv-contrib-python", "scipy")
COLUMNS = {  # of the table that `prepare` returns
    **dict.fromkeys(("id", "status", "reason"), object),
    **dict.fromkeys(("n_frames", "n_source_frames", "disk_bytes"), "Int64"),
    "seconds": float,
}

_landmarker = functools.cache(FaceLandmarks)  # built once a process, when first needed
_finder = functools.cache(BoxFinder)


def prepare(
    recordings: Sequence[Recording],
    store_root: Path | str,
    workers: int = 2,
    progress: bool = True,
    retry_failed: bool = False,
    shard: str = "1/1",
) -> pd.DataFrame:
    """Prepare recordings in `workers` processes, then write the store's index.

    shard "i/n": every n-th recording only, in natural order of ids; the same call with the other
    shards, before, after or at the same time, on this machine or another, does the rest.  The index
    is written by a shard that ends with all recordings done.

    Returns one row a recording of the shard, in the order given: id, status ("prepared", "reused",
    "failed"), reason, n_frames, n_source_frames, disk_bytes, seconds; attrs hold wall_s, and
    n_missing, the recordings of other shards that are still to be done.  A recording that cannot be
    prepared, or whose process dies, is stored as failed with the reason and the others go on.
    Stopped at any moment, the same call goes on from the recordings that are whole.  Raises
    StoreError, an OSError, where the store cannot be written, RuntimeError where the processes
    cannot start or the one that finds faces ends, and ValueError for two recordings of one id and
    a shard that is none.
    """
    start_s = time.perf_counter()
    twice = [id for id, n in Counter(r.id for r in recordings).items() if n > 1]
    if twice:
        raise ValueError(f"two recordings have the id {twice[0]}: ids must differ")
    own, others = split_shard(recordings, shard)
    store = Store(store_root)
    store.check_writable()
    rows = _prepare_all(own, store, workers, progress, retry_failed)
    n_missing = count_missing(others, store, _is_current)
    if n_missing == 0:
        store.write_index()
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    table.attrs = {"wall_s": time.perf_counter() - start_s, "n_missing": n_missing}
    return table


def _prepare_all(
    recordings: list[Recording], store: Store, workers: int, progress: bool, retry_failed: bool
) -> list[dict]:
    """Rows of the table.  What lies in the store already comes first: it is soon known whether it
    can stay, and what is left to do."""
    order = sorted(range(len(recordings)), key=lambda k: not store.path(recordings[k].id).exists())
    queue = [recordings[k] for k in order]
    rows: list[dict] = [{}] * len(recordings)
    with (
        shared_finder() as find,
        closing(
            pool.run(
                functools.partial(_row, store=store, find=find, retry_failed=retry_failed),
                queue,
                workers,
                setup=_one_thread,
            )
        ) as results,
        Progress(queue, workers, progress) as bar,
    ):
        for place, row in results:
            if isinstance(row, pool.WorkerDied):
                meta = _store_failure(queue[place], store, str(row), mark=None)
                row = _as_row("failed", meta, store, seconds=None)
            rows[order[place]] = row
            bar.done(place, row["status"], row["seconds"])
    return rows


def prepare_one(recording: Recording, store: Store, retry_failed: bool = False) -> dict:
    """Prepare one recording in this process; its recording.json.

    What is prepared already, and unchanged, stays.  A recording that cannot be prepared is stored
    as failed with the reason and comes back so until its source changes or retry_failed; one that
    failed by an unforeseen error is tried again each time.  Raises StoreError, an OSError, where
    the store cannot be written.
    """
    return _prepare(recording, store, _finder().find, retry_failed)[1]


def _prepare(recording: Recording, store: Store, find, retry_failed: bool) -> tuple[str, dict]:
    """("prepared" | "reused" | "failed", recording.json)."""
    try:
        mark = fingerprint(recording)
    except OSError as error:
        return "failed", _store_failure(recording, store, _reason(error, recording), mark=None)
    known = store.meta(recording.id)
    if known is not None and known.get("fingerprint") == mark and _is_current(known):
        if known["status"] == "ok":
            return "reused", known
        if not retry_failed:
            return "failed", known
    try:
        return "prepared", _write(recording, store, find, mark)
    except (StoreError, FinderLost):
        raise
    except ValueError as error:
        return "failed", _store_failure(recording, store, _reason(error, recording), mark)
    except Exception as error:  # unforeseen: stored with its name, tried again next time
        reason = f"{type(error).__name__}: {_reason(error, recording)}"
        return "failed", _store_failure(recording, store, reason, mark=None)


def _write(recording: Recording, store: Store, find, mark: str) -> dict:
    with store.begin(recording.id) as writer:
        with (
            ArrayFile(writer.folder / "face.npy", (CROP_SIDE, CROP_SIDE, 3), "|u1") as crops,
            ArrayFile(writer.folder / "mstmap.npy", (63, 6), "<f4") as rows,
        ):
            traces = extract(recording, _landmarker(), crops.append, find, rows.append)
        meta = {**_identity(recording, mark), "status": "ok", "reason": None, **traces.meta}
        if recording.bvp is not None:
            bvp = recording.bvp.at(meta["start_s"] + traces.times_s)  # (T,)
            meta["notes"] += _coverage(bvp)
            if not np.isnan(bvp).all():
                writer.save("bvp", bvp.astype(np.float32))
        writer.commit(meta)
    return meta


def _coverage(bvp: np.ndarray) -> list[str]:
    """A note where half a second or more of a wave (T,) is missing; it is NaN there."""
    n = int(np.isfinite(bvp).sum())
    if (len(bvp) - n) / FPS < LONGEST_BRIDGE_S:
        return []
    if n == 0:
        return ["the contact wave covers no part of the video"]
    return [f"the contact wave covers {n / FPS:.2f} of {len(bvp) / FPS:.2f} s of the video"]


def _store_failure(recording: Recording, store: Store, reason: str, mark: str | None) -> dict:
    meta = {**_identity(recording, mark), "status": "failed", "reason": reason}
    with store.begin(recording.id) as writer:
        writer.commit(meta)
    return meta


def _reason(error: Exception, recording: Recording) -> str:
    """What an error says, without the folder of the recording: it may lie anywhere."""
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


def _is_current(meta: dict) -> bool:
    return meta.get("versions", {}).get("preparation") == PREPARATION


def _row(recording: Recording, store: Store, find, retry_failed: bool) -> dict:
    start_s = time.perf_counter()
    status, meta = _prepare(recording, store, find, retry_failed)
    return _as_row(status, meta, store, time.perf_counter() - start_s)


def _as_row(status: str, meta: dict, store: Store, seconds: float | None) -> dict:
    row = {word: meta.get(word) for word in ("id", "reason", "n_frames", "n_source_frames")}
    disk_bytes = store.disk_bytes(meta["id"])
    return {**row, "status": status, "disk_bytes": disk_bytes, "seconds": seconds}


def _one_thread() -> None:
    """A worker takes one core: OpenCV spreads over all of them otherwise."""
    cv2.setNumThreads(1)
