"""What speaks against a heart rate that was read from a video: said with it, or in its place.

    check_picture(traces.meta)                      # ValueError: the picture does not change
    doubts(bvp, rate, traces)                       # sentences, none for a clear pulse
    doubts_on_wave(bvp, fps, rate)                  # of a wave alone

Measured on still pictures, filmed or held by hand, with and without noise: the green of the face
swings by 0.01-0.12 % at the rate that is found; on 30 synthetic faces by 0.17-1.2 %, on a real
one by 0.50 %.
"""

from collections.abc import Mapping

import numpy as np

from rppg.datasets.prepared import face_colours
from rppg.signals.checks import TooFewColours
from rppg.signals.classical import wave
from rppg.signals.heart_rate import NEAR_PEAK_BPM, HeartRate
from rppg.signals.outside_band import edge_note
from rppg.signals.spectrum import power_spectrum

LEAST_CHANGING = 0.25  # of the seconds of a video, with a picture that changes
LEAST_SWING = 0.1  # per cent of the face's green
LEAST_MOTION = 1e-3  # heights of the face: standard deviation; landmarks jitter by less
CLIP_S = 10.0
# Of three real faces, encoded 18 ways each, all wrong answers had less (docs/people.md).
FEW_BITS = 0.08  # per pixel and frame
# Quality of POS's wave of white noise, by seconds: nine in ten have less.
NOISE_SECONDS, NOISE_QUALITY = (5, 10, 20, 30, 60, 120), (0.41, 0.34, 0.27, 0.23, 0.21, 0.19)


def check_picture(meta: Mapping) -> None:
    """Raises ValueError if a video shows one and the same frame, facts as of `extract`."""
    share = meta.get("changing_share", 1.0)
    if share < LEAST_CHANGING:
        how_long = "at all" if share == 0 else f"in {1 - share:.0%} of its seconds"
        what = "a still picture, or one that compression has made still"
        raise ValueError(f"the picture does not change {how_long}: {what}, has no pulse in it")


def doubts(bvp: np.ndarray, rate: HeartRate, traces, has_confidence: bool = False) -> list[str]:
    """Sentences on one rate of a video's traces; bvp (T,) is the wave it was read from.

    has_confidence: whether the rate has one, which says how far it stands out and what limits it.
    """
    rgb = face_colours(traces.mstmap)  # (T, 3)
    open_wave = _unfiltered(rgb, traces.fps)
    noted = edge_note(open_wave, traces.fps, rate.hr_bpm) or edge_note(bvp, traces.fps, rate.hr_bpm)
    found = [noted] if noted else []
    if not has_confidence:
        found += [*noise_notes(bvp, traces.fps, rate), *strong_compression(traces.meta)]
    swing = green_swing(rgb, traces.fps, rate.hr_bpm)
    if swing < LEAST_SWING:
        text = f"the face hardly changes its colour at this rate ({swing:.2f} % of the green,"
        text += f" a pulse mostly has {LEAST_SWING:g} % or more)"
        found.append(text + (": it may be a photograph" if is_still(traces.head) else ""))
    return found


def doubts_on_wave(bvp: np.ndarray, fps: float, rate: HeartRate) -> list[str]:
    """Sentences on a rate and its wave (T,), NaN in gaps, without a video."""
    n_missing, size = np.isnan(bvp).sum(), np.nanmax(np.abs(bvp))
    found = [f"{n_missing / fps:.1f} s without a value are left out"] if n_missing else []
    noted = edge_note(bvp / size, fps, rate.hr_bpm)  # of any size: its square must be a number
    return [*found, *([noted] if noted else []), *noise_notes(bvp, fps, rate)]


def noise_notes(bvp: np.ndarray, fps: float, rate: HeartRate) -> list[str]:
    """A sentence if the rate stands out no more than one in noise of the length of bvp (T,)."""
    seconds = np.isfinite(bvp).sum() / fps
    noise = float(np.interp(np.log(seconds), np.log(NOISE_SECONDS), NOISE_QUALITY))
    if rate.quality >= noise:
        return []
    text = f"the rate hardly stands out: quality {rate.quality:.2f}"
    return [f"{text}, noise alone has up to {noise:.2f} in {seconds:.0f} s"]


def strong_compression(meta: Mapping) -> list[str]:
    """A phrase if the video's codec left it few bits, facts as of `extract`: a pulse is among what
    goes first.  None for images and for frames in memory."""
    bits = meta.get("bits_per_pixel")
    if bits is None or bits >= FEW_BITS:
        return []
    return [f"strong compression ({bits:.2g} bits per pixel)"]


def green_swing(rgb: np.ndarray, fps: float, hr_bpm: float) -> float:
    """Amplitude, in per cent of its mean, of the face's green at a rate: the median over clips of
    10 s of colours (T, 3), NaN in gaps; infinite if there is no clip without a gap."""
    green, n = rgb[:, 1], min(round(CLIP_S * fps), len(rgb))
    clips = [green[start : start + n] for start in range(0, len(green) - n + 1, max(1, n // 2))]
    swings = [_amplitude(clip, fps, hr_bpm) for clip in clips if np.isfinite(clip).all()]
    return float(np.median(swings)) if swings else np.inf


def is_still(head: np.ndarray | None) -> bool:
    """Whether a head's trajectory (T, A), in heights of the face, is that of a thing at rest."""
    if head is None or not np.isfinite(head).all(axis=1).any():
        return False
    return bool(np.nanstd(head[:, :2], axis=0).max() < LEAST_MOTION)


def _unfiltered(rgb: np.ndarray, fps: float) -> np.ndarray:
    """A wave (T,) with what is outside of the heart band, which CHROM and some nets remove."""
    try:
        return wave("POS", rgb, fps)
    except TooFewColours:
        return rgb[:, 1]


def _amplitude(green: np.ndarray, fps: float, hr_bpm: float) -> float:
    window = np.hanning(len(green) + 2)[1:-1]
    relative = 100 * (green / green.mean() - 1)
    n_fft = max(len(green), int(np.ceil(60 * fps)))  # steps of 1 bpm
    freq_hz, power = power_spectrum(relative * window, fps, n_fft)
    near = np.abs(60 * freq_hz - hr_bpm) <= NEAR_PEAK_BPM
    return float(2 * np.sqrt(power[near].max()) / window.sum())
