"""Readers of motion: from a dataset's files as they are distributed to recordings, one file each.

`find_motion(root)` finds what it knows by the names of files, in the folder itself or some folders
below it, and opens nothing but the headers of plain tables; each `Found` is read when it is asked.

    >>> [found.name for found in find_motion("data")]  # doctest: +SKIP
    ['PAMAP2_Dataset/Protocol/subject101.dat', 'BasicMotions_TEST.ts', 'BasicMotions_TRAIN.ts']
    >>> find_motion("data", {"PAMAP2": {"position": "ankle"}})  # doctest: +SKIP

To add a dataset, write one file here and one line below.  The file has

    LAYOUT           the files that it knows, shown in errors
    find(root, ...)  -> iterator of Found, one a file, in natural order; its `read()` yields
                     recordings in g and raises ValueError, naming the file, for what it cannot
                     understand.  Further arguments have defaults: they are the dataset's options.

and its docstring says what the files hold, in which unit, at which rate, and the source of that.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from rppg.studies.relcon.data.readers import (
    basic_motions,
    capture24,
    hhar,
    motionsense,
    opportunity,
    pamap2,
    plain_tables,
)
from rppg.studies.relcon.data.readers.parsing import MAX_FOLDERS
from rppg.studies.relcon.data.recording import Found

_MODULES = {
    "PAMAP2": pamap2,
    "HHAR": hhar,
    "MotionSense": motionsense,
    "Opportunity": opportunity,
    "Capture-24": capture24,
    "BasicMotions": basic_motions,
    "plain tables": plain_tables,
}
READERS: dict[str, Callable[..., Iterator[Found]]] = {k: m.find for k, m in _MODULES.items()}
LAYOUTS: dict[str, str] = {name: module.LAYOUT for name, module in _MODULES.items()}


def find_motion(root, options: Mapping[str, Mapping] | None = None) -> list[Found]:
    """All that is known below `root`, by dataset in the order of READERS, then by name.

    options: by dataset, what its reader is given, such as {"PAMAP2": {"position": "ankle"}}.
    Raises ValueError for datasets and options that do not exist, FileNotFoundError, with what was
    expected, where `root` is no folder or nothing is known in it.
    """
    root, options = Path(root), options or {}
    _check(options)
    expected = "\n".join(f"  {name}: {layout}" for name, layout in LAYOUTS.items())
    expected = f"expected, in it or at most {MAX_FOLDERS} folders deep, any of\n{expected}"
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is no folder: {expected}")
    found = [one for name, find in READERS.items() for one in find(root, **options.get(name, {}))]
    if not found:
        raise FileNotFoundError(f"{root} holds no motion that is known: {expected}")
    return found


def _check(options: Mapping[str, Mapping]) -> None:
    for name, given in options.items():
        if name not in READERS:
            raise ValueError(f"unknown dataset {name!r}, expected one of {', '.join(READERS)}")
        known = list(inspect.signature(READERS[name]).parameters)[1:]  # but root
        if unknown := [option for option in given if option not in known]:
            found, has = ", ".join(unknown), ", ".join(known) or "none"
            raise ValueError(f"{name} has no option {found}; it has: {has}")
