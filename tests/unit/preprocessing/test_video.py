"""Video files: times, rotation and colours as written; clear errors for broken files."""

import hashlib
import wave

import cv2
import numpy as np
import pytest
from helpers.video_files import picture, read, set_rotation, write

from rppg.preprocessing.container import Weight
from rppg.preprocessing.video import VideoError, VideoWriter, probe, read_frames


@pytest.mark.parametrize(
    "name, codec", [("a.avi", "ffv1"), ("a.mkv", "ffv1"), ("a.avi", "rawvideo")]
)
def test_lossless_codecs_return_the_same_pixels(tmp_path, name, codec):
    frames, _ = read(write(tmp_path / name, codec=codec))
    assert np.array_equal(frames, [np.roll(picture(), i, axis=1) for i in range(30)])


def test_h264_keeps_the_colours(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", 64, 48, 30, crf=5) as video:
        video.write(picture())
    (rgb, _), *_ = read_frames(tmp_path / "a.mp4")
    inside = rgb[4:20, 4:28].reshape(-1, 3).mean(axis=0)
    assert inside == pytest.approx((220, 40, 40), abs=2.5)


@pytest.mark.parametrize("name, fps", [("a.mp4", 24.6), ("a.mp4.avi", 17.0), ("a.mkv", 29.97)])
def test_constant_rate_times(tmp_path, name, fps):
    _, times_s = read(write(tmp_path / name, fps=fps))
    assert times_s - times_s[0] == pytest.approx(np.arange(30) / fps, abs=6e-4)
    assert probe(tmp_path / name).fps == pytest.approx(fps, rel=2e-3)


@pytest.mark.parametrize("name, tolerance_s", [("a.mp4", 1e-5), ("a.mkv", 6e-4)])
def test_variable_times_come_back_frame_by_frame(tmp_path, name, tolerance_s):
    times_s = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.07, 30))
    _, found_s = read(write(tmp_path / name, times_s=times_s))
    assert found_s[0] == pytest.approx(times_s[0], abs=1e-3)
    assert found_s - found_s[0] == pytest.approx(times_s - times_s[0], abs=tolerance_s)


def test_avi_refuses_times_that_it_cannot_store(tmp_path):
    with pytest.raises(VideoError, match="cannot store frame times"):
        write(tmp_path / "a.avi", times_s=np.arange(30) / 25)


@pytest.mark.parametrize(
    "matrix, quarter_turns",  # clockwise quarter turns that a phone asks for
    [((0, 1, -1, 0), 1), ((-1, 0, 0, -1), 2), ((0, -1, 1, 0), 3)],
)
def test_rotation_is_applied(tmp_path, matrix, quarter_turns):
    path = tmp_path / "a.mp4"
    with VideoWriter(path, 64, 48, 30, crf=5) as video:
        video.write(picture())
    set_rotation(path, matrix)
    (rgb, _), *_ = read_frames(path)
    upright = np.rot90(picture(), k=-quarter_turns)
    assert rgb.shape == upright.shape
    assert np.median(np.abs(rgb.astype(int) - upright)) <= 3
    info = probe(path)
    assert (info.height, info.width) == upright.shape[:2]
    assert info.rotation == (-90 * quarter_turns) % 360


def test_images_in_order_have_no_times(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for i, path in enumerate(paths):
        cv2.imwrite(str(path), np.roll(picture(), i, axis=1)[..., ::-1])
    frames, times_s = read(paths)
    assert np.array_equal(frames[2], np.roll(picture(), 2, axis=1)) and np.isnan(times_s).all()
    with pytest.raises(VideoError, match="no such file"):
        read([tmp_path / "absent.png"])


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("absent.avi", None, "no such file"),
        ("empty.avi", b"", "0 bytes"),
        ("text.avi", b"this is not a video\n" * 50, "not a video"),
    ],
)
def test_unreadable_files_are_named_with_the_reason(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(VideoError, match=f"{name}.*{message}"):
        read(tmp_path / name)
    with pytest.raises(VideoError, match=message):
        probe(tmp_path / name)


def test_a_file_without_video_says_so(tmp_path):
    with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    with pytest.raises(VideoError, match="no video stream in a wav file"):
        read(tmp_path / "sound.wav")


@pytest.mark.parametrize(
    "name, message", [("a.avi", r"decoded \d+ of 30"), ("a.mkv", r"of 1.00 s")]
)
def test_truncated_file_fails_after_its_frames(tmp_path, name, message):
    path = write(tmp_path / name, codec="ffv1")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    seen = 0
    with pytest.raises(VideoError, match=message):
        for _ in read_frames(path):
            seen += 1
    assert 10 < seen < 25


def test_almost_complete_file_is_read(tmp_path):
    path = write(tmp_path / "a.avi", codec="rawvideo")
    path.write_bytes(path.read_bytes()[: -2 * 64 * 48 * 3])
    frames, _ = read(path)
    assert 27 <= len(frames) < 30


def test_writer_is_deterministic(tmp_path):
    digests = set()
    for k in range(40):  # other sizes on the heap each time: memory must not show in the file
        heap = [np.full(64 * 48 * 3 + 7 * k, k, np.uint8) for _ in range(k % 5)]
        digests.add(hashlib.sha256(write(tmp_path / "a.mp4", preset="fast").read_bytes()).digest())
        del heap
    assert len(digests) == 1


def test_writer_leaves_no_partial_file(tmp_path):
    with pytest.raises(RuntimeError), VideoWriter(tmp_path / "c.mp4", 64, 48, 30) as video:
        video.write(picture())
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_writer_refuses_invalid_arguments(tmp_path):
    with pytest.raises(VideoError, match="even size"):
        VideoWriter(tmp_path / "a.mp4", 63, 48, 30)
    with pytest.raises(VideoError, match="expected one of libx264"):
        VideoWriter(tmp_path / "a.mp4", 64, 48, 30, codec="h265")
    with pytest.raises(VideoError, match="expected .48, 64, 3. uint8"):
        with VideoWriter(tmp_path / "a.mp4", 64, 48, 30) as video:
            video.write(picture().astype(float))
    with pytest.raises(VideoError, match="3 frames, 30 times_s"):
        write(tmp_path / "a.mp4", n=3, times_s=np.arange(30) / 30)


def bits_per_pixel(path, **options):
    weight = Weight()
    assert list(read_frames(path, weight=weight, **options)) and weight.n_frames
    return weight.bits_per_pixel


def test_bits_per_pixel_are_those_of_the_format_and_fewer_if_coarser(tmp_path):
    raw = write(tmp_path / "raw.avi", codec="rawvideo")
    height, width = picture().shape[:2]
    line_bytes = -(-3 * width // 4) * 4  # AVI pads lines to 4 bytes
    assert bits_per_pixel(raw) == pytest.approx(8 * line_bytes / width)
    rng, sizes = np.random.default_rng(0), []
    noisy = rng.integers(0, 255, (30, 48, 64, 3), dtype=np.uint8)
    for crf in (10, 30, 50):
        with VideoWriter(tmp_path / f"{crf}.mp4", 64, 48, 30, crf=crf) as video:
            for rgb in noisy:
                video.write(rgb)
        sizes.append(bits_per_pixel(tmp_path / f"{crf}.mp4"))
        assert bits_per_pixel(tmp_path / f"{crf}.mp4", threads=3) == sizes[-1]
    assert 24 > sizes[0] > 2 * sizes[1] > 4 * sizes[2] > 0
    assert Weight().bits_per_pixel is None
