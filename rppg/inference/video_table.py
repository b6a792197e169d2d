"""The table of `rppg predict`: on the terminal row by row, and in a file that grows by videos.

    file = TableFile(Path("rates.csv"))  # OSError or ValueError if it could not be written
    file.add(rows)  # of one video; the file is complete and valid after each
    TableFile(Path("rates.csv"), per_second=True)  # a row per second in place of one per method

Names of files may hold what no text can (bytes that are not UTF-8) or what moves a cursor: these
are written as escapes.
"""

import csv
import io
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rppg.utils.atomic import atomic_write
from rppg.utils.text import printable

COLUMNS = ("video", "face", "method", "hr_bpm", "quality", "confidence", "reason", "notes")
SHOWN = ("video", "method", "hr_bpm", "quality", "reason")  # on the terminal
PER_SECOND = ("video", "face", "method", "start_s", "hr_bpm", "confidence", "reason")
IN_JSON = ("mean_bpm", "lowest_bpm", "highest_bpm", "per_second", "times_s", "wave")
TABLE_SUFFIXES = (".csv", ".json")
LONGEST_NAME_BYTES = 200  # of a file that is written: its temporary copy has a longer name


class TableFile:
    """A .csv file with COLUMNS or, per_second, with PER_SECOND, whose start_s is that of 10 s; or a
    .json file with COLUMNS and IN_JSON."""

    def __init__(self, path: Path, per_second: bool = False):
        check_output(path, TABLE_SUFFIXES)
        self.path, self.is_json, self.texts = path, path.suffix.lower() == ".json", []
        self._columns = PER_SECOND if per_second else COLUMNS
        self._text = _json_text if self.is_json else _seconds_text if per_second else _csv_text

    def add(self, rows: Sequence[dict]) -> None:
        """Write the table with these rows at its end, atomically.  Raises OSError, which says what
        to do, if it cannot be written; the file then is as it was."""
        self.texts += map(self._text, rows)
        if self.is_json:
            text = f"[\n{','.join(self.texts)}\n]\n"
        else:
            text = f"{','.join(self._columns)}\n{''.join(self.texts)}"
        data = text.encode(errors="backslashreplace")
        try:
            atomic_write(self.path, lambda part: part.write_bytes(data))
        except OSError as error:
            advice = "free space, or choose another folder"
            text = f"{self.path} cannot be written ({error.strerror}): {advice}"
            raise OSError(text) from error


def check_output(path: Path, suffixes: Sequence[str]) -> None:
    """Make the folder of a file that will be written.

    Raises ValueError for another suffix, a name that is too long, and a folder in the file's place,
    OSError if its folder cannot be made or written.
    """
    if (n := len(os.fsencode(path.name))) > LONGEST_NAME_BYTES:
        raise ValueError(f"{path}: a name of {n} bytes, expected {LONGEST_NAME_BYTES} or fewer")
    if path.is_dir():
        raise ValueError(f"{path} is a folder: expected a file to write")
    if path.suffix.lower() not in suffixes:
        expected = f"expected a name that ends in {' or '.join(suffixes)}"
        raise ValueError(
            f"{path}: cannot write {path.suffix or 'a file without a suffix'!r}, {expected}"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        advice = "choose a folder that can be written"
        raise OSError(f"{path} cannot be written ({error.strerror}): {advice}") from error


def check_apart(path: Path, videos: Sequence[Path]) -> None:
    """Raises ValueError if the file that will be written is one of the videos."""
    for video in videos if path.exists() else []:
        if os.path.exists(video) and os.path.samefile(video, path):
            raise ValueError(f"{path} is one of the videos: choose another name")


def name_of(row: dict) -> str:
    """The video, and the face if one was asked for, of a row or an answer's first one."""
    return printable(f"{row['video']} (face {row['face']})" if row["face"] else row["video"])


def header_and_widths(videos: Sequence[str], methods: Sequence[str]) -> tuple[str, list[int]]:
    """The table's first line, and the widths of its columns except the last."""
    longest = [max(map(len, map(printable, videos))), max(map(len, methods))]
    widths = [max(len(word), n) for word, n in zip(SHOWN, longest + [0, 0], strict=False)]
    return _aligned(SHOWN, widths), widths


def lines_of(rows: Sequence[dict], widths: Sequence[int]) -> list[str]:
    """One line per row of a video; only one if no method has an estimate, all for one reason."""
    if len({row["reason"] for row in rows}) == 1 and rows[0]["reason"]:
        rows = [{**rows[0], "method": "-"}]
    lines = []
    for row in rows:
        video, reason = name_of(row), printable(row["reason"])
        numbers = [_number(row[name], ".2f", "-") for name in ("hr_bpm", "quality")]
        lines.append(_aligned((video, row["method"], *numbers, reason), widths))
    return lines


def notes_of(rows: Sequence[dict]) -> list[str]:
    """The notes on one video, each once; those of some methods only name them."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for note in row["notes"]:
            found.setdefault(note, []).append(row["method"])
    texts = [
        note if len(methods) == len(rows) else f"{', '.join(methods)}: {note}"
        for note, methods in found.items()
    ]
    return [f"{name_of(rows[0])}: {printable(text)}" for text in texts]


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    video, method, hr, quality, reason = cells
    w = widths
    return f"{video:<{w[0]}}  {method:<{w[1]}}  {hr:>{w[2]}}  {quality:>{w[3]}}  {reason}".rstrip()


def _number(value: float, spec: str = ".4f", missing: str = "") -> str:
    return missing if np.isnan(value) else format(value, spec)


def _csv_text(row: dict) -> str:
    numbers = [_number(row[name]) for name in ("hr_bpm", "quality", "confidence")]
    name = (row["video"], row["face"], row["method"])
    return _csv_line((*name, *numbers, row["reason"], "; ".join(row["notes"])))


def _seconds_text(row: dict) -> str:
    """A line per second; one with the reason if there is none."""
    found, name = row["per_second"], (row["video"], row["face"], row["method"])
    if found is None:
        return _csv_line((*name, "", "", "", row["reason"]))
    unknown = np.full(len(found["start_s"]), np.nan)
    columns = (found["start_s"], found["hr_bpm"], found.get("confidence", unknown))
    lines = zip(*columns, strict=True)
    return "".join(_csv_line((*name, *map(_number, values), "")) for values in lines)


def _csv_line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _json_text(row: dict) -> str:
    """A row as JSON: lists for arrays, null for NaN, \\u escapes for what is not ASCII."""
    values = {key: _json_value(row[key]) for key in (*COLUMNS, *IN_JSON)}
    return json.dumps(values, indent=1, allow_nan=False)


def _json_value(value):
    if isinstance(value, dict):
        return {key: _json_value(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return [round(float(v), 6) if np.isfinite(v) else None for v in value]
    if isinstance(value, float) and np.isnan(value):
        return None
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    return value
