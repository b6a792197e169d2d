"""Hyperparameters of `fit`, the learning rate schedule, and what identifies a run.

    >>> config = FitConfig(n_steps=100, lr=1e-4, warmup_steps=10)
    >>> [float(f"{learning_rate(config, step):.1e}") for step in (0, 9, 99)]
    [1e-05, 0.0001, 3e-08]

The schedule depends on the step only, never on time: it is the same on a slow machine, on a fast
one, and in a run that was interrupted.  A budget of minutes only ends the run early.
"""

import json
import math
from dataclasses import asdict, dataclass

from torch import nn

from rppg.models.checkpoint import model_facts
from rppg.utils.dict_diff import differences

AUTO = "auto"
PRECISIONS = (AUTO, "32-true", "bf16-mixed")
SCHEDULES = ("cosine", "constant")
DEVICES = ("auto", "cpu", "cuda")
TRACKERS = ("mlflow", "wandb")
MAY_CHANGE = (
    "budget_minutes",
    "save_every",
    "keep_validated",
    "device",
    "tracker",
)  # when a run resumes
HEADER_NAMES = {  # names of these fields in files of weights, so that older runs can be resumed
    "max_grad_norm": "clip_norm",
    "accumulate_grad_batches": "accumulate",
    "monitor": "minimise",
}
N_LISTED = 6  # differences that an error message lists


@dataclass(frozen=True)
class FitConfig:
    """Hyperparameters of a run; a step is one update of the weights.

    Raises ValueError for invalid values.
    """

    n_steps: int  # length of the schedule
    lr: float = 1e-4  # peak learning rate of AdamW
    weight_decay: float = 0.01
    schedule: str = "cosine"  # decays to 0 over n_steps; or "constant"
    warmup_steps: int = 0  # steps of linear warm-up
    max_grad_norm: float | None = 1.0  # maximum gradient norm (L2); None disables clipping
    accumulate_grad_batches: int = 1  # batches per step; their losses are averaged
    precision: str = "32-true"  # or "bf16-mixed": slower on most CPUs; "auto": see precision.py
    device: str = "auto"  # "auto" is "cuda" if a GPU is available, else "cpu"
    seed: int = 0  # seed of everything random in a step
    log_every: int = 10  # steps per row of metrics.csv
    save_every: int = 500  # steps between checkpoints
    validate_every: int = 500  # steps between validations
    keep_validated: bool = False  # keep the weights of every validation, in steps/
    monitor: str | None = None  # the value of `validate` that is minimised to choose the weights
    patience: int | None = None  # validations without a new best before the run ends
    budget_minutes: float | None = None  # time limit over all sessions of the run
    tracker: str | None = None  # "mlflow" or "wandb": the curves go there, too (tracker.py)

    def __post_init__(self):
        for name in (
            "n_steps",
            "accumulate_grad_batches",
            "log_every",
            "save_every",
            "validate_every",
        ):
            self._check(name, getattr(self, name) >= 1, "1 or more")
        for name in ("weight_decay", "warmup_steps", "seed"):
            self._check(name, getattr(self, name) >= 0, "0 or more")
        for name in ("lr", "max_grad_norm", "budget_minutes", "patience"):
            value = getattr(self, name)
            self._check(name, value is None or 0 < value < math.inf, "above 0")
        for name, known in (
            ("precision", PRECISIONS),
            ("schedule", SCHEDULES),
            ("device", DEVICES),
            ("tracker", (None, *TRACKERS)),
        ):
            self._check(name, getattr(self, name) in known, " or ".join(map(repr, known)))
        self._check("warmup_steps", self.warmup_steps <= self.n_steps, f"n_steps {self.n_steps}")
        if self.patience is not None and self.monitor is None:
            raise ValueError("patience needs monitor: name the value that should improve")

    def _check(self, name: str, holds: bool, expected: str) -> None:
        if not holds:
            raise ValueError(f"{name} is {getattr(self, name)!r}, expected {expected}")


def learning_rate(config: FitConfig, step: int) -> float:
    """Learning rate of the update that follows `step` updates (0 to n_steps - 1)."""
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    if config.schedule == "constant":
        return config.lr
    elapsed = (step - config.warmup_steps) / (config.n_steps - config.warmup_steps)
    return config.lr * (1 + math.cos(math.pi * elapsed)) / 2


def result_fields(training: dict) -> dict:
    """Fields of FitConfig without those that may change when a run resumes.

    >>> result_fields({"lr": 0.1, "budget_minutes": 5})
    {'lr': 0.1}
    """
    return {name: value for name, value in training.items() if name not in MAY_CHANGE}


def run_facts(model: nn.Module, batches, config: FitConfig, n_processes: int, parameters) -> dict:
    """Everything known to determine the result of a run, as JSON values.

    Raises TypeError if `parameters` holds a value that JSON cannot represent.
    """
    facts = model_facts(model) | {
        "weights": {name: list(value.shape) for name, value in model.state_dict().items()},
        "batches": batches.facts() | {"n_batches": len(batches)},
        "fit": {
            HEADER_NAMES.get(k, k): v for k, v in asdict(config).items() if k not in MAY_CHANGE
        },
        "n_processes": n_processes,
        "parameters": parameters,
    }
    return json.loads(json.dumps(facts))


def refuse_other_run(run_dir, stored: dict, requested: dict) -> None:
    """Raise ValueError if the run in run_dir has other facts than the requested one."""
    changes = [
        f"{key}: {old!r} in the stored run, {new!r} requested"
        for key, old, new in differences(stored, requested)
    ]
    if changes:
        text = "; ".join(changes[:N_LISTED]) + ("; ..." if len(changes) > N_LISTED else "")
        raise ValueError(
            f"{run_dir} holds a run with other parameters: {text}. Choose another run_dir, "
            "or remove this one to start again"
        )
