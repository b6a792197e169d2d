"""Heart rate of the same videos by this project and by other packages, each a process per video.

    python benchmarks/peers.py                                 # 3 synthetic clips of 10 s
    python benchmarks/peers.py --model runs/demo/st_transformer     # and a trained net
    python benchmarks/peers.py --videos mine.csv --clips 0     # columns video, hr_bpm
    python benchmarks/peers.py --from benchmarks/results/peers.csv  # only the table and figure

Seconds are those of the whole process: start, imports, reading, estimate.  The programs take turns
on every video, so that a busy machine slows all of them; `load` is the load average before a run.
Memory is the peak resident memory of the process, and of its children where it has some, summed.
A program that cannot be installed or fails has rows that say why.  open-rppg uses its default net;
vitallens its local POS, as the other methods need its server.
"""

import argparse
import contextlib
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from peer_programs import Program, clean, last_line, ours, peers
from worker_memory import resident_mib

from rppg.datasets import read
from rppg.plotting.style import BLUE, GREY, subplots, titled
from rppg.preprocessing.video import probe
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.config import FIRST_NUMBER

SAMPLE_S = 0.02
PANELS = {
    "seconds": "Seconds, whole process",
    "peak_mib": "Peak memory, MiB",
    "error_bpm": "Absolute error, bpm",
}


def main() -> None:
    """Measure or read, print the table, write the CSV and the figure."""
    args = _arguments()
    if args.measured:
        results = pd.read_csv(args.measured)
    else:
        results = measure(args)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        results.to_csv(args.out, index=False, float_format="%.2f")
    print(table(results).to_string(float_format="%.1f"))
    draw(results, args.figure)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clips", type=int, default=3, help="synthetic clips")
    parser.add_argument("--seconds", type=float, default=10.0, help="of a synthetic clip")
    parser.add_argument("--level", default="test", help="easy, medium, test or hardest")
    parser.add_argument("--videos", type=Path, help="CSV of own videos: video, hr_bpm")
    parser.add_argument("--model", type=Path, help="a trained model, as RUNS/st_transformer")
    parser.add_argument("--envs", type=Path, default=Path("build/peers"), help="environments")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds of one run")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/peers.csv"))
    parser.add_argument("--figure", type=Path, default=Path("docs/peers.png"))
    parser.add_argument("--from", dest="measured", help="an existing CSV, without measuring")
    return parser.parse_args()


def measure(args: argparse.Namespace) -> pd.DataFrame:
    """One row per video and program, in the order of the runs."""
    programs = [ours("POS")]
    if args.model is not None:
        programs.append(ours(args.model.name, args.model.parent))
    programs += peers(args.envs)
    with tempfile.TemporaryDirectory() as folder:
        videos = own_videos(args.videos) if args.videos else []
        if args.clips:
            videos += synthetic_videos(Path(folder), args.clips, args.seconds, args.level)
        rows = []
        for video in videos:
            for program in programs:
                rows.append(video_row(video) | run(program, video["path"], args.timeout))
                print(rows[-1]["program"], rows[-1]["seconds"], rows[-1]["reason"], flush=True)
    return with_errors(pd.DataFrame(rows))


def own_videos(path: Path) -> list[dict]:
    """Videos of a CSV with the columns video (relative to the CSV) and hr_bpm."""
    listed = pd.read_csv(path)
    if missing := {"video", "hr_bpm"} - set(listed.columns):
        raise ValueError(f"{path} has no column {', '.join(sorted(missing))}")
    return [
        {"path": (path.parent / name).resolve(), "origin": "real", "hr_true_bpm": float(rate)}
        for name, rate in zip(listed["video"], listed["hr_bpm"], strict=True)
    ]


def synthetic_videos(folder: Path, n: int, seconds: float, level: str) -> list[dict]:
    """n rendered faces of different people with a known rate."""
    sets = {f"n_{name}": 0 for name in FIRST_NUMBER} | {"n_test_vipl": n}
    config = ChallengeConfig(**sets, clips_per_subject=1, seconds=seconds, level=level)
    root = write_challenge(folder / "synthetic", config, progress=False)
    rates_bpm = pd.read_csv(root / "truth.csv").set_index("id")["hr_bpm"]
    return [
        {"path": one.frames, "origin": "synthetic", "hr_true_bpm": float(rates_bpm[one.id])}
        for one in read("challenge_test", root / "test")
    ]


def video_row(video: dict) -> dict:
    """What the rows of a video have in common."""
    path = video["path"]
    return {
        "video": "/".join(path.parts[-2:]),
        "origin": video["origin"],
        "n_frames": probe(path).n_frames,
        "hr_true_bpm": video["hr_true_bpm"],
    }


def run(program: Program, video: Path, timeout_s: float) -> dict:
    """One process: seconds, peak memory, heart rate, or the reason why there is none."""
    row = {"program": program.name, "version": program.version, "load": os.getloadavg()[0]}
    empty = {"seconds": np.nan, "peak_mib": np.nan, "hr_bpm": np.nan, "reason": program.problem}
    if program.problem:
        return row | empty
    with tempfile.TemporaryDirectory() as folder:
        seconds, peak_mib, code, stdout, stderr = timed(program.command(video), folder, timeout_s)
        row |= empty
        if code is None:
            return row | {"reason": f"no answer within {timeout_s:g} s"}
        if code < 0:
            return row | {"reason": f"ended by signal {-code}"}
        if code:
            return row | {"reason": f"exit status {code}: {last_line(stderr)}"}
        hr_bpm = program.read(stdout, Path(folder))
        return row | {"seconds": seconds, "peak_mib": peak_mib, "hr_bpm": hr_bpm}


def timed(command: list[str], folder: str, timeout_s: float) -> tuple:
    """Seconds, peak MiB, exit status (None: it was stopped after timeout_s), stdout, stderr."""
    out, err, peak = Path(folder) / "stdout", Path(folder) / "stderr", 0.0
    with out.open("w") as stdout, err.open("w") as stderr:
        start_s = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=stdout, stderr=stderr, env=clean())
        while (code := process.poll()) is None and time.perf_counter() - start_s < timeout_s:
            peak = max(peak, tree_mib(process.pid))
            time.sleep(SAMPLE_S)
        seconds = time.perf_counter() - start_s
    if code is None:
        stop(process)
    return seconds, peak, code, out.read_text(), err.read_text()


def tree_mib(pid: int) -> float:
    """Sum of the peaks so far of a process and its living descendants.

    A copy of its parent that has not started a program of its own shares the parent's memory, and
    counts nothing.
    """
    total = 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        total = _mib(process)
        for child in process.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                above = child.parent().cmdline()  # empty: it is ending, and has been counted
                total += _mib(child) if above and child.cmdline() != above else 0.0
    return total


def _mib(process: psutil.Process) -> float:
    try:
        return resident_mib(process.pid)
    except (FileNotFoundError, ProcessLookupError) as ended:
        raise psutil.NoSuchProcess(process.pid) from ended


def stop(process: subprocess.Popen) -> None:
    """End a process and its descendants."""
    for child in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    process.kill()
    process.wait()


def with_errors(results: pd.DataFrame) -> pd.DataFrame:
    """The rows with frames per second and the absolute error, `reason` last."""
    rates = results.assign(
        fps=results["n_frames"] / results["seconds"],
        error_bpm=(results["hr_bpm"] - results["hr_true_bpm"]).abs(),
    )
    return rates[[name for name in rates.columns if name != "reason"] + ["reason"]]


def table(results: pd.DataFrame) -> pd.DataFrame:
    """Per program: medians of seconds, frames/s, memory and error; answers of videos; a reason."""
    by = results.groupby(["program", "version"], sort=False, dropna=False)
    medians = by[["seconds", "fps", "peak_mib", "error_bpm"]].median()
    medians["within_5bpm"] = by["error_bpm"].apply(lambda error: (error <= 5).sum())
    medians["answers"], medians["videos"] = by["hr_bpm"].count(), by.size()
    medians["reason"] = by["reason"].apply(lambda texts: "".join(texts.dropna().unique()[:1]))
    return medians


def draw(results: pd.DataFrame, path: Path) -> None:
    """Every run as a point and medians as bars: seconds, memory, error."""
    names = list(dict.fromkeys(results["program"]))
    figure, axes = subplots(1, 3, figsize=(10, 0.8 + 0.5 * len(names)), sharey=True)
    origin = "synthetic" if set(results["origin"]) == {"synthetic"} else "real"
    for axis, (column, title) in zip(axes, PANELS.items(), strict=True):
        for place, name in enumerate(names):
            values = results.loc[results["program"] == name, column].dropna()
            colour = BLUE if name.startswith("rppg") else GREY
            axis.barh(place, values.median() if len(values) else 0, color=colour, alpha=0.5)
            axis.plot(values, [place] * len(values), "o", color=colour, markersize=4)
            if values.empty:
                axis.text(0, place, " no result", va="center")
        axis.set_xlim(left=0)
        axis.set_title(titled(title, origin), fontsize="medium")
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
