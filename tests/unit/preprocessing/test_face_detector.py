"""Shared MTCNN: the same boxes as in this process, and no process stays behind."""

import multiprocessing
import time

import numpy as np
import psutil
import pytest
from helpers.vision_clips import face_frame

from rppg.preprocessing.face_detector import BoxFinder, FinderLost, shared_finder

NO_FACE = np.full((240, 320, 3), 128, np.uint8)


@pytest.mark.slow
def test_a_shared_finder_finds_the_same_boxes_and_leaves_no_process():
    frame, own = face_frame(dx=15), BoxFinder()
    with shared_finder() as find:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            there, none = pool.map(find, [frame, NO_FACE])
        served = find(frame)
    assert none is None
    assert np.allclose(there, own.find(frame), atol=0.01) and np.allclose(served, there, atol=0)
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s and _servers():
        time.sleep(0.1)
    assert not _servers()


def _servers() -> list:
    """Child processes other than multiprocessing's own resource tracker."""
    children = psutil.Process().children()
    return [c for c in children if "resource_tracker" not in " ".join(c.cmdline())]


@pytest.mark.slow
def test_a_lost_process_has_its_own_error():
    with shared_finder() as find:
        with pytest.raises(AttributeError):  # what the finder itself raises comes through
            find(None)
        (server,) = _servers()
        server.kill()
        server.wait()
        with pytest.raises(FinderLost, match="process that finds faces has ended"):
            find(NO_FACE)
