"""Videos decoded by several threads: the same frames, times, notes and errors as by one.

Of a damaged picture a decoder may leave what it does not know as it finds it in memory, which no
two readings share, so the pictures of damaged files may differ where the damage is.
"""

import zlib

import numpy as np
import pytest
from helpers.malformed_videos import BAD, GOOD

from rppg.preprocessing.video import VideoError, read_frames

DAMAGED_FRAMES = 20  # of 120, at most: a tenth of the file, and what refers to it
pytestmark = [pytest.mark.slow, pytest.mark.malformed]


def read(path, threads):
    """Checksum and time of each frame, the notes, and the error's text."""
    seen, notes = [], []
    try:
        for rgb, time_s in read_frames(path, notes=notes, threads=threads):
            seen.append((zlib.crc32(np.ascontiguousarray(rgb)), rgb.shape, time_s))
    except VideoError as error:
        return seen, notes, str(error)
    return seen, notes, ""


@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_threads_make_no_difference(name, tmp_path):
    path = (GOOD | BAD)[name](tmp_path)
    by_one, by_three = read(path, 1), read(path, 3)
    assert by_three[1:] == by_one[1:]
    assert [one[1:] for one in by_three[0]] == [one[1:] for one in by_one[0]]
    differ = sum(a != b for a, b in zip(by_one[0], by_three[0], strict=True))
    assert differ <= (DAMAGED_FRAMES if name in BAD else 0)
