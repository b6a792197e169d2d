"""Speed and memory of preprocessing.

    python benchmarks/preprocess.py                       # a synthetic face, 640x480, 10 s
    python benchmarks/preprocess.py --video face.mp4 --out preprocess.csv
    python benchmarks/preprocess.py --memory --out preprocess_memory.csv  # 30 s against 10 minutes

FaceMesh is run where it is needed (`sparse`) or on every frame.  The bound is decoding and a third
of FaceMesh in sequence, 1 / (1 / decode + 1 / (3 mesh)), each measured on one core.  One worker
decodes and tracks in threads: it is measured on one core, and with the machine to itself.  Rates of
the whole path exclude each worker's first recording, which loads the models; `whole call` includes
it.  The reference of region averaging is a simple implementation: colour conversion and 63 masks
per frame.
"""

import argparse
import tempfile
from pathlib import Path

GOALS = {
    "one core, sparse over decode and a third of FaceMesh": ("at least", 0.8),
    "one worker, sparse over every frame on one core": ("at least", 2.0),
    "2 workers over 1 on one core, whole call": ("at least", 1.7),
    "region averaging over the reference": ("at least", 5.0),
    "peak memory of a worker, MiB": ("at most", 350.0),
    "memory at 10x length over 1x": ("at most", 1.1),
    "memory of 10 minutes over 30 s": ("at most", 1.1),
}


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--video", type=Path, help="a face video; default: a synthetic face")
    parser.add_argument("--recordings", type=int, default=16, help="copies for the whole path")
    parser.add_argument("--memory", action="store_true", help="only memory: 30 s and 10 min")
    parser.add_argument("--out", type=Path, help="CSV to write: what, value, goal")
    args = parser.parse_args()

    # Here, not above: each worker imports this file, as that of any script that starts processes.
    import pandas as pd
    from preprocess_measures import measure, measure_memory, synthetic_face

    with tempfile.TemporaryDirectory() as name:
        if args.memory:
            rows = measure_memory(Path(name))
        else:
            rows = measure(args.video or synthetic_face(Path(name)), args.recordings, Path(name))
    table = pd.DataFrame(rows, columns=["what", "value"])
    table["goal"] = [" ".join(map(str, GOALS.get(what, ("", "")))) for what in table["what"]]
    print(table.to_string(index=False, float_format="%.2f"))
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.4f")


if __name__ == "__main__":
    main()
