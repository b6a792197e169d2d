"""Models by the name that notebooks and commands use, and the runs that trained them.

    inputs = inputs_of("contrast_phys", n_frames=240, size=32)
    model = build("contrast_phys", seed=0, **shape_for(inputs), width=8)
    step = recipe("contrast_phys").objective()
    fit(model, Batches(Clips(store, ids, **inputs), 4), step, config, run, parameters=inputs)
    model, inputs = load_run(run)

A model is a folder next to this file and a row in `rppg.models.names.RECIPES`.  It is imported when
it is named, not before: a change in one model concerns nobody who names another.

A run's folder holds model.safetensors, whose header says what the model is and what it sees: the
parameters `INPUTS` that were given to fit().
"""

from importlib import import_module
from pathlib import Path

import torch
from torch import nn

from rppg.dataloader.arrays import ARRAYS
from rppg.dataloader.normalise import NORMALISATIONS
from rppg.models.checkpoint import LARGEST_FIELD, load_model
from rppg.models.names import RECIPES, WEIGHTS
from rppg.models.protocol import check_net
from rppg.models.recipe import Recipe
from rppg.models.weights_header import read_about

__all__ = ["RECIPES", "WEIGHTS", "build", "inputs_of", "load_run", "name_of", "recipe", "shape_for"]

INPUTS = ("array", "normalise", "n_frames", "size")  # what a model sees


def recipe(name: str) -> Recipe:
    """The recipe of the model of this name.  Raises ValueError for an unknown name."""
    if name not in RECIPES:
        raise ValueError(f"no model {name!r}, expected one of {', '.join(RECIPES)}")
    return import_module(RECIPES[name]).RECIPE


def name_of(net: nn.Module) -> str:
    """The name of the model that a net of `build` or `load_run` is.  ValueError for another net."""
    return _name_of_class(type(net).__name__, f"the net is a {type(net).__name__}")


def inputs_of(
    name: str, n_frames: int, normalise: str | None = None, size: int | None = None
) -> dict:
    """What a model of this name sees, as `Clips` takes it: a normalisation if these are maps, a
    size if these are crops averaged down (None: as prepared).  Raises ValueError for an unknown
    name."""
    return ARRAYS[recipe(name).array].inputs(n_frames, normalise, size)


def shape_for(inputs: dict) -> dict:
    """Fields of a model's config that follow from what it sees."""
    return ARRAYS[inputs["array"]].fields(inputs)


def build(name: str, seed: int = 0, **fields) -> nn.Module:
    """A new model of this name; `fields` are its config's.  The same seed gives the same weights.

    Raises ValueError for an unknown name or a field that its config does not have, TypeError for a
    net that could not be trained (`check_net`).
    """
    made_of = recipe(name)
    known = made_of.config.__dataclass_fields__
    if unknown := sorted(fields.keys() - known.keys()):
        raise ValueError(f"{name} has no field {', '.join(unknown)}; it has {', '.join(known)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = made_of.net(made_of.config(**fields))
    check_net(net, made_of)
    return net


def load_run(run_dir: Path | str, weights: str = WEIGHTS) -> tuple[nn.Module, dict]:
    """The chosen weights of a run, on the CPU in eval mode, and the INPUTS that it was trained on.
    weights: another of its files.

    Raises FileNotFoundError if the run has no weights, ValueError if they are of no model in
    RECIPES, do not say what they were trained on, or make no net that could be trained.
    """
    path = Path(run_dir) / weights
    about = read_about(path)
    name = _name_of_class(about["model"], f"{path} holds a {about['model']}")
    made_of, facts = recipe(name), about["made_by"].get("parameters")
    inputs = _known_inputs(path, made_of, facts if isinstance(facts, dict) else {})
    config = about["config"] or {}
    if wrong := {key: v for key, v in shape_for(inputs).items() if config.get(key) != v}:
        raise ValueError(f"{path} was trained on {wrong}, but its config is {config}")
    net, _ = load_model(path, made_of.net, made_of.config)
    try:
        check_net(net, made_of)
    except (TypeError, RuntimeError) as error:
        raise ValueError(f"{path}: {error}") from error
    return net, inputs


def _known_inputs(path: Path, made_of: Recipe, facts: dict) -> dict:
    """The INPUTS among the parameters of a run.  Raises ValueError for missing and invalid ones."""
    if missing := [name for name in INPUTS if name not in facts]:
        raise ValueError(f"{path} does not say {', '.join(missing)}: train the model again")
    inputs = {name: facts[name] for name in INPUTS}
    n_frames, size = inputs["n_frames"], inputs["size"]
    side = getattr(ARRAYS[made_of.array], "side", 0)
    known = {
        "array": inputs["array"] == made_of.array,
        "normalise": inputs["normalise"] in (None, *NORMALISATIONS),
        "n_frames": type(n_frames) is int and 2 <= n_frames <= LARGEST_FIELD,
        "size": size is None or (type(size) is int and 1 <= size <= side),
    }
    if wrong := [name for name, right in known.items() if not right]:
        found = f"it says that {wrong[0]} is {inputs[wrong[0]]!r}"
        raise ValueError(f"{path}: {found}, which a {made_of.net.__name__} cannot see")
    return inputs


def _name_of_class(net_class: str, found: str) -> str:
    """The name of the model whose net is of that class; models are imported one by one until then.
    Raises ValueError, which says what was found, if there is none."""
    classes = {}
    for name in RECIPES:
        classes[name] = recipe(name).net.__name__
        if classes[name] == net_class:
            return name
    raise ValueError(f"{found}, expected one of {', '.join(classes.values())}")
