"""Readers: from a dataset's folders to recordings, one file a layout.

`read(layout, root)` finds every recording of a layout under a folder, in natural order (subject 2
before 10), whatever the file system says.  Readers open label files, never videos.  A recording
with a wrong label is still returned, with its `problem`, so that nothing disappears unseen.

    >>> list(READERS)
    ['ubfc_rppg', 'vipl_hr_v2', 'challenge_test', 'folder']
    >>> [recording.id for recording in read("folder", "my_videos")]  # doctest: +SKIP
    ['folder/root/a.mp4']
"""

from collections.abc import Callable
from pathlib import Path

from rppg.recordings.readers import challenge_test, folder, ubfc_rppg, vipl_hr_v2
from rppg.recordings.readers.files import natural
from rppg.recordings.recording import Recording

_MODULES = {
    "ubfc_rppg": ubfc_rppg,
    "vipl_hr_v2": vipl_hr_v2,
    "challenge_test": challenge_test,
    "folder": folder,
}
READERS: dict[str, Callable[..., list[Recording]]] = {k: m.read for k, m in _MODULES.items()}
LAYOUTS: dict[str, str] = {k: m.LAYOUT for k, m in _MODULES.items()}


def read(layout: str, root, **options) -> list[Recording]:
    """All recordings of a layout under `root`, sorted by id in natural order.

    Options are those of the layout's own `read`.  Raises ValueError for an unknown layout,
    FileNotFoundError where `root` does not exist, ValueError where nothing is found (it shows the
    expected layout) and where two recordings have the same id (it names both sources).
    """
    if layout not in READERS:
        raise ValueError(f"unknown layout {layout!r}, expected one of {', '.join(READERS)}")
    root = Path(root)
    expected = f"expected a folder with layout {layout!r}:\n{LAYOUTS[layout]}"
    if not root.exists():
        raise FileNotFoundError(f"{root} does not exist: {expected}")
    recordings = READERS[layout](root, **options)
    if not recordings:
        raise ValueError(f"{root} holds no recordings: {expected}")
    _check_unique(recordings)
    return sorted(recordings, key=lambda recording: natural(recording.id))


def _check_unique(recordings: list[Recording]) -> None:
    first: dict[str, Recording] = {}
    for recording in recordings:
        other = first.setdefault(recording.id, recording)
        if other is not recording:
            both = f"{other.frames} and {recording.frames}"
            raise ValueError(f"two recordings have the id {recording.id!r}: {both}; rename one")
