"""A run at some step: what `fit` does in one step, and what it writes.

Nothing random is remembered: every step is seeded from its number.  All processes of a run take
the same decisions at the same step, since what these rest on is shared after each step.
"""

import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from rppg.models.checkpoint import load_state, load_weights, save_model, save_state
from rppg.training.config import FitConfig, learning_rate, refuse_other_run, run_facts
from rppg.training.distributed import Means, shared_mean, start_fabric
from rppg.training.interrupts import StopSignals
from rppg.training.metrics_log import Bar, TrainingLog
from rppg.training.step_checks import batch_ids, checked_return, refuse_not_finite
from rppg.utils.seeding import generator_from, seed_all

STEP, AUGMENTATION, VALIDATION = 2, 3, 4  # what a seed is for; batches have 0 and 1
MADE_BY = ("fit", "batches", "n_processes", "parameters")  # facts that are kept with the weights
STATE, CHOSEN, LAST = "state.pt", "model.safetensors", "last.safetensors"


@dataclass
class Counts:
    """How far a run is."""

    step: int = 0
    seconds: float = 0.0
    best_step: int | None = None
    best: dict | None = None  # what `validate` returned there
    n_worse: int = 0  # validations since


class Run:
    """Goes on from what run_dir holds.  Raises ValueError where that is another run."""

    def __init__(
        self,
        model: nn.Module,
        batches,
        config: FitConfig,
        run_dir: Path,
        parameters: dict,
        progress: bool,
    ):
        self.model, self.config, self.run_dir = model, config, run_dir
        self.fabric = start_fabric(config)
        self.n_batches = len(batches)
        self.facts = run_facts(model, batches, config, self.fabric.world_size, parameters)
        run_dir.mkdir(parents=True, exist_ok=True)
        saved = load_state(run_dir / STATE)
        self.counts, self.means = Counts(), Means(self.fabric)
        if saved is not None:
            refuse_other_run(run_dir, saved["facts"], self.facts)
            model.load_state_dict(saved["model"])
            self.counts = Counts(**saved["counts"])
            self.means.load(saved["means"])
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        if not weights:
            raise ValueError("no weight of the model has requires_grad: there is nothing to train")
        self.adam = torch.optim.AdamW(weights, lr=config.lr, weight_decay=config.weight_decay)
        self.wrapped, self.optimiser = self.fabric.setup(model, self.adam)
        if saved is not None:
            self.adam.load_state_dict(saved["optimiser"])
        self.fabric.barrier()  # everybody has read before the first process writes
        self._began = time.perf_counter() - self.counts.seconds
        self._told_to_stop, self._names = False, None
        self._over_budget = self.counts.seconds >= self._budget_s
        self._open_log(progress)

    @property
    def _budget_s(self) -> float:
        minutes = self.config.budget_minutes
        return math.inf if minutes is None else 60 * minutes

    def _open_log(self, progress: bool) -> None:
        counts, main = self.counts, self.fabric.is_global_zero
        self.log = TrainingLog(self.run_dir, counts.step, counts.seconds) if main else None
        self.bar = Bar(counts.step, self.config.n_steps, self._budget_s, progress and main)

    def close(self) -> None:
        self.bar.close()
        if self.log:
            self.log.close()

    def stream(self, batches) -> Iterator:
        """The batches from here on: this process's part of each."""
        first = self.counts.step * self.config.accumulate_grad_batches
        return batches.stream(first, self.fabric.global_rank, self.fabric.world_size)

    def stopped(self) -> str | None:
        """Why the run ends here: "finished", "patience", "signal" or "budget"; None: it goes on."""
        counts, patience = self.counts, self.config.patience
        if counts.step == self.config.n_steps:
            return "finished"
        if patience is not None and counts.n_worse >= patience:
            return "patience"
        if self._told_to_stop:
            return "signal"
        return "budget" if self._over_budget else None

    def due(self, every: int) -> bool:
        """Whether something done each `every` steps, and at the last one, is done after this."""
        return self.counts.step % every == 0 or self.counts.step == self.config.n_steps

    def update(self, stream: Iterator, step: Callable, signals: StopSignals) -> None:
        """One step: `accumulate_grad_batches` batches, one update.  Raises FloatingPointError before an update
        by a loss or gradient that is not finite."""
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
        loss = self._agree(losses, norm, ids, signals)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.counts.step += 1
        self.bar.advance(loss, self.counts.seconds)

    def _backward(self, stream: Iterator, step: Callable, generator) -> tuple[list[Tensor], list]:
        """Gradients of the mean over the batches of a step; their losses and their ids."""
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

    def _agree(self, losses: list[Tensor], norm: Tensor, ids: list, signals: StopSignals) -> float:
        """Tell the other processes how this step went; all stop, or fail, where one does.
        Returns the step's loss in this process."""
        self.means.add({"grad_norm": norm}, 1)
        found = torch.stack([*losses, norm]).tolist()  # waits for the device
        self.counts.seconds = time.perf_counter() - self._began
        over_budget = self.fabric.is_global_zero and self.counts.seconds >= self._budget_s
        bad = not all(map(math.isfinite, found))
        told_to_stop = signals.received is not None
        bad, stop, over = shared_mean(self.fabric, [bad, told_to_stop, over_budget])
        if bad:
            refuse_not_finite(self.counts.step, found[:-1], found[-1], ids, self.run_dir)
        self._told_to_stop, self._over_budget = stop > 0, over > 0
        return sum(found[:-1]) / len(losses)

    def log_metrics(self) -> None:
        """Write the row of the steps since the last row: means over them."""
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
        """Ask `validate`, and keep the weights where they are the best so far.

        Raises ValueError where it does not return config.monitor, FloatingPointError for NaN.
        """
        counts, name = self.counts, self.config.monitor
        seed_all(VALIDATION, self.config.seed)  # the same chance each time: values compare
        values = None
        if self.fabric.is_global_zero:
            self.model.eval()
            with torch.no_grad():
                values = {key: float(value) for key, value in validate(self.model).items()}
        values = self.fabric.broadcast(values)
        if name not in values:
            raise ValueError(f"validate returned {list(values)}, monitor asks for {name!r}")
        if math.isnan(values[name]):
            raise FloatingPointError(f"step {counts.step}: validate returned {name} = nan")
        counts.seconds = time.perf_counter() - self._began
        better = counts.best is None or values[name] < counts.best[name]
        counts.n_worse = 0 if better else counts.n_worse + 1
        if better:
            counts.best_step, counts.best = counts.step, values
            self._save_model(CHOSEN)
        if self.log:
            own = {"step": counts.step, "seconds": round(counts.seconds, 3)}
            self.log.add("validation", own | values)

    def save(self) -> None:
        """Write the checkpoint that the run goes on from."""
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
        self._save_model(LAST)
        if self.counts.best_step is None:
            self._save_model(CHOSEN)
            if validated:
                warnings.warn(
                    "the run ended before a validation: its last weights are chosen", stacklevel=3
                )
        self.fabric.barrier()
        load_weights(self.run_dir / CHOSEN, self.model).eval()

    def _save_model(self, name: str) -> None:
        if self.fabric.is_global_zero:
            made_by = {name: self.facts[name] for name in MADE_BY} | {"step": self.counts.step}
            if self.counts.best_step == self.counts.step:
                made_by["validation"] = self.counts.best
            save_model(self.run_dir / name, self.model, made_by)
