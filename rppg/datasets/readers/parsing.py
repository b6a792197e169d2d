"""What all readers share: natural order, video files, and numbers in text files.

Readers only ever meet text and names here: nothing in this room opens a video.

    >>> sorted(["p10/v1.avi", "p2/v10.avi", "p2/v9.avi"], key=natural)
    ['p2/v9.avi', 'p2/v10.avi', 'p10/v1.avi']
    >>> number(" 62.5", "labels.csv, line 2, column hr_bpm", limits=(30, 240))
    62.5
"""

import codecs
import errno
import math
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

VIDEO_SUFFIXES = (
    *(".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".3gp", ".3g2", ".qt"),
    *(".mts", ".m2ts", ".ts", ".wmv", ".asf", ".flv", ".f4v", ".ogv", ".mxf", ".vob", ".divx"),
    *(".mjpeg", ".mjpg", ".h264", ".hevc", ".y4m"),  # all but .y4m hold no times
)
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".tif", ".tiff")
HR_RANGE_BPM = (30.0, 240.0)  # outside: a mistake in the labels, not a heart
FPS_RANGE = (5.0, 120.0)
LARGEST_TEXT_BYTES = 200_000_000
SHOWN_ENDINGS = 8
_NUMBER = re.compile(
    r"[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|nan|inf)", re.IGNORECASE | re.ASCII
)
_PLAIN = frozenset("0123456789+-.eE \t\r\nnaNA")  # letters of words that NumPy may read


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


def files_below(root: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Visible files in `root` and its folders, in natural order, and the folders that cannot be
    listed, each with the reason.  Linked folders are followed once."""
    files, lost, seen, folders = [], [], set(), [Path(root)]
    while folders:
        folder = folders.pop()
        if (place := os.path.realpath(folder)) in seen:
            continue
        seen.add(place)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            lost.append((folder, f"cannot be listed: {error.strerror}"))
            continue
        for entry in entries:
            if not entry.name.startswith("."):
                (folders if _is_folder(entry) else files).append(Path(entry.path))
    return sorted(files, key=lambda path: natural(path.relative_to(root).as_posix())), lost


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links, say: whoever reads it says so
        return False


def images_in(folder: Path) -> list[Path]:
    """Visible image files directly in `folder`, in natural order; none where it is no folder.

    Raises BadLabel for an image's name that belongs to something else, OSError where `folder`
    cannot be listed.
    """
    if not os.path.isdir(folder):
        return []
    names = []
    for entry in os.scandir(folder):
        if entry.name.lower().endswith(IMAGE_SUFFIXES) and not entry.name.startswith("."):
            names.append(entry.name)
            if not entry.is_file(follow_symlinks=False):
                require(folder / entry.name, f"{folder.name}/{entry.name}")
    return [folder / name for name in sorted(names, key=natural)]


def folders_in(root: Path) -> list[Path]:
    """Visible folders directly in `root`, in natural order; none where `root` is no folder.

    Raises OSError where `root` cannot be listed.
    """
    if not os.path.isdir(root):
        return []
    paths = (root / name for name in os.listdir(root) if not name.startswith("."))
    return sorted(filter(os.path.isdir, paths), key=lambda path: natural(path.name))


def holds(folder: Path, names: Iterable[str]) -> bool:
    """Whether `folder` has any of these, whatever they are.  Raises OSError where it is closed."""
    for name in names:
        try:
            os.lstat(folder / name)
            return True
        except (FileNotFoundError, NotADirectoryError):
            continue
    return False


def is_there(path: Path, where: str) -> bool:
    """Whether a file is at `path`.  Raises BadLabel where anything else is: a folder, a broken link
    or a loop of links, and what would hang if it were opened."""
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        if os.path.islink(path):
            found = f"a link to {os.readlink(path)}, which is not there"
            raise BadLabel(f"{where} is {found}; expected a file") from None
        return False
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise BadLabel(f"{where} cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(mode):
        found = "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"
        raise BadLabel(f"{where} is {found}, expected a file")
    return True


def require(path: Path, where: str) -> None:
    """Raises BadLabel unless a file is at `path`."""
    if not is_there(path, where):
        raise BadLabel(f"{where} is missing")


def number(text: str, where: str, limits: tuple[float, float] | None = None) -> float:
    """The finite number that `text` says.  Raises BadLabel with `where`, the text and what was
    expected, where it says none or one outside the limits (inclusive)."""
    expected = "a number" if limits is None else f"a number from {limits[0]:g} to {limits[1]:g}"
    if not is_number(text):
        raise BadLabel(f"{where}: found {text!r}, expected {expected}")
    value = float(text)
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
    found = _quickly(words)
    if found is None:
        at = next((at for at, word in enumerate(words) if not is_number(word)), None)
        if at is not None:
            raise BadLabel(f"{where}, value {at + 1}: found {words[at]!r}, expected a number")
        found = np.array(words, dtype=np.float64)
    if np.isinf(found).any():
        at = int(np.isinf(found).argmax())
        raise BadLabel(f"{where}, value {at + 1}: found {words[at]!r}, expected a finite number")
    return found


def _quickly(words: Sequence[str]) -> np.ndarray | None:
    """The numbers (n,) by NumPy; None where it may read other things than `is_number` allows."""
    if not _PLAIN.issuperset("".join(words)):
        return None
    try:
        return np.array(words, dtype=np.float64)
    except ValueError:
        return None


def is_number(word: str) -> bool:
    """Whether the word is a number as other programs write it; "nan" and "inf" are.  What Python
    alone takes for one is not: 1_0, other alphabets' digits."""
    return _NUMBER.fullmatch(word.strip(" \t\r\n")) is not None


def read_text(path: Path, where: str) -> str:
    """A text file, in UTF-8 or, with a byte order mark, UTF-16.  Raises BadLabel where it is none,
    is no file at all, or is too large for a label."""
    require(path, where)
    try:
        if (n_bytes := path.stat().st_size) > LARGEST_TEXT_BYTES:
            limit = f"expected at most {LARGEST_TEXT_BYTES / 1e6:g} MB"
            raise BadLabel(f"{where} has {n_bytes / 1e6:.0f} MB, {limit}: it is no label")
        content = path.read_bytes()
    except OSError as error:
        raise BadLabel(f"{where} cannot be read: {error.strerror}") from None
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadLabel(f"{where} is not a text file ({error.reason})") from None
    if "\0" in text:
        raise BadLabel(f"{where} is not a text file (it has zero bytes)")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def endings(paths: Iterable[Path]) -> str:
    """What files are there, in words: "3 files (.heic 2, .insv 1)"; "" where there are none."""
    counts = Counter(path.suffix.lower() or path.name for path in paths)
    total = sum(counts.values())
    some = ", ".join(f"{ending} {n}" for ending, n in sorted(counts.items())[:SHOWN_ENDINGS])
    more = ", ..." if len(counts) > SHOWN_ENDINGS else ""
    return f"{total} file{'s' * (total > 1)} ({some}{more})" if total else ""
