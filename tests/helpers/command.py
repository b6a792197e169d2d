"""The `rppg` command as a subprocess."""

import subprocess
import sys


def rppg(*arguments) -> subprocess.CompletedProcess:
    """The command in a process of its own, as a shell would run it."""
    command = [sys.executable, "-m", "rppg", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)
