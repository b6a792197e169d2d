"""Weights on disk with how they were made, and the state that a run resumes from.  No pickle.

`model.safetensors` holds the weights and, in its header, a JSON text: the model's class and config
and how the weights were made.  `model.json` next to it is the same text for people (and for other
programs); what is loaded is the header, so weights and text can never be of two different runs.
Every file appears by rename, whole or not at all; the same weights and facts give the same bytes.

    save_model(run_dir / "model.safetensors", model, {"step": 1000, "parameters": {...}})
    model, about = load_model(run_dir / "model.safetensors", STTransformer, STTransformerConfig)
"""

import json
from dataclasses import asdict, is_dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from rppg.utils.atomic import atomic_write

ABOUT = "about"  # one key of the header: safetensors writes several in no fixed order


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

    made_by: how the weights came to be, JSON values.  Returns the path.
    Raises ValueError for another ending, TypeError for values that JSON does not know.
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
    atomic_write(path, lambda part: save_file(weights, part, metadata={ABOUT: text}))
    atomic_write(path.with_suffix(".json"), lambda part: part.write_text(text))
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
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in about["config"].items()}
    try:
        model = model_class(config_class(**fields))
    except TypeError as error:
        raise ValueError(
            f"the config in {path} is not a {config_class.__name__}: {error}"
        ) from None
    return load_weights(path, model).eval(), about


def load_weights(path: Path | str, model: nn.Module) -> nn.Module:
    """Put the weights in `path` into `model`, every one of them; returns the model.

    Raises FileNotFoundError, and ValueError if names or shapes differ.
    """
    read_about(path)
    try:
        model.load_state_dict(load_file(path))
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit this {type(model).__name__}: {error}") from None
    return model


def read_about(path: Path | str) -> dict:
    """{"model", "config", "made_by"} of a file of weights, without reading the weights.

    Raises FileNotFoundError, and ValueError if `save_model` did not write it.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return json.loads((file.metadata() or {})[ABOUT])
    except (SafetensorError, KeyError):
        raise ValueError(f"{path} was not written by save_model: train the model again") from None


def save_state(path: Path | str, state: dict) -> Path:
    """Write a state of tensors, numbers, texts, lists and dicts whole; returns the path."""
    return atomic_write(path, lambda part: torch.save(state, part))


def load_state(path: Path | str) -> dict | None:
    """What `save_state` wrote, on the CPU; None if there is no file.

    Only tensors and plain values are read, never code.  Raises ValueError for a damaged file.
    """
    path = Path(path)
    if not path.exists():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # zip, pickle and value errors alike
        text = f"{path} cannot be read as the state of a run: remove it to restart the run"
        raise ValueError(f"{text} ({type(error).__name__})") from error
