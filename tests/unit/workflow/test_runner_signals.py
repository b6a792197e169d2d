"""Whatever ends `rppg run` ends everything that it has started."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.runner import NOTEBOOKS, planned, rppg_run, toy_project, until, write_notebook
from helpers.vision_clips import heed_interrupts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc"),
]
SLEEP = """import subprocess, time
subprocess.Popen(['sleep', '1234'])
Path('started').touch()
time.sleep(1234)"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose notebook 02_learn never ends."""
    folder = toy_project(tmp_path_factory.mktemp("signals") / "project")
    write_notebook(folder, "02_learn", NOTEBOOKS["02_learn"][0], SLEEP)
    return folder


def processes_in(folder: Path) -> list[str]:
    """Processes whose working folder this is."""
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and _folder_of(pid) == str(folder)]


def _folder_of(pid: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_goes_on_in_the_background(project, number):
    mark = project / "started"
    mark.unlink(missing_ok=True)
    words = [sys.executable, "-m", "rppg.cli", "run", "net/learn", "--profile", "toy"]
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    streams |= {"preexec_fn": heed_interrupts}
    process = subprocess.Popen([*words, "--data", "data"], cwd=project, **streams)
    assert until(mark.exists, 240.0) and len(processes_in(project)) >= 5
    if number == signal.SIGINT:
        refused = rppg_run(project, "net/learn")
        owner = f"profile toy is being run by process {process.pid} on "
        assert refused.returncode == 1 and owner in refused.stderr
    process.send_signal(number)
    assert process.wait(timeout=300) != 0
    assert until(lambda: not processes_in(project), 60.0), processes_in(project)
    assert planned(project, "net/learn") == {"net/learn": "was interrupted"}
