"""MR-NIRP-Car: one person under two numbers, a pulse by its own clock, zeros that are gaps."""

import io

import numpy as np
import pytest
from helpers.reader_files import by_name, ids, put
from scipy.io import savemat
from scipy.sparse import csc_matrix

from rppg.datasets.readers import PUBLISHED, find, read
from rppg.preprocessing.video import read_frames
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.layouts import mr_nirp_car as embedded
from rppg.synthetic.layouts.mr_nirp_car import write_pulse

TIMES_S = np.arange(0, 4, 1 / 50)
STILL = "Subject1/subject1_garage_still_940"


def mat(**variables):
    """A file's bytes: record and time, with whatever is to differ; None leaves it out."""
    pulse = {"pulseOxRecord": 64 + np.sin(TIMES_S), "pulseOxTime": 1.5e9 + TIMES_S} | variables
    buffer = io.BytesIO()
    savemat(buffer, {name: array for name, array in pulse.items() if array is not None})
    return buffer.getvalue()


def recording(root, name, content, n_frames=90):
    for index in range(n_frames):
        put(root / name / "RGB" / f"Frame{index:05d}.pgm", b"bytes that stand for an image")
    put(root / name / "PulseOX" / "pulseOx.mat", content)


def test_mr_nirp_car_as_published(tmp_path):
    names = ["Subject10/subject10_driving_still_975", STILL]
    names += ["Subject2/subject2_garage_small_motion_940", "Subject16/subject16_garage_still_940"]
    for name in names:
        recording(tmp_path, name, mat())
    put(tmp_path / STILL / "NIR" / "Frame00000.pgm")
    put(tmp_path / STILL / "RGB" / "notes.txt", "not the dataset's")
    put(tmp_path / "Subject1" / "pictures" / "a.png")
    found = read("mr_nirp_car", tmp_path)
    assert ids(found) == [
        "MR-NIRP-Car/subject1/subject1_garage_still_940",
        "MR-NIRP-Car/subject2/subject2_garage_small_motion_940",
        "MR-NIRP-Car/subject2/subject16_garage_still_940",
        "MR-NIRP-Car/subject10/subject10_driving_still_975",
    ]
    assert [r.frames[89].name for r in found] == ["Frame00089.pgm"] * 4
    assert {(len(r.frames), r.fps, r.fps_source, r.bayer) for r in found} == {
        (90, 30.0, "labels", "RGGB")
    }
    assert not any(r.problem or r.notes for r in found) and {r.split for r in found} == {"none"}
    assert [r.subject for r in found if r.known_bad] == ["subject2"]
    assert "corrupted" in by_name(found)["subject2_garage_small_motion_940"].known_bad
    difference = PUBLISHED["mr_nirp_car"].difference(4, {r.subject for r in found})
    assert difference.startswith("4 recordings of 3 subjects found, ? of 18 published")


def test_mr_nirp_car_names_say_their_folder(tmp_path):
    recording(tmp_path, "subject16/garage_still_940", mat())
    assert ids(read("mr_nirp_car", tmp_path)) == ["MR-NIRP-Car/subject2/subject16_garage_still_940"]


@pytest.mark.parametrize("as_cells", [False, True])
def test_mr_nirp_car_pulse_begins_with_the_frames_and_keeps_its_clock(tmp_path, as_cells):
    times_s = np.cumsum(np.where(np.arange(160) < 60, 1 / 32, 1 / 60))  # its rate wanders
    times_s -= times_s[0]
    recording(tmp_path, STILL, b"")
    path = tmp_path / STILL / "PulseOX" / "pulseOx.mat"
    write_pulse(path, 64 + np.sin(times_s), times_s, as_cells)
    (found,) = read("mr_nirp_car", tmp_path)
    frames_s = np.arange(90) / found.fps
    assert found.bvp.at(frames_s) == pytest.approx(64 + np.sin(frames_s), abs=2e-4)


def test_mr_nirp_car_zeros_are_gaps_and_lacks_are_noted(tmp_path):
    wave, times_s = 64 + np.sin(TIMES_S), 1.5e9 + TIMES_S
    wave[50:100], wave[7] = 0, np.nan
    times_s[5] = times_s[4]
    recording(tmp_path, STILL, mat(pulseOxRecord=wave, pulseOxTime=times_s), n_frames=150)
    (found,) = read("mr_nirp_car", tmp_path)
    assert np.isnan(found.bvp.at([1.5])[0]) and found.problem is None
    assert found.bvp.at([0.5, 3.0]) == pytest.approx([64 + np.sin(0.5), 64 + np.sin(3)], abs=1e-4)
    where = f"{STILL}/PulseOX/pulseOx.mat"
    assert found.notes == (
        f"{where}, pulseOxRecord: 1 of 199 values are NaN",
        f"{where}: 1 samples at the time of the one before are left out",
        f"{where}: 50 of 199 values of pulseOxRecord are 0: gaps",
        f"{where} runs from 0.00 to 3.98 s, the frames from 0.00 to 4.97 s: "
        "it covers 120 of 150 frames",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (mat()[:700], "cannot be read as a MATLAB 5 file"),
        (b"", "cannot be read as a MATLAB 5 file"),
        (b"no such format at all" * 20, "cannot be read as a MATLAB 5 file"),
        (mat(pulseOxTime=None), "has no pulseOxTime; expected pulseOxRecord and pulseOxTime"),
        (mat(pulseOxRecord="text"), "pulseOxRecord: found <U4 of shape (1,), expected numbers"),
        (mat(pulseOxRecord=np.array([["a", 1.0]], dtype=object)), "found <U1 of shape (1,), exp"),
        (mat(pulseOxRecord=np.ones(9)), "found 9 values in pulseOxRecord and 200 in pulseOxTime"),
        (mat(pulseOxRecord=[], pulseOxTime=[]), "expected as many of both, 1 or more"),
        (mat(pulseOxTime=TIMES_S[::-1]), "expected strictly increasing times"),
        (mat(pulseOxRecord=np.full(200, np.inf)), "value 0 of a signal is infinite"),
    ],
)
def test_mr_nirp_car_pulse_that_does_not_fit_is_a_problem(tmp_path, content, words):
    recording(tmp_path, STILL, content)
    recording(tmp_path, "Subject3/subject3_garage_still_940", mat())
    bad, good = read("mr_nirp_car", tmp_path)
    assert bad.problem.startswith(f"{STILL}/PulseOX/pulseOx.mat") and bad.bvp is None
    assert words in bad.problem and good.problem is None


def test_mr_nirp_car_without_labels_or_frames_does_not_disappear(tmp_path):
    recording(tmp_path, STILL, mat(), n_frames=0)
    put(tmp_path / STILL / "RGB.zip")
    put(tmp_path / "Subject3" / "subject3_garage_still_940" / "RGB" / "Frame00000.pgm")
    put(tmp_path / "Subject3" / "subject3_garage_still_940" / "PulseOX.zip")
    lost, unlabelled = read("mr_nirp_car", tmp_path)
    assert lost.problem == f"{STILL}/RGB holds no image files; RGB.zip is not unpacked"
    assert unlabelled.problem is None and unlabelled.bvp is None
    assert "no labels; PulseOX.zip is not unpacked" in unlabelled.notes[0]


def test_mr_nirp_car_frames_that_are_missing_are_noted(tmp_path):
    recording(tmp_path, STILL, mat())
    (tmp_path / STILL / "RGB" / "Frame00020.pgm").unlink()
    (found,) = read("mr_nirp_car", tmp_path)
    words = "found 89 frames numbered from 0 to 89, expected 90; their times are those of 89"
    assert found.notes == (f"{STILL}/RGB: {words}",) and found.problem is None


def test_mr_nirp_car_wrong_folder_shows_the_layout(tmp_path):
    recording(tmp_path, STILL, mat())
    for wrong in (tmp_path / "Subject1", tmp_path / STILL):
        with pytest.raises(ValueError, match=r"holds no recordings(.|\n)*pulseOx.mat"):
            read("mr_nirp_car", wrong)


@pytest.mark.slow
def test_mr_nirp_car_embedded_copy_reads_back_as_planned(tmp_path):
    none = {name: 0 for name in vars(ChallengeConfig()) if name.startswith("n_")}
    config = ChallengeConfig(**none | {"n_mr_nirp_car": 2}, other_seconds=3, width=160, height=160)
    root = write_challenge(tmp_path / "data", config, workers=1, progress=False)
    clips, found = embedded.clips(config), read("mr_nirp_car", find(root)["mr_nirp_car"])
    assert {*ids(found)} == {clip.id for clip in clips} and len(found) == 3
    assert {(r.origin, r.problem) for r in found} == {("synthetic", None)}
    assert sum(r.known_bad is not None for r in found) == 1
    for clip in clips:
        recording = next(r for r in found if r.id == clip.id)
        times_s = clip.times_s(config)[:-1]
        wave = recording.bvp.at(times_s)
        seen = ~np.isnan(wave)
        assert seen.all() != ("/Subject16/" in clip.path)
        true, late = clip.pulse(config).wave(times_s), clip.pulse(config).wave(times_s - 0.15)
        assert np.corrcoef(wave[seen], true[seen])[0, 1] > 0.99
        assert np.corrcoef(wave[seen], late[seen])[0, 1] < 0.95
        rgb, _ = next(read_frames(recording.frames, recording.bayer))
        red, _, blue = rgb[60:100, 60:100].mean(axis=(0, 1))  # of the face
        assert red > blue
    folder = tmp_path / "again"
    embedded.write_labels(folder / "MR-NIRP-Car", config, clips)
    for path in folder.rglob("*.mat"):
        assert path.read_bytes() == (root / path.relative_to(folder)).read_bytes()
        assert b"Created on" not in path.read_bytes()[:116]  # a date would differ every second


@pytest.mark.malformed
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"pulseOxRecord": csc_matrix(np.eye(3))}, "pulseOxRecord is a csc_matrix, expected"),
        (
            {"pulseOxTime": np.full(len(TIMES_S), np.inf)},
            "pulseOxTime: found times that are not finite",
        ),
    ],
)
def test_a_pulse_of_another_kind_is_a_problem_and_no_warning(tmp_path, changed, words, recwarn):
    recording(tmp_path, STILL, mat(**changed))
    (one,) = read("mr_nirp_car", tmp_path)
    assert words in one.problem and one.bvp is None and not recwarn.list
