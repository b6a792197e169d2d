"""The folder of a training run: who has it open, and which run it belongs to.

with run_folder(root / "runs/demo/net", {"notebook": ..., "parameters": {...}, "inputs": {...}}):
    ...  # the folder is there, is this run's, and no other process has it open

claim.json in the folder names what decides the run.  A folder of other facts is refused, or, with
the environment variable MOVE_ASIDE, renamed to `.aside-<name>-<number>`; nothing is ever deleted.
"""

import fcntl
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rppg.utils.atomic import atomic_write
from rppg.utils.dict_diff import MISSING, differences

CLAIM, LOCK = "claim.json", ".lock"
MOVE_ASIDE = "RPPG_MOVE_ASIDE"  # environment variable: rename another run instead of refusing
WAIT_S = 60  # of a torchrun's other processes for the first one
MOST_DIFFERENCES, MOST_CHARACTERS = 4, 48  # shown in an error


@contextmanager
def run_folder(folder: Path, facts: dict) -> Iterator[None]:
    """Hold the folder of the run that `facts` decide as long as the block lasts; make it if it is
    missing.

    facts: JSON values; `notebook`, `parameters`, `inputs` (digest by name) and `code` (digest by
    module).  Of the processes of a torchrun only the first one holds it, and the others wait until
    it does.  Raises FileExistsError if the folder holds another run or no run but files,
    BlockingIOError if another process has it open, TimeoutError if the first process does not come.
    """
    text = json.dumps(facts, indent=2, sort_keys=True) + "\n"
    if not is_first_process():
        _wait_for(folder / CLAIM, text)
        yield
        return
    _refuse_files_of_no_run(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if _holds_another(folder, text):
        with lock_run_dir(folder):
            _set_aside(folder, text)
        folder.mkdir()
    with lock_run_dir(folder):
        if not (folder / CLAIM).is_file():
            atomic_write(folder / CLAIM, lambda part: part.write_text(text))
        yield


def is_first_process() -> bool:
    """Whether this process is the first one of its torchrun, or the only one."""
    return int(os.environ.get("RANK", 0)) == 0


def _refuse_files_of_no_run(folder: Path) -> None:
    if folder.is_dir() and not (folder / CLAIM).is_file():
        if others := sorted(path.name for path in folder.iterdir() if path.name != LOCK):
            found = f"{folder} holds {', '.join(others[:3])} but no {CLAIM}"
            raise FileExistsError(f"{found}, so it is no folder of a run: give another run_dir")


def _holds_another(folder: Path, text: str) -> bool:
    return (folder / CLAIM).is_file() and (folder / CLAIM).read_bytes() != text.encode()


def _set_aside(folder: Path, text: str) -> None:
    if not os.environ.get(MOVE_ASIDE):
        differ = _what_differs(_claim(folder / CLAIM), json.loads(text))
        found = f"{folder} holds another run, which stays as it is ({differ})"
        advice = "give another run_dir, or use `rppg run`, which moves that run aside"
        raise FileExistsError(f"{found}: {advice}")
    names = (f".aside-{folder.name}-{number}" for number in range(1, 10_000))
    aside = next(p for p in map(folder.with_name, names) if not p.exists())
    folder.rename(aside)
    print(f"{folder} held another run, which is now {aside.name}")


def _claim(path: Path) -> dict:
    """The claim in a file; empty if it is damaged."""
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return {}
    return there if isinstance(there, dict) else {}


def _what_differs(there: dict, here: dict) -> str:
    """What is not the same in two claims, in words: parameters, then inputs, then code."""
    if there.keys() != here.keys():
        return f"its {CLAIM} does not name the parameters, inputs and code that made it"
    found = []
    for part in ("notebook", "parameters", "inputs", "code"):
        some = differences({part: there[part]}, {part: here[part]})
        found += [_in_words(key, old, new) for key, old, new in some]
    return "; ".join(found[:MOST_DIFFERENCES]) + ("; ..." if len(found) > MOST_DIFFERENCES else "")


def _in_words(key: str, old: object, new: object) -> str:
    part, _, name = key.partition(".")
    if part == "code":
        return f"code of {name} changed"
    if part == "inputs":
        return f"content of {name} changed"
    return f"{name or part}: {_short(old)} -> {_short(new)}"


def _short(value: object) -> str:
    text = "not set" if value is MISSING else json.dumps(value)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}..."


@contextmanager
def lock_run_dir(folder: Path) -> Iterator[None]:
    """Hold folder/.lock; the system frees it when this process ends, however it ends."""
    with (folder / LOCK).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "another process"
            advice = "wait until it ends, or give another run_dir"
            raise BlockingIOError(f"{folder} is open in {owner}: {advice}") from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node()}\n")
        file.flush()
        yield


def _wait_for(claim: Path, text: str) -> None:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        with suppress(FileNotFoundError):
            if claim.read_text() == text:
                return
        time.sleep(0.1)
    raise TimeoutError(f"{claim} was not written in {WAIT_S} s by the run's first process")
