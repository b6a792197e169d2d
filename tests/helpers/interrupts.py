"""Processes that are interrupted half-way, and what they leave."""

import hashlib
import time

N_CLIPS = 8


def digests(store):
    """Of every file below a store but the index, by name; hidden ones too."""
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.rglob("*"))
        if path.is_file()
    }


def half_done(store):
    """Some recordings are whole and another is being written."""
    whole, under_way = 0, 0
    for path in store.rglob("*.*"):
        whole += path.name == "recording.json" and ".tmp-" not in str(path)
        under_way += path.name == "face.npy" and ".tmp-" in str(path)
    return 2 <= whole < N_CLIPS - 1 and under_way


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
