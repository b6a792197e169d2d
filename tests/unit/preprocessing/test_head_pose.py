"""The head's pose from landmarks: which coordinate a motion changes."""

import numpy as np
import pytest

from rppg.preprocessing.head_pose import CHEEKS, CHIN, COORDINATES, EYES, NOSE, head_pose


def face() -> np.ndarray:
    """Landmarks (468, 2) of a face of about 100 pixels, upright, turned to the camera."""
    points = np.random.default_rng(0).uniform(-40, 40, (468, 2)).astype(np.float32)
    points[list(EYES)] = [(-30, -20), (30, -20)]
    points[list(CHEEKS)] = [(-45, 0), (45, 0)]
    points[NOSE], points[CHIN] = (0, 10), (0, 60)
    return points + 100


def changed(points: np.ndarray, others: np.ndarray) -> dict:
    difference = head_pose(others) - head_pose(points)
    return dict(zip(COORDINATES, difference.round(3).tolist(), strict=True))


def test_a_translation_changes_the_place_alone():
    assert changed(face(), face() + [3, -2]) == {"x": 3, "y": -2, "roll": 0, "nod": 0, "turn": 0}


def test_a_roll_changes_the_angle_and_no_ratio():
    a, centre = 0.1, face().mean(axis=0)
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    found = changed(face(), (face() - centre) @ turn + centre)
    assert found["roll"] == pytest.approx(0.1, abs=2e-3)
    assert max(abs(found[name]) for name in ("x", "y", "nod", "turn")) < 2e-3


@pytest.mark.parametrize(("name", "step"), [("nod", (0, 8)), ("turn", (9, 0))])
def test_a_nose_that_moves_in_the_face_is_a_nod_or_a_turn(name, step):
    moved = face()
    moved[NOSE] += step
    found = changed(face(), moved)
    assert found[name] == pytest.approx(0.1, abs=0.01)
    assert max(abs(found[other]) for other in {"roll", "nod", "turn"} - {name}) == 0
