"""Mean colours of skin with a known pulse: `skin_trace(75)` is (600, 3) at 30 fps, 75 bpm."""

import numpy as np

from rppg.signals.classical import PULSE_SIGNATURE

SKIN = np.array([180.0, 120.0, 90.0])


def beat(hr_bpm, n_frames, fps=30.0):
    phase = 2 * np.pi * hr_bpm / 60 * np.arange(n_frames) / fps
    return np.sin(phase) + 0.3 * np.sin(2 * phase + 0.8)


def skin_trace(hr_bpm, n_frames=600, fps=30.0, noise=0.1, brightness=0.0, highlight=0.0, seed=0):
    """Mean skin colour (T, 3): more blood is darker; motion at 132 a minute in light or gloss."""
    blood = 0.02 * beat(hr_bpm, n_frames, fps)[:, None] * PULSE_SIGNATURE
    motion = np.sin(2 * np.pi * 2.2 * np.arange(n_frames) / fps + 1)[:, None]
    colour = SKIN * (1 - blood) * (1 + brightness * motion) + 255 * highlight * (1 + motion)
    return colour + noise * np.random.default_rng(seed).standard_normal((n_frames, 3))
