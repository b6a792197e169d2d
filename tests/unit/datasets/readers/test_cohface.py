"""COHFACE: the pulse by its own clock, beginning with the video, and files that are not whole."""

import io

import h5py
import numpy as np
import pytest
from helpers.reader_files import ids, put

from rppg.datasets.protocols import cohface_lists
from rppg.datasets.readers import PUBLISHED, find, read
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.layouts import cohface as embedded
from rppg.synthetic.layouts.cohface import write_hdf5

TIMES_S = np.arange(0, 4, 1 / 256)


def hdf5(rate=256.0, **datasets):
    """A file's bytes: pulse and time, with whatever is to differ; None leaves it out."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, values in ({"pulse": np.sin(TIMES_S), "time": 7 + TIMES_S} | datasets).items():
            if values is not None:
                file[name] = values
        if rate is not None:
            file.attrs["sample-rate-hz"] = rate
    return buffer.getvalue()


def session(root, name, content, video="data.avi"):
    put(root / name / video)
    put(root / name / "data.hdf5", content)


def test_cohface_as_published(tmp_path):
    for name in ("10/0", "2/3", "2/0"):
        session(tmp_path, name, hdf5(rate=np.array([256.0])))
    session(tmp_path, "1/1", hdf5(rate=256), video="data.mkv")
    put(tmp_path / "protocols" / "all" / "train.txt", "1/1/data\n")
    put(tmp_path / "2" / "0" / "notes.txt", "not the dataset's")
    recordings = read("cohface", tmp_path)
    assert ids(recordings) == [f"COHFACE/{name}" for name in ("1/1", "2/0", "2/3", "10/0")]
    assert recordings[0].frames.name == "data.mkv" and recordings[1].frames.name == "data.avi"
    assert [recording.subject for recording in recordings] == ["1", "2", "2", "10"]
    assert {recording.fps_source for recording in recordings} == {"container"}
    assert not any(r.problem or r.notes or r.known_bad for r in recordings)
    assert {recording.split for recording in recordings} == {"none"}
    published = PUBLISHED["cohface"].difference(4, {r.subject for r in recordings})
    assert "4 recordings of 3 subjects found, 160 of 40 published" in published


def test_cohface_pulse_begins_with_the_video_and_keeps_its_clock(tmp_path):
    times_s = TIMES_S.copy()
    times_s[512:] += 0.1  # the sensor paused: by its rate alone all that follows would be early
    session(tmp_path, "1/0", hdf5(pulse=np.sin(times_s), time=1234.5 + times_s))
    (recording,) = read("cohface", tmp_path)
    assert recording.bvp.times_s[0] == 0
    assert recording.bvp.at([0.5, 3.0, 4.5]) == pytest.approx(
        [np.sin(0.5), np.sin(3), np.nan], abs=1e-4, nan_ok=True
    )


def test_cohface_gaps_and_repeated_times_are_noted(tmp_path):
    pulse, times_s = np.sin(TIMES_S), TIMES_S.copy()
    pulse[256:512] = np.nan
    times_s[5] = times_s[4]
    session(tmp_path, "1/0", hdf5(pulse=pulse, time=times_s))
    (recording,) = read("cohface", tmp_path)
    assert recording.problem is None and np.isnan(recording.bvp.at([1.5])[0])
    assert len(recording.bvp.values) == len(TIMES_S) - 1
    assert recording.notes == (
        "1/0/data.hdf5, pulse: 256 of 1023 values are NaN",
        "1/0/data.hdf5: 1 samples at the time of the one before are left out",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (hdf5()[:1500], "cannot be read as an HDF5 file"),
        (b"", "cannot be read as an HDF5 file"),
        (hdf5(pulse=None), "has no pulse; expected datasets pulse and time"),
        (hdf5(rate=None, time=None), "has no time, sample-rate-hz"),
        (hdf5(rate=np.array([256.0, 20.0])), "found [256.0, 20.0], expected one positive number"),
        (hdf5(rate=0), "found [0.0], expected one positive number"),
        (hdf5(pulse=[b"a"] * len(TIMES_S)), "data.hdf5, pulse: found object, expected numbers"),
        (hdf5(pulse=np.ones(9)), "found 9 values in pulse and 1024 in time, expected as many"),
        (
            hdf5(pulse=[], time=[]),
            "0 values in pulse and 0 in time, expected as many of both, at 2",
        ),
        (hdf5(pulse=np.ones(4), time=np.ones(4)), "expected as many of both, at 2 times"),
        (hdf5(pulse=np.full(len(TIMES_S), np.inf)), "value 0 of a signal is infinite"),
        (hdf5(time=TIMES_S[::-1]), "expected strictly increasing times"),
        (hdf5(time=TIMES_S + np.where(TIMES_S > 3, np.nan, 0)), "is not finite"),
        (hdf5(time=1000 * TIMES_S), "found 0.256 samples a second by time, expected 256 as sample"),
    ],
)
def test_cohface_hdf5_that_does_not_fit_is_a_problem(tmp_path, content, words):
    session(tmp_path, "1/0", content)
    session(tmp_path, "1/1", hdf5())
    bad, good = read("cohface", tmp_path)
    assert bad.problem.startswith("1/0/data.hdf5") and words in bad.problem and bad.bvp is None
    assert good.problem is None


def test_cohface_without_labels_or_without_video_does_not_disappear(tmp_path):
    put(tmp_path / "1" / "0" / "data.avi")
    put(tmp_path / "1" / "1" / "data.hdf5", hdf5())
    unlabelled, lost = read("cohface", tmp_path)
    assert unlabelled.problem is None and unlabelled.bvp is None
    assert unlabelled.notes == ("there is no 1/0/data.hdf5: no labels",)
    assert lost.problem == "1/1 has neither data.avi nor data.mkv"


def test_cohface_wrong_folder_shows_the_layout(tmp_path):
    session(tmp_path, "1/0", hdf5())
    for wrong in (tmp_path / "1", tmp_path / "1" / "0"):
        with pytest.raises(ValueError, match=r"holds no recordings(.|\n)*data.hdf5"):
            read("cohface", wrong)


@pytest.mark.slow
def test_cohface_embedded_copy_reads_back_as_planned(tmp_path):
    none = {name: 0 for name in vars(ChallengeConfig()) if name.startswith("n_")}
    config = ChallengeConfig(**none | {"n_cohface": 2}, other_seconds=3, width=160, height=160)
    root = write_challenge(tmp_path / "data", config, workers=1, progress=False)
    folder = find(root)["cohface"]
    clips, recordings = embedded.clips(config), read("cohface", folder)
    assert ids(recordings) == [clip.id for clip in clips] and len(recordings) == 3
    assert not any(r.problem or r.notes for r in recordings)
    assert {r.origin for r in recordings} == {"synthetic"}
    for clip, recording in zip(clips, recordings, strict=True):
        times_s = clip.times_s(config)[:-1]
        true, late = clip.pulse(config).wave(times_s), clip.pulse(config).wave(times_s - 0.15)
        assert np.corrcoef(recording.bvp.at(times_s), true)[0, 1] > 0.99
        assert np.corrcoef(recording.bvp.at(times_s), late)[0, 1] < 0.95
    assert [cohface_lists(folder)(number) for number in (1, 2)] == ["train", "test"]


def test_cohface_embedded_files_are_the_same_bytes_every_time(tmp_path):
    for name in ("a", "b"):
        write_hdf5(tmp_path / name, np.sin(TIMES_S), np.cos(TIMES_S), TIMES_S, "lamp")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def elsewhere(file, name, kind, other):
    """Put a dataset into `file` whose values lie in another file."""
    if kind == "external link":
        file[name] = h5py.ExternalLink(str(other), name)
    elif kind == "soft link":
        file["hop"] = h5py.ExternalLink(str(other), name)
        file[name] = h5py.SoftLink("/hop")
    elif kind == "virtual":
        layout = h5py.VirtualLayout(shape=TIMES_S.shape, dtype="f8")
        layout[:] = h5py.VirtualSource(str(other), name, shape=TIMES_S.shape)
        file.create_virtual_dataset(name, layout)
    else:
        place = [(str(other), 0, 8 * len(TIMES_S))]
        file.create_dataset(name, TIMES_S.shape, "f8", external=place)


@pytest.mark.malformed
@pytest.mark.parametrize("name", ["pulse", "time"])
@pytest.mark.parametrize("kind", ["external link", "soft link", "virtual", "raw data"])
def test_values_of_another_file_are_no_label(tmp_path, kind, name):
    other = put(tmp_path / "elsewhere.hdf5", hdf5())
    session(tmp_path / "COHFACE", "1/0", hdf5(**{name: None}))
    with h5py.File(tmp_path / "COHFACE" / "1" / "0" / "data.hdf5", "a") as file:
        elsewhere(file, name, kind, other)
    (one,) = read("cohface", tmp_path / "COHFACE")
    assert one.bvp is None
    assert one.problem.startswith(f"1/0/data.hdf5, {name}: found a link to other data")
