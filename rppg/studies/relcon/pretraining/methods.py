"""Pre-training methods and learned distances by name.

    method = METHODS["relcon"]
    net = MotionNet(method.config({"widths": (16, 32, 64)}))
    step = method.step(distance, temperature=0.1)

"random" is the encoder at initialisation, with batch norms that act as the identity.  "features"
has no encoder but hand-crafted features (models/handcrafted.py); "scratch" is supervised training
from scratch (probing/supervised.py).  A distance is named by its attention: RelCon's is
"sparsemax", REBAR's "softmax".
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rppg.studies.relcon.models.distance import DistanceConfig, MotionDistance
from rppg.studies.relcon.models.encoder import EncoderConfig
from rppg.studies.relcon.models.feature_distance import FeatureDistance
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
    """One way to get features: pre-training, supervised training or hand-crafted."""

    name: str  # in tables
    make_step: Callable | None = None  # (distance, temperature) -> step; None: no pre-training
    needs_distance: str | None = None  # the attention of the distance that it requires
    needs_within: bool = False  # whether it draws candidates of the anchor's subject and hour
    head: tuple[int, int] = (0, 0)  # head_hidden (-1: as wide as the embedding), n_outputs
    describe: Callable[[np.ndarray], np.ndarray] | None = None  # (n, T, 3) -> (n, D), no encoder

    @property
    def learns(self) -> bool:
        """Whether it has a self-supervised pre-training."""
        return self.make_step is not None

    @property
    def is_probed(self) -> bool:
        """Whether frozen features are probed; otherwise all weights are trained on labels."""
        return self is not METHODS["scratch"]

    def config(self, architecture: dict) -> EncoderConfig:
        """EncoderConfig of the architecture with this method's head."""
        hidden, n_outputs = self.head
        widths = EncoderConfig(**architecture).widths
        hidden = widths[-1] if hidden < 0 else hidden
        return EncoderConfig(**architecture, head_hidden=hidden, n_outputs=n_outputs)

    def step(self, distance, temperature: float, **more):
        """The step for fit().  more: further fields of its objective, such as hard_positive.

        A FeatureDistance may take the place of a learned one.  Raises ValueError for a missing
        distance, or another method's, TypeError for a field that the objective does not have.
        """
        attention = None if distance is None else "features"
        if isinstance(distance, FeatureDistance) and self.make_step is RelCon:
            attention = self.needs_distance
        elif isinstance(distance, MotionDistance):
            attention = distance.config.attention
        if attention != self.needs_distance:
            expected = f"a distance by {self.needs_distance}" if self.needs_distance else "none"
            raise ValueError(
                f"{self.name} was given a distance by {attention}, expected {expected}"
            )
        return replace(self.make_step(distance, temperature), **more)


METHODS = {
    "relcon": Method("RelCon", RelCon, needs_distance="sparsemax", needs_within=True),
    "rebar": Method("REBAR-style", Rebar, needs_distance="softmax", needs_within=True),
    "simclr": Method("SimCLR", lambda _, t: SimCLR(temperature=t), head=(-1, PROJECTION)),
    "augpred": Method("AugPred", lambda *_: AugPred(), head=(0, len(AUGMENTATIONS))),
    "scratch": Method("scratch"),
    "random": Method("random encoder"),
    "features": Method("hand-made features", describe=hand_made),
}

DISTANCES = {  # attention: source of the normalising statistics, objective of the distance
    "sparsemax": ("candidate", Rebuild()),
    "softmax": ("anchor", RebuildMasked()),
}


def distance_setup(
    attention: str, architecture: dict, n_augmentations: int = 2
) -> tuple[DistanceConfig, Callable]:
    """Config and step of a distance.

    n_augmentations: of RelCon's training copies, 0 to 8; REBAR's distance has none.  Raises
    ValueError for another attention or number.
    """
    if attention not in DISTANCES:
        raise ValueError(f"attention is {attention!r}, expected one of {sorted(DISTANCES)}")
    if not 0 <= n_augmentations <= len(AUGMENTATIONS):
        found = f"n_augmentations is {n_augmentations}"
        raise ValueError(f"{found}, expected 0 to {len(AUGMENTATIONS)}")
    statistics, step = DISTANCES[attention]
    if isinstance(step, Rebuild):
        step = Rebuild(n_augmentations)
    config = DistanceConfig(**architecture, attention=attention, statistics=statistics)
    return config, step
