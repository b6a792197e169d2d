"""Notebooks started by a command each, and as copies of a process with its packages imported.

    python benchmarks/warm_start.py --out benchmarks/results/warm_start.csv

Runs a notebook of nothing but the imports of 04_finetune, one after the other, with one thread:
seconds on the clock and of processor time per notebook, the common imports and all ends included.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pandas as pd

from rppg.workflow.stage import RUN, Stage
from rppg.workflow.warm_start import ALL_THREADS, warm_process, warm_servers

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "notebooks" / "04_finetune.ipynb"


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=8, help="notebooks of a run (the demo has 9)")
    parser.add_argument("--out", type=Path, help="CSV to write")
    args = parser.parse_args()
    one_thread = os.environ | dict.fromkeys(ALL_THREADS, "1")
    with tempfile.TemporaryDirectory() as folder:
        words = [str(imports_only(Path(folder))), str(Path(folder, "out.ipynb"))]
        ways = {"command": commands, "copy": copies}
        rows = [(way, *measured(run, args.n, words, one_thread)) for way, run in ways.items()]
    table = pd.DataFrame(rows, columns=["way", "wall_s", "cpu_s"]).assign(n=args.n)
    print(table.to_string(index=False))
    if args.out is not None:
        table.to_csv(args.out, index=False)


def imports_only(folder: Path) -> Path:
    """A notebook of one parameter and the cell of imports."""
    cells = json.loads(SOURCE.read_text(encoding="utf-8"))["cells"]
    code = next(text for cell in cells if "import torch\n" in (text := "".join(cell["source"])))
    first = nbformat.v4.new_code_cell("n: int = 1", metadata={"tags": ["parameters"]})
    book = nbformat.v4.new_notebook(cells=[first, nbformat.v4.new_code_cell(code)])
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "imports.ipynb"
    nbformat.write(book, path)
    return path


def measured(run: Callable, n: int, words: list[str], env: dict) -> tuple[float, float]:
    """Seconds on the clock and of processor time per notebook."""
    start_s, before_s = time.perf_counter(), used_s()
    run(n, words, env)
    return round((time.perf_counter() - start_s) / n, 2), round((used_s() - before_s) / n, 2)


def used_s() -> float:
    """Seconds of processor time of all children that have ended, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def commands(n: int, words: list[str], env: dict) -> None:
    command = [sys.executable, "-m", "rppg.workflow.notebook", *words]
    for _ in range(n):
        subprocess.run(command, cwd=ROOT, env=env, check=True)


def copies(n: int, words: list[str], env: dict) -> None:
    """Raises RuntimeError if one fails or is no copy."""
    stages = [Stage(str(k), str(k), "none", RUN, notebook=SOURCE.stem) for k in range(n)]
    with warm_servers(ROOT, stages, cores=1) as names:
        for _ in range(n):
            process = warm_process(ROOT, words, env | names)
            if process is None or process.wait():
                raise RuntimeError("a notebook was not run as a copy, or failed")


if __name__ == "__main__":
    main()
