"""One fit() for every model: it knows no model, loss or data, only a step that returns a loss.

    def step(model, batch, generator):  # generator: for chance in augmentation, seeded every step
        wave = model(batch["clip"])  # (B, T)
        return loss_of(wave), {"wave_std": wave.std()}

    batches = Batches(clips, batch_size=4, seed=0)
    result = fit(STTransformer(config), batches, step, FitConfig(n_steps=1000), run_dir)

run_dir then holds model.safetensors and .json (the chosen weights), last.safetensors and .json,
state.pt (what a killed run goes on from), metrics.csv, validation.csv and tensorboard/.  Calling
fit again goes on where the run stopped; a run that ended returns at once.

What equals what, bit for bit on a CPU with the same number of threads: two runs of one seed; a
resumed run and a straight one.  To rounding: k accumulated batches and one k times as large, n
processes (torchrun) and one, both where the loss is a mean over samples.  A loss that couples the
samples of a batch (a variance over them, contrast), or batch norm, sees each process's and each
accumulated batch's samples only; and what is drawn from `generator` (or a global one, as by
dropout) differs between processes.
"""

import warnings
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from rppg.training.config import FitConfig
from rppg.training.interrupts import StopSignals
from rppg.training.loop import CHOSEN, Run
from rppg.utils.seeding import random_states_kept

Step = Callable[[nn.Module, object, torch.Generator], tuple[Tensor, Mapping[str, Tensor | float]]]


@dataclass(frozen=True)
class FitResult:
    """How a run ended."""

    model_path: Path  # the chosen weights
    stopped: str  # "finished", "patience" or "budget"
    step: int  # updates made
    seconds: float  # of all sessions together
    best_step: int | None  # of the chosen weights; None: the last ones
    best_value: float | None  # of config.monitor there


def fit(
    model: nn.Module,
    batches,
    step: Step,
    config: FitConfig,
    run_dir: Path | str,
    validate: Callable[[nn.Module], Mapping[str, float]] | None = None,
    *,
    parameters: dict | None = None,
    progress: bool = True,
) -> FitResult:
    """Train `model` in place; on return it holds the chosen weights, in eval mode.

    batches: `Batches`, or whatever has its __len__, facts() and stream().
    step: (model, batch, generator) -> (loss, {name: value}); a scalar loss, the same names every
    time.  Call the model it is handed (forward only), which adds precision and processes; batch
    and generator are on its device.
    validate: model, on its device -> {name: value}, in the first process, without gradients, in
    full precision; the weights of the lowest config.monitor are chosen.  Without it, the last ones
    are.  What it draws from global generators is the same every time, so that its values compare.
    parameters: what else decides the result (of the data, the augmentation, the loss, which
    parent's weights it began with): JSON values, kept with the weights; a run that goes on is
    refused where they differ, which is all that fit can see of these.
    progress: whether to show a bar.

    SIGINT and SIGTERM take effect after the step in hand and a checkpoint.  Raises ValueError where
    run_dir holds a run of other parameters or the arguments do not fit each other,
    FloatingPointError for a loss, gradient or validation that is not finite: the checkpoint before
    it stays.  Warns where the budget ended the run.
    """
    if (validate is None) != (config.monitor is None):
        raise ValueError("give both validate and config.monitor (which of its values), or neither")
    with random_states_kept(), StopSignals() as signals:
        run = Run(model, batches, config, Path(run_dir), parameters or {}, progress)
        with closing(run):
            stream = run.stream(batches)
            while (stopped := run.stopped()) is None:
                run.update(stream, step, signals)
                if run.due(config.log_every):
                    run.log_metrics()
                validated = validate is not None and run.due(config.validate_every)
                if validated:
                    run.validate(validate)
                if validated or run.due(config.save_every) or run.stopped():
                    run.save()
        if stopped != "signal":
            run.finish(validated=validate is not None)
    _deliver(signals, stopped)
    return _result(run, stopped)


def _deliver(signals: StopSignals, stopped: str) -> None:
    signals.deliver()
    if stopped == "signal":
        raise KeyboardInterrupt("another process of this run was told to stop; so did this one")


def _result(run: Run, stopped: str) -> FitResult:
    counts, config = run.counts, run.config
    if stopped == "budget":
        done = f"budget_minutes {config.budget_minutes} ended the run at step {counts.step}"
        text = f"{done} of {config.n_steps}, before its learning rate came down"
        warnings.warn(f"{text}: take fewer steps, or call again with more minutes", stacklevel=3)
    best_value = None if counts.best is None else counts.best[config.monitor]
    path = run.run_dir / CHOSEN
    return FitResult(path, stopped, counts.step, counts.seconds, counts.best_step, best_value)
