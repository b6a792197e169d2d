"""Colours of six face regions with a known pulse, and lamps that each sees in another colour."""

import numpy as np

from rppg.signals.classical import PULSE_SIGNATURE

FPS, R = 30.0, 6
BPM, LAMPS_BPM = 72.0, (95.0, 110.0, 128.0)


def swing(bpm, seconds, phase=0.0):
    return np.sin(2 * np.pi * bpm / 60 * np.arange(round(seconds * FPS)) / FPS + phase)


def face(seconds=10.0, pulse=0.003, lamps=0.05, noise=2e-4, bpm=BPM, seed=0):
    """Colours (T, R, 3) of regions with a pulse, and of lamps that each sees in another colour."""
    rng = np.random.default_rng(seed)
    beat = pulse * swing(bpm, seconds)[:, None, None] * PULSE_SIGNATURE
    swings = [swing(lamp_bpm, seconds, 1.0)[:, None, None] for lamp_bpm in LAMPS_BPM]
    light = sum(lamps * one * rng.uniform(-1, 1, (R, 3)) for one in swings)
    rgb = 1 - beat + light + noise * rng.normal(size=(round(seconds * FPS), R, 3))
    return rng.uniform(60, 180, (R, 3)) * rgb
