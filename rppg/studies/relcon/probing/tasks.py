"""Evaluation of a method on each dataset's tasks, with few labels and with all.

    rows = tested_rows(net, windows, METHODS["relcon"], n_labels=[1, 5, 0], n_folds=4, seed=1,
        labels={"n_steps": 100, "n_steps_all": 300}, batch_size=64, run_dir=run_dir)
    metrics(rows[(rows["task"] == "activity") & (rows["n_labels"] == "5")])

Rows are those of linear_probe.py, with the columns method and seed.  Folds are the same for every
method and seed; the labelled windows depend on the seed and are the same for every method.  What is
left out, and why, is in the notes of plan.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.models.encoder import EncoderConfig, MotionNet
from rppg.studies.relcon.pretraining.methods import Method
from rppg.studies.relcon.probing.label_splits import ACTIVITY, CADENCE
from rppg.studies.relcon.probing.linear_probe import embed, probe_activity, probe_value
from rppg.studies.relcon.probing.mlp_probe import mlp_classifier
from rppg.studies.relcon.probing.plan import ALL, PROBES, Part, probe_plan
from rppg.studies.relcon.probing.supervised import train_supervised
from rppg.training.config import FitConfig


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
    """Rows of all datasets of `windows`, their tasks and n_labels (0: every label), as far as
    probe_plan finds that they can be probed.

    targets: numeric columns that are predicted, of the datasets that have them.

    net: its frozen embeddings are probed; for "scratch", a net of its config is trained below
    run_dir, with batches of batch_size at most and FitConfig(**labels), in which "n_steps_all"
    replaces n_steps if all labels are used.  probe: one of PROBES; "mlp" has a hidden layer and
    predicts activities alone, "finetune" trains all weights as "scratch" does, from net's.  Raises
    ValueError as probe_plan does, for an unknown probe or one that the method does not allow, and
    as the functions of linear_probe.py do.
    """
    _check_probe(probe, method)
    how = {"n_labels": n_labels, "n_folds": n_folds, "targets": targets, "probe": probe}
    parts, tables = probe_plan(windows, **how, seed=seed).parts, []
    for part in parts:
        if method.is_probed and probe != "finetune":
            tables += _of_probes(part, embeddings_of(method, net, part.windows.xyz_g), probe, seed)
        else:
            given = {"encoder": plain_head(net), "batch_size": batch_size, "progress": False}
            given |= {"pretrained": net if probe == "finetune" else None}
            tables += _of_training(part, labels, run_dir, seed, given)
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


def _of_probes(part: Part, embeddings: np.ndarray, probe: str, seed: int) -> Iterator[pd.DataFrame]:
    """Rows of each case of a dataset, by models on frozen embeddings (n, D)."""
    for task, n in part.cases:
        how = (embeddings, part.windows.table, part.folds, _few(n), seed)
        more = {"fitted": mlp_classifier} if probe == "mlp" else {}
        yield probe_activity(*how, **more) if task == ACTIVITY else probe_value(*how, task)


def _of_training(
    part: Part, labels: dict, run_dir: Path, seed: int, given: dict
) -> Iterator[pd.DataFrame]:
    """Rows of each case of a dataset, by nets trained below run_dir as train_supervised does."""
    dataset = part.windows.table["dataset"].iloc[0]
    for task, n in part.cases:
        where = run_dir / "labels" / dataset / f"{task}_{n}"
        how = {"config": _fit_config(labels, n), "run_dir": where}
        yield train_supervised(part.windows, part.folds, task, _few(n), seed, **how, **given)


def _few(n: int) -> int | None:
    """The number of labels as probes take it: None for all."""
    return None if n == ALL else n
