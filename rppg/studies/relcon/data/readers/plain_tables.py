"""Plain long tables: own data, and what this project's simulator writes.

Any *.csv or *.parquet with the columns subject, session, activity, time_s, x, y, z (in g) and, if
wanted, further columns of numbers, which are targets to be regressed (cadence_spm); see
`rppg.studies.relcon.data.tables`, which reads and checks them.  A table's dataset is named after the folder it
lies in: files side by side are of one dataset, and people of the same name in them are one person.
A file that lacks some of the columns is taken for such a table as soon as it has four of them:
reading it then says what is missing.

    >>> [(found.dataset, found.name) for found in find("data")]  # doctest: +SKIP
    [('simulator', 'simulator/s01.parquet'), ('simulator', 'simulator/s02.parquet')]
"""

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rppg.studies.relcon.data.readers.parsing import files_below
from rppg.studies.relcon.data.recording import Found
from rppg.studies.relcon.data.tables import COLUMNS, read_table

LAYOUT = "*.csv or *.parquet with the columns subject, session, activity, time_s, x, y, z"
FILE = r".*\.(csv|parquet)"
ENOUGH = 4  # of COLUMNS make a plain table; no other dataset's files have more than three


def find(root: Path) -> Iterator[Found]:
    """A Found for each table; it is one recording for each subject and session in it."""
    root = Path(root).absolute()
    for path in files_below(root, FILE):
        if len(set(COLUMNS) & _header(path)) >= ENOUGH:
            dataset, name = path.parent.name, path.relative_to(root).as_posix()
            yield Found(dataset, name, partial(read_table, path, dataset))


def _header(path: Path) -> set[str]:
    if path.suffix == ".parquet":
        try:
            return set(pq.read_schema(path).names)
        except pa.ArrowInvalid:
            return set(COLUMNS)  # broken: reading it says so
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        return set(next(csv.reader(file), ()))
