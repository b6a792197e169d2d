"""The window store: everything readable, reasons for the rest, atomic."""

import numpy as np
import pandas as pd
import pytest

from rppg.studies.relcon.data.recording import MotionRecording, SourceFile
from rppg.studies.relcon.data.window_store import Windows, read_windows, write_windows
from rppg.studies.relcon.data.windows import WINDOW


def recording(subject, session="s1", seconds=10.0, start_s=0.0, origin="real"):
    times_s = start_s + np.arange(round(seconds * 100)) / 100
    xyz_g = np.random.default_rng([*subject.encode()]).normal(size=(len(times_s), 3))
    activities = ["walking"] * len(times_s)
    return MotionRecording("demo", subject, session, times_s, xyz_g, activities, {}, origin)


def found(name, *recordings, error=None):
    def read():
        yield from recordings
        if error is not None:
            raise error

    return SourceFile("demo", name, read)


def write(folder, *items):
    return write_windows(folder, items, progress=False)


def test_windows_are_read_as_they_were_cut(tmp_path):
    ann, bob = recording("ann"), recording("bob", origin="synthetic")
    problems = write(tmp_path / "w", found("a", ann, recording("ann", "s2")), found("b", bob))
    assert problems.empty
    windows = read_windows(tmp_path / "w")
    assert windows.xyz_g.shape == (9, WINDOW, 3) and windows.xyz_g.dtype == np.float32
    assert isinstance(windows.xyz_g, np.memmap)
    assert windows.table.index.tolist() == list(range(9))
    assert windows.table["session"].tolist() == ["s1"] * 3 + ["s2"] * 3 + ["s1"] * 3
    assert windows.table["origin"].tolist() == ["real"] * 6 + ["synthetic"] * 3
    np.testing.assert_allclose(windows.xyz_g[7], bob.xyz_g[256:512], atol=1e-5)
    files = sorted(path.name for path in (tmp_path / "w").iterdir())
    assert files == ["index.parquet", "problems.csv", "windows.npy"]


def test_problems_are_told_and_the_rest_goes_on(tmp_path):
    problems = write(
        tmp_path,
        found("broken", recording("ann"), error=ValueError("line 3 has 5 columns")),
        found("gone", error=FileNotFoundError("no such file: gone.csv")),
        found("cut.gz", error=EOFError("ended before the end")),
        found("none"),
        found("good", recording("bob"), recording("bob", "s2", seconds=2)),
        found("again", recording("bob")),
        found("twice", recording("cy"), recording("cy")),
        found("parts", recording("di"), recording("di", start_s=20)),
    )
    expected = [
        ("broken", "line 3 has 5 columns"),
        ("gone", "no such file"),
        ("cut.gz", "ended before the end"),
        ("none", "no recordings"),
        ("demo/bob/s2", "no 2.56 s"),
        ("again", "demo/bob/s1 is also in good"),
        ("twice", "demo/cy/s1@0000.00 occurs twice"),
    ]
    assert problems["name"].tolist() == [name for name, _ in expected]
    for reason, (_, part) in zip(problems["reason"], expected, strict=True):
        assert part in reason
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "problems.csv", dtype=object), problems)
    windows = read_windows(tmp_path)
    assert windows.table["subject"].tolist() == ["bob"] * 3 + ["di"] * 6
    assert len(set(windows.table["id"])) == len(windows.xyz_g) == 9


def test_a_fault_of_the_program_is_no_problem_of_a_file(tmp_path):
    with pytest.raises(KeyError):
        write(tmp_path, found("a", recording("ann")), found("b", error=KeyError("typo")))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), KeyError("typo")])
def test_what_was_there_stays_where_writing_ends_early(tmp_path, error):
    write(tmp_path, found("a", recording("ann")))
    before = read_windows(tmp_path)
    with pytest.raises(type(error)):
        write(tmp_path, found("b", recording("bob")), found("c", error=error))
    after = read_windows(tmp_path)
    pd.testing.assert_frame_equal(after.table, before.table)
    np.testing.assert_array_equal(after.xyz_g, before.xyz_g)
    assert len(list(tmp_path.iterdir())) == 3


def test_no_index_stands_beside_windows_of_another_writing(tmp_path):
    write(tmp_path, found("a", recording("ann")))
    (tmp_path / "problems.csv").unlink()
    (tmp_path / "problems.csv").mkdir()  # writing ends here, after the windows
    with pytest.raises(OSError, match="problems.csv"):
        write(tmp_path, found("b", recording("bob")))
    with pytest.raises(FileNotFoundError, match="index.parquet missing"):
        read_windows(tmp_path)


def test_writing_again_replaces_windows_and_nothing_else(tmp_path):
    (tmp_path / "folds").mkdir()
    write(tmp_path, found("a", recording("ann"), recording("bob")))
    before = read_windows(tmp_path)
    write(tmp_path, found("c", recording("cy")))
    assert read_windows(tmp_path).table["subject"].unique().tolist() == ["cy"]
    assert len(before.xyz_g[:]) == 6  # who had opened the old ones still has them
    assert (tmp_path / "folds").is_dir()


def test_nothing_to_write_says_why(tmp_path):
    with pytest.raises(ValueError, match="gives a window: a: line 3 is bad$"):
        write(tmp_path, found("a", error=ValueError("line 3 is bad")))
    named = ValueError("/data/mine/a.csv: subject ann: time_s goes back")
    with pytest.raises(ValueError, match="gives a window: /data/mine/a.csv: subject ann: time"):
        write(tmp_path, found("mine/a.csv", error=named))
    with pytest.raises(ValueError, match="no files were given"):
        write(tmp_path)
    with pytest.raises(FileNotFoundError, match="index.parquet and windows.npy missing: write"):
        read_windows(tmp_path)


def test_an_index_of_other_windows_is_an_error(tmp_path):
    write(tmp_path, found("a", recording("ann")))
    pd.read_parquet(tmp_path / "index.parquet")[:2].to_parquet(tmp_path / "index.parquet")
    with pytest.raises(ValueError, match="3 windows have 2 rows"):
        read_windows(tmp_path)


@pytest.fixture
def windows():
    xyz_g = np.arange(6 * WINDOW * 3, dtype=np.float32).reshape(6, WINDOW, 3)
    return Windows(xyz_g, pd.DataFrame({"subject": list("aabbcc")}))


def test_parts_have_the_windows_of_their_rows(windows):
    mask = (windows.table["subject"] != "b").to_numpy()
    whole = windows.xyz_g[mask]
    for part in (
        windows.part(mask),
        windows.part([0, 1, 4, 5]),
        windows.part(mask).part([0, 1, -2, -1]),
    ):
        assert part.table["subject"].tolist() == list("aacc")
        assert part.table.index.tolist() == [0, 1, 2, 3] and len(part) == 4
        assert part.xyz_g.shape == whole.shape and len(part.xyz_g) == 4
        np.testing.assert_array_equal(np.asarray(part.xyz_g), whole)
        for index in (
            2,
            -1,
            slice(1, 3),
            [3, 0],
            np.array([2]),
            (slice(None), slice(9), 1),
            (2, 5),
        ):
            np.testing.assert_array_equal(part.xyz_g[index], whole[index])
    assert windows.part([5, 5, 0]).table["subject"].tolist() == list("cca")
    assert windows.part([]).xyz_g[:].shape == (0, WINDOW, 3)


def test_a_part_of_a_file_loads_nothing_before_it_is_asked(tmp_path):
    write(tmp_path, found("a", recording("ann"), recording("bob")))
    part = read_windows(tmp_path).part([1, 4]).part([1])
    assert isinstance(part.xyz_g.array.array, np.memmap)
    np.testing.assert_array_equal(part.xyz_g[0], np.load(tmp_path / "windows.npy")[4])


def test_masks_and_positions_that_do_not_fit_are_errors(windows):
    with pytest.raises(ValueError, match=r"shape \(2,\), expected \(6,\)"):
        windows.part([True, False])
    with pytest.raises(IndexError):
        windows.part([6])
