"""Times of frames: every frame once, in order, whatever clock the container holds."""

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from rppg.preprocessing.frame_rate import check_frame_rate, sampled_share
from rppg.preprocessing.frame_times import Clock
from rppg.preprocessing.video import VideoError, read_frames

BY_DECODE_TIMES = (
    "the file holds no presentation times: the decoder's order and the decode times are used"
)


def write(path, n=60, first=0, codec="libx264", **options):
    """A video of 30 fps whose frame i has the grey level of `level`; with B-frames if it can."""
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    with av.open(str(path), "w", format=options.pop("format", None)) as out:
        options = {"bf": "3", "crf": "1"} | options if codec == "libx264" else options
        stream = out.add_stream(codec, rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        for i in range(n):
            rgb = np.full((48, 64, 3), round(30 + 1.6 * (first + i)), np.uint8)
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 30)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def read(path, fps=None):
    """(grey levels, times from the first, notes)"""
    notes = []
    levels, times_s = zip(
        *((rgb.mean(), t) for rgb, t in read_frames(path, notes=notes, fps=fps)), strict=True
    )
    return np.array(levels), np.array(times_s) - times_s[0], notes


@pytest.mark.parametrize("name, kind", [("a.avi", None), ("a.wmv", "asf")])
def test_b_frames_without_presentation_times_come_in_order_and_are_noted(tmp_path, name, kind):
    levels, times_s, notes = read(write(tmp_path / name, format=kind))
    assert len(levels) == 60 and (np.diff(levels) >= 0).all()
    assert times_s == pytest.approx(np.arange(60) / 30, abs=1e-3)
    assert notes == [BY_DECODE_TIMES]


def test_presentation_times_are_used_as_they_are(tmp_path):
    levels, times_s, notes = read(write(tmp_path / "a.mp4"))
    assert (np.diff(levels) >= 0).all() and notes == []
    assert times_s == pytest.approx(np.arange(60) / 30, abs=1e-9)


def test_joined_streams_keep_all_frames(tmp_path):
    first, second = write(tmp_path / "a.ts"), write(tmp_path / "b.ts", first=60)
    path = tmp_path / "joined.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    levels, times_s, notes = read(path)
    assert len(levels) == 120 and (np.diff(levels) >= 0).all()
    assert times_s == pytest.approx(np.arange(120) / 30, abs=1e-3)
    assert notes == ["the clock starts again or jumps (1 time): the times go on without a gap"]


@pytest.mark.parametrize("name, kind", [("a.mp4", None), ("a.flv", "flv"), ("a.wmv", "asf")])
def test_of_joined_files_that_are_read_to_the_first_end_the_rest_is_named(tmp_path, name, kind):
    path = write(tmp_path / name, format=kind)
    size = path.stat().st_size
    assert not any("joined" in note for note in read(path)[2])
    path.write_bytes(2 * path.read_bytes())
    levels, _, notes = read(path)
    assert len(levels) == 60
    assert any(f"from byte {size} on: only the first is read" in note for note in notes)


def test_a_stamp_beyond_all_clocks_counts_as_none():
    clock = Clock(rate=30.0)
    stamps = [0.0, 1 / 30, 1e19, 3 / 30, None]
    times_s = [clock.time_s(now, after) for now, after in pairwise(stamps)]
    assert times_s == pytest.approx(np.arange(4) / 30)


@pytest.mark.parametrize("kind, codec", [("h264", "libx264"), ("mjpeg", "mjpeg")])
def test_raw_streams_need_a_rate(tmp_path, kind, codec):
    path = write(tmp_path / f"a.{kind}", codec=codec, format=kind)
    with pytest.raises(VideoError, match=f"a.{kind}: .*holds no times; give fps"):
        read(path)
    levels, times_s, _ = read(path, fps=24.0)
    assert (np.diff(levels) >= 0).all() and times_s == pytest.approx(np.arange(60) / 24)


@pytest.mark.parametrize("scale, rate", [(0, 0), (1, 900000)])
def test_an_avi_with_a_damaged_rate_holds_no_times(tmp_path, scale, rate):
    path = write(tmp_path / "a.avi", codec="mjpeg")
    data = bytearray(path.read_bytes())
    frame_us, header = data.index(b"avih") + 8, data.index(b"strh") + 28
    data[frame_us : frame_us + 4] = bytes(4)
    data[header : header + 8] = scale.to_bytes(4, "little") + rate.to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(VideoError, match="holds no times; give fps"):
        read(path)
    assert len(read(path, fps=30.0)[0]) == 60


def times_of(stamps, rate=10.0):
    clock = Clock(rate)
    pairs = zip(stamps, [*stamps[1:], None], strict=True)
    return [round(clock.time_s(*pair), 3) for pair in pairs], clock.notes()


@pytest.mark.parametrize(
    "stamps, times_s",
    [
        ([0, 0.1, None, 0.3], [0, 0.1, 0.2, 0.3]),
        ([0, 0.1, 0.1, 0.3], [0, 0.1, 0.2, 0.3]),
        ([0, 0.1, 50.0, 0.3, 0.4], [0, 0.1, 0.2, 0.3, 0.4]),
        ([1, 1.1, 0.5, 1.3, 1.4], [1, 1.1, 1.2, 1.3, 1.4]),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1.1], [*np.arange(12) / 10]),
    ],
)
def test_stamps_that_are_missing_repeated_or_misplaced_are_mended(stamps, times_s):
    found_s, notes = times_of(stamps)
    assert found_s == pytest.approx(times_s)
    assert "times are missing, repeated or out of order" in notes[0]


def test_a_jump_of_more_than_a_minute_is_closed_and_a_short_one_is_a_gap():
    assert times_of([0, 0.1, 100, 100.1])[0] == pytest.approx([0, 0.1, 0.2, 0.3])
    assert times_of([0, 0.1, 30, 30.1]) == (pytest.approx([0, 0.1, 30, 30.1]), [])


def test_stamps_that_are_all_alike_are_no_times():
    with pytest.raises(VideoError, match="holds no times; give fps"):
        times_of([0.0] * 20)


@pytest.mark.parametrize("fps", [2.0, 3.0, 4.0, 5.0, 6.5])
def test_too_few_frames_a_second_are_refused(fps):
    with pytest.raises(ValueError, match="frames a second are too few for heart rates up to 180"):
        check_frame_rate(np.arange(60) / fps)


def test_bursts_of_frames_do_not_hide_that_they_are_too_few():
    bursts_s = (np.arange(40)[:, None] / 4 + np.arange(5) / 1000).ravel()  # 20 fps on average
    assert sampled_share(bursts_s) < 0.05
    with pytest.raises(ValueError, match="of the time with fewer, are too few"):
        check_frame_rate(bursts_s)


def test_enough_frames_pass_also_with_gaps_and_dropped_ones():
    check_frame_rate(np.arange(80) / 7.5)
    check_frame_rate(np.r_[np.arange(90), np.arange(900, 990)] / 30)  # 27 s without frames
    check_frame_rate(np.delete(np.arange(300), np.arange(3, 300, 5)) / 30)
