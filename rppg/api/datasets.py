"""Datasets for programs: the recordings of a folder, with their labels.

for recording in rppg.load_dataset("data/UBFC-rPPG"):
    print(recording.id, recording.true_hr_bpm(), rppg.heart_rate(recording).bpm)
"""

import os

from rppg.datasets import Recording
from rppg.utils.errors import InputError


def load_dataset(root, layout: str = "auto") -> list[Recording]:
    """The recordings below a folder: of a dataset, of several, or of own videos.

    layout: one that `rppg prepare --help` lists; "auto" tells by the folders' names.  Nothing is
    decoded.  A recording with a wrong label is there, with its `problem`.  Raises InputError if
    there is no such folder, layout or recording.
    """
    from rppg.datasets.readers import layouts_of, read

    if not isinstance(root, str | os.PathLike) or not os.fspath(root):
        raise InputError(f"root is {root!r}, expected the name of a folder")
    try:
        found = layouts_of(root, layout)
        return [one for name, folder in found.items() for one in read(name, folder)]
    except (ValueError, OSError) as error:
        raise InputError(str(error)) from error
