"""Subject-wise splits and folds of probes: no subject on two sides."""

import numpy as np
import pandas as pd
import pytest

from rppg.studies.relcon.data.splits import (
    first_subjects,
    origin_of,
    probe_folds,
    subject_split,
)


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
    parts = subject_split(table, ["simulator"], test_share=0.4, dev_share=0.25, seed=0)
    assert (parts.groupby(table["subject"]).nunique() == 1).all()
    people = table["subject"].groupby(parts).nunique()
    assert people.to_dict() == {"test": 8, "dev": 3, "pretrain": 9}


def test_parts_follow_from_the_seed_and_not_from_the_order_of_windows():
    table = simulated()
    first = subject_split(table, ["simulator"], 0.4, 0.2, seed=0)
    shuffled = table.sample(frac=1.0, random_state=1)
    again = subject_split(shuffled, ["simulator"], 0.4, 0.2, seed=0)
    assert again.sort_index().equals(first)
    other = subject_split(table, ["simulator"], 0.4, 0.2, seed=1)
    assert not other.equals(first)


def test_a_dataset_that_is_not_learned_from_is_tested_on_as_a_whole():
    table = pd.concat([simulated(), table_of("other", ["ann", "bob"])], ignore_index=True)
    parts = subject_split(table, ["simulator"], 0.4, 0.2, seed=0)
    assert (parts[table["dataset"] == "other"] == "test").all()
    alone = subject_split(simulated(), ["simulator"], 0.4, 0.2, seed=0)
    assert parts[: len(alone)].equals(alone)  # another dataset changes nothing


def test_an_unknown_dataset_is_named_with_those_that_are_there():
    expected = r"no windows of \['PAMAP2'\].*simulator.*in `datasets` of the profile's runs"
    with pytest.raises(ValueError, match=expected):
        subject_split(simulated(), ["PAMAP2"], 0.4, 0.2, seed=0)
    with pytest.raises(ValueError, match="no dataset to pre-train on"):
        subject_split(simulated(), [], 0.4, 0.2, seed=0)


def test_too_few_subjects_and_shares_that_are_none_are_refused():
    for n in (1, 2):
        with pytest.raises(ValueError, match=f"windows of {n} subjects, expected 3 or more"):
            subject_split(simulated(n), ["simulator"], 0.4, 0.2, seed=0)
    with pytest.raises(ValueError, match="test_share 0.9 leaves 1 subject .* take a smaller"):
        subject_split(simulated(5), ["simulator"], 0.9, 0.2, seed=0)
    three = subject_split(simulated(3), ["simulator"], 0.01, 0.99, seed=0)
    assert sorted(three.unique()) == ["dev", "pretrain", "test"]
    for shares, name in (((0.0, 0.2), "test_share is 0.0"), ((0.4, 1.0), "dev_share is 1.0")):
        with pytest.raises(ValueError, match=name):
            subject_split(simulated(), ["simulator"], *shares, seed=0)


def test_windows_of_one_origin_have_it_and_mixed_ones_are_named():
    made, measured = (table_of(d, ["ann", "bob"]) for d in ("simulator", "HHAR"))
    made, measured = made.assign(origin="synthetic"), measured.assign(origin="real")
    assert origin_of(made) == "synthetic" and origin_of(measured) == "real"
    with pytest.raises(ValueError, match=r"HHAR \(real\), simulator \(synthetic\), expected one"):
        origin_of(pd.concat([made, measured]))
    with pytest.raises(ValueError, match="windows of no dataset"):
        origin_of(made[:0])


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
    with pytest.raises(ValueError, match="start with neither"):
        probe_folds(table_of("BasicMotions", ["ann"]), n_folds=4, seed=0)


def test_the_first_subjects_are_nested_and_whole():
    table = simulated()
    masks = {n: first_subjects(table, n, seed=0) for n in (1, 5, 20, 0)}
    for n, mask in masks.items():
        assert table["subject"][mask].nunique() == (n or 20)
        assert table["subject"][mask].isin(table["subject"][~mask]).sum() == 0
    assert (masks[1] <= masks[5]).all() and masks[0].all()
    shuffled = table.sample(frac=1.0, random_state=1)
    again = pd.Series(first_subjects(shuffled, 5, seed=0), shuffled.index).sort_index()
    assert (again == masks[5]).all()
    assert (first_subjects(table, 5, seed=1) != masks[5]).any()
    for n in (-1, 21):
        with pytest.raises(ValueError, match=f"most_subjects is {n}, expected 0 .all. to 20"):
            first_subjects(table, n, seed=0)
