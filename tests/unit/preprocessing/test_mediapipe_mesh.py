"""FaceMesh run by mediapipe: its own landmarks, and none of its messages."""

import gc
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import psutil
import pytest
from helpers.vision_clips import face_frame

from rppg.preprocessing import mediapipe_mesh
from rppg.preprocessing.landmark_finder import default_finder

pytestmark = pytest.mark.skipif(default_finder() != "mediapipe", reason="mediapipe is missing")


def test_landmarks_equal_those_of_mediapipe_itself():
    (found,) = mediapipe_mesh.MediaPipeMesh().faces(face_frame())
    fresh = mediapipe_mesh.MediaPipeMesh()
    points = fresh._mesh.process(face_frame()).multi_face_landmarks[0].landmark
    expected = np.float32([[p.x * 320 - 0.5, p.y * 240 - 0.5] for p in points])
    assert found == pytest.approx(expected, abs=1e-4)


def test_a_frame_is_neither_changed_nor_kept_whatever_its_layout():
    rgb, mesh = face_frame(), mediapipe_mesh.MediaPipeMesh()
    expected, strided = rgb.copy(), np.repeat(rgb, 2, axis=1)[:, ::2]
    (found,) = mesh.faces(rgb)
    assert rgb.flags.writeable and np.array_equal(rgb, expected)
    mesh.reset()
    assert np.array_equal(mesh.faces(strided)[0], found)
    frames = [face_frame() for _ in range(8)]
    kept = [weakref.ref(frame) for frame in frames]
    while frames:
        mesh.faces(frames.pop())
    assert sum(one() is not None for one in kept) <= 2  # the one before, from which it follows


@pytest.mark.slow
def test_mediapipe_is_quiet_and_other_errors_are_not():
    code = (
        "import os, numpy as np\n"
        "from helpers.vision_clips import face_frame\n"
        "from rppg.preprocessing.face_mesh import FaceLandmarks\n"
        "from rppg.preprocessing.mediapipe_mesh import without_chatter\n"
        "landmarker = FaceLandmarks(); landmarker(face_frame()); landmarker.reset()\n"
        "landmarker(face_frame()); import sys; assert 'torch' not in sys.modules\n"
        "with without_chatter(): os.write(2, b'a real error\\n')\n"
    )
    folder = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder)
    assert run.returncode == 0 and run.stderr == "a real error\n"


def test_unexpected_message_of_mediapipe_is_an_error():
    with pytest.raises(RuntimeError, match="gave 17 bytes, expected 7956"):
        mediapipe_mesh._parse(b"\0" * 17)


@pytest.mark.slow
def test_pyplot_is_left_out_of_mediapipes_import_and_whole_afterwards():
    code = (
        "import sys\nfrom rppg.preprocessing.face_mesh import FaceLandmarks\nFaceLandmarks()\n"
        "print(any(name.startswith('matplotlib') for name in sys.modules))\n"
        "from matplotlib import pyplot\nprint(callable(pyplot.figure))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"], done.stderr


def test_what_mediapipe_reports_and_goes_on_without_does_not_reach_a_kernels_hook(
    monkeypatch, capsys
):
    seen = []
    monkeypatch.setattr(sys, "excepthook", lambda *error: seen.append(error))
    hook = sys.excepthook
    with mediapipe_mesh.without_chatter():
        for text in (f"'MessageFactory' object {mediapipe_mesh.HARMLESS}", "something else"):
            sys.excepthook(AttributeError, AttributeError(text), None)
    assert sys.excepthook is hook and seen == []
    said = capsys.readouterr().err
    assert "GetPrototype" not in said and "something else" in said


@pytest.mark.slow
def test_an_instance_that_is_gone_leaves_no_thread():
    mediapipe_mesh.MediaPipeMesh().faces(face_frame())
    before = psutil.Process().num_threads()
    for _ in range(4):
        mediapipe_mesh.MediaPipeMesh().faces(face_frame())
    gc.collect()
    assert psutil.Process().num_threads() <= before + 1


@pytest.mark.slow
def test_an_instance_that_lives_to_the_end_of_the_program_ends_quietly():
    code = (
        "from helpers.vision_clips import face_frame\n"
        "from rppg.preprocessing.mediapipe_mesh import MediaPipeMesh\n"
        "mesh = MediaPipeMesh(); mesh.faces(face_frame())\n"
    )
    folder = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder)
    assert (run.returncode, run.stderr) == (0, "")
