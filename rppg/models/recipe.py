"""What a model is made of, for whoever builds, trains or fine-tunes a model by its name.

`rppg/models/<name>/__init__.py` defines one `Recipe` as RECIPE; `rppg.models.registry` finds it:

    chosen = recipe("contrast_phys")
    step = chosen.supervised(self_supervised=0.1, weights={"push": 2.0})
    clips = LabelledClips(store, ids, chosen.array, augment=chosen.augmentation(flip=0.5))

docs/training.md walks through adding a model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rppg.dataloader.augment import FaceAugmentation, MapAugmentation
from rppg.models.protocol import Objective, PulseNet


@dataclass(frozen=True)
class Recipe:
    """net(config(**fields)) is the model, a `PulseNet`; the rest is what it is trained with.

    array: what it sees, a name in `rppg.dataloader.arrays.ARRAYS`.
    objective(**weights): the step of self-supervised pre-training.
    supervised_objective(self_supervised=, losses=, **label_weights): the step of training with
    labels; losses is an `objective`, self_supervised its weight.
    augmentation(flip, flip_time, upside_down): of labelled clips.  flip: probability that a clip is
    mirrored, or a map's rows reversed; flip_time: that it is reversed in time, with its BVP;
    upside_down: that crops are turned upside down.
    """

    net: type[PulseNet]
    config: type
    array: str
    objective: Callable[..., Objective]
    supervised_objective: Callable[..., Objective]
    augmentation: Callable[..., Callable]

    def supervised(
        self,
        self_supervised: float,
        weights: Mapping[str, float] | None = None,
        label_weights: Mapping[str, float] | None = None,
        **options,
    ) -> Objective:
        """The step of training with labels.

        weights: of each loss of `objective`, label_weights: of each loss of the labels; a loss that
        is not named has its default weight.  options: other fields of `objective`, such as n_rows.
        Raises TypeError for a loss or an option that they do not have.
        """
        losses = self.objective(**(weights or {}), **options)
        return self.supervised_objective(
            self_supervised=self_supervised, losses=losses, **(label_weights or {})
        )


def maps_augmentation(
    flip: float, flip_time: float = 0.0, upside_down: float = 0.0
) -> MapAugmentation:
    """Augmentation of labelled maps.  flip: probability that the rows of a map are reversed, which
    is its picture upside down; flip_time: that a clip is reversed in time.  upside_down, of crops,
    is ignored."""
    return MapAugmentation(flip_time=flip_time, flip_rows=flip)


def crops_augmentation(
    flip: float, flip_time: float = 0.0, upside_down: float = 0.0
) -> FaceAugmentation:
    """Augmentation of labelled crops.  flip: probability that a clip is mirrored; flip_time: that
    it is reversed in time; upside_down: that top and bottom are exchanged."""
    return FaceAugmentation(flip_time=flip_time, mirror=flip, upside_down=upside_down)
