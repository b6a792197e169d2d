"""How far predicted heart rates are from true ones, and how sure that number is.

Arrays are (n,): one heart rate in bpm a recording.

    >>> result = score([60, 70, 80, 90], [61, 69, 80, 110])
    >>> round(result["rmse_bpm"], 2), result["mae_bpm"], result["within_5bpm"]
    (10.02, 5.5, 0.75)
"""

import numpy as np

N_BOOT = 2000
INTERVAL_PERCENT = (2.5, 97.5)
NEAR_BPM = 5.0
DRAWS_A_CHUNK = 2**22  # drawn at a time: memory does not grow with the recordings


def score(hr_true_bpm, hr_pred_bpm, n_boot: int = N_BOOT, seed: int = 0) -> dict[str, float]:
    """Errors of predictions (n,) against the truth (n,), in bpm.

    Keys: n; rmse_bpm with rmse_low and rmse_high, the 95 % percentile bootstrap interval over
    recordings; mae_bpm; mape, in percent of the true rate; within_5bpm, a share in 0-1; pearson_r.
    A single recording has no interval and no correlation (NaN); nor have constant predictions a
    correlation.  Same seed, same recordings drawn: intervals of models can be compared.

    Raises ValueError for shapes that differ, no recording, a prediction that is not a number
    (positions named), or a truth that is not a positive one.
    """
    true_bpm, pred_bpm = _checked(hr_true_bpm, hr_pred_bpm)
    error_bpm = pred_bpm - true_bpm
    low, high = _rmse_interval(error_bpm, n_boot, seed)
    return {
        "n": len(error_bpm),
        "rmse_bpm": float(np.sqrt(np.mean(error_bpm**2))),
        "rmse_low": low,
        "rmse_high": high,
        "mae_bpm": float(np.abs(error_bpm).mean()),
        "mape": float(100 * np.mean(np.abs(error_bpm) / true_bpm)),
        "within_5bpm": float(np.mean(np.abs(error_bpm) <= NEAR_BPM)),
        "pearson_r": _pearson_r(true_bpm, pred_bpm),
    }


def _checked(hr_true_bpm, hr_pred_bpm) -> tuple[np.ndarray, np.ndarray]:
    true_bpm = np.asarray(hr_true_bpm, dtype=np.float64)
    pred_bpm = np.asarray(hr_pred_bpm, dtype=np.float64)
    if true_bpm.ndim != 1 or true_bpm.shape != pred_bpm.shape:
        raise ValueError(f"expected two arrays (n,), found {true_bpm.shape} and {pred_bpm.shape}")
    if len(true_bpm) == 0:
        raise ValueError("no recording to score")
    for name, values, good in (
        ("predicted", pred_bpm, np.isfinite(pred_bpm)),
        ("true", true_bpm, np.isfinite(true_bpm) & (true_bpm > 0)),
    ):
        if not good.all():
            where = np.flatnonzero(~good)
            first = ", ".join(f"{i}: {values[i]:g}" for i in where[:5])
            raise ValueError(f"{len(where)} {name} heart rates are no rates, at positions {first}")
    return true_bpm, pred_bpm


def _rmse_interval(error_bpm: np.ndarray, n_boot: int, seed: int) -> tuple[float, float]:
    """RMSE of n recordings drawn with replacement, n_boot times: its 2.5 and 97.5 percentiles."""
    n = len(error_bpm)
    if n < 2:
        return np.nan, np.nan
    rng, squared, means = np.random.default_rng(seed), error_bpm**2, np.empty(n_boot)
    size = max(1, DRAWS_A_CHUNK // n)
    for first in range(0, n_boot, size):
        some = means[first : first + size]
        some[:] = squared[rng.integers(n, size=(len(some), n))].mean(axis=1)
    low, high = np.percentile(np.sqrt(means), INTERVAL_PERCENT)
    return float(low), float(high)


def _pearson_r(a: np.ndarray, b: np.ndarray) -> float:
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan
    return float(np.corrcoef(a, b)[0, 1])
