"""Several models' heart rates of the same recordings, combined into one.

A Stack holds M models on n recordings: rates (M, n), qualities (M, n) and unit-area spectra
(M, n, F) over freq_hz (F,); NaN where a model has no rate; and how far the head moves at these
frequencies, where that is known.  A combination takes the stack of the
recordings to predict, and the stack and truth of recordings to be fitted to, and returns rates
(n,), NaN for recordings without a rate of any model.

    >>> freq_hz = np.linspace(0.7, 3, 24)
    >>> power = np.exp(-np.abs(freq_hz - 1.2) * 9)[None, None].repeat(3, 0)  # (3, 1, 24)
    >>> one = Stack(("a", "b", "c"), ("x",), np.array([[72.0], [75.0], [120.0]]),
    ...     np.array([[0.8], [0.6], [0.1]]), freq_hz, power)
    >>> median(one), psd(one).round(1)
    (array([75.]), array([72.]))

The paper (Qian et al., 3rd RePSS, section 3.3) averages rates; the others are measured against it.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rppg.evaluation.metrics import NEAR_BPM

if TYPE_CHECKING:
    import pandas as pd

EPSILON = 1e-4  # added to a bin's share before its logarithm: no model can rule a rate out alone
SHARPNESS = 6  # exponent of a peak's height in `peaks`


@dataclass(frozen=True)
class Stack:
    """M models on n recordings; see the file's head."""

    models: tuple[str, ...]
    ids: tuple[str, ...]
    hr_bpm: np.ndarray  # (M, n)
    quality: np.ndarray  # (M, n)
    freq_hz: np.ndarray  # (F,)
    power: np.ndarray  # (M, n, F), each of unit area
    motion: np.ndarray | None = None  # (n, F), of the head, in heights of the face

    def of_models(self, models: Sequence[str]) -> "Stack":
        """Some of its models."""
        at = [self.models.index(model) for model in models]
        parts = {name: getattr(self, name)[at] for name in ("hr_bpm", "quality", "power")}
        return replace(self, models=tuple(models), **parts)

    def of_recordings(self, at: np.ndarray) -> "Stack":
        """Some of its recordings, by position or mask (n,)."""
        ids = tuple(np.array(self.ids, dtype=object)[at])
        parts = {name: getattr(self, name)[:, at] for name in ("hr_bpm", "quality", "power")}
        motion = None if self.motion is None else self.motion[at]
        return replace(self, ids=ids, motion=motion, **parts)


def stack(table: "pd.DataFrame", models: Sequence[str], ids: Sequence[str]) -> Stack:
    """Predictions of models on recordings, from the long table with its spectra and, if it has a
    column `motion`, the head's motion at their frequencies.

    A model without a row for a recording, or whose row has no rate, is NaN there.  Raises
    ValueError for a model that is not in the table, an id twice in one, or spectra that are not
    over the same frequencies.
    """
    import pandas as pd

    rows = table[table["model"].isin(models) & table["id"].isin(ids)]
    if missing := sorted(set(models) - set(rows["model"])):
        raise ValueError(f"no predictions of {missing}; there are {sorted(set(table['model']))}")
    if double := rows.loc[rows.duplicated(["model", "id"]), "id"].tolist():
        raise ValueError(f"ids more than once in a model: {double[:5]}")
    rows = rows[rows["hr_bpm"].notna()]
    axes = {np.asarray(axis, np.float32).tobytes() for axis in rows["freq_hz"]}
    if len(axes) != 1:
        raise ValueError(f"spectra over {len(axes)} frequency axes, expected one")
    freq_hz = np.asarray(rows["freq_hz"].iloc[0], dtype=np.float64)
    shape = (len(models), len(ids))
    motion = _motion(table, ids, len(freq_hz)) if "motion" in table else None
    empty = np.full((*shape, len(freq_hz)), np.nan)
    unknown = empty[..., 0].copy(), empty[..., 0].copy(), freq_hz, empty, motion
    found = Stack(tuple(models), tuple(ids), *unknown)
    m, n = pd.Index(models).get_indexer(rows["model"]), pd.Index(ids).get_indexer(rows["id"])
    found.hr_bpm[m, n], found.quality[m, n] = rows["hr_bpm"], rows["quality"]
    power = np.stack(rows["power"].to_list()).astype(np.float64)  # (rows, F)
    found.power[m, n] = unit_area(power)
    return found


def _motion(table: "pd.DataFrame", ids: Sequence[str], n_freq: int) -> np.ndarray:
    """The head's motion (n, F) in these recordings; zeros where it is unknown."""
    known = table.drop_duplicates("id").set_index("id")["motion"].reindex(list(ids))
    return np.stack([row if np.ndim(row) else np.zeros(n_freq) for row in known]).astype(float)


def with_answers(
    rows: "pd.DataFrame", hr_bpm: np.ndarray, quality: np.ndarray, freq_hz: np.ndarray, power
) -> "pd.DataFrame":
    """Rows of the long table with other rates and qualities (n,) and spectra (n, F) over (F,).  A
    rate that is NaN has neither quality nor spectrum and keeps its reason; the others have none."""
    import pandas as pd

    known = np.isfinite(hr_bpm)
    rows = rows.assign(hr_bpm=hr_bpm, quality=np.where(known, quality, np.nan))
    axis, powers = freq_hz.astype(np.float32), np.asarray(power).astype(np.float32)
    axes = [axis if ok else None for ok in known]
    spectra = [one if ok else None for one, ok in zip(powers, known, strict=True)]
    rows["freq_hz"] = pd.Series(axes, index=rows.index, dtype=object)
    rows["power"] = pd.Series(spectra, index=rows.index, dtype=object)
    return rows.assign(reason=np.where(known, "", rows["reason"]))


def average(one: Stack, learned=None, true_bpm=None, mean_bpm=None) -> np.ndarray:
    """The mean of the rates: the paper's ensemble."""
    return mean_known(one.hr_bpm)


def median(one: Stack, learned=None, true_bpm=None, mean_bpm=None) -> np.ndarray:
    """The median of the rates."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a recording without any rate is NaN
        return np.nanmedian(one.hr_bpm, axis=0)


def nnls(one: Stack, learned: Stack, true_bpm: np.ndarray, mean_bpm=None) -> np.ndarray:
    """Rates weighted by non-negative least squares on `learned`, weights of sum 1.

    Where a model has no rate, the others share its weight; where they have none, they weigh alike.
    """
    known = np.isfinite(learned.hr_bpm).all(axis=0)
    if not known.any():
        return average(one)
    from scipy.optimize import nnls as solve_nnls  # a third of a second, for one combination

    weights, _ = solve_nnls(learned.hr_bpm[:, known].T, true_bpm[known])
    weights = weights + 1e-9  # a recording that only models of no weight have
    return mean_known(one.hr_bpm, np.broadcast_to(weights[:, None], one.hr_bpm.shape))


def psd(one: Stack, learned=None, true_bpm=None, mean_bpm=None) -> np.ndarray:
    """The peak of the mean of the unit-area spectra."""
    return peak_of(one.freq_hz, SPECTRA["PSD"](one))


def product(one: Stack, learned=None, true_bpm=None, mean_bpm=None) -> np.ndarray:
    """The peak of the spectra's geometric mean: what one model finds unlikely, loses."""
    return peak_of(one.freq_hz, SPECTRA["product of PSDs"](one))


def peaks(one: Stack, learned=None, true_bpm=None, mean_bpm=None) -> np.ndarray:
    """The mean of the peaks of the spectra's geometric mean, weighted by their heights to the power
    of 6: where two rates are as likely, the answer between them has the smaller squared error."""
    log_power = np.log(SPECTRA["product of PSDs"](one))
    return np.array([_weighted_peaks(one.freq_hz, row) for row in log_power])


def quality_weighted(one: Stack, learned=None, true_bpm=None, mean_bpm=None) -> np.ndarray:
    """Rates weighted by their quality, the share of a spectrum that lies near its peak."""
    return mean_known(one.hr_bpm, one.quality)


def shrunk(one: Stack, learned: Stack, true_bpm: np.ndarray, mean_bpm: float) -> np.ndarray:
    """The average, drawn towards mean_bpm (of the training labels) where its quality is low: by a
    share 1 - (a + b q), in 0-1, with a and b by least squares on `learned`."""
    offset, quality = average(learned) - mean_bpm, mean_known(learned.quality)
    known = np.isfinite(offset)
    design = np.stack([offset, offset * quality], axis=1)[known]  # (n, 2)
    (a, b), *_ = np.linalg.lstsq(design, true_bpm[known] - mean_bpm, rcond=None)
    share = np.clip(a + b * mean_known(one.quality), 0, 1)
    return mean_bpm + share * (average(one) - mean_bpm)


def logarithms(one: Stack) -> np.ndarray:
    """Logarithms (M, n, F) of the spectra, none of which rules a rate out."""
    return np.log(one.power + EPSILON)


def unit_area(power: np.ndarray) -> np.ndarray:
    """Spectra (..., F), each of unit area; NaN where there is none."""
    total = power.sum(axis=-1, keepdims=True)
    return power / np.where(total > 0, total, np.nan)


def log_product(one: Stack, weights: np.ndarray | None = None) -> np.ndarray:
    """Logarithm (n, F) of the geometric mean of the spectra, with weights (M,) of the models."""
    if weights is not None:
        weights = np.broadcast_to(np.asarray(weights)[:, None, None], one.power.shape)
    return mean_known(logarithms(one), weights)


SPECTRA: dict[str, Callable[[Stack], np.ndarray]] = {  # (n, F), whose highest peak is the answer
    "PSD": lambda one: mean_known(one.power),
    "product of PSDs": lambda one: np.exp(log_product(one)),
}
COMBINATIONS: dict[str, Callable] = {
    "average": average,
    "median": median,
    "NNLS": nnls,
    "PSD": psd,
    "product of PSDs": product,
    "peaks of PSDs": peaks,
    "quality-weighted": quality_weighted,
    "shrunk average": shrunk,
}


def peak_of(freq_hz: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Rates (n,) at the highest value of power (n, F); NaN where it is unknown."""
    known = np.isfinite(power).all(axis=1)
    return np.where(known, 60 * freq_hz[np.where(known[:, None], power, 0).argmax(axis=1)], np.nan)


def mean_known(values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Weighted mean over the models of values (M, n, ...), of those that are known."""
    known = np.isfinite(values)
    weights = known * (1.0 if weights is None else np.nan_to_num(weights))
    total = weights.sum(axis=0)
    summed = (np.where(known, values, 0) * weights).sum(axis=0)
    return np.where(total > 0, summed / np.where(total > 0, total, 1), np.nan)


def margins(freq_hz: np.ndarray, power: np.ndarray, true_bpm: np.ndarray) -> np.ndarray:
    """By how much spectra (n, F) favour the true rates (n,): the logarithm of the highest value
    within 5 bpm over the highest elsewhere.  Negative where the answer is a miss, near 0 where it
    almost was one; NaN where there is no spectrum."""
    near = np.abs(60 * freq_hz - true_bpm[:, None]) <= NEAR_BPM  # (n, F)
    inside, outside = (np.where(part, power, 0).max(axis=1) for part in (near, ~near))
    known = np.isfinite(power).all(axis=1)
    return np.where(known, np.log(inside + EPSILON) - np.log(outside + EPSILON), np.nan)


def local_maxima(power: np.ndarray) -> np.ndarray:
    """Bins of the local maxima of power (F,), in order; an edge may be one."""
    from scipy.signal import find_peaks  # a second, which most combinations need not wait for

    return find_peaks(np.r_[-np.inf, power, -np.inf])[0] - 1


def _weighted_peaks(freq_hz: np.ndarray, log_power: np.ndarray) -> float:
    if not np.isfinite(log_power).all():
        return np.nan
    at = local_maxima(log_power)
    heights = np.exp(SHARPNESS * (log_power[at] - log_power.max()))
    return float(60 * (heights * freq_hz[at]).sum() / heights.sum())
