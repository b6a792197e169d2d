"""What `rppg.dataloader.clips.Clips` refuses, each with what it expects.

>>> check_options("mstmap", n_frames=300, shortest=150, speeds=(0.6, 1.4))
>>> distinct(["b/1/x", "a/1/x"])
['a/1/x', 'b/1/x']
"""

from collections.abc import Iterable

from rppg.dataloader.arrays import ARRAYS
from rppg.dataloader.normalise import NORMALISATIONS


def check_options(
    array: str,
    n_frames: int,
    shortest: int,
    speeds: tuple[float, float],
    normalise: str | None = None,
    size: int | None = None,
    step: int = 1,
) -> None:
    """Raises ValueError for parameters of `Clips` that are invalid or do not fit each other."""
    if array not in ARRAYS:
        raise ValueError(f"no array {array!r}, expected one of {', '.join(ARRAYS)}")
    if n_frames < 2:
        raise ValueError(f"n_frames is {n_frames}, expected 2 or more")
    if not 2 <= shortest <= n_frames:
        raise ValueError(f"shortest is {shortest}, expected 2 to n_frames, which is {n_frames}")
    check_step(step)
    if not 0 < speeds[0] <= speeds[1]:
        raise ValueError(f"speeds are {speeds}, expected (low, high), 0 < low <= high")
    if normalise is not None and array != "mstmap":
        raise ValueError(f"normalise is for maps: do not give it for {array!r}")
    if size is not None and array == "mstmap":
        raise ValueError(f"size is for crops: do not give it for {array!r}")
    if normalise not in (None, *NORMALISATIONS):
        names = ", ".join(NORMALISATIONS)
        raise ValueError(f"no normalisation {normalise!r}, expected one of {names}")


def check_step(step: int) -> None:
    """Raises ValueError for a hop between clips of less than a frame."""
    if step < 1:
        raise ValueError(f"step is {step} frames, expected 1 or more")


def distinct(ids: Iterable[str]) -> list[str]:
    """The ids, sorted.  Raises ValueError for duplicates."""
    sorted_ids = sorted(ids)
    if twice := sorted({a for a, b in zip(sorted_ids, sorted_ids[1:], strict=False) if a == b}):
        raise ValueError(f"{', '.join(twice)}: given twice, expected every recording once")
    return sorted_ids
