"""Models by the name that notebooks and commands use, and the runs that trained them.

    inputs = inputs_of("contrast_phys", n_frames=240, size=32)
    model = build("contrast_phys", seed=0, **shape_for(inputs), width=8)
    fit(model, Batches(Clips(store, ids, **inputs), 4), Contrast(), config, run, parameters=inputs)
    model, inputs = load_run(run)

A run's folder holds model.safetensors, whose header says what the model is and what it is fed:
the parameters `INPUTS` that were given to fit().
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from rppg.dataloader.augment import FaceAugmentation, MapAugmentation
from rppg.models.checkpoint import load_model, read_about
from rppg.models.contrast_phys.objective import Contrast, SupervisedContrast
from rppg.models.contrast_phys.physnet import PhysNet, PhysNetConfig
from rppg.models.gideon2021.net import Gideon2021, Gideon2021Config
from rppg.models.gideon2021.objective import MultiView, SupervisedWave
from rppg.models.st_transformer.net import STTransformer, STTransformerConfig
from rppg.models.st_transformer.objective import SelfSupervised, Supervised

MODELS = {
    "st_transformer": (STTransformer, STTransformerConfig),
    "contrast_phys": (PhysNet, PhysNetConfig),
    "gideon2021": (Gideon2021, Gideon2021Config),
}
ARRAYS = {  # what a model sees
    "st_transformer": "mstmap",
    "contrast_phys": "face",
    "gideon2021": "wide",
}
CROP_SIDES = {"face": 128, "wide": 64}  # pixels, of crops as prepared
WEIGHTS = "model.safetensors"
INPUTS = ("array", "normalise", "n_frames", "size")  # what a model is fed


def inputs_of(
    name: str, n_frames: int, normalise: str | None = None, size: int | None = None
) -> dict:
    """What a model of this name is fed, as `Clips` takes it: a normalisation if it sees maps, a
    size if it sees crops other than the prepared ones (None).  Raises ValueError for an unknown
    name."""
    array = _known(name, ARRAYS)
    normalise, size = (normalise, None) if array == "mstmap" else (None, size)
    size = None if size == CROP_SIDES.get(array) else size
    return {"array": array, "normalise": normalise, "n_frames": n_frames, "size": size}


def shape_for(inputs: dict) -> dict:
    """Fields of a model's config that what it is fed decides."""
    if inputs["array"] == "mstmap":
        return {"n_frames": inputs["n_frames"]}
    return {"size": inputs["size"] or CROP_SIDES[inputs["array"]]}


def build(name: str, seed: int = 0, **fields) -> nn.Module:
    """A new model of this name; `fields` are its config's.  The same seed gives the same weights.

    Raises ValueError for an unknown name or a field that its config does not have.
    """
    model_class, config_class = _known(name, MODELS)
    known = config_class.__dataclass_fields__
    if unknown := sorted(fields.keys() - known.keys()):
        raise ValueError(f"{name} has no field {', '.join(unknown)}; it has {', '.join(known)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return model_class(config_class(**fields))


def load_run(run_dir: Path | str) -> tuple[nn.Module, dict]:
    """The chosen weights of a run, on the CPU in eval mode, and the INPUTS that it was trained on.

    Raises FileNotFoundError where the run has no weights, ValueError where they are of no model in
    MODELS or do not say what they were trained on.
    """
    path = Path(run_dir) / WEIGHTS
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: train that model first")
    about = read_about(path)
    by_class = {classes[0].__name__: classes for classes in MODELS.values()}
    if about["model"] not in by_class:
        raise ValueError(f"{path} holds a {about['model']}, expected one of {', '.join(by_class)}")
    facts = about["made_by"]["parameters"]
    if missing := [name for name in INPUTS if name not in facts]:
        raise ValueError(f"{path} does not say {', '.join(missing)}: train the model again")
    model, _ = load_model(path, *by_class[about["model"]])
    return model, {name: facts[name] for name in INPUTS}


def _known(name: str, table: dict):
    if name not in table:
        raise ValueError(f"no model {name!r}, expected one of {', '.join(table)}")
    return table[name]


def augmentation_for(array: str, flip: float) -> MapAugmentation | FaceAugmentation:
    """Chance on labelled clips, which are never turned backwards: a contact wave has a direction.
    flip: chance that a map's rows are turned upside down, or a face mirrored."""
    if array != "mstmap":
        return FaceAugmentation(flip_time=0.0, mirror=flip)
    return MapAugmentation(flip_time=0.0, flip_rows=flip)


def supervised_for(
    array: str,
    self_supervised: float,
    weights: Mapping[str, float] | None = None,
    label_weights: Mapping[str, float] | None = None,
    n_rows: int | None = None,
) -> Supervised | SupervisedContrast | SupervisedWave:
    """The step of a model that sees `array`: the labels' losses and, weighted, pre-training's.

    weights: of each of pre-training's losses, label_weights: of the labels'; the step's own where
    not named.  n_rows: of a map, drawn anew each batch.  Raises TypeError for a loss that the step
    does not have.
    """
    weights, label_weights = dict(weights or {}), dict(label_weights or {})
    if array == "face":
        losses = Contrast(**weights)
        return SupervisedContrast(self_supervised=self_supervised, losses=losses, **label_weights)
    if array == "wide":
        losses = MultiView(**weights)
        return SupervisedWave(self_supervised=self_supervised, losses=losses, **label_weights)
    losses = SelfSupervised(**weights, n_rows=n_rows)
    return Supervised(self_supervised=self_supervised, losses=losses, **label_weights)
