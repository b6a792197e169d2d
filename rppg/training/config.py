"""How a run learns: the numbers of `fit`, its learning rate over the steps, what a run must share.

    >>> config = FitConfig(n_steps=100, lr=1e-4, warmup_steps=10)
    >>> [float(f"{learning_rate(config, step):.1e}") for step in (0, 9, 99)]
    [1e-05, 0.0001, 3e-08]

The schedule is over steps, never over minutes: a step's learning rate is the same however fast the
machine is and however often the run was stopped.  A budget of minutes only ends the run early.
"""

import json
import math
from dataclasses import asdict, dataclass

from torch import nn

from rppg.models.checkpoint import model_facts

PRECISIONS = ("32-true", "bf16-mixed")
SCHEDULES = ("cosine", "constant")
DEVICES = ("auto", "cpu", "cuda")
MAY_CHANGE = ("budget_minutes", "save_every", "device")  # in a run that goes on
HEADER_NAMES = {  # of FitConfig's fields in files of weights, so that older runs are still resumed
    "max_grad_norm": "clip_norm",
    "accumulate_grad_batches": "accumulate",
    "monitor": "minimise",
}
N_TOLD = 6  # differences that an error lists


@dataclass(frozen=True)
class FitConfig:
    """A step is one update of the weights.  ValueError for what cannot be."""

    n_steps: int  # the whole schedule
    lr: float = 1e-4  # of AdamW, at its height
    weight_decay: float = 0.01
    schedule: str = "cosine"  # falls to 0 over n_steps; "constant" stays
    warmup_steps: int = 0  # in which the learning rate rises in a straight line
    max_grad_norm: float | None = 1.0  # longest gradient (L2 norm of all weights'); None: any
    accumulate_grad_batches: int = 1  # batches of one step; their losses are averaged
    precision: str = "32-true"  # "bf16-mixed": for GPUs from Ampere on; slower on most CPUs
    device: str = "auto"  # "cuda" where there is one, else "cpu"
    seed: int = 0  # of everything random in a step
    log_every: int = 10  # steps of a row of metrics.csv
    save_every: int = 500  # steps between checkpoints
    validate_every: int = 500  # steps
    monitor: str | None = None  # which value of `validate` chooses the weights
    patience: int | None = None  # ends the run after so many validations without a new best
    budget_minutes: float | None = None  # ends the run; of all its sessions together

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
        ):
            self._check(name, getattr(self, name) in known, " or ".join(map(repr, known)))
        self._check("warmup_steps", self.warmup_steps <= self.n_steps, f"n_steps {self.n_steps}")
        if self.patience is not None and self.monitor is None:
            raise ValueError("patience is given but not monitor: name the value it waits for")

    def _check(self, name: str, holds: bool, expected: str) -> None:
        if not holds:
            raise ValueError(f"{name} is {getattr(self, name)!r}, expected {expected}")


def learning_rate(config: FitConfig, step: int) -> float:
    """Learning rate of the update that follows `step` updates (0 to n_steps - 1)."""
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    if config.schedule == "constant":
        return config.lr
    gone = (step - config.warmup_steps) / (config.n_steps - config.warmup_steps)
    return config.lr * (1 + math.cos(math.pi * gone)) / 2


def run_facts(model: nn.Module, batches, config: FitConfig, n_processes: int, parameters) -> dict:
    """Everything known to decide what a run computes, as JSON values.

    Raises TypeError where `parameters` holds what JSON does not know.
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


def differences(there: dict, here: dict, prefix: str = "") -> list[str]:
    """Each entry of two nested dicts that is not the same: "fit.lr: 0.1 there, 0.2 here"."""
    found = []
    for name in sorted(there.keys() | here.keys()):
        old, new = there.get(name, "nothing"), here.get(name, "nothing")
        if isinstance(old, dict) and isinstance(new, dict):
            found += differences(old, new, f"{prefix}{name}.")
        elif old != new:
            found.append(f"{prefix}{name}: {old!r} there, {new!r} here")
    return found


def refuse_other_run(run_dir, there: dict, here: dict) -> None:
    """Raise ValueError where the run that run_dir holds differs from the one asked for."""
    found = differences(there, here)
    if found:
        told = "; ".join(found[:N_TOLD]) + ("; ..." if len(found) > N_TOLD else "")
        advice = "take another run_dir, or remove this one to start anew"
        raise ValueError(
            f"{run_dir} holds a run of other parameters: {told}. {advice.capitalize()}"
        )
