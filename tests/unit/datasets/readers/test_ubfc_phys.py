"""UBFC-Phys: a wave at its own 64 a second, 67 recordings known to be bad, damaged frames."""

import av
import numpy as np
import pytest
from helpers.reader_files import ids, put

from rppg.datasets.readers import PUBLISHED, read
from rppg.datasets.readers.ubfc_phys import KNOWN_BAD
from rppg.preprocessing.resampling import TimedFrames
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.config import FIRST_NUMBER
from rppg.synthetic.layouts import ubfc_phys


def phys(root, subject="s1", task="T1", wave="1.5\n2.5\n4.5\n"):
    folder = root / subject
    put(folder / f"vid_{subject}_{task}.avi")
    if wave is not None:
        put(folder / f"bvp_{subject}_{task}.csv", wave)


def test_layout_as_published(tmp_path):
    for subject in ("s10", "s2"):
        for task in ("T1", "T2", "T3"):
            phys(tmp_path, subject, task)
        put(tmp_path / subject / f"eda_{subject}_T1.csv", "0.5\n")
        put(tmp_path / subject / f"info_{subject}.txt", f"{subject}\nm\ntest\n")
    recordings = read("ubfc_phys", tmp_path)
    assert ids(recordings) == [f"UBFC-Phys/{s}/T{k}" for s in ("s2", "s10") for k in (1, 2, 3)]
    first = recordings[0]
    assert first.frames == tmp_path / "s2" / "vid_s2_T1.avi"
    assert (first.split, first.origin, first.fps_source) == ("none", "real", "container")
    assert not any(r.problem or r.notes for r in recordings)
    assert first.hr is None and first.true_hr_bpm() is None


def test_wave_runs_at_64_a_second_from_the_first_frame(tmp_path):
    phys(tmp_path, wave="".join(f"{k}\r\n" for k in range(65)))
    (one,) = read("ubfc_phys", tmp_path)
    assert one.bvp.times_s[-1] == 1.0
    assert one.bvp.at(np.array([0, 7, 35]) / 35).tolist() == pytest.approx([0, 12.8, 64])
    assert np.isnan(one.bvp.at([36 / 35])).all()  # the wave is shorter than the video: a gap


def test_an_archive_unpacked_into_a_folder_of_its_own_name(tmp_path):
    phys(tmp_path / "s7", "s7", "T2")
    assert ids(read("ubfc_phys", tmp_path)) == ["UBFC-Phys/s7/T2"]
    phys(tmp_path, "s7", "T2")
    with pytest.raises(ValueError, match="two recordings have the id 'UBFC-Phys/s7/T2'"):
        read("ubfc_phys", tmp_path)


def test_known_bad_are_the_published_67_and_are_returned(tmp_path):
    assert len(KNOWN_BAD) == 67
    for subject, task in (("s3", "T1"), ("s3", "T2"), ("s1", "T2"), ("s53", "T3")):
        phys(tmp_path, subject, task)
    bad = {r.id[10:] for r in read("ubfc_phys", tmp_path) if r.known_bad}
    assert bad == {"s3/T1", "s1/T2", "s53/T3"}


def test_difference_from_what_is_published(tmp_path):
    phys(tmp_path, "s1")
    phys(tmp_path, "s57")
    recordings = read("ubfc_phys", tmp_path)
    text = PUBLISHED["ubfc_phys"].difference(len(recordings), {r.subject for r in recordings})
    assert text.startswith("2 recordings of 2 subjects found, 168 of 56 published")
    assert "s2, s3" in text and text.endswith("not published: s57")


@pytest.mark.parametrize(
    ("wave", "words"),
    [
        ("", "is empty"),
        ("1\ntwo\n3\n", "value 2: found 'two', expected a number"),
        ("1\n2,3\n", "value 2: found '2,3'"),
        ("1\ninf\n", "value 2: found 'inf'"),
        (b"\xff\xfe\x00\xd8", "is not a text file"),
    ],
)
def test_a_wave_that_cannot_be_read_is_a_problem_of_its_recording_alone(tmp_path, wave, words):
    phys(tmp_path, task="T1", wave=wave)
    phys(tmp_path, task="T2")
    bad, good = read("ubfc_phys", tmp_path)
    assert bad.problem.startswith("s1/bvp_s1_T1.csv") and words in bad.problem
    assert bad.bvp is None and good.problem is None and good.bvp is not None


def test_missing_files_gaps_and_extra_files(tmp_path):
    phys(tmp_path, task="T1", wave=None)
    phys(tmp_path, task="T2", wave="1\nnan\n3\n")
    put(tmp_path / "s1" / "bvp_s1_T3.csv", "1\n2\n")
    for extra in ("vid_s2_T1.avi", "vid_s1_T1.mp4", "._vid_s1_T1.avi", "bvp.csv"):
        put(tmp_path / "s1" / extra)
    put(tmp_path / "notes" / "vid_s1_T1.avi")
    unlabelled, gap, lost = read("ubfc_phys", tmp_path)
    assert unlabelled.problem is None and unlabelled.bvp is None
    assert unlabelled.notes == ("there is no s1/bvp_s1_T1.csv: no wave",)
    assert gap.notes == ("s1/bvp_s1_T2.csv: 1 of 3 values are NaN",)
    assert np.isnan(gap.bvp.values).tolist() == [False, True, False]
    assert lost.problem == "s1/vid_s1_T3.avi is missing"


def test_a_wrong_folder_is_an_error_that_shows_the_layout(tmp_path):
    phys(tmp_path)
    with pytest.raises(ValueError, match="holds no recordings(.|\n)*vid_s<N>_T<k>.avi"):
        read("ubfc_phys", tmp_path / "s1")


@pytest.mark.parametrize(("at", "first"), [(39, 0), (20, 0), (0, 1)])
def test_a_damaged_frame_costs_that_frame_alone(tmp_path, at, first):
    """The one before stands in for it, so later frames keep their times; the first has none."""
    path = tmp_path / "s1" / "vid_s1_T1.avi"
    path.parent.mkdir()
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=35)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for _ in range(40):
            pixels = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][at]
    data = bytearray(path.read_bytes())
    data[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path.write_bytes(data)
    (recording,) = read("ubfc_phys", tmp_path)
    frames = TimedFrames(recording)
    seen = [(rgb, time_s) for rgb, time_s in frames]
    assert [t for _, t in seen] == pytest.approx(np.arange(40 - first) / 35, abs=1e-3)
    same = [k for k in range(1, len(seen)) if np.array_equal(seen[k][0], seen[k - 1][0])]
    assert same == ([] if first else [at])
    assert frames.notes[0] == "1 damaged frames: the one before stands in for each"


@pytest.mark.slow
def test_embedded_copy_reads_back_and_is_aligned(tmp_path):
    none = {f"n_{name}": 0 for name in FIRST_NUMBER} | {"n_ubfc_phys": 2}
    config = ChallengeConfig(other_seconds=3, width=160, height=160, **none)
    root = write_challenge(tmp_path / "data", config, workers=1, progress=False)
    recordings = read("ubfc_phys", root / "UBFC-Phys")
    clips = {clip.id: clip for clip in ubfc_phys.clips(config)}
    assert set(ids(recordings)) == set(clips) and len(clips) == 3
    for recording in recordings:
        clip = clips[recording.id]
        frames = TimedFrames(recording)
        times_s = np.array([time_s for _, time_s in frames])
        assert recording.origin == "synthetic" and len(times_s) == 105 and not recording.notes

        def match(shift_s, clip=clip, bvp=recording.bvp, times_s=times_s[:-9]):
            truth = clip.pulse(config).wave(times_s)
            return np.corrcoef(bvp.at(times_s + shift_s), truth)[0, 1]

        if recording.known_bad:
            assert recording.id == "UBFC-Phys/s3/T1" and match(0) < 0.5
        else:
            assert match(0) > 0.99 > match(0.1)
