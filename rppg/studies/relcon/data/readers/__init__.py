"""IMU dataset readers, one file per dataset: files as distributed in, recordings out.

`find_motion(root)` recognises datasets by file names, in the folder itself or some folders below
it, and opens nothing but the headers of plain tables; each `SourceFile` is read later.

    >>> [source.name for source in find_motion("data")]  # doctest: +SKIP
    ['PAMAP2_Dataset/Protocol/subject101.dat', 'BasicMotions_TEST.ts', 'BasicMotions_TRAIN.ts']
    >>> find_motion("data", {"PAMAP2": {"position": "ankle"}})  # doctest: +SKIP

To add a dataset, write one file here and one line below.  The file has

    LAYOUT           the files it reads, shown in errors
    find(root, ...)  -> iterator of SourceFile, one per file, in natural order; its `read()` yields
                     recordings in g and raises ValueError, naming the file, for malformed data.
                     Further arguments have defaults: they are the dataset's options.

and its docstring says what the files contain, the unit, the sampling rate, and the source of that.
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
from rppg.studies.relcon.data.recording import SourceFile

_MODULES = {
    "PAMAP2": pamap2,
    "HHAR": hhar,
    "MotionSense": motionsense,
    "Opportunity": opportunity,
    "Capture-24": capture24,
    "BasicMotions": basic_motions,
    "plain tables": plain_tables,
}
SHOWN = 5  # problems named in an error
READERS: dict[str, Callable[..., Iterator[SourceFile]]] = {k: m.find for k, m in _MODULES.items()}
LAYOUTS: dict[str, str] = {name: module.LAYOUT for name, module in _MODULES.items()}


def find_motion(root, options: Mapping[str, Mapping] | None = None) -> list[SourceFile]:
    """All recognised files below `root`, by dataset in the order of READERS, then by name.

    Tables and folders that cannot be read are sources with a `problem`.  options: readers' options
    by dataset, such as {"PAMAP2": {"position": "ankle"}}.  Raises ValueError for datasets and
    options that do not exist, FileNotFoundError, with what was found and expected, if `root` is not
    a folder or nothing in it is recognised.
    """
    root, options = Path(root), options or {}
    _check(options)
    expected = "\n".join(f"  {name}: {layout}" for name, layout in LAYOUTS.items())
    expected = f"expected, in it or at most {MAX_FOLDERS} folders deep, any of\n{expected}"
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is not a folder: {expected}")
    finds = ((find, options.get(name, {})) for name, find in READERS.items())
    sources = [source for find, given in finds for source in find(root, **given)]
    if not any(not source.problem for source in sources):
        shown = "".join(f"\n  {source.name}: {source.problem}" for source in sources[:SHOWN])
        more = f"\n  and {len(sources) - SHOWN} more" if len(sources) > SHOWN else ""
        found = f"; found{shown}{more}\n" if sources else ": "
        raise FileNotFoundError(f"{root} contains no known IMU dataset{found}{expected}")
    return sources


def _check(options: Mapping[str, Mapping]) -> None:
    for name, given in options.items():
        if name not in READERS:
            raise ValueError(f"unknown dataset {name!r}, expected one of {', '.join(READERS)}")
        known = list(inspect.signature(READERS[name]).parameters)[1:]  # without root
        if unknown := [option for option in given if option not in known]:
            names, expected = ", ".join(unknown), ", ".join(known) or "none"
            raise ValueError(f"{name} has no option {names}; it has: {expected}")
