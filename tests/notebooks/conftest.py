"""The smoke profile, run once for all tests of notebooks that need finished runs."""

import subprocess
import sys
from typing import NamedTuple

import pytest
from helpers.notebooks import ROOT


class SmokeRun(NamedTuple):
    """submissions/smoke, what `rppg run` printed, and what it would do next."""

    folder: object
    printed: str
    again: subprocess.CompletedProcess


@pytest.fixture(scope="session")
def smoke_run():
    """The whole pipeline on very little, through Snakemake and papermill."""
    command = [sys.executable, "-m", "rppg.cli", "run", "--profile", "smoke"]
    first = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert first.returncode == 0, first.stderr[-3000:]
    again = subprocess.run([*command, "-n"], cwd=ROOT, capture_output=True, text=True)
    return SmokeRun(ROOT / "submissions" / "smoke", first.stdout, again)
