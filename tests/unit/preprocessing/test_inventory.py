"""The table of what lies in a folder of datasets: counts, hours, labels, and what is wrong."""

import numpy as np
import pytest
from helpers.reader_files import put

from rppg.preprocessing.inventory import format_survey, read_below, survey
from rppg.preprocessing.video import VideoWriter


def look(root):
    return survey(*read_below(root), progress=False)


def ubfc(root, name, seconds=2.0, labelled=True):
    folder = root / "UBFC-rPPG" / "DATASET_2" / name
    folder.mkdir(parents=True)
    times_s = np.arange(0, seconds, 0.05)
    with VideoWriter(folder / "vid.avi", 32, 32, fps=20.0) as video:
        for _ in times_s:
            video.write(np.zeros((32, 32, 3), np.uint8))
    if labelled:
        rows = (np.sin(times_s), np.full(len(times_s), 70.0), times_s)
        text = "\n".join(" ".join(map(str, row)) for row in rows)
        put(folder / "ground_truth.txt", text)
    return folder


def test_a_row_counts_what_a_dataset_has(tmp_path):
    ubfc(tmp_path, "subject1", seconds=36.0)
    ubfc(tmp_path, "subject11", seconds=36.0)
    ubfc(tmp_path, "subject3", seconds=36.0, labelled=False)
    (row,) = look(tmp_path).to_dict("records")
    assert (row["dataset"], row["recordings"], row["subjects"]) == ("UBFC-rPPG", 3, 3)
    assert (row["wave"], row["hr_trace"], row["hr_mean"]) == (2, 2, 0)
    assert row["hours"] == pytest.approx(0.03, rel=1e-3)
    assert (row["fps_source"], row["fps"]) == ("container 1, stamps 2", "20")
    assert (row["known_bad"], row["problems"], row["error"]) == (1, 0, "")
    assert row["reasons"] == [
        "UBFC-rPPG/subject11/vid is known to be bad: ground truth known to be bad"
    ]
    assert row["difference"] == "3 recordings of 3 subjects found, 50 of 50 published"


def test_what_is_wrong_is_said_and_the_rest_is_counted(tmp_path):
    ubfc(tmp_path, "subject1")
    put(ubfc(tmp_path, "subject3", labelled=False) / "vid.avi", "no video")
    put(ubfc(tmp_path, "subject4") / "ground_truth.txt", "1 2\n3 4\n")
    put(tmp_path / "test" / "VIPL_HR" / "a.avi")
    put(tmp_path / "VIPL-HR-V2" / "notes.txt")
    table = look(tmp_path).set_index("layout")
    assert table.loc["ubfc_rppg", "recordings"] == 3
    assert table.loc["ubfc_rppg", "problems"] == 2
    text = format_survey(table.reset_index())
    assert "UBFC-rPPG/subject3/vid: " in text and "not a video" in text
    assert "UBFC-rPPG/subject4/vid: subject4/ground_truth.txt has 2 lines" in text
    assert "test: 1 videos are misplaced" in text
    assert "VIPL-HR-V2: " in text and "holds no recordings" in text


def test_a_folder_without_datasets_holds_nothing_and_no_folder_is_an_error(tmp_path):
    assert read_below(tmp_path) == ({}, {})
    with pytest.raises(FileNotFoundError, match="expected one that holds datasets"):
        read_below(tmp_path / "nowhere")
