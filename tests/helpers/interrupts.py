"""For tests that interrupt a preparation: state and digests of its store."""

import hashlib
import os
import time

N_CLIPS = 8


def digests(store):
    """Digest of every file of a store, hidden ones included, by name."""
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.rglob("*"))
        if path.is_file()
    }


def half_done(store):
    """Whether some recordings are complete and another is being written."""
    complete, under_way = 0, 0
    for folder, _, names in os.walk(store):  # folders may be renamed meanwhile
        complete += "recording.json" in names and ".tmp-" not in folder
        under_way += "face.npy" in names and ".tmp-" in folder
    return 2 <= complete < N_CLIPS - 1 and under_way


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
