"""Plain IMU tables: round trip, and errors with advice."""

import numpy as np
import pandas as pd
import pytest

from rppg.studies.relcon.data.recording import MAX_GAP_S, MotionRecording
from rppg.studies.relcon.data.tables import check_table, read_table, write_table


def recording(subject="ann", session="s1", n=300, origin="real", **targets):
    rng = np.random.default_rng(len(subject) + len(session))
    xyz_g = rng.normal([0, 0, 1], 0.05, (n, 3))
    activities = np.where(np.arange(n) < n // 2, "walking", "")
    times_s = np.cumsum(rng.uniform(0.008, 0.012, n))
    return MotionRecording("mine", subject, session, times_s, xyz_g, activities, targets, origin)


def table(n=50, **columns):
    rows = {"subject": "ann", "session": "s1", "activity": "", "time_s": np.arange(n) / 100}
    return pd.DataFrame({**rows, "x": 0.1, "y": 0.0, "z": 1.0, **columns}, index=range(n))


def put(path, **columns):
    frame = table(**columns)
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_is_written_is_read(tmp_path, suffix):
    cadence_spm = np.where(np.arange(300) < 150, 112.3, np.nan)
    given = [
        recording("007", "a", cadence_spm=cadence_spm),
        recording("007", "b", cadence_spm=np.full(300, np.nan)),
        recording("NA", "a", cadence_spm=cadence_spm),
    ]
    path = write_table(tmp_path / f"wrist{suffix}", given)
    for one, found in zip(given, read_table(path, dataset="mine"), strict=True):
        assert (found.id, found.origin) == (one.id, "real")
        np.testing.assert_array_equal(found.times_s, one.times_s)
        np.testing.assert_array_equal(found.xyz_g, one.xyz_g)
        np.testing.assert_array_equal(found.activities, one.activities)
        np.testing.assert_array_equal(found.targets["cadence_spm"], one.targets["cadence_spm"])
    assert {found.dataset for found in read_table(path)} == {"wrist"}
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_rows_of_subjects_may_be_mixed(tmp_path):
    frame = pd.concat([table(), table(subject="bob")], ignore_index=True)
    frame.sort_values("time_s", kind="stable").to_parquet(tmp_path / "mixed.parquet")
    found = list(read_table(tmp_path / "mixed.parquet"))
    assert [(one.subject, len(one.times_s)) for one in found] == [("ann", 50), ("bob", 50)]


def test_names_that_look_like_numbers_stay_text(tmp_path):
    (found,) = read_table(put(tmp_path / "t.csv", subject="007", session="1.0", activity="3"))
    assert (found.id, set(found.activities)) == ("t/007/1.0", {"3"})


def test_columns_of_other_kinds_are_read(tmp_path):
    frame = table(subject=7, activity=None, x=0, z=1)
    frame["session"] = pd.Categorical(frame["session"], categories=["s0", "s1"])
    frame.index = range(100, 150)
    frame.to_parquet(tmp_path / "t.parquet")
    (found,) = read_table(tmp_path / "t.parquet")
    assert (found.id, set(found.activities)) == ("t/7/s1", {""})


def test_a_mark_makes_what_is_below_it_synthetic(tmp_path):
    (tmp_path / "SYNTHETIC.txt").touch()
    (tmp_path / "simulator").mkdir()
    path = put(tmp_path / "simulator" / "a.csv")
    assert [found.origin for found in read_table(path)] == ["synthetic"]


@pytest.mark.parametrize(("marked", "origin"), [(True, "real"), (False, "synthetic")])
def test_origins_cannot_be_lost_by_writing(tmp_path, marked, origin):
    if marked:
        (tmp_path / "SYNTHETIC.txt").touch()
    with pytest.raises(ValueError, match=f"mine/ann/s1 is {origin}.*SYNTHETIC.txt"):
        write_table(tmp_path / "t.csv", [recording(origin=origin)])
    assert not (tmp_path / "t.csv").exists()


def jump(at, by_s, n=50):
    times_s = np.arange(n) / 100
    times_s[at:] += by_s
    return times_s


def one(at, value, n=50):
    values = np.zeros(n)
    values[at] = value
    return values


WRONG = [
    ({"z": 9.81}, r"median 9\.81.*m/s\^2.*divide x, y and z by 9\.80665"),
    ({"z": 1000.0}, r"median 1000.*mg.*by 1000"),
    ({"z": 64.0}, r"median 64.*scale x, y and z"),
    ({"time_s": one(3, np.inf)}, r"column time_s, row 4: inf"),
    ({"time_s": np.arange(50)[::-1] / 100}, r"row 2: time_s decreases; sort"),
    ({"time_s": np.arange(50) * 10.0}, r"0\.1 samples.*looks like milliseconds: divide by 1000"),
    ({"time_s": np.arange(50) / 4}, r"4 samples per second by time_s, expected 5 or more$"),
    ({"time_s": np.arange(50) * 1e7}, r"1e-07 samples per second by time_s, expected 5 or more$"),
    ({"subject": ["ann"] * 9 + [""] + ["ann"] * 40}, r"column subject, row 10: it is empty"),
    ({"session": None}, r"column session, row 1: it is empty"),
    ({"x": ["0.1"] * 30 + ["high"] + ["0.1"] * 19}, r"column x, row 31: 'high', expected a num"),
]


READ_WITH_A_NOTE = [
    ({"y": one(17, np.nan)}, r"column y, row 18: nan.*remove such rows"),
    ({"time_s": jump(20, -0.01)}, r"row 21: time_s repeats; keep one"),
    ({"time_s": jump(20, 1.5)}, r"row 21: 1\.51 s without.*a session of its own"),
    ({"device": "left"}, r"column device, row 1: 'left'.*remove the column"),
    ({"worn": True}, r"column worn, true and false, expected a number"),
]


@pytest.mark.parametrize(("columns", "message"), WRONG + READ_WITH_A_NOTE)
def test_what_is_wrong_is_said(columns, message):
    with pytest.raises(ValueError, match=f"(?s)^here.*{message}"):
        check_table(table(**columns), "here")


@pytest.mark.parametrize(("columns", "message"), WRONG)
def test_a_file_that_is_wrong_is_named(tmp_path, columns, message):
    path = put(tmp_path / "t.csv", **columns)
    with pytest.raises(ValueError, match=f"(?s)t.csv.*{message}"):
        list(read_table(path))


def test_the_session_that_is_wrong_is_named():
    frame = pd.concat([table(), table(subject="bob", z=9.8)], ignore_index=True)
    with pytest.raises(ValueError, match="^here: subject bob, session s1: .*m/s"):
        check_table(frame, "here")


def test_rows_are_counted_from_the_first_whatever_the_index():
    frame = table(y=one(17, np.nan)).set_index(np.arange(50) // 10)
    with pytest.raises(ValueError, match="column y, row 18"):
        check_table(frame, "here")


def test_columns_that_are_missing_are_named(tmp_path):
    frame = table().drop(columns=["activity", "z"])
    with pytest.raises(ValueError, match="missing columns activity, z: found subject, session"):
        check_table(frame, "here")


def test_a_table_without_rows_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="here has no rows"):
        check_table(table().iloc[:0], "here")
    with pytest.raises(ValueError, match="no rows"):
        write_table(tmp_path / "t.csv", [])


@pytest.mark.parametrize(
    ("call", "name", "known"),
    [
        (lambda path: list(read_table(path)), "t.json", r"\.parquet, \.pq, \.csv, \.csv\.gz"),
        (lambda path: write_table(path, []), "t.txt", r"\.csv, \.parquet$"),
    ],
)
def test_another_suffix_is_an_error(tmp_path, call, name, known):
    with pytest.raises(ValueError, match=rf"{name}.*expected one of {known}"):
        call(tmp_path / name)


def test_what_may_be_unusual_passes():
    check_table(table(x=0.0, z=0.01), "gravity taken out")
    check_table(table(cadence_spm=np.nan), "no cadence anywhere")
    check_table(table(time_s=jump(20, MAX_GAP_S - 0.01)), "a gap just short enough")
    check_table(table(time_s=1.7e9 + np.arange(50) / 100), "seconds since 1970")
    check_table(table(z=one(5, 30.0)), "one knock")
    check_table(table(time_s=3600 + np.arange(50) / 5), "as slow as may be")
