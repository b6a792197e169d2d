"""A prepared recording, read by window: only what is asked for is in memory.

T frames at 30 fps; arrays as in `rppg.datasets.store`, whose `open` gives a `Prepared`.

    >>> prepared = store.open("demo/ann/v1")  # doctest: +SKIP
    >>> prepared.window(start=30, n=300, names=("mstmap",))["mstmap"].shape  # doctest: +SKIP
    (300, 63, 6)
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rppg.datasets.array_files import FORMATS, array_facts, check_array

FPS = 30.0
ARRAYS = tuple(FORMATS)
WHOLE_FACE = 62  # row of an MSTmap: all six regions
SINGLE_REGIONS = (31, 15, 7, 3, 1, 0)  # rows of one: each region alone
RGB = slice(0, 3)  # channels of one


def face_colours(mstmap: np.ndarray) -> np.ndarray:
    """Mean colour (T, 3) float64 of the whole face, of a map (T, 63, 6)."""
    return np.asarray(mstmap[:, WHOLE_FACE, RGB], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A prepared recording; meta is its recording.json.

    An array is opened, memory-mapped, when it is first read, and no other is: code that reads maps
    alone has read no label.
    """

    id: str
    meta: dict
    paths: dict[str, Path]  # of the arrays that it has
    fps: float = FPS

    @functools.cached_property
    def face(self) -> np.ndarray:
        """(T, 128, 128, 3) uint8."""
        return self._load("face")

    @functools.cached_property
    def wide(self) -> np.ndarray:
        """(T, 64, 64, 3) uint8.  Raises ValueError if it was prepared without."""
        return self._load("wide")

    @functools.cached_property
    def mstmap(self) -> np.ndarray:
        """(T, 63, 6) float32, NaN in long gaps."""
        return self._load("mstmap")

    @functools.cached_property
    def bvp(self) -> np.ndarray | None:
        """(T,) float32, NaN if not measured; None if the recording has none."""
        return self._load("bvp") if "bvp" in self.paths else None

    @functools.cached_property
    def head(self) -> np.ndarray | None:
        """(T, 5) float32, where the head is and how it is turned (`rppg.preprocessing.head_pose`),
        x and y in heights of the face; NaN in gaps; None if it was not kept."""
        return self._load("head") if "head" in self.paths else None

    def window(self, start: int, n: int, names: tuple[str, ...] = ARRAYS) -> dict[str, np.ndarray]:
        """Frames start to start + n as arrays in memory, of those named that the recording has.
        Raises IndexError if frames are missing."""
        n_frames = self.meta["n_frames"]
        if not (n > 0 and 0 <= start and start + n <= n_frames):
            asked = f"frames {start} to {start + n}"
            raise IndexError(f"{self.id}: {asked} asked for, it has frames 0 to {n_frames}")
        present = [name for name in names if name in self.paths]
        return {name: np.array(getattr(self, name)[start : start + n]) for name in present}

    def path(self, name: str) -> Path:
        """File of an array.  Raises ValueError, with advice, if it is missing."""
        if name not in self.paths:
            found = f"{self.id} has no {name}.npy, it has {', '.join(sorted(self.paths))}"
            advice = f"; prepare it again with --crops {name}"
            raise ValueError(found + (advice if name == "wide" else ""))
        return self.paths[name]

    def _load(self, name: str) -> np.ndarray:
        path, n_frames = self.path(name), self.meta["n_frames"]
        shape = array_facts(path)["shape"]
        if shape[:1] != [n_frames]:
            found = f"{path} is of shape {tuple(shape)}, its recording.json had {n_frames} frames"
            raise ValueError(f"{found}: prepared again meanwhile? Then open it again")
        check_array(path, (self.meta.get("arrays") or {}).get(name))
        return np.load(path, mmap_mode="r")


def arrays_in(folder: Path) -> dict[str, Path]:
    """Files of the arrays in a folder, by name."""
    paths = {name: folder / f"{name}.npy" for name in ARRAYS}
    return {name: path for name, path in paths.items() if path.is_file()}
