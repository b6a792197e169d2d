"""OBF as RePSS cuts it: beats as flags in two forms, ids beside those of the test tree."""

import io

import numpy as np
import pytest
from helpers.reader_files import ids, put

from rppg.datasets.readers import PUBLISHED, read
from rppg.datasets.store import Store
from rppg.synthetic import ChallengeConfig
from rppg.synthetic.config import FIRST_NUMBER
from rppg.synthetic.layouts import obf


def flags(every=25, n=300):
    """A beat at every so many of n flags: 72 bpm."""
    found = np.zeros(n)
    found[3::every] = 1
    return found


def npy(array):
    content = io.BytesIO()
    np.save(content, array, allow_pickle=True)
    return content.getvalue()


def words(array):
    return " ".join(f"{flag:g}" for flag in array)


def one(root, content, form="npy"):
    put(root / "1" / "video1.avi")
    put(root / "1" / f"video1.{form}", content)
    return read("obf", root)[0]


def test_clips_with_flags_in_both_forms_and_without(tmp_path):
    for name in ("10/video1.avi", "9/video2.avi", "9/video10.avi", "9/video3.mp4.avi"):
        put(tmp_path / name)
    put(tmp_path / "9" / "video2.npy", npy(flags()))
    put(tmp_path / "9" / "video3.txt", words(flags(every=20)) + "\n")
    recordings = read("obf", tmp_path)
    assert ids(recordings) == [
        f"OBF/{c}" for c in ("9/video2", "9/video3", "9/video10", "10/video1")
    ]
    assert [r.hr_mean_bpm for r in recordings] == [pytest.approx(72), pytest.approx(90), None, None]
    assert {(r.split, r.fps_source, r.subject) for r in recordings[:3]} == {
        ("none", "container", "9")
    }
    assert not any(r.problem for r in recordings) and not recordings[0].notes
    assert recordings[2].notes == ("there is no 9/video10.npy or .txt: the clip has no label",)


def test_heart_rate_is_that_of_the_mean_interval(tmp_path):
    beats = np.zeros(300)
    beats[[10, 30, 60]] = 1  # 20 and 30 flags apart, at 30 a second
    assert one(tmp_path, npy(beats)).hr_mean_bpm == pytest.approx(60 / (25 / 30))


def test_ids_are_not_those_of_the_test_tree(tmp_path):
    put(tmp_path / "test" / "OBF" / "1" / "video1.avi")
    put(tmp_path / "OBF" / "1" / "video1.avi")
    (cut,), (test,) = read("obf", tmp_path / "OBF"), read("challenge_test", tmp_path)
    assert (cut.id, test.id) == ("OBF/1/video1", "OBF/1/video1.avi")
    store = Store(tmp_path / "prepared")
    assert store.path(cut.id) != store.path(test.id)


def test_difference_from_what_is_published(tmp_path):
    put(tmp_path / "101" / "video1.avi")
    text = PUBLISHED["obf"].difference(1, {r.subject for r in read("obf", tmp_path)})
    assert text.startswith("1 recordings of 1 subjects found, ? of 100 published")
    assert text.endswith("not published: 101")


@pytest.mark.parametrize(
    ("content", "form", "expected"),
    [
        (b"no numpy", "npy", "is no .npy file of numbers"),
        (b"", "npy", "is no .npy file of numbers"),
        (npy(np.array([{}], dtype=object)), "npy", "is no .npy file of numbers"),
        (npy(np.array(["a"])), "npy", "is no .npy file of numbers"),
        (npy(flags() * 2), "npy", "flag 4: found 2, expected 0 or 1"),
        (npy(np.append(flags(), np.inf)), "npy", "flag 301: found inf"),
        ("", "txt", "is empty"),
        ("0 1 beat 0", "txt", "value 3: found 'beat'"),
        ("0 0.5 1", "txt", "flag 2: found 0.5"),
        (b"\xff\xfe\x00\xd8", "txt", "is not a text file"),
    ],
)
def test_flags_that_are_none_are_a_problem_of_their_clip_alone(tmp_path, content, form, expected):
    put(tmp_path / "1" / "video2.avi")
    bad = one(tmp_path, content, form)
    assert bad.problem.startswith(f"1/video1.{form}") and expected in bad.problem
    assert bad.hr_mean_bpm is None and read("obf", tmp_path)[1].problem is None


def test_flags_shorter_than_the_clip_are_noted(tmp_path):
    clip = one(tmp_path, words(flags(n=90)), "txt")
    assert clip.hr_mean_bpm == pytest.approx(72)
    assert clip.notes == ("1/video1.txt has 90 flags, expected 300: 10 s at 30 a second",)


def test_intervals_with_nan_between_their_beats_do_not_count(tmp_path):
    found = flags()
    found[28] = np.nan  # one beat is not known: the interval around it would be twice as long
    clip = one(tmp_path, npy(found))
    assert clip.hr_mean_bpm == pytest.approx(72)
    assert clip.notes == ("1/video1.npy: 1 of 300 flags are NaN",)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (np.zeros(300), "0 beats and no interval"),
        (flags(every=299), "1 beats and no interval"),
        (flags(every=5), "a heart rate of 360 bpm, outside 30-240"),
    ],
)
def test_flags_without_a_heart_rate_leave_the_clip_without_label(tmp_path, found, why):
    clip = one(tmp_path, npy(found))
    assert clip.problem is None and clip.hr_mean_bpm is None
    assert why in clip.notes[0] and clip.notes[0].startswith("1/video1.npy")


def test_missing_video_two_labels_and_extra_files(tmp_path):
    put(tmp_path / "1" / "video1.npy", npy(flags()))
    for name in ("video2.avi", "video2.npy", "video2.txt", "gt.csv", "._video3.avi", "face.avi"):
        put(tmp_path / "1" / name)
    put(tmp_path / "notes" / "video1.avi")
    lost, twice = read("obf", tmp_path)
    assert lost.problem == "1/video1.avi is missing"
    assert twice.problem == "there are both 1/video2.npy and 1/video2.txt, expected one of them"


def test_a_wrong_folder_is_an_error_that_shows_the_layout(tmp_path):
    put(tmp_path / "1" / "video1.avi")
    with pytest.raises(ValueError, match="holds no recordings(.|\n)*video<k>.npy"):
        read("obf", tmp_path / "1")


def test_embedded_copy_reads_back(tmp_path):
    none = {f"n_{name}": 0 for name in FIRST_NUMBER} | {"n_obf": 2}
    config = ChallengeConfig(other_seconds=10, width=160, height=160, **none)
    clips = {clip.id: clip for clip in obf.clips(config)}
    for clip in clips.values():
        put(tmp_path / clip.path)
    obf.write_labels(tmp_path / "OBF", config, [*clips.values()])
    put(tmp_path / "SYNTHETIC.txt", "")
    assert {p.suffix for p in tmp_path.rglob("video1.*")} == {".avi", ".npy", ".txt"}
    recordings = read("obf", tmp_path / "OBF")
    assert set(ids(recordings)) == set(clips)
    assert {recording.origin for recording in recordings} == {"synthetic"}
    for recording in recordings:
        true_bpm = clips[recording.id].hr_bpm(config)
        assert recording.hr_mean_bpm == pytest.approx(true_bpm, abs=1.5) and not recording.notes
