"""Evaluation of a method on each dataset's tasks, with few labels and with all.

    rows = tested_rows(net, windows, METHODS["relcon"], n_labels=[1, 5, 0], n_folds=4, seed=1,
        labels={"n_steps": 100, "n_steps_all": 300}, batch_size=64, run_dir=run_dir)
    metrics(rows[(rows["task"] == "activity") & (rows["n_labels"] == "5")])

Rows are those of linear_probe.py, with the columns method and seed.  Folds are the same for every
method and seed; the labelled windows depend on the seed and are the same for every method.  A
dataset with fewer subjects than n_folds has one fold per subject; one without labels has no rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.studies.relcon.data.splits import probe_folds
from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.models.encoder import EncoderConfig, MotionNet
from rppg.studies.relcon.pretraining.methods import Method
from rppg.studies.relcon.probing.label_splits import ACTIVITY, CADENCE
from rppg.studies.relcon.probing.linear_probe import embed, probe_activity, probe_value
from rppg.studies.relcon.probing.mlp_probe import mlp_classifier
from rppg.studies.relcon.probing.supervised import train_supervised
from rppg.training.config import FitConfig

ALL = 0  # value of n_labels
PROBES = ("linear", "mlp", "finetune")  # readings of a pre-trained encoder


def tested_rows(
    net: MotionNet,
    windows: Windows,
    method: Method,
    *,
    n_labels: list[int],
    n_folds: int,
    seed: int,
    labels: dict,
    batch_size: int,
    run_dir: Path,
    targets: Sequence[str] = (CADENCE,),
    probe: str = "linear",
) -> pd.DataFrame:
    """Rows of all datasets of `windows`, all their tasks and all n_labels (0: every label).

    targets: numeric columns that are predicted, of the datasets that have them.

    net: its frozen embeddings are probed; for "scratch", a net of its config is trained below
    run_dir, with batches of batch_size at most and FitConfig(**labels), in which "n_steps_all"
    replaces n_steps if all labels are used.  probe: one of PROBES; "mlp" has a hidden layer and
    predicts activities alone, "finetune" trains all weights as "scratch" does, from net's.  Raises
    ValueError if no dataset has labels, for one of a single subject, for an unknown probe or one
    that the method does not allow, and as the functions of linear_probe.py do.
    """
    _check_probe(probe, method)
    targets, tables = () if probe == "mlp" else targets, []
    frozen = method.is_probed and probe != "finetune"
    for part, tasks in _datasets(windows, targets):
        folds = probe_folds(part.table, _most_folds(part.table, n_folds), seed=0).to_numpy()
        embeddings = embeddings_of(method, net, part.xyz_g) if frozen else None
        for task, n in product(tasks, n_labels):
            few = None if n == ALL else n
            if frozen:
                how = (embeddings, part.table, folds, few, seed)
                more = {"fitted": mlp_classifier} if probe == "mlp" else {}
                rows = probe_activity(*how, **more) if task == ACTIVITY else probe_value(*how, task)
            else:
                where = run_dir / "labels" / part.table["dataset"].iloc[0] / f"{task}_{n}"
                how = {"encoder": plain_head(net), "config": _fit_config(labels, n)}
                how |= {"pretrained": net if probe == "finetune" else None}
                how |= {"batch_size": batch_size, "run_dir": where, "progress": False}
                rows = train_supervised(part, folds, task, few, seed, **how)
            tables.append(rows)
    if not tables:
        names = sorted(windows.table["dataset"].unique())
        raise ValueError(f"no labels in {names}: expected activities or values to test on")
    return pd.concat(tables, ignore_index=True).assign(method=method.name, seed=seed)


def plain_head(net: MotionNet) -> EncoderConfig:
    """The net's config with a head of one layer, as a task's is."""
    return replace(net.config, head_hidden=0)


def embeddings_of(method: Method, net: MotionNet, xyz_g) -> np.ndarray:
    """Features (n, D) float32 of windows (n, T, 3): embeddings of the net, or the method's
    hand-crafted features."""
    return embed(net, xyz_g) if method.describe is None else method.describe(xyz_g)


def _check_probe(probe: str, method: Method) -> None:
    if probe not in PROBES:
        raise ValueError(f"probe is {probe!r}, expected one of {list(PROBES)}")
    if probe == "finetune" and not (method.is_probed and method.describe is None):
        raise ValueError(
            f"{method.name} has no pre-trained encoder to fine-tune: use another probe"
        )


def _fit_config(labels: dict, n: int) -> FitConfig:
    """FitConfig for n labels per activity; `labels` as in tested_rows."""
    config = FitConfig(**{name: labels[name] for name in labels if name != "n_steps_all"})
    if n == ALL:
        return replace(config, n_steps=labels.get("n_steps_all", config.n_steps))
    return config


def _datasets(windows: Windows, targets: Sequence[str]) -> Iterator[tuple[Windows, list[str]]]:
    """Windows and tasks of each dataset with labels."""
    for _, rows in windows.table.groupby("dataset", sort=True):
        part = windows.part(rows.index.to_numpy())
        several = rows.loc[rows[ACTIVITY] != "", ACTIVITY].nunique() > 1
        tasks = [ACTIVITY] if several else []
        if tasks := tasks + [name for name in targets if name in rows and rows[name].notna().any()]:
            yield part, tasks


def _most_folds(table: pd.DataFrame, n_folds: int) -> int:
    subjects = table["subject"].unique()
    if len(subjects) < 2:
        text = f"{table['dataset'].iloc[0]} has one subject to test on, {subjects[0]}"
        raise ValueError(f"{text}: expected two or more, since training uses other subjects")
    return min(n_folds, len(subjects))
