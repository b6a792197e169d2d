"""Cold starts: seconds and memory of `rppg --help` and of `rppg predict` on one 10 s video.

    python benchmarks/startup.py --out benchmarks/results/startup.csv

Renders the video (320x240, 300 frames, level easy) into a temporary folder, then runs every
command in a fresh process and keeps the best of `--repeat`: seconds on the clock, seconds of
processor time, peak memory of the process (MiB).  The nets are those in the box; `predict
consensus` is the default, which runs two of the nets.  The rows `import ...` are parts
that no command can avoid: FaceMesh's package and, for a net, torch.
"""

import argparse
import csv
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECONDS = 10.0
GOALS = {"help": "0.2 s", "predict POS": "3 s, 400 MB"}
COLUMNS = ("what", "wall_s", "cpu_s", "peak_mib", "goal")


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--out", type=Path, help="CSV to write")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "face.mp4"
        # In another process: a command begins with the memory of the one that starts it.
        process = multiprocessing.get_context("spawn").Process(target=render, args=(video,))
        process.start()
        process.join()
        commands = commands_on(video)
        rows = [(what, *best(command, args.repeat)) for what, command in commands.items()]
    for row in (table := [COLUMNS, *((*row, GOALS.get(row[0], "")) for row in rows)]):
        print("{:28}{:>8}{:>8}{:>10}  {}".format(*row))
    if args.out is not None:
        with args.out.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(table)


def render(path: Path) -> None:
    """Write the video: a synthetic face with a known pulse."""
    from rppg.synthetic.challenge import render_clip
    from rppg.synthetic.config import ChallengeConfig, Clip

    clip = Clip(path.name, path.name, "folder", "none", 1, 1, SECONDS, "easy", (30.0, 30.0))
    render_clip(path.parent, ChallengeConfig(), clip)


def commands_on(video: Path) -> dict[str, list[str]]:
    """What is measured, and its command line."""
    python, rppg = [sys.executable, "-c"], [sys.executable, "-m", "rppg"]
    predict = [*rppg, "predict", str(video)]
    commands = {
        "help": [*rppg, "--help"],
        "import mediapipe": [*python, "import mediapipe.python.solutions.face_mesh"],
        "import torch": [*python, "import torch"],
    }
    methods = ("POS", "st_transformer", "gideon2021", "contrast_phys", "consensus")
    return commands | {f"predict {name}": [*predict, "--method", name] for name in methods}


def best(command: list[str], repeat: int) -> tuple[float, float, float]:
    """Fewest seconds, fewest seconds of processor time and least peak MiB of `repeat` runs."""
    runs = [measured(command) for _ in range(repeat)]
    walls_s, cpus_s, peaks_mib = zip(*runs, strict=True)
    return round(min(walls_s), 2), round(min(cpus_s), 2), round(min(peaks_mib), 1)


def measured(command: list[str]) -> tuple[float, float, float]:
    """Seconds, seconds of processor time and peak MiB of a command in a fresh process.

    Raises RuntimeError if it fails.
    """
    start_s = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=keeps_bytecode())
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - start_s
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with exit code {process.returncode}")
    return wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**10


def keeps_bytecode() -> dict[str, str]:
    """The environment as in most shells, where Python keeps the bytecode of what it imports: the
    first run compiles, the later ones need not."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


if __name__ == "__main__":
    main()
