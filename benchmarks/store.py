"""Speed of reading windows of prepared recordings, and the index of thousands of recordings.

    python benchmarks/store.py                                   # 300 frames of 60 s recordings
    python benchmarks/store.py --out benchmarks/results/store.csv

Writes a store of random data into a temporary folder (0.4 GB).  A window is face, MSTmap and BVP of
300 frames at a random place of a random recording, from a warm cache, copied into memory; the last
8 are kept like a batch, so that each gets new memory.  The reference is np.load of the whole files,
then the slice.
"""

import argparse
import json
import sys
import tempfile
import time
import timeit
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.datasets import Store
from rppg.datasets.prepared import ARRAYS

WINDOW = 300  # frames, 10 s
FRAMES = 1800  # of a recording, 60 s
BATCH = 8  # windows kept
GOALS = {
    "window of an open recording, median ms": ("at most", 10.0),
    "index of 3,000 recordings, s": ("at most", 3.0),
}


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--recordings", type=int, default=4, help="in the store")
    parser.add_argument("--windows", type=int, default=200)
    parser.add_argument("--out", type=Path, help="CSV to write: what, value, goal")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = random_store(Path(folder) / "store", args.recordings)
        rows = measure(store, args.windows)
        rows += measure_index(many(Path(folder) / "many", 3000))
    table = pd.DataFrame(rows, columns=["what", "value"])
    table["goal"] = [" ".join(map(str, GOALS.get(what, ("", "")))) for what in table["what"]]
    print(table.to_string(index=False, float_format="%.2f"))
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.4f")


def measure(store: Store, n: int) -> list[tuple[str, float]]:
    """Rows of the table on windows: ours, and the reference on the same places."""
    rng = np.random.default_rng(0)
    ids = store.ids()
    places = [(ids[rng.integers(len(ids))], int(rng.integers(FRAMES - WINDOW))) for _ in range(n)]
    opened = {id: store.open(id) for id in ids}
    for prepared in opened.values():
        prepared.window(0, FRAMES)  # into the cache
    first, *_ = places
    ours, plain = opened[first[0]].window(first[1], WINDOW), load_and_slice(store, *first)
    assert all(np.array_equal(ours[name], plain[name]) for name in ARRAYS)
    open_ms = timed_ms(lambda id, start: opened[id].window(start, WINDOW), places)
    anew_ms = timed_ms(lambda id, start: store.open(id).window(start, WINDOW), places)
    plain_ms = timed_ms(lambda id, start: load_and_slice(store, id, start), places[:50])
    return [
        ("window of an open recording, median ms", np.median(open_ms)),
        ("window of an open recording, 95th percentile ms", np.percentile(open_ms, 95)),
        ("window, opening the recording each time, median ms", np.median(anew_ms)),
        ("reference: np.load of the whole files, median ms", np.median(plain_ms)),
        ("reference over window", np.median(plain_ms) / np.median(open_ms)),
    ]


def load_and_slice(store: Store, id: str, start: int) -> dict[str, np.ndarray]:
    """The window by np.load and a slice."""
    folder, cut = store.path(id), slice(start, start + WINDOW)
    return {name: np.load(folder / f"{name}.npy")[cut].copy() for name in ARRAYS}


def timed_ms(read: Callable[[str, int], dict], places: list[tuple[str, int]]) -> list[float]:
    """Milliseconds of reading at each place."""
    batch, times_ms = deque(maxlen=BATCH), []
    for place in places:
        start_s = time.perf_counter()
        batch.append(read(*place))
        times_ms.append(1000 * (time.perf_counter() - start_s))
    return times_ms


def measure_index(store: Store) -> list[tuple[str, float]]:
    """Rows of the table on the index."""
    index_s, write_s = _seconds(store.index), _seconds(store.write_index)
    return [
        (f"index of {len(store.index()):,} recordings, s", index_s),
        ("writing it as index.parquet, s", write_s),
    ]


def random_store(root: Path, n: int) -> Store:
    """n recordings of FRAMES frames of noise."""
    rng, store = np.random.default_rng(0), Store(root)
    for k in range(n):
        with store.begin(f"noise/s{k}/v") as writer:
            crops = writer.array("face", (FRAMES, 128, 128, 3), np.uint8)
            for crop in crops:
                crop[:] = rng.integers(0, 256, crop.shape, np.uint8)
            writer.save("mstmap", rng.random((FRAMES, 63, 6), np.float32))
            writer.save("bvp", rng.random(FRAMES, np.float32))
            writer.commit(meta_of(writer.id))
    return store


def many(root: Path, n: int) -> Store:
    """n recordings, six per subject, with a realistic recording.json and no frames."""
    for k in range(n):
        id = f"noise/p{k // 6}/v{k % 6}"
        folder = Store(root).path(id)
        folder.mkdir(parents=True)
        text = json.dumps(meta_of(id) | {"gaps_s": [[k, k + 0.7] for k in range(20)]}, indent=2)
        (folder / "recording.json").write_text(text)
        (folder / "bvp.npy").touch()
    return Store(root)


def meta_of(id: str) -> dict:
    """recording.json of a prepared recording, with the fields of the index."""
    measured = {"fps": 25.0, "fps_source": "stamps", "face_hit_rate": 0.99, "hr_true_bpm": 71.5}
    length = {"n_frames": FRAMES, "duration_s": FRAMES / 30}
    about = {"status": "ok", "reason": None, "split": "none", "origin": "synthetic", "gaps_s": []}
    return {"id": id, **about, **length, **measured, "fingerprint": "0" * 64, "notes": []}


def _seconds(action: Callable[[], object]) -> float:
    """The best of three."""
    return min(timeit.repeat(action, number=1, repeat=3))


if __name__ == "__main__":
    sys.exit(main())
