"""Finding IMU datasets by file names below a folder, with options and errors."""

import numpy as np
import pytest
from helpers import imu_files as files
from helpers.reader_files import put

from rppg.studies.relcon.data.readers import READERS, find_motion
from rppg.studies.relcon.data.window_store import read_windows, write_windows


def names(found):
    return [(one.dataset, one.name) for one in found]


def write_one_of_each(root):
    files.plain(root)
    files.basic_motions(root)
    files.capture24(root / "capture24")
    files.opportunity(root)
    files.motionsense(root / "motion-sense" / "data")
    files.hhar(root / "hhar", [(0, "a", "gear_1", "walk"), (10_000_000, "a", "gear_1", "walk")])
    files.pamap2(root / "unzipped", lost=[1])


def test_all_datasets_side_by_side_are_found_in_the_readers_order(tmp_path):
    write_one_of_each(tmp_path)
    found = find_motion(tmp_path)
    assert names(found) == [
        ("PAMAP2", "PAMAP2_Dataset/Protocol/subject101.dat"),
        ("HHAR", "Activity recognition exp/Watch_accelerometer.csv"),
        ("MotionSense", "A_DeviceMotion_data/dws_1/sub_1.csv"),
        ("Opportunity", "S1-ADL1.dat"),
        ("Capture-24", "P001.csv.gz"),
        ("BasicMotions", "BasicMotions_TRAIN.ts"),
        ("mine", "mine/a.csv"),
    ]
    assert [one.dataset for one in found][:-1] == [*READERS][:-1]
    for one in found:
        for recording in one.read():
            assert recording.dataset == one.dataset and recording.origin == "real"
            assert 0.1 < np.median(np.linalg.norm(recording.xyz_g, axis=1)) < 1.2


def test_a_dataset_is_found_from_inside_and_files_come_in_natural_order(tmp_path):
    for name in ("Protocol/subject102.dat", "Optional/subject109.dat", "Protocol/subject101.dat"):
        path = files.pamap2(tmp_path, name)
    expected = ["subject109.dat", "subject101.dat", "subject102.dat"]
    for root in (tmp_path, path.parents[1]):
        assert [name.split("/")[-1] for _, name in names(find_motion(root))] == expected
    assert len(find_motion(path.parent)) == 2
    for subject in ("P010", "P002"):
        files.capture24(tmp_path / "c", subject)
    days = names(find_motion(tmp_path / "c"))
    assert days == [("Capture-24", "P002.csv.gz"), ("Capture-24", "P010.csv.gz")]


def test_what_is_hidden_too_deep_or_of_others_is_not_taken_for_motion(tmp_path):
    files.pamap2(tmp_path / "__MACOSX")
    files.pamap2(tmp_path / ".trash")
    files.pamap2(tmp_path / "a" / "b" / "c")
    put(tmp_path / "subject101.dat", "1 2 3")
    put(tmp_path / "PAMAP2_Dataset" / "Protocol" / "._subject101.dat", "a Mac's note")
    put(tmp_path / "labels.csv", "subject,activity,video\nann,smile,a.mp4\n")
    put(tmp_path / "empty.csv", "")
    with pytest.raises(
        FileNotFoundError, match="(?s)contains no known IMU dataset.*any of.*PAMAP2_Dataset/{Pro"
    ):
        find_motion(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder: expected"):
        find_motion(tmp_path / "nowhere")


def test_a_dataset_that_lies_there_twice_is_refused(tmp_path):
    files.pamap2(tmp_path / "old")
    files.pamap2(tmp_path / "new")
    with pytest.raises(ValueError, match="new/.*subject101.dat and .*old/.*look like one file"):
        find_motion(tmp_path)


def test_a_linked_dataset_is_found_once(tmp_path):
    files.pamap2(tmp_path / "disk")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "loop").symlink_to(tmp_path / "disk")
    assert len(find_motion(tmp_path / "data")) == 1


def test_options_go_to_their_dataset_and_unknown_ones_are_refused(tmp_path):
    write_one_of_each(tmp_path)
    found = find_motion(tmp_path, {"PAMAP2": {"position": "ankle"}})
    (recording,) = found[0].read()
    assert recording.xyz_g[0].argmax() == 2
    with pytest.raises(ValueError, match="unknown dataset 'PAMAP'.*PAMAP2, HHAR"):
        find_motion(tmp_path, {"PAMAP": {}})
    with pytest.raises(ValueError, match="HHAR has no option position; it has: none"):
        find_motion(tmp_path, {"HHAR": {"position": "wrist"}})
    with pytest.raises(ValueError, match="position is 'foot', expected one of hand, chest, ankle"):
        find_motion(tmp_path, {"PAMAP2": {"position": "foot"}})
    with pytest.raises(ValueError, match="position is 'hand', expected one of wrist, lower arm"):
        find_motion(tmp_path, {"Opportunity": {"position": "hand"}})


def test_files_are_opened_when_they_are_read(tmp_path):
    files.pamap2(tmp_path)
    put(tmp_path / "PAMAP2_Dataset" / "Optional" / "subject101.dat", b"\xff\x00 nothing")
    broken, good = find_motion(tmp_path)
    assert len([*good.read()]) == 1
    with pytest.raises(ValueError, match="subject101.dat has . columns, expected 54"):
        list(broken.read())


def test_plain_tables_are_named_after_their_folder(tmp_path):
    files.plain(tmp_path, "simulator/s01.parquet", cadence_spm=[100.0, 101.0, np.nan])
    files.plain(tmp_path, "simulator/s02.csv", subject="bob")
    put(tmp_path / "simulator" / "SYNTHETIC.txt", "written, not recorded")
    first, second = find_motion(tmp_path)
    assert names([first, second]) == [
        ("simulator", "simulator/s01.parquet"),
        ("simulator", "simulator/s02.csv"),
    ]
    (recording,) = first.read()
    assert recording.id == "simulator/ann/monday" and recording.origin == "synthetic"
    assert recording.targets["cadence_spm"][:2].tolist() == [100, 101]
    inside = find_motion(tmp_path / "simulator")
    assert {recording.id for one in inside for recording in one.read()} == {
        "simulator/ann/monday",
        "simulator/bob/monday",
    }


def test_plain_tables_of_one_name_in_two_folders_are_two_datasets(tmp_path):
    files.plain(tmp_path, "first/watch.csv")
    files.plain(tmp_path, "second/watch.csv")
    assert [dataset for dataset, _ in names(find_motion(tmp_path))] == ["first", "second"]


def test_what_is_written_below_a_mark_is_synthetic_in_every_layout(tmp_path):
    write_one_of_each(tmp_path)
    put(tmp_path / "SYNTHETIC.txt", "written, not recorded")
    origins = [recording.origin for one in find_motion(tmp_path) for recording in one.read()]
    assert origins == ["synthetic"] * 8


def test_a_plain_table_that_lacks_columns_or_is_broken_says_so_when_read(tmp_path):
    files.plain(tmp_path, "mine/a.csv", session=None, time_s=None)
    put(tmp_path / "mine" / "b.parquet", b"PAR1 and then nothing")
    incomplete, broken = find_motion(tmp_path)
    with pytest.raises(ValueError, match="missing columns session, time_s"):
        list(incomplete.read())
    with pytest.raises(ValueError):
        list(broken.read())


def test_what_cannot_be_read_is_a_problem_and_the_rest_becomes_windows(tmp_path):
    files.basic_motions(tmp_path, "TRAIN")
    files.basic_motions(tmp_path, "TEST", n_values=99)
    path = files.capture24(tmp_path)
    path.write_bytes(path.read_bytes()[:-20])
    problems = write_windows(tmp_path / "prepared", find_motion(tmp_path), progress=False)
    assert dict(zip(problems["name"], problems["dataset"], strict=True)) == {
        "P001.csv.gz": "Capture-24",
        "BasicMotions_TEST.ts": "BasicMotions",
    }
    assert "P001.csv.gz: Compressed file ended" in problems["reason"][0]
    table = read_windows(tmp_path / "prepared").table
    assert table["subject"].tolist() == ["train01"] * 3 + ["train02"] * 3
    assert table["activity"].tolist() == ["standing"] * 3 + ["badminton"] * 3
