"""One training loop for every model: what differs between models is a step that returns a loss.

    def step(model, batch, generator):  # generator: for random augmentation, seeded every step
        wave = model(batch["clip"])  # (B, T)
        return loss_of(wave), {"wave_std": wave.std()}

    batches = Batches(clips, batch_size=4, seed=0)
    result = fit(STTransformer(config), batches, step, FitConfig(n_steps=1000), run_dir)

run_dir then holds model.safetensors and .json (the chosen weights), last.safetensors and .json,
state.pt (from which a killed run resumes), metrics.csv, validation.csv and tensorboard/.  Calling
fit again resumes where the run stopped; a finished run returns at once.

Reproducibility guarantees.  Bit for bit, on a CPU with the same number of threads: two runs with
the same seed; a resumed run and an uninterrupted one.  Up to rounding, if the loss is a mean over
samples: k accumulated batches and one batch k times as large; n processes (torchrun) and one.
A loss that couples the samples of a batch (a variance over them, contrast), or batch norm, sees
only the samples of its process and accumulated batch; random numbers from `generator` (or a global
generator, as in dropout) differ between processes.
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
from rppg.utils.freed_memory import freed_memory_kept
from rppg.utils.seeding import random_states_kept

Step = Callable[[nn.Module, object, torch.Generator], tuple[Tensor, Mapping[str, Tensor | float]]]


@dataclass(frozen=True)
class FitResult:
    """How a run ended."""

    model_path: Path  # the chosen weights
    stopped: str  # "finished", "patience" or "budget"
    step: int  # number of updates
    seconds: float  # duration of all sessions together
    best_step: int | None  # step of the chosen weights; None: the last ones
    best_value: float | None  # value of config.monitor at that step
    precision: str  # "32-true" or "bf16-mixed": what "auto" was


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

    batches: `Batches`, or any object with its __len__, facts() and stream().
    step: (model, batch, generator) -> (loss, {name: value}); a scalar loss, the same names every
    time.  It must call the model that it receives (forward only), because that one handles
    precision and processes; batch and generator are on the model's device.
    validate: model, on its device -> {name: value}; called in the first process, without gradients,
    in full precision.  The weights with the lowest config.monitor are chosen; without `validate`,
    the last ones.  Global generators are seeded alike before every call, so values are comparable.
    parameters: everything else that determines the result (data, augmentation, loss, the parent
    run's weights) as JSON values, stored with the weights.  A run with other parameters is not
    resumed; fit has no other way to notice such a change.
    progress: whether to show a progress bar.

    A config.precision "auto" is decided when the run starts, and kept when it resumes elsewhere
    (rppg.training.precision).

    SIGINT and SIGTERM take effect after the current step and a checkpoint.  Raises ValueError if
    run_dir holds a run with other parameters or if arguments contradict each other,
    FloatingPointError if a loss, gradient or validation is not finite (the previous checkpoint
    stays).  Warns if the budget ended the run.
    """
    if (validate is None) != (config.monitor is None):
        raise ValueError("give both validate and config.monitor (which of its values), or neither")
    with random_states_kept(), freed_memory_kept(), StopSignals() as signals:
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
        raise KeyboardInterrupt("stopped, because another process of this run got a signal")


def _result(run: Run, stopped: str) -> FitResult:
    counts, config = run.counts, run.config
    if stopped == "budget":
        text = f"budget_minutes {config.budget_minutes} ended the run at step {counts.step}"
        text += f" of {config.n_steps}, before the learning rate had decayed"
        warnings.warn(f"{text}: use fewer steps, or call again with more minutes", stacklevel=3)
    best_value = None if counts.best is None else counts.best[config.monitor]
    path = run.run_dir / CHOSEN
    best = (counts.best_step, best_value)
    return FitResult(path, stopped, counts.step, counts.seconds, *best, config.precision)
