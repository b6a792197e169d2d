"""A model that is added as docs/training.md says, in this process: built, checked, trained."""

import doctest
import importlib
import sys

import pytest
import torch
from helpers.documents import files_in, python_in, write_files
from helpers.self_consistency import HR_BPM, write_store
from helpers.toy_training import quiet_fit

import rppg.losses
import rppg.models
from rppg.dataloader.batches import Batches
from rppg.dataloader.clips import Clips, LabelledClips
from rppg.inference.sliding_window import predict_model
from rppg.models.protocol import HasCells, HasRowAttention, traits_of
from rppg.models.registry import RECIPES, build, inputs_of, load_run, name_of, recipe, shape_for
from rppg.training.collapse import check_collapse
from rppg.training.polarity import fix_polarity, polarity_of
from rppg.training.self_consistency import SelfConsistency

pytestmark = pytest.mark.usefixtures("single_thread")
ADDED = ("rppg.models.colour_conv", "rppg.losses.roughness")


@pytest.fixture
def colour_conv(tmp_path, monkeypatch):
    """The document's model, importable and in the table of recipes for one test."""
    files = {path: text for path, text in files_in("training.md").items() if path.endswith(".py")}
    write_files(files, tmp_path)
    for package in (rppg.models, rppg.losses):
        folder = str(tmp_path / package.__name__.replace(".", "/"))
        monkeypatch.setattr(package, "__path__", [*package.__path__, folder])
    monkeypatch.setitem(RECIPES, "colour_conv", "rppg.models.colour_conv")
    importlib.invalidate_caches()
    yield "colour_conv"
    for name in [name for name in sys.modules if name.startswith(ADDED)]:
        del sys.modules[name]
    for package, name in ((rppg.models, "colour_conv"), (rppg.losses, "roughness")):
        vars(package).pop(name, None)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("store"), side=8)


def test_it_offers_what_is_required_and_nothing_more(colour_conv):
    net = build(colour_conv, size=16)
    assert name_of(net) == colour_conv and traits_of(net).pads_time
    assert not isinstance(net, HasCells | HasRowAttention) and not traits_of(net).takes_rows


def test_it_is_trained_chosen_loaded_and_predicts_like_any_other(colour_conv, store, tmp_path):
    inputs = inputs_of(colour_conv, n_frames=150, size=4)
    net = build(colour_conv, 0, **shape_for(inputs), width=4)
    validate = SelfConsistency(store, HR_BPM, **inputs)
    assert not [name for name in validate(net) if "cells" in name or "rows" in name]
    assert check_collapse(net, validate, "net").values.notna().all(axis=None)
    batches, step = Batches(Clips(store, HR_BPM, **inputs), 2), recipe(colour_conv).objective()
    quiet_fit(net, tmp_path / "run", batches, step, n_steps=3, parameters=inputs)
    loaded, found = load_run(tmp_path / "run")
    assert found == inputs and type(loaded).__name__ == "ColourConv"
    table = predict_model(store, HR_BPM, loaded, "ColourConv", **found)
    assert table["hr_bpm"].between(39, 181).all()


@pytest.mark.slow
def test_labels_teach_it_the_pulse(colour_conv, store, tmp_path):
    inputs = inputs_of(colour_conv, n_frames=150, size=4)
    net = build(colour_conv, 0, **shape_for(inputs), width=8)
    augment = recipe(colour_conv).augmentation(flip=0.5)
    clips = LabelledClips(store, HR_BPM, **inputs, augment=augment)
    step = recipe(colour_conv).supervised(0.1, {"roughness": 0.0}, {"pearson": 2.0})
    quiet_fit(net, tmp_path, Batches(clips, 5), step, n_steps=40, lr=0.01)
    polarity = polarity_of(net, LabelledClips(store, HR_BPM, **inputs))
    assert polarity.mean > 0.9
    fix_polarity(net)
    negated = polarity_of(net, LabelledClips(store, HR_BPM, **inputs))
    assert negated.mean == pytest.approx(-polarity.mean, abs=1e-4)


def test_the_loss_and_the_check_of_the_document_run(colour_conv, capsys):
    roughness = importlib.import_module("rppg.losses.roughness")
    found = doctest.testmod(roughness)
    assert found.attempted > 0 and found.failed == 0
    exec(python_in("training.md")[-1], {})
    assert "['bandwidth', 'roughness', 'sparsity']" in capsys.readouterr().out
    assert torch.isfinite(roughness.roughness(torch.zeros(2, 30)))
