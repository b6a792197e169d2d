"""Models by name and by what they see: inputs, config fields, augmentation and steps that fit."""

import pytest
import torch

from rppg.dataloader.augment import FaceAugmentation, MapAugmentation
from rppg.models.contrast_phys.objective import Contrast, SupervisedContrast
from rppg.models.registry import (
    MODELS,
    augmentation_for,
    build,
    inputs_of,
    shape_for,
    supervised_for,
)
from rppg.models.st_transformer.objective import SelfSupervised, Supervised

SMALL = {
    "st_transformer": {"dim": 8, "n_loops": 1, "patch": 4},
    "contrast_phys": {"width": 2, "patch": 2, "time_pools": 1},
    "gideon2021": {"width": 2, "saliency_width": 2, "saliency_every": 10},
}
SHORT_VIEWS = {"gideon2021": {"view_s": 1.0}}  # for clips of 2 s


def clip_of(array):
    shape = (2, 60, 63, 6) if array == "mstmap" else (2, 60, 32, 32, 3)
    return 100 + torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", MODELS)
def test_every_model_takes_what_its_inputs_say_and_learns_by_its_step(name):
    inputs = inputs_of(name, n_frames=60, normalise="zscore", size=32)
    model = build(name, **shape_for(inputs), **SMALL[name])
    clip = clip_of(inputs["array"])
    item = {"clip": clip[0], "id": "A/1/a"}
    assert augmentation_for(inputs["array"], flip=0.5)(item, torch.Generator())["id"] == "A/1/a"
    batch = {"clip": clip, "speed": torch.ones(2), "hr_bpm": torch.tensor([60.0, 90.0])}
    batch |= {"has_hr": torch.ones(2, dtype=torch.bool), "has_wave": torch.zeros(2).bool()}
    batch |= {"wave": torch.full((2, 60), torch.nan)}
    weights = {"weights": SHORT_VIEWS.get(name), "label_weights": {"rate": 2.0}}
    step = supervised_for(inputs["array"], self_supervised=0.1, **weights)
    loss, parts = step(model, batch, torch.Generator().manual_seed(0))
    assert torch.isfinite(loss) and parts["rate"] > 0


def test_maps_have_a_normalisation_and_small_crops_a_size():
    told = {"n_frames": 240, "normalise": "ratio", "size": 32}
    of_maps = {"array": "mstmap", "normalise": "ratio", "n_frames": 240, "size": None}
    of_wide = {"array": "wide", "normalise": None, "n_frames": 240, "size": 32}
    of_faces = {"array": "face", "normalise": None, "n_frames": 240, "size": 32}
    assert inputs_of("st_transformer", **told) == of_maps
    assert inputs_of("contrast_phys", **told) == of_faces
    assert inputs_of("gideon2021", **told) == of_wide and shape_for(of_wide) == {"size": 32}
    assert inputs_of("contrast_phys", 300)["size"] is None, "crops as prepared are not averaged"
    assert shape_for(of_maps) == {"n_frames": 240}
    assert shape_for(of_faces) == {"size": 32}
    assert shape_for(inputs_of("contrast_phys", 300)) == {"size": 128}


def test_unknown_models_and_losses_are_refused():
    with pytest.raises(ValueError, match="no model 'resnet', expected one of st_transformer, con"):
        inputs_of("resnet", 300)
    with pytest.raises(TypeError, match="mcc"):
        supervised_for("mstmap", 1.0, label_weights={"mcc": 0.2})
    with pytest.raises(TypeError, match="periodicity"):
        supervised_for("face", 1.0, weights={"periodicity": 0.0})


def test_steps_and_augmentations_carry_what_was_asked_for():
    step = supervised_for("mstmap", 0.3, {"periodicity": 0.0}, {"pearson": 0.5}, n_rows=16)
    losses = SelfSupervised(periodicity=0.0, n_rows=16)
    assert step == Supervised(self_supervised=0.3, losses=losses, pearson=0.5)
    step = supervised_for("face", 0.0, {"push": 2.0}, {"mcc": 0.0})
    assert step == SupervisedContrast(self_supervised=0.0, losses=Contrast(push=2.0), mcc=0.0)
    assert augmentation_for("face", 0.2) == FaceAugmentation(flip_time=0.0, mirror=0.2)
    assert augmentation_for("mstmap", 0.2) == MapAugmentation(flip_time=0.0, flip_rows=0.2)
