"""Whether a file of weights fits a model, checked before anything is built or allocated by it.

    check_weights(path, model)    # names, shapes and types of its weights are the model's

A file may come from anywhere: whatever is wrong with one is a ValueError of one line that names the
file.  What it says of itself is read by rppg.models.weights_header.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from rppg.models.weights_header import AGAIN, stored_weights
from rppg.utils.text import printable

TYPES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16"}
TYPES |= {torch.int64: "I64", torch.int32: "I32", torch.uint8: "U8", torch.bool: "BOOL"}


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


def _shown(weight: tuple[tuple[int, ...], str] | None) -> str:
    return "not there" if weight is None else f"{weight[1]} {list(weight[0])}"
