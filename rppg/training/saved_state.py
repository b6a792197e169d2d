"""The state from which a run resumes, held against the run before anything of it is used.

    saved = read_state(run_dir, model, facts)  # None: nothing was saved
    model.load_state_dict(saved["model"])

state.pt may be damaged, or come from somewhere else.  Then it is a ValueError of one line that
names the file and says what to do; a run never continues from a state that is not its own.
"""

import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch
from torch import Tensor, nn

from rppg.models.checkpoint import load_state
from rppg.models.weights_file import check_weights
from rppg.training.config import refuse_other_run

STATE, CHOSEN, LAST = "state.pt", "model.safetensors", "last.safetensors"
STEPS = "steps"  # folder of the weights of every validation, as 000250.safetensors
KEYS = {"facts": dict, "counts": dict, "means": dict, "model": dict, "optimiser": dict}
AVERAGES = ("exp_avg", "exp_avg_sq")  # of AdamW, each of a weight's shape


@dataclass
class Counts:
    """Progress of a run."""

    step: int = 0
    seconds: float = 0.0
    best_step: int | None = None
    best: dict | None = None  # values of `validate` at best_step
    n_worse: int = 0  # validations since then


def read_state(run_dir: Path, model: nn.Module, facts: dict) -> dict | None:
    """What a run saved: facts, counts (`Counts`), means, model and optimiser; None if there is
    nothing.  Raises ValueError for a damaged state, or one of another run, model or optimiser."""
    path = run_dir / STATE
    saved = load_state(path)
    if saved is None:
        return None
    for key, kind in KEYS.items():
        _require(path, isinstance(saved.get(key), kind), f"no {key}")
    refuse_other_run(run_dir, saved["facts"], facts)
    counts = _counts(path, saved["counts"], facts["fit"]["n_steps"])
    sums, n_steps = saved["means"].get("sums"), saved["means"].get("n_steps")
    numbers = isinstance(sums, dict) and all(type(value) is float for value in sums.values())
    _require(path, numbers and type(n_steps) is int and n_steps >= 0, "no means of losses")
    _check_tensors(path, saved["model"], model.state_dict())
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    _check_optimiser(path, saved["optimiser"], weights)
    if counts.best_step is not None:
        check_weights(run_dir / CHOSEN, model)  # the best weights so far, which the run ends with
    return {**saved, "counts": counts}


def _require(path: Path, holds: bool, found: str) -> None:
    if not holds:
        text = f"{path} cannot be read as the state of a run: found {found}"
        raise ValueError(f"{text}; remove it to restart the run, or restore a copy")


def _counts(path: Path, saved: dict, n_steps: int) -> Counts:
    _require(path, saved.keys() == {field.name for field in fields(Counts)}, "other counts")
    counts = Counts(**saved)
    whole = [counts.step, counts.n_worse, *([] if counts.best_step is None else [counts.best_step])]
    right = all(type(one) is int and 0 <= one <= n_steps for one in whole)
    right = right and type(counts.seconds) in (int, float) and 0 <= counts.seconds < math.inf
    best = counts.best
    pairs = isinstance(best, dict) and all(type(one) in (int, float) for one in best.values())
    right = right and (best is None if counts.best_step is None else pairs)
    _require(path, right, f"counts {asdict(counts)}")
    return counts


def _check_tensors(path: Path, saved: dict, expected: dict[str, Tensor]) -> None:
    """That names, shapes and types of weights are the model's, and that they are finite."""
    _require(path, saved.keys() == expected.keys(), "the weights of another model")
    for name, weight in expected.items():
        _require(path, _is_like(saved[name], weight), f"another {name}")


def _check_optimiser(path: Path, saved: dict, weights: list[Tensor]) -> None:
    """That the state of the optimiser has averages of the shapes of these weights."""
    groups, states = saved.get("param_groups"), saved.get("state")
    numbers = list(range(len(weights)))
    one = isinstance(groups, list) and len(groups) == 1 and isinstance(groups[0], dict)
    _require(path, one and groups[0].get("params") == numbers, "another optimiser")
    _require(path, isinstance(states, dict) and set(states) <= set(numbers), "another optimiser")
    for number, state in states.items():
        averages = [state.get(name) for name in AVERAGES] if isinstance(state, dict) else [None]
        right = all(_is_like(average, weights[number]) for average in averages)
        step = state.get("step") if right else None
        right = right and isinstance(step, Tensor) and step.numel() == 1 and step.isfinite().all()
        _require(path, bool(right), "another optimiser")


def _is_like(saved: object, weight: Tensor) -> bool:
    alike = (
        isinstance(saved, Tensor) and saved.shape == weight.shape and saved.dtype == weight.dtype
    )
    return alike and bool(torch.isfinite(saved).all())
