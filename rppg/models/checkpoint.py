"""Weights on disk with how they were made, and the state that a run resumes from.  No pickle.

`model.safetensors` holds the weights and, in its header, a JSON text: the model's class and config
and how the weights were made.  `model.json` next to it is the same text for people (and for other
programs); what is loaded is the header, so weights and text can never be of two different runs.
Every file appears by rename, whole or not at all; the same weights and facts give the same bytes.

    save_model(run_dir / "model.safetensors", model, {"step": 1000, "parameters": {...}})
    model, about = load_model(run_dir / "model.safetensors", STTransformer, STTransformerConfig)
"""

import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from rppg.models.weights_file import (
    at_most_parameters,
    check_weights,
    refuse_weights_not_finite,
)
from rppg.models.weights_header import ABOUT, read_about, stored_weights
from rppg.utils.atomic import atomic_write

LARGEST_FIELD = 100_000  # of a config: no net has layers, frames or pixels beyond


def model_facts(model: nn.Module) -> dict:
    """Class of a model and its config: the fields of `model.config`, None if it has none."""
    config = getattr(model, "config", None)
    return {
        "model": type(model).__name__,
        "config": asdict(config) if is_dataclass(config) else None,
    }


def objective_facts(objective) -> dict:
    """The class and the weights of an objective (a dataclass) as JSON values: what decides a run
    next to data and model."""
    return {"step": type(objective).__name__, **asdict(objective)}


def save_model(path: Path | str, model: nn.Module, made_by: dict) -> Path:
    """Write the weights of `model` to `path` (*.safetensors) and the JSON next to it.

    made_by: how the weights came to be, JSON values.  Returns the path.  Raises ValueError for
    another ending, TypeError for values that JSON does not know, OSError if it cannot be written.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise ValueError(f"{path} must end in .safetensors")
    text = json.dumps(model_facts(model) | {"made_by": made_by}, indent=2, sort_keys=True) + "\n"
    weights = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in model.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, lambda part: save_file(weights, part, metadata={ABOUT: text}))
    _write(path.with_suffix(".json"), lambda part: part.write_text(text))
    return path


def load_model(path: Path | str, model_class: type, config_class: type) -> tuple[nn.Module, dict]:
    """The model that `save_model` wrote, on the CPU in eval mode, and its facts:
    {"model", "config", "made_by"}.

    Builds `model_class(config_class(**config))`.  Raises FileNotFoundError, and ValueError for a
    file of another class of models, of other fields, or that is no such file.
    """
    about = read_about(path)
    if about["model"] != model_class.__name__:
        raise ValueError(f"{path} holds a {about['model']}, expected a {model_class.__name__}")
    if about["config"] is None:
        raise ValueError(f"{path} holds no config: build the model and use load_weights")
    config = _config(path, config_class, about["config"])
    try:
        with torch.device("meta"), at_most_parameters(2 * len(stored_weights(path)) + 16):
            check_weights(path, model_class(config))  # before memory is taken: a config may claim
    except NotImplementedError:  # a net that computes as it is built, which takes real tensors
        pass
    except (TypeError, RuntimeError) as error:
        raise ValueError(f"{path}: its config makes no {model_class.__name__}: {error}") from None
    return load_weights(path, model_class(config)).eval(), about


def load_weights(path: Path | str, model: nn.Module) -> nn.Module:
    """Put the weights in `path` into `model`, every one of them; returns the model.

    Raises FileNotFoundError, and ValueError if names, shapes or types differ, or if a weight is
    NaN or infinite.
    """
    read_about(path)
    check_weights(path, model)
    weights = load_file(path)
    refuse_weights_not_finite(path, weights)
    model.load_state_dict(weights)
    return model


def save_state(path: Path | str, state: dict) -> Path:
    """Write a state of tensors, numbers, texts, lists and dicts whole; returns the path."""
    return _write(Path(path), lambda part: torch.save(state, part))


def _write(path: Path, write: Callable[[Path], object]) -> Path:
    """`atomic_write`.  Raises OSError, with what to do, if the file cannot be written; PyTorch and
    safetensors have exceptions of their own for a full disk."""
    try:
        return atomic_write(path, write)
    except (OSError, RuntimeError, SafetensorError) as error:
        found = " ".join(str(error).split())
        advice = "make room or give it a folder that can be written, then start it again"
        raise OSError(
            f"{path} was not written, what was there stays ({found}): {advice}"
        ) from error


def load_state(path: Path | str) -> dict | None:
    """What `save_state` wrote, on the CPU; None if there is no file.

    Only tensors and plain values are read, never code.  Raises ValueError for a damaged file.
    """
    path = Path(path)
    if not path.exists():
        return None
    text = f"{path} cannot be read as the state of a run: remove it to restart the run"
    if not path.is_file():  # a pipe would be waited for
        raise ValueError(f"{text} (it is no file)")
    if not _holds_what_it_claims(path):
        raise ValueError(f"{text} (it is no archive of that size)")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # zip, pickle and value errors alike
        raise ValueError(f"{text} ({type(error).__name__})") from error
    if not isinstance(state, dict):
        raise ValueError(f"{text} (it holds a {type(state).__name__})")
    return state


def _holds_what_it_claims(path: Path) -> bool:
    """Whether a file is a ZIP archive whose parts, uncompressed, are not larger than itself."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(part.file_size for part in archive.infolist()) <= path.stat().st_size
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return False


def _config(path: Path | str, config_class: type, given: dict) -> object:
    """The config of a model.  Raises ValueError for unknown fields and values of another type."""
    known = {field.name: field.default for field in fields(config_class)}
    for name, value in given.items():
        default, number = known.get(name), type(value) in (int, float)
        plain = type(default) in (bool, int, float, str)
        same = type(value) is type(default) or (number and type(default) is float)
        if (plain and not same) or (number and not abs(value) <= LARGEST_FIELD):
            expected = f"expected a {type(default).__name__}, {LARGEST_FIELD:,} at most"
            raise ValueError(f"{path}: its config has {name} {value!r}, {expected}")
    made = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    try:
        return config_class(**made)
    except (TypeError, ValueError) as error:
        name = config_class.__name__
        raise ValueError(f"the config in {path} is not a {name}: {error}") from None
