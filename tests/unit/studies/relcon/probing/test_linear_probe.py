"""Linear probes: drawn labels, tested windows, rows."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from torch import nn

from rppg.studies.relcon.probing.label_splits import splits
from rppg.studies.relcon.probing.linear_probe import (
    CHOICE_OF_C,
    embed,
    probe_activity,
    probe_value,
)

ACTIVITIES = ("sitting", "stairs", "walking")


pytestmark = pytest.mark.usefixtures("no_warnings")


def table_of(n=240, n_subjects=8, seed=0):
    """Windows of all activities and of none; cadence where one walks; subjects in turn."""
    rng = np.random.default_rng(seed)
    subjects = [f"s{k % n_subjects}" for k in range(n)]
    activity = rng.choice([*ACTIVITIES, ""], n)
    cadence_spm = np.where(
        np.isin(activity, ["stairs", "walking"]), rng.uniform(80, 130, n), np.nan
    )
    about = {"dataset": "simulator", "origin": "synthetic", "cadence_spm": cadence_spm}
    ids = [f"simulator/{subject}/1@{k:07.2f}" for k, subject in enumerate(subjects)]
    table = pd.DataFrame({"id": ids, "subject": subjects, "activity": activity, **about})
    folds = np.array([int(subject[1:]) % 4 for subject in subjects])
    return table, folds


def telling(table, noise=0.3, seed=1):
    """Embeddings (n, 6) that hold the activity and the cadence in lines, and noise."""
    rng = np.random.default_rng(seed)
    said = [table["activity"] == name for name in ACTIVITIES]
    said = np.stack([*said, table["cadence_spm"].fillna(0) / 100], axis=1)
    return np.c_[said + noise * rng.normal(size=said.shape), rng.normal(size=(len(table), 2))]


class Net(nn.Module):
    """(B, T, 3) -> (B, 3); a mean, halved in training and negative by the head."""

    def forward(self, windows, headed=False):
        mean = windows.mean(dim=1) * (0.5 if self.training else 1.0)
        return -mean if headed else mean


def test_embeddings_are_the_nets_in_eval_mode_whatever_the_batch(tmp_path):
    xyz_g = np.random.default_rng(0).normal(size=(10, 16, 3)).astype("f4")
    np.save(tmp_path / "windows.npy", xyz_g)
    net = Net().train()
    for batch in (1, 4, 100):
        found = embed(net, np.load(tmp_path / "windows.npy", mmap_mode="r"), batch)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, xyz_g.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(embed(net, xyz_g, headed=True), -xyz_g.mean(axis=1), atol=1e-6)
    assert net.training and not torch.is_inference_mode_enabled()


def test_embeddings_that_are_no_numbers_are_refused():
    xyz_g = np.zeros((4, 16, 3), "f4")
    xyz_g[2, 5] = np.nan
    with pytest.raises(ValueError, match=r"of 1 windows are not finite, first \[2\]"):
        embed(Net(), xyz_g)
    with pytest.raises(ValueError, match="no window"):
        embed(Net(), xyz_g[:0])


@pytest.mark.parametrize("task", ["activity", "cadence_spm"])
@pytest.mark.parametrize("n_labels", [1, 5, None])
def test_no_subject_is_learned_from_and_tested_and_every_label_is_tested_once(task, n_labels):
    table, folds = table_of()
    tested = []
    for fold, train, test in splits(table, folds, task, n_labels, seed=0):
        assert not set(table["subject"].iloc[train]) & set(table["subject"].iloc[test])
        assert set(folds[test]) == {fold}
        tested += test.tolist()
    labelled = table["activity"] != "" if task == "activity" else table["cadence_spm"].notna()
    assert sorted(tested) == np.flatnonzero(labelled).tolist()


@pytest.mark.parametrize("task", ["activity", "cadence_spm"])
def test_labels_are_drawn_by_activity_and_the_few_are_among_the_many(task):
    table, folds = table_of()
    drawn = {n: list(splits(table, folds, task, n, seed=3)) for n in (1, 5, 10)}
    held = 3 if task == "activity" else 2  # cadence has no meaning in sitting
    for k in range(4):
        one, five, ten = (drawn[n][k].train for n in (1, 5, 10))
        assert set(one) < set(five) < set(ten)
        counts = table["activity"].iloc[five].value_counts()
        assert len(counts) == held and (counts == 5).all()
    other = next(splits(table, folds, task, 5, seed=4))
    assert set(other.train) != set(drawn[5][0].train)


def test_an_activity_with_few_windows_gives_all_it_has():
    table, folds = table_of()
    rare = np.flatnonzero((table["activity"] == "stairs") & (folds == 1))[:3]
    table.loc[(table["activity"] == "stairs") & ~table.index.isin(rare), "activity"] = ""
    first = next(splits(table, folds, "activity", 10, seed=0))
    assert table["activity"].iloc[first.train].value_counts().to_dict() == {
        "sitting": 10,
        "walking": 10,
        "stairs": 3,
    }


def test_rows_of_activity():
    table, folds = table_of()
    rows = probe_activity(telling(table), table, folds, 10, seed=0)
    labelled = table[table["activity"] != ""]
    assert sorted(rows["id"]) == sorted(labelled["id"])
    found = rows.merge(table.assign(fold_given=folds), on="id", suffixes=("", "_given"))
    assert (found["truth"] == found["activity"]).all() and (
        found["fold"] == found["fold_given"]
    ).all()
    assert set(rows["n_labels"]) == {"10"} and set(rows["task"]) == {"activity"}
    probabilities = rows[[f"p_{name}" for name in ACTIVITIES]]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (rows["predicted"] == probabilities.idxmax(axis=1).str.removeprefix("p_")).all()
    assert (rows["truth"] == rows["predicted"]).mean() > 0.8  # by chance 1 in 3


def test_more_labels_tell_more():
    table, folds = table_of()
    right = []
    for n_labels in (1, 10, None):
        rows = probe_activity(telling(table, noise=0.6), table, folds, n_labels, seed=0)
        right.append((rows["truth"] == rows["predicted"]).mean())
    assert right[0] < right[1] < right[2]


def test_an_activity_unseen_in_training_has_no_probability():
    table, folds = table_of()
    table.loc[(table["activity"] == "stairs") & (folds != 2), "activity"] = ""
    rows = probe_activity(telling(table), table, folds, 5, seed=0)
    tested = rows[rows["fold"] == 2]
    assert (tested["p_stairs"] == 0).all() and (tested["truth"] == "stairs").any()
    assert (rows.loc[rows["fold"] != 2, "p_stairs"] > 0).all()


@threadpool_limits.wrap(limits=1)
def test_the_penalty_is_chosen_on_subjects_held_apart():
    """Each subject's activities lie in directions of its own: only a choice that holds subjects
    apart finds that most of the embedding is of no use for another."""
    table, folds = table_of(n=160)
    folds, rng = folds % 2, np.random.default_rng(5)
    own = rng.normal(size=(8, 4, 12))  # of each subject and activity
    places = table["subject"].str[1:].astype(int), table["activity"].factorize(sort=True)[0]
    embeddings = np.c_[own[places], telling(table, noise=1.0)[:, :3]]
    at = np.flatnonzero((table["activity"] != "") & (folds != 0))
    labels, subjects = table["activity"].to_numpy(str)[at], table["subject"].to_numpy()[at]

    def model(C):
        return make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=2000))

    def best(splits):
        found = {C: [] for C in CHOICE_OF_C}
        for (a, b), C in product(splits, CHOICE_OF_C):
            predicted = model(C).fit(embeddings[at[a]], labels[a]).predict(embeddings[at[b]])
            found[C].append(f1_score(labels[b], predicted, average="macro"))
        return max(found, key=lambda C: np.mean(found[C]))

    chosen = best(GroupKFold(3).split(at, groups=subjects))
    assert chosen != best(KFold(3, shuffle=True, random_state=0).split(at))
    test = np.flatnonzero((table["activity"] != "") & (folds == 0))
    expected = model(chosen).fit(embeddings[at], labels).predict_proba(embeddings[test])
    rows = probe_activity(embeddings, table, folds, None, seed=0)
    found = rows.loc[rows["fold"] == 0, [f"p_{name}" for name in ACTIVITIES]]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_cadence_is_found_in_its_own_unit():
    table, folds = table_of()
    for n_labels, near_spm in ((10, 6.0), (None, 1.5)):
        rows = probe_value(telling(table, noise=0.01), table, folds, n_labels, seed=0)
        assert sorted(rows["id"]) == sorted(table["id"][table["cadence_spm"].notna()])
        assert (rows["truth_value"] - rows["predicted_value"]).abs().mean() < near_spm
    assert "truth" not in rows and set(rows["n_labels"]) == {"all"}


def test_features_that_hardly_differ_are_told_apart():
    table, folds = table_of(n=480)
    noise = 1e-6 * np.random.default_rng(0).normal(size=(len(table), 1200))
    alike = telling(table)[:, :1] + noise
    rows = probe_value(alike.astype("f4"), table, folds, None, seed=0)  # and none warns
    assert rows["predicted_value"].between(50, 160).all()


@pytest.mark.parametrize("probe", [probe_activity, probe_value])
def test_a_tested_window_changes_no_other_ones_answer_and_scale_no_answer(probe):
    table, folds = table_of()
    embeddings = telling(table)
    first = probe(embeddings, table, folds, 5, seed=0)
    predicted = "predicted" if probe is probe_activity else "predicted_value"
    scaled = probe(embeddings * [1000, 1, 0.01, 1, 1, 1] + 7, table, folds, 5, seed=0)
    numbers = first.select_dtypes(float).columns
    np.testing.assert_allclose(scaled[numbers], first[numbers], rtol=1e-3, atol=1e-3)
    here = np.flatnonzero((folds == 0) & table["cadence_spm"].notna())[0]
    embeddings[here] = 1e6  # tested in fold 0
    second = probe(embeddings, table, folds, 5, seed=0)
    others = (first["fold"] == 0) & (first["id"] != table["id"][here])
    assert (second.loc[others, predicted] == first.loc[others, predicted]).all()


def test_a_subject_in_two_folds_is_named():
    table, folds = table_of()
    folds[0] = 3  # of s0, whose others are in fold 0
    with pytest.raises(ValueError, match=r"subjects in two folds: \['s0'\]"):
        probe_activity(telling(table), table, folds, 5, seed=0)


def test_what_does_not_fit_is_refused():
    table, folds = table_of()
    embeddings = telling(table)
    only = table.assign(activity=np.where(folds == 1, table["activity"], "sitting"))
    broken = embeddings.copy()
    broken[7, 0] = np.inf
    for arguments, message in (
        ((embeddings[:-1], table, folds, 5), "239, 6.*240 rows"),
        ((broken, table, folds, 5), r"1 windows are not finite, first \[7\]"),
        ((embeddings, table, folds[:-1], 5), r"folds are int64 of shape \(239,\)"),
        ((embeddings, table, folds / 2, 5), "folds are float64"),
        ((embeddings, table, folds, 0), "n_labels is 0"),
        ((embeddings, table, folds * 0, 5), r"lie in the folds \[0\]"),
        ((embeddings, only, folds, 5), r"fold 1 has \['sitting'\] of activity"),
        ((embeddings, table.assign(dataset=folds.astype(str)), folds, 5), "one dataset at a time"),
    ):
        with pytest.raises(ValueError, match=message):
            probe_activity(*arguments, seed=0)
