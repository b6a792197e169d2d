"""Pose of the head: shift, roll and parallax as one warp of the part of the picture that moves.

>>> from rppg.synthetic.disturbances import LEVELS, draw_nuisances
>>> from rppg.synthetic.subject import draw_traits, make_subject
>>> subject = make_subject(draw_traits(seed=0, number=7), width=320, height=240)
>>> rng, times_s = np.random.default_rng(0), np.arange(300) / 30
>>> nuisances = draw_nuisances(rng, LEVELS["test"], times_s, unit=1.0)
>>> warp = PoseWarp(subject, nuisances.pose)
>>> moved = warp.apply(np.dstack([subject.face, subject.alpha]), nuisances.pose[0])
>>> moved.shape == subject.face[warp.box].shape[:2] + (4,)
True
"""

import cv2
import numpy as np

from rppg.synthetic.face_template import box_of
from rppg.synthetic.subject import Subject

VISIBLE = 1e-3  # opacity below which a pixel of the head is none
MARGIN_PX = 2
SHIFT_X, SHIFT_Y, ROLL, YAW, PITCH = range(5)  # columns of a pose


class PoseWarp:
    """Rigid shift and roll, and rotation by parallax, of the head in front of its background.

    poses: (T, 5) of one recording.  Outside `box` (rows, columns) none of them changes a picture.
    """

    def __init__(self, subject: Subject, poses: np.ndarray):
        across, down = _flows(subject)
        self.box = _moving_box(subject, poses, across, down)
        rows, columns = np.mgrid[: subject.skin.shape[0], : subject.skin.shape[1]]
        self.across = _flat(self.box, columns, *-across)  # cv2.remap needs the inverse map
        self.down = _flat(self.box, rows, *-down)
        self.maps = np.empty((2, *rows[self.box].shape), np.float32)

    def apply(self, picture: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """The box of a picture (H, W, C) with the head in this pose (5,)."""
        across, down = self.maps
        np.dot(_weights(pose, SHIFT_X, YAW), self.across, out=across.reshape(-1))
        np.dot(_weights(pose, SHIFT_Y, PITCH), self.down, out=down.reshape(-1))
        return cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _weights(pose, shift, turn) -> np.ndarray:
    return np.array((1, pose[shift], pose[ROLL], pose[turn]), np.float32)


def _flat(box, *pictures) -> np.ndarray:
    return np.stack([picture[box].ravel() for picture in pictures]).astype(np.float32)


def _flows(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Pixels to the right, and down, (3, H, W) each, per unit of shift, roll and turn."""
    rows, columns = np.mgrid[: subject.skin.shape[0], : subject.skin.shape[1]].astype(np.float32)
    middle = subject.landmarks[[234, 454, 152]].mean(axis=0)
    follow, depth = subject.follow, subject.depth
    x, y = (columns - middle[0]) * follow, (rows - middle[1]) * follow
    return np.stack([follow, -y, depth]), np.stack([follow, x, depth])


def _moving_box(subject: Subject, poses, across, down) -> tuple[slice, slice]:
    """Box of what moves and is no farther from the head than the head moves."""
    coarse = [flow[:, ::4, ::4].reshape(3, -1) for flow in (across, down)]
    farthest = max(
        np.abs(poses[:, [shift, ROLL, turn]] @ flow).max()
        for flow, shift, turn in zip(coarse, (SHIFT_X, SHIFT_Y), (YAW, PITCH), strict=True)
    )
    side = 2 * (int(farthest) + MARGIN_PX) + 1
    near = cv2.dilate((subject.alpha > VISIBLE).astype(np.uint8), np.ones((side, side), np.uint8))
    return box_of((near > 0) & (subject.follow > 0))
