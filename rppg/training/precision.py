"""Precision "auto": what it is on a device, and in a run that resumes on another one.

    >>> [precision_for(found) for found in (None, (7, 5), (8, 0))]  # a CPU, a T4, an A100
    ['32-true', '32-true', 'bf16-mixed']

It is decided once, when a run starts, and kept with its state and its weights (`fit.precision` in
model.json); a run never changes its precision silently.

Older GPUs get float32.  float16 would need scaled losses: the first steps then overflow and are
skipped, which `fit` would have to tell from a run that diverges, and the scale would be a part of
the state.  None of it could be tried on such a GPU.
"""

import os
from dataclasses import replace
from pathlib import Path

import torch

from rppg.models.checkpoint import load_state
from rppg.training.config import AUTO, FitConfig
from rppg.training.saved_state import STATE

BF16_SINCE = (8, 0)  # compute capability: Ampere.  Older GPUs only emulate bfloat16, slowly

Capability = tuple[int, int]


def precision_for(capability: Capability | None) -> str:
    """What "auto" is on a GPU of this compute capability; None: on a CPU."""
    return "bf16-mixed" if capability is not None and capability >= BF16_SINCE else "32-true"


def device_type(config: FitConfig) -> str:
    """What config.device is here: "cuda" or "cpu".  Raises ValueError for "cuda" without a GPU."""
    found = "cuda" if torch.cuda.is_available() else "cpu"
    if config.device == "cuda" and found == "cpu":
        raise ValueError("device is 'cuda', but torch sees no GPU: use 'auto' or 'cpu'")
    return found if config.device == "auto" else config.device


def capability_for(config: FitConfig) -> Capability | None:
    """The lowest compute capability of the GPUs that the processes on this machine use; None on a
    CPU.  Raises ValueError for the device "cuda" without a GPU."""
    if device_type(config) == "cpu":
        return None
    n = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    return min(torch.cuda.get_device_capability(number) for number in range(n))


def resolved(config: FitConfig, capability: Capability | None, run_dir: Path) -> FitConfig:
    """The config with a precision in place of "auto": that of the run in run_dir, if there is one,
    else that of the device.  Raises ValueError for a damaged state."""
    if config.precision != AUTO:
        return config
    return replace(config, precision=_stored(run_dir) or precision_for(capability))


def refuse_emulation(precision: str, capability: Capability | None, run_dir: Path) -> None:
    """Raise ValueError if a run that began in bfloat16 would go on where a GPU emulates it."""
    if precision == "bf16-mixed" and capability is not None and capability < BF16_SINCE:
        found = f"{run_dir} holds a run in bf16-mixed, which this GPU (compute capability "
        found += f"{capability[0]}.{capability[1]}) has not in hardware"
        advice = "resume it on a GPU since Ampere or with device 'cpu', or choose another run_dir"
        raise ValueError(f"{found}: {advice}")


def _stored(run_dir: Path) -> str | None:
    """The precision that a run's state names; None if there is no state, or it names none."""
    facts = (load_state(run_dir / STATE) or {}).get("facts")
    fields = facts.get("fit") if isinstance(facts, dict) else None
    found = fields.get("precision") if isinstance(fields, dict) else None
    return found if found in ("32-true", "bf16-mixed") else None
