"""What the parameters of notebooks may hold, by name: ranges, and names of things that exist.

    >>> expected_value("flip_time", 2.0), expected_value("flip_time", 0.5)
    ('a number from 0 to 1', None)
    >>> expected_value("crops", ["face", "hand"])
    'a list of face, wide, each once'

The type of a value is checked before, by rppg.workflow.typed_fields.  Names that modules of higher
layers define are repeated here, so that a misspelled one is found before PyTorch is imported.
"""

from rppg.datasets.protocols import PROTOCOLS
from rppg.datasets.readers import FOLDERS, READERS
from rppg.datasets.readers.video_folder import DATASET as OWN
from rppg.datasets.recording import SIMULATED
from rppg.signals.multi_region import CLASSICAL

MAX_COUNT = 2**32 - 1  # NumPy's largest seed
COUNTS = {  # parameters and fields of training that are 1 at least
    *("n_steps", "accumulate_grad_batches", "log_every", "save_every", "validate_every"),
    *("clip_step", "window_step"),
    *("batch_size", "n_frames", "n_rows", "workers", "epochs", "size", "windows", "n_anchors"),
    *("n_candidates", "n_subjects", "n_sessions", "clips_per_subject"),
}
POSITIVE = {
    *("lr", "max_grad_norm", "budget_minutes", "patience", "temperature", "window_s"),
    *("test_share", "dev_share", "teacher_share"),
}
NOT_NEGATIVE = {"weight_decay", "self_supervised", "desync_s", "noise_g"}
CHANCES = ("flip_time", "flip_rows", "flip", "mirror", "upside_down", "distractor_chance")
SHARES = {  # from 0 to this
    **dict.fromkeys(CHANCES, 1.0),
    **dict.fromkeys(("drop_rows", "test_share", "dev_share"), 0.99),
    "teacher_share": 1.0,
}
LEAST = {"n_frames": 2, "n_folds": 2, "bout_s": 5.0, "rate_hz": 40.0}
MOST = {"n_rows": 63, "views": 6, "n_augmentations": 8}  # rows of a map, regions of a face
CONSISTENCY = (  # values of SelfConsistency
    *("self", "speed", "overlap", "rows", "cells", "pos"),
)
CHOICES = {
    "normalise": ("minmax", "zscore", "ratio", "chrominance"),
    "choose_by": (
        *(f"{name}_disagreement_bpm" for name in CONSISTENCY),
        *("ipr", "spectral_entropy", "hr_spread_bpm"),
    ),
    "crops": ("face", "wide"),
    "tracking": ("sparse", "every_frame"),
    "test_time": ("reversed", "mirrored", "slower", "faster"),
    "methods": CLASSICAL,
    "classical": CLASSICAL,
    "layouts": tuple(READERS),
    "loss": ("multiview", "mcc", "pearson", "snr"),
    "attention": ("sparsemax", "softmax"),
    "method": ("relcon", "rebar", "simclr", "augpred", "scratch", "random", "features"),
    "probe": ("linear", "mlp", "finetune"),
    "tested": ("test", "dev"),
    "ranked_by": ("distance", "features"),
    "precision": ("auto", "32-true", "bf16-mixed"),
    "schedule": ("cosine", "constant"),
    "submit": ("validation", "paper"),
    "device": ("auto", "cpu", "cuda"),
    "tracker": ("mlflow", "wandb"),
    "spectrum": ("padded", "welch"),  # of readout, as the next
    "aggregate": ("", "psd", "mean", "track"),
    "folds": ("subjects", "published"),  # of protocol, as the next
    "scored": ("recordings", "windows"),
    "periodicity_form": ("own", "printed"),  # of weights
    "mcc_form": ("own", "printed"),  # of label_weights
}
FILLED = {"crops", "methods", "datasets", "labelled"}  # lists that are not empty
DATASETS = (*(name for key, name in FOLDERS.items() if key != "challenge_test"), OWN, SIMULATED)
NAME_DATASETS = ("datasets", "labelled", "validation")  # parameters, of faces


def expected_value(name: str, value: object) -> str | None:
    """What a parameter of this name should hold, in words, or None if it may hold `value`."""
    if name == "speeds":
        return _speeds(value)
    if name == "shard":
        return "no such parameter: `shards` of the profile is the number of jobs that prepare"
    if name == "protocols":
        return None if _protocols(value) else f"{{dataset: one of {', '.join(PROTOCOLS)}}}"
    if name in CHOICES:
        return _chosen(value, CHOICES[name], empty=name not in FILLED)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(name, value)
    return None


def expected_dataset(name: str, value: object) -> str | None:
    """The same for a parameter of NAME_DATASETS, if the recordings are of faces."""
    if value == "" and name == "validation":
        return None
    return _chosen(value, DATASETS, empty=name not in FILLED)


def _number(name: str, value: float) -> str | None:
    if name in SHARES and not 0 <= value <= SHARES[name]:
        return f"a number from 0 to {SHARES[name]:g}"
    if name in POSITIVE and not value > 0:
        return "a number above 0"
    low = LEAST.get(name, int(name in COUNTS))
    if type(value) is int or name in LEAST:
        high = MOST.get(name, MAX_COUNT)
        return None if low <= value <= high else f"a number from {low:g} to {high}"
    return "a number from 0 up" if name in NOT_NEGATIVE and value < 0 else None


def _chosen(value: object, known: tuple[str, ...], empty: bool) -> str | None:
    """Whether a name, or each name of a list, is known, and there once; `empty`: whether the list
    may be empty."""
    if not isinstance(value, list):
        return None if value in known else f"one of {', '.join(known)}"
    right = all(isinstance(one, str) and one in known for one in value) and (value or empty)
    right = right and len(set(value)) == len(value)
    return None if right else f"a list of {', '.join(known)}, each once"


def _protocols(value: dict) -> bool:
    return all(
        key in DATASETS and isinstance(name, str) and name in PROTOCOLS
        for key, name in value.items()
    )


def _speeds(value: list) -> str | None:
    numbers = all(type(one) in (int, float) for one in value)
    right = numbers and len(value) == 2 and 0 < value[0] <= value[1]
    return None if right else "the lowest and the highest speed, as [0.6, 1.25]"
