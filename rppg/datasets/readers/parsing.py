"""What all readers share: natural order, video files, and numbers in text files.

Readers only ever meet text and names here: nothing in this room opens a video.

    >>> sorted(["p10/v1.avi", "p2/v10.avi", "p2/v9.avi"], key=natural)
    ['p2/v9.avi', 'p2/v10.avi', 'p10/v1.avi']
    >>> number(" 62.5", "labels.csv, line 2, column hr_bpm", limits=(30, 240))
    62.5
"""

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".tif", ".tiff")
HR_RANGE_BPM = (30.0, 240.0)  # outside: a mistake in the labels, not a heart
FPS_RANGE = (5.0, 120.0)


class BadLabel(ValueError):
    """A label that cannot be what it should be; the text becomes the recording's `problem`."""


def natural(text) -> list:
    """Sort key of a name or path: by folders, numbers in it by value, so 2 comes before 10."""
    words = [re.split(r"([0-9]+)", part) for part in str(text).split("/")]
    keys = [[int(w) if i % 2 else w.lower() for i, w in enumerate(part)] for part in words]
    return [keys, str(text)]


def plain(name: str) -> str:
    """A name by which copies of one thing are known: without case, blanks and separators."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def is_video(path: Path) -> bool:
    """By its name only: a visible file with a video's extension, in either case."""
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")


def videos_below(root: Path) -> list[Path]:
    """Video files in `root` and its folders, in natural order; hidden ones are skipped, linked
    folders followed once."""
    found, seen = [], set()
    for folder, names, files in os.walk(root, followlinks=True):
        if (place := os.path.realpath(folder)) in seen:
            names.clear()
            continue
        seen.add(place)
        names[:] = [name for name in names if not name.startswith(".")]
        found += [path for file in files if is_video(path := Path(folder, file))]
    return sorted(found, key=lambda path: natural(path.relative_to(root).as_posix()))


def images_in(folder: Path) -> list[Path]:
    """Visible image files directly in `folder`, in natural order; none where it is no folder."""
    if not folder.is_dir():
        return []
    names = (entry.name for entry in os.scandir(folder))
    images = (n for n in names if n.lower().endswith(IMAGE_SUFFIXES) and not n.startswith("."))
    return [folder / name for name in sorted(images, key=natural)]


def folders_in(root: Path) -> list[Path]:
    """Visible folders directly in `root`, in natural order; none where `root` is no folder."""
    if not root.is_dir():
        return []
    folders = (path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    return sorted(folders, key=lambda path: natural(path.name))


def number(text: str, where: str, limits: tuple[float, float] | None = None) -> float:
    """The finite number that `text` says.  Raises BadLabel with `where`, the text and what was
    expected, where it says none or one outside the limits (inclusive)."""
    expected = "a number" if limits is None else f"a number from {limits[0]:g} to {limits[1]:g}"
    try:
        value = float(text)
    except ValueError:
        raise BadLabel(f"{where}: found {text!r}, expected {expected}") from None
    if not math.isfinite(value) or (limits and not limits[0] <= value <= limits[1]):
        raise BadLabel(f"{where}: found {text!r}, expected {expected}")
    return value


def values(words: Sequence[str], where: str) -> np.ndarray:
    """The numbers (n,) that `words` say, float64; NaN stays NaN, a gap.

    Raises BadLabel with `where`, its number and the word, at the first that is no number or is
    infinite, and where there are none.
    """
    if not words:
        raise BadLabel(f"{where} is empty, expected numbers")
    try:
        found = np.array(words, dtype=np.float64)
    except ValueError:
        at = next(i for i, word in enumerate(words) if not is_number(word))
        raise BadLabel(f"{where}, value {at + 1}: found {words[at]!r}, expected a number") from None
    if np.isinf(found).any():
        at = int(np.isinf(found).argmax())
        raise BadLabel(f"{where}, value {at + 1}: found {words[at]!r}, expected a finite number")
    return found


def is_number(word: str) -> bool:
    """Whether Python reads the word as a number; "nan" and "inf" are."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def read_text(path: Path, where: str) -> str:
    """A text file, with or without a byte order mark.  Raises BadLabel where it is not text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadLabel(f"{where} is not a text file ({error.reason})") from None
