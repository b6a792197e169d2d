"""A net as a table: each layer with the shape that it gives and its number of weights.

    >>> from rppg.models.registry import build
    >>> net = build("st_transformer", n_frames=60, dim=8, n_loops=1, patch=4)
    >>> layer_table(net, torch.zeros(2, 60, 63, 6)).loc["head", "shape"]
    (2, 15, 63, 4)

A layer is a direct part of the net; a list of layers counts as its members.  The table is made by
one forward pass of a copy, in eval mode: the net stays as it is, batch norm included.
"""

from collections.abc import Iterator
from copy import deepcopy

import pandas as pd
import torch
from torch import Tensor, nn

COLUMNS = ["kind", "shape", "weights"]


@torch.no_grad()
def layer_table(net: nn.Module, clips: Tensor) -> pd.DataFrame:
    """Rows "input", the layers of `net` in the order of their definition, weights that are in no
    layer, such as position embeddings, and "all"; columns kind, shape and weights.

    clips (B, T, ...): what the net sees.  shape: of the last output in one forward pass; of loose
    weights their own; None for a layer that was not called.
    """
    net = deepcopy(net).cpu().eval()
    shapes: dict[str, tuple] = {}
    for name, layer in _layers(net):
        layer.register_forward_hook(
            lambda _, __, out, name=name: shapes.update({name: _shape(out)})
        )
    out = net(clips.cpu())
    rows = {"input": ("clips", tuple(clips.shape), 0)}
    for name, layer in _layers(net):
        rows[name] = (_kind(layer), shapes.get(name), _count(layer.parameters()))
    for name, weight in net.named_parameters(recurse=False):
        rows[name] = ("Parameter", tuple(weight.shape), weight.numel())
    rows["all"] = (type(net).__name__, _shape(out), _count(net.parameters()))
    return pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)


@torch.no_grad()
def input_of(net: nn.Module, layer: str, clips: Tensor) -> Tensor:
    """What a layer of `net`, named as in `layer_table`, is given for clips (B, T, ...), on the CPU.

    Raises AttributeError for a name that is no layer, KeyError for a layer that is not called.
    """
    net, seen = deepcopy(net).cpu().eval(), {}
    net.get_submodule(layer).register_forward_pre_hook(lambda _, given: seen.update(first=given[0]))
    net(clips.cpu())
    return seen["first"]


def _layers(net: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, layer in net.named_children():
        if isinstance(layer, nn.ModuleList):
            yield from ((f"{name}.{place}", member) for place, member in layer.named_children())
        else:
            yield name, layer


def _kind(layer: nn.Module) -> str:
    """The layer's class; of a sequence the classes of its members."""
    members = layer.children() if isinstance(layer, nn.Sequential) else [layer]
    return ", ".join(type(member).__name__ for member in members)


def _shape(out) -> tuple | None:
    return tuple(out.shape) if isinstance(out, Tensor) else None


def _count(weights) -> int:
    return sum(weight.numel() for weight in weights)
