"""Pseudo-labels: fine-tuning goes on with the ensemble's answers for test recordings, or without.

    python benchmarks/pseudo_labels.py --seed 7 --out benchmarks/results/pseudo_labels.csv
    python benchmarks/pseudo_labels.py --from benchmarks/results/pseudo_labels.csv

One fold of each model of `rppg run --profile bench --seed 7` is trained on for the same number of
steps twice: with its labelled recordings, and with these and the test recordings for which the
submitted ensemble is most sure (the half of the highest quality), labelled by its answer.  No true
rate of a test recording is read but to score.  Both are compared on the test recordings, and on
those that the ensemble was less sure of, which gave no pseudo-label.
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from test_time import errors_of, tabulate

from rppg.dataloader.batches import Batches
from rppg.dataloader.collate import cut_to_shortest
from rppg.dataloader.pseudo_labels import PseudoLabelledClips, surest_answers
from rppg.datasets.folds import make_split
from rppg.datasets.store import Store
from rppg.evaluation.submission import read_solution
from rppg.inference.region_voting import region_views
from rppg.inference.sliding_window import predict_model
from rppg.models.protocol import traits_of
from rppg.models.registry import load_run, recipe
from rppg.preprocessing.mstmap import COMBINATIONS
from rppg.training.config import FitConfig
from rppg.training.fit import fit
from rppg.utils.paths import project_dir
from rppg.workflow.provenance import read_run_json

MODELS = ("st_transformer", "contrast_phys", "gideon2021")
STEPS, LR, SURE = 300, 3e-4, 0.5


def main() -> None:
    tabulate(__doc__, measured)


def measured(seed: int, fold: int) -> pd.DataFrame:
    """A row per model, way of training and part of the test recordings."""
    root, rows = project_dir(), []
    runs, store = root / "runs" / f"bench-{seed}", Store(root / "prepared" / f"bench-{seed}")
    truth = read_solution(root / "data" / f"bench-{seed}" / "solution.csv")
    sure = surest_answers(pd.read_parquet(runs / "ensemble" / "predictions.parquet"), SURE)
    for model in MODELS:
        folder = runs / model / "finetune_folds" / str(fold)
        found = {"before": rates(store, truth["id"], *load_run(folder), folder)}
        for name, pseudo in (("plain", {}), ("pseudo-labels", sure)):
            found[name] = rates(store, truth["id"], *trained(store, folder, pseudo), folder)
        unsure = ~truth["id"].isin(sure).to_numpy()
        for part, inside in (("all", np.full(len(truth), True)), ("without one", unsure)):
            some = {name: np.array(values)[inside] for name, values in found.items()}
            for name in found:
                row = {"model": model, "trained on": name, "test recordings": part}
                rows.append(row | errors_of(some, name, truth[inside]))
                print(rows[-1])
    return pd.DataFrame(rows)


def trained(store: Store, folder: Path, pseudo_bpm: dict[str, float]) -> tuple:
    """The run's net after further steps, and what it sees."""
    net, inputs = load_run(folder)
    facts = read_run_json(folder / "run.json")["parameters"]
    split, _ = make_split(
        store, facts["labelled"], facts["validation"], facts["fold"], facts["seed"]
    )
    made_of = recipe(facts["model"])
    flips = {name: facts[name] for name in ("flip", "flip_time", "upside_down")}
    clips = PseudoLabelledClips(
        store,
        [*split.train, *pseudo_bpm],
        **inputs,
        speeds=tuple(facts["speeds"]),
        augment=made_of.augmentation(**flips),
        step=facts["clip_step"],
        pseudo_bpm=pseudo_bpm,
    )
    batches = Batches(clips, facts["batch_size"], seed=1, collate=cut_to_shortest)
    rows = {"n_rows": 16} if traits_of(net).takes_rows else {}
    step = made_of.supervised(0.1, {}, {}, **rows)
    config = FitConfig(n_steps=STEPS, lr=LR, weight_decay=0.05, warmup_steps=20, seed=1)
    with tempfile.TemporaryDirectory() as run:
        fit(net, batches, step, config, Path(run) / "run")
    return net.eval(), inputs


def rates(store: Store, ids, net, inputs: dict, folder: Path) -> list[float]:
    """Rates of recordings, as the run reads them."""
    facts = read_run_json(folder / "run.json")["parameters"]
    n_regions = facts["views"] if traits_of(net).takes_rows else 0
    reading = {"views": region_views(COMBINATIONS, n_regions), "step": facts["window_step"]}
    table = predict_model(store, ids, net, "net", labels=False, **inputs, **reading)
    return table["hr_bpm"].tolist()


if __name__ == "__main__":
    main()
