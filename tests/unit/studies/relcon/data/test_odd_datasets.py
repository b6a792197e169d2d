"""Odd and malformed files of the distributed IMU datasets: noted, or an error that names them."""

import gzip
import re

import numpy as np
import pytest
from helpers import imu_files as files

from rppg.studies.relcon.data.readers import READERS

pytestmark = pytest.mark.malformed

MS = 1_000_000


def read(dataset, root):
    return [one for found in READERS[dataset](root) for one in found.read()]


def cut(path, n):
    path.write_text(path.read_text()[:-n])


def shorten_line(path, number):
    lines = path.read_text().splitlines(keepends=True)
    lines[number - 1] = lines[number - 1].partition(" ")[2]
    path.write_text("".join(lines))


def stamped(path, stamps, column=0):
    values = np.loadtxt(path)
    values[:, column] = stamps
    files.put_numbers(path, values)


@pytest.mark.parametrize("n", [5, 100, 150])
def test_a_text_file_that_is_cut_is_read_to_its_last_whole_line(tmp_path, n):
    cut(files.pamap2(tmp_path), n)
    (recording,) = read("PAMAP2", tmp_path)
    assert len(recording.times_s) == 3
    assert recording.notes == ("The file is cut inside its last line, which was left out.",)


def test_a_text_file_that_ends_without_a_line_break_is_whole(tmp_path):
    cut(files.pamap2(tmp_path), 1)
    (recording,) = read("PAMAP2", tmp_path)
    assert (len(recording.times_s), recording.notes) == (4, ())


@pytest.mark.parametrize(("number", "n_lines"), [(1, 4), (2, 4), (4, 4)])
def test_a_short_line_inside_is_an_error_that_names_it(tmp_path, number, n_lines):
    shorten_line(files.pamap2(tmp_path, activities=[4] * n_lines), number)
    with pytest.raises(ValueError, match=rf"subject101.dat has 53 columns.*\(line {number}\)"):
        read("PAMAP2", tmp_path)


def test_lost_samples_are_counted(tmp_path):
    files.pamap2(tmp_path, lost=[1, 2])
    (recording,) = read("PAMAP2", tmp_path)
    assert recording.notes == ("2 of 4 samples without a number were left out.",)


@pytest.mark.parametrize(
    ("stamps", "kept"),
    [([0, 10, 10, 30, 40], [0, 10, 30, 40]), ([0, 50, 40, 60, 70], [0, 50, 60, 70])],
)
def test_stamps_that_repeat_or_go_back_cost_their_samples(tmp_path, stamps, kept):
    stamped(files.opportunity(tmp_path), stamps)
    (recording,) = read("Opportunity", tmp_path)
    np.testing.assert_allclose(recording.times_s * 1000, kept)
    assert recording.notes == ("1 of 5 samples were left out: their times repeat or go back.",)


def test_a_clock_that_jumps_far_back_is_an_error(tmp_path):
    stamped(files.opportunity(tmp_path), [5000, 5030, 5060, 0, 30])
    with pytest.raises(ValueError, match="S1/ADL1: 5.06 s is followed by 0 s .*set back"):
        read("Opportunity", tmp_path)


def test_a_repeated_time_of_capture24_costs_one_sample(tmp_path):
    times = [f"2016-11-13 10:15:00.0{k}0" for k in (0, 1, 1, 3)]
    files.capture24(tmp_path, annotations=[""] * 4, time=times)
    (recording,) = read("Capture-24", tmp_path)
    np.testing.assert_allclose(recording.times_s - 36900, [0, 0.01, 0.03], atol=1e-9)
    assert len(recording.notes) == 1


def no_user(root):
    path = files.hhar(root, [(k * 10 * MS, "a", "gear_1", "sit") for k in range(3)])
    path.write_text(path.read_text()[: -len("a,gear,gear_1,sit\n")])


def header_only(root):
    path = files.capture24(root)
    path.write_bytes(gzip.compress(b"time,x,y,z,annotation\n"))


def no_text(root):
    files.capture24(root).with_name("annotation-label-dictionary.csv").write_bytes(b"\xff\xfe\x00")


@pytest.mark.parametrize(
    ("dataset", "write", "words"),
    [
        ("HHAR", no_user, "Watch_accelerometer.csv: row 3 has no User or no Device"),
        (
            "HHAR",
            lambda root: cut(files.hhar(root, [(1, "a", "g", "sit")]), 40),
            "accelerometer.csv: ",
        ),
        ("Capture-24", header_only, "P001.csv.gz has no sample with a time"),
        ("Capture-24", no_text, "annotation-label-dictionary.csv: .*expected a table"),
        ("Capture-24", lambda root: files.capture24(root).write_bytes(b""), "P001.csv.gz: "),
        (
            "PAMAP2",
            lambda root: files.pamap2(root).write_bytes(b""),
            "subject101.dat has 0 columns",
        ),
        (
            "PAMAP2",
            lambda root: files.pamap2(root).write_text("1_0 " * 54 + "\n"),
            "54 numbers per",
        ),
        ("BasicMotions", lambda root: files.basic_motions(root).write_bytes(b"\xff"), "TRAIN.ts: "),
        ("MotionSense", lambda root: files.motionsense(root).write_text("a"), "sub_1.csv: "),
    ],
)
def test_malformed_files_are_errors_that_name_them(tmp_path, dataset, write, words):
    write(tmp_path)
    with pytest.raises(ValueError) as caught:
        read(dataset, tmp_path)
    assert re.search(words, str(caught.value))
