"""ECG-Fitness: stamps and heart rates on one clock, two cameras a session, swapped sessions."""

import numpy as np
import pytest
from helpers.reader_files import by_name, ids, put

from rppg.datasets.readers import PUBLISHED, read
from rppg.preprocessing.resampling import TimedFrames
from rppg.preprocessing.video import VideoError, probe
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.config import FIRST_NUMBER
from rppg.synthetic.layouts import ecg_fitness

HEADER = "milliseconds, ECG, ECG HR, PPG, PPG HR, SpO2, PI\n"
START_MS = 1523632039340
STAMPS = "".join(f"{START_MS + ms},{n}\n" for ms, n in ((0, 5), (26, 5), (51, 10), (80, 10)))


def packets(rates=(119, 119, 120, -56), start_ms=START_MS - 10):
    """Packets of five rows, 40 ms apart: rows of viatom-raw.csv."""
    rows = [
        f"{start_ms + 40 * k},-327680,{hr},-56,-1,-1,0\n"
        for k, hr in enumerate(rates)
        for _ in "12345"
    ]
    return HEADER + "".join(rows)


def session(root, name="00/01", stamps=STAMPS, rows=None, cameras=("c920-1", "c920-2")):
    for camera in cameras:
        put(root / name / f"{camera}.avi")
    if stamps is not None:
        put(root / name / "c920.csv", stamps)
    put(root / name / "viatom-raw.csv", packets() if rows is None else rows)
    return root


def test_layout_as_published(tmp_path):
    for name in ("16/06", "00/02", "00/01"):
        session(tmp_path, name)
    put(tmp_path / "bbox" / "00" / "01" / "c920-1.face", "0 1 2 3 4\n")
    put(tmp_path / "00" / "01" / "flir.csv", "extra\n")
    (tmp_path / "02" / "04").mkdir(parents=True)  # the session that is missing
    recordings = read("ecg_fitness", tmp_path)
    names = ("00/01-c920-1", "00/01-c920-2", "00/02-c920-1", "00/02-c920-2")
    assert ids(recordings)[:4] == [f"ECG-Fitness/{name}" for name in names] and len(recordings) == 6
    first = recordings[0]
    assert (first.subject, first.split, first.fps_source) == ("00", "none", "stamps")
    assert first.frames == tmp_path / "00" / "01" / "c920-1.avi"
    assert not any(r.problem or r.known_bad or r.bvp for r in recordings)


def test_rows_of_a_packet_come_before_its_time_on_the_frames_clock(tmp_path):
    one, _ = read("ecg_fitness", session(tmp_path))
    np.testing.assert_allclose(one.times_s, [0, 0.026, 0.051, 0.080])
    assert len(one.hr.times_s) == 20
    np.testing.assert_allclose(one.hr.times_s[[4, 9, 14, 19]], [-0.010, 0.030, 0.070, 0.110])
    np.testing.assert_allclose(np.diff(one.hr.times_s), 0.008, atol=1e-9)


def test_heart_rate_is_a_signed_byte_and_what_is_none_is_a_gap(tmp_path):
    one, _ = read("ecg_fitness", session(tmp_path, rows=packets((119, -116, -1, 0))))
    known = one.hr.values[:10:5].tolist()
    assert known == [119, 140] and np.isnan(one.hr.values[10:]).all()
    assert one.notes == ("00/01/viatom-raw.csv: 10 of 20 heart rates outside 30-240 bpm",)
    assert one.true_hr_bpm() == pytest.approx(140)  # of the rows from the first to the last frame


def test_swapped_sessions_of_subject_11_are_known_and_returned(tmp_path):
    for name in ("11/01", "11/02", "11/03", "10/01"):
        session(tmp_path, name)
    recordings = read("ecg_fitness", tmp_path)
    bad = [r.id for r in recordings if r.known_bad]
    assert bad == [f"ECG-Fitness/11/{s}-c920-{c}" for s in ("01", "02") for c in (1, 2)]
    assert len(recordings) == 8 and "swapped" in recordings[-3].known_bad


def test_difference_from_what_is_published(tmp_path):
    recordings = read("ecg_fitness", session(tmp_path, "17/01"))
    text = PUBLISHED["ecg_fitness"].difference(len(recordings), {r.subject for r in recordings})
    assert text.startswith("2 recordings of 1 subjects found, 200 of 17 published")
    assert text.endswith("not published: 17")


@pytest.mark.parametrize(
    ("stamps", "rows", "words"),
    [
        ("", None, "c920.csv is empty"),
        ("1,2,3\n", None, "c920.csv, line 1 has 3 columns, expected 2"),
        ("1,2\nsoon,3\n", None, "c920.csv, value 2: found 'soon'"),
        ("1,2\nnan,3\n", None, "c920.csv, line 1: 1 ms is followed by nan ms"),
        ("5,2\n5,3\n", None, "5 ms is followed by 5 ms, expected strictly increasing"),
        ("0,5\n1,5\n2,10\n", None, "expected one time for both"),  # frame numbers, no times
        (STAMPS, "", "viatom-raw.csv: found header ''"),
        (STAMPS, packets()[len(HEADER) :], "expected milliseconds, ECG, ECG HR"),
        (STAMPS, HEADER, "there are no rows"),
        (STAMPS, HEADER + "1,2\n", "row 1 is '1,2', expected 7 columns"),
        (STAMPS, packets(("fast",)), "value 1: found 'fast'"),
        (STAMPS, packets(("inf",)), "found 'inf'"),
        (STAMPS, packets() + packets()[len(HEADER) :], "strictly increasing"),
        (STAMPS, packets(start_ms=START_MS + 9000), "expected one time for both"),
        (STAMPS, b"\xff\xfe\x00\xd8", "is not a text file"),
    ],
)
def test_labels_that_cannot_be_read_are_a_problem_of_their_session(tmp_path, stamps, rows, words):
    session(tmp_path, "00/01", stamps, rows)
    session(tmp_path, "00/02")
    *bad, good, _ = read("ecg_fitness", tmp_path)
    assert len(bad) == 2 and good.problem is None
    for recording in bad:
        assert recording.problem.startswith("00/01/") and words in recording.problem
        assert recording.times_s is None and recording.hr is None


def test_missing_files_are_said(tmp_path):
    session(tmp_path, "00/01", stamps=None)
    session(tmp_path, "00/02", cameras=("c920-2",))
    (session(tmp_path, "00/03") / "00/03/viatom-raw.csv").unlink()
    found = by_name(read("ecg_fitness", tmp_path))
    unstamped, lost, unlabelled = (found[f"{s}-c920-1"] for s in ("01", "02", "03"))
    assert unstamped.problem is None and unstamped.fps_source == "container"
    assert "there is no 00/01/c920.csv" in unstamped.notes[0] and unstamped.hr is None
    assert lost.problem == "00/02/c920-1.avi is missing"
    assert found["02-c920-2"].problem is None and found["02-c920-2"].hr is not None
    assert unlabelled.notes == ("there is no 00/03/viatom-raw.csv: no heart rates",)
    assert len(unlabelled.times_s) == 4 and unlabelled.hr is None


def test_a_last_row_that_is_cut_off_is_left_out_and_a_short_label_is_noted(tmp_path):
    stamps = STAMPS + f"{START_MS + 900},100\n"
    rows = packets() + f"{START_MS + 150},-327\n"
    one, _ = read("ecg_fitness", session(tmp_path, stamps=stamps, rows=rows))
    cut, short = one.notes
    assert cut.startswith("00/01/viatom-raw.csv, row 21 is cut off")
    assert "the frames from 0.00 to 0.90 s: it covers 4 of 5 frames" in short
    assert len(one.hr.values) == 20 and one.problem is None
    rows += f"{START_MS + 150},-3,77,-56,-1,-1,0\n"
    one, _ = read("ecg_fitness", session(tmp_path, stamps=stamps, rows=rows))
    assert "row 21 is" in one.problem and "expected 7 columns" in one.problem


def test_nan_heart_rates_are_gaps(tmp_path):
    one, _ = read("ecg_fitness", session(tmp_path, rows=packets((119, "nan", 120, 120))))
    assert np.isnan(one.hr.values).sum() == 5
    assert one.notes == ("00/01/viatom-raw.csv: 5 of 20 values are NaN",)


def test_a_wrong_folder_is_an_error_that_shows_the_layout(tmp_path):
    with pytest.raises(ValueError, match="holds no recordings(.|\n)*viatom-raw.csv"):
        read("ecg_fitness", session(tmp_path) / "00")


@pytest.mark.slow
def test_embedded_copy_reads_back_and_is_aligned(tmp_path):
    none = {f"n_{name}": 0 for name in FIRST_NUMBER} | {"n_ecg_fitness": 2}
    config = ChallengeConfig(other_seconds=3, width=160, height=160, **none)
    root = write_challenge(tmp_path / "data", config, workers=1, progress=False)
    recordings = read("ecg_fitness", root / "ECG-Fitness")
    clips = {clip.id: clip for clip in ecg_fitness.clips(config)}
    assert set(ids(recordings)) == set(clips) and len(clips) == 4
    assert {r.id for r in recordings if r.known_bad} == {i for i in clips if "/11/01" in i}
    for recording in recordings:
        clip = clips[recording.id]
        assert recording.origin == "synthetic" and not recording.notes
        np.testing.assert_allclose(recording.times_s, clip.times_s(config), atol=1.1e-3)
        inside = recording.hr.times_s[60:-60]
        found = recording.hr.at(inside) - clip.pulse(config).rate_bpm(inside)
        assert np.abs(found).max() < 1 and recording.true_hr_bpm() == pytest.approx(
            clip.hr_bpm(config), abs=4
        )
    assert probe(recordings[0].frames).fps == 30  # the stamps say 31.6
    stamps = root / "ECG-Fitness/00/02/c920.csv"
    stamps.write_text("\n".join(stamps.read_text().split("\n")[:-6]) + "\n")
    with pytest.raises(VideoError, match="95 frames but 90 time stamps"):
        list(TimedFrames(read("ecg_fitness", root / "ECG-Fitness")[0]))
