"""A first submission, from nothing: time, processor time and memory of `make submission`.

    python benchmarks/submission.py --out benchmarks/results/submission.csv

Clones this checkout's last commit into a temporary folder, runs `make submission` there twice and
measures the seconds of the installation, of each run on the clock and on the processor, and the
peak of the memory of all its processes together (the sum of their proportional set sizes, read
once a second).  Takes as long as a first evening's run does; leave the machine alone meanwhile.
"""

import argparse
import csv
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import psutil
from peer_programs import clean

HERE = Path(__file__).resolve().parents[1]
GOALS = {
    "first run, minutes": "at most 12",
    "first run, minutes of processor time": "at most 25",
    "first run, peak memory, GiB": "at most 4",
    "second run, seconds": "at most 5",
}


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, help="keep the clone here (default: temporary)")
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--out", type=Path, help="CSV to write")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        clone = args.folder or Path(temporary) / "rppg"
        subprocess.run(["git", "clone", "-q", HERE, clone], check=True)
        rows = measure(clone, ["make", "submission", f"PROFILE={args.profile}"])
    table = [("what", "value", "goal"), *((what, v, GOALS.get(what, "")) for what, v in rows)]
    for row in table:
        print("{:40}{:>10}  {}".format(*row))
    if args.out is not None:
        with args.out.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(table)


def measure(clone: Path, command: list[str]) -> list[tuple[str, float]]:
    """Rows of the table: the command run twice in a fresh clone.

    Raises RuntimeError if it fails, with the end of what it printed.
    """
    started_s = time.time()
    wall_s, cpu_s, peak_gib = watched(clone, command)
    installed_s = (clone / ".venv" / "installed").stat().st_mtime - started_s
    again_s, _, _ = watched(clone, command)
    return [
        ("processors", os.cpu_count()),
        ("installation, minutes", round(installed_s / 60, 2)),
        ("first run, minutes", round(wall_s / 60, 2)),
        ("first run, minutes of processor time", round(cpu_s / 60, 2)),
        ("first run, peak memory, GiB", round(peak_gib, 2)),
        ("second run, seconds", round(again_s, 1)),
    ]


def watched(clone: Path, command: list[str]) -> tuple[float, float, float]:
    """Seconds, seconds of processor time and peak GiB of a command and all that it starts."""
    log, start_s = clone.with_name(f"{clone.name}.log"), time.perf_counter()
    with log.open("w") as file:
        given = {"cwd": clone, "env": clean(), "stderr": subprocess.STDOUT}
        process = subprocess.Popen(command, stdout=file, **given)
        peak, done = [0.0], threading.Event()
        watch = threading.Thread(target=follow, args=(process.pid, peak, done))
        watch.start()
        _, status, used = os.wait4(process.pid, 0)
        done.set()
        watch.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{log.read_text()[-2000:]}")
    return time.perf_counter() - start_s, used.ru_utime + used.ru_stime, peak[0] / 2**30


def follow(pid: int, peak: list[float], done: threading.Event) -> None:
    """Keep in `peak` the most bytes that the process and its descendants held together."""
    while not done.wait(1.0):
        try:
            root = psutil.Process(pid)
            family = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        peak[0] = max(peak[0], sum(held(one) for one in family))


def held(process: psutil.Process) -> int:
    """Proportional set size in bytes; 0 of a process that has just ended."""
    try:
        return process.memory_full_info().pss
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


if __name__ == "__main__":
    main()
