"""Files and folders that appear by rename: complete or not at all.

What is being written lies beside its target: a folder, which has one writer at a time, as
`.tmp-<name>-<pid>`; a file, which processes of several machines may write at the same moment, as
`.tmp-<name>-<pid>@<machine>`.  A folder that is replaced is kept as `.old-<name>` until the new one
stands in its place, so at every moment a complete copy is on disk.  A folder is complete when it
holds the file named MARK.

    >>> import tempfile
    >>> path = atomic_write(Path(tempfile.mkdtemp()) / "a.txt", lambda p: p.write_text("whole"))
    >>> path.read_text()
    'whole'
"""

import os
import platform
import re
import shutil
from collections.abc import Callable
from pathlib import Path

MARK = "recording.json"


def atomic_write(path, write: Callable[[Path], object]) -> Path:
    """Let `write` fill a temporary file, then put it in the place of `path`; returns `path`.

    Others may do the same at the same time: the last one's file stays, whole.
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
    """Put the complete folder `new` in the place of `target`, which may be there already."""
    for path in (*new.iterdir(), new):
        fsync(path)
    if target.exists():
        target.rename(older(target))
    new.rename(target)
    fsync(target.parent)
    discard_older(target)


def complete_copy(target: Path) -> Path | None:
    """Where `target` can be read: its own folder, else the copy that was being replaced when the
    writer was killed, else None.  (Its own again: a replacement may end between two looks.)"""
    for folder in (target, older(target), target):
        if (folder / MARK).is_file():
            return folder
    return None


def clear_leftovers(target: Path) -> None:
    """Undo what a killed writer of `target` left.  Only for the writer that comes next."""
    remove_temporaries(target)
    if complete_copy(target) == older(target):
        if target.exists():
            shutil.rmtree(target)
        older(target).rename(target)
    _remove(older(target))


def discard_older(target: Path) -> None:
    """Remove the copy that `target` replaced, if `target` is complete.  Safe beside writers."""
    if (target / MARK).is_file():
        _remove(older(target))


def remove_temporaries(target: Path) -> None:
    """Remove what killed writers of `target` left half written."""
    pattern = re.compile(rf"\.tmp-{re.escape(target.name)}-\d+")
    for path in target.parent.iterdir():
        if pattern.fullmatch(path.name):
            _remove(path)


def remove_orphans(path: Path) -> None:
    """Remove what killed processes of this machine left of a file.  One that runs, and any of
    another machine, may still be writing: theirs stays."""
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
    """Make a file or a folder's list of names last through a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_running(pid: int) -> bool:
    if os.name != "posix":
        return True  # to ask there would end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _remove(path: Path) -> None:
    """Remove a file or folder; its MARK goes first, so a half-removed folder is never complete."""
    if path.is_dir():
        (path / MARK).unlink(missing_ok=True)
        shutil.rmtree(path, ignore_errors=True)  # another process may be removing it too
    else:
        path.unlink(missing_ok=True)
