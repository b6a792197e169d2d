"""Where the tests' time goes: the fast and the slow half of `make test`, by file.

    python benchmarks/suite_time.py --out benchmarks/results/suite_time.csv    # half an hour
    python benchmarks/suite_time.py --report fast=fast.xml slow=slow.xml       # reports of pytest

One row per half and file of tests: their number, the sum of their seconds, and its share of the
half's; files with less than 1 % are one row per folder.  `all` sums a half, and is more than its
minutes on the clock, `wall_min`, as several processes run tests side by side.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd

ROOT = Path(__file__).parents[1]
HALVES = {"fast": "not slow", "slow": "slow"}  # as in the Makefile
PARALLEL = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")
SMALL = 0.01  # share of a half, below which a file has no row of its own


def main() -> None:
    """Run the tests or read their reports, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--report", nargs="+", metavar="HALF=FILE", help="of --junitxml")
    parser.add_argument("--out", type=Path, help="CSV to write")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        given = [text.split("=", 1) for text in args.report or []]
        reports = {half: Path(path) for half, path in given} or run(Path(folder))
        tables = [table(half, report) for half, report in reports.items()]
    found = pd.concat(tables, ignore_index=True)
    print(found.to_string(index=False, float_format="%.3f"))
    if args.out:
        found.to_csv(args.out, index=False, float_format="%.4g")


def run(folder: Path) -> dict[str, Path]:
    """The report of each half.  A test that fails is in it, too."""
    found = {}
    for half, marks in HALVES.items():
        report = folder / f"{half}.xml"
        words = ["-m", "pytest", *PARALLEL, "-q", "-m", marks, f"--junitxml={report}"]
        done = subprocess.run([sys.executable, *words], cwd=ROOT)
        if done.returncode > 1:  # 1: some failed
            sys.exit(f"pytest ended with exit status {done.returncode}")
        found[half] = report
    return found


def table(half: str, report: Path) -> pd.DataFrame:
    """The rows of one half, the longest first."""
    suites = ElementTree.parse(report)
    minutes = sum(float(one.get("time")) for one in suites.iter("testsuite")) / 60
    cases = [(place_of(one), float(one.get("time"))) for one in suites.iter("testcase")]
    tests = pd.DataFrame(cases, columns=["what", "seconds"])
    whole_s = tests["seconds"].sum()
    of_file = tests.groupby("what")["seconds"].transform("sum")
    is_small = of_file < SMALL * whole_s
    tests.loc[is_small, "what"] = tests.loc[is_small, "what"].str.replace(
        "/[^/]*$", ", short files", regex=True
    )
    rows = tests.groupby("what")["seconds"].agg(tests="size", seconds="sum").reset_index()
    rows = rows.sort_values("seconds", ascending=False)
    every = {"what": "all", "tests": len(tests), "seconds": whole_s, "wall_min": minutes}
    rows = pd.concat([pd.DataFrame([every]), rows], ignore_index=True)
    rows.insert(0, "half", half)
    return rows.assign(share=rows["seconds"] / whole_s)


def place_of(case: ElementTree.Element) -> str:
    """The file of a test case, as a path below the project: classname is the module, and maybe a
    class in it."""
    words = case.get("classname", "").split(".")
    while words and not (ROOT / "/".join(words)).with_suffix(".py").is_file():
        words.pop()
    return "/".join(words) + ".py" if words else "unknown"


if __name__ == "__main__":
    main()
