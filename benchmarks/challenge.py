"""Difficulty of the synthetic benchmark: face detection, classical methods, the region oracle.

    python benchmarks/challenge.py                              # easy and test, 48 clips x 3 seeds
    python benchmarks/challenge.py --from benchmarks/results/challenge.csv      # only print a table
    python benchmarks/challenge.py --by-nuisance --clips 24 --seeds 1
    python benchmarks/challenge.py --null --clips 24 --seeds 1      # faces without a pulse
    python benchmarks/challenge.py --levels easy,medium,test,hardest --mtcnn --out challenge.csv

Clips are written to disk and read by the usual pipeline (H.264, FaceMesh, 30 fps).  Methods use the
mean colour of the whole face (row 63 of the map).  The oracle chooses the row whose POS signal has
the largest share of its power near the true HR, and is scored by that row's own peak.  "oracle,
wrong rate" is the same oracle given an HR at least 15 bpm away and scored against it: it measures
the oracle's bias towards any given HR.
"""

import argparse
import contextlib
import functools
import multiprocessing
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.datasets.readers import read
from rppg.evaluation.metrics import score
from rppg.inference.classical import oracle_region
from rppg.signals.classical import METHODS, wave
from rppg.signals.heart_rate import heart_rate
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.challenge import plan, render_clip
from rppg.synthetic.config import FIRST_NUMBER
from rppg.synthetic.disturbances import EVERYWHERE, REGIONAL

HR_BANDS_BPM = {"45-80 bpm": (0, 80), "80-115": (80, 115), "115-150": (115, 999)}
TONE_BANDS = {"light": (-1, 1 / 3), "medium": (1 / 3, 2 / 3), "dark": (2 / 3, 2)}
WRONG_BY_BPM = 15.0
WRONG_RANGE_BPM = (45.0, 150.0)
MTCNN_EVERY = 60  # frames
FPS = 30.0  # of the map
NO_SUBJECTS = {f"n_{name}": 0 for name in FIRST_NUMBER}


def main() -> None:
    """Render, measure, print; see the module's docstring."""
    args = _arguments()
    if args.measured:
        for _, level in pd.read_csv(args.measured).groupby("level"):
            print(table(level))
        return
    levels = args.levels.split(",")
    if args.by_nuisance:
        levels = ["easy", *(f"easy+{name}" for name in (*REGIONAL, *EVERYWHERE))]
    print(render_speed(), flush=True)
    rows = []
    with contextlib.ExitStack() as stack:
        folder = args.keep or stack.enter_context(tempfile.TemporaryDirectory())
        for level in levels:
            mine = [measure_level(Path(folder), level, seed, args) for seed in range(args.seeds)]
            rows += sum(mine, [])
            results = pd.DataFrame(sum(mine, []))
            print(by_nuisance_line(results) if args.by_nuisance else table(results), flush=True)
    if args.out:
        pd.DataFrame(rows).to_csv(args.out, index=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--levels", default="easy,test", help="of easy, medium, test, hardest")
    parser.add_argument("--clips", type=int, default=48, help="per level and seed, one per subject")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--by-nuisance", action="store_true", help="each disturbance separately")
    parser.add_argument("--null", action="store_true", help="null control: no pulse")
    parser.add_argument("--mtcnn", action="store_true", help="also detect faces by MTCNN")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", help="folder for the clips; default: a temporary one")
    parser.add_argument("--out", help="CSV with one row per clip")
    parser.add_argument(
        "--from", dest="measured", help="print the table of an existing CSV, without rendering"
    )
    return parser.parse_args()


def measure_level(folder: Path, level: str, seed: int, args) -> list[dict]:
    """Write a benchmark of test recordings only, and measure each of its clips."""
    n_obf = args.clips // 3
    config = ChallengeConfig(
        seed=seed,
        **{**NO_SUBJECTS, "n_test_vipl": args.clips - n_obf, "n_test_obf": n_obf},
        clips_per_subject=1,
        level=level,
        pulse_amplitude_scale=0.0 if args.null else 1.0,
    )
    name = f"{level}-{seed}-{args.clips}{'-null' if args.null else ''}"
    root = write_challenge(folder / name, config, args.workers, progress=False)
    truth = pd.read_csv(root / "truth.csv").set_index("id")
    tasks = [
        (recording, truth.loc[recording.id].to_dict(), seed, args.mtcnn)
        for recording in read("challenge_test", root / "test")
    ]
    if args.workers == 1:
        return [measure_clip(task) for task in tasks]
    with multiprocessing.get_context("spawn").Pool(args.workers) as pool:
        return pool.map(measure_clip, tasks, chunksize=2)


@functools.cache
def _landmarker():
    """FaceMesh, built once per process."""
    from rppg.preprocessing.face_mesh import FaceLandmarks

    return FaceLandmarks()


def measure_clip(task) -> dict:
    """Estimated HR of one clip by every method and both oracles, and face detection rates."""
    from rppg.preprocessing.prepare import extract

    recording, truth, seed, ask_mtcnn = task
    traces = extract(recording, _landmarker())
    rgb = traces.mstmap[:, -1, :3].astype(float)  # (T, 3), the whole face
    row = {"id": recording.id, "seed": seed, "origin": recording.origin}
    row |= {"level": truth["level"], "hr_true_bpm": truth["hr_bpm"], "tone": truth["tone"]}
    row["face_mesh"] = traces.meta["face_hit_rate"]
    row["mtcnn"] = mtcnn_rate(recording) if ask_mtcnn else np.nan
    for name in METHODS:
        row[name] = heart_rate(wave(name, rgb, FPS), FPS).hr_bpm
    row["oracle"] = oracle_region(traces.mstmap, FPS, truth["hr_bpm"]).hr_bpm
    rng = np.random.default_rng([seed, truth["subject"]])
    row["wrong_bpm"] = wrong_rate(rng, truth["hr_bpm"])
    row["oracle_wrong"] = oracle_region(traces.mstmap, FPS, row["wrong_bpm"]).hr_bpm
    return row


def wrong_rate(rng, hr_bpm: float, range_bpm: tuple[float, float] = WRONG_RANGE_BPM) -> float:
    """An HR in the benchmark's range at least WRONG_BY_BPM away."""
    while abs((wrong := rng.uniform(*range_bpm)) - hr_bpm) < WRONG_BY_BPM:
        pass
    return wrong


def mtcnn_rate(recording) -> float:
    """Share of every MTCNN_EVERY-th frame in which MTCNN finds a face."""
    from facenet_pytorch import MTCNN

    from rppg.preprocessing.face_mesh import find_box
    from rppg.preprocessing.video import read_frames

    mtcnn = MTCNN()
    frames = [
        rgb for k, (rgb, _) in enumerate(read_frames(recording.frames)) if not k % MTCNN_EVERY
    ]
    return float(np.mean([find_box(rgb, mtcnn) is not None for rgb in frames]))


def render_speed() -> str:
    """Frames per second of one process at the test level, including encoding."""
    config = ChallengeConfig(**{**NO_SUBJECTS, "n_test_vipl": 4}, clips_per_subject=1)
    clips = plan(config)
    with tempfile.TemporaryDirectory() as folder:
        render_clip(Path(folder), config, clips[0])  # loads everything once
        wall, work = time.perf_counter(), time.process_time()
        for clip in clips[1:]:
            render_clip(Path(folder), config, clip)
        wall, work = time.perf_counter() - wall, time.process_time() - work
    n = sum(len(clip.times_s(config)) for clip in clips[1:])
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return (
        f"rendering and encoding 320x240, one process: {n / wall:.0f} frames/s, "
        f"{n / work:.0f} per second of CPU time (load average {load:.1f})\n"
    )


def predictions(results: pd.DataFrame) -> dict[str, np.ndarray]:
    """Estimated HR by line of the table; the mean predictor gives the mean of all."""
    lines = {"mean predictor": np.full(len(results), results.hr_true_bpm.mean())}
    lines |= {name: results[name].to_numpy() for name in METHODS}
    return lines | {"region oracle": results.oracle.to_numpy()}


def table(results: pd.DataFrame) -> str:
    """One level: errors of every line, then the share within 5 bpm by HR and by skin tone."""
    n_seeds = results.seed.nunique()
    head = f"synthetic, level {results.level.iloc[0]}: {len(results)} clips, {n_seeds} seeds"
    lines = [f"{head}; {faces(results)}"]
    bands = [*HR_BANDS_BPM, *TONE_BANDS]
    lines.append(f"{'':20s}  RMSE [95 %]          MAE  <=5bpm  " + "  ".join(bands))
    for name, rates in predictions(results).items():
        s = score(results.hr_true_bpm, rates, n_boot=500)
        shares = "  ".join(
            f"{100 * x:{len(b)}.0f}" for b, x in zip(bands, by_band(results, rates), strict=True)
        )
        interval = f"[{s['rmse_low']:.1f}, {s['rmse_high']:.1f}]"
        lines.append(
            f"{name:20s} {s['rmse_bpm']:5.1f} {interval:13s} {s['mae_bpm']:6.1f} "
            f"{100 * s['within_5bpm']:6.1f}%  {shares}"
        )
    lines.append(f"{'oracle, wrong rate':20s} within 5 bpm of it: {100 * misled(results):.1f}%")
    seeds = [100 * within(g.hr_true_bpm, g.POS) for _, g in results.groupby("seed")]
    lines.append("POS within 5 bpm, by seed: " + ", ".join(f"{x:.0f}%" for x in seeds) + "\n")
    return "\n".join(lines)


def by_nuisance_line(results: pd.DataFrame) -> str:
    """One level in one line: share within 5 bpm by each method and the oracle."""
    shares = {k: 100 * within(results.hr_true_bpm, v) for k, v in predictions(results).items()}
    cells = "  ".join(f"{k} {v:3.0f}%" for k, v in shares.items() if k != "mean predictor")
    return f"{results.level.iloc[0]:18s} {cells}  wrong rate {100 * misled(results):.0f}%"


def by_band(results: pd.DataFrame, rates: np.ndarray) -> list[float]:
    """Share within 5 bpm in each band of heart rate, then of skin tone."""
    shares = []
    for column, bands in (("hr_true_bpm", HR_BANDS_BPM), ("tone", TONE_BANDS)):
        for low, high in bands.values():
            inside = ((results[column] >= low) & (results[column] < high)).to_numpy()
            shares.append(within(results.hr_true_bpm[inside], rates[inside]))
    return shares


def within(true_bpm, rates) -> float:
    """Share of estimates within 5 bpm of the truth."""
    return float(np.mean(np.abs(np.asarray(rates) - np.asarray(true_bpm)) <= 5))


def misled(results: pd.DataFrame) -> float:
    """Share of clips on which the oracle with a wrong HR gets within 5 bpm of it."""
    return within(results.wrong_bpm, results.oracle_wrong)


def faces(results: pd.DataFrame) -> str:
    """Detection rates of the two face detectors."""
    text = f"FaceMesh finds the face in {100 * results.face_mesh.mean():.2f}% of frames"
    if results.mtcnn.notna().any():
        text += f", MTCNN in {100 * results.mtcnn.mean():.2f}%"
    return text


if __name__ == "__main__":
    main()
