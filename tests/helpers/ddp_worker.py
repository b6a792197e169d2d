"""One run in the processes that torchrun starts: torchrun ... ddp_worker.py RUN_DIR KIND

KIND: "mean" (nothing happens), "nan" (in process 1), "stop" (SIGTERM to process 1), or "uneven".
"""

import math
import os
import signal
import sys

import torch

sys.ps1 = ">>> "  # as in a notebook's kernel, where Fabric is stricter; read when it is imported
from helpers.toy_training import batches, error_of, net, quiet_fit, step  # noqa: E402

run_dir, kind = sys.argv[1:]
rank = int(os.environ["RANK"])
calls = []


def shared_step(model, batch, generator):
    calls.append(1)
    loss, values = step(model, batch, generator)
    if rank == 1 and len(calls) == 11:
        if kind == "stop":
            os.kill(os.getpid(), signal.SIGTERM)
        if kind == "nan":
            loss = loss * math.nan
    return loss, values


def validate(model):
    assert rank == 0
    return {key: value for key, value in error_of(model).items() if key == "mse"}


torch.set_num_threads(1)
quiet_fit(
    net(),
    run_dir,
    batches(9 if kind == "uneven" else 8, noise=0.1),
    shared_step,
    validate,
    accumulate_grad_batches=2,
    n_steps=24,
    monitor="mse",
    validate_every=7,
)
