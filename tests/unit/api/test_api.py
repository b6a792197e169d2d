"""`import rppg`: one answer for every kind of source, and typed errors that say what was found."""

import subprocess
import sys
import wave as sound

import numpy as np
import pytest
from helpers.malformed_videos import HR_BPM, encode, frames

import rppg

FPS, SECONDS = 25.0, 12.0
T = np.arange(600) / 30
SINE = np.sin(2 * np.pi * 1.2 * T)  # 72 bpm
TRACE = np.array([180, 120, 90]) * (1 - 0.02 * SINE[:, None] * np.array([0.33, 0.77, 0.53]))


@pytest.fixture(scope="module")
def rgb():
    """Frames (T, 240, 320, 3) of a face with a known pulse."""
    return np.stack(frames(SECONDS, FPS))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return encode(tmp_path_factory.mktemp("video") / "face.mkv", frames(SECONDS, FPS), fps=25)


@pytest.fixture(scope="module")
def of_file(path):
    return rppg.heart_rate(path, method="POS")


@pytest.mark.slow
def test_a_video_file_gives_its_rate_with_the_wave(of_file):
    assert abs(of_file.bpm - HR_BPM) < 3
    assert of_file.wave.shape == of_file.times_s.shape == (360,)
    assert of_file.fps == 30
    assert of_file.method == "POS"


@pytest.mark.slow
def test_frames_in_memory_give_the_rate_of_their_file(rgb, of_file):
    assert abs(rppg.heart_rate(rgb, fps=FPS, method="POS").bpm - of_file.bpm) < 1
    by_times = rppg.heart_rate(rgb, times_s=100 + np.arange(len(rgb)) / FPS, method="POS")
    assert abs(by_times.bpm - of_file.bpm) < 1


def test_colours_and_waves_give_their_rate():
    assert abs(rppg.heart_rate(TRACE, fps=30).bpm - 72) < 0.5
    assert abs(rppg.heart_rate(TRACE.tolist(), fps=30, method="chrom").bpm - 72) < 0.5
    assert abs(rppg.heart_rate(SINE, fps=30).bpm - 72) < 0.5
    assert abs(rppg.heart_rate(2000 + 5 * SINE, fps=30).bpm - 72) < 0.5  # gain and offset


def test_samples_at_uneven_times_are_interpolated():
    uneven_s = np.sort(np.random.default_rng(0).uniform(0, 20, 700))
    found = rppg.heart_rate(np.sin(2 * np.pi * 1.2 * uneven_s), times_s=uneven_s)
    assert abs(found.bpm - 72) < 0.5
    cut = (uneven_s < 8) | (uneven_s > 12)  # a gap is no wave
    gapped = rppg.pulse(uneven_s[cut], times_s=uneven_s[cut])
    assert np.isnan(gapped.wave).any()


def test_the_rate_of_each_second_follows_a_rate_that_moves():
    phase = np.cumsum(np.linspace(60, 90, 1200) / 60 / 30)  # 40 s from 60 to 90 bpm
    table = rppg.heart_rate(np.sin(2 * np.pi * phase), fps=30).per_second
    assert table["time_s"].tolist() == list(range(5, 36))
    np.testing.assert_allclose(table["hr_bpm"], 60 + 30 * table["time_s"] / 40, atol=3)


def test_no_second_of_a_gap_has_a_rate():
    times_s = np.arange(1800) / 30
    wave = np.where(times_s < 40, np.sin(2 * np.pi * times_s), np.sin(4 * np.pi * times_s))
    wave[(times_s >= 20) & (times_s < 40)] = np.nan
    table = rppg.heart_rate(wave, fps=30).per_second
    known = [*range(5, 16), *range(45, 56)]
    assert set(table["time_s"]) <= {*known, 16, 44} and set(known) <= set(table["time_s"])
    assert np.abs(table["hr_bpm"] - np.where(table["time_s"] < 30, 60, 120)).max() < 5


@pytest.mark.slow
def test_the_consensus_has_a_confidence_and_words(path):
    found = rppg.heart_rate(path)
    assert found.method == "consensus"
    assert abs(found.bpm - HR_BPM) < 3
    assert 0 <= found.confidence <= 1
    assert str(found) == found.words != ""
    assert list(found.per_second) == ["time_s", "hr_bpm", "confidence"]
    assert found.per_second["time_s"].tolist() == [5.0, 6.0, 7.0]
    with pytest.raises(rppg.InputError, match="needs a video"):
        rppg.heart_rate(TRACE, fps=30, method="consensus")


@pytest.mark.slow
def test_gaps_are_told_in_the_notes(rgb):
    blank = rgb.copy()
    blank[100:140] = 0  # 1.6 s without a face
    assert any("gap" in note for note in rppg.mstmap(blank, fps=FPS).notes)


def test_the_plot_shows_the_face_where_there_was_one(of_file):
    faces = [axes for axes in of_file.plot().axes if axes.images]
    assert len(faces) == 1
    assert not any(axes.images for axes in rppg.heart_rate(SINE, fps=30).plot().axes)


def test_the_map_of_a_video(rgb):
    found = rppg.mstmap(rgb[:150], fps=FPS)
    assert found.mstmap.shape == (180, 63, 6)
    with pytest.raises(rppg.InputError, match="found a wave"):
        rppg.mstmap(SINE, fps=30)


@pytest.mark.parametrize(
    ("source", "options", "says"),
    [
        (SINE, {}, "give fps, or times_s"),
        (SINE, {"fps": 0}, "expected a positive number"),
        (SINE, {"fps": "30"}, "expected a positive number"),
        (SINE, {"fps": 30, "times_s": T}, "expected one of them"),
        (SINE, {"times_s": T[:-1]}, r"expected \(600,\)"),
        (SINE, {"times_s": T[::-1]}, "ascend"),
        (SINE, {"times_s": ["a"] * 600}, "expected numbers"),
        (SINE, {"times_s": 1000 * T}, "step by 33.3.*, expected seconds"),
        (SINE, {"times_s": np.r_[T[:300], T[300:] + 1.7e9]}, "the clock jumps"),
        (SINE, {"times_s": T.astype("datetime64[s]")}, "in seconds"),
        (SINE, {"times_s": np.full(600, np.nan)}, "not finite"),
        (SINE, {"fps": 10**400}, "expected a positive number"),
        (SINE, {"fps": True}, "expected a positive number"),
        (np.ma.masked_greater(SINE, 0.5), {"fps": 30}, "masked array"),
        (b"face.mp4", {"fps": 30}, "found a bytes"),
        ("", {}, "is empty"),
        ("http://host/face.mp4", {}, "download"),
        (SINE, {"fps": 30, "method": "POS"}, "read as it is"),
        (np.zeros((300, 4)), {"fps": 30}, r"found an array \(300, 4\)"),
        (np.zeros((9, 4, 4, 3)), {"fps": 30}, "uint8"),
        (np.zeros((9, 4, 4, 1), np.uint8), {"fps": 30}, r"\(T, H, W, 3\)"),
        (np.zeros(0), {"fps": 30}, "found an array"),
        (np.array(["a", "b"]), {"fps": 30}, "found an array"),
        ([[1.0], [1.0, 2.0]], {"fps": 30}, "make no array"),
        ({"a": 1}, {"fps": 30}, "found a dict"),
        (None, {}, "found a NoneType"),
        (TRACE, {"fps": 30, "method": "best"}, "no method 'best'"),
        (TRACE, {"fps": 30, "method": 3}, "method is a int"),
    ],
)
def test_what_cannot_be_used_is_an_input_error(source, options, says):
    with pytest.raises(rppg.InputError, match=says):
        rppg.heart_rate(source, **options)


def test_fast_samples_are_not_folded_into_the_heart_band():
    at_s = np.arange(20000) / 1000
    noisy = np.sin(2 * np.pi * 1.2 * at_s) + 3 * np.sin(2 * np.pi * 28.9 * at_s)
    assert abs(rppg.heart_rate(noisy, times_s=at_s).bpm - 72) < 0.5


def test_slow_samples_are_refused_whichever_way_they_are_timed():
    slow = np.sin(2 * np.pi * 3 * np.arange(100) / 5)  # 180 bpm at 5 a second looks like 120
    for times in ({"fps": 5}, {"times_s": np.arange(100) / 5}):
        with pytest.raises(rppg.NoHeartRateError, match="7|fps|frames"):
            rppg.heart_rate(slow, **times)


def test_a_pulse_is_no_result():
    assert type(rppg.pulse(SINE, fps=30)) is rppg.Pulse


@pytest.mark.slow
def test_times_replace_those_of_a_recording(path):
    (recording,) = rppg.load_dataset(path.parent)
    slower_s = np.arange(300) / FPS * 1.1
    assert abs(rppg.heart_rate(recording, times_s=slower_s).bpm - HR_BPM / 1.1) < 3
    with pytest.raises(rppg.InputError, match="one of them"):
        rppg.heart_rate(recording, 30, times_s=slower_s)


def test_paths_that_are_no_video(tmp_path):
    with pytest.raises(rppg.VideoError, match="no such file"):
        rppg.heart_rate(tmp_path / "none.mp4")
    with pytest.raises(rppg.InputError, match="load_dataset"):
        rppg.heart_rate(tmp_path)
    with sound.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16000))
    with pytest.raises(rppg.VideoError):
        rppg.heart_rate(tmp_path / "a.wav")


def test_models_that_are_not_there(tmp_path, path):
    with pytest.raises(rppg.MissingModelError, match="no trained st_transformer"):
        rppg.load_model("st_transformer", runs=tmp_path)
    with pytest.raises(rppg.MissingModelError, match="holds no model"):
        rppg.load_model(tmp_path)
    for name in ("best", "best" * 100):  # longer than the name of a file may be
        with pytest.raises(rppg.InputError, match=f"no model '{name}'"):
            rppg.load_model(name)
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(rppg.InputError, match="model.safetensors"):
        rppg.load_model(tmp_path)


@pytest.mark.slow
def test_a_dataset_is_its_recordings(path, tmp_path):
    (recording,) = rppg.load_dataset(path.parent)
    assert recording.id == "folder/root/face.mkv"
    assert abs(rppg.heart_rate(recording, method="POS").bpm - HR_BPM) < 3
    with pytest.raises(rppg.InputError, match="unknown layout"):
        rppg.load_dataset(path.parent, layout="x")
    for nothing in (tmp_path / "none", "", None, 5):
        with pytest.raises(rppg.InputError):
            rppg.load_dataset(nothing)


def test_every_error_is_an_rppg_error():
    for name in ("InputError", "NoHeartRateError", "MissingModelError", "VideoError"):
        assert issubclass(getattr(rppg, name), rppg.RppgError)
    assert issubclass(rppg.NoFaceError, rppg.RppgError)
    assert issubclass(rppg.MachineFault, rppg.RppgError)


def test_all_names_are_there_and_others_are_not():
    assert all(getattr(rppg, name) is not None for name in rppg.__all__)
    assert set(rppg.__all__) <= set(dir(rppg))
    with pytest.raises(AttributeError, match="no attribute 'heartrate'"):
        rppg.heartrate  # noqa: B018


def test_importing_is_light_and_prints_nothing():
    code = "import rppg, sys; print(*sorted({'numpy', 'torch', 'cv2', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("", "")


@pytest.mark.slow
def test_a_rate_prints_nothing(rgb, capfd):
    rppg.heart_rate(rgb, fps=FPS)
    assert capfd.readouterr() == ("", "")
