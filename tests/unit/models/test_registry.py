"""Models by name: recipes found lazily, inputs, config fields, objectives and augmentation."""

import subprocess
import sys

import pytest
import torch

from rppg.dataloader.arrays import ARRAYS
from rppg.dataloader.augment import FaceAugmentation, MapAugmentation
from rppg.models.contrast_phys.objective import Contrast, SupervisedContrast
from rppg.models.registry import RECIPES, build, inputs_of, name_of, recipe, shape_for
from rppg.models.st_transformer.objective import SelfSupervised, Supervised
from rppg.preprocessing.face_mesh import CROP_SIDE
from rppg.preprocessing.wide_crop import WIDE_SIDE

SMALL = {
    "st_transformer": {"dim": 8, "n_loops": 1, "patch": 4},
    "contrast_phys": {"width": 2, "patch": 2, "time_pools": 1},
    "gideon2021": {"width": 2, "saliency_width": 2, "saliency_every": 10},
}
SHORT_VIEWS = {"gideon2021": {"view_s": 1.0}}  # for clips of 2 s


def clip_of(array):
    shape = (2, 60, 63, 6) if array == "mstmap" else (2, 60, 32, 32, 3)
    return 100 + torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", RECIPES)
def test_every_model_takes_what_its_inputs_say_and_learns_by_its_objectives(name):
    inputs, chosen = inputs_of(name, n_frames=60, normalise="zscore", size=32), recipe(name)
    model = build(name, **shape_for(inputs), **SMALL[name])
    assert recipe(name_of(model)) is chosen and name_of(model) == name
    assert inputs["array"] == chosen.array
    clip = clip_of(inputs["array"])
    item = {"clip": clip[0], "id": "A/1/a"}
    assert chosen.augmentation(flip=0.5)(item, torch.Generator())["id"] == "A/1/a"
    batch = {"clip": clip, "speed": torch.ones(2), "hr_bpm": torch.tensor([60.0, 90.0])}
    batch |= {"has_hr": torch.ones(2, dtype=torch.bool), "has_wave": torch.zeros(2).bool()}
    batch |= {"wave": torch.full((2, 60), torch.nan)}
    weights = SHORT_VIEWS.get(name, {})
    loss, _ = chosen.objective(**weights)(model, batch, torch.Generator().manual_seed(0))
    assert torch.isfinite(loss)
    step = chosen.supervised(0.1, weights, {"rate": 2.0})
    loss, parts = step(model, batch, torch.Generator().manual_seed(0))
    assert torch.isfinite(loss) and parts["rate"] > 0


@pytest.mark.slow
def test_no_model_is_imported_before_it_is_named():
    """gideon2021 is built on PhysNet; but for that, no model imports another."""
    code = """
import sys
from rppg.models import registry
for name in (None, "st_transformer", "gideon2021"):
    if name: registry.recipe(name)
    print(*(one for one in registry.RECIPES if f"rppg.models.{one}" in sys.modules), sep=",")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["", "st_transformer"]
    assert set(done.stdout.split()[-1].split(",")) == set(RECIPES)


def test_classes_name_their_models():
    classes = [recipe(name).net.__name__ for name in RECIPES]
    assert classes == ["STTransformer", "PhysNet", "Gideon2021"]  # in headers of trained models
    with pytest.raises(ValueError, match="the net is a Linear, expected one of STTransformer, Ph"):
        name_of(torch.nn.Linear(1, 1))


def test_maps_have_a_normalisation_and_small_crops_a_size():
    asked = {"n_frames": 240, "normalise": "ratio", "size": 32}
    of_maps = {"array": "mstmap", "normalise": "ratio", "n_frames": 240, "size": None}
    of_wide = {"array": "wide", "normalise": None, "n_frames": 240, "size": 32}
    of_faces = {"array": "face", "normalise": None, "n_frames": 240, "size": 32}
    assert inputs_of("st_transformer", **asked) == of_maps
    assert inputs_of("contrast_phys", **asked) == of_faces
    assert inputs_of("gideon2021", **asked) == of_wide and shape_for(of_wide) == {"size": 32}
    assert inputs_of("contrast_phys", 300)["size"] is None, "crops as prepared are not averaged"
    assert inputs_of("contrast_phys", 300, size=128)["size"] is None
    assert shape_for(of_maps) == {"n_frames": 240}
    assert shape_for(of_faces) == {"size": 32}
    assert shape_for(inputs_of("contrast_phys", 300)) == {"size": 128}


def test_the_table_of_arrays_has_the_sides_that_are_prepared():
    assert (ARRAYS["face"].side, ARRAYS["wide"].side) == (CROP_SIDE, WIDE_SIDE)


def test_unknown_models_and_losses_are_refused():
    with pytest.raises(ValueError, match="no model 'resnet', expected one of st_transformer, con"):
        inputs_of("resnet", 300)
    with pytest.raises(ValueError, match="contrast_phys has no field dim; it has size, block"):
        build("contrast_phys", dim=3)
    with pytest.raises(TypeError, match="mcc"):
        recipe("st_transformer").supervised(1.0, label_weights={"mcc": 0.2})
    with pytest.raises(TypeError, match="periodicity"):
        recipe("contrast_phys").supervised(1.0, weights={"periodicity": 0.0})
    with pytest.raises(TypeError, match="n_rows"):
        recipe("contrast_phys").supervised(1.0, n_rows=16)


def test_objectives_and_augmentations_carry_what_was_asked_for():
    maps, faces = recipe("st_transformer"), recipe("contrast_phys")
    step = maps.supervised(0.3, {"periodicity": 0.0}, {"pearson": 0.5}, n_rows=16)
    losses = SelfSupervised(periodicity=0.0, n_rows=16)
    assert step == Supervised(self_supervised=0.3, losses=losses, pearson=0.5)
    step = faces.supervised(0.0, {"push": 2.0}, {"mcc": 0.0})
    assert step == SupervisedContrast(self_supervised=0.0, losses=Contrast(push=2.0), mcc=0.0)
    assert faces.augmentation(0.2) == FaceAugmentation(flip_time=0.0, mirror=0.2)
    every = {"flip": 0.2, "flip_time": 0.3, "upside_down": 0.4}
    assert faces.augmentation(**every) == FaceAugmentation(0.3, 0.2, 0.4)
    assert maps.augmentation(**every) == MapAugmentation(flip_time=0.3, flip_rows=0.2)
    assert maps.augmentation(0.2) == MapAugmentation(flip_time=0.0, flip_rows=0.2)
