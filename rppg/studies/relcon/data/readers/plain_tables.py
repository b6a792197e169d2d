"""Plain long tables: your own data, and the output of this project's simulator.

Any text table (.csv, .tsv, .txt, also .gz, .bz2, .xz) or parquet file, in any case, with the
columns subject, session, activity, time_s, x, y, z (in g) and optional further numeric columns,
which are regression targets (cadence_spm); see `rppg.studies.relcon.data.tables`, which reads and
checks them.  A table's dataset is named after its folder: the files of a folder form one dataset,
and equal subject names in them are one person.  A file with at least four of the columns counts as
such a table; reading it reports what is missing.  Other tables, and what only looks like one (a
spreadsheet, a pipe, a broken link), are sources with a `problem`, so that nothing is passed over
unseen; tables that are part of another dataset are left to its reader.

    >>> [(source.dataset, source.name) for source in find("data")]  # doctest: +SKIP
    [('simulator', 'simulator/s01.parquet'), ('simulator', 'simulator/s02.parquet')]
"""

import re
from collections.abc import Iterator
from pathlib import Path

from rppg.studies.relcon.data.readers.parsing import (
    file_problem,
    files_below,
    problem_source,
    problems_below,
    source_of,
)
from rppg.studies.relcon.data.recording import SourceFile
from rppg.studies.relcon.data.tables import (
    COLUMNS,
    PARQUET,
    TEXTS,
    UNREADABLE,
    columns_of,
    read_table,
    reason_of,
)
from rppg.utils.text import printable

LAYOUT = "*.csv, *.tsv, *.txt (or .gz, .bz2, .xz of them) or *.parquet with the columns "
LAYOUT += "subject, session, activity, time_s, x, y, z"
OTHERS = (".xlsx", ".xls", ".ods", ".feather", ".zip", ".cwa", ".gt3x")  # tables of other programs
SUFFIXES = "|".join(re.escape(suffix) for suffix in (*PARQUET, *TEXTS, *OTHERS))
FILE = rf"(?s:.*)(?i:{SUFFIXES})"
ENOUGH = 4  # of COLUMNS identify a plain table; other datasets' files have three at most
FOREIGN = re.compile(  # other datasets' files, what comes with them, and this project's own
    r"/(PAMAP2_Dataset|OpportunityUCIDataset|[ABC]_\w+_data|Activity recognition exp)/"
    r"|/(BasicMotions|SYNTHETIC|readme|license)[^/]*$|/P[0-9]{3}\.csv\.gz$"
    r"|/(annotation-label-dictionary|data_subjects_info|metadata|problems)\.csv$"
    r"|/(Watch|Phones)_(accelerometer|gyroscope)\.csv$",
    re.IGNORECASE,
)


def find(root: Path) -> Iterator[SourceFile]:
    """All tables, with one recording per subject and session, and problems."""
    root = Path(root).absolute()
    for path in files_below(root, FILE):
        dataset, name = path.parent.name, path.relative_to(root).as_posix()
        try:
            n_known = len(set(COLUMNS) & set(_columns(path)))
            reason = _unknown(path) if n_known < ENOUGH else ""
        except UNREADABLE as error:
            n_known, reason = 0, reason_of(error)
        if not reason:
            yield source_of(dataset, name, read_table, path, printable(dataset))
        elif not FOREIGN.search(path.as_posix()):
            yield problem_source(dataset, name, reason)
    for path, reason in problems_below(root, FILE):
        yield problem_source(path.parent.name, path.relative_to(root).as_posix(), reason)


def _columns(path: Path) -> list[str]:
    if reason := file_problem(path):
        raise ValueError(reason)
    if path.name.lower().endswith(OTHERS):
        raise ValueError(f"{path.suffix} is not read: export it as CSV or parquet")
    return columns_of(path)


def _unknown(path: Path) -> str:
    """Why a table without the expected columns is not read."""
    names = [printable(name)[:20] for name in _columns(path)]
    shown = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
    return f"its header is {shown or 'empty'}: expected the columns {', '.join(COLUMNS)}"
