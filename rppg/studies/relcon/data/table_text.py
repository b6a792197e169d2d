"""Text tables as programs export them: encoding, separator, header and decimal comma are found.

UTF-8, UTF-16 and UTF-32, else windows-1252; columns between commas, semicolons, tabs, bars or
blanks; plain or compressed by gzip, bzip2 or xz, whatever the suffix.  Lines before the header that
are empty, start with "#" or say "sep=;" are skipped.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine.csv"
    >>> _ = path.write_text("Subject; X\\nann;0,5\\nbob;1\\n")
    >>> form = text_format(path, ["subject", "x"])
    >>> form.separator, form.names
    (';', ['subject', 'x'])
    >>> read_text_table(path, form, text=["subject"])[0]["x"].tolist()
    [0.5, 1.0]
"""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

SEPARATORS = (",", ";", "\t", "|", " ")
OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
MARKS = {  # byte order marks; UTF-32's begins as UTF-16's does
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
START = 65536  # bytes that are searched for the header
SKIPPED = re.compile(r"\s*(#.*|sep=.?)?\s*")  # lines before the header
DECIMAL_COMMA = r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*"
MISSING = ["", "nan", "NaN", "NA"]  # in columns of numbers


@dataclass(frozen=True)
class TextFormat:
    """How a text table is written; `names` are those of its columns, "" for none."""

    encoding: str
    separator: str
    n_before: int  # lines before the header
    names: list[str]

    @property
    def dialect(self) -> dict:
        return {"delimiter": self.separator, "skipinitialspace": True}


def text_format(path: Path, known: Sequence[str]) -> TextFormat:
    """The format that gives the header the most of the `known` columns, which are lower case.

    Known names are recognised in any case, and with blanks around or in them.  Raises ValueError
    for an empty file and for bytes that are no text.
    """
    start = _start(path)
    encoding = _encoding(start)
    lines = start.decode(encoding, errors="replace").splitlines()
    n_before = next((k for k, line in enumerate(lines) if not SKIPPED.fullmatch(line)), None)
    if n_before is None:
        raise ValueError("the file is empty, expected a header and one row per sample")
    if "\0" in lines[n_before]:
        raise ValueError("the file is no text, expected a header and one row per sample")
    forms = [TextFormat(encoding, separator, n_before, []) for separator in SEPARATORS]
    named = [replace(f, names=_names(lines[n_before], f, known)) for f in forms]
    return max(named, key=lambda form: len(set(known) & set(form.names)))


def read_text_table(
    path: Path, form: TextFormat, text: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """The table, and notes on what was assumed and left out; columns `text` stay text.

    A column without a name, such as an index, is left out, and so are empty rows.  Raises
    ValueError, naming the line, for a row with too many or too few values; a last line that was cut
    is left out.
    """
    if repeated := [n for k, n in enumerate(form.names) if n and n in form.names[:k]]:
        raise ValueError(f"column {repeated[0]} occurs twice: remove or rename one of them")
    form, n_rows, notes = _rows_of(path, form)
    if n_rows is not None:
        notes.append("The file is cut inside its last line, which was left out.")
    table = _parsed(path, form, n_rows, text, ".")
    if any(_has_decimal_commas(table[name]) for name in table if name not in text):
        other = _parsed(path, form, n_rows, text, ",")
        table = other if _numbers(table) <= _numbers(other) else table  # commas in a text are none
    return _without_empty(table, text, notes), notes


def known_name(name: str, known: Sequence[str]) -> str:
    """A column's name without blanks around it; a known one without case and blanks in it."""
    plain = re.sub(r"\s+", "_", name.strip().lower())
    return plain if plain in known else name.strip()


def _without_empty(table: pd.DataFrame, text: Sequence[str], notes: list[str]) -> pd.DataFrame:
    empty = table.isna() | (table == "") if _may_be_empty(table, text) else None
    if empty is not None and (rows := empty.all(axis=1)).any() and not rows.all():
        notes.append(f"{rows.sum()} empty rows were left out.")
        return table[~rows]
    return table


def _may_be_empty(table: pd.DataFrame, text: Sequence[str]) -> bool:
    return all(table[name].isna().any() for name in table if name not in text)


def _start(path: Path) -> bytes:
    with _open(path) as file:
        return file.read(START)


def _open(path: Path) -> io.BufferedIOBase:
    with open(path, "rb") as file:
        magic = file.read(6)
    opener = next((o for begin, o in OPENERS.items() if magic.startswith(begin)), open)
    return opener(path, "rb")


def _text(path: Path, form: TextFormat) -> io.TextIOWrapper:
    return io.TextIOWrapper(_open(path), encoding=form.encoding, newline="")


def _encoding(start: bytes) -> str:
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return encoding
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) * 3 > len(start):  # of the characters, most are ASCII
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"


def _names(header: str, form: TextFormat, known: Sequence[str]) -> list[str]:
    try:
        (names,) = csv.reader([header], **form.dialect)
    except csv.Error:
        return []
    return [known_name(name.lower() if header.isupper() else name, known) for name in names]


def _rows_of(path: Path, form: TextFormat) -> tuple[TextFormat, int | None, list[str]]:
    """The format with the encoding of all of the file, the result of _whole_rows, and notes."""
    try:
        return form, _whole_rows(path, form), []
    except UnicodeDecodeError as error:
        if form.encoding != "utf-8":
            raise ValueError(f"the file is no {form.encoding} text ({error.reason})") from None
    form = replace(form, encoding="cp1252")
    try:
        n_rows = _whole_rows(path, form)
    except UnicodeDecodeError:
        raise ValueError("the file is neither UTF-8 nor windows-1252 text") from None
    return form, n_rows, ["The text is not UTF-8 and was read as windows-1252."]


def _whole_rows(path: Path, form: TextFormat) -> int | None:
    """None if all rows have as many values as the header; the number of rows before the last line
    if that one is cut."""
    n_rows, wrong, last = 0, None, ""

    def lines() -> Iterator[str]:
        nonlocal last
        for last in file:
            if "\0" in last:
                raise ValueError("the file holds bytes that are no text")
            yield last

    with _text(path, form) as file:
        for _ in range(form.n_before + 1):
            next(file)
        rows = csv.reader(lines(), **form.dialect)
        try:
            for values in rows:
                if wrong:
                    cut = False
                    break
                n_rows += (is_row := values not in ([], [""]))
                if is_row and len(values) != len(form.names):
                    wrong = f"line {rows.line_num + form.n_before + 1} has {len(values)} values"
                    cut = len(values) < len(form.names)
        except csv.Error as error:
            raise ValueError(f"line {rows.line_num + form.n_before + 1}: {error}") from None
    if wrong and not (cut and not last.endswith(("\n", "\r"))):
        advice = "correct it; with decimal commas, separate the columns by semicolons"
        raise ValueError(f"{wrong}, expected {len(form.names)} as in the header: {advice}")
    return n_rows - 1 if wrong else None


def _parsed(path, form: TextFormat, n_rows: int | None, text, decimal: str) -> pd.DataFrame:
    columns = [name or f"\0{k}" for k, name in enumerate(form.names)]
    options = {"header": None, "skiprows": form.n_before + 1, "names": columns, "nrows": n_rows}
    options |= {"sep": form.separator, "skipinitialspace": True, "index_col": False}
    empty = {column: MISSING for column in columns if column not in text}
    options |= {"keep_default_na": False, "na_values": empty, "low_memory": False}
    options |= {"float_precision": "round_trip", "decimal": decimal, "encoding": form.encoding}
    used = [k for k, name in enumerate(form.names) if name]
    with _text(path, form) as file:
        table = pd.read_csv(file, dtype=dict.fromkeys(text, str), usecols=used, **options)
    for name in text:
        if name in table:
            table[name] = table[name].map({v: v.strip() for v in table[name].unique()})
    return table


def _numbers(table: pd.DataFrame) -> set[str]:
    return {name for name in table if pd.api.types.is_numeric_dtype(table[name])}


def _has_decimal_commas(column: pd.Series) -> bool:
    if not pd.api.types.is_object_dtype(column):
        return False
    values = column.dropna().astype(str)
    return bool(np.any(values.str.fullmatch(DECIMAL_COMMA)))
