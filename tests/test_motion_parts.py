"""Parts of a motion run and folds of its probes: never one subject on two sides."""

import numpy as np
import pandas as pd
import pytest

from rppg.motion.parts import motion_parts, probe_folds


def table_of(dataset: str, subjects: list[str], n: int = 3) -> pd.DataFrame:
    """n windows of each subject."""
    rows = [
        {"id": f"{dataset}/{s}/hour@{k:07.2f}", "dataset": dataset, "subject": s}
        for s in subjects
        for k in range(n)
    ]
    return pd.DataFrame(rows)


def simulated(n_subjects: int = 20) -> pd.DataFrame:
    return table_of("simulator", [f"S{k:02d}" for k in range(n_subjects)])


def test_no_subject_is_in_two_parts_and_shares_are_of_subjects():
    table = simulated()
    parts = motion_parts(table, ["simulator"], test_share=0.4, dev_share=0.25, seed=0)
    assert (parts.groupby(table["subject"]).nunique() == 1).all()
    people = table["subject"].groupby(parts).nunique()
    assert people.to_dict() == {"test": 8, "dev": 3, "pretrain": 9}


def test_parts_follow_from_the_seed_and_not_from_the_order_of_windows():
    table = simulated()
    first = motion_parts(table, ["simulator"], 0.4, 0.2, seed=0)
    shuffled = table.sample(frac=1.0, random_state=1)
    again = motion_parts(shuffled, ["simulator"], 0.4, 0.2, seed=0)
    assert again.sort_index().equals(first)
    other = motion_parts(table, ["simulator"], 0.4, 0.2, seed=1)
    assert not other.equals(first)


def test_a_dataset_that_is_not_learned_from_is_tested_on_as_a_whole():
    table = pd.concat([simulated(), table_of("other", ["ann", "bob"])], ignore_index=True)
    parts = motion_parts(table, ["simulator"], 0.4, 0.2, seed=0)
    assert (parts[table["dataset"] == "other"] == "test").all()
    alone = motion_parts(simulated(), ["simulator"], 0.4, 0.2, seed=0)
    assert parts[: len(alone)].equals(alone)  # another dataset beside it changes nothing


def test_an_unknown_dataset_is_named_with_those_that_are_there():
    with pytest.raises(ValueError, match=r"no windows of \['PAMAP2'\].*simulator"):
        motion_parts(simulated(), ["PAMAP2"], 0.4, 0.2, seed=0)


def test_folds_are_by_subject():
    table = simulated()
    folds = probe_folds(table, n_folds=4, seed=0)
    assert (folds.groupby(table["subject"]).nunique() == 1).all()
    assert table["subject"].groupby(folds).nunique().tolist() == [5, 5, 5, 5]
    assert folds.index.equals(table.index)


def test_basic_motions_has_the_two_halves_of_its_archive():
    table = table_of("BasicMotions", ["test01", "test02", "train01", "train02"])
    folds = probe_folds(table, n_folds=4, seed=0)
    expected = np.where(table["subject"].str.startswith("test"), 1, 0)
    assert folds.tolist() == expected.tolist()
    with pytest.raises(ValueError, match="begin with neither"):
        probe_folds(table_of("BasicMotions", ["ann"]), n_folds=4, seed=0)
