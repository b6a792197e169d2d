"""Sharding: several calls prepare parts of one list of recordings, on one machine or several.

Shard i of n takes every n-th recording of the naturally sorted list, so that every shard gets
recordings of every dataset.  Each shard writes its own recordings only; the one that finds all
recordings finished writes the index.

    >>> parse_shard("2/4")
    (2, 4)
    >>> from rppg.datasets import Recording
    >>> clips = [Recording("demo", "ann", f"v{k}", frames=f"v{k}.mp4") for k in (1, 2, 10, 11)]
    >>> own, others = split_shard(clips, "2/2")
    >>> [r.name for r in own], [r.name for r in others]
    (['v2', 'v11'], ['v1', 'v10'])
"""

import re
from collections.abc import Callable, Sequence

from rppg.datasets.readers.parsing import natural
from rppg.datasets.recording import Recording, fingerprint
from rppg.datasets.store import Store


def parse_shard(shard: str) -> tuple[int, int]:
    """(i, n) of "i/n".  Raises ValueError unless 1 <= i <= n."""
    found = re.fullmatch(r"([0-9]+)/([0-9]+)", shard)
    i, n = map(int, found.groups()) if found else (0, 0)
    if not 1 <= i <= n:
        raise ValueError(f"shard {shard!r}: expected i/n with i from 1 to n, as 1/4, 2/4, 3/4, 4/4")
    return i, n


def split_shard(
    recordings: Sequence[Recording], shard: str
) -> tuple[list[Recording], list[Recording]]:
    """(recordings of the shard, those of the other shards), each in the given order.

    Raises ValueError for an invalid shard.
    """
    i, n = parse_shard(shard)
    mine = set(sorted((recording.id for recording in recordings), key=natural)[i - 1 :: n])
    own = [recording for recording in recordings if recording.id in mine]
    return own, [recording for recording in recordings if recording.id not in mine]


def count_missing(
    recordings: Sequence[Recording], store: Store, is_current: Callable[[dict], bool]
) -> int:
    """Number of recordings that are not finished.

    A recording is finished if it was prepared, or has failed, from its current source; is_current
    tells whether a recording.json is of the current version of the preparation.  Sources are read
    only if all recordings are in the store, which few of many shards see.
    """
    metas = [store.meta(recording.id) for recording in recordings]
    n_missing = sum(meta is None or not is_current(meta) for meta in metas)
    if n_missing:
        return n_missing
    return sum(not _is_of(r, meta) for r, meta in zip(recordings, metas, strict=True))


def _is_of(recording: Recording, meta: dict) -> bool:
    """Whether a recording.json describes the current source."""
    if meta["status"] == "failed" and meta.get("fingerprint") is None:
        return True  # its source could not be read, or its process died
    try:
        return meta.get("fingerprint") == fingerprint(recording)
    except OSError:
        return False
