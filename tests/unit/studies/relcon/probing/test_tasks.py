"""Evaluation of methods: every dataset's tasks, with the same windows and labels for all."""

import numpy as np
import pandas as pd
import pytest
from helpers.relcon_windows import TINY, windows_of

from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.models.handcrafted import hand_made
from rppg.studies.relcon.pretraining.methods import METHODS
from rppg.studies.relcon.probing import tasks
from rppg.studies.relcon.probing.linear_probe import embed
from rppg.studies.relcon.probing.supervised import train_supervised, untrained
from rppg.studies.relcon.results.metrics import metrics
from rppg.training.config import FitConfig

pytestmark = pytest.mark.usefixtures("single_thread")
TASKS = {"HHAR": {"activity"}, "simulator": {"activity", "cadence_spm"}}


def of_dataset(name, n_subjects=6, origin="real", **changed):
    """Windows of noise, by activity, of a dataset of its own; no cadence."""
    windows, _ = windows_of(n_subjects=n_subjects, seed=len(name))
    ids = windows.table["id"].str.replace("simulator", name)
    columns = {"id": ids, "dataset": name, "origin": origin, "cadence_spm": np.nan}
    return Windows(windows.xyz_g, windows.table.assign(**columns | changed))


def several(*parts):
    table = pd.concat([part.table for part in parts], ignore_index=True)
    return Windows(np.concatenate([part.xyz_g for part in parts]), table)


@pytest.fixture
def windows():
    """Synthetic windows with activities and cadences, real ones with activities, and unnamed."""
    simulated, _ = windows_of()
    return several(simulated, of_dataset("HHAR"), of_dataset("Capture-24", activity=""))


def rows_of(windows, run_dir, method="random", seed=3, net=None, **changed):
    net = net or untrained(TINY, seed=0)
    given = {"n_labels": [1, 0], "n_folds": 2, "labels": {"n_steps": 1}, "batch_size": 16}
    given |= {"seed": seed, "run_dir": run_dir} | changed
    return tasks.tested_rows(net, windows, METHODS[method], **given)


def test_every_dataset_has_its_tasks_with_every_number_of_labels(windows, tmp_path):
    rows = rows_of(windows, tmp_path, n_labels=[1, 5, 0])
    assert rows.groupby("dataset")["task"].agg(set).to_dict() == TASKS
    for (_, task), part in rows.groupby(["dataset", "task"]):
        assert sorted(part["n_labels"].unique()) == ["1", "5", "all"]
        truth = part["truth" if task == "activity" else "truth_value"]
        assert truth.notna().all() and (part["n_labels"].value_counts() == len(part) / 3).all()
    labelled = windows.table[windows.table["activity"] != ""]
    assert set(rows["id"]) == set(labelled["id"])
    origins = rows.groupby("dataset")["origin"].unique().str.join(" ")
    assert origins.to_dict() == {"HHAR": "real", "simulator": "synthetic"}
    assert set(rows["method"]) == {"random encoder"} and set(rows["seed"]) == {3}
    assert not list(tmp_path.iterdir())  # a probe leaves no run


@pytest.mark.slow
def test_scratch_is_tested_on_what_probes_are(windows, tmp_path):
    probed = rows_of(windows, tmp_path / "probed")
    trained = rows_of(windows, tmp_path / "trained", method="scratch")
    assert set(trained["method"]) == {"scratch"} and trained.columns.equals(probed.columns)
    same = [name for name in probed if not name.startswith(("p_", "predicted", "method"))]
    pd.testing.assert_frame_equal(trained[same], probed[same])
    assert not trained["predicted"].equals(probed["predicted"])
    left = {path.relative_to(tmp_path / "trained").as_posix() for path in runs(tmp_path)}
    cases = [(name, task, n) for name, own in TASKS.items() for task in own for n in (1, 0)]
    assert left == {f"labels/{d}/{task}_{n}/fold{k}" for d, task, n in cases for k in (0, 1)}


def test_scratch_learns_from_the_labels_of_the_seed(windows, tmp_path):
    real = windows.part(windows.table["dataset"] == "HHAR")
    rows = rows_of(real, tmp_path / "a", method="scratch", n_labels=[1])
    fold_of = rows.drop_duplicates("subject").set_index("subject")["fold"]
    folds = real.table["subject"].map(fold_of).to_numpy()
    how = {"encoder": TINY, "config": FitConfig(n_steps=1), "batch_size": 16}
    alone = train_supervised(real, folds, "activity", 1, 3, **how, run_dir=tmp_path / "b")
    pd.testing.assert_frame_equal(rows[alone.columns], alone)


def runs(folder):
    return [path.parent for path in folder.rglob("model.json")]


@pytest.mark.parametrize(("more", "expected"), [({"n_steps_all": 3}, 3), ({}, 2)])
def test_scratch_may_take_more_steps_with_all_labels(windows, tmp_path, more, expected):
    real = windows.part(windows.table["dataset"] == "HHAR")
    labels = {"n_steps": 2, "lr": 0.01} | more
    rows_of(real, tmp_path, method="scratch", labels=labels)
    left = {run.parent.name: pd.read_csv(run / "metrics.csv") for run in runs(tmp_path)}
    steps = {name: metrics["step"].iloc[-1] for name, metrics in left.items()}
    assert steps == {"activity_1": 2, "activity_0": expected}


def test_hand_made_features_are_probed_and_no_net_is_asked(windows, tmp_path):
    real = windows.part(windows.table["dataset"] == "HHAR")
    chosen = METHODS["features"]
    found = tasks.embeddings_of(chosen, None, real.xyz_g)
    np.testing.assert_array_equal(found, hand_made(real.xyz_g))
    net = untrained(TINY, seed=0)
    embeddings = tasks.embeddings_of(METHODS["relcon"], net, real.xyz_g)
    np.testing.assert_array_equal(embeddings, embed(net, real.xyz_g))
    first, again = (
        rows_of(real, tmp_path, method="features", net=untrained(TINY, seed=k), n_labels=[5])
        for k in (0, 1)
    )
    assert set(first["method"]) == {"hand-made features"}
    pd.testing.assert_frame_equal(first, again)


def test_zero_is_all_labels(windows, tmp_path):
    windows, seen = windows.part(windows.table["dataset"] == "HHAR"), []

    probe = tasks.probe_activity

    def record(embeddings, table, folds, n_labels, seed):
        seen.append((n_labels, seed, embeddings.shape))
        return probe(embeddings, table, folds, n_labels, seed)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tasks, "probe_activity", record)
        rows = rows_of(windows, tmp_path, n_labels=[0, 1])
    assert seen == [(None, 3, (96, 16)), (1, 3, (96, 16))]
    assert rows["n_labels"].unique().tolist() == ["all", "1"]


def test_any_numeric_column_is_predicted_where_a_dataset_has_it(windows, tmp_path):
    table = windows.table.assign(speed_mps=np.nan)
    hhar = table["dataset"] == "HHAR"
    table.loc[hhar, "speed_mps"] = np.linspace(1, 2, hhar.sum())
    given = type(windows)(windows.xyz_g, table)
    rows = rows_of(given, tmp_path, n_labels=[0], targets=["speed_mps"])
    mine = rows[rows["task"] == "speed_mps"]
    assert set(rows["task"]) == {"activity", "speed_mps"} and set(mine["dataset"]) == {"HHAR"}
    np.testing.assert_allclose(mine["truth_value"].sort_values(), np.linspace(1, 2, hhar.sum()))
    assert metrics(mine)["n"] == hhar.sum() and np.isfinite(metrics(mine)["mae"])


def test_labels_follow_from_the_seed_and_folds_do_not(windows, tmp_path):
    net, few = untrained(TINY, seed=0), {"n_labels": [1]}
    first, again = (rows_of(windows, tmp_path, net=net, **few) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    other = rows_of(windows, tmp_path, net=net, seed=4, **few)
    assert other["fold"].equals(first["fold"]) and other["id"].equals(first["id"])
    assert not other["predicted"].equals(first["predicted"])


def test_another_dataset_beside_it_changes_no_answer(windows, tmp_path):
    alone = rows_of(windows.part(windows.table["dataset"] == "HHAR"), tmp_path, n_labels=[5])
    together = rows_of(windows, tmp_path, n_labels=[5])
    together = together[together["dataset"] == "HHAR"].reset_index(drop=True)
    pd.testing.assert_frame_equal(together[alone.columns], alone)


def test_few_subjects_are_a_fold_each(tmp_path):
    rows = rows_of(of_dataset("Opportunity", n_subjects=3), tmp_path, n_folds=5)
    assert rows.groupby("fold")["subject"].unique().str.len().to_dict() == {0: 1, 1: 1, 2: 1}


def test_one_subject_is_refused_and_named_and_left_out_beside_others(tmp_path):
    mine = of_dataset("mine", n_subjects=1)
    with pytest.raises(ValueError, match="mine has one subject to test on, s0: expected two"):
        rows_of(mine, tmp_path)
    rows = rows_of(several(mine, of_dataset("HHAR")), tmp_path, n_labels=[1])
    assert set(rows["dataset"]) == {"HHAR"}


def test_a_single_activity_is_no_task(tmp_path):
    sat = of_dataset("sat", activity="sitting")
    rows = rows_of(several(sat, of_dataset("HHAR")), tmp_path)
    assert set(rows["dataset"]) == {"HHAR"}
    with pytest.raises(ValueError, match=r"nothing can be probed in \['Capture-24', 'sat'\]: "):
        rows_of(several(sat, of_dataset("Capture-24", activity="")), tmp_path)


@pytest.mark.slow
def test_an_activity_of_two_subjects_alone_is_probed_with_all_labels(tmp_path):
    windows = of_dataset("mine")
    of_two = windows.table["subject"].isin(["s0", "s1"]) & (windows.table["activity"] != "")
    windows.table["activity"] = np.where(of_two, windows.table["activity"], "sitting")
    rows = rows_of(windows, tmp_path, n_labels=[0], n_folds=4)
    assert sorted(rows["id"]) == sorted(windows.table["id"])


def test_only_scratch_is_not_probed():
    assert [name for name, method in METHODS.items() if not method.is_probed] == ["scratch"]
    learn = {name for name, method in METHODS.items() if method.learns}
    assert learn == {"relcon", "rebar", "simclr", "augpred"}
