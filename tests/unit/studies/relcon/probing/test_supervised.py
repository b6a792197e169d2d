"""Supervised training: the labels and rows of the probes, and that the networks learn."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.relcon_windows import TINY, windows_of

from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.probing import supervised
from rppg.studies.relcon.probing.label_splits import splits
from rppg.studies.relcon.probing.linear_probe import embed, probe_activity, probe_value
from rppg.studies.relcon.probing.supervised import train_supervised, untrained
from rppg.training.config import FitConfig

pytestmark = pytest.mark.usefixtures("single_thread")

CONFIG = FitConfig(n_steps=40, lr=0.01, device="cpu")


def train(run_dir, task="activity", n_labels=5, seed=0, data=None, config=CONFIG):
    windows, folds = data or windows_of()
    how = {"encoder": TINY, "config": config, "batch_size": 16, "progress": False}
    return train_supervised(windows, folds, task, n_labels, seed, **how, run_dir=run_dir)


@pytest.mark.parametrize(
    "task, probe", [("activity", probe_activity), ("cadence_spm", probe_value)]
)
def test_rows_are_those_of_the_probe_but_for_what_is_predicted(tmp_path, task, probe):
    windows, folds = windows_of()
    config = FitConfig(n_steps=1, device="cpu")
    rows = train(tmp_path, task, config=config)
    probed = probe(embed(untrained(TINY, 0), windows.xyz_g), windows.table, folds, 5, seed=0)
    pd.testing.assert_series_equal(rows.dtypes, probed.dtypes)
    same = [column for column in rows if not column.startswith(("p_", "predicted"))]
    pd.testing.assert_frame_equal(rows[same], probed[same])


def test_activities_are_learned_from_the_labels_drawn(tmp_path):
    rows = train(tmp_path)
    assert (rows["truth"] == rows["predicted"]).mean() > 0.8  # by chance 1 in 3
    probabilities = rows.filter(like="p_")
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (rows["predicted"] == probabilities.idxmax(axis=1).str.removeprefix("p_")).all()


def test_only_the_labels_drawn_are_learned(tmp_path):
    windows, folds = windows_of()
    table = windows.table.copy()
    first = next(splits(table, folds, "activity", 5, seed=0))
    spared = np.setdiff1d(np.flatnonzero((folds == 1) & (table["activity"] != "")), first.train)
    spoilt = windows.xyz_g.copy()
    spoilt[spared] = np.nan
    with pytest.raises(ValueError, match="not finite"):  # fold 1 is tested on the spoilt ones
        train(tmp_path, data=(Windows(spoilt, table), folds))
    about = json.loads((tmp_path / "fold0" / "model.json").read_text())  # fold 0 learned, unspoilt
    assert about["config"]["n_outputs"] == 3


def test_cadence_is_predicted_in_its_own_unit(tmp_path):
    config = FitConfig(n_steps=40, lr=0.01, device="cpu")
    rows = train(tmp_path, "cadence_spm", None, config=config)
    assert (rows["truth_value"] > 60).all() and set(rows["n_labels"]) == {"all"}
    error_spm = (rows["predicted_value"] - rows["truth_value"]).abs().mean()
    spread_spm = (rows["truth_value"] - rows["truth_value"].mean()).abs().mean()
    assert error_spm < 0.5 * spread_spm


def test_the_seed_decides_and_a_run_that_ended_is_not_repeated(tmp_path, monkeypatch):
    config = FitConfig(n_steps=3, device="cpu")
    first = train(tmp_path / "a", config=config)
    with monkeypatch.context() as patched:
        patched.setattr(supervised, "cross_entropy", None)  # nothing can be learned with
        pd.testing.assert_frame_equal(train(tmp_path / "a", config=config), first)
    pd.testing.assert_frame_equal(train(tmp_path / "b", config=config), first)
    assert not train(tmp_path / "c", seed=1, config=config).equals(first)


def test_a_run_of_other_labels_is_refused(tmp_path):
    config = FitConfig(n_steps=1, device="cpu")
    train(tmp_path, config=config)
    windows, folds = windows_of()
    windows.table["id"] += "0"
    for change in ({"n_labels": 1}, {"seed": 1}, {"data": (windows, folds)}):
        with pytest.raises(ValueError, match="a run with other parameters"):
            train(tmp_path, config=config, **change)


def test_another_task_is_refused(tmp_path):
    with pytest.raises(ValueError, match="task is 'sleep', expected 'activity' or a numeric"):
        train(tmp_path, "sleep")


def test_an_untrained_net_follows_from_its_seed_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    nets = [untrained(TINY, seed) for seed in (0, 0, 1)]
    assert torch.equal(torch.rand(3), expected)
    windows = torch.randn(4, 64, 3)
    first, again, other = (net.eval()(windows) for net in nets)
    assert torch.equal(first, again) and not torch.allclose(first, other)
