"""Tables are read however programs write text, parquet and times."""

import bz2
import gzip
import lzma

import numpy as np
import pandas as pd
import pytest
from helpers.odd_tables import N, T, X, csv, frame, iso, parquet, put, read

pytestmark = pytest.mark.malformed

WRITTEN = {
    "semicolons and decimal commas": ("a.csv", csv(sep=";", decimal=",")),
    "semicolons and decimal points": ("a.csv", csv(sep=";")),
    "quoted decimal commas": ("a.csv", csv(decimal=",")),
    "tabs": ("a.csv", csv(sep="\t")),
    "tabs and decimal commas": ("a.tsv", csv(sep="\t", decimal=",")),
    "bars": ("a.txt", csv(sep="|")),
    "blanks": ("a.txt", csv(sep=" ").replace(" ", "   ")),
    "upper-case suffix": ("A.CSV", csv()),
    "txt": ("a.txt", csv()),
    "gzip": ("a.csv.gz", gzip.compress(csv().encode())),
    "upper-case gzip": ("A.TSV.GZ", gzip.compress(csv(sep="\t").encode())),
    "gzip without its suffix": ("a.csv", gzip.compress(csv().encode())),
    "no gzip though it says so": ("a.csv.gz", csv()),
    "bzip2": ("a.csv.bz2", bz2.compress(csv().encode())),
    "xz": ("a.txt.xz", lzma.compress(csv().encode())),
    "upper-case header": ("a.csv", csv(frame().rename(columns=str.upper))),
    "blanks in the header": ("a.csv", csv().replace(",x,y,z", ", x,\ty ,  Z ", 1)),
    "time s": ("a.csv", csv().replace("time_s", "Time s", 1)),
    "blanks after commas": ("a.csv", csv().replace(",", ", ")),
    "blanks around names": ("a.csv", csv().replace("ann,mon", "ann , mon ")),
    "byte order mark": ("a.csv", csv().encode("utf-8-sig")),
    "UTF-16": ("a.csv", csv(sep="\t").encode("utf-16")),
    "UTF-16 without a mark": ("a.csv", csv().encode("utf-16-le")),
    "big-endian UTF-16 without a mark": ("a.csv", csv().encode("utf-16-be")),
    "UTF-32": ("a.csv", csv().encode("utf-32")),
    "Windows' line ends": ("a.csv", csv().replace("\n", "\r\n")),
    "old Mac's line ends": ("a.csv", csv().replace("\n", "\r")),
    "everything quoted": ("a.csv", csv(quoting=1)),
    "no line end": ("a.csv", csv().rstrip("\n")),
    "blank lines": ("a.csv", "\n\n" + csv().replace("\n", "\n\n")),
    "comments before the header": ("a.csv", "# made by a watch\n#x\n" + csv()),
    "Excel's first line": ("a.csv", "sep=;\n" + csv(sep=";")),
    "an index": ("a.csv", frame().to_csv()),
    "an empty last column": ("a.csv", csv().replace("\n", ",\n")),
    "another order of columns": (
        "a.csv",
        csv(frame()[["z", "time_s", *"yx", "activity", "session", "subject"]]),
    ),
    "upper-case parquet": ("A.PARQUET", parquet(frame())),
    "parquet, index": ("a.pq", parquet(frame().set_index(np.arange(N) % 7))),
    "parquet, names as index": (
        "a.parquet",
        parquet(frame().set_index(["subject", "session"]).reset_index()),
    ),
    "parquet, categories": (
        "a.parquet",
        parquet(frame().astype({"subject": "category", "activity": "category"})),
    ),
    "parquet, nullable": (
        "a.parquet",
        parquet(frame().astype({"z": "Float64", "session": "string"})),
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_table_is_read_however_it_is_written(tmp_path, name):
    put(tmp_path, *WRITTEN[name])
    (recording,) = read(tmp_path)
    assert (recording.id, recording.notes) == ("mine/ann/mon", ())
    np.testing.assert_array_equal(recording.times_s, T)
    np.testing.assert_array_equal(recording.xyz_g, X.astype(np.float32))
    assert set(recording.activities) == {"walking"} and not recording.targets


STAMPS = {
    "epoch seconds": (1.7e9 + T, 1.7e9, 0),
    "epoch milliseconds": ((1.7e12 + T * 1000).round().astype(np.int64), 1.7e9, 1),
    "epoch microseconds": ((1.7e15 + T * 1e6).round().astype(np.int64), 1.7e9, 1),
    "epoch nanoseconds": (1_700_000_000_000_000_000 + np.arange(N) * 10_000_000, 1.7e9, 1),
    "ISO": (iso(), 1.7e9, 0),
    "ISO with a T": ([time.replace(" ", "T") for time in iso()], 1.7e9, 0),
    "ISO with commas": ([time.replace(".", ",") for time in iso()], 1.7e9, 0),
    "ISO with a zone": (iso("+01:00"), 1.7e9 - 3600, 0),
    "ISO in UTC": (iso("Z"), 1.7e9, 0),
    "float32": (T.astype(np.float32), 0, 0),
}


@pytest.mark.parametrize("name", STAMPS)
@pytest.mark.parametrize("kind", ["a.csv", "a.parquet"])
def test_stamps_become_seconds(tmp_path, name, kind):
    stamps, start_s, n_notes = STAMPS[name]
    table = frame(time_s=stamps)
    put(tmp_path, kind, csv(table) if kind == "a.csv" else parquet(table))
    (recording,) = read(tmp_path)
    np.testing.assert_allclose(recording.times_s - start_s, T, atol=1e-6)
    assert len(recording.notes) == n_notes


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_stamps_of_parquet_become_seconds(tmp_path, zone):
    times = pd.Series(pd.to_datetime(1_700_000_000_000_000_000 + np.arange(N) * 10_000_000))
    put(
        tmp_path,
        "a.parquet",
        parquet(frame(time_s=times.dt.tz_localize("UTC").dt.tz_convert(zone))),
    )
    (recording,) = read(tmp_path)
    np.testing.assert_allclose(recording.times_s - 1.7e9, T, atol=1e-6)
