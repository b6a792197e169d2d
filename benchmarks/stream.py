"""Frames a second that `rppg.Stream` takes on one core, and what a frame costs at most.

    python benchmarks/stream.py --out benchmarks/results/stream.csv
    python benchmarks/stream.py --video ../shared/data/video/evm_face.mp4

Without --video a synthetic one of 640x480 (level test, 20 s) is rendered.  Frames are decoded
before, the process is bound to one core, and every frame is given as soon as the one before it is
done.  `late` is the share of frames that take longer than 1/30 s, among them those that complete a
rate; a camera keeps a few frames, so single ones are not lost.
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
FRAME_S = 1 / 30
GOALS = {"frames a second": "at least 30"}


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--video", type=Path, help="a video of a face")
    parser.add_argument("--out", type=Path, help="CSV to write")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        frames = list(read_frames(args.video or rendered(Path(folder))))
    if sys.platform == "linux":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    rows = [("what", "value", "goal")]
    rows += [(what, f"{v:.4g}", GOALS.get(what, "")) for what, v in measure(frames).items()]
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


def measure(frames: list) -> dict[str, float]:
    """Frames a second and seconds of single frames, of one stream over all frames."""
    stream, seconds, n_rates = Stream(), [], 0
    for rgb, time_s in frames:
        start_s = time.perf_counter()
        n_rates += len(stream.add(rgb, time_s))
        seconds.append(time.perf_counter() - start_s)
    taken_s = np.array(seconds[30:])  # without the start of FaceMesh
    return {
        "frames": len(frames),
        "height of a frame": frames[0][0].shape[0],
        "rates": n_rates,
        "frames a second": 1 / taken_s.mean(),
        "median, ms": 1000 * np.median(taken_s),
        "longest, ms": 1000 * taken_s.max(),
        "late": float((taken_s > FRAME_S).mean()),
    }


if __name__ == "__main__":
    main()
