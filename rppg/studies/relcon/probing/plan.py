"""What of each dataset can be probed, and notes on what cannot.

    plan = probe_plan(windows, n_labels=[1, 5, 0], n_folds=4, seed=1, targets=["cadence_spm"])
    print(*plan.notes, sep="\n")

A table may come without activities, or know a target for few: such a task is left out, with the
numbers of labels that it does not suffice for, and the rest is probed.  Folds are the same for
every method and seed.  A dataset with fewer subjects than n_folds has one fold per subject.
"""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from rppg.studies.relcon.data.splits import probe_folds
from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.data.windows import COLUMNS
from rppg.studies.relcon.probing.label_splits import ACTIVITY, CADENCE, TooFewLabels, splits

ALL = 0  # value of n_labels
PROBES = ("linear", "mlp", "finetune")  # readings of a pre-trained encoder


class Part(NamedTuple):
    """What of one dataset can be probed."""

    windows: Windows  # n of them
    folds: np.ndarray  # (n,) int
    cases: list[tuple[str, int]]  # task and number of labels


class Plan(NamedTuple):
    """What can be probed, and a sentence on each thing that was asked for and cannot."""

    parts: list[Part]
    notes: list[str]


def probe_plan(
    windows: Windows,
    *,
    n_labels: Sequence[int],
    n_folds: int,
    seed: int,
    targets: Sequence[str] = (CADENCE,),
    probe: str = "linear",
) -> Plan:
    """All datasets of `windows`, their tasks and numbers of labels (0: every label).

    targets: numeric columns that are predicted, of the datasets that have them.  seed: of the drawn
    labels.  probe: one of PROBES; "mlp" predicts activities alone.  Raises ValueError, with all
    notes, if nothing can be probed.
    """
    parts, notes = [], _without_values(windows.table, targets)
    if probe == "mlp" and targets:
        notes = [f"an MLP probe predicts activities alone: not {', '.join(targets)}"]
        targets = ()
    for name, rows in windows.table.groupby("dataset", sort=True):
        tasks, subjects = _tasks(rows, targets), rows["subject"].unique()
        if not tasks or len(subjects) < 2:
            notes.append(f"{name} {_nothing(tasks, subjects)}")
            continue
        part = windows.part(rows.index.to_numpy())
        folds = probe_folds(part.table, min(n_folds, len(subjects)), seed=0).to_numpy()
        cases, skipped = _cases(part.table, folds, tasks, n_labels, seed)
        notes += [f"{name}, {text}" for text in skipped]
        parts += [Part(part, folds, cases)] if cases else []
    if not parts:
        names = sorted(windows.table["dataset"].unique())
        raise ValueError(f"nothing can be probed in {names}: {'; '.join(notes)}")
    return Plan(parts, notes)


def _without_values(table: pd.DataFrame, targets: Sequence[str]) -> list[str]:
    """A note on each target that no window has, with the numeric columns that have values."""
    there = [name for name in table if name not in COLUMNS and table[name].notna().any()]
    known = f"numeric columns with values are {', '.join(there) or 'none'}"
    missing = [name for name in targets if name not in there]
    return [f"target {name}: no tested window has a value; {known}" for name in missing]


def _tasks(table: pd.DataFrame, targets: Sequence[str]) -> list[str]:
    several = table.loc[table[ACTIVITY] != "", ACTIVITY].nunique() > 1
    known = [name for name in targets if name in table and table[name].notna().any()]
    return ([ACTIVITY] if several else []) + known


def _nothing(tasks: list[str], subjects: np.ndarray) -> str:
    """Why a dataset without tasks, or of one subject, is not probed."""
    if not tasks:
        return "has nothing to predict: expected two activities or more, or values of a target"
    text = f"has one subject to test on, {subjects[0]}"
    return f"{text}: expected two or more, since training uses other subjects"


def _cases(
    table: pd.DataFrame, folds: np.ndarray, tasks: list[str], n_labels: Sequence[int], seed: int
) -> tuple[list[tuple[str, int]], list[str]]:
    """Tasks and numbers of labels that can be probed, and a note on each task's others."""
    cases, skipped = [], {}
    for task, n in product(tasks, n_labels):
        try:
            list(splits(table, folds, task, None if n == ALL else n, seed))
            cases.append((task, n))
        except TooFewLabels as error:
            skipped.setdefault((task, str(error)), []).append("all" if n == ALL else str(n))
    notes = [
        f"{task}, labels per class {', '.join(numbers)}: skipped; {reason}"
        for (task, reason), numbers in skipped.items()
    ]
    return cases, notes
