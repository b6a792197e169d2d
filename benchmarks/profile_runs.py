"""A training run of a profile as what `fit` is given, on any prepared recordings.

    profile = load_profile("paper")
    for name, n_alike in kinds(profile).items():
        net, batches, step, training = training_of(profile, name, Store("prepared/paper"))

It builds what the notebooks build, for measurements: on all recordings of the run's datasets, whose
split no notebook has to make first; and a fine-tuned net starts from random weights, not its
parent's.
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from rppg.dataloader.augment import FaceAugmentation, MapAugmentation
from rppg.dataloader.batches import Batches
from rppg.dataloader.clips import Clips, LabelledClips
from rppg.dataloader.distractors import PeriodicIllumination
from rppg.datasets.folds import Split
from rppg.datasets.store import Store
from rppg.models.protocol import traits_of
from rppg.models.registry import build, inputs_of, recipe, shape_for
from rppg.preprocessing.mstmap import COMBINATIONS, YUV_FROM_RGB
from rppg.studies.gideon2021.training_setup import training_setup_for
from rppg.utils.paths import project_dir
from rppg.workflow.profiles import Profile, Run
from rppg.workflow.typed_fields import parameter_defaults

TUNE = "04_finetune"
MODELS = {  # the notebooks that train, and the model of each
    "02_pretrain_st_transformer": "st_transformer",
    "03_pretrain_contrast_phys": "contrast_phys",
    "studies/gideon2021/gideon2021_train": "gideon2021",
}
SAME_WORK = {  # parameters that change no shape and no operation of a training step
    *("name", "study", "datasets", "labelled", "waves", "validation", "n_folds", "held_out"),
    *("protocol", "readout"),
    *("seed", "weights", "label_weights", "desync_s", "flash", "choose_by", "epochs"),
    *("allow_collapsed", "training", "views"),
}


class Training(NamedTuple):
    """What `fit` is given."""

    net: nn.Module
    batches: Batches
    step: Callable
    training: dict  # fields of FitConfig


def kinds(profile: Profile) -> dict[str, int]:
    """Runs whose training steps compute something else, by the name of the first one of each kind:
    how many runs of the profile are of that kind."""
    first, counts = {}, Counter()
    for name in profile.runs:
        work = json.dumps(_work(profile, name), sort_keys=True)
        counts[first.setdefault(work, name)] += 1
    return dict(counts)


def training_of(profile: Profile, name: str, store: Store) -> Training:
    """Net, batches, objective and fields of FitConfig of a run of the profile.

    Raises ValueError if too few of its datasets' recordings are prepared for a batch.
    """
    run = profile.runs[name]
    given, above = _given(run), _first(profile, run)
    ids = ids_of(store, given["labelled"] if run.notebook == TUNE else given["datasets"])
    net, inputs = _net(_given(above), _model(above))
    make = {TUNE: _labelled, **dict(zip(MODELS, (_maps, _faces, _views), strict=True))}
    clips, step = make[run.notebook](given, net, inputs, store, ids)
    workers = {"seed": given["seed"], "n_workers": given["n_workers"]}
    return Training(net, Batches(clips, given["batch_size"], **workers), step, given["training"])


def ids_of(store: Store, datasets: list[str]) -> list[str]:
    """Prepared recordings of these datasets, test sets included.  Raises ValueError for none."""
    index = store.index()
    found = index[(index["status"] == "ok") & index["dataset"].isin(datasets)]["id"].tolist()
    if not found:
        raise ValueError(f"{store.root} holds no recording of {', '.join(datasets)}")
    return found


def _work(profile: Profile, name: str) -> list:
    run = profile.runs[name]
    given = {key: value for key, value in _given(run).items() if key not in SAME_WORK}
    precision = _given(run)["training"].get("precision")
    return [run.notebook, given, precision, _work(profile, run.parent) if run.parent else None]


def _given(run: Run) -> dict:
    """Parameters as the notebook gets them."""
    return (
        parameter_defaults(project_dir(__file__) / "notebooks" / f"{run.notebook}.ipynb")
        | run.parameters
    )


def _first(profile: Profile, run: Run) -> Run:
    """The run that decides what the net is: itself, or the first one of its parents."""
    return run if run.parent is None else _first(profile, profile.runs[run.parent])


def _model(run: Run) -> str:
    return MODELS.get(run.notebook) or _given(run)["model"]


def _net(given: dict, model: str) -> tuple[nn.Module, dict]:
    inputs = inputs_of(model, given["n_frames"], given.get("normalise"), given.get("size"))
    more = {"saliency": given["saliency"]} if "saliency" in given else {}
    return build(model, given["seed"], **shape_for(inputs), **given["architecture"], **more), inputs


def _maps(given: dict, net: nn.Module, inputs: dict, store: Store, ids: list[str]) -> tuple:
    flips = {name: given[name] for name in ("flip_time", "flip_rows", "drop_rows")}
    light = PeriodicIllumination(COMBINATIONS, YUV_FROM_RGB, given["distractor_chance"])
    more = {"augment": MapAugmentation(**flips), "speeds": tuple(given["speeds"])}
    more |= {"disturb": light if given["distractor_chance"] else None}
    n_rows = None if given["n_rows"] == 63 else given["n_rows"]
    step = recipe("st_transformer").objective(**given["weights"], n_rows=n_rows)
    return Clips(store, ids, **inputs, **more), step


def _faces(given: dict, net: nn.Module, inputs: dict, store: Store, ids: list[str]) -> tuple:
    augment = FaceAugmentation(flip_time=given["flip_time"], mirror=given["mirror"])
    options = {name: given[name] for name in ("windows", "distractor_pairs")}
    step = recipe("contrast_phys").objective(**given["weights"], **options)
    return Clips(store, ids, **inputs, speeds=tuple(given["speeds"]), augment=augment), step


def _views(given: dict, net: nn.Module, inputs: dict, store: Store, ids: list[str]) -> tuple:
    options = {name: given[name] for name in ("speeds", "weights", "mirror", "desync_s")}
    split = Split(ids, ids[:1], [])
    setup = training_setup_for(given["loss"], store, split, inputs, **options, learn_dev=False)
    return setup.clips, setup.step


def _labelled(given: dict, net: nn.Module, inputs: dict, store: Store, ids: list[str]) -> tuple:
    chosen = recipe(next(m for m in MODELS.values() if isinstance(net, recipe(m).net)))
    sampling = {"speeds": tuple(given["speeds"]), "augment": chosen.augmentation(given["flip"])}
    some = traits_of(net).takes_rows and given["n_rows"] != 63
    options = {"n_rows": given["n_rows"]} if some else {}
    weights = (given["self_supervised"], given["weights"], given["label_weights"])
    return LabelledClips(store, ids, **inputs, **sampling), chosen.supervised(*weights, **options)
