"""Both finders of landmarks, paired: FaceMesh run by mediapipe, and its models run by OpenCV.

    python benchmarks/finders.py --clips 2 --video ../shared/data/video/evm_face.mp4=55 \\
        --out benchmarks/results/finders.csv
    python benchmarks/finders.py --clips 24 --levels test       # more of one level

Synthetic clips of each level, of 10 s at 17 to 27 fps, and real videos with their known heart rate
(PATH=BPM).  The landmarks are compared on every frame, the heart rates as `rppg predict` finds
them, on the frames that need it.  One row per level, or video, and method:

share_mediapipe, share_opencv  of clips within 5 bpm of the true heart rate
moved_bpm, moved_most_bpm      difference between both heart rates of a clip: median and largest
apart_px, apart_most_px        distance of both landmarks of a point: mean, and the largest mean of
                               a frame
apart_self_px                  the same mean, between mediapipe and mediapipe that starts a frame
                               later: where it looks depends on all frames before
height_px                      of the face: mean
only_mediapipe, only_opencv    frames in which only one finds the face, of n_frames
fps_mediapipe, fps_opencv      frames per second of processor time, one thread

The committed CSV has the two sample videos of vitallens 0.2.2, too, and was made on a busy machine.
It needs mediapipe: Python 3.11 or 3.12.  The clips are those of `tracking.py`; what is measured is
kept next to them, so that a call that was stopped goes on.
"""

import argparse
import time
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pandas as pd
from tqdm.auto import tqdm
from tracking import WITHIN_BPM, Item, real, synthetic

from rppg.datasets.prepared import FPS, face_colours
from rppg.datasets.store import Store
from rppg.inference.trained import extract_into, learned_wave, load_models
from rppg.models.names import RECIPES
from rppg.preprocessing.face_detector import BoxFinder
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.landmark_finder import FINDERS
from rppg.preprocessing.resampling import TimedFrames
from rppg.signals.classical import wave
from rppg.signals.heart_rate import heart_rate
from rppg.synthetic.disturbances import LEVELS
from rppg.utils.atomic import atomic_write

METHODS = ("POS", "CHROM", "GREEN")


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clips", type=int, default=2, help="synthetic clips of each level")
    parser.add_argument("--levels", nargs="+", choices=list(LEVELS), default=list(LEVELS))
    parser.add_argument("--video", nargs="*", default=[], metavar="PATH=BPM", help="real faces")
    parser.add_argument("--folder", type=Path, default=Path("data/tracking"), help="of the clips")
    parser.add_argument("--out", type=Path, help="CSV to write")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    levels = [synthetic(args.folder, level, args.clips) for level in args.levels]
    items = [*map(real, args.video), *chain.from_iterable(zip(*levels, strict=True))]
    table = summary(measured(items, args.folder / "finders_rows.csv"))
    print(table.to_string(index=False, float_format="%.3f"))
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.4f")


def measured(items: list[Item], path: Path) -> pd.DataFrame:
    """The rows of `measure` of each item; those that an earlier call has measured are read."""
    done = pd.read_csv(path) if path.exists() else pd.DataFrame({"clip": []})
    meshes = {name: FaceLandmarks(finder=name) for name in FINDERS}
    nets, find = load_models(list(RECIPES)), BoxFinder().find
    for item in tqdm(items, unit="clip"):
        if str(item[1].frames) not in set(done["clip"]):
            rows = pd.DataFrame(measure(item, meshes, nets, find)).assign(clip=str(item[1].frames))
            done = pd.concat([done, rows], ignore_index=True)
            atomic_write(path, partial(done.to_csv, index=False))
    return done[done["clip"].isin([str(item[1].frames) for item in items])]


def measure(item: Item, meshes: dict, nets: dict, find) -> list[dict]:
    """One row per method: how far landmarks of one clip are apart, and both heart rates."""
    name, recording, true_bpm = item
    shared = {"name": name, "true_bpm": true_bpm, **landmarks(recording, meshes)}
    bpm = {finder: rates_bpm(recording, mesh, nets, find) for finder, mesh in meshes.items()}
    return [
        shared | {"method": method} | {f"bpm_{finder}": bpm[finder][method] for finder in bpm}
        for method in (*METHODS, *nets)
    ]


def landmarks(recording, meshes: dict) -> dict:
    """Distances between the finders' landmarks of every frame, and the finders' times."""
    frames = [rgb for rgb, _ in TimedFrames(recording)]
    found, seconds = {}, {}
    for name, mesh in meshes.items():
        mesh.reset()
        start_s = time.process_time()
        found[name] = [mesh(rgb) for rgb in frames]
        seconds[f"seconds_{name}"] = time.process_time() - start_s
    one, other = (found[name] for name in FINDERS)
    meshes["mediapipe"].reset()
    later = [meshes["mediapipe"](rgb) for rgb in frames[1:]]
    apart, apart_self = apart_px(one, other), apart_px(one[1:], later)
    return {
        **{"n_frames": len(frames), "n_common": len(apart), **seconds},
        "only_mediapipe": sum(a is not None and b is None for a, b in zip(one, other, strict=True)),
        "only_opencv": sum(a is None and b is not None for a, b in zip(one, other, strict=True)),
        **{"apart_sum_px": sum(apart), "apart_most_px": max(apart, default=np.nan)},
        **{"self_sum_px": sum(apart_self), "n_self": len(apart_self)},
        "height_px": float(np.mean([np.ptp(points[:, 1]) for points in one if points is not None])),
    }


def apart_px(found: list, others: list) -> list[float]:
    """Mean distance of the landmarks of each frame in which both are there."""
    pairs = [(a, b) for a, b in zip(found, others, strict=True) if a is not None and b is not None]
    return [float(np.hypot(*(a - b).T).mean()) for a, b in pairs]


def rates_bpm(recording, mesh: FaceLandmarks, nets: dict, find) -> dict[str, float]:
    """Heart rate by each method; NaN if it gives none."""
    arrays = {inputs["array"] for _, inputs in nets.values()}
    with TemporaryDirectory() as folder:
        store = Store(folder)
        traces = extract_into(store, recording, mesh, find, arrays)
        rgb = face_colours(traces.mstmap)
        waves = {name: lambda name=name: wave(name, rgb, FPS) for name in METHODS}
        waves |= {n: lambda n=n: learned_wave(store, recording.id, *nets[n]) for n in nets}
        return {name: _rate_bpm(name, get) for name, get in waves.items()}


def _rate_bpm(name: str, get) -> float:
    try:
        return heart_rate(get(), FPS).hr_bpm
    except ValueError as error:  # such as a face that cannot be cropped: counted as wrong
        print(f"{name}: {error}")
        return np.nan


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """The table of the docstring; `all` has the synthetic clips of all levels."""
    is_synthetic = rows["name"].isin(list(LEVELS))
    everything = rows[is_synthetic].assign(name="all")
    rows = pd.concat([rows[is_synthetic], everything, rows[~is_synthetic]])
    groups = rows.groupby(["name", "method"], sort=False)
    return pd.DataFrame([_summary_row(*key, group) for key, group in groups])


def _summary_row(name: str, method: str, rows: pd.DataFrame) -> dict:
    good = {f: (rows[f"bpm_{f}"] - rows["true_bpm"]).abs() <= WITHIN_BPM for f in FINDERS}
    moved, total = (rows["bpm_opencv"] - rows["bpm_mediapipe"]).abs(), rows.sum(numeric_only=True)
    return {
        **{"name": name, "method": method, "n": len(rows)},
        **{f"share_{finder}": share.mean() for finder, share in good.items()},
        **{"moved_bpm": moved.median(), "moved_most_bpm": moved.max()},
        "apart_px": total["apart_sum_px"] / total["n_common"],
        "apart_most_px": rows["apart_most_px"].max(),
        "apart_self_px": total["self_sum_px"] / total["n_self"],
        "height_px": rows["height_px"].mean(),
        **{key: int(total[key]) for key in ("n_frames", "only_mediapipe", "only_opencv")},
        **{f"fps_{f}": total["n_frames"] / total[f"seconds_{f}"] for f in FINDERS},
    }


if __name__ == "__main__":
    main()
