"""A window's value of a numeric column, which may be measured less often than acceleration.

The mean of the values in the window, however few: a heart rate at 1 Hz next to acceleration at 100
Hz is empty in most rows.  A column that stays empty for much longer than usual does not apply there
(a cadence while sitting), and a window that reaches into such a stretch has no value.

    >>> times_s = np.arange(1000) / 100
    >>> hr_bpm = np.full(1000, np.nan)
    >>> hr_bpm[:600:100] = [70, 71, 72, 73, 74, 75]  # once per second, then the strap is off
    >>> target_means(times_s, hr_bpm, [[0, 256], [256, 512], [512, 768]])
    array([71., 74., nan])
"""

import numpy as np

from rppg.studies.relcon.data.recording import MAX_GAP_S

LONGER = 3  # times the usual distance of a column's values: empty for longer, it does not apply


def target_means(times_s: np.ndarray, values: np.ndarray, edges) -> np.ndarray:
    """Means (n,) of the values in each window, NaN without one or where the column does not apply.

    times_s (T,) increasing; values (T,), NaN for none; edges (n, 2): the first sample of each
    window, and the one after its last.  A column does not apply in between values that are further
    apart than LONGER times their median distance and than MAX_GAP_S, but for that median distance
    after the one and before the other.
    """
    edges, known = np.asarray(edges), ~np.isnan(values)
    if not known.any():
        return np.full(len(edges), np.nan)
    middle = float(np.mean(values[known]))  # subtracted against cancellation
    deviations = np.where(known, values - middle, 0.0)
    sums, n_known = _within(deviations, edges), _within(known, edges)
    n_outside = _within(~_applies(times_s, known), edges)
    means = middle + sums / np.maximum(n_known, 1)
    return np.where((n_known > 0) & (n_outside == 0), means, np.nan)


def _within(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Sums (n,) of values (T,) in windows (n, 2)."""
    start, end = np.append(0, np.cumsum(values))[edges].T
    return end - start


def _applies(times_s: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Mask (T,) of the samples with a value, between values that are not too far apart, or no
    farther from one than values usually are; the recording's ends count as values."""
    place, at_s = np.cumsum(known), times_s[known]
    before_s = np.append(times_s[0], at_s)[place]  # (T,) the last value's time, and the next one's
    after_s = np.append(at_s, times_s[-1])[place]
    usual_s = np.median(np.diff(at_s)) if len(at_s) > 1 else np.inf  # one value has no distance
    near = np.minimum(times_s - before_s, after_s - times_s) <= usual_s
    return known | near | (after_s - before_s <= max(LONGER * usual_s, MAX_GAP_S))
