"""A profile whose values were tried on the package's own classes, before anything runs.

    profile = checked_profile("demo")  # as load_profile, for whoever is about to run it
    check_values(profile)              # the same of a profile that was loaded

`rppg.workflow` knows names, types and ranges of parameters.  What needs the nets (fields of an
architecture, losses, a schedule that contradicts itself, a benchmark's sizes) is tried here: a run
that could not begin is an error of one line now, and not when its turn comes, hours later.
"""

from collections.abc import Callable, Collection
from dataclasses import fields
from functools import cache
from pathlib import Path

from rppg.dataloader.arrays import ARRAYS
from rppg.models.recipe import Recipe
from rppg.models.registry import inputs_of, recipe, shape_for
from rppg.signals.readout import Readout
from rppg.synthetic.config import ChallengeConfig
from rppg.synthetic.traces.simulate import TraceConfig
from rppg.training.config import FitConfig
from rppg.utils.paths import project_dir
from rppg.workflow.code_hash import models_named
from rppg.workflow.profile_checks import field_faults
from rppg.workflow.profile_files import ProfileError, ProfileFile, read_chain
from rppg.workflow.profile_schema import Place, file_of, raise_first
from rppg.workflow.profile_types import Profile, Run
from rppg.workflow.profiles import load_profile
from rppg.workflow.typed_fields import Field, parameter_defaults

Chain = tuple[ProfileFile, ...]
OF_OBJECTIVE = {"n_rows", "windows", "distractor_pairs"}  # parameters that go into an objective


def checked_profile(name: str, data: Path | None = None, seed: int | None = None) -> Profile:
    """`load_profile`, and `check_values`, which says when it raises."""
    check_values(profile := load_profile(name, data, seed))
    return profile


def check_values(profile: Profile) -> None:
    """Raises ProfileError for values that the profile's runs could not begin with."""
    chain, root, models = read_chain(profile.file), project_dir(__file__), {}
    named = cache(lambda notebook: models_named(notebook, root / "rppg"))
    if profile.challenge and profile.modality == "faces":
        _try(lambda: ChallengeConfig(**profile.challenge), ("challenge",), chain)
    simulated = (profile.notebooks.get("01_preprocess") or {}).get("simulated")
    if simulated:
        place = ("notebooks", "01_preprocess", "simulated")
        _try(lambda: TraceConfig(**simulated), place, chain)
    for run in profile.runs.values():
        written = any(run.name in (file.settings.get("runs") or {}) for file in chain)
        place = ("runs" if written else "sweeps", run.name, "parameters")
        notebook = root / "notebooks" / f"{run.notebook}.ipynb"
        defaults = parameter_defaults(notebook)
        given = defaults | run.parameters
        if given.get("training") or defaults.get("training"):
            _check_training(given, place, chain)
        _check_readout(given, place, chain)
        later = models.get(run.parent) or given.get("model")
        models[run.name] = one = next(iter(named(notebook)), later)
        if "model" in given:
            _try(lambda name=given["model"]: recipe(name), (*place, "model"), chain)
        if one is not None:
            _check_model(one, run, given, place, chain)


def _try(make: Callable, place: Place, chain: Chain) -> None:
    """Call `make`; its ValueError becomes a ProfileError with file and key."""
    try:
        make()
    except ValueError as error:
        raise ProfileError(f"{file_of(place, chain)}: {'.'.join(place)}: found {error}") from error


def _check_training(given: dict, place: Place, chain: Chain) -> None:
    """Try the fields of FitConfig; a notebook with `epochs` computes n_steps if it is missing."""
    training, place = given["training"], (*place, "training")
    if "n_steps" not in training and "epochs" not in given:
        missing = "no n_steps, expected the number of steps"
        raise ProfileError(f"{file_of(place, chain)}: {'.'.join(place)}: found {missing}")
    steps = {"n_steps": training.get("n_steps", 2**31)}
    _try(lambda: FitConfig(**(training | steps), monitor="the notebook's"), place, chain)


def _check_readout(given: dict, place: Place, chain: Chain) -> None:
    """Try the values of Readout, whose fields `rppg.workflow` has checked."""
    if given.get("readout"):
        _try(lambda: Readout(**given["readout"]), (*place, "readout"), chain)


def _check_model(name: str, run: Run, given: dict, place: Place, chain: Chain) -> None:
    """Try the losses and, of a run without a parent, the architecture of its model."""
    made_of, taken = recipe(name), OF_OBJECTIVE & given.keys()
    losses = {"weights": (made_of.objective, taken)}
    losses["label_weights"] = (made_of.supervised_objective, {"self_supervised", "losses"})
    for key, (objective, not_these) in losses.items():
        if key in given:
            known = _fields_of(objective, not_these)
            raise_first(field_faults((*place, key), given[key], known), chain)
    inside, array = (*place, "architecture"), ARRAYS[made_of.array]
    if run.parent is None and "architecture" in given and "n_frames" in given:
        known = _fields_of(made_of.config, {array.field, *given})
        raise_first(field_faults(inside, given["architecture"], known), chain)
        if "size" in given and hasattr(array, "side"):
            _try(lambda: _check_size(given["size"], array.side), (*place, "size"), chain)
        _try(lambda: _config(name, made_of, given), inside, chain)


def _check_size(size: int, side: int) -> None:
    if side % size:
        raise ValueError(f"{size}, expected a divisor of {side}, the pixels that are prepared")


def _config(name: str, made_of: Recipe, given: dict) -> object:
    """The config of a new net.  Raises ValueError for invalid values."""
    inputs = inputs_of(name, given["n_frames"], given.get("normalise"), given.get("size"))
    more = {"saliency": given["saliency"]} if "saliency" in given else {}
    return made_of.config(**shape_for(inputs), **given["architecture"], **more)


def _fields_of(dataclass: type, not_these: Collection[str]) -> dict[str, Field]:
    """The fields of a dataclass by name, as `rppg.workflow.typed_fields` has them."""
    found = {}
    for field in fields(dataclass):
        kind = field.type.__name__ if isinstance(field.type, type) else str(field.type)
        if field.name not in not_these:
            found[field.name] = Field(kind, field.default)
    return found
