"""Speed of rendering the synthetic benchmark, against the renderer as it was at a named commit.

    python benchmarks/render.py --out benchmarks/results/render.csv     # minutes
    python benchmarks/render.py --from benchmarks/results/render.csv

Renders an eighth of the demo's recordings, videos and folders of images, two per subject for most,
in one process, with the code of REFERENCE in a temporary git worktree and with the code of this
checkout, in turn, `--rounds` times, each in a fresh process that has rendered before its clock
starts.  A rate is clips over the sum of all rounds; `now over before` is the ratio of two rates,
`its least` and `its most` are those of single rounds.  Processor time counts every thread.
Which part takes which share of the time: `shares.py`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
REFERENCE = "9cb06da"
SUBJECTS = {"ubfc": 1, "train": 5, "test_vipl": 2, "test_obf": 1, "pure": 1, "mmse_hr": 1}
RATE = "clips per second of {}, {}"
RATIO = "clips per second of {}, now over before"
CLOCKS = {"processor time": "cpu_s", "wall time": "wall_s"}
GOALS = {RATIO.format("processor time"): "at least 2"}


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="CSV to write: what, value, goal")
    parser.add_argument("--from", dest="table", type=Path, help="print an existing table")
    parser.add_argument("--code", type=Path, help=argparse.SUPPRESS)  # of a fresh process
    args = parser.parse_args()
    if args.code:
        print(json.dumps(render(args.code)))
        return
    table = pd.read_csv(args.table, keep_default_na=False) if args.table else measured(args.rounds)
    print(table.to_string(index=False, float_format="%.4g"))
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.4g")


def measured(rounds: int) -> pd.DataFrame:
    """The table: what, value, goal."""
    runs = []
    with checkout(REFERENCE) as before:
        for number in range(rounds):
            for name, code in (("before", before), ("now", ROOT)):
                runs.append({"code": name, "round": number, **fresh(code)})
                print(runs[-1], file=sys.stderr, flush=True)
    table = pd.DataFrame(rows(pd.DataFrame(runs)), columns=["what", "value"])
    table["goal"] = [GOALS.get(what, "") for what in table["what"]]
    return table


@contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """A temporary git worktree of a commit of this repository."""
    git = ["git", "-C", str(ROOT), "worktree"]
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder).resolve() / "code"
        subprocess.run([*git, "add", "--quiet", "--detach", str(code), commit], check=True)
        try:
            yield code
        finally:
            subprocess.run([*git, "remove", "--force", str(code)], check=True)


def fresh(code: Path) -> dict:
    """`render` with the package of a checkout, in a new process."""
    environment = {**os.environ, "PYTHONPATH": str(code)}
    command = [sys.executable, __file__, "--code", str(code)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def render(code: Path) -> dict:
    """Clips, bytes, seconds of processor and wall time of one benchmark, written by one process."""
    import rppg
    from rppg.synthetic import write_challenge
    from rppg.synthetic.challenge import plan

    assert Path(rppg.__file__).is_relative_to(code), f"{rppg.__file__} is not of {code}"
    if code != ROOT:
        keep_float32()
    warm_up, config = configs()
    with tempfile.TemporaryDirectory() as folder:
        write_challenge(Path(folder, "warm-up"), warm_up, workers=1, progress=False)
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        root = write_challenge(Path(folder, "timed"), config, workers=1, progress=False)
        wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
        n_bytes = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    return {"clips": len(plan(config)), "bytes": n_bytes, "wall_s": wall_s, "cpu_s": cpu_s}


def keep_float32() -> None:
    """Give REFERENCE's code plain numbers where it took NumPy's, by which an array of float32
    becomes one of float64 since NumPy 2."""
    from rppg.synthetic.render import Mouth, Renderer

    for owner, name in ((Mouth, "open"), (Renderer, "_blink")):
        setattr(owner, name, with_plain_number(getattr(owner, name)))


def with_plain_number(method: Callable) -> Callable:
    return lambda self, head, number: method(self, head, float(number))


def configs() -> tuple:
    """The ChallengeConfig of a short benchmark to warm up, and of the one that is measured."""
    from rppg.synthetic import ChallengeConfig
    from rppg.synthetic.config import FIRST_NUMBER

    none = {f"n_{name}": 0 for name in FIRST_NUMBER}
    warm_up = ChallengeConfig(**{**none, "n_train": 1}, clips_per_subject=1, seed=1, seconds=3)
    return warm_up, ChallengeConfig(**{**none, **{f"n_{name}": n for name, n in SUBJECTS.items()}})


def rows(runs: pd.DataFrame) -> list[tuple[str, float]]:
    """Rows of the table from one row per code and round."""
    found = [("clips per round", runs["clips"].iloc[0]), ("rounds", runs["round"].nunique())]
    for clock, column in CLOCKS.items():
        spent_s = runs.pivot(index="round", columns="code", values=column)
        ratios = spent_s["before"] / spent_s["now"]
        for name in ("before", "now"):
            per_second = runs["clips"].iloc[0] * len(spent_s) / spent_s[name].sum()
            found.append((RATE.format(clock, name), per_second))
        found.append((RATIO.format(clock), spent_s["before"].sum() / spent_s["now"].sum()))
        found += [(f"its least, {clock}", ratios.min()), (f"its most, {clock}", ratios.max())]
    size = runs.groupby("code")["bytes"].first()
    return [*found, ("bytes on disk, now over before", size["now"] / size["before"])]


if __name__ == "__main__":
    main()
