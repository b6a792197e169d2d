"""For tests that interrupt a preparation: state and digests of its store."""

import hashlib
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
    for path in store.rglob("*.*"):
        complete += path.name == "recording.json" and ".tmp-" not in str(path)
        under_way += path.name == "face.npy" and ".tmp-" in str(path)
    return 2 <= complete < N_CLIPS - 1 and under_way


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
