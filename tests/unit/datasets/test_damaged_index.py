"""Indexes of a store that are damaged or of another store: one error that names the file."""

import numpy as np
import pandas as pd
import pytest
from helpers.store import write

from rppg.datasets.metadata import read_index
from rppg.datasets.store import Store

pytestmark = pytest.mark.malformed


def truncate(path):
    path.write_bytes(path.read_bytes()[:-7])


def drop(path):
    pd.read_parquet(path).drop(columns="status").to_parquet(path)


INDEXES = {
    "junk": lambda path: path.write_bytes(b"PAR1 junk"),
    "empty": lambda path: path.write_bytes(b""),
    "cut off": truncate,
    "columns": drop,
    "types": lambda path: pd.read_parquet(path).assign(n_frames="many").to_parquet(path),
    "twice": lambda path: pd.concat([pd.read_parquet(path)] * 2).to_parquet(path),
}


def cells(**changes):
    return lambda path: pd.read_parquet(path).assign(**changes).to_parquet(path)


INDEXES |= {
    "ids of two parts": cells(id="demo/v"),
    "ids that leave": cells(id="demo/../v"),
    "ids with a line separator": cells(id="demo/ann/v\u2028"),
    "ids as bytes": cells(id=b"demo/ann/v1.mp4"),
    "another dataset": cells(dataset="../../elsewhere"),
    "no dataset": cells(dataset=None),
    "a dataset as number": cells(dataset=5),
    "another subject": cells(subject="bob"),
    "an unknown split": cells(split="TEST"),
    "a split as list": cells(split=[["test"]]),
    "an unknown status": cells(status="fine"),
    "an origin as number": cells(origin=3),
    "an unknown origin": cells(origin="\x1b[31mreal"),
    "an endless duration": cells(duration_s=np.inf),
    "frames below 0": cells(n_frames=-3),
}


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_that_is_none_is_named(tmp_path, name):
    write(tmp_path)
    path = Store(tmp_path).write_index()
    pd.testing.assert_frame_equal(read_index(path), Store(tmp_path).index())
    INDEXES[name](path)
    with pytest.raises(ValueError, match="index.parquet is no index of prepared recordings"):
        read_index(path)


def test_a_missing_index_says_who_writes_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="index.parquet is missing: rppg prepare"):
        read_index(tmp_path / "index.parquet")
