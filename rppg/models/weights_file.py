"""What a file of weights says of itself, checked before anything is built or allocated by it.

    about = read_about(path)      # the facts in its header
    check_weights(path, model)    # names, shapes and types of its weights are the model's

A file may come from anywhere: whatever is wrong with one is a ValueError of one line that names the
file.  safetensors itself refuses headers that claim more than the file holds.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from rppg.utils.text import printable

ABOUT = "about"  # one key of the header: safetensors writes several in no fixed order
KINDS = {"model": (str,), "config": (dict, type(None)), "made_by": (dict,)}
TYPES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16"}
TYPES |= {torch.int64: "I64", torch.int32: "I32", torch.uint8: "U8", torch.bool: "BOOL"}
AGAIN = "train the model again"


def read_about(path: Path | str) -> dict:
    """{"model", "config", "made_by"} of a file of weights, without reading the weights.

    Raises FileNotFoundError, and ValueError if `save_model` did not write it.
    """
    with _opened(path) as file:
        try:
            about = json.loads((file.metadata() or {})[ABOUT])
        except (KeyError, ValueError, RecursionError):
            raise ValueError(f"{path} was not written by save_model: {AGAIN}") from None
    if not isinstance(about, dict) or about.keys() != KINDS.keys():
        raise ValueError(f"{path} was not written by save_model: {AGAIN}")
    for key, kinds in KINDS.items():
        if not isinstance(about[key], kinds):
            found = f"its header has a {type(about[key]).__name__} as {key!r}"
            raise ValueError(f"{path}: {found}, expected a {kinds[0].__name__}: {AGAIN}")
    if not about["model"].isidentifier():
        found = f"its header has {ascii(about['model'][:60])} as 'model'"
        raise ValueError(f"{path}: {found}, expected a class: {AGAIN}")
    return about


def stored_weights(path: Path | str) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and type of each weight in a file by name, by its header alone.  Raises as
    `read_about`."""
    with _opened(path) as file:
        parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        return {name: (tuple(p.get_shape()), p.get_dtype()) for name, p in parts.items()}


def check_weights(path: Path | str, model: nn.Module) -> None:
    """Raises ValueError if the weights in a file have not the names, shapes and types of the
    model's."""
    weights = model.state_dict()
    own = {name: (tuple(w.shape), TYPES.get(w.dtype, str(w.dtype))) for name, w in weights.items()}
    there = stored_weights(path)
    for name in (*own, *there):
        found, expected = there.get(name), own.get(name)
        if found != expected:
            text = f"{printable(name)} is {_shown(found)}, expected {_shown(expected)}"
            raise ValueError(f"{path} does not fit this {type(model).__name__}: {text}")


def refuse_weights_not_finite(path: Path | str, weights: Mapping[str, Tensor]) -> None:
    """Raises ValueError if a weight is NaN or infinite."""
    for name, weight in weights.items():
        if not torch.isfinite(weight).all():
            raise ValueError(f"{path}: {name} has values that are NaN or infinite: {AGAIN}")


@contextmanager
def at_most_parameters(limit: int) -> Iterator[None]:
    """Inside the block, building more than that many parameters is a RuntimeError: a config may
    ask for layers without end."""
    count = 0

    def add(module: nn.Module, name: str, parameter: nn.Parameter) -> None:
        nonlocal count
        count += parameter is not None
        if count > limit:
            raise RuntimeError(f"it asks for more than {limit} weights, the file has fewer")

    handle = register_module_parameter_registration_hook(add)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def _opened(path: Path | str) -> Iterator:
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: train that model first")
    if not path.is_file():  # a pipe would be waited for
        raise ValueError(f"{path} is no file, expected one that save_model wrote")
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except SafetensorError as error:
        found = " ".join(str(error).split())
        raise ValueError(f"{path} was not written by save_model ({found}): {AGAIN}") from None


def _shown(weight: tuple[tuple[int, ...], str] | None) -> str:
    return "not there" if weight is None else f"{weight[1]} {list(weight[0])}"
