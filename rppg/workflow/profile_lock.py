"""One run of a profile at a time.

with profile_lock(root, ["demo"]):
    ...  # a second `rppg run --profile demo` is refused, and told who runs it

The lock is on a file, runs/<profile>/.lock, and belongs to the process: the system frees it when
the process ends, however it ends.
"""

import fcntl
import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO


@contextmanager
def profile_lock(root: Path, profiles: Sequence[str]) -> Iterator[None]:
    """Hold the locks of these profiles.  Raises BlockingIOError if another process has one."""
    with ExitStack() as stack:
        for name in sorted(set(profiles)):
            path = root / "runs" / name / ".lock"
            path.parent.mkdir(parents=True, exist_ok=True)
            _take(stack.enter_context(path.open("a+")), name)
        yield


def _take(file: TextIO, profile: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise BlockingIOError(_refusal(file.read(), profile)) from None
    file.truncate(0)
    began = datetime.now().isoformat(sep=" ", timespec="seconds")
    command = " ".join(["rppg", *sys.argv[1:]])
    owner = {"pid": os.getpid(), "host": platform.node(), "began": began, "command": command}
    file.write(json.dumps(owner) + "\n")
    file.flush()


def _refusal(text: str, profile: str) -> str:
    try:
        owner = json.loads(text)
    except json.JSONDecodeError:  # it has the lock, but has not written yet
        return f"profile {profile} is being run by another process: wait until it ends"
    who = f"process {owner['pid']} on {owner['host']} since {owner['began']}: {owner['command']}"
    return f"profile {profile} is being run by {who}; wait until it ends, or stop it"
