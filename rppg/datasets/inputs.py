"""Datasets wherever they lie below a read-only folder, linked into one folder that can be run.

    >>> links = link_inputs("/kaggle/input", "/kaggle/temp/rppg/data")  # doctest: +SKIP
    >>> links["PURE"]  # doctest: +SKIP
    PosixPath('/kaggle/input/datasets/somebody/pure/PURE')

Kaggle mounts a competition and each dataset in a folder of its own, which may be called like the
dataset or hold a folder that is.  The result is what `rppg check-data` and `rppg run --data` take:
a folder with the datasets under their names, the challenge's `test`, and its CSV files.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from rppg.datasets.readers import FOLDERS
from rppg.datasets.readers.parsing import folders_in, plain
from rppg.datasets.readers.repss_test_set import DATASETS as TEST_DATASETS

DEEPEST = 5  # levels of folders that are searched
FILES = ("sample_submission.csv", "solution.csv")
TEST = FOLDERS["challenge_test"]


def link_inputs(inputs: Path | str, data: Path | str, only: Collection[str] = ()) -> dict:
    """Link what is found below `inputs` into the folder `data`: name of the link -> its target.

    Datasets are found by the names of their folders, capitals and separators aside; their own
    folders are not searched.  only: names of the datasets to link; empty: all.  Links of an
    earlier call are replaced.  Raises FileNotFoundError if `inputs` is no folder or lacks one of
    `only`, ValueError if a dataset is found twice.
    """
    inputs, data = Path(inputs), Path(data)
    if not inputs.is_dir():
        raise FileNotFoundError(f"{inputs} is no folder, expected one that holds inputs")
    found: dict[str, Path] = {}
    for name, place in _datasets(inputs):
        if found.setdefault(name, place) != place:
            raise ValueError(f"{name} is found twice, in {found[name]} and {place}: remove one")
    if missing := [name for name in only if name not in found]:
        there = ", ".join(found) or "no dataset"
        raise FileNotFoundError(f"{inputs} has no {', '.join(missing)}, found {there}")
    found = {name: found[name] for name in found if not only or name in only}
    found |= dict(_files(inputs))
    _link(data, found)
    return found


def _datasets(folder: Path, depth: int = 0) -> Iterator[tuple[str, Path]]:
    """Names and folders of the datasets below a folder; `test` is one if it looks like it."""
    names = {plain(name): name for name in FOLDERS.values()}
    for place in folders_in(folder):
        name = names.get(plain(place.name))
        inner = [one for one in folders_in(place) if plain(one.name) == plain(place.name)]
        if name == TEST and not _is_test(place):
            name = None
        if name is not None:
            yield name, inner[0] if inner else place
        elif depth < DEEPEST:
            yield from _datasets(place, depth + 1)


def _is_test(place: Path) -> bool:
    """Whether a folder called `test` holds the challenge's datasets."""
    held = {plain(one.name) for one in folders_in(place)}
    return bool(held & {plain(name) for name in TEST_DATASETS})


def _files(inputs: Path) -> Iterator[tuple[str, Path]]:
    """The challenge's CSV files, those that lie highest."""
    for name in FILES:
        levels = (sorted(inputs.glob("*/" * depth + name)) for depth in range(4))
        if paths := next((level for level in levels if level), None):
            yield name, paths[0]


def _link(data: Path, found: dict[str, Path]) -> None:
    """Make `data` hold links to what was found, and no others."""
    data.mkdir(parents=True, exist_ok=True)
    for old in data.iterdir():
        if old.is_symlink():
            old.unlink()
    for name, place in found.items():
        (data / name).symlink_to(place.resolve())
