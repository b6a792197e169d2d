"""How probable it is that a consensus is within 5 bpm of the truth.

    rows = features(found, brightness, face_px, fps)   # (n, K), as FEATURES
    calibration = fit_calibration(rows, right)         # on recordings whose rate is known
    confidence(rows, calibration)                      # (n,) in 0-1

A logistic regression on few features that each can only mean one thing: one whose fitted
coefficient has the other sign is left out, and the rest is fitted again.  What the recordings of
the fit hardly vary in gets no coefficient: it would be a guess about recordings of another kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rppg.evaluation.consensus import Consensus
from rppg.evaluation.ensemble import margins, mean_known
from rppg.evaluation.metrics import NEAR_BPM

FEATURES = {  # name -> the sign of its coefficient
    "mass": 1,  # of the consensus' spectrum within 5 bpm of its peak
    "margin": 1,  # logarithm of the peak over the highest value elsewhere
    "agreement": 1,  # share of the members whose own peak is within 5 bpm
    "quality": 1,  # mean share of the members' power within 5 bpm
    "motion": -1,  # of the head at the rate, logarithmic
    "coherence": 1,  # of the regions' waves at the rate, 0-1
    "purity": 1,  # of the signature of blood at the rate, logarithm of its odds
    "dark": -1,  # 0 from DIM on, 1: black
    "small": -1,  # halvings of the face's height below SMALL_PX
    "slow": -1,  # halvings of the frame rate below SLOW_FPS
}
DIM, SMALL_PX, SLOW_FPS = 60.0, 100.0, 30.0
LARGEST_MARGIN = 6.0
COHERENT = 0.6  # where nothing is known of the regions
LEAST_SPREAD = {"dark": 0.1, "small": 0.25, "slow": 0.25}  # standard deviation; others: any


@dataclass(frozen=True)
class Calibration:
    """A logistic regression: the sum of coefficients times features, plus intercept."""

    coefficients: dict[str, float]  # of FEATURES that count
    intercept: float


def features(
    found: Consensus,
    brightness: np.ndarray | float = DIM,
    face_px: np.ndarray | float = SMALL_PX,
    fps: np.ndarray | float = SLOW_FPS,
    coherence: np.ndarray | None = None,
) -> np.ndarray:
    """(n, K) as FEATURES.  brightness: mean luma of the face, 0-255; face_px: its height; fps: of
    the video; each (n,) or one for all.  coherence: (n, F), as `region_coherence` gives it; None:
    unknown, which counts as COHERENT.  NaN where there is no consensus."""
    one, hr_bpm = found.members, found.hr_bpm
    coherence = np.full(found.power.shape, COHERENT) if coherence is None else coherence
    near = np.abs(60 * one.freq_hz - hr_bpm[:, None]) <= NEAR_BPM  # (n, F)
    own_bpm = np.where(np.isfinite(one.hr_bpm), one.hr_bpm, _peaks_bpm(one))  # (M, n)
    agrees = np.where(np.isfinite(own_bpm), np.abs(own_bpm - hr_bpm) <= NEAR_BPM, np.nan)
    columns = {
        "mass": (found.power * near).sum(axis=1),
        "margin": np.minimum(margins(one.freq_hz, found.power, hr_bpm), LARGEST_MARGIN),
        "agreement": mean_known(agrees),
        "quality": mean_known((one.power * near).sum(axis=2)),
        "motion": _highest(found.motion, near),
        "coherence": _highest(coherence, near),
        "purity": _highest(found.purity, near),
        "dark": np.clip(1 - np.asarray(brightness) / DIM, 0, 1),
        "small": np.log2(np.maximum(SMALL_PX / np.maximum(face_px, 1), 1)),
        "slow": np.log2(np.maximum(SLOW_FPS / np.maximum(fps, 1), 1)),
    }
    rows = np.stack([np.broadcast_to(columns[name], hr_bpm.shape) for name in FEATURES], axis=1)
    return np.where(np.isfinite(hr_bpm)[:, None], rows, np.nan)


def confidence(rows: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Probability (n,) of features (n, K) that the answer is within 5 bpm; NaN without an
    answer."""
    names = list(FEATURES)
    total = np.full(len(rows), calibration.intercept)
    for name, coefficient in calibration.coefficients.items():
        total = total + coefficient * rows[:, names.index(name)]
    return np.where(np.isfinite(rows).all(axis=1), 1 / (1 + np.exp(-total)), np.nan)


def fit_calibration(
    rows: np.ndarray, right: np.ndarray, names: Sequence[str] = tuple(FEATURES)
) -> Calibration:
    """Fitted to features (n, K) of answers that were right (n,) bool or not.

    Answers without features are left out.  Raises ValueError unless some answers are right and
    some are not.
    """
    from sklearn.linear_model import LogisticRegression

    known = np.isfinite(rows).all(axis=1)
    rows, right = rows[known], np.asarray(right, dtype=bool)[known]
    if right.all() or not right.any():
        raise ValueError(f"{right.sum()} of {len(right)} answers are right: nothing to tell apart")
    at = [list(FEATURES).index(name) for name in names]
    mean, scale = rows[:, at].mean(axis=0), rows[:, at].std(axis=0)
    used = [k for k, name in enumerate(names) if scale[k] > LEAST_SPREAD.get(name, 1e-6)]
    while True:
        columns = (rows[:, at][:, used] - mean[used]) / scale[used]
        model = LogisticRegression(C=1.0).fit(columns, right)
        signs = np.array([FEATURES[names[k]] for k in used])
        wrong = (model.coef_[0] * signs) < 0
        if not wrong.any():
            break
        worst = int((model.coef_[0] * signs).argmin())
        used.pop(worst)
    slopes = model.coef_[0] / scale[used]
    intercept = float(model.intercept_[0] - (slopes * mean[used]).sum())
    return Calibration(
        {names[k]: float(slope) for k, slope in zip(used, slopes, strict=True)}, intercept
    )


def _highest(values: np.ndarray, near: np.ndarray) -> np.ndarray:
    """The highest (n,) of values (n, F) among near (n, F) bool; -inf where none is near."""
    return np.where(near, values, -np.inf).max(axis=1)


def _peaks_bpm(one) -> np.ndarray:
    """(M, n): the highest peak of each member's spectrum; NaN without one."""
    known = np.isfinite(one.power).all(axis=2)
    at = np.where(known[..., None], one.power, 0).argmax(axis=2)
    return np.where(known, 60 * one.freq_hz[at], np.nan)
