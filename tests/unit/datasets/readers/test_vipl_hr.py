"""VIPL-HR (v1): stamps where they are, labels of two rates, and folders that are not whole."""

import numpy as np
import pytest
from helpers.reader_files import by_name, ids, put

from rppg.datasets.protocols import vipl_folds
from rppg.datasets.readers import PUBLISHED, find, read
from rppg.preprocessing.resampling import TimedFrames
from rppg.preprocessing.video import VideoError
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.layouts import vipl_hr as embedded

TIMES_MS = np.cumsum(np.full(120, 33))  # the first stamp is at 33 ms
CAMERA, PHONE = "p1/v1/source1", "p1/v1/source2"


def column(header, values):
    return "".join(f"{line}\r\n" for line in [*header, *(f"{value:g}" for value in values)])


FILES = {
    "video.avi": "bytes that stand for a video",
    "time.txt": column([], TIMES_MS),
    "wave.csv": column(["Wave"], 64 + np.rint(50 * np.sin(np.arange(250) / 60))),
    "gt_HR.csv": column(["HR"], [70, 72, 74, 76, 78]),
    "gt_SpO2.csv": column(["SpO2"], [98, 98, 98, 98, 98]),
}


def recording(folder, **changed):
    """A source's folder; names with _ for a dot, None: without that file."""
    changed = {
        name.replace("_csv", ".csv").replace("_txt", ".txt"): v for name, v in changed.items()
    }
    for name, content in (FILES | changed).items():
        if content is not None:
            put(folder / name, content)


def test_vipl_hr_as_published(tmp_path):
    data = tmp_path / "data"
    for name in ("p10/v1-2/source3", "p2/v9/source1", "p2/v9/source4", CAMERA):
        recording(data / name)
    recording(data / PHONE, time_txt=None)
    put(data / "p1" / "v1" / "source1" / "thumbs.db", "not the dataset's")
    put(tmp_path / "fold" / "fold1.mat")
    found = read("vipl_hr", tmp_path)
    names = ["p1/v1-source1", "p1/v1-source2", "p2/v9-source1", "p10/v1-2-source3"]
    assert ids(found) == [f"VIPL-HR/{name}" for name in names]
    assert [r.fps_source for r in found] == ["stamps", "labels", "stamps", "stamps"]
    assert by_name(found)["v1-source2"].fps == 30.0 and {r.split for r in found} == {"none"}
    assert not any(r.problem or r.notes or r.known_bad for r in found)
    assert ids(read("vipl_hr", data)) == ids(found)
    assert "VIPL-HR/p2/v9-source4" in ids(read("vipl_hr", tmp_path, nir=True))
    difference = PUBLISHED["vipl_hr"].difference(4, {r.subject for r in found})
    assert difference.startswith("4 recordings of 3 subjects found, 2378 of 107 published")


def test_vipl_hr_labels_begin_with_the_video_each_at_its_rate(tmp_path):
    recording(tmp_path / CAMERA)
    recording(tmp_path / PHONE, time_txt=None)
    camera, phone = read("vipl_hr", tmp_path)
    assert camera.times_s[[0, -1]] == pytest.approx([0.033, 3.96])
    for found, start_s in ((camera, 0.033), (phone, 0.0)):
        after_s = np.array([0.0, 0.5, 2.0, 4.0])
        assert found.bvp.at(start_s + after_s) == pytest.approx(64 + 50 * np.sin(after_s), abs=0.6)
        assert np.isnan(found.bvp.at([start_s - 0.01, start_s + 4.2])).all()
        assert found.hr.at([start_s + 1.5])[0] == 73
    assert camera.true_hr_bpm() == 73 and phone.true_hr_bpm() == 74  # up to the last stamp; all


def test_vipl_hr_gaps_and_short_labels_are_noted(tmp_path):
    wave = FILES["wave.csv"].replace("Wave\r\n64\r\n", "Wave\r\nnan\r\n")
    recording(tmp_path / CAMERA, wave_csv=wave, gt_HR_csv="HR\r\n70\r\n0\r\n241\r\n")
    (found,) = read("vipl_hr", tmp_path)
    assert np.isnan(found.bvp.values[0]) and found.true_hr_bpm() == 70 and found.problem is None
    assert found.notes == (
        f"{CAMERA}/wave.csv: 1 of 250 values are NaN",
        f"{CAMERA}/gt_HR.csv: 2 of 3 heart rates outside 30-240 bpm",
        f"{CAMERA}/gt_HR.csv runs from 0.03 to 2.03 s, the frames from 0.03 to 3.96 s: "
        "it covers 61 of 120 frames",
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"time_txt": None}, "time.txt is missing; expected the frames' times"),
        ({"time_txt": ""}, "time.txt is empty"),
        ({"time_txt": "0\r\n33\r\n33\r\n"}, "time.txt, lines 2 and 3: found 33 and 33, expected"),
        ({"time_txt": "0\r\nnan\r\n66\r\n"}, "time.txt, lines 1 and 2: found 0 and nan, expected"),
        ({"time_txt": "0\r\n33 ms\r\n"}, "time.txt, value 2: found '33 ms', expected a number"),
        ({"wave_csv": "64\r\n65\r\n"}, "wave.csv begins with '64', expected the header 'Wave'"),
        ({"wave_csv": ""}, "wave.csv begins with '', expected the header 'Wave'"),
        ({"wave_csv": "Wave\r\n"}, "wave.csv is empty, expected numbers"),
        ({"wave_csv": "Wave\r\n1,2\r\n"}, "wave.csv, value 1: found '1,2', expected a number"),
        ({"wave_csv": "Wave\r\n1\r\ninf\r\n"}, "wave.csv, value 2: found 'inf', expected a finite"),
        ({"gt_HR_csv": "SpO2\r\n98\r\n"}, "gt_HR.csv begins with 'SpO2', expected the header 'HR'"),
        ({"wave_csv": b"\xff\xfe\x00\xd8"}, "wave.csv is not a text file"),
        ({"video.avi": None}, "video.avi is missing"),
    ],
)
def test_vipl_hr_files_that_do_not_fit_are_a_problem(tmp_path, changed, words):
    recording(tmp_path / CAMERA, **changed)
    recording(tmp_path / "p1/v1/source3")
    bad, good = read("vipl_hr", tmp_path)
    assert bad.problem.startswith(f"{CAMERA}/") and words in bad.problem
    assert bad.bvp is None and good.problem is None


def test_vipl_hr_without_labels_does_not_disappear_nor_does_an_empty_folder(tmp_path):
    recording(tmp_path / CAMERA, wave_csv=None, gt_HR_csv=None)
    (tmp_path / PHONE).mkdir(parents=True)
    unlabelled, empty = read("vipl_hr", tmp_path)
    assert unlabelled.problem is None and unlabelled.bvp is None and unlabelled.hr is None
    assert unlabelled.notes == (
        f"there is no {CAMERA}/wave.csv: no bvp",
        f"there is no {CAMERA}/gt_HR.csv: no hr",
    )
    assert empty.problem == f"{PHONE}/video.avi is missing"


def test_vipl_hr_wrong_folder_shows_the_layout(tmp_path):
    recording(tmp_path / "data" / CAMERA)
    for wrong in (tmp_path / "data" / "p1", tmp_path / "data" / "p1" / "v1"):
        with pytest.raises(ValueError, match=r"holds no recordings(.|\n)*time.txt"):
            read("vipl_hr", wrong)


def test_vipl_hr_embedded_copy_reads_back_as_planned(tmp_path):
    none = {name: 0 for name in vars(ChallengeConfig()) if name.startswith("n_")}
    config = ChallengeConfig(**none | {"n_vipl_hr": 2}, other_seconds=3, width=160, height=160)
    root = write_challenge(tmp_path / "data", config, workers=1, progress=False)
    folder = find(root)["vipl_hr"]
    clips, recordings = embedded.clips(config), read("vipl_hr", folder)
    assert ids(recordings) == [clip.id for clip in clips] and len(recordings) == 3
    assert {(r.origin, r.problem, r.notes) for r in recordings} == {("synthetic", None, ())}
    for clip, found in zip(clips, recordings, strict=True):
        times_s = clip.times_s(config)[:-3]
        true, late = clip.pulse(config).wave(times_s), clip.pulse(config).wave(times_s - 0.15)
        assert np.corrcoef(found.bvp.at(times_s), true)[0, 1] > 0.99
        assert np.corrcoef(found.bvp.at(times_s), late)[0, 1] < 0.95
        assert found.true_hr_bpm() == pytest.approx(clip.hr_bpm(config), abs=4)
    *whole, short = recordings
    for clip, found in zip(clips, whole, strict=False):
        times_s = [time_s for _, time_s in TimedFrames(found)]
        assert times_s == pytest.approx(clip.times_s(config), abs=0.03)
    with pytest.raises(VideoError, match="90 frames but 85 time stamps"):
        list(TimedFrames(short))
    assert [vipl_folds(folder)(number) for number in (1, 2)] == [0, 1]
    embedded.write_labels(tmp_path / "again" / "VIPL-HR", config, clips)
    for path in (tmp_path / "again").rglob("*.*"):
        assert path.read_bytes() == (root / path.relative_to(tmp_path / "again")).read_bytes()
