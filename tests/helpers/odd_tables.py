"""Tables of accelerometers as people export them, for tests of the readers.

`frame()` is three seconds of one subject at 100 Hz; `csv` and `parquet` write it.
"""

import io

import numpy as np
import pandas as pd

from rppg.studies.relcon.data.readers import find_motion

N = 300
T = np.arange(N) / 100
X = np.round(np.random.default_rng(0).normal(0, 0.1, (N, 3)) + [0, 0, 1], 6)


def frame(**columns):
    names = {"subject": "ann", "session": "mon", "activity": "walking", "time_s": T}
    return pd.DataFrame(names | dict(zip("xyz", X.T, strict=True)) | columns)


def csv(table=None, **how):
    return (frame() if table is None else table).to_csv(index=False, **how)


def put(folder, name, content):
    path = folder / "mine" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(folder):
    return [recording for source in find_motion(folder) for recording in source.read()]


def parquet(table, **how):
    file = io.BytesIO()
    table.to_parquet(file, **how)
    return file.getvalue()


def lines(change, table=None):
    """The lines of a table after change(lines)."""
    rows = csv(table).splitlines()
    change(rows)
    return "\n".join(rows) + "\n"


def iso(zone="", digits=3):
    stamps_ns = 1_700_000_000_000_000_000 + np.arange(N) * 10_000_000
    times = pd.to_datetime(stamps_ns).strftime("%Y-%m-%d %H:%M:%S.%f")
    return [time[: len(time) - 6 + digits] + zone for time in times]
