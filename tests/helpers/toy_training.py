"""A toy regression for the tests of training; as a program, a run that may be killed:

python tests/helpers/toy_training.py RUN_DIR '{"n_steps": 40}' [seconds per step]
"""

import csv
import json
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from rppg.dataloader.batches import Batches
from rppg.training.config import FitConfig
from rppg.training.fit import fit

N_SAMPLES, N_INPUTS = 48, 5
QUIET = {"device": "cpu", "lr": 0.05, "log_every": 4, "save_every": 5, "weight_decay": 0.0}


class Lines:
    """Points of a plane; `sample` adds noise that is specific to the sample."""

    def __init__(self, noise: float = 0.0):
        generator = torch.Generator().manual_seed(1)
        self.x = torch.randn(N_SAMPLES, N_INPUTS, generator=generator)
        self.y = self.x @ torch.arange(1.0, N_INPUTS + 1)
        self.noise = noise

    def __len__(self):
        return N_SAMPLES

    def sample(self, index, generator):
        noise = self.noise * torch.randn(N_INPUTS, generator=generator)
        return {"x": self.x[index] + noise, "y": self.y[index], "id": f"toy/{index}"}


def batches(batch_size=8, noise=0.0, seed=0, n_workers=0):
    return Batches(Lines(noise), batch_size, seed=seed, n_workers=n_workers)


def net(dropout=0.0, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = nn.Linear(N_INPUTS, 16), nn.Tanh(), nn.Dropout(dropout), nn.Linear(16, 1)
        return nn.Sequential(*layers)


def step(model, batch, generator):
    """Mean over samples, nothing random."""
    loss = (model(batch["x"])[:, 0] - batch["y"]).square().mean()
    return loss, {"mse": loss}


def noisy_step(model, batch, generator):
    """Draws from every kind of generator, local and global."""
    x = batch["x"] + 0.01 * torch.randn(batch["x"].shape, generator=generator)
    factor = 1 + 0.01 * (random.random() + np.random.rand() + torch.rand(()))  # noqa: NPY002
    loss = factor * (model(x)[:, 0] - batch["y"]).square().mean()
    return loss, {"factor": factor, "x": float(x.mean())}


def error_of(model):
    """A `validate` that also draws."""
    lines = Lines()
    return {"mse": (model(lines.x)[:, 0] - lines.y).square().mean(), "chance": torch.rand(())}


def quiet_fit(model, run_dir, batches=None, step=step, validate=None, parameters=None, **changes):
    """A short run that is random only in the order of its samples."""
    config = FitConfig(**QUIET | {"n_steps": 12} | changes)
    batches = batches or Batches(Lines(), 8)
    return fit(model, batches, step, config, run_dir, validate, parameters=parameters)


def noisy_fit(run_dir, step=noisy_step, validate=error_of, **changes):
    """A run with dropout, noise, accumulation and validation."""
    config = QUIET | {
        "n_steps": 40,
        "accumulate_grad_batches": 2,
        "validate_every": 7,
        "monitor": "mse",
    }
    config = FitConfig(**config | changes)
    return fit(net(dropout=0.2), batches(noise=0.1), step, config, run_dir, validate)


def outcome(run_dir):
    """The results that interruptions must not change: bytes of weights, tables without times."""
    files = {path.name: path.read_bytes() for path in Path(run_dir).glob("*.safetensors")}
    for table in Path(run_dir).glob("*.csv"):
        rows = list(csv.DictReader(table.open()))
        files[table.name] = [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
    return files


def weights(model):
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


if __name__ == "__main__":
    torch.set_num_threads(1)
    changes = json.loads(sys.argv[2])
    pause_s = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0

    def slow_step(model, batch, generator):
        time.sleep(pause_s)
        return noisy_step(model, batch, generator)

    noisy_fit(sys.argv[1], slow_step, **changes)
