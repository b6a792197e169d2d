"""Readers: from a dataset's folders to recordings, one file per layout.

`read(layout, root)` finds every recording of a layout under a folder, in natural order (subject 2
before 10), whatever the file system says.  Readers open label files, never videos.  A recording
with a wrong label is still returned, with its `problem`, so that nothing disappears unseen.

    >>> [recording.id for recording in read("folder", "my_videos")]  # doctest: +SKIP
    ['folder/root/a.mp4']
    >>> list(FOLDERS.values())[:2]
    ['UBFC-rPPG', 'VIPL-HR-V2']
    >>> find("data")  # doctest: +SKIP
    {'ubfc_rppg': PosixPath('data/UBFC-rPPG'), 'vipl_hr_v2': PosixPath('data/VIPL-HR-V2')}

To add a dataset, write one file here and one line below.  The file has

    LAYOUT      what lies below its root, shown in errors
    FOLDER      the usual name of its root; None if it has none
    PUBLISHED   a `Published`: counts and nominal frame rate, with their source; None if unknown
    read(root)  -> list of Recordings, one per video.  `subject` is what keeps one person in one
                fold; what is known to be bad is data, with the reason, and becomes `known_bad`; a
                label that cannot be understood becomes a `problem` that names the file, what was
                found and what was expected.  `read`, below, sorts, and refuses an empty folder and
                ids given twice.

and its docstring says what it needs on disk, with the source of each fact.  To have it exercised
without a licence, write its copy in rppg/synthetic/layouts/, too.
"""

import inspect
import math
import os
from collections.abc import Callable
from pathlib import Path

from rppg.datasets.readers import (
    cohface,
    disfa,
    ecg_fitness,
    mmse_hr,
    mr_nirp_car,
    obf,
    pure,
    repss_test_set,
    ubfc_phys,
    ubfc_rppg,
    video_folder,
    vipl_hr,
    vipl_hr_v2,
)
from rppg.datasets.readers.expected_counts import Published
from rppg.datasets.readers.parsing import VIDEO_SUFFIXES, endings, folders_in, natural, plain
from rppg.datasets.readers.video_folder import passed_over
from rppg.datasets.recording import Recording

_MODULES = {
    "ubfc_rppg": ubfc_rppg,
    "vipl_hr_v2": vipl_hr_v2,
    "pure": pure,
    "mmse_hr": mmse_hr,
    "disfa": disfa,
    "cohface": cohface,
    "mr_nirp_car": mr_nirp_car,
    "ubfc_phys": ubfc_phys,
    "ecg_fitness": ecg_fitness,
    "obf": obf,
    "vipl_hr": vipl_hr,
    "challenge_test": repss_test_set,
    "folder": video_folder,
}
READERS: dict[str, Callable[..., list[Recording]]] = {k: m.read for k, m in _MODULES.items()}
LAYOUTS: dict[str, str] = {k: m.LAYOUT for k, m in _MODULES.items()}
BENCHMARK_MARK = "challenge.json"  # lies at the root of a synthetic benchmark
FOLDERS: dict[str, str] = {k: m.FOLDER for k, m in _MODULES.items() if m.FOLDER}
PUBLISHED: dict[str, Published] = {k: m.PUBLISHED for k, m in _MODULES.items() if m.PUBLISHED}


def find(root) -> dict[str, Path]:
    """Which datasets lie directly below `root`, by folder name: layout -> folder, in the order of
    READERS.  Case and separators do not matter: UBFC_rPPG is UBFC-rPPG.

    Raises FileNotFoundError if `root` is no folder, ValueError if two folders are of one layout.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is no folder, expected one that holds datasets")
    named: dict[str, Path] = {}
    known = {plain(name) for name in FOLDERS.values()}
    for place in folders_in(root):
        other = named.setdefault(plain(place.name), place)
        if other is not place and plain(place.name) in known:
            raise ValueError(f"{other} and {place} are both named like one dataset: rename one")
    found = {layout: named.get(plain(name)) for layout, name in FOLDERS.items()}
    return {layout: place for layout, place in found.items() if place is not None}


def layouts_of(data, layout: str = "auto") -> dict[str, Path]:
    """Layout -> folder of what `data` holds, in this order: own videos if it has a labels.csv; the
    dataset that it is named like (the challenge's test tree has folders named like datasets); the
    datasets below it, by their folders' names; any videos, as `folder`.

    A synthetic benchmark is always a folder of datasets.  layout: a layout in place of "auto".
    """
    data = Path(data)
    if layout != "auto":
        return {layout: data}
    if not data.is_dir() or os.path.lexists(data / video_folder.LABELS):
        return {"folder": data}
    if (data / BENCHMARK_MARK).is_file():
        return find(data)
    own = plain(os.path.basename(os.path.abspath(data)))  # a link keeps its own name
    named = {layout: data for layout, name in FOLDERS.items() if plain(name) == own}
    return named or find(data) or {"folder": data}


def read(layout: str, root, **options) -> list[Recording]:
    """All recordings of a layout under `root`, sorted by id in natural order.

    Options are those of the layout's own `read`.  What is wrong with one recording is its
    `problem`; what is wrong with all of them is raised.  Raises ValueError for an unknown layout or
    option, FileNotFoundError where `root` does not exist, ValueError where nothing is found (it
    shows the expected layout) and where two recordings have the same id (it names both sources).
    """
    if layout not in READERS:
        raise ValueError(f"unknown layout {layout!r}, expected one of {', '.join(READERS)}")
    check_options(layout, options)
    root = Path(root)
    expected = f"expected a folder with layout {layout!r}:\n{LAYOUTS[layout]}"
    if not os.path.lexists(root):
        raise FileNotFoundError(f"{root} does not exist: {expected}")
    if layout != "folder" and not root.is_dir():
        raise ValueError(f"{root} is no folder, {expected}")
    recordings = READERS[layout](root, **options)
    if layout == "folder" and not recordings and (others := endings(passed_over(root))):
        suffixes = ", ".join(VIDEO_SUFFIXES)
        raise ValueError(f"{root} holds no videos; passed over: {others}; expected {suffixes}")
    if not recordings:
        raise ValueError(f"{root} holds no recordings: {expected}")
    _check_unique(recordings)
    return sorted(recordings, key=lambda recording: natural(recording.id))


def check_options(layout: str, options: dict) -> None:
    """Raises ValueError for options that the layout's own `read` has not, or of another type."""
    parameters = list(inspect.signature(READERS[layout]).parameters.values())[1:]  # but root
    known = {parameter.name: parameter.annotation for parameter in parameters}
    if unknown := [name for name in options if name not in known]:
        expected = ", ".join(known) or "none"
        raise ValueError(
            f"layout {layout!r} has no option {', '.join(unknown)}; it has: {expected}"
        )
    for name, value in options.items():
        kind = known[name]
        if not (isinstance(value, kind) or (type(value) is int and isinstance(1.0, kind))):
            expected = getattr(kind, "__name__", str(kind))
            found = f"option {name} of layout {layout!r} is {value!r}"
            raise ValueError(f"{found}, expected {expected}")
        if type(value) in (int, float) and not 0 < value < math.inf:
            raise ValueError(f"option {name} of layout {layout!r} is {value}, expected above 0")


def _check_unique(recordings: list[Recording]) -> None:
    first: dict[str, Recording] = {}
    for recording in recordings:
        other = first.setdefault(recording.id, recording)
        if other is not recording:
            both = f"{_source(other)} and {_source(recording)}"
            raise ValueError(f"two recordings have the id {recording.id!r}: {both}; rename one")


def _source(recording: Recording) -> Path:
    """The video file, or the folder of the images."""
    frames = recording.frames
    return frames[0].parent if isinstance(frames, tuple) else frames
