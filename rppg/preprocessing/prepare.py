"""Preparation of recordings: from the video to the store, in several processes.

Crops (T, 128, 128, 3) uint8, wide crops (T, 64, 64, 3) if requested, and the MSTmap (T, 63, 6)
float32 are written to disk as they are computed, the contact PPG (T,) float32, if there is one,
afterwards.  T frames at 30 fps.

    >>> from rppg.datasets import read
    >>> table = prepare(read("ubfc_rppg", "UBFC-rPPG"), "prepared", workers=2)  # doctest: +SKIP
    >>> table["status"].value_counts()  # doctest: +SKIP
"""

import functools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
from tqdm import tqdm

from rppg.datasets.recording import Recording
from rppg.datasets.store import Store
from rppg.preprocessing.extract import extract
from rppg.preprocessing.face_detector import shared_finder
from rppg.preprocessing.faults import MEMORY, RESUMES, MachineFault
from rppg.preprocessing.prepare_recording import (
    ARRAYS,
    How,
    Outcome,
    is_current,
    prepare_one,
    prepare_recording,
    store_failure,
)
from rppg.preprocessing.sharding import count_missing, split_shard
from rppg.utils import worker_pool

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ARRAYS", "extract", "prepare", "prepare_one"]

COLUMNS = {  # columns of the table that `prepare` returns
    **dict.fromkeys(("id", "status", "reason"), object),
    **dict.fromkeys(("n_frames", "n_source_frames", "disk_bytes"), "Int64"),
    "seconds": float,
    "unforeseen": bool,
}


def prepare(
    recordings: Sequence[Recording],
    store_root: Path | str,
    workers: int = 2,
    progress: bool = True,
    retry_failed: bool = False,
    shard: str = "1/1",
    crops: Sequence[str] = ("face",),
    tracking: str = "sparse",
) -> "pd.DataFrame":
    """Prepare recordings in `workers` processes, then write the store's index.

    crops: the crops to make, of CROPS; "face" is always made.  A recording that was prepared
    without a requested crop is prepared again; one with additional crops stays.
    tracking: "sparse", or "every_frame" for FaceMesh on every frame; a recording that was prepared
    with the other one is prepared again.  One worker decodes and tracks in threads of its own.
    shard "i/n": only every n-th recording, in natural order of ids; calls with the other shards do
    the rest, before, after or at the same time, on this machine or another.  The index is written
    by the shard that finishes last.

    Returns one row per recording of the shard, in the given order: id, status ("prepared",
    "reused", "failed"), reason, n_frames, n_source_frames, disk_bytes, seconds, unforeseen (whether
    it failed by an error that no check expects: a bug, or a process that crashed); attrs: wall_s,
    and n_missing, the number of unfinished recordings of other shards.  A recording that cannot be
    prepared is stored as failed with the reason, and the rest continues; one whose process died is
    tried once more at the end, alone.  After an interruption at any moment, the same call resumes
    with the unfinished recordings.
    Raises, and writes no index, if the machine is at fault: StoreError, an OSError, if the store
    cannot be written, MachineFault, a RuntimeError, for missing memory or a missing library,
    FinderLost, a RuntimeError, if the face detector's process ends.  Raises RuntimeError if the
    processes cannot start, and ValueError for duplicate ids, unknown crops, an unknown tracking and
    an invalid shard.
    """
    import pandas as pd  # half a second, which the workers, who import this module, need not wait

    start_s = time.perf_counter()
    how = How(tuple(crops) if not isinstance(crops, str) else crops, tracking, workers == 1)
    how.check()
    twice = [id for id, n in Counter(r.id for r in recordings).items() if n > 1]
    if twice:
        raise ValueError(f"two recordings have the id {twice[0]}: ids must differ")
    own, others = split_shard(recordings, shard)
    store = Store(store_root)
    store.check_writable()
    work = functools.partial(_row, store=store, retry_failed=retry_failed, how=how)
    rows = _prepare_all(own, store, workers, progress, work)
    is_done = functools.partial(is_current, how=how, store=store)
    n_missing = count_missing(others, store, is_done)
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
    is_new = [not store.path(recording.id).exists() for recording in recordings]
    order = sorted(range(len(recordings)), key=is_new.__getitem__)
    queue = [recordings[k] for k in order]
    rows: list[dict] = [{}] * len(recordings)
    with (
        _shared_finder(any(is_new)) as find,
        closing(_results(functools.partial(work, find=find), queue, workers, store)) as results,
        tqdm(total=len(queue), desc="prepare", unit="recording", disable=not progress) as bar,
    ):
        n_failed = 0
        for place, row in results:
            rows[order[place]] = row
            n_failed += row["status"] == "failed"
            bar.set_postfix(failed=n_failed, refresh=False)
            bar.update()
    return rows


@contextmanager
def _shared_finder(warm_up: bool) -> Iterator[Callable]:
    """`shared_finder`; MachineFault if its process ends before it has started."""
    with ExitStack() as stack:
        try:
            find = stack.enter_context(shared_finder(warm_up))
        except EOFError as error:
            text = "the process that finds faces cannot start, its error is above"
            raise MachineFault(f"{text}: {MEMORY}, or install requirements.lock again") from error
        yield find


def _results(
    work: Callable, queue: list[Recording], workers: int, store: Store
) -> Iterator[tuple[int, dict]]:
    """(index, row) of each recording.  One whose process died is tried again at the end, alone."""
    died, n_prepared = [], 0
    with closing(worker_pool.run(work, queue, workers, setup=_one_thread)) as results:
        for place, row in results:
            if isinstance(row, worker_pool.WorkerDied):
                died.append(place)
            else:
                n_prepared += row["status"] == "prepared"
                yield place, row
    alone = worker_pool.run(work, [queue[place] for place in died], 1, setup=_one_thread)
    crashes = {}
    with closing(alone) as results:
        for index, row in results:
            if isinstance(row, worker_pool.WorkerDied):
                crashes[died[index]] = row
            else:
                n_prepared += row["status"] == "prepared"
                yield died[index], row
    _check_crashes({queue[place].id: died for place, died in crashes.items()}, n_prepared)
    for place, how in crashes.items():
        meta = store_failure(queue[place], store, f"{how}, twice", mark=None)
        yield place, _as_row(Outcome("failed", meta, unforeseen=True), store, seconds=None)


def _check_crashes(crashes: dict[str, worker_pool.WorkerDied], n_prepared: int) -> None:
    """Raises MachineFault if recordings whose processes died twice (id -> how) are not at fault:
    one was killed, as Linux does when memory is short, or none of several could be prepared."""
    for id, died in crashes.items():
        if died.was_killed:
            text = f"{id}: the process was killed twice, the second time as the only one"
            raise MachineFault(f"{text}: {MEMORY}, or leave this video out; {RESUMES}")
    if len(crashes) > 1 and not n_prepared:
        text = f"{len(crashes)} recordings, none was prepared: {next(iter(crashes.values()))}"
        raise MachineFault(f"{text}; {MEMORY}, or install requirements.lock again")


def _row(recording: Recording, store: Store, find, retry_failed: bool, how: How) -> dict:
    start_s = time.perf_counter()
    outcome = prepare_recording(recording, store, find, retry_failed, how)
    return _as_row(outcome, store, time.perf_counter() - start_s)


def _as_row(outcome: Outcome, store: Store, seconds: float | None) -> dict:
    status, meta, unforeseen = outcome
    row = {word: meta.get(word) for word in ("id", "reason", "n_frames", "n_source_frames")}
    sizes = {"disk_bytes": store.disk_bytes(meta["id"]), "seconds": seconds}
    return {**row, **sizes, "status": status, "unforeseen": unforeseen}


def _one_thread() -> None:
    """Restrict a worker to one core: OpenCV would use all of them."""
    cv2.setNumThreads(1)
