"""One folder's or one video's failure is one recording's problem; all others are read.

def read(root):
    return each_folder(DATASET, folders_in(root), _read_subject, levels=1)

>>> def closed(folder):
...     raise PermissionError(13, "Permission denied")
>>> one, = each_folder("PURE", [Path("data/01-01")], closed)
>>> one.id, one.problem
('PURE/01-01/unreadable', '01-01 cannot be read: Permission denied')
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from rppg.datasets.id_parts import safe_part
from rppg.datasets.readers.parsing import BadLabel, require
from rppg.datasets.recording import Recording, origin_of


def each_folder(
    dataset: str,
    folders: Sequence[Path],
    read_one: Callable[[Path], list[Recording]],
    levels: int = 1,
) -> list[Recording]:
    """The recordings of all folders; of one that cannot be read, a recording with its `problem`.

    levels: 1 where a folder is a subject's, 2 where the folder above it is.
    """
    found = []
    for folder in folders:
        try:
            found += read_one(folder)
        except (OSError, BadLabel) as error:
            parts = folder.parts[-levels:]
            why = error if isinstance(error, BadLabel) else _why(error, "/".join(parts))
            found.append(unreadable(dataset, parts[0], parts[1:] or ("unreadable",), folder, why))
    return found


def unreadable(dataset: str, subject: str, names: Sequence[str], place: Path, why) -> Recording:
    """A recording for a place that cannot be read."""
    return Recording(
        dataset=dataset,
        subject=safe_part(subject),
        name=safe_part("__".join(names)),
        frames=place,
        origin=origin_of(place),
        problem=str(why),
    )


def with_source_checked(recording: Recording) -> Recording:
    """A recording whose video is no file gets a `problem`; no video is opened."""
    if recording.problem is not None or isinstance(recording.frames, tuple):
        return recording
    path = recording.frames
    try:
        require(path, f"{path.parent.name}/{path.name}")
    except BadLabel as error:
        return replace(recording, problem=str(error))
    return recording


def _why(error: OSError, where: str) -> str:
    return f"{where} cannot be read: {error.strerror}"
