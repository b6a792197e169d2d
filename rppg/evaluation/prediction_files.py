"""Tables of predictions on disk, checked when they are read.

table = read_predictions("runs/demo/ensemble/predictions.parquet")
"""

from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

TEXTS, NUMBERS = ("id", "model", "kind", "split", "origin"), ("hr_bpm", "quality", "hr_true_bpm")


def read_predictions(path: Path | str) -> pd.DataFrame:
    """The table that a run wrote, a row per recording and model, columns as in rppg.evaluation.

    Raises FileNotFoundError if there is no file, ValueError for a damaged one, one without rows,
    and one without these columns.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: finish that run first")
    try:
        if not path.is_file():
            raise ValueError("no file")
        table = pd.read_parquet(path)
    except (ValueError, OSError) as error:  # pyarrow raises both for a damaged file
        raise _no_table(path, " ".join(str(error).split())) from error
    if missing := [name for name in (*TEXTS, *NUMBERS) if name not in table]:
        raise _no_table(path, f"no column {', '.join(missing)}")
    if wrong := [name for name in NUMBERS if not is_numeric_dtype(table[name])]:
        raise _no_table(path, f"values in {', '.join(wrong)} that are no numbers")
    if table.empty or table["id"].isna().any() or table["model"].isna().any():
        raise _no_table(path, "no row" if table.empty else "rows without id or model")
    return table


def _no_table(path: Path, found: str) -> ValueError:
    advice = "remove the folder of that run and run it again"
    return ValueError(f"{path} is no table of predictions: found {found}; {advice}")
