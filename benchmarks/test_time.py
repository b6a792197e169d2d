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
from torch import Tensor, nn
from torch.nn.functional import interpolate

from rppg.datasets.prepared import FPS
from rppg.datasets.store import Store
from rppg.evaluation.metrics import score
from rppg.evaluation.paired import paired_differences, subjects_of
from rppg.evaluation.submission import read_solution
from rppg.inference.region_voting import region_views, vote
from rppg.inference.sliding_window import view_waves
from rppg.models.protocol import traits_of
from rppg.models.registry import load_run
from rppg.preprocessing.mstmap import COMBINATIONS
from rppg.signals.heart_rate import heart_rate
from rppg.utils.paths import project_dir

MODELS = ("st_transformer", "contrast_phys", "gideon2021")
SPEEDS = (0.9, 1.1)


class Changed(nn.Module):
    """A net on changed clips (B, T, ...), whose waves (B, T) are changed back."""

    def __init__(self, net: nn.Module, clip, wave):
        super().__init__()
        self.net, self.clip, self.wave = net, clip, wave

    def forward(self, clips: Tensor, *rows: Tensor) -> Tensor:
        return self.wave(self.net(self.clip(clips), *rows), clips.shape[1])


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
            found[name] = [rates(store, id, net, inputs, **given) for id in truth["id"]]
            seconds = time.perf_counter() - began
            rows.append({"model": model, "variant": name, "seconds": seconds})
            rows[-1] |= errors_of(found, name, truth)
            print(rows[-1])
    return pd.DataFrame(rows)


def variants(net: nn.Module) -> dict[str, dict]:
    """By name: the nets whose spectra vote, and how clips are cut."""
    crops = not traits_of(net).takes_rows
    reverse = Changed(net, lambda clip: clip.flip(1), lambda wave, n: wave.flip(1))
    found = {"plain": {"nets": [net]}, "reversed": {"nets": [net, reverse]}}
    more = []  # of nets that see crops, whose clips may have any length
    if crops:
        mirror = Changed(net, lambda clip: clip.flip(3), lambda wave, n: wave)
        faster = [Changed(net, played(speed), as_long) for speed in SPEEDS]
        found |= {"mirrored": {"nets": [net, mirror]}, "speeds": {"nets": [net, *faster]}}
        more = [mirror, *faster]
    found["every half second"] = {"nets": [net], "step": 15}
    if not crops:
        found["regions"] = {"nets": [net], "views": region_views(COMBINATIONS, 3)}
    return found | {"all of them": {"nets": [net, reverse, *more], "step": 15}}


def played(speed: float):
    """Clips (B, T, ...) at another speed, T / speed frames long."""

    def change(clips: Tensor) -> Tensor:
        n = round(clips.shape[1] / speed / 4) * 4  # the nets pool time by 4
        flat = clips.flatten(2).transpose(1, 2)  # (B, C, T)
        flat = interpolate(flat, size=n, mode="linear", align_corners=True)
        return flat.transpose(1, 2).reshape(len(clips), n, *clips.shape[2:])

    return change


def as_long(wave: Tensor, n_frames: int) -> Tensor:
    """Waves (B, T') stretched to (B, n_frames)."""
    return interpolate(wave[:, None], size=n_frames, mode="linear", align_corners=True)[:, 0]


def rates(store, id, net, inputs, nets, step=75, views=(None,)) -> float:
    """The voted rate of a recording."""
    each = [view_waves(store, id, one, **inputs, step=step, views=views) for one in nets]
    return vote([heart_rate(wave, FPS) for waves in each for wave in waves]).hr_bpm


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
