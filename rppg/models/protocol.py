"""What a net must offer, and what it may, written down; `check_net` holds a net against it.

A net is a torch.nn.Module that is a `PulseNet`.  The other protocols are optional: whoever wants
cells asks `isinstance(net, HasCells)`, and a net without them has no such figure or value.

    >>> from rppg.models.registry import build, recipe
    >>> net = build("contrast_phys", size=32, width=2)
    >>> isinstance(net, HasCells), isinstance(net, HasRowAttention), traits_of(net)
    (True, False, Traits(takes_rows=False, has_cells=True, pads_time=True))
    >>> check_net(net, recipe("contrast_phys"))
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from rppg.dataloader.arrays import ARRAYS

N_FRAMES = 32  # of the clip that check_net shows to a net: 1 s


@runtime_checkable
class PulseNet(Protocol):
    """What every net offers.  config: what it was built from, a dataclass with the field `n_frames`
    (nets that see maps) or `size` (nets that see crops).  head: its last layer; negating its
    weights negates the predicted BVP, which is how `fix_polarity` corrects the polarity.

    Class attributes, False if a net does not declare them: takes_rows, whether
    `forward(clips, rows)` accepts some rows of a map, clips (B, T, N', C) with rows (N',); and
    pads_time, whether the ends of a predicted BVP come from padding, so that no heart rate is read
    there when a clip is compared with itself.
    """

    config: Any
    head: nn.Module

    def forward(self, clips: Tensor) -> Tensor:
        """Clips (B, T, ...) as `rppg.dataloader.clips.Clips` has them -> predicted BVP (B, T)."""


@runtime_checkable
class HasCells(Protocol):
    """A net that predicts a BVP per cell of the face."""

    def cells(self, clips: Tensor) -> Tensor:
        """Clips (B, T, H, W, 3) -> (B, T, S, S), whose spatial mean is the predicted BVP."""


@runtime_checkable
class HasRowAttention(Protocol):
    """A net that attends over the rows of a map."""

    def row_attention(self, clips: Tensor) -> Tensor:
        """Clips (B, T, N, C) -> (B, N), CPU: attention that each row receives; sums to 1."""


@runtime_checkable
class HasSaliency(Protocol):
    """A net with a saliency sampler."""

    def look(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        """One clip (1, T, H, W, 3) -> saliency (T', G, G) and the warped clip (T, H', W', 3)."""


class Objective(Protocol):
    """A step of `fit`: (model, batch, generator) -> (loss, unweighted losses by name)."""

    def __call__(self, model: nn.Module, batch: dict, generator: torch.Generator) -> tuple: ...


class LabelObjective(Protocol):
    """An objective whose losses of the labels can be computed from predicted BVPs alone."""

    def of_waves(self, waves: Tensor, batch: dict) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of predicted BVPs (B, T) of a batch, and its parts."""


@dataclass(frozen=True)
class Traits:
    """Which of the optional parts a net has that change how it is evaluated."""

    takes_rows: bool
    has_cells: bool
    pads_time: bool


def traits_of(net: nn.Module) -> Traits:
    """What a net declares."""
    return Traits(
        takes_rows=getattr(net, "takes_rows", False),
        has_cells=isinstance(net, HasCells),
        pads_time=getattr(net, "pads_time", False),
    )


def check_net(net: nn.Module, recipe) -> None:
    """Raise TypeError, naming everything that is missing or wrong, unless `net` can be trained by
    `recipe`: it is a PulseNet, predicts (B, T) from a clip, and its head decides the polarity.

    The net is called on one clip of 1 s, in eval mode, and is left as it was.
    """
    faults = _missing(net, recipe)
    if not faults:
        training = net.training
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            faults = _of_forward(net.eval(), recipe)
        net.train(training)
    if faults:
        text = f"{type(net).__name__} cannot be trained: {'; '.join(faults)}"
        raise TypeError(f"{text}. See PulseNet in rppg/models/protocol.py")


def _missing(net: nn.Module, recipe) -> list[str]:
    faults = []
    if recipe.array not in ARRAYS:
        faults.append(f"array is {recipe.array!r}, expected one of {', '.join(ARRAYS)}")
    config = getattr(net, "config", None)
    if not isinstance(config, recipe.config):
        faults.append(f"config is {config!r}, expected a {recipe.config.__name__}")
    elif recipe.array in ARRAYS and not hasattr(config, ARRAYS[recipe.array].field):
        faults.append(f"its config has no field {ARRAYS[recipe.array].field!r}")
    head = getattr(net, "head", None)
    if not isinstance(head, nn.Module) or not list(head.parameters()):
        faults.append(f"head is {head!r}, expected its last layer, a module with weights")
    return faults


def _of_forward(net: nn.Module, recipe) -> list[str]:
    clip = ARRAYS[recipe.array].example(net.config, N_FRAMES)
    clip = clip.to(next(net.parameters()).device)
    found, expected = net(clip), tuple(clip.shape[:2])
    if not isinstance(found, Tensor) or tuple(found.shape) != expected:
        shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        return [f"forward returned {shape} for clips {tuple(clip.shape)}, expected {expected}"]
    negated = deepcopy(net)
    for weight in negated.head.parameters():
        weight.neg_()
    scale = found.abs().max().clamp_min(1e-6)
    if (negated(clip) + found).abs().max() > 1e-3 * scale:
        return ["negating the weights of head does not negate the predicted BVP"]
    return []
