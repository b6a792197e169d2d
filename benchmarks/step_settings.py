"""What settings of PyTorch and of the machine make of a training step, for a profile's runs.

    python benchmarks/step_settings.py --prepared prepared/demo \\
        --out benchmarks/results/step_settings.csv                 # a quarter of an hour

Each run of a kind (`profile_runs.kinds`) with each setting, in a fresh process:

as fit             one thread, freed memory kept (rppg.utils.freed_memory)
memory given back  the same, without that
two threads        of one process
side by side       two processes with one thread each, at the same time
medium             torch.set_float32_matmul_precision("medium")
bf16               bfloat16 where autocast has it
compiled           torch.compile; the first step compiles

ms and cpu_ms: of a step, on the clock and of the processor, for a process.  steps_per_s: of all
processes together.  first_s: seconds of the first step.  minutes: of all steps of the run, the
first included, for a process.  faster: steps_per_s over that of `as fit`; faster_cpu: steps per
second of processor time over those of `as fit`, which says more of a busy machine.  reason: why a
row is empty.
"""

import argparse
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import torch
from machine import alone
from profile_runs import kinds, training_of
from steps import one_step

from rppg.datasets.store import Store
from rppg.utils.freed_memory import freed_memory_kept
from rppg.workflow.profiles import load_profile

WARM_UP = 5  # steps, the first of them apart
USUAL = "as fit"
SETTINGS = (
    *(USUAL, "memory given back", "two threads", "side by side"),
    *("medium", "bf16", "compiled"),
)
SIDE_BY_SIDE = 2  # processes


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--prepared", type=Path, default=Path("prepared/demo"))
    parser.add_argument("--runs", nargs="+", help="default: one of each kind")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=SETTINGS)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--out", type=Path, help="CSV to write")
    args = parser.parse_args()
    rows = []
    for run in args.runs or kinds(load_profile(args.profile)):
        for setting in args.settings:
            given = (args.profile, run, args.prepared, setting, args.steps)
            rows.append({"run": run, "setting": setting} | measured(*given))
            print(pd.DataFrame(rows[-1:]).to_string(index=False, header=len(rows) == 1), flush=True)
            table = with_gain(pd.DataFrame(rows))
            if args.out:
                table.to_csv(args.out, index=False, float_format="%.4g")


def measured(*given) -> dict:
    """One row: the mean of the processes that run at the same time."""
    n = SIDE_BY_SIDE if "side by side" in given else 1
    with ThreadPoolExecutor(n) as pool:
        found = list(pool.map(lambda _: alone(measure, *given), range(n)))
    if failed := [one for one in found if "reason" in one]:
        return failed[0]
    row = pd.DataFrame(found).mean().to_dict()
    return row | {"steps_per_s": n * 1000 / row["ms"], "reason": ""}


def measure(profile_name: str, run: str, prepared: Path, setting: str, n_steps: int) -> dict:
    """Milliseconds of a step in this process."""
    torch.set_num_threads(2 if setting == "two threads" else 1)
    if setting == "medium":
        torch.set_float32_matmul_precision("medium")
    memory = nullcontext() if setting == "memory given back" else freed_memory_kept()
    with memory, torch.autocast("cpu", torch.bfloat16, enabled=setting == "bf16"):
        try:
            return _steps(profile_name, run, prepared, setting == "compiled", n_steps)
        except Exception as error:  # whatever it is: a setting that a net does not work with
            return {"reason": " ".join(f"{type(error).__name__}: {error}".split())[:200]}


def _steps(profile_name: str, run: str, prepared: Path, is_compiled: bool, n_steps: int) -> dict:
    profile = load_profile(profile_name)
    net, batches, step, training = training_of(profile, run, Store(prepared))
    adam = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=True)
    stream = batches.stream(0, 0, 1)
    if is_compiled:
        net.compile()
    start_s = time.perf_counter()
    one_step(net, adam, stream, step, Counter(), 0)
    first_s = time.perf_counter() - start_s
    for number in range(1, WARM_UP):
        one_step(net, adam, stream, step, Counter(), number)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    for number in range(WARM_UP, WARM_UP + n_steps):
        one_step(net, adam, stream, step, Counter(), number)
    ms = 1000 * (time.perf_counter() - wall_s) / n_steps
    cpu_ms = 1000 * (time.process_time() - cpu_s) / n_steps
    minutes = (first_s + training["n_steps"] * ms / 1000) / 60
    return {"ms": ms, "cpu_ms": cpu_ms, "first_s": first_s, "minutes": minutes}


def with_gain(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with `faster` and `faster_cpu`, and `reason` last."""
    if "steps_per_s" not in rows:
        return rows
    usual = rows[rows["setting"] == USUAL].set_index("run")
    rows = rows.assign(
        faster=rows["steps_per_s"] / rows["run"].map(usual["steps_per_s"]),
        faster_cpu=rows["run"].map(usual["cpu_ms"]) / rows["cpu_ms"],
    )
    return rows[[name for name in rows if name != "reason"] + ["reason"]]


if __name__ == "__main__":
    main()
