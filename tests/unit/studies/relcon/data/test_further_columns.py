"""Columns of a table besides those that it must have: numbers are targets, others cost no table."""

import numpy as np
import pandas as pd
import pytest
from helpers.odd_tables import N, T, csv, frame, parquet, put, read

from rppg.studies.relcon.data.readers import find_motion
from rppg.studies.relcon.data.window_store import read_windows, write_windows

HR_BPM = np.where(np.arange(N) % 100 == 0, 70.0, np.nan)
NEAR = np.where(np.arange(N) == 30, "high", "0.5")  # numbers but for one
LEFT_OUT = {  # further columns: what the note says of them
    "text": ({"device": "left"}, "Column device was left out: row 1: 'left', expected numbers"),
    "truth values": ({"worn": T > 1}, "Column worn was left out: true and false, expected n"),
    "truth values, some empty": ({"worn": np.where(T > 1, True, None)}, "Column worn was left out"),
    "a slip": ({"spm": NEAR}, "Column spm was left out: row 31: 'high', expected numbers"),
    "an infinite value": ({"spm": np.inf}, "Column spm was left out: row 1: inf, expected"),
    "a date": ({"at": pd.Timestamp("2026-11-28")}, "Column at was left out: "),
    "a name of the windows": ({"hour": 3.0}, "Column hour was left out: windows have a column of"),
}


@pytest.mark.parametrize("write", [csv, parquet])
@pytest.mark.parametrize("what", LEFT_OUT)
def test_a_column_that_cannot_be_a_target_is_left_out_with_a_note(tmp_path, what, write):
    columns, note = LEFT_OUT[what]
    content = write(frame(hr_bpm=HR_BPM, **columns))
    put(tmp_path, "a.csv" if write is csv else "a.parquet", content)
    (recording,) = read(tmp_path)
    assert set(recording.targets) == {"hr_bpm"} and len(recording.times_s) == N
    np.testing.assert_array_equal(recording.targets["hr_bpm"], HR_BPM)
    (found,) = recording.notes
    assert found.startswith(note)


def test_what_was_left_out_is_among_the_problems_and_the_rest_becomes_windows(tmp_path):
    put(tmp_path, "a.csv", csv(frame(hr_bpm=HR_BPM, device="left", worn=True)))
    problems = write_windows(tmp_path / "store", find_motion(tmp_path), progress=False)
    assert problems["outcome"].tolist() == ["read"] * 2
    assert [reason.split()[1] for reason in problems["reason"]] == ["device", "worn"]
    table = read_windows(tmp_path / "store").table
    assert table["hr_bpm"].tolist() == [70.0] and "device" not in table


def test_a_nested_column_is_left_out_if_it_is_not_needed(tmp_path):
    put(tmp_path, "a.parquet", parquet(frame(raw=[[1.0, 2.0]] * N)))
    (recording,) = read(tmp_path)
    assert recording.notes == ("Column raw was left out: it is nested.",) and not recording.targets


def test_commas_in_a_text_are_no_decimal_commas(tmp_path):
    put(tmp_path, "a.csv", csv(frame(remark="1,5"), sep=";"))
    (recording,) = read(tmp_path)
    assert recording.xyz_g[:, 2].mean() == pytest.approx(1.0, abs=0.1)
    assert recording.notes[0].startswith("Column remark was left out: row 1: '1,5'")
    put(tmp_path, "a.csv", csv(frame(hr_bpm=70.5, remark="left"), sep=";", decimal=","))
    (recording,) = read(tmp_path)
    assert recording.targets["hr_bpm"][0] == 70.5 and len(recording.notes) == 1


def test_values_in_rows_without_acceleration_are_counted_where_they_are_lost(tmp_path):
    table = frame(hr_bpm=HR_BPM)
    table.loc[table["hr_bpm"].notna(), "x"] = np.nan
    put(tmp_path, "a.csv", csv(table))
    (recording,) = read(tmp_path)
    lost = "3 of 300 samples without a number were left out, and with them 3 values of hr_bpm."
    assert recording.notes == (lost,)


def test_a_missing_column_is_told_with_all_that_there_are(tmp_path):
    put(tmp_path, "a.csv", csv(frame(label="walking").drop(columns="activity")))
    with pytest.raises(ValueError, match="missing columns activity: found .*label, expected"):
        read(tmp_path)
