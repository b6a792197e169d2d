"""Splits that a dataset brings along in files of its own: COHFACE's lists, VIPL-HR's five folds.

>>> import tempfile
>>> root = Path(tempfile.mkdtemp())
>>> (root / "protocols" / "all").mkdir(parents=True)
>>> for word, subject in zip(("train", "dev", "test"), (4, 2, 3)):
...     _ = (root / "protocols" / "all" / f"{word}.txt").write_text(f"{subject}/0/data\\n")
>>> cohface_lists(root)(3)
'test'
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rppg.recordings.folds import WORDS


def cohface_lists(root) -> Callable[[int], str | None]:
    """Subject's number -> train, dev or test, by COHFACE's protocols/all/<word>.txt.

    Lines are <subject>/<session>/data (github.com/bioidiap/bob.db.cohface has the same files; its
    protocols `clean` and `natural` are the sessions 0 and 1, or 2 and 3, of the same subjects).
    Raises FileNotFoundError for a file that is missing; ValueError, with file and line, for a line
    of another form and for a subject that another of the files has.
    """
    word_of: dict[int, str] = {}
    for word in WORDS:
        path = Path(root) / "protocols" / "all" / f"{word}.txt"
        for number, line in enumerate(_existing(path).read_text().splitlines(), start=1):
            found = re.fullmatch("([0-9]+)/[0-9]+/data", line.strip())
            if not found:
                expected = "expected <subject>/<session>/data, such as 1/0/data"
                raise ValueError(f"{path}, line {number}: found {line!r}, {expected}")
            subject = int(found[1])
            if word_of.setdefault(subject, word) != word:
                other = f"is in {word_of[subject]}.txt already, expected it in one file only"
                raise ValueError(f"{path}, line {number}: subject {subject} {other}")
    return word_of.get


def vipl_folds(root) -> Callable[[int], int | None]:
    """Subject's number -> fold 0 to 4, by VIPL-HR's fold/fold{1..5}.mat (also fold_split/).

    Each file's variable fold{i} is an array of the numbers N, from 1, of the folders p<N> that
    are tested in round i.  Raises FileNotFoundError for a file that is missing; ValueError for one
    that cannot be read, lacks the variable, holds no such numbers, or has a subject of another.
    """
    folder = Path(root) / ("fold" if (Path(root) / "fold").is_dir() else "fold_split")
    fold_of: dict[int, int] = {}
    for i in range(1, 6):
        path = _existing(folder / f"fold{i}.mat")
        for subject in _subjects(path, f"fold{i}"):
            if subject in fold_of:
                other = (
                    f"is in fold{fold_of[subject] + 1}.mat already, expected it in one file only"
                )
                raise ValueError(f"{path}: subject {subject} {other}")
            fold_of[subject] = i - 1
    return fold_of.get


def _subjects(path: Path, variable: str) -> list[int]:
    """The whole numbers from 1 up in a variable of a MATLAB file."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path)
    except (ValueError, TypeError, NotImplementedError, MatReadError) as error:
        raise ValueError(f"{path} cannot be read as a MATLAB 5 file: {error}") from error
    if variable not in content:
        found = sorted(name for name in content if not name.startswith("__"))
        raise ValueError(f"{path}: found the variables {found}, expected {variable}")
    numbers = np.asarray(content[variable]).ravel()
    if numbers.dtype.kind not in "iuf" or not np.all((numbers >= 1) & (numbers % 1 == 0)):
        found = f"found {numbers.dtype} {numbers[:5].tolist()}"
        raise ValueError(f"{path}, {variable}: {found}, expected subjects' numbers from 1 up")
    return [int(number) for number in numbers]


def _existing(path: Path) -> Path:
    if not path.is_file():
        advice = "take it from the dataset, or protocol 'seeded', which needs no file"
        raise FileNotFoundError(f"{path} is missing: {advice}")
    return path
