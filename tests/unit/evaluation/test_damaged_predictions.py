"""Tables of predictions that are damaged: each is one line that names the file and what to do."""

import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rppg.evaluation.prediction_files import NUMBERS, TEXTS, read_predictions

pytestmark = pytest.mark.malformed

GOOD = pd.DataFrame(
    {
        "id": ["a/1/x", "a/2/x", "a/3/x"],
        **{"model": "POS", "kind": "classical", "split": "test", "origin": "synthetic"},
        **{"hr_bpm": [60.0, 70.0, None], "quality": 0.5, "hr_true_bpm": [61.0, None, 79.0]},
    }
)
NO_TEXTS = {
    "numbers": [1, 2, 3],
    "one missing": ["a", None, "c"],
    "lists": [["a"], ["b"], ["c"]],
    "dicts": [{"a": 1}] * 3,
    "bytes": [b"a", b"b", b"c"],
    "empty": ["a", "", "c"],
    "two lines": ["a", "b\n", "c"],
    "a line separator": ["a", "b\u2028", "c"],
}
NO_NUMBERS = {
    "flags": [True, False, True],
    "infinity": [60.0, np.inf, 70.0],
    "texts": ["60", "70", "80"],
    "lists": [[60.0]] * 3,
    "times": pd.to_datetime(["2020-01-01"] * 3),
}


def refused(path, words):
    with pytest.raises(ValueError, match=words) as caught:
        read_predictions(path)
    text = str(caught.value)
    assert text.startswith(f"{path} is no table of predictions: found ") and "\n" not in text
    assert text.endswith("remove the folder of that run and run it again") and len(text) < 900


def test_a_good_table_is_read_as_it_was_written(tmp_path):
    GOOD.to_parquet(tmp_path / "p.parquet")
    pd.testing.assert_frame_equal(read_predictions(tmp_path / "p.parquet"), GOOD)
    categories = GOOD.astype({"model": "category", "quality": "float32"})
    categories.to_parquet(tmp_path / "p.parquet")
    pd.testing.assert_frame_equal(read_predictions(tmp_path / "p.parquet"), GOOD)


@pytest.mark.parametrize("kind", NO_TEXTS)
@pytest.mark.parametrize("column", TEXTS)
def test_what_is_no_text_is_named(tmp_path, column, kind):
    GOOD.assign(**{column: NO_TEXTS[kind]}).to_parquet(tmp_path / "p.parquet")
    refused(tmp_path / "p.parquet", f"values in {column} that are no line of text")


@pytest.mark.parametrize("kind", NO_NUMBERS)
@pytest.mark.parametrize("column", NUMBERS)
def test_what_is_no_number_is_named(tmp_path, column, kind):
    GOOD.assign(**{column: NO_NUMBERS[kind]}).to_parquet(tmp_path / "p.parquet")
    refused(tmp_path / "p.parquet", f"values in {column} that are no numbers")


@pytest.mark.parametrize("note", [b"5", b"[[", b'{"index_columns": ["no"], "columns": []}', b"{}"])
def test_notes_of_pandas_in_the_file_are_not_believed(tmp_path, note):
    table = pa.table({name: GOOD[name].tolist() for name in GOOD})
    pq.write_table(table.replace_schema_metadata({b"pandas": note}), tmp_path / "p.parquet")
    refused(tmp_path / "p.parquet", "found [A-Z][A-Za-z]+Error")


def test_bytes_that_are_changed_are_a_line_or_another_table(tmp_path):
    path = tmp_path / "p.parquet"
    GOOD.to_parquet(path)
    content, rng, n_refused = path.read_bytes(), np.random.default_rng(0), 0
    for k in range(60):
        changed = bytearray(content)
        for _ in range(1 + k % 20):
            changed[rng.integers(len(changed))] = rng.integers(256)
        path.write_bytes(changed if k % 2 else content[: rng.integers(len(content))])
        try:
            read_predictions(path)
        except ValueError as error:
            n_refused += str(error).startswith(f"{path} is no table of predictions")
    assert n_refused > 30


def test_what_is_no_file_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "p.parquet")
    refused(tmp_path / "p.parquet", "found no file")
    GOOD.iloc[:0].to_parquet(tmp_path / "q.parquet")
    refused(tmp_path / "q.parquet", "found no row")
    with pytest.raises(FileNotFoundError, match="is missing: finish that run first"):
        read_predictions(tmp_path / "r.parquet")
