"""Training from labels alone: the labels and rows of the probes, and nets that do learn."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from rppg.learning.fit_config import FitConfig
from rppg.motion import scratch
from rppg.motion.encoder import EncoderConfig
from rppg.motion.probe import embed, probe_activity, probe_cadence, rounds
from rppg.motion.scratch import train_scratch, untrained
from rppg.motion.window_store import Windows

pytestmark = pytest.mark.usefixtures("single_thread")

TINY = EncoderConfig(widths=(8, 16), blocks=(1, 1), kernels=(3, 3))
CONFIG = FitConfig(n_steps=40, lr=0.01, device="cpu")
STRENGTH_G = {"sitting": 0.05, "stairs": 0.3, "walking": 0.9}


def windows_of(n=96, n_subjects=6, seed=0):
    """Noise of a strength by activity, about a level by cadence, in walking and on stairs."""
    rng = np.random.default_rng(seed)
    activity = np.resize([*STRENGTH_G, ""], n)
    rate_spm = rng.uniform(60, 300, n)
    strength_g = np.array([STRENGTH_G.get(name, 0.6) for name in activity])
    xyz_g = strength_g[:, None, None] * rng.normal(size=(n, 64, 3))
    xyz_g[:, :, 0] += rate_spm[:, None] / 100
    subjects = [f"s{k // 4 % n_subjects}" for k in range(n)]
    about = {"dataset": "simulator", "origin": "synthetic", "activity": activity}
    ids = [f"simulator/{subject}/1@{k:07.2f}" for k, subject in enumerate(subjects)]
    table = pd.DataFrame({"id": ids, "subject": subjects, **about})
    walks = np.isin(activity, ["stairs", "walking"])
    table["cadence_spm"] = np.where(walks, rate_spm, np.nan)
    folds = np.array([int(subject[1:]) % 2 for subject in subjects])
    return Windows(xyz_g.astype("f4"), table), folds


def train(run_dir, task="activity", n_labels=5, seed=0, data=None, config=CONFIG):
    windows, folds = data or windows_of()
    how = {"encoder": TINY, "config": config, "batch_size": 16, "progress": False}
    return train_scratch(windows, folds, task, n_labels, seed, **how, run_dir=run_dir)


@pytest.mark.parametrize(
    "task, probe", [("activity", probe_activity), ("cadence_spm", probe_cadence)]
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
    first = next(rounds(table, folds, "activity", 5, seed=0))
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
    assert (rows["truth_spm"] > 60).all() and set(rows["n_labels"]) == {"all"}
    error_spm = (rows["predicted_spm"] - rows["truth_spm"]).abs().mean()
    spread_spm = (rows["truth_spm"] - rows["truth_spm"].mean()).abs().mean()
    assert error_spm < 0.5 * spread_spm


def test_the_seed_decides_and_a_run_that_ended_is_not_repeated(tmp_path, monkeypatch):
    config = FitConfig(n_steps=3, device="cpu")
    first = train(tmp_path / "a", config=config)
    with monkeypatch.context() as patched:
        patched.setattr(scratch, "cross_entropy", None)  # nothing can be learned with
        pd.testing.assert_frame_equal(train(tmp_path / "a", config=config), first)
    pd.testing.assert_frame_equal(train(tmp_path / "b", config=config), first)
    assert not train(tmp_path / "c", seed=1, config=config).equals(first)


def test_a_run_of_other_labels_is_refused(tmp_path):
    config = FitConfig(n_steps=1, device="cpu")
    train(tmp_path, config=config)
    windows, folds = windows_of()
    windows.table["id"] += "0"
    for change in ({"n_labels": 1}, {"seed": 1}, {"data": (windows, folds)}):
        with pytest.raises(ValueError, match="a run of other parameters"):
            train(tmp_path, config=config, **change)


def test_another_task_is_refused(tmp_path):
    with pytest.raises(ValueError, match="task is 'sleep', expected 'activity' or 'cadence_spm'"):
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
