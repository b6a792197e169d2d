"""GPUs for stages that run side by side on one machine: each stage has its own while it runs.

    environment |= gpus_variable(["0", "1"], n_at_once=None)  # of `rppg run`: which GPUs there are
    with own_gpus(root, n=1) as own:  # in a job; waits until one is free
        subprocess.run(words, env=os.environ | own)  # CUDA_VISIBLE_DEVICES=1

A job holds a GPU by a lock on a file, .snakemake/gpus/<host>/<GPU>-1.lock, which the system frees
when the job ends, however it ends.  The locks are the project's: two profiles that run at the same
time share the GPUs out, too.  Without the variable (no GPU, by hand, on a cluster, whose scheduler
assigns GPUs) nothing is held and nothing changes.
"""

import fcntl
import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

GPUS = "RPPG_GPUS"  # environment variable: "0,1", names as in CUDA_VISIBLE_DEVICES
VISIBLE = "CUDA_VISIBLE_DEVICES"
POLL_S = 0.5


def gpu_names(n_seen: int, visible: str | None) -> list[str]:
    """Names of the GPUs that PyTorch sees, for CUDA_VISIBLE_DEVICES of a process started from here.

    visible: this process's own CUDA_VISIBLE_DEVICES, of indices or UUIDs; None if it is not set.
    CUDA ignores what follows an invalid name, so the first n_seen are those that it sees.

    >>> gpu_names(2, None), gpu_names(2, "3,GPU-8932f937,-1"), gpu_names(0, "")
    (['0', '1'], ['3', 'GPU-8932f937'], [])
    """
    if visible is None:
        return [str(number) for number in range(n_seen)]
    return [name.strip() for name in visible.split(",")][:n_seen]


def gpus_variable(names: Sequence[str], n_at_once: int | None) -> dict[str, str]:
    """The environment variable that tells jobs the GPUs; empty if there are none.

    n_at_once: stages that may run side by side; if they are more than the GPUs, they share them.

    >>> gpus_variable(["0", "1"], 3), gpus_variable(["0", "1"], 1), gpus_variable([], None)
    ({'RPPG_GPUS': '0,1,0'}, {'RPPG_GPUS': '0,1'}, {'RPPG_GPUS': ''})
    """
    n = max(len(names), n_at_once or 0) if names else 0
    return {GPUS: ",".join(names[k % len(names)] for k in range(n))}


@contextmanager
def own_gpus(
    root: Path, n: int, say: Callable[[str], object] = lambda text: None
) -> Iterator[dict[str, str]]:
    """Hold n different GPUs as long as the block lasts, all of them if there are fewer; gives
    CUDA_VISIBLE_DEVICES for a process that uses them, nothing if n is 0 or no GPU is named.

    Waits until enough are free, and says so.
    """
    slots = [name for name in os.environ.get(GPUS, "").split(",") if name]
    n = min(n, len(set(slots)))
    if n == 0:
        yield {}
        return
    folder = root / ".snakemake" / "gpus" / quote(platform.node(), safe="")
    folder.mkdir(parents=True, exist_ok=True)
    waits = False
    while True:
        with ExitStack() as stack:
            held = _hold(stack, folder, slots, n)
            if len(held) == n:
                yield {VISIBLE: ",".join(held)}
                return
        if not waits:
            say(f"waits for a GPU, all of {','.join(dict.fromkeys(slots))} are in use")
        waits = True
        time.sleep(POLL_S)


def _hold(stack: ExitStack, folder: Path, slots: Sequence[str], n: int) -> list[str]:
    """Lock up to n free GPUs until the stack is closed; one process at a time chooses."""
    held, counts = [], Counter()
    with (folder / "choosing.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for name in slots:
            counts[name] += 1
            if len(held) < n and name not in held:
                file = folder / f"{quote(name, safe='')}-{counts[name]}.lock"
                if _lock(stack, file):
                    held.append(name)
    return held


def _lock(stack: ExitStack, path: Path) -> bool:
    """Whether a file could be locked until the stack is closed."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    stack.enter_context(file)
    return True
