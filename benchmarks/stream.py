"""Frames a second that `rppg.Stream` takes on one core, and what a frame costs at most.

    python benchmarks/stream.py --out benchmarks/results/stream.csv
    python benchmarks/stream.py --video ../shared/data/video/evm_face.mp4
    python benchmarks/stream.py --method consensus --out benchmarks/results/stream_consensus.csv

Without --video a synthetic one of 640x480 (level test, 20 s) is rendered.  Frames are decoded
before, the process is bound to one core, and every frame is given as soon as the one before it is
done.  `late` is the share of frames that take longer than 1/30 s, among them those that complete a
rate; a camera keeps a few frames, so single ones are not lost.  The processor time, of the thread
of the consensus too, is that from the 30th frame on, for as much video as 30 frames a second would
be; unlike the others it says something on a machine that does other work, too.
"""

import argparse
import csv
import os
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from rppg.inference.stream import Stream
from rppg.preprocessing.video import read_frames
from rppg.synthetic.challenge import ChallengeConfig, plan, render_clip
from rppg.synthetic.config import FIRST_NUMBER

SECONDS, WIDTH, HEIGHT = 20.0, 640, 480
SKIPPED = 30  # frames, at the start
FRAME_S = 1 / 30
GOALS = {"frames a second": "at least 30", "processor time, s per s of video": "at most 1"}


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--video", type=Path, help="a video of a face")
    parser.add_argument("--method", default="POS", help="of rppg.Stream")
    parser.add_argument("--out", type=Path, help="CSV to write")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        frames = list(read_frames(args.video or rendered(Path(folder))))
    if sys.platform == "linux":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    rows = [("what", "value", "goal")]
    rows += [
        (what, f"{v:.4g}", GOALS.get(what, "")) for what, v in measure(frames, args.method).items()
    ]
    for row in rows:
        print("{:32}{:>10}  {}".format(*row))
    if args.out:
        with args.out.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


def rendered(folder: Path) -> Path:
    """One synthetic video."""
    sets = {f"n_{name}": int(name == "train") for name in FIRST_NUMBER}
    size = {"width": WIDTH, "height": HEIGHT, "seconds": SECONDS}
    config = ChallengeConfig(seed=3, clips_per_subject=1, level="test", **sets, **size)
    return render_clip(folder, config, plan(config)[0])


def measure(frames: list, method: str) -> dict[str, float]:
    """Frames a second and seconds of single frames, of one stream over all frames."""
    stream, seconds, n_rates, cpu_s = Stream(method=method), [], 0, 0.0
    for index, (rgb, time_s) in enumerate(frames):
        cpu_s = time.process_time() if index == SKIPPED else cpu_s
        start_s = time.perf_counter()
        n_rates += len(stream.add(rgb, time_s))
        seconds.append(time.perf_counter() - start_s)
    n_rates += len(stream.finish())
    cpu_s = time.process_time() - cpu_s
    taken_s = np.array(seconds[SKIPPED:])  # without the start of FaceMesh
    return {
        "frames": len(frames),
        "height of a frame": frames[0][0].shape[0],
        "rates": n_rates,
        "frames a second": 1 / taken_s.mean(),
        "median, ms": 1000 * np.median(taken_s),
        "longest, ms": 1000 * taken_s.max(),
        "processor time, s per s of video": cpu_s / len(taken_s) / FRAME_S,
        "late": float((taken_s > FRAME_S).mean()),
    }


if __name__ == "__main__":
    main()
