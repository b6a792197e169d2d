"""Rounds of a cross-validation by subject: train on a split, test on its held-out recordings.

    plan = RoundPlan("Gideon2021", "multiview", inputs, training={"n_steps": 100})
    one = train_round(plan, store, split, run.dir / "0", parameters)
    one.rows  # of the net before and after training, and of constant predictors

Source: Gideon and Stent, ICCV 2021, section 4: five folds of subjects.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from torch import nn

from rppg.dataloader.batches import Batches
from rppg.dataloader.collate import cut_to_shortest
from rppg.datasets.folds import Split
from rppg.datasets.store import Store
from rppg.inference.sliding_window import with_ground_truth
from rppg.models.registry import build, shape_for
from rppg.studies.gideon2021 import held_out
from rppg.studies.gideon2021.training_setup import training_setup_for
from rppg.training.config import FitConfig
from rppg.training.fit import FitResult, fit


@dataclass(frozen=True)
class RoundPlan:
    """What the rounds of a run have in common."""

    name: str  # of the net in tables
    loss: str  # as in `training_setup_for`, which also takes options
    inputs: Mapping  # what the net sees, as `inputs_of` gives it
    fields: Mapping = field(default_factory=dict)  # of Gideon2021Config
    options: Mapping = field(default_factory=dict)
    training: Mapping = field(default_factory=dict)  # of FitConfig
    epochs: int = 100  # passes over all clips if training has no n_steps; validated after each one,
    # if it has no validate_every
    batch_size: int = 4
    seed: int = 0
    n_workers: int = 0
    imagenet: Path | None = None  # weights from which the saliency net starts
    readout: Mapping = field(default_factory=dict)  # of recordings: fields of Readout
    by_windows: bool = False  # whether windows of 10 s are scored, not recordings
    skipped: Collection[str] = ()  # ids that are not tested and whose heart rates are not used


class Round(NamedTuple):
    """A trained round."""

    net: nn.Module
    step: Callable  # the objective
    result: FitResult
    rows: list[dict]  # of held_out.tested_rows and constant_rows
    table: pd.DataFrame  # of held_out.predictions_of


def train_round(
    plan: RoundPlan, store: Store, split: Split, folder: Path, parameters: dict
) -> Round:
    """Train a new net in `folder` and test it on the test recordings of the split.

    parameters: kept with the weights, as in `fit`.  The rows are those of the net before training
    ("untrained net"), of the trained net, and of the constant predictors, the mean and the median
    of the training recordings.
    """
    net = build("gideon2021", plan.seed, **shape_for(plan.inputs), **plan.fields)
    if plan.imagenet:
        net.sampler.load_imagenet(plan.imagenet)
    ids = [id for id in split.test if id not in plan.skipped]
    seen = with_ground_truth(store, ids, net, readout=plan.readout, **plan.inputs)
    rows = held_out.tested_rows(_scored(plan, seen), "untrained net")
    setup = training_setup_for(plan.loss, store, split, plan.inputs, **plan.options)
    steps = {
        name: setup.steps(n, plan.batch_size)
        for name, n in (("n_steps", plan.epochs), ("validate_every", 1))
    } | dict(plan.training)
    config = FitConfig(**steps, seed=plan.seed, monitor=setup.monitor)
    options = {"n_workers": plan.n_workers, "collate": cut_to_shortest}
    batches = Batches(setup.clips, plan.batch_size, seed=plan.seed, **options)
    result = fit(net, batches, setup.step, config, folder, setup.validate, parameters=parameters)
    seen = with_ground_truth(store, ids, net, readout=plan.readout, **plan.inputs)
    rows += held_out.tested_rows(_scored(plan, seen), plan.name)
    if ids:
        known = held_out.known_rates(store, [id for id in split.train if id not in plan.skipped])
        rows += held_out.constant_rows(_scored(plan, seen), known)
    return Round(net, setup.step, result, rows, held_out.predictions_of(store, seen, plan.name))


def _scored(plan: RoundPlan, seen: list[dict]) -> list[dict]:
    """What is scored of tested recordings: themselves, or their windows."""
    return held_out.windowed(seen) if plan.by_windows and seen else seen
