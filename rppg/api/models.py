"""Trained models for programs: loaded once, asked about many videos.

model = rppg.load_model("st_transformer")
for video in videos:
    print(rppg.heart_rate(video, method=model).bpm)
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rppg.inference.trained import run_folders
from rppg.models.names import RECIPES, WEIGHTS
from rppg.utils.errors import InputError, MissingModelError

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, eq=False)
class Model:
    """A trained net, in eval mode, and what it sees of a video."""

    name: str
    net: "nn.Module"
    inputs: dict  # array, normalise, n_frames, size: as `Clips` takes them


def load_model(model: "str | Path", runs: "str | Path | None" = None) -> Model:
    """A trained model by its name, or by the folder of the run that trained it.

    runs: folder of a profile's runs, in which a name is looked for; default: the models in the
    box.  Raises MissingModelError if there are no weights, InputError for an unknown name or
    weights that cannot be loaded.  Imports torch.
    """
    if runs is not None and not isinstance(runs, str | Path):
        raise InputError(f"runs is {runs!r}, expected the name of a folder")
    folder = _folder(model, None if runs is None else Path(runs))
    from rppg.models.registry import load_run, name_of

    try:
        net, inputs = load_run(folder)
        return Model(name_of(net), net.eval(), inputs)
    except ValueError as error:
        raise InputError(f"{folder / WEIGHTS}: {error}") from error


def _folder(model, runs: Path | None) -> Path:
    if not isinstance(model, str | Path) or not str(model):
        raise InputError(f"found {model!r}, expected a name or a run's folder")
    if (name := str(model).lower()) in RECIPES:
        try:
            return run_folders([name], runs)[name]
        except FileNotFoundError as error:
            raise MissingModelError(str(error).replace("--runs names", "`runs` names")) from None
    if os.path.isfile(Path(model) / WEIGHTS):  # False, unlike Path's, if it cannot be a name
        return Path(model)
    if os.path.isdir(model):
        raise MissingModelError(f"{model} holds no {WEIGHTS}, expected a run's folder")
    expected = f"one of {', '.join(RECIPES)}, or a run's folder with {WEIGHTS}"
    raise InputError(f"no model {str(model)!r}, expected {expected}")
