"""Other readings of a pre-trained encoder: fine-tuning and an MLP probe."""

import numpy as np
import pytest
import torch
from helpers.relcon_windows import TINY, windows_of

from rppg.models.checkpoint import load_model
from rppg.studies.relcon.models.encoder import EncoderConfig, MotionNet
from rppg.studies.relcon.pretraining.methods import METHODS
from rppg.studies.relcon.probing import tasks
from rppg.studies.relcon.probing.label_splits import splits
from rppg.studies.relcon.probing.linear_probe import embed, probe_activity
from rppg.studies.relcon.probing.mlp_probe import MOST_EPOCHS, mlp_classifier
from rppg.studies.relcon.probing.supervised import train_supervised, untrained, weights_digest
from rppg.training.config import FitConfig

pytestmark = pytest.mark.usefixtures("single_thread")
LABELS = {"n_steps": 30, "lr": 0.01, "device": "cpu"}


def rows_of(run_dir, probe, net, method="relcon", **changed):
    windows, _ = windows_of()
    given = {"n_labels": [5], "n_folds": 2, "labels": LABELS, "batch_size": 16, "seed": 3}
    given |= {"targets": ["cadence_spm"], "run_dir": run_dir, "probe": probe} | changed
    return tasks.tested_rows(net, windows, METHODS[method], **given)


def encoder_of(run_dir):
    return load_model(run_dir / "model.safetensors", MotionNet, EncoderConfig)[0].encoder


@pytest.mark.slow
def test_fine_tuning_changes_all_weights_but_the_pre_trained_ones(tmp_path):
    net = untrained(TINY, seed=8)
    before = weights_digest(net)
    rows_of(tmp_path, "finetune", net)
    assert weights_digest(net) == before
    tuned = encoder_of(tmp_path / "labels" / "simulator" / "activity_5" / "fold0")
    pairs = zip(net.encoder.parameters(), tuned.parameters(), strict=True)
    assert all(not torch.equal(old, new) for old, new in pairs)


@pytest.mark.parametrize("probe", ["linear", "mlp"])
def test_a_probe_changes_no_weight_and_leaves_no_run(tmp_path, probe):
    net = untrained(TINY, seed=8)
    before = weights_digest(net)
    rows = rows_of(tmp_path, probe, net)
    assert weights_digest(net) == before and not list(tmp_path.iterdir())
    assert set(rows["task"]) == ({"activity"} if probe == "mlp" else {"activity", "cadence_spm"})


def test_fine_tuning_starts_from_the_pre_trained_weights(tmp_path):
    windows, folds = windows_of()
    net, config = untrained(TINY, seed=8), FitConfig(n_steps=1, lr=1e-12, weight_decay=0.0)
    how = {"encoder": TINY, "config": config, "batch_size": 16, "progress": False}
    for pretrained, name in ((net, "tuned"), (None, "scratch")):
        where = tmp_path / name
        train_supervised(
            windows, folds, "activity", 5, 3, **how, run_dir=where, pretrained=pretrained
        )
    kept = {k: v for k, v in net.encoder.named_parameters()}
    for name, weight in encoder_of(tmp_path / "tuned" / "fold0").named_parameters():
        torch.testing.assert_close(weight, kept[name])
    scratch = dict(encoder_of(tmp_path / "scratch" / "fold0").named_parameters())
    assert not torch.allclose(scratch["start.0.weight"], kept["start.0.weight"])


@pytest.mark.slow
def test_a_few_labels_are_learned_by_heart(tmp_path):
    windows, folds = windows_of()
    drawn = next(splits(windows.table, folds, "activity", 2, seed=3)).train
    few = windows.part(np.concatenate([drawn, drawn]))
    few.table["subject"] = np.repeat(["a", "b"], len(drawn))  # trained and tested on the same
    few.table["id"] += few.table["subject"]
    folds = np.repeat([0, 1], len(drawn))
    how = {"encoder": TINY, "config": FitConfig(n_steps=60, lr=0.01), "batch_size": 16}
    net = untrained(TINY, seed=8)
    rows = train_supervised(
        few, folds, "activity", None, 3, **how, run_dir=tmp_path, pretrained=net, progress=False
    )
    assert (rows["truth"] == rows["predicted"]).all()


@pytest.mark.slow
def test_an_encoder_of_other_weights_does_not_resume_a_run(tmp_path):
    rows_of(tmp_path, "finetune", untrained(TINY, seed=8))
    with pytest.raises(ValueError, match="a run with other parameters"):
        rows_of(tmp_path, "finetune", untrained(TINY, seed=9))


@pytest.mark.slow
def test_fine_tuning_is_tested_on_what_probes_are(tmp_path):
    net = untrained(TINY, seed=8)
    tuned, probed = rows_of(tmp_path, "finetune", net), rows_of(tmp_path, "linear", net)
    same = [name for name in probed if not name.startswith(("p_", "predicted"))]
    assert tuned[same].equals(probed[same])


def test_an_mlp_separates_what_no_line_does():
    windows, folds = windows_of(n=320)
    table = windows.table.assign(activity=np.resize(["in", "out"], 320))
    radius = np.where(table["activity"] == "in", 0.3, 2.0)
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 320)
    embeddings = radius[:, None] * np.c_[np.cos(angle), np.sin(angle)]
    right = {}
    for name, fitted in (("linear", None), ("mlp", mlp_classifier)):
        rows = probe_activity(embeddings, table, folds, 20, 0, fitted)
        right[name] = (rows["truth"] == rows["predicted"]).mean()
    assert right["mlp"] > 0.95 and right["linear"] < 0.8


@pytest.mark.parametrize("n_labels", [5, None])
def test_all_labels_alone_leave_some_to_stop_an_mlp_by(n_labels):
    rng = np.random.default_rng(0)
    embeddings, labels = rng.normal(size=(60, 2)), np.resize(["a", "b"], 60)
    mlp = mlp_classifier(embeddings, labels, n_labels, seed=0)[-1]
    assert mlp.early_stopping == (n_labels is None)
    assert (mlp.n_iter_ < MOST_EPOCHS) == mlp.early_stopping


@pytest.mark.slow
def test_the_seed_decides_an_mlp(tmp_path):
    windows, folds = windows_of()
    embeddings = embed(untrained(TINY, 8), windows.xyz_g)
    given = (embeddings, windows.table, folds, 5)
    first, again, other = (probe_activity(*given, k, mlp_classifier) for k in (0, 0, 1))
    assert first.equals(again) and not other.filter(like="p_").equals(first.filter(like="p_"))


def test_what_cannot_be_read_in_a_way_is_refused(tmp_path):
    net = untrained(TINY, seed=8)
    with pytest.raises(ValueError, match="probe is 'svm', expected one of"):
        rows_of(tmp_path, "svm", net)
    for method in ("features", "scratch"):
        with pytest.raises(ValueError, match="has no pre-trained encoder to fine-tune"):
            rows_of(tmp_path, "finetune", net, method=method)
