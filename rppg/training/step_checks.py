"""Checks of the values that a training step returns.

>>> batch_ids({"clip": torch.zeros(2, 300), "id": ["PURE/01/01-01", "PURE/02/02-01"]})
['PURE/01/01-01', 'PURE/02/02-01']
"""

import math
from collections.abc import Mapping

from torch import Tensor

OWN_COLUMNS = ("step", "epoch", "seconds", "lr", "loss", "grad_norm")  # of metrics.csv


def checked_return(returned, names: list[str] | None) -> tuple[Tensor, Mapping]:
    """Check that a step returned (loss, {name: value}), and return it.

    names: names of the values of the previous step; None for the first one.
    Raises TypeError or ValueError otherwise.
    """
    expected = "a step returns (loss, {name: value}), the loss a tensor () with a gradient"
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise TypeError(f"{expected}; found {type(returned).__name__}")
    loss, values = returned
    if not isinstance(loss, Tensor) or not isinstance(values, Mapping):
        raise TypeError(f"{expected}; found ({type(loss).__name__}, {type(values).__name__})")
    if loss.ndim or not loss.requires_grad:
        found = f"shape {tuple(loss.shape)}, requires_grad {loss.requires_grad}"
        raise ValueError(f"{expected}; found {found}")
    if taken := sorted(values.keys() & set(OWN_COLUMNS)):
        raise ValueError(f"a step may not return {', '.join(taken)}: fit writes these columns")
    if names is not None and list(values) != names:
        text = f"a step returned the values {list(values)}, the previous one {names}"
        raise ValueError(f"{text}: return the same names, in the same order, every time")
    return loss, values


def batch_ids(batch) -> list[str] | None:
    """Ids of a batch's recordings: its "id" if it is a mapping that has one, else None."""
    if not isinstance(batch, Mapping) or "id" not in batch:
        return None
    return [str(id) for id in batch["id"]]


def refuse_not_finite(step: int, losses: list[float], norm: float, ids: list, run_dir) -> None:
    """Raise FloatingPointError that names the recordings of the batches with a loss that is not
    finite, or of all batches of the step if only the gradient is not finite."""
    bad = [number for number, loss in enumerate(losses) if not math.isfinite(loss)]
    if not bad and math.isfinite(norm):
        raise FloatingPointError(
            f"step {step + 1}: a loss or gradient of another process is not finite"
        )
    recordings = [id for number in bad or range(len(ids)) for id in ids[number] or []]
    names = ", ".join(recordings) or "unknown (give samples an 'id')"
    found = f"losses {losses}, gradient norm {norm}"
    advice = "check these recordings or lower lr; the checkpoint before this step is in"
    raise FloatingPointError(f"step {step + 1}: {found}. Recordings: {names}; {advice} {run_dir}")
