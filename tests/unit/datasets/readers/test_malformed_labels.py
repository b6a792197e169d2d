"""Damaged label files of all layouts: each ends in a problem or a note, and never as a label.

The recording beside the damaged one, of another person, always keeps its labels.
"""

import os
import re
import socket

import numpy as np
import pytest
from helpers.label_files import HZ, LAYOUTS_WITH_LABELS, WAVE, N, lines, own
from helpers.reader_files import put

from rppg.datasets.readers import parsing

pytestmark = pytest.mark.malformed

TEXTS = [name for name, layout in LAYOUTS_WITH_LABELS.items() if layout.text]
TABLES = [name for name, layout in LAYOUTS_WITH_LABELS.items() if layout.columns]
WAVES = [name for name, layout in LAYOUTS_WITH_LABELS.items() if layout.wave]
NO_NUMBERS = ("1_0", "\uff11\uff12", "0x1A", "1e400", "infinity", "-inf", "1,5,", "12bpm", "\u0661")
JUNK = {
    "binary": bytes(range(256)) * 20,
    "png": b"\x89PNG\r\n\x1a\n" + bytes(500),
    "utf-16 without mark": "1,2\n3,4\n".encode("utf-16-le"),
    "latin-1": b"\xe9\xe8 12 13\n",
    "web page": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    "empty": b"",
    "zeros": bytes(4096),
    "deep": b"[" * 100_000,
    "quote": b'"1,2\n3,4\n',
    "long word": b"9" * 300_000,
    "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n",
}


def read_pair(name, root, damage, wave=WAVE):
    """Recordings of the damaged person's files and of the whole one's."""
    layout = LAYOUTS_WITH_LABELS[name]
    damage(layout.write(root, 1, wave))
    layout.write(root, 2)
    found = layout.read(root)
    bad = [recording for recording in found if re.search("(?<!d)1", recording.subject)]
    good = [recording for recording in found if recording not in bad]
    assert bad and good
    for recording in good:
        assert recording.problem is None and has_label(recording)
    return bad


def has_label(recording):
    labels = (recording.bvp, recording.hr, recording.hr_mean_bpm)
    return any(label is not None for label in labels)


def by_text(change):
    return lambda path: path.write_text(change(path.read_text()), encoding="utf-8")


def in_last_line(change):
    """A change of the last line of a file."""

    def changed(text):
        *before, last = text.strip().split("\n")
        return "\n".join([*before, change(last)]) + "\n"

    return by_text(changed)


@pytest.mark.parametrize("name", LAYOUTS_WITH_LABELS)
def test_well_formed_labels_are_labels_without_a_note(name, tmp_path):
    for recording in read_pair(name, tmp_path, lambda path: None):
        assert recording.problem is None and has_label(recording)
        assert not [note for note in recording.notes if "there is no" not in note]


@pytest.mark.parametrize("word", NO_NUMBERS)
@pytest.mark.parametrize("name", TEXTS)
def test_a_word_that_only_python_reads_as_a_number_is_none(name, word, tmp_path):
    number = re.compile(r"(?<![\w.])[0-9][0-9.e+]*")
    damage = in_last_line(lambda line: number.sub(word, line, count=1))
    bad = read_pair(name, tmp_path, damage)
    assert any(recording.problem for recording in bad)
    assert not any(recording.problem and has_label(recording) for recording in bad)


@pytest.mark.parametrize("kind", JUNK)
@pytest.mark.parametrize("name", LAYOUTS_WITH_LABELS)
def test_what_is_no_such_file_is_a_problem(name, kind, tmp_path):
    bad = read_pair(name, tmp_path, lambda path: path.write_bytes(JUNK[kind]))
    for recording in bad:
        assert recording.problem and not has_label(recording) and "\n" not in recording.problem


@pytest.mark.parametrize("kind", ["pipe", "folder", "broken link", "loop of links", "socket"])
@pytest.mark.parametrize("name", LAYOUTS_WITH_LABELS)
def test_what_is_no_file_in_a_label_s_place_is_a_problem_and_never_opened(name, kind, tmp_path):
    def damage(path):
        path.unlink()
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "socket":
            os.chdir(path.parent)  # a socket's path has 108 bytes at most
            socket.socket(socket.AF_UNIX).bind(path.name)
        else:
            path.symlink_to("gone" if kind == "broken link" else path.name)

    before = os.getcwd()
    try:
        bad = read_pair(name, tmp_path, damage)
    finally:
        os.chdir(before)
    for recording in bad:
        assert not has_label(recording)
        assert re.search(" is a | cannot be read: Too many levels", recording.problem)


@pytest.mark.parametrize("name", TABLES)
def test_a_field_too_many_in_a_row_is_a_problem(name, tmp_path):
    between = LAYOUTS_WITH_LABELS[name].columns
    bad = read_pair(name, tmp_path, in_last_line(lambda line: f"{line}{between}5"))
    assert all(recording.problem and not has_label(recording) for recording in bad)


@pytest.mark.parametrize("name", [name for name in TABLES if name != "ecg_fitness"])
def test_a_field_too_few_in_a_row_is_a_problem(name, tmp_path):
    between = LAYOUTS_WITH_LABELS[name].columns
    bad = read_pair(name, tmp_path, in_last_line(lambda line: line.rsplit(between, 1)[0]))
    assert all(recording.problem and not has_label(recording) for recording in bad)


@pytest.mark.parametrize("name", [name for name in TABLES if name != "ecg_fitness"])
def test_doubled_rows_are_a_problem_or_a_note(name, tmp_path):
    bad = read_pair(name, tmp_path, in_last_line(lambda line: f"{line}\n{line}"))
    assert all(r.problem or "are left out" in r.notes[-1] for r in bad)


@pytest.mark.parametrize("value", [0, 512.5, np.nan])
@pytest.mark.parametrize("name", WAVES)
def test_a_wave_that_never_changes_is_no_wave(name, value, tmp_path):
    for recording in read_pair(name, tmp_path, lambda path: None, np.full(N, value)):
        assert recording.bvp is None
        if not recording.problem:  # what refuses NaN
            assert any("no values that change" in note for note in recording.notes)
        else:
            assert np.isnan(value)


@pytest.mark.parametrize("name", [name for name in WAVES if name not in ("pure", "mmse_hr")])
def test_a_stretch_without_contact_is_a_gap_with_a_note(name, tmp_path):
    wave = WAVE.copy()
    wave[30:270] = 17.0  # 4 s
    (one,) = read_pair(name, tmp_path, lambda path: None, wave)
    assert any("do not change for 3 s" in note for note in one.notes)
    gap = np.isnan(one.bvp.values)
    assert gap.any() and not gap[:29].any() and not gap[271:].any()
    assert np.isnan(one.bvp.values[31:269]).all()


@pytest.mark.parametrize("name", ["ubfc_rppg 2", "ubfc_rppg 1", "vipl_hr_v2 wave", "folder"])
@pytest.mark.parametrize("factor", [1000, 1e6, 1e-3])
def test_times_in_another_unit_are_a_problem(name, factor, tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.label_files.TIMES_S", np.arange(N) / HZ * factor)
    layout = LAYOUTS_WITH_LABELS[name]
    layout.write(tmp_path, 1)
    (one,) = layout.read(tmp_path)
    assert "are they in another unit?" in one.problem and one.bvp is None


def test_a_time_years_later_is_a_problem_and_takes_no_memory(tmp_path):
    path = own(tmp_path, 1, WAVE)
    path.write_text(path.read_text() + "1e12,5\n")
    (one,) = LAYOUTS_WITH_LABELS["folder"].read(tmp_path)
    assert "over a day at most" in one.problem


def test_times_that_stand_still_are_a_problem_and_no_warning(tmp_path, recwarn):
    layout = LAYOUTS_WITH_LABELS["ubfc_rppg 2"]
    path = layout.write(tmp_path, 1)
    wave, rates, _ = path.read_text().split("\n")
    path.write_text("\n".join([wave, rates, " ".join(["1"] * N)]))
    (one,) = layout.read(tmp_path)
    assert "found inf samples a second" in one.problem and not recwarn.list


def test_a_label_of_a_gigabyte_is_not_read(tmp_path, monkeypatch):
    path = own(tmp_path, 1, WAVE)
    with path.open("r+b") as file:
        file.truncate(1_000_000_000)  # sparse
    monkeypatch.setattr(type(path), "read_bytes", lambda path: pytest.fail("it was read"))
    (one,) = LAYOUTS_WITH_LABELS["folder"].read(tmp_path)
    assert "has 1000 MB, expected at most 200 MB" in one.problem


def test_a_table_in_utf_16_is_read(tmp_path):
    put(tmp_path / "a.mp4")
    put(tmp_path / "labels.csv", "path,hr_bpm\r\na.mp4,72\r\n".encode("utf-16"))
    (one,) = LAYOUTS_WITH_LABELS["folder"].read(tmp_path)
    assert one.hr_mean_bpm == 72 and one.problem is None


def test_heart_rates_that_are_none_at_all_are_no_label(tmp_path):
    layout = LAYOUTS_WITH_LABELS["vipl_hr rates"]
    layout.write(tmp_path, 1).write_text("HR\n" + lines(np.zeros(5)))
    (one,) = layout.read(tmp_path)
    assert one.hr is None and one.bvp is not None and "no heart rate is left" in one.notes[-1]


@pytest.mark.parametrize("word", [*NO_NUMBERS, "", " ", "+", ".", "1e", "--1", "1.2.3", "nan nan"])
def test_numbers_are_those_that_other_programs_write(word):
    with pytest.raises(parsing.BadLabel, match="found"):
        parsing.number(word, "here")
    with pytest.raises(parsing.BadLabel, match="here, value 2: found"):
        parsing.values(["1", word, "3"], "here")


def test_numbers_in_all_usual_forms():
    words = ["1", "-1", "+1.5", ".5", "5.", "1e-3", "1E+3", " 7\t", "nan", "-NaN"]
    expected = [1, -1, 1.5, 0.5, 5, 1e-3, 1e3, 7, np.nan, np.nan]
    np.testing.assert_array_equal(parsing.values(words, "here"), expected)
