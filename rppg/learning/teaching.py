"""How a model is taught with labels, by what it sees: maps, face crops or wide crops.

augment = augmentation_for("face", flip=0.5)
step = supervised_for("face", self_supervised=0.1)
fit(model, Batches(LabelledClips(store, ids, **inputs, augment=augment), 4), step, config, run)
"""

from collections.abc import Mapping

from rppg.learning.augment import FaceAugmentation, MapAugmentation
from rppg.learning.contrast_step import Contrast, SupervisedContrast
from rppg.learning.multiview_step import MultiView, SupervisedWave
from rppg.learning.steps import SelfSupervised, Supervised


def augmentation_for(array: str, flip: float) -> MapAugmentation | FaceAugmentation:
    """Chance on labelled clips, which are never turned backwards: a contact wave has a direction.
    flip: chance that a map's rows are turned upside down, or a face mirrored."""
    if array != "mstmap":
        return FaceAugmentation(flip_time=0.0, mirror=flip)
    return MapAugmentation(flip_time=0.0, flip_rows=flip)


def supervised_for(
    array: str,
    self_supervised: float,
    weights: Mapping[str, float] | None = None,
    label_weights: Mapping[str, float] | None = None,
    n_rows: int | None = None,
) -> Supervised | SupervisedContrast | SupervisedWave:
    """The step of a model that sees `array`: the labels' losses and, weighted, pre-training's.

    weights: of each of pre-training's losses, label_weights: of the labels'; the step's own where
    not named.  n_rows: of a map, drawn anew each batch.  Raises TypeError for a loss that the step
    does not have.
    """
    weights, label_weights = dict(weights or {}), dict(label_weights or {})
    if array == "face":
        losses = Contrast(**weights)
        return SupervisedContrast(self_supervised=self_supervised, losses=losses, **label_weights)
    if array == "wide":
        losses = MultiView(**weights)
        return SupervisedWave(self_supervised=self_supervised, losses=losses, **label_weights)
    losses = SelfSupervised(**weights, n_rows=n_rows)
    return Supervised(self_supervised=self_supervised, losses=losses, **label_weights)
