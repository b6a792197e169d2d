"""Training setup of Gideon2021 by the name of its loss: clips, objective, checkpoint criterion.

    inputs = inputs_of("gideon2021", n_frames=300)
    setup = training_setup_for("multiview", store, part, inputs, speeds=(2 / 3, 1.0))
    batches = Batches(setup.clips, batch_size=4)
    config = FitConfig(n_steps=setup.steps(100, 4), monitor=setup.monitor)
    fit(model, batches, setup.step, config, run_dir, setup.validate)

Source: Gideon and Stent, ICCV 2021, section 3.5 and appendices A4 and A6.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from rppg.dataloader.augment import FaceAugmentation
from rppg.dataloader.clips import Clips, LabelledClips
from rppg.dataloader.stretches import nearly
from rppg.datasets.folds import Split
from rppg.datasets.store import Store
from rppg.models.gideon2021.objective import MultiView, SupervisedWave
from rppg.studies.gideon2021.label_shift import DesyncedClips
from rppg.studies.gideon2021.redraw import RedrawnClips, RedrawnDesyncedClips
from rppg.training.criteria import LabelLoss, MeanIPR

LABEL_FREE = "multiview"
LABELLED = ("mcc", "pearson", "snr")
SLOWEST = 2 / 3  # of the stretch augmentation: heart rates fall by a third at most


class TrainingSetup(NamedTuple):
    """What `fit` is given."""

    clips: Clips
    step: Callable
    validate: Callable
    monitor: str  # which of validate's values chooses

    def steps(self, epochs: int, batch_size: int) -> int:
        """Steps of that many passes over all clips of n_frames that fit into the recordings."""
        spans = [b - a for found in self.clips.stretches.values() for a, b in found]
        n_clips = sum(max(1, span // self.clips.n_frames) for span in spans)
        return max(1, epochs * n_clips // batch_size)


def training_setup_for(
    loss: str,
    store: Store,
    part: Split,
    inputs: Mapping,
    speeds: tuple[float, float] = (SLOWEST, 1.0),
    weights: Mapping[str, float] | None = None,
    mirror: float = 0.0,
    desync_s: float = 0.0,
    learn_dev: bool = True,
    redraw: bool = False,
    every_window: bool = False,
) -> TrainingSetup:
    """loss: "multiview", without labels: all of train and dev is trained on (A6; learn_dev=False:
    train alone), and the lowest IPR on it chooses, of the middle window of each recording or, with
    every_window, of all windows side by side.  "mcc", "pearson" or "snr": train alone,
    with BVPs up to desync_s off, and the lowest loss on dev chooses; redraw: a clip whose BVP is
    broken is drawn again.

    speeds: lowest and highest that a clip is played at.  weights: of MultiView, by name.  mirror:
    chance that a face is mirrored; the paper does not.  Clips are of n_frames, or of 90 % at least:
    10 s may be prepared as 299 frames.  Raises ValueError for another loss, and for shifted labels
    of a loss that reads none.
    """
    if loss not in (LABEL_FREE, *LABELLED):
        known = ", ".join((LABEL_FREE, *LABELLED))
        raise ValueError(f"no loss {loss!r}, expected one of {known}")
    losses = MultiView(**(weights or {}))
    chance = {"speeds": tuple(speeds), "augment": FaceAugmentation(flip_time=0.0, mirror=mirror)}
    chance |= {"shortest": nearly(inputs["n_frames"])}
    if loss == LABEL_FREE:
        if desync_s:
            raise ValueError(f"desync_s is {desync_s}, but {loss} reads no ground-truth BVP")
        ids = part.train + part.dev if learn_dev else part.train
        clips = Clips(store, ids, **inputs, **chance)
        step = inputs["n_frames"] if every_window else None
        return TrainingSetup(clips, losses, MeanIPR(store, ids, step=step, **inputs), "ipr")
    step = SupervisedWave(**{name: float(name == loss) for name in LABELLED}, losses=losses)
    if desync_s:
        of_clips, chance["desync_s"] = RedrawnDesyncedClips if redraw else DesyncedClips, desync_s
    else:
        of_clips = RedrawnClips if redraw else LabelledClips
    clips = of_clips(store, part.train, **inputs, **chance)
    return TrainingSetup(clips, step, LabelLoss(store, part.dev, step, **inputs), "loss")
