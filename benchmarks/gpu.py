"""Training on a GPU: steps per second and memory of every kind of run of the papers' profiles.

    python benchmarks/gpu.py                            # 200 steps each, on synthetic recordings
    python benchmarks/gpu.py --prepared prepared/paper  # on recordings of your own
    python benchmarks/gpu.py --device cpu --steps 2 --profiles smoke    # what a test runs

Runs that differ only in data, seeds or weights of losses do the same work: the first of each kind
is measured, in a process of its own (`runs` counts the kind).  Clips are read by the profile's
loader processes into pinned memory, and everything is as `fit` does it, without validation; the
first tenth of the steps warms up and is not timed.  `clips_per_s` counts what is read, not the
faster or disturbed copies that an objective makes.  `peak_mib` is the most that PyTorch allocated
on the GPU; on a CPU, the process's memory.  `reason` says why a row is empty.

Without --prepared, a synthetic benchmark in the datasets' layouts is written and prepared in
build/gpu once: a few recordings, which fit into the system's cache of files.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import pandas as pd
import torch
from machine import alone, peak_memory, start_memory
from profile_runs import kinds, training_of

from rppg.datasets.readers import layouts_of, read
from rppg.datasets.store import Store
from rppg.preprocessing.prepare import prepare
from rppg.synthetic.challenge import ChallengeConfig, write_challenge
from rppg.synthetic.config import FIRST_NUMBER
from rppg.training.config import FitConfig
from rppg.training.fit import fit
from rppg.workflow.profiles import load_profile

PROFILES = ("paper", "gideon2021_paper")
SUBJECTS = {"ubfc": 7, "pure": 2, "mmse_hr": 2, "disfa": 2, "train": 3, "cohface": 4}
SECONDS = 15.0  # of a recording: a clip of 10 s played 1.4 times as fast fits
OWN = {"n_steps", "warmup_steps", "validate_every", "save_every", "log_every", "device"}
WARM_UP = 0.1  # share of the steps


def main() -> None:
    """Measure, print the table, write the CSV."""
    args = _arguments()
    if args.device == "cuda" and not torch.cuda.is_available():
        sys.exit("torch sees no GPU, so nothing was measured (--device cpu measures the processor)")
    prepared = args.prepared or prepare_synthetic(Path("build/gpu"))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for profile in args.profiles:
        for name, n_alike in kinds(load_profile(profile)).items():
            row = alone(measure, profile, name, prepared, args.steps, args.device)
            rows.append({"profile": profile, "run": name, "runs": n_alike} | row)
            print(pd.DataFrame(rows[-1:]).to_string(index=False, header=len(rows) == 1), flush=True)
            pd.DataFrame(rows).to_csv(args.out, index=False, float_format="%.4g")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument("--steps", type=int, default=200, help="of each run, 2 or more")
    parser.add_argument("--profiles", nargs="+", default=PROFILES, metavar="PROFILE")
    parser.add_argument("--prepared", type=Path, help="folder of prepared recordings")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/gpu.csv"))
    args = parser.parse_args()
    if args.steps < 2:
        parser.error(f"--steps is {args.steps}, expected 2 or more")
    return args


def prepare_synthetic(folder: Path) -> Path:
    """Write and prepare the synthetic recordings; what is there already stays."""
    subjects = {f"n_{name}": SUBJECTS.get(name, 0) for name in FIRST_NUMBER}
    lengths = dict.fromkeys(("seconds", "ubfc_seconds", "other_seconds"), SECONDS)
    workers = os.cpu_count() or 1
    config = ChallengeConfig(**subjects, **lengths)
    data = write_challenge(folder / "data", config, workers=workers, replace=True)
    recordings = [one for name, place in layouts_of(data).items() for one in read(name, place)]
    table = prepare(recordings, folder / "prepared", workers=workers, crops=("face", "wide"))
    print(f"{(table['status'] != 'failed').sum()} of {len(table)} recordings prepared")
    return folder / "prepared"


def measure(profile_name: str, name: str, prepared: Path, steps: int, device: str) -> dict:
    """One row: a run of the profile, trained for so many steps on the device."""
    profile = load_profile(profile_name)
    torch.set_num_threads(min(profile.runs[name].threads, os.cpu_count() or 1))
    try:
        made = training_of(profile, name, Store(prepared))
    except ValueError as error:  # too few recordings of its datasets
        return {"reason": str(error)}
    fields = {key: value for key, value in made.training.items() if key not in OWN}
    log_every = max(1, round(WARM_UP * steps))
    config = FitConfig(**fields, n_steps=steps, log_every=log_every, device=device)
    row = {"model": type(made.net).__name__, "device": device_name(device), "steps": steps}
    row |= {"batch_size": made.batches.batch_size, "n_workers": made.batches.n_workers}
    start_memory(device)
    with tempfile.TemporaryDirectory() as folder:
        try:
            result = fit(made.net, made.batches, made.step, config, folder, progress=False)
        except torch.OutOfMemoryError as error:
            return row | {"reason": str(error).split(". ")[0]}
        metrics = pd.read_csv(Path(folder) / "metrics.csv")
    row |= {"precision": result.precision} | rates(metrics, made.batches.batch_size)
    return row | {"peak_mib": peak_memory(device), "reason": ""}


def rates(metrics: pd.DataFrame, batch_size: int) -> dict[str, float]:
    """Steps and clips per second after the first row of metrics.csv."""
    first, last = metrics.iloc[0], metrics.iloc[-1]
    steps_per_s = (last["step"] - first["step"]) / (last["seconds"] - first["seconds"])
    return {"steps_per_s": steps_per_s, "clips_per_s": steps_per_s * batch_size}


def device_name(device: str) -> str:
    """The GPU's name, or how many threads of the CPU are used."""
    if device == "cuda":
        return torch.cuda.get_device_name(0)
    return f"CPU, {torch.get_num_threads()} threads"


if __name__ == "__main__":
    main()
