"""What benchmarks that read a finished demo take: its project, a CSV to write or to print again.

table = table_of(__doc__, lambda project: pd.DataFrame(rows_of(project)), "%.4f")
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import pandas as pd


def table_of(doc: str, measure: Callable[[Path], pd.DataFrame], float_format: str) -> pd.DataFrame:
    """The table that the command line asks for: measured and written, or read from --from."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--project", type=Path, default=Path("."))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--from", dest="table", type=Path, help="print this table instead")
    given = parser.parse_args()
    table = pd.read_csv(given.table) if given.table else measure(given.project)
    if given.out:
        table.to_csv(given.out, index=False, float_format=float_format)
    return table
