"""Shares of processor time: of preparing a video's frames, and of rendering synthetic clips.

    python benchmarks/shares.py --out benchmarks/results/shares.csv     # two minutes on one core

One row per part: milliseconds of processor time per frame and the share of all, by cProfile, which
slows parts of many small calls most.  Preparing is that of `preprocess.py`'s synthetic face,
640x480, 10 s, four times after a first, with the face detector in the same process; rendering is
that of `render.py`'s recordings.
"""

import argparse
import cProfile
import pstats
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pandas as pd
from preprocess_measures import copies, on_one_core, synthetic_face
from render import configs

from rppg.datasets.store import Store
from rppg.preprocessing import extract, face_crop, face_track, mediapipe_mesh, mstmap, room
from rppg.preprocessing import prepare_recording as preparation
from rppg.preprocessing.face_detector import BoxFinder
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.resampling import TimedFrames
from rppg.preprocessing.tracking import sparse
from rppg.preprocessing.video_writer import VideoWriter
from rppg.synthetic import challenge, write_challenge
from rppg.synthetic.head import Head
from rppg.synthetic.light import AmbientLight
from rppg.synthetic.pose import PoseWarp
from rppg.synthetic.render import Renderer

TIMES = 4  # that the clip is prepared
# Each part: the functions that it is, with all that they call, and those of other parts inside.
Part = tuple[list, list]
PREPARING: dict[str, Part] = {
    "decoding": ([TimedFrames.__iter__], []),
    "FaceMesh": ([mediapipe_mesh.MediaPipeMesh.faces], []),
    "choice of FaceMesh's frames": ([sparse], [TimedFrames.__iter__, FaceLandmarks.__call__]),
    "means of the regions": ([mstmap.region_means], []),
    "crops": ([face_crop.FaceCropper.add], [BoxFinder.find]),
    "box of the face, once": ([BoxFinder.find], []),
    "repeated frames, cuts, jumps": ([face_track._Sights.add], []),
    "pose and height": ([face_track.Track.add], [mstmap.region_means]),
    "size of the file's arrays": ([room.expected_bytes], []),
    "map and facts": ([extract.traces_of], []),
}
RENDERING: dict[str, Part] = {
    "writing videos": ([VideoWriter.write], []),
    "writing images": (["<imwrite>"], []),
    "pose of the head": ([PoseWarp.apply], []),
    "picture of the head": ([Head.at], []),
    "ambient light": ([AmbientLight.at], []),
    "composing": ([Renderer.clean], [PoseWarp.apply, Head.at, AmbientLight.at]),
    "noise and rounding": ([Renderer.__iter__], [Renderer.clean]),
    "subject": ([challenge.make_subject], []),
    "layers and courses of a clip": ([Renderer.__init__], []),
}


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="CSV to write: what, part, ms_per_frame, share")
    args = parser.parse_args()
    rows = []
    for what, measure in {"preparing": preparing, "rendering": rendering}.items():
        rows += [{"what": what, **row} for row in on_one_core(measure)]
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format="%.3f"))
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.4f")


def preparing() -> list[dict]:
    """Rows of preparing one video."""
    with tempfile.TemporaryDirectory() as name:
        folder, find = Path(name), BoxFinder().find
        store, how = Store(folder / "store"), preparation.How()
        first, *others = copies(synthetic_face(folder), 1 + TIMES)
        preparation.prepare_recording(first, store, find, False, how)

        def work() -> int:
            done = [preparation.prepare_recording(o, store, find, False, how) for o in others]
            return sum(outcome.meta["n_source_frames"] for outcome in done)

        return profiled(work, PREPARING)


def rendering() -> list[dict]:
    """Rows of rendering a benchmark."""
    warm_up, config = configs()
    with tempfile.TemporaryDirectory() as folder:
        write_challenge(Path(folder, "warm-up"), warm_up, workers=1, progress=False)

        def work() -> int:
            write_challenge(Path(folder, "timed"), config, workers=1, progress=False)
            return sum(len(clip.times_s(config)) for clip in challenge.plan(config))

        return profiled(work, RENDERING)


def profiled(work: Callable[[], int], parts: dict[str, Part]) -> list[dict]:
    """Rows of the parts of `work`, which returns its number of frames; `all` is the last one."""
    cv2.setNumThreads(1)
    profile = cProfile.Profile(time.process_time)
    n_frames = profile.runcall(work)
    stats = pstats.Stats(profile)
    spent_s = {
        part: sum(seconds_in(stats, one) for one in its)
        - sum(seconds_in(stats, one) for one in others)
        for part, (its, others) in parts.items()
    }
    spent_s["the rest"] = stats.total_tt - sum(spent_s.values())
    spent_s["all"] = stats.total_tt
    return [
        {"part": part, "ms_per_frame": 1000 * one / n_frames, "share": one / stats.total_tt}
        for part, one in spent_s.items()
    ]


def seconds_in(stats: pstats.Stats, function: Callable | str) -> float:
    """Seconds in a function and all that it calls; a text is the name of one in C."""
    if isinstance(function, str):
        key = ("~", 0, function)
    else:
        code = function.__code__
        key = (code.co_filename, code.co_firstlineno, code.co_name)
    return stats.stats[key][3] if key in stats.stats else 0.0


if __name__ == "__main__":
    main()
