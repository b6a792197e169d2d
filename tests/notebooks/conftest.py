"""The smoke profile, run once for all tests of notebooks that need finished runs."""

import subprocess
from typing import NamedTuple

import pytest
from helpers.notebooks import ROOT, rppg_run


class SmokeRun(NamedTuple):
    """submissions/smoke, what `rppg run` printed, and what it would do next."""

    folder: object
    printed: str
    again: subprocess.CompletedProcess


@pytest.fixture(scope="session")
def smoke_run():
    """The whole pipeline on very little, through Snakemake and papermill."""
    printed = rppg_run("--profile", "smoke").stdout
    again = rppg_run("--profile", "smoke", "-n")
    return SmokeRun(ROOT / "submissions" / "smoke", printed, again)
