"""The ways to pre-train one encoder, and those to learn a distance, by name.

    method = METHODS["relcon"]
    net = MotionNet(method.config({"widths": (16, 32, 64)}))
    step = method.step(distance, temperature=0.1)

"random" is the encoder as it is drawn: its batch norms have never seen data and change nothing.
"features" has no encoder, windows are described by hand (features.py); "scratch" learns from labels
alone (scratch.py).  A distance is named by its attention: RelCon's is "sparsemax", REBAR's
"softmax".
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rppg.studies.relcon.models.distance import DistanceConfig
from rppg.studies.relcon.models.encoder import EncoderConfig
from rppg.studies.relcon.models.handcrafted import hand_made
from rppg.studies.relcon.pretraining.augment import AUGMENTATIONS
from rppg.studies.relcon.pretraining.objectives import (
    AugPred,
    Rebar,
    Rebuild,
    RebuildMasked,
    RelCon,
    SimCLR,
)

PROJECTION = 128  # outputs of SimCLR's head, as in its paper


@dataclass(frozen=True)
class Method:
    """What a name stands for."""

    name: str  # in tables
    make_step: Callable | None = None  # (distance, temperature) -> step; None: no pre-training
    needs_distance: str | None = None  # which attention the distance before it must have
    needs_within: bool = False  # whether candidates of the anchor's subject and hour are drawn
    head: tuple[int, int] = (0, 0)  # head_hidden (-1: as wide as the embedding), n_outputs
    describe: Callable[[np.ndarray], np.ndarray] | None = None  # (n, T, 3) -> (n, D), without a net

    @property
    def learns(self) -> bool:
        """Whether something is learned without labels."""
        return self.make_step is not None

    @property
    def is_probed(self) -> bool:
        """Whether a linear model reads what is frozen; else every weight learns from labels."""
        return self is not METHODS["scratch"]

    def config(self, architecture: dict) -> EncoderConfig:
        """Fields of EncoderConfig, with the head of this method."""
        hidden, n_outputs = self.head
        widths = EncoderConfig(**architecture).widths
        hidden = widths[-1] if hidden < 0 else hidden
        return EncoderConfig(**architecture, head_hidden=hidden, n_outputs=n_outputs)

    def step(self, distance, temperature: float):
        """The step for fit().  Raises ValueError where a distance lacks, or is another method's."""
        attention = None if distance is None else distance.config.attention
        if attention != self.needs_distance:
            expected = f"a distance by {self.needs_distance}" if self.needs_distance else "none"
            raise ValueError(
                f"{self.name} was given a distance by {attention}, expected {expected}"
            )
        return self.make_step(distance, temperature)


METHODS = {
    "relcon": Method("RelCon", RelCon, needs_distance="sparsemax", needs_within=True),
    "rebar": Method("REBAR-style", Rebar, needs_distance="softmax", needs_within=True),
    "simclr": Method("SimCLR", lambda _, t: SimCLR(temperature=t), head=(-1, PROJECTION)),
    "augpred": Method("AugPred", lambda *_: AugPred(), head=(0, len(AUGMENTATIONS))),
    "scratch": Method("scratch"),
    "random": Method("random encoder"),
    "features": Method("hand-made features", describe=hand_made),
}

DISTANCES = {  # attention: whose statistics normalise the anchor, and how the distance learns
    "sparsemax": ("candidate", Rebuild()),
    "softmax": ("anchor", RebuildMasked()),
}


def distance_lesson(attention: str, architecture: dict) -> tuple[DistanceConfig, Callable]:
    """Config and step of a distance.  Raises ValueError for another attention."""
    if attention not in DISTANCES:
        raise ValueError(f"attention is {attention!r}, expected one of {sorted(DISTANCES)}")
    statistics, step = DISTANCES[attention]
    config = DistanceConfig(**architecture, attention=attention, statistics=statistics)
    return config, step
