"""Lessons of Gideon2021: who is learned from, which step, what chooses; labels only where asked."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.recordings_without_labels import LabelRead, poison_of
from helpers.self_consistency import HR_BPM, write_recording, write_store
from helpers.toy_training import outcome

from rppg.dataloader.augment import FaceAugmentation
from rppg.dataloader.batches import Batches
from rppg.dataloader.clips import Clips, LabelledClips
from rppg.dataloader.collate import cut_to_shortest
from rppg.datasets.folds import Split, splits_by_subject
from rppg.models.gideon2021.objective import MultiView, SupervisedWave
from rppg.models.registry import build, inputs_of, shape_for
from rppg.studies.gideon2021.label_shift import DesyncedClips
from rppg.studies.gideon2021.training_setup import LABEL_FREE, LABELLED, training_setup_for
from rppg.training.config import FitConfig
from rppg.training.criteria import LabelLoss, MeanIPR
from rppg.training.fit import fit

INPUTS = inputs_of("gideon2021", n_frames=120, size=16)
PART = Split(["A/1/a", "A/2/b", "B/2/e"], ["A/3/c"], ["B/1/d"])
pytestmark = pytest.mark.usefixtures("single_thread")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("store"), wide=16)


def learn(store, run_dir, loss, n_steps=3, **asked):
    """A run of a small net by the setup; what may not depend on labels that are not read."""
    setup = training_setup_for(loss, store, PART, INPUTS, **asked)
    fields = {"width": 2, "saliency_width": 2, "saliency_every": 15}
    net = build("gideon2021", 0, **shape_for(INPUTS), **fields)
    options = {"validate_every": 2, "log_every": 1, "device": "cpu", "monitor": setup.monitor}
    config = FitConfig(n_steps=n_steps, **options)
    batches = Batches(setup.clips, batch_size=2)
    result = fit(net, batches, setup.step, config, run_dir, setup.validate, progress=False)
    assert result.step == n_steps and result.best_step in (2, n_steps)
    return outcome(run_dir)


# Without labels


def test_without_labels_train_and_dev_are_learned_from_and_choose(store):
    setup = training_setup_for("multiview", store, PART, INPUTS)
    assert type(setup.clips) is Clips and type(setup.validate) is MeanIPR
    assert list(setup.clips.stretches) == setup.validate.ids == sorted(PART.train + PART.dev)
    assert setup.monitor == "ipr" and setup.step == MultiView()
    alone = training_setup_for("multiview", store, PART, INPUTS, learn_dev=False)
    assert list(alone.clips.stretches) == alone.validate.ids == sorted(PART.train)


@pytest.mark.slow
def test_a_lesson_without_labels_is_the_same_where_every_label_raises(tmp_path, monkeypatch):
    store = write_store(tmp_path / "store", wide=16)
    asked = {"weights": {"view_s": 2.0}, "mirror": 0.5}
    with_labels = learn(store, tmp_path / "with", LABEL_FREE, **asked)
    poison_of(store, monkeypatch)()
    without = learn(store, tmp_path / "without", LABEL_FREE, **asked)
    assert with_labels == without and "model.safetensors" in without
    for loss in LABELLED:
        with pytest.raises(LabelRead):
            training_setup_for(loss, store, PART, INPUTS)


# With labels


@pytest.mark.parametrize("loss", LABELLED)
def test_with_labels_train_is_learned_from_and_dev_chooses(store, loss):
    setup = training_setup_for(loss, store, PART, INPUTS)
    assert type(setup.clips) is LabelledClips and type(setup.validate) is LabelLoss
    assert list(setup.clips.stretches) == sorted(PART.train)
    assert setup.validate.ids == PART.dev and setup.monitor == "loss"
    weights = {name: float(name == loss) for name in LABELLED}
    assert setup.step == setup.validate.step == SupervisedWave(**weights)
    assert setup.step.self_supervised == 0


@pytest.mark.parametrize("loss", LABELLED)
def test_a_labelled_lesson_can_be_learned(store, tmp_path, loss):
    files = learn(store, tmp_path, loss, n_steps=2, desync_s=0.5)
    row = files["metrics.csv"][0]
    assert row.keys() > {loss, "rate", "saliency_sparsity"} and "contrast" not in row
    assert [row["step"] for row in files["validation.csv"]] == ["2"]
    assert float(files["validation.csv"][0]["loss"]) != 0


def test_labels_are_off_in_training_and_in_time_where_they_choose(store):
    setup = training_setup_for("mcc", store, PART, INPUTS, desync_s=1.0)
    exact = training_setup_for("mcc", store, PART, INPUTS)
    assert type(setup.clips) is DesyncedClips and setup.clips.n_late == 30
    assert list(setup.clips.stretches) == sorted(PART.train)
    assert torch.equal(setup.validate._batch["wave"], exact.validate._batch["wave"])


# In any case


@pytest.mark.parametrize("loss", [LABEL_FREE, *LABELLED])
def test_speeds_weights_and_mirror_are_those_asked_for(store, loss):
    weights = {"contrast": 1.0, "sparsity": 0.2, "temporal": 5.0}
    asked = {"speeds": [0.7, 0.9], "weights": weights, "mirror": 0.25}
    setup = training_setup_for(loss, store, PART, INPUTS, **asked)
    assert setup.clips.speeds == (0.7, 0.9)
    assert setup.clips.augment == FaceAugmentation(flip_time=0.0, mirror=0.25)
    losses = setup.step if loss == LABEL_FREE else setup.step.losses
    assert losses == MultiView(**weights)
    plain = training_setup_for(loss, store, PART, INPUTS)
    assert plain.clips.speeds == (2 / 3, 1.0) and plain.clips.augment == FaceAugmentation(0.0, 0.0)


def test_clips_that_are_looked_at_by_the_choice_are_neither_slower_nor_mirrored(store):
    setup = training_setup_for("multiview", store, PART, INPUTS, mirror=1.0)
    middle = np.array(store.open("A/1/a").wide[105:225])
    assert torch.equal(setup.validate._clips[0], torch.from_numpy(middle).float())


def test_steps_are_passes_over_the_clips_that_there_is_room_for(tmp_path):
    store = write_store(tmp_path, wide=16)
    setup = training_setup_for(
        "multiview", store, PART, INPUTS
    )  # 4 recordings of 330 frames: 2 clips
    assert setup.steps(epochs=10, batch_size=4) == 20
    assert setup.steps(epochs=1, batch_size=3) == 2
    assert setup.steps(epochs=1, batch_size=100) == 1, "a run has a step"
    write_recording(tmp_path, "A/4/long", 75.0, n_frames=1000, wide=16)
    part = replace(PART, train=[*PART.train, "A/4/long"])
    assert training_setup_for("multiview", store, part, INPUTS).steps(10, 4) == 40


def test_rounds_of_a_store_are_lessons_of_other_people(store):
    for part in splits_by_subject(HR_BPM, n_folds=5).values():
        for loss, learned in ((LABEL_FREE, part.train + part.dev), ("mcc", part.train)):
            setup = training_setup_for(loss, store, part, INPUTS)
            assert set(setup.clips.stretches) == set(learned)
            assert not set(part.test) & {*setup.clips.stretches, *setup.validate.ids}


@pytest.mark.parametrize(
    ("loss", "asked", "error", "words"),
    [
        ("npc", {}, ValueError, "no loss 'npc', expected one of multiview, mcc, pearson, snr"),
        ("multiview", {"desync_s": 2.0}, ValueError, "desync_s is 2.0, but multiview reads no"),
        ("mcc", {"weights": {"sparse": 1.0}}, TypeError, "sparse"),
        ("pearson", {"desync_s": 9.0}, ValueError, "no recording has 22 s without a gap"),
    ],
)
def test_what_cannot_be_asked_for_is_an_error(store, loss, asked, error, words):
    with pytest.raises(error, match=words):
        training_setup_for(loss, store, PART, INPUTS, **asked)


def test_a_recording_one_frame_short_is_learned_from_and_chooses(tmp_path):
    store = write_store(tmp_path / "store", wide=16)
    longest = max(store.meta(id)["n_frames"] for id in PART.train)
    inputs = inputs_of("gideon2021", n_frames=longest + 1, size=16)
    for loss in ("multiview", "mcc"):
        setup = training_setup_for(loss, store, PART, inputs)
        assert set(PART.train) <= set(setup.clips.stretches) and setup.steps(1, 1) >= 1
        batch = next(Batches(setup.clips, batch_size=2, collate=cut_to_shortest).stream())
        assert batch["clip"].shape[1] in (longest, longest + 1)  # played slower, it has them all
        assert np.isfinite(list(setup.validate(build("gideon2021", 0, size=16, width=2)).values()))
