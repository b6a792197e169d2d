"""Motion of many heads at once: sway, nods near the pulse or its half or double, speech, blinks.

A pose is (B, 5, n): yaw, pitch and roll in rad, shifts to the right and down in half widths of the
face.  Strengths grow with a clip's severity (B,), 0 calm .. 1 as bad as it gets.

    >>> rng, severity = np.random.default_rng(0), np.linspace(0, 1, 16, dtype=np.float32)
    >>> times_s = np.tile(np.arange(300, dtype=np.float32) / 30, (16, 1))
    >>> draw_motion(rng, times_s, severity, np.full(16, 1.2), np.zeros((16, 300))).pose.shape
    (16, 5, 300)
"""

from dataclasses import dataclass

import numpy as np

from rppg.synthetic.traces.courses import (
    between,
    drift,
    drifts,
    locked_rate_hz,
    log_between,
    normal,
    rhythm,
    sometimes,
)

SWAY_HZ = (0.03, 0.5)
BEAT_PITCH = 0.0012  # rad by which a beat nods the head: the ballistocardiogram


@dataclass(frozen=True)
class Motion:
    """Time courses of B clips."""

    pose: np.ndarray  # (B, 5, n)
    mouth: np.ndarray  # (B, n) 0 closed .. 1 wide open
    squeeze: np.ndarray  # (B, n) blood pressed out of the lower face, in pulse heights
    blink: np.ndarray  # (B, n) 0 open .. 1 closed
    nod_hz: np.ndarray  # (B,)
    nod_rad: np.ndarray  # (B,) standard deviation of its pitch, 0 without a nod


def draw_motion(
    rng, times_s: np.ndarray, severity: np.ndarray, hr_hz: np.ndarray, wave: np.ndarray
) -> Motion:
    """Motion at frame times (B, n) of heads whose hearts beat at hr_hz (B,) with a wave (B, n)."""
    n_clips = len(times_s)
    nod_hz = locked_rate_hz(rng, hr_hz)
    nod_rad = sometimes(rng, 0.15 + 0.6 * severity, 0.004, 0.08, n_clips) * (0.15 + severity)
    nod = nod_rad[:, None] * rhythm(rng, times_s, nod_hz)
    pose = drifts(rng, times_s, 5, SWAY_HZ)
    sway_rad = log_between(rng, 0.02, 0.16, n_clips, 1) * (0.15 + severity[:, None])
    pose *= (sway_rad * np.float32((1, 0.6, 0.4, 0.6, 0.4)))[..., None]
    pose[:, :3] += _turns(rng, times_s, severity)
    share = normal(rng, n_clips, 5) * np.float32((0.4, 0, 0.25, 0.25, 0)) + (0, 1, 0, 0, 0.5)
    pose += share[..., None] * nod[:, None]
    pose[:, 1] += BEAT_PITCH * between(rng, 0, 1, n_clips, 1) * np.roll(wave, 3, axis=1)
    mouth, squeeze = _speech(rng, times_s, severity, hr_hz)
    pose[:, 1] += 0.03 * between(rng, -1, 1, n_clips, 1) * mouth
    blink = _blinks(rng, times_s)
    return Motion(pose.astype(np.float32), mouth, squeeze, blink, nod_hz, nod_rad)


def _turns(rng, times_s: np.ndarray, severity: np.ndarray) -> np.ndarray:
    """Turns to another direction (B, 3, n) in some clips: smooth steps of several degrees."""
    n_clips, last_s = len(times_s), float(times_s.max())
    size = sometimes(rng, 0.4 * severity, 0.03, 0.25, n_clips)[:, None, None]
    when_s = between(rng, 0, last_s, n_clips, 1, 1)
    soft_s = log_between(rng, 0.15, 0.6, n_clips, 1, 1)
    step = np.tanh((times_s[:, None] - when_s) / soft_s)
    return size * normal(rng, n_clips, 3, 1) * np.float32((1, 0.6, 0.3))[:, None] * step


def _speech(rng, times_s, severity, hr_hz) -> tuple[np.ndarray, np.ndarray]:
    """Opening of the mouth and squeezed blood (B, n): syllables in phrases, of which one in three
    keeps to a rhythm near the pulse."""
    n_clips = len(times_s)
    size = sometimes(rng, 0.1 + 0.5 * severity, 0.1, 1.0, n_clips)[:, None]
    syllables = 0.5 + 0.5 * np.sin(3 * drift(rng, times_s, (0.6, 2.0)) + 20 * times_s)
    phrase_hz = np.where(
        rng.random(n_clips) < 0.33, locked_rate_hz(rng, hr_hz), log_between(rng, 0.3, 1.5, n_clips)
    )
    phrases = (0.5 + 0.6 * rhythm(rng, times_s, phrase_hz.astype(np.float32))).clip(0, 1.5)
    mouth = (size * phrases * (0.35 + 0.65 * syllables)).clip(0, 1)
    pressed = size * between(rng, 0.2, 1.2, n_clips, 1) * (phrases - phrases.mean(1, keepdims=True))
    return mouth.astype(np.float32), pressed.astype(np.float32)


def _blinks(rng, times_s: np.ndarray) -> np.ndarray:
    """Closure of the lids (B, n): four blinks at random times, of which some fall outside."""
    n_clips, last_s = len(times_s), float(times_s.max())
    when_s = between(rng, -0.5 * last_s, 1.5 * last_s, n_clips, 4, 1)
    near = ((times_s[:, None] - when_s) / np.float32(0.085)) ** 2
    return np.exp(-(near * near)).max(axis=1)
