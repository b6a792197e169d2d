"""Folders that are not read as datasets: archives, datasets one folder too deep, misspelled names.

    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> (root / "videos" / "PURE").mkdir(parents=True), (root / "UBFC-rPGG").mkdir()
    (None, None)
    >>> for hint in misplaced(root, missing=["pure", "ubfc_rppg"])[0]:
    ...     print(hint.split(": ")[0])
    UBFC-rPGG is spelled almost like UBFC-rPPG
    videos holds PURE

Only names are compared; no file is opened.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from rppg.datasets.id_parts import shown
from rppg.datasets.readers import FOLDERS
from rppg.datasets.readers.parsing import folders_in, natural, plain

ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".tgz", ".gz", ".bz2", ".xz")
SIMILAR = 0.6  # difflib's ratio: ubfc2 is similar to ubfcrppg
ENDS = ("dataset", "database", "data")  # Pure_dataset is similar to PURE
SHOWN = 4  # names in a message


def misplaced(root: Path, missing: Collection[str]) -> tuple[list[str], list[str]]:
    """Probable mistakes, one line with advice each; and names of other folders that are ignored.

    missing: layouts that were not found directly below `root`.
    """
    names = {plain(name): name for name in FOLDERS.values()}
    wanted = {plain(FOLDERS[layout]) for layout in missing}
    hints, ignored = [], []
    for place in [root, *folders_in(root)]:
        hints += _tried(_archives, root, place)
    for folder in folders_in(root):
        own = _tried(_hints, root, folder, names, wanted)
        hints += own
        if plain(folder.name) not in names and not own:
            ignored.append(shown(folder.name))
    return [*dict.fromkeys(map(shown, hints))], ignored


def _tried(find_hints: Callable[..., Iterator[str]], root: Path, folder: Path, *more) -> list[str]:
    """The hints of a folder; that it cannot be listed is one."""
    try:
        return list(find_hints(root, folder, *more))
    except OSError as error:
        return [f"{shown(folder.name)} cannot be listed: {error.strerror}"]


def some(names: Sequence[str]) -> str:
    """The first names, and dots if there are more."""
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def _hints(root: Path, folder: Path, names: dict[str, str], wanted: set[str]) -> Iterator[str]:
    """What a folder holds or seems to be that is not read."""
    own = plain(folder.name)
    base = next((own.removesuffix(end) for end in ENDS if own.endswith(end)), own) or own
    held = [inner.name for inner in folders_in(folder) if plain(inner.name) in wanted]
    if held:
        yield f"{folder.name} holds {', '.join(held)}: move or link that into {root}"
    elif own not in names and (similar := get_close_matches(base, wanted, n=1, cutoff=SIMILAR)):
        name = names[similar[0]]
        yield f"{folder.name} is spelled almost like {name}: rename it if it is that dataset"


def _archives(root: Path, place: Path) -> Iterator[str]:
    """Archives directly in a place without a folder of their name (up to its first dot)."""
    paths = [path for path in place.iterdir() if path.suffix.lower() in ARCHIVES]
    extracted = {plain(folder.name) for folder in folders_in(place)} if paths else set()
    names = [path.name for path in paths if plain(path.name.split(".")[0]) not in extracted]
    if names:
        where = place.relative_to(root) if place != root else root
        text = f"{where} has archives that seem not to be extracted"
        yield f"{text}: {some(sorted(names, key=natural))}: only folders are read"
