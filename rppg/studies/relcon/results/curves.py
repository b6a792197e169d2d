"""Curves of the RelCon study: the same metric over settings of the training.

    rows, facts = collect(["runs/relcon_bench"])
    curves, compared = curve_tables(rows, facts, ["n_steps", "n_learned"])
    variants, changes = variant_tables(rows, facts)

A setting is a value of each column of `by`: n_steps (of training), n_learned (subjects that it was
trained on) or lr (peak learning rate).  Methods without pre-training have no setting; they are
repeated in each as a reference.  Columns are those of bootstrap.py, after those of the setting.
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from rppg.studies.relcon.results.bootstrap import against, with_intervals
from rppg.studies.relcon.results.runs import METHODS, VARIANTS

UNTRAINED = ("scratch", "random encoder", "hand-made features")  # no pre-training
PRETRAINED = tuple(name for name in METHODS if name not in UNTRAINED)


def curve_tables(
    rows: pd.DataFrame, facts: pd.DataFrame, by: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """with_intervals and against in every setting that RelCon was trained in; variants are left
    out.

    rows, facts: from runs.collect.  Raises ValueError as those functions do, if RelCon has no run,
    and if a method has two runs of one setting and seed.
    """
    several = list(_settings(rows, facts, by))
    if not several:
        raise ValueError(f"no run of {METHODS[0]}: found {sorted(facts['method'].unique())}")
    tables = []
    for function in (with_intervals, against):
        parts = [_labelled(function(part), setting) for setting, part in several]
        tables.append(pd.concat(parts, ignore_index=True))
    return tables[0], tables[1]


def variant_tables(
    rows: pd.DataFrame, facts: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """with_intervals and against of RelCon, its VARIANTS and scratch, in the setting and the seeds
    of the variants; None without a variant.  Raises ValueError as `curve_tables` does."""
    chosen = facts[facts["method"].isin(VARIANTS)]
    if chosen.empty:
        return None
    setting = chosen[["n_steps", "n_learned"]].drop_duplicates()
    if len(setting) > 1:
        raise ValueError(f"variants of several settings: {setting.to_dict('records')}")
    own = facts[facts["method"] == METHODS[0]].merge(setting)
    both = pd.concat([chosen, own, facts[facts["method"] == UNTRAINED[0]]])
    seeds = both.groupby("method")["seed"].agg(set)
    shared = set.intersection(*seeds)
    part = _rows_of(rows, both[both["seed"].isin(shared)])
    return with_intervals(part), against(part)


def best_lr(curves: pd.DataFrame, n_labels: str) -> pd.DataFrame:
    """Rows of `curves` by lr with the highest macro F1 of each pre-trained method, at n_labels."""
    few = curves[(curves["metric"] == "macro_f1") & (curves["n_labels"] == n_labels)]
    few = few[few["method"].isin(PRETRAINED)]
    best = few.groupby(["dataset", "method"], sort=False)["mean"].idxmax()
    return few.loc[best].reset_index(drop=True)


def _settings(
    rows: pd.DataFrame, facts: pd.DataFrame, by: Sequence[str]
) -> Iterator[tuple[dict, pd.DataFrame]]:
    """Each setting of RelCon, and the rows of all methods in it."""
    by = list(by)
    facts = facts[facts["method"].isin(METHODS)]
    is_reference = facts["method"].isin(UNTRAINED)
    settings = facts.loc[facts["method"] == METHODS[0], by].drop_duplicates().sort_values(by)
    for values in settings.to_dict("records"):
        inside = (facts[by] == pd.Series(values)).all(axis=1) & ~is_reference
        yield values, _rows_of(rows, facts[inside | is_reference])


def _rows_of(rows: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """The rows of some runs.  Raises ValueError for two runs of one method and seed."""
    twice = facts[facts.duplicated(["method", "seed"], keep=False)]
    if len(twice):
        found = twice[["method", "seed", "run_dir"]].to_dict("records")
        raise ValueError(f"two runs of one method and seed in a setting: {found}")
    return rows[rows["run_dir"].isin(facts["run_dir"])]


def _labelled(table: pd.DataFrame, setting: dict) -> pd.DataFrame:
    for place, (name, value) in enumerate(setting.items()):
        table.insert(place, name, value)
    return table
