"""Results that are kept: runs that were moved aside, and links to those of other profiles.

A run of other parameters, code or inputs than today's is renamed, never deleted:

    runs/demo/net/tune -> runs/demo/previous/net/tune-1a2b3c4d  (the fingerprint's first digits)
                          runs/demo/previous/net/tune-1a2b3c4d.record.json

A result that another profile has already is linked to: runs/mine/net/tune -> ../../demo/net/tune.
The stage that reads it finds it under its own profile's name; a job that makes its own takes the
link away first, so that what is behind it is never changed.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from rppg.workflow.records import ASIDE, PREVIOUS, Record, write_record
from rppg.workflow.run_folder import lock_run_dir
from rppg.workflow.stage import Stage

LOCKS = {".lock"}  # files that alone do not make a folder a run


def move_aside(root: Path, stage: Stage, record: Record | None) -> str | None:
    """Rename the folder of a run; returns its new place, None if nothing was there.

    record: how it was made, if that is known.  Links to it follow.
    Raises BlockingIOError if another process has the folder open.
    """
    folder = stage.folders["run"]
    if not is_taken(root / folder):
        return None
    name = folder.removeprefix(f"runs/{stage.profile}/")
    mark = record.fingerprint[:8] if record else "unknown"
    place = _free(root, f"runs/{stage.profile}/{PREVIOUS}/{name}-{mark}")
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    links = list(_links_to(root, root / folder))
    with lock_run_dir(root / folder):  # nobody is training in it
        (root / folder).rename(root / place)
    if record is not None:
        write_record(root / f"{place}{ASIDE}", record.moved(folder, place))
    for link in links:
        link_folder(root, link, place)
    return place


def is_taken(folder: Path) -> bool:
    """Whether a folder of one's own, no link, holds anything."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    return any(path.name not in LOCKS for path in folder.iterdir())


def link_folder(root: Path, link: str, target: str) -> None:
    """Make `link` a link to the folder `target`, both relative to root; what it was, a link or
    an empty folder, is replaced."""
    place, text = root / link, os.path.relpath(root / target, (root / link).parent)
    if place.is_symlink() and os.readlink(place) == text:
        return
    if place.is_symlink():
        place.unlink()
    elif place.is_dir():
        for path in place.iterdir():  # locks
            path.unlink()
        place.rmdir()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(text, target_is_directory=True)


def _free(root: Path, place: str) -> str:
    """A place that is not there yet: itself, or with -2, -3 ... behind."""
    places = [place, *(f"{place}-{number}" for number in range(2, 1000))]
    return next(one for one in places if not (root / one).exists())


def _links_to(root: Path, folder: Path) -> Iterator[str]:
    """Links below runs/ that lead to a folder, relative to root."""
    for above, names, _ in os.walk(root / "runs"):
        for path in (Path(above, name) for name in names):
            if path.is_symlink() and path.resolve() == folder.resolve():
                yield path.relative_to(root).as_posix()
