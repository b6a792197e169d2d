"""Plain long tables: your own data, and the output of this project's simulator.

Any *.csv or *.parquet with the columns subject, session, activity, time_s, x, y, z (in g) and
optional further numeric columns, which are regression targets (cadence_spm); see
`rppg.studies.relcon.data.tables`, which reads and checks them.  A table's dataset is named after
its folder: the files of a folder form one dataset, and equal subject names in them are one person.
A file with at least four of the columns counts as such a table; reading it reports what is missing.

    >>> [(source.dataset, source.name) for source in find("data")]  # doctest: +SKIP
    [('simulator', 'simulator/s01.parquet'), ('simulator', 'simulator/s02.parquet')]
"""

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rppg.studies.relcon.data.readers.parsing import files_below
from rppg.studies.relcon.data.recording import SourceFile
from rppg.studies.relcon.data.tables import COLUMNS, read_table

LAYOUT = "*.csv or *.parquet with the columns subject, session, activity, time_s, x, y, z"
FILE = r".*\.(csv|parquet)"
ENOUGH = 4  # of COLUMNS identify a plain table; other datasets' files have three at most


def find(root: Path) -> Iterator[SourceFile]:
    """All tables, with one recording per subject and session."""
    root = Path(root).absolute()
    for path in files_below(root, FILE):
        if len(set(COLUMNS) & _header(path)) >= ENOUGH:
            dataset, name = path.parent.name, path.relative_to(root).as_posix()
            yield SourceFile(dataset, name, partial(read_table, path, dataset))


def _header(path: Path) -> set[str]:
    if path.suffix == ".parquet":
        try:
            return set(pq.read_schema(path).names)
        except pa.ArrowInvalid:
            return set(COLUMNS)  # corrupt: reading it reports that
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        return set(next(csv.reader(file), ()))
