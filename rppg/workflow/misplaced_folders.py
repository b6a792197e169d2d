"""What lies below a folder of datasets and is not read: archives, folders of other names.

    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> video = root / "UBFC2" / "DATASET_2" / "subject1" / "vid.avi"
    >>> video.parent.mkdir(parents=True)
    >>> _ = video.write_bytes(b"a video"), (root / "UBFC2" / "x.zip").write_bytes(b"an archive")
    >>> for hint in look_around(root, lacking=["pure", "ubfc_rppg"])[0]:
    ...     print(hint.split(": ")[0])
    UBFC2 has archives that seem not to be extracted
    UBFC2 looks like UBFC-rPPG (1 recordings)

Nothing is opened but label files, and those only by the datasets' own readers.
"""

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from rppg.datasets.readers import FOLDERS, read
from rppg.datasets.readers.parsing import folders_in, natural, plain

ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".tgz", ".gz", ".bz2", ".xz")
DEPTH = 2  # so far below a folder it is looked
MANY = 50  # a folder that holds more than so many others is no wrapper of datasets
ALIKE = 0.75  # of difflib's ratio: PUER is PURE
SHOWN = 4  # so many names are shown


def look_around(
    root: Path, lacking: Sequence[str], read_from: Collection[str] = ()
) -> tuple[list[str], list[str]]:
    """What is probably a mistake, a line each with advice; and names of folders that are ignored.

    lacking: layouts that are looked for in folders of other names.  read_from: layouts whose own
    folders hold recordings, so that nobody need look into them again.
    """
    hints = list(_archives(root))
    spilled = [layout for layout in lacking if _may_lie_open(layout, root) and count(layout, root)]
    for layout in spilled:
        name = FOLDERS[layout]
        text = f"{name}: its folders seem to lie in {root} itself: put them into {root / name}"
        hints.append(f"{text} (or give the folder above, where this one is {name})")
    wanted = [layout for layout in lacking if layout not in spilled]
    layout_of, ignored = {plain(name): layout for layout, name in FOLDERS.items()}, []
    for folder in folders_in(root):
        layout = layout_of.get(plain(folder.name))
        if layout in read_from:
            continue
        hints += (own := list(_hints(root, folder, wanted)))
        if layout is None and not own:
            ignored.append(folder.name)
    return hints, ignored


def count(layout: str, place: Path) -> int:
    """How many sound recordings a layout's reader finds in a folder; 0 where it refuses it."""
    try:
        return sum(not recording.problem for recording in read(layout, place))
    except (ValueError, OSError):  # what a reader says to a folder that is not its own
        return 0


def some(names: Sequence[str]) -> str:
    """The first names, and dots where there are more."""
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def _archives(root: Path) -> Iterator[str]:
    """Folders with archives beside which no folder has their name, up to its first dot."""
    for place in [root, *_folders_below(root)]:
        paths = [path for path in place.iterdir() if path.suffix.lower() in ARCHIVES]
        beside = {plain(folder.name) for folder in folders_in(place)} if paths else set()
        names = [path.name for path in paths if plain(path.name.split(".")[0]) not in beside]
        if names:
            where = place.relative_to(root) if place != root else root
            text = f"{where} has archives that seem not to be extracted"
            yield f"{text}: {some(sorted(names, key=natural))}: only folders are read"


def _may_lie_open(layout: str, root: Path) -> bool:
    """Whether a dataset may lie in root without a folder of its own: the test tree only where
    VIPL_HR does, as OBF is also a dataset's name."""
    return layout != "challenge_test" or (root / "VIPL_HR").is_dir()


def _hints(root: Path, folder: Path, wanted: Sequence[str]) -> Iterator[str]:
    """What a folder seems to be or to hold that is read as no dataset, or as an empty one."""
    lacking, own = list(wanted), plain(folder.name)
    for place in [folder, *_folders_below(folder, MANY)]:
        inside = {plain(inner.name) for inner in folders_in(place)} - {own}
        held = [layout for layout in lacking if plain(FOLDERS[layout]) in inside]
        if held:
            names = ", ".join(FOLDERS[layout] for layout in held)
            yield f"{place.relative_to(root)} holds {names}: move or link that into {root}"
        lacking = [layout for layout in lacking if layout not in held]
        counts = {layout: count(layout, place) for layout in lacking}
        if any(counts.values()):
            layout = max(counts, key=counts.get)
            lacking.remove(layout)
            yield _looks_like(root, folder, place, layout, counts[layout])
    known = {plain(name): name for name in FOLDERS.values()}
    alike = get_close_matches(own, known, n=1, cutoff=ALIKE)
    if alike and own not in known and len(lacking) == len(wanted):
        yield f"{folder.name} is spelled almost like {known[alike[0]]}, but holds nothing like it"


def _looks_like(root: Path, folder: Path, place: Path, layout: str, n: int) -> str:
    goal = root / FOLDERS[layout]
    text = f"{place.relative_to(root)} looks like {FOLDERS[layout]} ({n} recordings)"
    if place == folder:
        return f"{text}: rename it, or link it as {goal}"
    return f"{text}: move or link what it holds into {goal}"


def _folders_below(root: Path, many: int | None = None) -> Iterator[Path]:
    """Folders level by level, DEPTH of them; not those in a folder that holds more than `many`."""
    level = [root]
    for _ in range(DEPTH):
        inner = [folders_in(place) for place in level]
        level = [path for paths in inner if not many or len(paths) <= many for path in paths]
        yield from level
