"""What a net learns from simulated traces alone: trained on them with labels, asked about others.

    rppg simulate prepared/traces --clips 1000 --seed 7
    python benchmarks/traces_transfer.py --simulated prepared/traces --prepared prepared/demo \
        --runs runs/demo --solution data/demo/solution.csv --folder runs/transfer --steps 800 \
        --out benchmarks/results/traces_transfer.csv

The ST-Transformer of the demo is trained from scratch by the code that fine-tunes, on simulated
clips only; the last weights are kept, so nothing is chosen by the recordings that it is asked
about: fold dev and the test set of VIPL-HR-V2, rendered by the synthetic benchmark.  Compared with
POS, and with the demo's runs, which learned from rendered faces and were chosen by fold dev.
"""

import argparse
import time
from pathlib import Path

import pandas as pd
import torch

from rppg.dataloader.batches import Batches
from rppg.dataloader.clips import LabelledClips
from rppg.dataloader.collate import cut_to_shortest
from rppg.datasets import Store
from rppg.datasets.folds import make_split
from rppg.evaluation.metrics import score
from rppg.inference.classical import predict_classical
from rppg.inference.region_voting import region_views
from rppg.inference.sliding_window import predict_model
from rppg.models.registry import build, inputs_of, recipe, shape_for
from rppg.preprocessing.mstmap import COMBINATIONS
from rppg.training.config import FitConfig
from rppg.training.fit import fit

MODEL, N_FRAMES, SEED = "st_transformer", 240, 0
ARCHITECTURE = {"dim": 32, "n_loops": 2, "patch": 4, "pre_norm": True}
FLIPS = {"flip": 0.5, "flip_time": 0.0, "upside_down": 0.0}
RUNS = ("st_transformer/pretrain", "st_transformer/finetune")


def main() -> None:
    """Train, predict, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--simulated", type=Path, required=True, help="store of simulated clips")
    parser.add_argument("--prepared", type=Path, required=True, help="store to be asked about")
    parser.add_argument("--solution", type=Path, required=True, help="heart rates of its test set")
    parser.add_argument("--runs", type=Path, help="a profile's runs, to compare with")
    parser.add_argument("--folder", type=Path, required=True, help="of the run; it resumes")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--out", type=Path, help="CSV to write")
    args = parser.parse_args()
    torch.set_num_threads(1)
    store = Store(args.prepared)
    split, _ = make_split(store, ["VIPL-HR-V2"], "VIPL-HR-V2")
    asked = split.dev + split.test
    net, inputs = trained(Store(args.simulated), args.folder, args.steps)
    views = {"views": region_views(COMBINATIONS, 3), "step": 75}
    name = "ST-Transformer, simulated clips alone"
    tables = [
        predict_classical(store, asked, ["POS"]),
        predict_model(store, asked, net, name, labels=False, **inputs, **views),
    ]
    tables += [
        pd.read_parquet(args.runs / run / "predictions.parquet") for run in RUNS if args.runs
    ]
    table = scores(pd.concat(tables), truth_of(store, split.dev, args.solution), split)
    print(table.to_string(index=False, float_format="%.2f"))
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.4f")


def trained(store: Store, folder: Path, n_steps: int):
    """A net trained with labels on all clips of a store, and what it sees of a clip."""
    inputs = inputs_of(MODEL, N_FRAMES, "chrominance", None)
    net, chosen = build(MODEL, SEED, **shape_for(inputs), **ARCHITECTURE), recipe(MODEL)
    sampling = {"speeds": (0.8, 1.25), "augment": chosen.augmentation(**FLIPS)}
    clips = LabelledClips(store, store.ids(), **inputs, **sampling)
    batches = Batches(clips, 8, seed=SEED, collate=cut_to_shortest)
    config = FitConfig(n_steps=n_steps, lr=1e-3, weight_decay=0.05, warmup_steps=20, seed=SEED)
    start_s = time.process_time()
    result = fit(net, batches, chosen.supervised(0.1, {}, {}, n_rows=16), config, folder)
    minutes = (time.process_time() - start_s) / 60
    print(
        f"{result.step} steps on {len(clips)} simulated clips, {minutes:.1f} min of processor time"
    )
    return net.eval(), inputs


def truth_of(store: Store, dev: list[str], solution: Path) -> pd.Series:
    """True heart rates by id: of fold dev by its labels, of the test set by the solution."""
    known = {id: store.meta(id)["hr_true_bpm"] for id in dev}
    rates = pd.read_csv(solution, index_col=0)["HR"]
    return pd.concat([pd.Series(known), rates]).astype(float)


def scores(predictions: pd.DataFrame, truth: pd.Series, split) -> pd.DataFrame:
    """One row per part and model."""
    rows = []
    for part, ids in (("validation", split.dev), ("test", split.test)):
        for model, table in predictions.groupby("model", sort=False):
            one = table.drop_duplicates("id").set_index("id").reindex(ids)
            found = score(truth.reindex(ids).to_numpy(), one["hr_bpm"].to_numpy())
            rows.append({"part": part, "model": model} | found)
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
