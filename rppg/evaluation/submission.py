"""The submission file: written after the competition's sample, checked before it is written.

A sample has a header and one `id,value` line a recording.  Header, ids, their order and their very
spelling (quotes, blanks) are taken over; only the values are ours.  Without a sample the header is
`ids,HR`.  Ids are matched without the blanks around them.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "sample.csv").write_text("ids,HR\\nOBF/1/video1.avi,0\\n")
    >>> table = pd.DataFrame({"id": ["OBF/1/video1.avi"], "hr_bpm": [71.25]})
    >>> write_submission(table, folder / "mine.csv", folder / "sample.csv").read_text()
    'ids,HR\\nOBF/1/video1.avi,71.2500\\n'
"""

import csv
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

DEFAULT_HEADER = "ids,HR"
PLAUSIBLE_BPM = (30.0, 240.0)
USAGES = ("public", "private")
SHOWN = 5  # so many ids are named in a message


@dataclass(frozen=True)
class Lines:
    """A two-column CSV as it stands: header, and per row the id's own text and the value's."""

    header: str
    raw_ids: list[str]
    values: list[str]

    @property
    def ids(self) -> list[str]:
        """What the id texts say: without quotes and the blanks around."""
        return [next(csv.reader([raw.strip()]), [""])[0].strip() for raw in self.raw_ids]


def sample_ids(sample: Path) -> list[str]:
    """Ids of a sample submission, in its order.  Raises ValueError where it has none, or twice."""
    return _read_sample(sample).ids


def fill_missing(predictions: pd.DataFrame, ids: list[str], hr_bpm: float) -> pd.DataFrame:
    """One model's predictions, one row for each of ids, in their order; `filled` marks stand-ins.

    An id without a row, or with hr_bpm NaN, gets hr_bpm (the mean of the training set) and quality
    0; model, kind, split and origin are those of the other rows, its truth stays unknown.

    Raises ValueError where the table holds no row, several models, an id twice, or an unknown id.
    """
    for column in {"model", "kind", "split", "origin"} & set(predictions.columns):
        if predictions[column].nunique() != 1:
            found = predictions[column].unique().tolist()
            raise ValueError(f"expected the predictions of one {column}, found {found}")
    problems = _id_problems(predictions["id"].tolist(), ids, missing_too=False)
    if not np.isfinite(hr_bpm):
        problems.append(f"the stand-in is no heart rate: {hr_bpm}")
    if problems:
        raise ValueError("; ".join(problems))
    table = predictions.set_index("id").reindex(ids).rename_axis("id").reset_index()
    for column in {"model", "kind", "split", "origin"} & set(table.columns):
        table[column] = predictions[column].iloc[0]
    table["filled"] = table["hr_bpm"].isna()
    table.loc[table["filled"], "hr_bpm"] = float(hr_bpm)
    if "quality" in table:
        table.loc[table["filled"], "quality"] = 0.0
    return table


def write_submission(predictions: pd.DataFrame, path: Path, sample: Path | None = None) -> Path:
    """Write predictions (columns id, hr_bpm) to path, after the sample where there is one.

    4 decimals, `\\n` line ends, UTF-8.  Written whole, then renamed.  Warns of rates outside
    30-240 bpm.  Raises ValueError, and writes nothing, where ids are missing, unknown or double or
    a rate is no number; OSError, naming the folder, where it cannot be written.
    """
    ids = [str(id).strip() for id in predictions["id"]]
    values = predictions["hr_bpm"].to_numpy(dtype=np.float64)
    template = _default_lines(ids) if sample is None else _read_sample(sample)
    problems = _id_problems(ids, template.ids)
    problems += _number_problems(ids, values)
    if problems:
        raise ValueError(f"no submission written: {'; '.join(problems)}")
    hr_bpm = dict(zip(ids, values, strict=True))
    both = zip(template.raw_ids, template.ids, strict=True)
    rows = [f"{raw},{hr_bpm[id]:.4f}" for raw, id in both]
    atomic_write(Path(path), "\n".join([template.header, *rows]) + "\n")
    return Path(path)


def check_submission(path: Path, sample: Path) -> list[str]:
    """What a grader would object to in a submission, by the sample: empty where all is well.

    Warns of rates outside 30-240 bpm.  Raises ValueError where either file is no two-column CSV.
    """
    ours, expected = _read_lines(path), _read_sample(sample)
    problems = []
    if ours.header != expected.header:
        problems.append(f"header is {ours.header!r}, expected {expected.header!r}")
    problems += _id_problems(ours.raw_ids, expected.raw_ids)
    if not problems and ours.raw_ids != expected.raw_ids:
        pairs = zip(ours.raw_ids, expected.raw_ids, strict=True)
        row, (a, b) = next((i, pair) for i, pair in enumerate(pairs, 2) if pair[0] != pair[1])
        problems.append(f"other order than the sample: line {row} is {a!r}, expected {b!r}")
    return problems + _number_problems(ours.ids, _numbers(ours.values))


def read_predictions(path: Path) -> pd.DataFrame:
    """A submission as a table: columns id, hr_bpm.

    Raises ValueError for another shape, double ids, or rates that are no number.
    """
    lines = _read_sample(path)
    hr_bpm = _numbers(lines.values)
    problems = _number_problems(lines.ids, hr_bpm)
    if problems:
        raise ValueError(f"{path}: {'; '.join(problems)}")
    return pd.DataFrame({"id": lines.ids, "hr_bpm": hr_bpm})


def read_solution(path: Path) -> pd.DataFrame:
    """The truth of a test set: columns id, hr_true_bpm, usage ("public", "private"; "" if unsaid).

    The file's first column is the id, its second the heart rate; a column Usage may follow.
    Raises ValueError for other shapes, double ids, rates that are no number, or other usages.
    """
    rows = list(csv.reader(_text_lines(path)))
    header = [name.strip().lower() for name in rows[0]]
    if len(header) < 2 or len(rows) < 2 or any(len(row) != len(header) for row in rows):
        raise ValueError(f"{path}: expected columns id, heart rate and perhaps Usage, and rows")
    ids, hr_bpm = [row[0].strip() for row in rows[1:]], _numbers(row[1] for row in rows[1:])
    problems = _id_problems(ids, ids) + _number_problems(ids, hr_bpm)
    usage = [""] * len(ids)
    if "usage" in header[2:]:
        usage = [row[header.index("usage", 2)].strip().lower() for row in rows[1:]]
        if not set(usage) <= set(USAGES):
            odd = sorted(set(usage) - set(USAGES))
            problems.append(f"Usage must be public or private, found {odd}")
    if problems:
        raise ValueError(f"{path}: {'; '.join(problems)}")
    return pd.DataFrame({"id": ids, "hr_true_bpm": hr_bpm, "usage": usage})


def _text_lines(path: Path) -> list[str]:
    """Lines of a text file that are not empty, without byte-order mark and line ends."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error}") from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise ValueError(f"{path} is empty; expected a header such as {DEFAULT_HEADER!r} and rows")
    return lines


def _read_lines(path: Path) -> Lines:
    """A two-column CSV, the text of its fields untouched."""
    lines = _text_lines(path)
    for number, line in enumerate(lines, 1):
        if len(next(csv.reader([line]))) != 2:
            raise ValueError(f"{path}: expected two columns, found line {number}: {line!r}")
    pairs = [line.rpartition(",") for line in lines[1:]]
    return Lines(lines[0], [raw for raw, _, _ in pairs], [value for _, _, value in pairs])


def _read_sample(path: Path) -> Lines:
    lines = _read_lines(path)
    problems = _id_problems(lines.ids, lines.ids)
    if problems or not lines.raw_ids:
        raise ValueError(f"{path}: {'; '.join(problems) or 'a header, but no ids'}")
    return lines


def _default_lines(ids: list[str]) -> Lines:
    quoted = [f'"{id.replace(chr(34), chr(34) * 2)}"' if set(id) & set(',"') else id for id in ids]
    return Lines(DEFAULT_HEADER, quoted, [""] * len(ids))


def _id_problems(found: list[str], expected: list[str], missing_too: bool = True) -> list[str]:
    """How a list of ids differs from the expected one, order aside."""
    count = pd.Series(found, dtype=object).value_counts(sort=False)
    wrong = {"more than once": count.index[count > 1].tolist()}
    known, given = set(expected), set(found)
    wrong["not in the sample"] = [id for id in count.index if id not in known]
    if missing_too:
        wrong["without a prediction"] = [id for id in expected if id not in given]
    return [f"{len(ids)} ids {what}: {_shown(ids)}" for what, ids in wrong.items() if ids]


def _number_problems(ids: list[str], hr_bpm: np.ndarray) -> list[str]:
    """Ids whose rate is no number; a warning for rates that no heart has."""
    finite = np.isfinite(hr_bpm)
    odd = finite & ((hr_bpm < PLAUSIBLE_BPM[0]) | (hr_bpm > PLAUSIBLE_BPM[1]))
    if odd.any():
        named = [f"{ids[i]} ({hr_bpm[i]:g})" for i in np.flatnonzero(odd)]
        low, high = PLAUSIBLE_BPM
        warnings.warn(
            f"{len(named)} heart rates outside {low:g}-{high:g} bpm: {_shown(named)}", stacklevel=3
        )
    bad = [ids[i] for i in np.flatnonzero(~finite)]
    return [f"{len(bad)} heart rates that are no finite number: {_shown(bad)}"] if bad else []


def _numbers(texts) -> np.ndarray:
    """Texts as float64 (n,), NaN where one is no number."""
    return pd.to_numeric(pd.Series(list(texts), dtype=object), errors="coerce").to_numpy(float)


def _shown(names: list[str]) -> str:
    texts = [repr(name) if name != name.strip() else name for name in names[:SHOWN]]
    return ", ".join(texts) + (", ..." if len(names) > SHOWN else "")


def atomic_write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(text.encode())
        os.replace(part, path)
    except OSError as error:
        if part.is_file():
            part.unlink()
        message = f"cannot write {path.name} into the folder {path.parent}: {error.strerror}"
        raise type(error)(error.errno, message) from error
