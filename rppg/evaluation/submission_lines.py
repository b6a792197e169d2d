"""CSV files of a competition, read line by line with one check at the door.

Samples, submissions and solutions are comma-separated UTF-8 text with a header; an id is one line
of printable text.  Whatever else a file holds is a ValueError that names it and the line.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "sample.csv"
    >>> _ = path.write_text('ids,HR\\n"a, 1",70\\n')
    >>> lines = read_lines(path)
    >>> lines.ids, lines.raw_ids, lines.values
    (['a, 1'], ['"a, 1"'], ['70'])
"""

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

from rppg.utils.text import has_control

DEFAULT_HEADER = "ids,HR"
LONGEST_BYTES = 2**26  # a million ids have less


@dataclass(frozen=True)
class Lines:
    """A two-column CSV as it stands: header, and per row the id's own text, the id and the value.

    An id is its text without quotes and the blanks around it.
    """

    header: str
    raw_ids: list[str]
    ids: list[str]
    values: list[str]


def read_lines(path: Path) -> Lines:
    """A two-column CSV, the text of its ids untouched.  Raises ValueError as `read_rows` does and
    for another number of columns."""
    texts, rows = read_rows(path)
    for number, row in enumerate(rows):
        if len(row) != 2:
            raise ValueError(f"{path}: expected two columns, found {_line(texts, number)}")
    raw_ids = [text[: _first_comma(text)] for text in texts[1:]]
    ids, values = [row[0] for row in rows[1:]], [row[1] for row in rows[1:]]
    return Lines(texts[0], raw_ids, ids, values)


def read_rows(path: Path) -> tuple[list[str], list[list[str]]]:
    """(lines, their fields without blanks around) of a CSV; the first line is its header.

    Raises ValueError, naming the file, if it is empty, not UTF-8, larger than 64 MB, has no header
    or has it twice, control characters, a quote that is not closed, or a row without id.
    """
    texts = _text_lines(Path(path))
    for number, text in enumerate(texts):
        if has_control(text.replace("\t", " ")):
            found = f"control characters or line separators in {_line(texts, number)}"
            raise ValueError(f"{path}: {found}; expected one line of printable text per id")
    rows = [_fields(path, texts, number) for number in range(len(texts))]
    if len(rows[0]) < 2 and (other := next((x for x in ";\t" if x in texts[0]), None)):
        raise ValueError(f"{path} is separated by {other!r}, expected commas: {_line(texts, 0)}")
    if len(rows[0]) > 1 and _is_number(rows[0][1]):
        expected = f"expected a header such as {DEFAULT_HEADER!r}"
        raise ValueError(f"{path} has no header, {expected}: {_line(texts, 0)}")
    for number, row in enumerate(rows[1:], 1):
        if row == rows[0]:
            raise ValueError(f"{path} has its header twice: {_line(texts, number)}")
        if not row or not row[0]:
            raise ValueError(f"{path}: no id in {_line(texts, number)}")
    return texts, rows


def unprintable(ids: list[str]) -> list[str]:
    """Those ids, escaped, that no line of a CSV can hold."""
    return [ascii(id) for id in ids if has_control(id)]


def _text_lines(path: Path) -> list[str]:
    """Lines of a text file that are not empty, without byte-order mark and line ends."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file, expected a CSV")
    if (n_bytes := path.stat().st_size) > LONGEST_BYTES:
        raise ValueError(f"{path} has {n_bytes / 1e6:.0f} MB, expected a CSV of ids and numbers")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        kind = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else str(error)
        raise ValueError(f"{path} is not UTF-8 text ({kind}): save it as UTF-8") from error
    lines = [line for line in re.split(r"\r\n|\n|\r", text) if line.strip()]
    if not lines:
        raise ValueError(f"{path} is empty; expected a header such as {DEFAULT_HEADER!r} and rows")
    return lines


def _fields(path: Path, texts: list[str], number: int) -> list[str]:
    """Fields of a line, without the blanks around them."""
    try:
        row = next(csv.reader([texts[number].strip()], strict=True, skipinitialspace=True), [])
    except csv.Error as error:
        raise ValueError(f"{path}: {error} in {_line(texts, number)}") from error
    return [field.strip() for field in row]


def _first_comma(text: str) -> int:
    """Place of the comma that ends the first field: the first one outside quotes."""
    return re.sub('"[^"]*"', lambda quoted: "_" * len(quoted[0]), text).index(",")


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False


def _line(texts: list[str], number: int) -> str:
    """A line as an error shows it, counted from 1 without empty lines."""
    shown = ascii(texts[number]) if has_control(texts[number]) else repr(texts[number])
    return f"line {number + 1}: {shown if len(shown) <= 80 else shown[:76] + ' ...'}"
