"""The header of a file of weights: what it says of itself, read without torch.

    about = read_about(path)        # {"model", "config", "made_by"}
    there = stored_weights(path)    # {name: (shape, type)}

A file may come from anywhere: whatever is wrong with one is a ValueError of one line that names the
file.  safetensors itself refuses headers that claim more than the file holds.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open

ABOUT = "about"  # one key of the header: safetensors writes several in no fixed order
KINDS = {"model": (str,), "config": (dict, type(None)), "made_by": (dict,)}
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


@contextmanager
def _opened(path: Path | str) -> Iterator:
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: train that model first")
    if not path.is_file():  # a pipe would be waited for
        raise ValueError(f"{path} is no file, expected one that save_model wrote")
    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except SafetensorError as error:
        found = " ".join(str(error).split())
        raise ValueError(f"{path} was not written by save_model ({found}): {AGAIN}") from None
