"""The stages of a run with `folds`: one training per fold, and one stage that collects them.

    with_folds(stage, 5)  # the run itself, if it has no folds

Fold k is a run of the same notebook with `fold: k/n`, in the folder <run>_folds/<k>; folds are
independent of each other, so they run side by side, and each resumes by itself.  The stage that has
the run's own name and folder puts their predictions together: of each labelled recording that of
the model which has not seen its subject, of each test recording the mean of all (notebook
COLLECT).  What follows reads it as if it were one model.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from rppg.workflow.stage import Stage

COLLECT = "studies/folds/folds_collect"


def with_folds(stage: Stage, n_folds: int) -> Iterator[Stage]:
    """The stages that a run's stage becomes, those of the folds first."""
    if not n_folds:
        yield stage
        return
    folds = [_fold(stage, n_folds, k) for k in range(1, n_folds + 1)]
    yield from folds
    paths = {name: stage.paths[name] for name in ("prepared_dir", "run_dir")}
    yield replace(
        stage,
        notebook=COLLECT,
        parameters={},
        paths=paths | {"folds": [fold.folders["run"] for fold in folds]},
        needs={fold.name: fold.rule for fold in folds},
        threads=1,
        gpu=0,
        priority=0,
    )


def fold_folder(run: str, k: int) -> str:
    """Where fold k of a run lies, relative to the folder of all runs."""
    return f"{run}_folds/{k}"


def fold_rule(rule: str, k: int) -> str:
    return f"{rule}_fold{k}"


def run_of_fold(name: str) -> str:
    """The run that a stage of this name is a fold of; the name itself, if it is none.

    >>> run_of_fold("net/tune_fold2"), run_of_fold("net/tune")
    ('net/tune', 'net/tune')
    """
    return re.sub(r"_fold\d+$", "", name)


def _fold(stage: Stage, n_folds: int, k: int) -> Stage:
    folder = fold_folder(stage.folders["run"], k)
    return replace(
        stage,
        name=f"{stage.name}_fold{k}",  # as run_of_fold reads it
        rule=fold_rule(stage.rule, k),
        parameters={**stage.parameters, "fold": f"{k}/{n_folds}"},
        paths={**stage.paths, "run_dir": folder},
        folders={"run": folder},
        outputs={name: f"{folder}/{name}" for name in ("predictions.parquet", "run.json")},
        label=f"{stage.name}, fold {k} of {n_folds}",
    )
