"""Which files are opened as a video, which stream is read, and when a video is whole."""

import os
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from helpers.video_files import picture, read, set_rotation, write

from rppg.preprocessing.video import VideoError, VideoWriter, probe, read_frames

FOREIGN = {
    "concat.mkv": "ffconcat version 1.0\nfile good.mp4\n",
    "hls.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1,\ngood.mp4\n#EXT-X-ENDLIST\n",
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "titles.avi": "1\n00:00:01,000 --> 00:00:02,000\nhello\n",
    "data:text,abc.mp4": "abc",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_files_that_name_other_files_are_refused(tmp_path, name):
    write(tmp_path / "good.mp4")
    (tmp_path / name).write_text(FOREIGN[name])
    with pytest.raises(VideoError, match="not a video that can be decoded"):
        read(tmp_path / name)


def test_a_name_is_never_a_pattern_or_an_address(tmp_path):
    cv2.imwrite(str(tmp_path / "frame1.png"), picture())
    (tmp_path / "frame%d.png").write_bytes((tmp_path / "frame1.png").read_bytes())
    with pytest.raises(VideoError, match="not a video that can be decoded"):
        read(tmp_path / "frame%d.png")
    assert len(read(write(tmp_path / "data:%03d.mp4"))[0]) == 30


def test_pipes_folders_and_links_to_devices_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "device.mp4").symlink_to("/dev/zero")
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "loop.mp4").symlink_to("loop.mp4")
    for name, found in [("pipe", "pipe"), ("device", "a device"), ("folder", "a folder")]:
        with pytest.raises(VideoError, match=f"{name}.mp4: .*{found}"):
            read(tmp_path / f"{name}.mp4")
    with pytest.raises(VideoError, match=r"loop.mp4: .*symbolic links"):
        read(tmp_path / "loop.mp4")


def test_an_unknown_codec_is_the_reason(tmp_path):
    path = write(tmp_path / "a.avi", preset="ultrafast")
    path.write_bytes(path.read_bytes().replace(b"H264", b"ZZZZ"))
    with pytest.raises(VideoError, match="a.avi: its codec is unknown"):
        read(path)


def test_tags_in_another_encoding_do_not_matter(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        out.metadata["title"] = "de vXdeo"
        write_stream(out, "libx264", 10)
    path.write_bytes(path.read_bytes().replace(b"de vXdeo", "de vídeo".encode("latin-1")))
    assert len(read(path)[0]) == 10


def write_stream(out, codec, n, pix_fmt="yuv420p", ticks=None):
    stream = out.add_stream(codec, rate=30)
    stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
    for i in range(n):
        frame = av.VideoFrame.from_ndarray(picture(), format="rgb24").reformat(format=pix_fmt)
        frame.pts, frame.time_base = i if ticks is None else ticks[i], Fraction(1, 30)
        out.mux(stream.encode(frame))
    out.mux(stream.encode())


def test_a_still_picture_as_the_first_stream_is_passed_over(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        out.add_stream("png", rate=30)
        write_two(out)
    assert probe(path).codec == "h264" and len(read(path)[0]) == 20


def write_two(out):
    still = out.streams.video[0]
    still.width, still.height, still.pix_fmt = 32, 32, "rgb24"
    film = out.add_stream("libx264", rate=30)
    film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
    for i in range(20):
        frame = av.VideoFrame.from_ndarray(picture(), format="rgb24")
        frame.pts, frame.time_base = i, Fraction(1, 30)
        if i == 0:
            out.mux(still.encode(frame.reformat(32, 32)))
        out.mux(film.encode(frame))
    out.mux(still.encode())
    out.mux(film.encode())


def test_frames_that_an_avi_counts_but_never_shows_are_noted(tmp_path):
    shown = [i for i in range(100) if i % 5 != 3]
    with av.open(str(tmp_path / "a.avi"), "w") as out:
        write_stream(out, "mjpeg", len(shown), "yuvj420p", ticks=shown)
    notes = []
    times_s = [t for _, t in read_frames(tmp_path / "a.avi", notes=notes)]
    assert times_s == pytest.approx(np.array(shown) / 30)
    assert notes == ["decoded 80 of 100 frames"]


@pytest.mark.parametrize("matrix", [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)])
def test_a_mirrored_display_matrix_is_mirrored(tmp_path, matrix):
    path = tmp_path / "a.mp4"
    with VideoWriter(path, 64, 48, 30, crf=5) as video:
        video.write(picture())
    set_rotation(path, matrix)
    a, b, _, d = matrix
    upright = picture() if a else picture().swapaxes(0, 1)[:, :: matrix[2]][::b]
    upright = upright[:: d or 1, :: a or 1]
    (rgb, _), *_ = read_frames(path)
    assert rgb.shape == upright.shape
    assert np.median(np.abs(rgb.astype(int) - upright)) <= 3
    assert (probe(path).height, probe(path).width) == upright.shape[:2]


@pytest.mark.parametrize("pix_fmt", ["gray", "gray10le", "gray16le"])
def test_one_colour_is_read_as_three_equal_ones(tmp_path, pix_fmt):
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        write_stream(out, "ffv1", 5, pix_fmt)
    frames, _ = read(tmp_path / "a.mkv")
    assert np.ptp(frames, axis=-1).max() == 0 and frames.std() > 10


@pytest.mark.parametrize("name", ["a.avi", "b.avi", "c.mp4"])
def test_files_that_are_cut_in_half_are_refused(tmp_path, name):
    codec = {"a": "rawvideo", "b": "ffv1", "c": "libx264"}[name[0]]
    path = write(tmp_path / name, codec=codec)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(VideoError, match="decoded"):
        read(path)
