"""Atomic writes: files and folders appear by renaming, complete or not at all.

Temporary copies are next to their target: a folder, which has one writer at a time, as
`.tmp-<name>-<pid>`; a file, which processes on several machines may write at the same time, as
`.tmp-<name>-<pid>@<machine>`.  A folder that is replaced is kept as `.old-<name>` until the new one
is in place, so that a complete copy is on disk at every moment.  A folder is complete if it
contains the file named MARK.

    >>> import tempfile
    >>> path = atomic_write(Path(tempfile.mkdtemp()) / "a.txt", lambda p: p.write_text("text"))
    >>> path.read_text()
    'text'
"""

import os
import platform
import re
import shutil
from collections.abc import Callable
from pathlib import Path

MARK = "recording.json"


def atomic_write(path, write: Callable[[Path], object]) -> Path:
    """Call `write` on a temporary file, then rename that to `path`; returns `path`.

    Several processes may write the same path at the same time: the last one's file stays, complete.
    """
    path = Path(path)
    remove_orphans(path)
    part = path.with_name(f"{temporary(path).name}@{platform.node()}")
    try:
        write(part)
        fsync(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    fsync(path.parent)
    return path


def replace_folder(new: Path, target: Path) -> None:
    """Rename the complete folder `new` to `target`, which may exist."""
    for path in (*new.iterdir(), new):
        fsync(path)
    if target.exists():
        target.rename(older(target))
    new.rename(target)
    fsync(target.parent)
    discard_older(target)


def complete_copy(target: Path) -> Path | None:
    """The folder in which `target` can be read: itself, else the copy that was being replaced when
    the writer was killed, else None.  (`target` is checked again, because a replacement may end
    between the two checks.)"""
    for folder in (target, older(target), target):
        if (folder / MARK).is_file():
            return folder
    return None


def clear_leftovers(target: Path) -> None:
    """Clean up after a killed writer of `target`.  Only for the next writer."""
    remove_temporaries(target)
    if complete_copy(target) == older(target):
        if target.exists():
            shutil.rmtree(target)
        older(target).rename(target)
    _remove(older(target))


def discard_older(target: Path) -> None:
    """Remove the copy that `target` replaced, if `target` is complete.  Safe during writes."""
    if (target / MARK).is_file():
        _remove(older(target))


def remove_temporaries(target: Path) -> None:
    """Remove the temporary folders of killed writers of `target`."""
    pattern = re.compile(rf"\.tmp-{re.escape(target.name)}-\d+")
    for path in target.parent.iterdir():
        if pattern.fullmatch(path.name):
            _remove(path)


def remove_orphans(path: Path) -> None:
    """Remove temporary files of killed processes of this machine.  Those of running processes, and
    of other machines, may still be in use and stay."""
    mine = rf"\.tmp-{re.escape(path.name)}-(\d+)@{re.escape(platform.node())}"
    for part in path.parent.iterdir():
        found = re.fullmatch(mine, part.name)
        if found and not _is_running(int(found[1])):
            _remove(part)


def temporary(target: Path) -> Path:
    return target.with_name(f".tmp-{target.name}-{os.getpid()}")


def older(target: Path) -> Path:
    return target.with_name(f".old-{target.name}")


def fsync(path: Path) -> None:
    """Flush a file, or the entries of a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_running(pid: int) -> bool:
    if os.name != "posix":
        return True  # on Windows, os.kill(pid, 0) would end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # a process of another user
        return True
    return True


def _remove(path: Path) -> None:
    """Remove a file or folder, a folder's MARK first, so that the rest never looks complete."""
    if path.is_dir():
        (path / MARK).unlink(missing_ok=True)
        shutil.rmtree(path, ignore_errors=True)  # another process may be removing it too
    else:
        path.unlink(missing_ok=True)
