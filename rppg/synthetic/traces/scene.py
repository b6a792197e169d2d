"""Everything that happens in front of the camera, drawn for a block of clips.

>>> times_s = np.tile(np.arange(300, dtype=np.float32) / 30, (16, 1))
>>> scene = draw_scene(np.random.default_rng(0), times_s, seconds=10.0, pulse_scale=1.0)
>>> scene.severity.shape, scene.motion.pose.shape
((16,), (16, 5, 300))
"""

from dataclasses import dataclass

import numpy as np

from rppg.synthetic.traces.beats import Beats, draw_beats
from rppg.synthetic.traces.courses import between, drift
from rppg.synthetic.traces.lamps import Lamps, draw_lamps
from rppg.synthetic.traces.motion import Motion, draw_motion
from rppg.synthetic.traces.people import People, draw_people

VASOMOTION_HZ = (0.04, 0.4)  # slow changes of blood volume, breathing among them
HARDER = 0.5  # exponent of an even draw: half of the clips are above severity 0.7


@dataclass(frozen=True)
class Scene:
    """B clips of n frames."""

    times_s: np.ndarray  # (B, n) of the frames, from 0
    severity: np.ndarray  # (B,) strength of all disturbances, 0 none to speak of .. 1
    beats: Beats
    phase: np.ndarray  # (B, n) of the beats at the frames
    slow_blood: np.ndarray  # (B, n) in pulse heights
    people: People
    motion: Motion
    lamps: Lamps


def draw_scene(
    rng, times_s: np.ndarray, seconds: float, pulse_scale: float, calm: bool = False
) -> Scene:
    """A scene for frames at times_s (B, n).  calm: with disturbances of strength 0 only."""
    n_clips = len(times_s)
    severity = ((rng.permutation(n_clips) + rng.random(n_clips)) / n_clips).astype(np.float32)
    severity = severity**HARDER * np.float32(not calm)
    beats = draw_beats(rng, n_clips, seconds)
    phase, hr_hz = beats.phase(times_s), beats.rate_hz[:, 0]
    slow = between(rng, 0.1, 1.0, n_clips, 1) * drift(rng, times_s, VASOMOTION_HZ)
    beat = beats.wave(phase) * np.float32(pulse_scale > 0)  # without a pulse, no beat moves a head
    people = draw_people(rng, n_clips, pulse_scale)
    motion = draw_motion(rng, times_s, severity, hr_hz, beat)
    lamps = draw_lamps(rng, times_s, severity, hr_hz)
    return Scene(times_s, severity, beats, phase, slow, people, motion, lamps)
