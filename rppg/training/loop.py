"""State of a run: one step of `fit`, its checkpoints and its log.

No random state is stored: every step is seeded from its number.  All processes of a run take the
same decisions at the same step, because the values behind these are shared after each step.
"""

import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from rppg.models.checkpoint import load_weights, save_model, save_state
from rppg.training.config import AUTO, FitConfig, learning_rate, run_facts
from rppg.training.distributed import Means, shared_mean, start_fabric
from rppg.training.interrupts import StopSignals
from rppg.training.metrics_log import Bar, TrainingLog
from rppg.training.precision import capability_for, refuse_emulation, resolved
from rppg.training.saved_state import CHOSEN, LAST, STATE, STEPS, Counts, read_state
from rppg.training.step_checks import batch_ids, checked_return, refuse_not_finite
from rppg.training.tracker import Tracker, start_tracker
from rppg.utils.seeding import generator_from, seed_all

STEP, AUGMENTATION, VALIDATION = 2, 3, 4  # purpose of a seed; batches use 0 and 1
MADE_BY = ("fit", "batches", "n_processes", "parameters")  # facts stored with the weights
ENDED = ("finished", "patience", "budget")  # what a run that was not broken off stopped by


class Run:
    """Resumes the run in run_dir, if any.  Raises ValueError if that has other parameters, or a
    precision that the device has not."""

    def __init__(
        self,
        model: nn.Module,
        batches,
        config: FitConfig,
        run_dir: Path,
        parameters: dict,
        progress: bool,
    ):
        capability = capability_for(config)
        asked, config = config, resolved(config, capability, run_dir)
        self.model, self.config, self.run_dir = model, config, run_dir
        self.fabric = start_fabric(config)
        self.n_batches = len(batches)
        self.facts = run_facts(model, batches, config, self.fabric.world_size, parameters)
        run_dir.mkdir(parents=True, exist_ok=True)
        saved = read_state(run_dir, model, self.facts)
        self.counts, self.means = Counts(), Means(self.fabric)
        if saved is not None:
            model.load_state_dict(saved["model"])
            self.counts = saved["counts"]
            self.means.load(saved["means"])
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        if not weights:
            raise ValueError("no weight of the model has requires_grad: there is nothing to train")
        fused = self.fabric.device.type == "cpu"  # on a GPU it cannot be combined with clipping
        options = {"weight_decay": config.weight_decay, "fused": fused}
        self.adam = torch.optim.AdamW(weights, lr=config.lr, **options)
        self.wrapped, self.optimiser = self.fabric.setup(model, self.adam)
        if saved is not None:
            self.adam.load_state_dict(saved["optimiser"])
        self.fabric.barrier()  # all processes have read before the first one writes
        self._started = time.perf_counter() - self.counts.seconds
        self._stop_requested, self._names = False, None
        self._over_budget = self.counts.seconds >= self._budget_s
        if asked.precision == AUTO and self.stopped() is None:
            refuse_emulation(config.precision, capability, run_dir)
        self._open_log(progress)

    @property
    def _budget_s(self) -> float:
        minutes = self.config.budget_minutes
        return math.inf if minutes is None else 60 * minutes

    def _open_log(self, progress: bool) -> None:
        counts, main = self.counts, self.fabric.is_global_zero
        self.log = TrainingLog(self.run_dir, counts.step, self._tracker()) if main else None
        self.bar = Bar(counts.step, self.config.n_steps, self._budget_s, progress and main)

    def _tracker(self) -> Tracker | None:
        """A new run of config.tracker with this run's parameters; None for a run that has ended."""
        if self.config.tracker is None or self.stopped():
            return None
        parameters = self.facts["parameters"] | self.facts["fit"]
        return start_tracker(self.config.tracker, self.run_dir, parameters)

    def close(self) -> None:
        self.bar.close()
        if self.log:
            self.log.close(success=self.stopped() in ENDED)

    def stream(self, batches) -> Iterator:
        """The remaining batches: this process's share of each."""
        first = self.counts.step * self.config.accumulate_grad_batches
        return batches.stream(first, self.fabric.global_rank, self.fabric.world_size)

    def stopped(self) -> str | None:
        """Why the run ends now: "finished", "patience", "signal" or "budget"; None: it does not."""
        counts, patience = self.counts, self.config.patience
        if counts.step == self.config.n_steps:
            return "finished"
        if patience is not None and counts.n_worse >= patience:
            return "patience"
        if self._stop_requested:
            return "signal"
        return "budget" if self._over_budget else None

    def due(self, every: int) -> bool:
        """Whether an action is due that takes place every `every` steps and after the last one."""
        return self.counts.step % every == 0 or self.counts.step == self.config.n_steps

    def update(self, stream: Iterator, step: Callable, signals: StopSignals) -> None:
        """One step: `accumulate_grad_batches` batches, one update.

        Raises FloatingPointError, before the update, if a loss or the gradient is not finite.
        """
        config, at = self.config, (self.config.seed, self.counts.step, self.fabric.global_rank)
        seed_all(STEP, *at)
        generator = generator_from(AUGMENTATION, *at, device=self.fabric.device)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(config, self.counts.step)
        self.model.train()
        losses, ids = self._backward(stream, step, generator)
        norm = self.fabric.clip_gradients(
            self.wrapped,
            self.optimiser,
            max_norm=math.inf if config.max_grad_norm is None else config.max_grad_norm,
            error_if_nonfinite=False,
        )
        loss = self._synchronise(losses, norm, ids, signals)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.counts.step += 1
        self.bar.advance(loss, self.counts.seconds)

    def _backward(self, stream: Iterator, step: Callable, generator) -> tuple[list[Tensor], list]:
        """Accumulate gradients of the mean loss of a step; returns losses and ids per batch."""
        losses, ids, n = [], [], self.config.accumulate_grad_batches
        self.means.count_step()
        for number in range(n):
            batch = self.fabric.to_device(next(stream))
            ids.append(batch_ids(batch))
            with self.fabric.no_backward_sync(self.wrapped, enabled=number + 1 < n):
                returned = step(self.wrapped, batch, generator)
                loss, values = checked_return(returned, self._names)
                self.fabric.backward(loss / n)
            self._names = list(values)
            losses.append(loss.detach())
            self.means.add({"loss": loss, **values}, 1 / n)
        return losses, ids

    def _synchronise(
        self, losses: list[Tensor], norm: Tensor, ids: list, signals: StopSignals
    ) -> float:
        """Share the outcome of this step: all processes stop, or fail, if one does.  Returns the
        loss of the step in this process."""
        self.means.add({"grad_norm": norm}, 1)
        *losses, norm = torch.stack([*losses, norm]).tolist()  # waits for the device
        self.counts.seconds = time.perf_counter() - self._started
        over_budget = self.fabric.is_global_zero and self.counts.seconds >= self._budget_s
        not_finite = not all(map(math.isfinite, [*losses, norm]))
        stop_requested = signals.received is not None
        outcome = shared_mean(self.fabric, [not_finite, stop_requested, over_budget])
        not_finite, self._stop_requested, self._over_budget = (share > 0 for share in outcome)
        if not_finite:
            refuse_not_finite(self.counts.step, losses, norm, ids, self.run_dir)
        return sum(losses) / len(losses)

    def log_metrics(self) -> None:
        """Write a row with means over the steps since the last row."""
        counts, means = self.counts, self.means.take()
        row = {
            "step": counts.step,
            "epoch": (counts.step * self.config.accumulate_grad_batches - 1) // self.n_batches,
            "seconds": round(counts.seconds, 3),
            "lr": learning_rate(self.config, counts.step - 1),
            "loss": means.pop("loss"),
            "grad_norm": means.pop("grad_norm"),
        }
        if self.log:
            self.log.add("metrics", row | means)

    def validate(self, validate: Callable) -> None:
        """Call `validate`, and save the weights if they are the best so far.

        Raises ValueError if it does not return config.monitor, FloatingPointError if that is NaN.
        """
        counts, name = self.counts, self.config.monitor
        seed_all(VALIDATION, self.config.seed)  # the same every time, so values are comparable
        values = None
        if self.fabric.is_global_zero:
            self.model.eval()
            with torch.no_grad():
                values = {key: float(value) for key, value in validate(self.model).items()}
        values = self.fabric.broadcast(values)
        if name not in values:
            raise ValueError(f"validate returned {list(values)}, expected also monitor {name!r}")
        if math.isnan(values[name]):
            raise FloatingPointError(f"step {counts.step}: validate returned {name} = nan")
        counts.seconds = time.perf_counter() - self._started
        better = counts.best is None or values[name] < counts.best[name]
        counts.n_worse = 0 if better else counts.n_worse + 1
        if better:
            counts.best_step, counts.best = counts.step, values
            self._save_model(CHOSEN, values)
        if self.config.keep_validated:
            self._save_model(f"{STEPS}/{counts.step:06d}.safetensors", values)
        if self.log:
            row = {"step": counts.step, "seconds": round(counts.seconds, 3)}
            self.log.add("validation", row | values)

    def save(self) -> None:
        """Write the checkpoint from which the run resumes."""
        state = {
            "facts": self.facts,
            "counts": asdict(self.counts),
            "means": self.means.state(),
            "model": self.model.state_dict(),
            "optimiser": self.adam.state_dict(),
        }
        if self.fabric.is_global_zero:
            save_state(self.run_dir / STATE, state)

    def finish(self, validated: bool) -> None:
        """Write the last weights, and leave the chosen ones in the model, in eval mode."""
        is_best = self.counts.best_step == self.counts.step
        self._save_model(LAST, self.counts.best if is_best else None)
        if self.counts.best_step is None:
            self._save_model(CHOSEN)
            if validated:
                warnings.warn(
                    "the run ended before a validation: its last weights are chosen", stacklevel=3
                )
        self.fabric.barrier()
        load_weights(self.run_dir / CHOSEN, self.model).eval()

    def _save_model(self, name: str, validated: dict | None = None) -> None:
        if self.fabric.is_global_zero:
            made_by = {name: self.facts[name] for name in MADE_BY} | {"step": self.counts.step}
            if validated is not None:
                made_by["validation"] = validated
            (self.run_dir / name).parent.mkdir(exist_ok=True)
            save_model(self.run_dir / name, self.model, made_by)
