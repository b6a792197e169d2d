"""Odd and malformed tables: what is left out is noted, what cannot be read is listed."""

import gzip
import lzma

import numpy as np
import pandas as pd
import pytest
from helpers.odd_tables import N, T, X, csv, frame, iso, lines, parquet, put, read

from rppg.studies.relcon.data.readers import find_motion
from rppg.studies.relcon.data.window_store import write_windows

pytestmark = pytest.mark.malformed


def times(**changes):
    stamps = T.copy()
    for at, value in changes.items():
        stamps[int(at[1:])] = value
    return frame(time_s=stamps)


def axis(value, n):
    values = X[:, 0].copy()
    values[:n] = value
    return values


doubled = frame(time_s=np.where(np.arange(N) % 5 == 4, np.roll(T, 1), T))
NOTED = {
    "double stamps": (csv(doubled), [240], ["60 of 300 samples were left out: their times repeat"]),
    "backward stamps": (csv(times(_9=0.0, _50=0.45)), [298], ["2 of 300 samples were left out"]),
    "doubled rows": (csv(frame().loc[np.repeat(np.arange(N), 2)]), [N], ["300 rows .* twice"]),
    "a table doubled": (csv(pd.concat([frame()] * 2)), [N], ["300 rows .* twice"]),
    "a restart": (csv(pd.concat([frame(), frame(time_s=T - 9)])), [N, N], ["set back 1 times"]),
    "a gap": (csv(frame(time_s=T + 9 * (T > 1))), [N], ["1 gaps .* longest 9.01"]),
    "NaN": (csv(frame(x=axis(np.nan, 1))), [N - 1], ["1 of 300 samples without a number"]),
    "a stretch of NaN": (csv(frame(x=np.roll(axis(np.nan, 150), 9))), [150], ["150 of", "1 gaps"]),
    "no time": (csv(times(_0=np.nan)), [N - 1], ["1 of 300 samples without a number"]),
    "an axis of 0": (csv(frame(x=0)), [N], ["x never changes"]),
    "all constant": (csv(frame(x=0, y=0, z=1)), [N], ["x, y, z never changes"]),
    "windows-1252": (csv(frame(activity="caf\xe9")).encode("cp1252"), [N], ["windows-1252"]),
    "a cut last line": (csv().rstrip("\n").rpartition(",")[0], [N - 1], ["its last line"]),
    "empty rows": (csv() + ",,,,,,\n" * 3, [N], ["3 empty rows were left out"]),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTED)
def test_what_is_left_out_or_assumed_is_noted(tmp_path, name):
    content, lengths, notes = NOTED[name]
    put(tmp_path, "a.csv", content)
    recordings = read(tmp_path)
    assert [len(recording.times_s) for recording in recordings] == lengths
    found = [note for recording in recordings for note in recording.notes]
    assert len(found) == len(notes)
    for note, pattern in zip(found, notes, strict=True):
        assert pd.Series([note]).str.contains(pattern).all(), note


def swap(old, new, row=5):
    return lines(lambda rows: rows.__setitem__(row, rows[row].replace(old, new, 1)))


def value(word):
    table = frame().astype({"y": object})
    table.loc[3, "y"] = word
    return csv(table)


LISTED = {
    "a field too many": ("a.csv", swap("ann", "ann,1"), r"line 6 has 8 values, expected 7"),
    "a field too few": ("a.csv", swap("ann,", ""), r"line 6 has 6 values, expected 7"),
    "one too many everywhere": ("a.csv", csv().replace("ann", "0,ann"), "line 2 has 8 values"),
    "commas between and in numbers": ("a.csv", csv().replace(".", ","), "11 val.*semicolons"),
    "a last row too long": ("a.csv", csv().rstrip("\n") + ",7", "line 301 has 8 values"),
    "a shifted row": ("a.csv", swap("walking,", "").replace("1\n", "1,\n", 1), "."),
    "an underscore": ("a.csv", value("1_0"), "column y, row 4: '1_0', expected a number"),
    "hexadecimal": ("a.csv", value("0x1"), "column y, row 4: '0x1'"),
    "full-width digits": ("a.csv", value("１"), "column y, row 4: '１'"),
    "inf": ("a.csv", value("inf"), "column y, row 4: inf, expected a finite number"),
    "-Infinity": ("a.csv", value("-Infinity"), "column y, row 4: -inf"),
    "1e999": ("a.csv", value("1e999"), "column y, row 4"),
    "a word": ("a.csv", value("high"), "column y, row 4: 'high'"),
    "two decimal marks": ("a.csv", csv(frame(x="1.000,5"), sep=";"), "column x, row 1: '1.000,5'"),
    "truth values": ("a.csv", csv(frame(y=T > 1)), "column y, .*expected a number"),
    "a time that is none": ("a.csv", csv(times()).replace(",0.02,", ",1_0,"), "row 3: '1_0'"),
    "a date that is none": ("a.csv", csv(frame(time_s=["noon", *iso()[1:]])), "row 1: 'noon'"),
    "German dates": ("a.csv", csv(frame(time_s="28.11.2026 10:00:00")), "row 1: '28.11.2026 10"),
    "dates without time": ("a.csv", csv(frame(time_s="2026-11-28")), "time_s repeats; store"),
    "float32 epochs": ("a.parquet", parquet(frame(time_s=(1.7e9 + T).astype("f4"))), "more digits"),
    "rounded stamps": ("a.csv", csv(frame(time_s=T.round(1))), "269 of 300 samples .*more digits"),
    "backwards": ("a.csv", csv(frame(time_s=T[::-1])), "time_s decreases; sort the rows by time"),
    "shuffled": ("a.csv", csv(frame(time_s=100 * T).sample(N, random_state=0)), "sort the rows"),
    "m/s^2": ("a.csv", csv(frame(z=9.81)), r"median 9\.8.*m/s\^2: divide x, y and z by 9.80665"),
    "all zero": ("a.csv", csv(frame(x=0, y=0, z=0)), "x, y and z are 0 in all 300 samples"),
    "all NaN": ("a.csv", csv(frame(x=np.nan)), "none of 300 samples has a time and all three"),
    "the same column twice": ("a.csv", csv().replace("x,y,z", "x,X,z", 1), "column x occurs twice"),
    "a missing column": ("a.csv", csv(frame().drop(columns="z")), "missing columns z: found sub"),
    "another table": ("a.csv", "name,age\nann,5\n", "its header is name, age: expected"),
    "no header": ("a.csv", csv(header=False), "its header is ann, mon, walking"),
    "empty": ("a.csv", "", "the file is empty"),
    "only blanks": ("a.csv", "\n \n\n", "the file is empty"),
    "header only": ("a.csv", csv(frame()[:0]), "has no rows"),
    "junk": ("a.csv", bytes(range(256)) * 9, "the file is no text|its header is"),
    "junk in the middle": ("a.csv", csv().encode() + bytes(99), "bytes that are no text"),
    "no known encoding": ("a.csv", csv().encode() + b"\x81\x8d\n", "neither UTF-8 nor win"),
    "cut UTF-16": ("a.csv", csv().encode("utf-16")[:-1], "is no utf-16 text"),
    "cut gzip": ("a.csv.gz", gzip.compress(csv().encode())[:-99], "ended before the end"),
    "cut xz": ("a.csv.xz", lzma.compress(csv().encode())[:-99], "ended before the end"),
    "broken gzip": ("a.csv.gz", b"\x1f\x8b" + bytes(99), "a.csv.gz|compression|gzip"),
    "an open quote": ("a.csv", csv().replace("ann", '"ann', 1), "line .* values|field larger"),
    "junk parquet": ("a.parquet", b"PAR1 and then nothing", "."),
    "empty parquet": ("a.parquet", b"", "."),
    "cut parquet": ("a.parquet", parquet(frame())[:-9], "."),
    "nested parquet": ("a.parquet", parquet(frame(x=[[1.0]] * N)), "columns x are nested"),
    "nested names": ("a.parquet", parquet(frame(subject=[{"a": 1}] * N)), "columns subject are"),
    "empty subject": ("a.csv", swap("ann", ""), "column subject, row 5: it is empty"),
    "a control character": ("a.csv", csv(frame(session="a\x07b")), "session is 'a.x07b'"),
    "a slash": ("a.csv", csv(frame(subject="a/b")), 'expected a name without "/"'),
    "a spreadsheet": ("a.xlsx", b"PK", r"\.xlsx is not read: export it as CSV or parquet"),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTED)
def test_what_cannot_be_read_is_listed_and_the_rest_is_used(tmp_path, name):
    file, content, reason = LISTED[name]
    put(tmp_path, file, content)
    put(tmp_path, "good.csv", csv(frame(subject="bob")))
    problems = write_windows(tmp_path / "store", find_motion(tmp_path), progress=False)
    assert problems["name"].tolist() == [f"mine/{file}"]
    assert problems["outcome"].tolist() == ["skipped"]
    assert problems["reason"].str.contains(reason).all(), problems["reason"][0]
    assert "\n" not in problems["reason"][0]
