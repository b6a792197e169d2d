"""Which label-free metric should choose the checkpoint of pre-training?

    python benchmarks/criteria.py --seeds 1 2 3 --out benchmarks/results/criteria.csv
    python benchmarks/criteria.py --from benchmarks/results/criteria.csv

Trains as `rppg run --profile bench_ablation --seed N` (which must have prepared its recordings).
Each
validation computes label-free metrics on the validation videos (`SelfConsistency`), and the error
on all labelled videos, which is used for comparison only.  For each metric: the error at its
minimum, and its rank correlation (Spearman) with the error over checkpoints.  The loss and the
smallest error are listed for comparison.
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

import pandas as pd
import torch

from rppg.dataloader.augment import MapAugmentation
from rppg.dataloader.batches import Batches
from rppg.dataloader.clips import Clips
from rppg.dataloader.collate import cut_to_shortest
from rppg.dataloader.distractors import PeriodicIllumination
from rppg.datasets import Store
from rppg.datasets.folds import make_split
from rppg.inference.region_voting import region_views
from rppg.models.registry import build
from rppg.models.st_transformer.objective import SelfSupervised
from rppg.preprocessing.mstmap import COMBINATIONS, YUV_FROM_RGB
from rppg.training.config import FitConfig
from rppg.training.criteria import RateError
from rppg.training.fit import fit
from rppg.training.self_consistency import SelfConsistency
from rppg.utils.paths import project_dir
from rppg.workflow.profiles import load_profile
from rppg.workflow.typed_fields import parameter_defaults

LABELLED = ("rmse_bpm", "mae_bpm", "within_5bpm")
OTHER = ("seed", "step", "seconds", *LABELLED, "hr_spread_bpm")  # columns that are no criteria


def course(seed: int, given: dict, folder: Path) -> pd.DataFrame:
    """One pre-training run: one row per validation, with metrics with and without labels, and
    loss."""
    store = Store(project_dir() / "prepared" / f"bench_ablation-{seed}")
    parts, _ = make_split(store, given["datasets"], given["validation"])
    kind = {"normalise": given["normalise"], "n_frames": given["n_frames"]}
    light = PeriodicIllumination(COMBINATIONS, YUV_FROM_RGB, given["distractor_chance"])
    random = {"speeds": tuple(given["speeds"]), "augment": MapAugmentation(), "disturb": light}
    clips = Clips(store, parts.train, "mstmap", **kind, **random)
    architecture = {"n_frames": given["n_frames"], **given["architecture"]}
    views = region_views(COMBINATIONS, given["views"])
    labelled, _ = make_split(store, [given["validation"]], given["validation"])
    unseen = labelled.train + labelled.dev
    metrics = (
        SelfConsistency(store, parts.dev, **kind),
        RateError(store, unseen, **kind, views=views),
    )
    fit(
        build("st_transformer", seed, **architecture),
        Batches(clips, given["batch_size"], seed=seed, collate=cut_to_shortest),
        SelfSupervised(**given["weights"], n_rows=given["n_rows"]),
        FitConfig(**given["training"], seed=seed, monitor="self_disagreement_bpm"),
        folder,
        partial(both, metrics),
    )
    rows, logged = pd.read_csv(folder / "validation.csv"), pd.read_csv(folder / "metrics.csv")
    loss = logged["loss"].rolling(10, min_periods=1).mean()  # of 100 steps
    rows["loss"] = rows["step"].map(dict(zip(logged["step"], loss, strict=True)))
    return rows.assign(seed=seed)


def parameters_of(run: str) -> dict:
    """Parameters of a run of the profile bench_ablation, with the notebook's defaults."""
    settings = load_profile("bench_ablation").runs[run]
    notebook = project_dir() / "notebooks" / f"{settings.notebook}.ipynb"
    return parameter_defaults(notebook) | settings.parameters


def both(metrics, model) -> dict[str, float]:
    """The values of all metrics of a model."""
    return {name: value for metric in metrics for name, value in metric(model).items()}


def summary(courses: pd.DataFrame) -> pd.DataFrame:
    """One row per metric: means over seeds of the error at its minimum, and of its rank correlation
    with the error."""
    rows = []
    for name in [name for name in courses.columns if name not in OTHER] + ["rmse_bpm"]:
        groups = [group for _, group in courses.groupby("seed")]
        chosen = [group.loc[group[name].idxmin(), "rmse_bpm"] for group in groups]
        order = [group[name].corr(group["rmse_bpm"], method="spearman") for group in groups]
        rows.append([name, *chosen, pd.Series(chosen).mean(), pd.Series(order).mean()])
    seeds = [f"seed {seed}" for seed in sorted(courses["seed"].unique())]
    table = pd.DataFrame(rows, columns=["criterion", *seeds, "mean rmse_bpm", "rank correlation"])
    last = courses.groupby("seed")["rmse_bpm"].last()
    table.loc[len(table)] = ["none: the last step", *last, last.mean(), float("nan")]
    return table.sort_values("mean rmse_bpm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--from", dest="table", type=Path, help="print an existing table")
    args = parser.parse_args()
    if args.table:
        courses = pd.read_csv(args.table)
    else:
        torch.set_num_threads(args.threads)
        given = parameters_of("st_transformer/pretrain")
        with tempfile.TemporaryDirectory() as folder:
            tables = [course(seed, given, Path(folder) / str(seed)) for seed in args.seeds]
        courses = pd.concat(tables, ignore_index=True)
        if args.out:
            courses.to_csv(args.out, index=False, float_format="%.4f")
    print("RMSE on labelled recordings (synthetic) at the checkpoint chosen by each criterion:")
    print(summary(courses).to_string(index=False, float_format="%.2f"))


if __name__ == "__main__":
    main()
