"""Supervised training, from scratch or from a pre-trained encoder (fine-tuning): all weights of
the encoder and a new head.

    rows = train_supervised(windows, folds, "activity", n_labels=5, seed=0,
        encoder=EncoderConfig(), config=FitConfig(n_steps=300, lr=1e-3), batch_size=64,
        run_dir=run_dir)

It uses the same labels as the probes, and rows of the same format (linear_probe.py).  An encoder at
initialisation, for the probe of a random one:

    >>> import torch
    >>> net = untrained(EncoderConfig(widths=(8, 16), blocks=(1, 1), kernels=(3, 4)), seed=0)
    >>> net(torch.zeros(2, 256, 3)).shape
    torch.Size([2, 16])
"""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch.nn.functional as F
from scipy.special import softmax
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from rppg.dataloader.batches import Batches
from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.models.encoder import EncoderConfig, MotionNet
from rppg.studies.relcon.pretraining.pair_dataset import LabelledWindows
from rppg.studies.relcon.probing.label_splits import ACTIVITY, Split, splits
from rppg.studies.relcon.probing.linear_probe import activities, activity_rows, embed, value_rows
from rppg.training.config import FitConfig
from rppg.training.fit import fit
from rppg.utils.seeding import random_states_kept, seed_all


def train_supervised(
    windows: Windows,
    folds: np.ndarray,
    task: str,
    n_labels: int | None,
    seed: int,
    *,
    encoder: EncoderConfig,
    config: FitConfig,
    batch_size: int,
    run_dir: Path | str,
    pretrained: MotionNet | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Rows, in the format of linear_probe.py, of nets trained on n_labels windows per activity.

    folds: (n,).  task: "activity" (cross-entropy) or a numeric column (squared error of its values,
    standardised by the training windows).  encoder: its n_outputs is set to the task's.
    pretrained: a net of that encoder, from whose weights each fold starts (fine-tuning), and which
    stays as it is; None: from scratch.  config:
    its seed is set to `seed`, which also determines the initial weights and the drawn labels.
    batch_size: the maximum; with fewer labelled windows a batch holds them all.  A fold's run is in
    run_dir/fold<k>; a finished one is not trained again.

    Raises ValueError for another task, as `splits` does, and if run_dir holds a run of other labels
    or parameters.
    """
    if task not in windows.table:
        raise ValueError(f"task is {task!r}, expected {ACTIVITY!r} or a numeric column")
    classes = activities(windows.table)
    n_outputs = len(classes) if task == ACTIVITY else 1
    encoder, config = replace(encoder, n_outputs=n_outputs), replace(config, seed=seed)
    rows = []
    for split in splits(windows.table, folds, task, n_labels, seed):
        labels, scaler = _labels(windows.table.iloc[split.train], task, classes)
        net = untrained(encoder, seed)
        if pretrained is not None:
            net.encoder.load_state_dict(pretrained.encoder.state_dict())
        training = windows.part(split.train)
        n_batch = min(batch_size, len(labels))
        batches = Batches(LabelledWindows(training, labels), n_batch, seed=seed)
        facts = {"task": task, "n_labels": n_labels, "ids": _digest(training.table["id"])}
        facts |= {} if pretrained is None else {"pretrained": weights_digest(pretrained)}
        step = cross_entropy if task == ACTIVITY else squared_error
        where = Path(run_dir) / f"fold{split.fold}"
        fit(net, batches, step, config, where, parameters=facts, progress=progress)
        rows.append(_tested(net, windows, split, task, n_labels, classes, scaler))
    return pd.concat(rows, ignore_index=True)


def untrained(config: EncoderConfig, seed: int) -> MotionNet:
    """The net as initialised by the seed, without changing the global random state."""
    with random_states_kept():
        seed_all(seed)
        return MotionNet(config)


def cross_entropy(model: nn.Module, batch: dict, generator) -> tuple[Tensor, dict[str, Tensor]]:
    """Step on labels (B,) of classes."""
    logits = model(batch["anchor"], headed=True)  # (B, n_classes)
    right = (logits.argmax(dim=1) == batch["label"]).float().mean()
    return F.cross_entropy(logits, batch["label"]), {"right": right}


def squared_error(model: nn.Module, batch: dict, generator) -> tuple[Tensor, dict[str, Tensor]]:
    """Step on standardised values (B,)."""
    loss = F.mse_loss(model(batch["anchor"], headed=True)[:, 0], batch["label"])
    return loss, {"squared_error": loss}


def _labels(
    table: pd.DataFrame, task: str, classes: np.ndarray
) -> tuple[np.ndarray, StandardScaler | None]:
    """Targets (n,): class indices, or standardised values and their scaler."""
    if task == ACTIVITY:
        return np.searchsorted(classes, table[ACTIVITY].to_numpy(str)), None
    values = table[[task]].to_numpy(float)  # (n, 1)
    scaler = StandardScaler().fit(values)
    return scaler.transform(values)[:, 0].astype(np.float32), scaler


def _tested(
    net: MotionNet,
    windows: Windows,
    split: Split,
    task: str,
    n_labels: int | None,
    classes: np.ndarray,
    scaler: StandardScaler | None,
) -> pd.DataFrame:
    tested = windows.part(split.test)
    device = next(net.parameters()).device
    outputs = embed(net, tested.xyz_g, device=device, headed=True)  # (n_test, n_outputs)
    if scaler is None:
        probabilities = softmax(outputs, axis=1)
        return activity_rows(tested.table, split.fold, n_labels, classes, probabilities)
    predicted = scaler.inverse_transform(outputs.astype(float))[:, 0]
    return value_rows(tested.table, task, split.fold, n_labels, predicted)


def weights_digest(net: MotionNet) -> str:
    """16 hexadecimal digits that follow from the encoder's weights."""
    digest = hashlib.sha256()
    for name, weight in net.encoder.state_dict().items():
        digest.update(name.encode() + weight.cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def _digest(ids: pd.Series) -> str:
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]
