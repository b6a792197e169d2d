"""Small video files of four coloured quadrants, for the tests of reading and writing."""

import numpy as np

from rppg.preprocessing.video import VideoWriter, read_frames


def picture(width=64, height=48):
    """Four quadrants of clearly different colours, so that orientation shows."""
    rgb = np.zeros((height, width, 3), np.uint8)
    half_h, half_w = height // 2, width // 2
    rgb[:half_h, :half_w] = (220, 40, 40)
    rgb[:half_h, half_w:] = (40, 200, 40)
    rgb[half_h:, :half_w] = (40, 60, 210)
    rgb[half_h:, half_w:] = (200, 180, 150)
    return rgb


def write(path, n=30, fps=30, **options):
    with VideoWriter(path, 64, 48, fps, **options) as video:
        for i in range(n):
            video.write(np.roll(picture(), i, axis=1))
    return path


def read(path):
    frames, times_s = zip(*read_frames(path), strict=True)
    return np.stack(frames), np.array(times_s)


def set_rotation(path, matrix):
    """Write a display matrix (a, b, c, d of the 2x2 part) into an mp4's track header."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # version 0: the nine numbers come 40 bytes into the box
    for k, value in zip((0, 1, 3, 4), matrix, strict=True):
        data[at + 4 * k : at + 4 * k + 4] = (value * 65536).to_bytes(4, "big", signed=True)
    path.write_bytes(data)
