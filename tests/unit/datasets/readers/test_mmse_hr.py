"""MMSE-HR: two trees, text without header at 1,000 Hz, and what is wrong with either."""

import numpy as np
import pytest
from helpers.reader_files import by_name, ids, put

from rppg.datasets.readers import PUBLISHED, read
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.challenge import plan
from rppg.synthetic.config import FIRST_NUMBER

FIRST = ("first 10 subjects 2D", "first 10 subjects Phydata released/Phydata")
NEXT = ("T10_T11_30Subjects", "T10_T11_30PhyBPHRData")
WAVE, RATE = "BP_mmHg.txt", "Pulse Rate_BPM.txt"


def column(numbers):
    return "".join(f"{number}\n" for number in numbers)


RAMP = column(range(2000))  # says its own time in ms
CALM = column([70.0] * 2000)


def mmse(root, trees=NEXT, pair="F005/T10", wave=RAMP, rate=CALM, n_images=50):
    """One video of 2 s; None writes no file."""
    for k in range(1, n_images + 1):
        put(root / trees[0] / pair / f"{k:04d}.jpg")
    for name, text in ((WAVE, wave), (RATE, rate)):
        if text is not None:
            put(root / trees[1] / pair / name, text)
    return root


def one(root):
    (recording,) = read("mmse_hr", root)
    return recording


def test_mmse_both_trees_hold_one_person_as_one_subject(tmp_path):
    mmse(tmp_path, FIRST, "F013/T8")
    mmse(tmp_path, FIRST, "F013/T1")
    mmse(tmp_path, NEXT, "F013/T10")
    mmse(tmp_path, NEXT, "M001/T11")
    put(tmp_path / NEXT[1] / "M001/T11/Resp_Volts.txt", "a header\n")
    put(tmp_path / NEXT[1] / "M001/T11/._BP_mmHg.txt", b"\x00\x05")
    put(tmp_path / NEXT[0] / "M001/T11/Thumbs.db")
    put(tmp_path / "readme.txt", "words")
    recordings = read("mmse_hr", tmp_path)
    tasks = ("F013/T1", "F013/T8", "F013/T10", "M001/T11")
    assert ids(recordings) == [f"MMSE-HR/{pair}" for pair in tasks]
    assert {recording.subject for recording in recordings} == {"F013", "M001"}
    first = recordings[0]
    assert len(first.frames) == 50 and first.frames[9].name == "0010.jpg"
    assert (first.fps, first.fps_source) == (25.0, "labels")
    assert (first.split, first.origin) == ("none", "real")
    assert not any(r.problem or r.notes or r.known_bad for r in recordings)
    with pytest.raises(ValueError, match="holds no recordings: expected.*'mmse_hr'"):
        read("mmse_hr", tmp_path / NEXT[0])


def test_mmse_first_line_is_the_first_sample_and_40_samples_are_a_frame(tmp_path):
    recording = one(mmse(tmp_path, wave=RAMP.replace("\n", "\r\n") + "\r\n"))
    assert len(recording.bvp.values) == 2000 and recording.bvp.values[0] == 0
    frames_s = np.arange(50) / 25
    np.testing.assert_allclose(recording.bvp.at(frames_s), 40.0 * np.arange(50), atol=1e-9)
    assert recording.true_hr_bpm() == 70


@pytest.mark.parametrize("root_name", ["BUData", "MMSE-HR"])
def test_mmse_copies_without_blanks_are_read_alike(tmp_path, root_name):
    renamed = ("first10subjects_2D", "first10subjects_Phydatareleased/Phydata")
    mmse(tmp_path / root_name, renamed, "F013/T1")
    recording = one(tmp_path / root_name)
    assert recording.id == "MMSE-HR/F013/T1" and recording.bvp is not None
    mmse(tmp_path / root_name, FIRST, "F013/T1")
    with pytest.raises(ValueError, match="first.*and .*first.* are copies of one folder"):
        read("mmse_hr", tmp_path / root_name)


def test_mmse_impossible_rates_and_nan_are_gaps_with_a_note(tmp_path):
    rate = column([70.0] * 1500 + [311.0] * 400 + [0.0] * 100)
    recording = one(mmse(tmp_path, wave="nan\n" * 3 + RAMP[:-1], rate=rate))
    assert recording.true_hr_bpm() == 70 and recording.problem is None
    assert np.isnan(recording.hr.values).sum() == 500
    assert recording.notes == (
        "T10_T11_30PhyBPHRData/F005/T10/BP_mmHg.txt: 3 of 2003 values are NaN",
        "T10_T11_30PhyBPHRData/F005/T10/Pulse Rate_BPM.txt: "
        "500 of 2000 heart rates outside 30-240 bpm",
    )


def test_mmse_label_shorter_than_the_video_is_noted(tmp_path):
    recording = one(mmse(tmp_path, wave=column(range(1000)), rate=column([70] * 1900)))
    (note,) = recording.notes
    assert "F005/T10/BP_mmHg.txt runs from 0.00 to 1.00 s, the frames from 0.00 to 1.96 s" in note
    assert note.endswith("it covers 25 of 50 frames")
    assert np.isnan(recording.bvp.at(np.arange(50) / 25)).sum() == 25


def test_mmse_missing_label_files_are_named(tmp_path):
    mmse(tmp_path, pair="F005/T10", wave=None)
    mmse(tmp_path, pair="F005/T11", wave=None, rate=None)
    mmse(tmp_path, FIRST, "F013/T1", rate=None)
    recordings = by_name(read("mmse_hr", tmp_path))
    assert not any(recording.problem for recording in recordings.values())
    half, none, wave = (recordings[name] for name in ("T10", "T11", "T1"))
    assert half.hr is not None and half.bvp is None
    assert half.notes == ("there is no T10_T11_30PhyBPHRData/F005/T10/BP_mmHg.txt: no bvp",)
    assert none.bvp is None and none.true_hr_bpm() is None and len(none.notes) == 2
    assert wave.bvp is not None and "released/Phydata/F013/T1/Pulse Rate_BPM" in wave.notes[0]


@pytest.mark.parametrize(
    ("wave", "words"),
    [
        ("BP mmHg\n" + RAMP, "value 1: found 'BP mmHg', expected a number"),
        ("1.0, 2.0\n" + RAMP, "value 1: found '1.0, 2.0', expected a number"),
        (RAMP + "inf\n", "value 2001: found 'inf', expected a finite number"),
        ("", "is empty, expected numbers"),
        (b"\xff\xfe\x00\xd8", "is not a text file"),
    ],
)
def test_mmse_label_that_does_not_fit_is_a_problem_of_its_video_alone(tmp_path, wave, words):
    mmse(tmp_path, pair="F005/T10", wave=wave)
    mmse(tmp_path, pair="F005/T11")
    bad, good = read("mmse_hr", tmp_path)
    assert bad.problem.startswith("T10_T11_30PhyBPHRData/F005/T10/BP_mmHg.txt")
    assert words in bad.problem and bad.bvp is None and bad.hr is None
    assert good.problem is None and good.bvp is not None


def test_mmse_labels_without_images_do_not_disappear(tmp_path):
    mmse(tmp_path, pair="F005/T10", n_images=0)
    mmse(tmp_path, pair="F005/T11")
    lost, good = read("mmse_hr", tmp_path)
    assert lost.problem == "T10_T11_30Subjects/F005/T10 holds no images, expected *.jpg"
    assert good.problem is None
    difference = PUBLISHED["mmse_hr"].difference(2, {"F005"})
    assert difference == "2 recordings of 1 subjects found, 102 of 40 published"


def test_mmse_embedded_copy_reads_back(tmp_path):
    counts = {f"n_{name}": 2 * (name == "mmse_hr") for name in FIRST_NUMBER}
    config = ChallengeConfig(other_seconds=3.0, width=160, height=160, **counts)
    write_challenge(tmp_path / "data", config, workers=1, progress=False)
    planned = {clip.id: clip for clip in plan(config)}
    recordings = read("mmse_hr", tmp_path / "data" / "MMSE-HR")
    assert {*ids(recordings)} == {*planned} and len(recordings) == 3
    assert {recording.origin for recording in recordings} == {"synthetic"}
    assert not any(recording.problem for recording in recordings)
    for recording in recordings:
        clip, frames_s = planned[recording.id], np.arange(75) / 25
        assert len(recording.frames) == 75
        wave, truth = recording.bvp.at(frames_s), clip.pulse(config).wave(frames_s)
        assert np.corrcoef(wave, truth)[0, 1] > 0.99
        assert np.corrcoef(wave[3:], truth[:-3])[0, 1] < 0.9
        assert recording.true_hr_bpm() == pytest.approx(clip.hr_bpm(config), abs=4)
    noted = [recording.id for recording in recordings if recording.notes]
    assert noted == ["MMSE-HR/F005/T11"] and np.nanmax(recordings[1].hr.values) < 240
