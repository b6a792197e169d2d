"""Test-time augmentation: what it costs and what it brings, for one fold of each model of `bench`.

    python benchmarks/test_time.py --seed 7 --out benchmarks/results/test_time.csv
    python benchmarks/test_time.py --from benchmarks/results/test_time.csv

Each variant predicts the test recordings again from clips that are reversed in time, mirrored,
played faster and slower (nets of crops only), or cut every half second; its spectra vote with
those of the plain clips (`rppg.inference.region_voting.vote`).  "regions" are the ST-Transformer's
sets of three regions, which the profile uses anyway.  Seconds are of the predictions alone, one
thread.  RMSE against plain has its 95 % bootstrap interval over subjects, paired.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from rppg.datasets.store import Store
from rppg.evaluation.metrics import score
from rppg.evaluation.paired import paired_differences, subjects_of
from rppg.evaluation.submission import read_solution
from rppg.inference.clip_changes import CHANGES
from rppg.inference.region_voting import region_views
from rppg.inference.sliding_window import predict_model
from rppg.models.protocol import traits_of
from rppg.models.registry import load_run
from rppg.preprocessing.mstmap import COMBINATIONS
from rppg.utils.paths import project_dir

MODELS = ("st_transformer", "contrast_phys", "gideon2021")


def main() -> None:
    tabulate(__doc__, measured)


def tabulate(doc: str, measure: Callable[[int, int], pd.DataFrame]) -> None:
    """The command line of a table that measure(seed, fold) makes: print it, and write it to --out;
    or print an existing one."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fold", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--from", dest="table", type=Path, help="print an existing table")
    args = parser.parse_args()
    torch.set_num_threads(1)
    table = pd.read_csv(args.table) if args.table else measure(args.seed, args.fold)
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.3f")
    print(table.to_string(index=False, float_format="%.2f"))


def measured(seed: int, fold: int) -> pd.DataFrame:
    """A row per model and variant."""
    root, rows = project_dir(), []
    store = Store(root / "prepared" / f"bench-{seed}")
    truth = read_solution(root / "data" / f"bench-{seed}" / "solution.csv")
    for model in MODELS:
        folder = root / "runs" / f"bench-{seed}" / model / "finetune_folds" / str(fold)
        net, inputs = load_run(folder)
        found = {}
        for name, given in variants(net).items():
            began = time.perf_counter()
            table = predict_model(store, truth["id"], net, model, labels=False, **inputs, **given)
            found[name] = table["hr_bpm"].tolist()
            seconds = time.perf_counter() - began
            rows.append({"model": model, "variant": name, "seconds": seconds})
            rows[-1] |= errors_of(found, name, truth)
            print(rows[-1])
    return pd.DataFrame(rows)


def variants(net: nn.Module) -> dict[str, dict]:
    """By name: arguments of `predict_model`."""
    found = {"plain": {}, "reversed": {"changes": ["reversed"]}}
    every = ["reversed"]
    if crops := not traits_of(net).takes_rows:
        found |= {
            "mirrored": {"changes": ["mirrored"]},
            "speeds": {"changes": ["slower", "faster"]},
        }
        every = list(CHANGES)
    found["every half second"] = {"step": 15}
    if not crops:
        found["regions"] = {"views": region_views(COMBINATIONS, 3)}
    return found | {"all of them": {"changes": every, "step": 15}}


def errors_of(found: dict[str, list], name: str, truth: pd.DataFrame) -> dict[str, float]:
    """RMSE, share within 5 bpm, and the difference of the RMSE from plain with its interval."""
    true_bpm = truth["hr_true_bpm"].to_numpy()
    plain, one = (np.nan_to_num(found[k], nan=true_bpm.mean()) for k in ("plain", name))
    of = paired_differences(true_bpm, one[None], plain, subjects_of(truth["id"])).iloc[0]
    scores = score(true_bpm, one, n_boot=1)
    row = {key: scores[key] for key in ("n", "rmse_bpm", "within_5bpm")}
    return row | of[["difference_bpm", "difference_low", "difference_high"]].to_dict()


if __name__ == "__main__":
    main()
