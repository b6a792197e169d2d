"""Tables of predictions on disk, checked when they are read.

table = read_predictions("runs/demo/ensemble/predictions.parquet")
"""

from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_complex_dtype, is_numeric_dtype

from rppg.utils.text import has_control

TEXTS, NUMBERS = ("id", "model", "kind", "split", "origin"), ("hr_bpm", "quality", "hr_true_bpm")


def read_predictions(path: Path | str) -> pd.DataFrame:
    """The table that a run wrote, a row per recording and model, columns as in rppg.evaluation.

    Raises FileNotFoundError if there is no file, ValueError for a damaged one, one without rows,
    one without these columns, and one whose texts are not one line each or whose numbers are none.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: finish that run first")
    if not path.is_file():
        raise _no_table(path, "no file")
    try:
        table = pd.read_parquet(path)
    except Exception as error:  # of pyarrow, which raises many kinds for a damaged file
        raise _no_table(path, " ".join(f"{type(error).__name__}: {error}".split())) from error
    if missing := [name for name in (*TEXTS, *NUMBERS) if name not in table]:
        raise _no_table(path, f"no column {', '.join(missing)}")
    if wrong := [name for name in NUMBERS if not _are_numbers(table[name])]:
        raise _no_table(path, f"values in {', '.join(wrong)} that are no numbers")
    if table.empty:
        raise _no_table(path, "no row")
    if wrong := [name for name in TEXTS if not table[name].astype(object).map(_is_text).all()]:
        raise _no_table(path, f"values in {', '.join(wrong)} that are no line of text")
    return table.astype({**dict.fromkeys(TEXTS, object), **dict.fromkeys(NUMBERS, "float64")})


def _are_numbers(column: pd.Series) -> bool:
    """Whether all values are numbers; NaN is one that is not known, infinity none."""
    if not is_numeric_dtype(column) or is_bool_dtype(column) or is_complex_dtype(column):
        return False
    return not np.isinf(column.to_numpy(np.float64, na_value=np.nan)).any()


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and not has_control(value)


def _no_table(path: Path, found: str) -> ValueError:
    advice = "remove the folder of that run and run it again"
    return ValueError(f"{path} is no table of predictions: found {found}; {advice}")
