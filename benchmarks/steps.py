"""Where a training step's time goes: data, forward, loss, backward, optimiser, of a profile's runs.

    python benchmarks/steps.py --prepared prepared/demo --out benchmarks/results/steps.csv

Milliseconds of processor time in one thread, as runs side by side have it; the first passes over
the recordings, which fill the caches, are not counted.  Of each kind of run that computes the same,
the first is measured.  `minutes` are those of all steps of the run.
"""

import argparse
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import torch
from profile_runs import kinds, training_of

from rppg.datasets.store import Store
from rppg.training.loop import AUGMENTATION, STEP
from rppg.utils.freed_memory import freed_memory_kept
from rppg.utils.seeding import generator_from, seed_all
from rppg.workflow.profiles import load_profile

PARTS = ("data", "forward", "loss", "backward", "optimiser")
WARM_UP = 40  # steps: each recording has been read


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--prepared", type=Path, default=Path("prepared/demo"))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--out", type=Path, help="CSV to write")
    args = parser.parse_args()
    torch.set_num_threads(1)
    profile, store, rows = load_profile(args.profile), Store(args.prepared), []
    for name in kinds(profile):
        with freed_memory_kept():  # as `fit` has it
            rows.append({"run": name} | measure(profile, name, store, args.steps))
        print(pd.DataFrame(rows[-1:]).to_string(index=False, header=len(rows) == 1), flush=True)
    if args.out:
        pd.DataFrame(rows).to_csv(args.out, index=False, float_format="%.4g")


def measure(profile, name: str, store: Store, n_steps: int) -> dict:
    """One row: ms of a step and its parts, and minutes of the whole run."""
    net, batches, step, training = training_of(profile, name, store)
    adam = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=True)
    stream, seconds = batches.stream(0, 0, 1), Counter()
    inner = net.forward
    net.forward = lambda *a, **k: _timed(seconds, "forward", lambda: inner(*a, **k))
    for number in range(WARM_UP + n_steps):
        if number == WARM_UP:
            seconds.clear()
        one_step(net, adam, stream, step, seconds, number)
    seconds["loss"] -= seconds["forward"]  # the objective calls the net
    ms = {part: 1000 * seconds[part] / n_steps for part in PARTS}
    whole_ms = sum(ms.values())
    return ms | {"step": whole_ms, "minutes": whole_ms / 60_000 * training["n_steps"]}


def one_step(net, adam, stream, step, seconds: Counter, number: int) -> None:
    """A step of training, as `fit` does it; its parts are counted in seconds of processor time."""
    batch = _timed(seconds, "data", lambda: next(stream))
    seed_all(STEP, number)
    generator = generator_from(AUGMENTATION, number)
    loss, _ = _timed(seconds, "loss", lambda: step(net, batch, generator))
    with _counted(seconds, "backward"):
        loss.backward()
    with _counted(seconds, "optimiser"):
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        adam.step()
        adam.zero_grad()


@contextmanager
def _counted(seconds: Counter, part: str):
    start_s = time.process_time()
    yield
    seconds[part] += time.process_time() - start_s


def _timed(seconds: Counter, part: str, call):
    with _counted(seconds, part):
        return call()


if __name__ == "__main__":
    main()
