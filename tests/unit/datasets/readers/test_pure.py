"""PURE: two layouts, two lists of stamps in ns, and what is wrong with either."""

import json
import re

import numpy as np
import pytest
from helpers.reader_files import by_name, ids, put

from rppg.datasets.readers import PUBLISHED, read
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.challenge import plan
from rppg.synthetic.config import FIRST_NUMBER

START_NS = 1392643993642815001  # float64 knows it to 256 ns only
FRAMES_NS = tuple(START_NS + 33_333_333 * k for k in range(90))
SENSOR_NS = tuple(START_NS - 500_000_000 + 16_666_667 * k for k in range(240))


def content(frames_ns=FRAMES_NS, sensor_ns=SENSOR_NS, wave=None, rate=None):
    """A JSON file's content; the waveform says its time in ms after the first frame."""
    wave = [(t - START_NS) / 1e6 for t in sensor_ns] if wave is None else wave
    rate = [72] * len(sensor_ns) if rate is None else rate
    rows = zip(sensor_ns, wave, rate, strict=True)
    return {
        "/FullPackage": [
            {"Timestamp": t, "Value": {"waveform": w, "pulseRate": r, "o2saturation": 97}}
            for t, w, r in rows
        ],
        "/Image": [{"Timestamp": t, "Value": {}, "FrameID": "/CameraFrame"} for t in frames_ns],
    }


def pure(root, name="01-01", nested=False, labels=None, images=FRAMES_NS):
    """One sequence; labels "" writes no JSON file."""
    frames = root / name / name if nested else root / name
    for stamp in images:
        put(frames / (f"Image{stamp}.png" if isinstance(stamp, int) else stamp))
    if labels != "":
        text = labels if isinstance(labels, str) else json.dumps(labels or content())
        put(frames.parent / f"{name}.json", text)
    return root


def one(root):
    (recording,) = read("pure", root)
    return recording


def test_pure_flat_and_nested_lie_side_by_side(tmp_path):
    for name, nested in (("10-01", False), ("02-03", True), ("02-01", False)):
        pure(tmp_path, name, nested)
    put(tmp_path / "02-01" / "02-01.avi")
    put(tmp_path / "02-01" / "Thumbs.db")
    put(tmp_path / "02-01" / "preview.png")
    put(tmp_path / "notes" / "a.png")
    recordings = read("pure", tmp_path)
    assert ids(recordings) == ["PURE/02/02-01", "PURE/02/02-03", "PURE/10/10-01"]
    nested, flat = recordings[1], recordings[2]
    assert nested.frames[0] == tmp_path / "02-03" / "02-03" / f"Image{START_NS}.png"
    assert len(flat.frames) == len(flat.times_s) == 90 and flat.fps_source == "stamps"
    assert flat.split == "none" and flat.origin == "real"
    assert not any(r.problem or r.notes or r.known_bad for r in recordings)
    with pytest.raises(ValueError, match="holds no recordings: expected.*'pure'"):
        read("pure", tmp_path / "10-01")


def test_pure_wave_is_aligned_by_time_and_stamps_keep_their_precision(tmp_path):
    recording = one(pure(tmp_path))
    np.testing.assert_array_equal(recording.times_s, np.arange(90) * 33_333_333 / 1e9)
    assert recording.bvp.times_s[0] == -0.5 and len(recording.bvp.values) == 240
    np.testing.assert_allclose(recording.bvp.at(recording.times_s), 1000 * recording.times_s)
    assert recording.true_hr_bpm() == 72


def test_pure_stamp_lists_that_differ_are_matched_by_name(tmp_path):
    recording = one(pure(tmp_path, images=FRAMES_NS[:40] + FRAMES_NS[41:], labels=content()))
    assert recording.notes == ("01-01.json: 1 of 90 stamps in /Image have no image",)
    expected = np.delete(np.arange(90), 40) * 33_333_333 / 1e9
    np.testing.assert_array_equal(recording.times_s, expected)
    np.testing.assert_allclose(recording.bvp.at(expected), 1000 * expected)
    recording = one(pure(tmp_path / "more", labels=content(frames_ns=FRAMES_NS[3:])))
    assert recording.problem is None and len(recording.times_s) == 90
    (note,) = recording.notes
    assert note == "01-01.json: 3 of 90 images are not in /Image: stamps by name"


def test_pure_images_renamed_to_numbers_take_the_stamps_in_order(tmp_path):
    names = [f"Image{k:04d}.png" for k in range(90)]
    recording = one(pure(tmp_path, images=names))
    assert recording.times_s[-1] == 89 * 33_333_333 / 1e9 and "are used" in recording.notes[0]
    recording = one(pure(tmp_path / "few", images=names[:-5]))
    assert recording.problem.startswith("01-01.json: 90 stamps in /Image for 85 images without")
    recording = one(pure(tmp_path / "none", images=names, labels=""))
    assert "01-01 has no 01-01.json and images named like Image0000.png" in recording.problem


def test_pure_without_json_has_the_names_stamps_and_no_labels(tmp_path):
    recording = one(pure(tmp_path, labels=""))
    assert recording.problem is None and recording.bvp is None and recording.true_hr_bpm() is None
    assert recording.notes == ("01-01 has no 01-01.json: no labels",)
    assert recording.times_s[-1] == 89 * 33_333_333 / 1e9


def test_pure_gaps_are_noted(tmp_path):
    rate = [0] * 60 + [72] * 179 + [300]
    wave = [float("nan")] * 2 + [1.0, 2.0] * 119
    recording = one(pure(tmp_path, labels=content(rate=rate, wave=wave)))
    assert recording.true_hr_bpm() == 72 and recording.problem is None
    assert recording.notes == (
        "01-01.json, /FullPackage waveform: 2 of 240 values are NaN",
        "01-01.json, /FullPackage pulseRate: 61 of 240 heart rates outside 30-240 bpm",
    )


def test_pure_wave_shorter_than_the_video_is_noted_and_one_beside_it_is_a_problem(tmp_path):
    recording = one(pure(tmp_path, labels=content(sensor_ns=SENSOR_NS[:120])))
    (note,) = recording.notes
    assert note.endswith("the frames from 0.00 to 2.97 s: it covers 45 of 90 frames")
    assert np.isnan(recording.bvp.at(recording.times_s)).sum() == 45
    late = tuple(stamp + 3_600_000_000_000 for stamp in SENSOR_NS)
    recording = one(pure(tmp_path / "late", labels=content(sensor_ns=late)))
    assert "runs from 3599.50 to 3603.48 s, the frames from 0.00 to 2.97 s" in recording.problem


def test_pure_repeated_stamps_of_the_sensor_are_left_out(tmp_path):
    twice = SENSOR_NS[:10] + SENSOR_NS[9:]
    recording = one(pure(tmp_path, labels=content(sensor_ns=twice)))
    assert len(recording.bvp.values) == 240 and "1 samples at the time" in recording.notes[0]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("", "01-02 has no 01-02.json: no labels"),
        ("{", "01-02.json is no JSON file"),
        ("[]", r"01-02.json has the lists \[\], expected /Image and /FullPackage"),
        ({"/Image": []}, r"01-02.json has the lists \['/Image'\]"),
        ({"/Image": [], "/FullPackage": []}, "01-02.json: no stamp in common"),
        (content(sensor_ns=()), "01-02.json, /FullPackage is empty"),
        (content(frames_ns=[7, 8]), "no stamp in common, images have names from 1392.* from 7 on"),
        (content(sensor_ns=SENSOR_NS[::-1]), "stamp 2 is 13.*, expected increasing stamps"),
        (
            content(sensor_ns=(1.5, 2.5)),
            "entry 1 of /FullPackage: found 1.5, expected a whole",
        ),
        (content(wave=["x"] * 240), "entry 1 of /FullPackage: found 'x', expected a number at V"),
        (content(wave=[float("inf")] * 240), "value 1: found 'inf', expected a finite number"),
    ],
)
def test_pure_labels_that_do_not_fit_are_a_problem_of_one_sequence(tmp_path, labels, words):
    pure(tmp_path, "01-01")
    pure(tmp_path, "01-02", labels=labels)
    recordings = by_name(read("pure", tmp_path))
    bad, good = recordings["01-02"], recordings["01-01"]
    assert good.problem is None and good.bvp is not None
    assert re.search(words, bad.problem or bad.notes[0])
    assert bad.bvp is None and (bad.problem is None) == (labels == "")


def test_pure_without_images_does_not_disappear_and_two_sets_of_images_are_a_problem(tmp_path):
    put(tmp_path / "03-01.json", json.dumps(content()))
    pure(tmp_path, "04-01")
    pure(tmp_path, "04-01", nested=True)
    lost, double = read("pure", tmp_path)
    assert lost.problem == "03-01 holds no images, expected Image<ns>.png"
    assert double.problem.startswith("04-01 and 04-01/04-01 both hold images")


def test_pure_bad_ground_truth_is_known_and_the_published_count_is_compared(tmp_path):
    for name in ("07-01", "07-02", "07-07"):
        pure(tmp_path, name)
    recordings = read("pure", tmp_path)
    bad = {recording.name: recording.known_bad for recording in recordings}
    assert bad["07-01"] is None and "ground truth errors: RemotePPG" in bad["07-02"]
    assert bad["07-07"] == bad["07-02"] and not any(r.problem for r in recordings)
    difference = PUBLISHED["pure"].difference(3, {r.subject for r in recordings})
    assert difference.startswith("3 recordings of 1 subjects found, 59 of 10 published; subjects")


@pytest.mark.slow
def test_pure_embedded_copy_reads_back(tmp_path):
    counts = {f"n_{name}": 2 * (name == "pure") for name in FIRST_NUMBER}
    config = ChallengeConfig(other_seconds=3.0, width=160, height=160, **counts)
    write_challenge(tmp_path / "data", config, workers=1, progress=False)
    planned = {clip.id: clip for clip in plan(config)}
    recordings = read("pure", tmp_path / "data" / "PURE")
    assert ids(recordings) == ["PURE/01/01-01", "PURE/07/07-01", "PURE/07/07-02"] == [*planned]
    assert {recording.origin for recording in recordings} == {"synthetic"}
    assert not any(recording.problem for recording in recordings)
    for recording in recordings[:2]:
        clip = planned[recording.id]
        np.testing.assert_allclose(recording.times_s, clip.times_s(config), atol=1e-6)
        wave = recording.bvp.at(recording.times_s)
        truth = clip.pulse(config).wave(recording.times_s)
        assert np.corrcoef(wave, truth)[0, 1] > 0.99
        assert np.corrcoef(wave[3:], truth[:-3])[0, 1] < 0.9
        assert recording.true_hr_bpm() == pytest.approx(clip.hr_bpm(config), abs=4)
        assert recording.notes == ()
    bad = recordings[2]
    assert bad.known_bad and "heart rates outside 30-240" in bad.notes[0]
    truth = planned[bad.id].pulse(config).wave(bad.times_s)
    assert abs(np.corrcoef(bad.bvp.at(bad.times_s), truth)[0, 1]) < 0.5
