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

import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.evaluation.submission_lines import (
    DEFAULT_HEADER,
    Lines,
    read_lines,
    read_rows,
    unprintable,
)
from rppg.utils.atomic import atomic_write

PLAUSIBLE_BPM = (30.0, 240.0)
USAGES = ("public", "private")
SHOWN = 5  # so many ids are named in a message


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


def check_filled(predictions: pd.DataFrame, most_share: float) -> str:
    """How many test videos have no answer of their own, as a sentence; predictions of
    `fill_missing`.  Raises ValueError, naming some, if they are more than most_share of all."""
    filled, n = predictions.loc[predictions["filled"], "id"].tolist(), len(predictions)
    if not filled:
        return f"all {n} test videos have an answer of their own"
    whose = "has no answer of its own" if len(filled) == 1 else "have no answer of their own"
    counts = f"{len(filled)} of {n} test videos {whose}"
    share = f"{100 * len(filled) / n:.3g} %"
    if len(filled) > most_share * n:
        advice = "see their reasons in 01_preprocess; most_filled_share of 06_submit is the limit"
        raise ValueError(
            f"{counts} ({share}, limit {100 * most_share:g} %): {_shown(filled)}; {advice}"
        )
    return f"WARNING: {counts} ({share}): filled with the mean: {', '.join(filled)}"


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
    if bad := unprintable(ids):
        problems.append(f"{len(bad)} ids with control characters or lines: {_shown(bad)}")
    if problems:
        raise ValueError(f"no submission written: {'; '.join(problems)}")
    hr_bpm = dict(zip(ids, values, strict=True))
    both = zip(template.raw_ids, template.ids, strict=True)
    rows = [f"{raw},{hr_bpm[id]:.4f}" for raw, id in both]
    _write(Path(path), "\n".join([template.header, *rows]) + "\n")
    return Path(path)


def check_submission(path: Path, sample: Path) -> list[str]:
    """What a grader would object to in a submission, by the sample: empty where all is well.

    Warns of rates outside 30-240 bpm.  Raises ValueError where either file is no two-column CSV.
    """
    ours, expected = read_lines(path), _read_sample(sample)
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
    texts, rows = read_rows(path)
    header = [name.lower() for name in rows[0]]
    if len(header) < 2 or len(rows) < 2:
        raise ValueError(f"{path}: expected columns id, heart rate and perhaps Usage, and rows")
    for text, row in zip(texts, rows, strict=True):
        if len(row) != len(header):
            expected = f"expected columns id, heart rate and perhaps Usage, {len(header)} fields"
            raise ValueError(f"{path}: {expected} as in its header, found {text[:60]!r}")
    ids, hr_bpm = [row[0] for row in rows[1:]], _numbers(row[1] for row in rows[1:])
    problems = _id_problems(ids, ids) + _number_problems(ids, hr_bpm)
    usage = [""] * len(ids)
    if "usage" in header[2:]:
        usage = [row[header.index("usage", 2)].lower() for row in rows[1:]]
        if not set(usage) <= set(USAGES):
            odd = sorted(set(usage) - set(USAGES))
            problems.append(f"Usage must be public or private, found {odd}")
    if problems:
        raise ValueError(f"{path}: {'; '.join(problems)}")
    return pd.DataFrame({"id": ids, "hr_true_bpm": hr_bpm, "usage": usage})


def _read_sample(path: Path) -> Lines:
    lines = read_lines(path)
    problems = _id_problems(lines.ids, lines.ids)
    if problems or not lines.raw_ids:
        raise ValueError(f"{path}: {'; '.join(problems) or 'a header, but no ids'}")
    return lines


def _default_lines(ids: list[str]) -> Lines:
    quoted = [f'"{id.replace(chr(34), chr(34) * 2)}"' if set(id) & set(',"') else id for id in ids]
    return Lines(DEFAULT_HEADER, quoted, ids, [""] * len(ids))


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


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, lambda part: part.write_bytes(text.encode()))
    except OSError as error:
        message = f"cannot write {path.name} into the folder {path.parent}: {error.strerror}"
        raise type(error)(error.errno, message) from error
