"""Region voting: test-time ensembling over facial regions.

A disturbance of one region, a highlight on a cheek or moving hair, is in half of a map's rows, and
a net that mixes all rows carries it into its BVP.  Predicted region by region, or pair by pair, the
disturbed views are outvoted: their spectra disagree, those of the others do not.

    >>> combinations = (np.arange(1, 8)[:, None] >> np.arange(2, -1, -1)) & 1 == 1  # of 3 regions
    >>> [view.tolist() for view in region_views(combinations, n_regions=2)]  # rows of a pair
    [[0, 1, 2], [0, 3, 4], [1, 3, 5]]

Averaging the spectra of a map's rows before the peak is usual for region-wise methods (pyVHR's
patches, say); here each view is a forward pass of the net over the rows of its regions alone.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations as subsets

import numpy as np
import torch
from torch import Tensor

from rppg.signals.heart_rate import HeartRate, power_near


def region_views(combinations: np.ndarray, n_regions: int) -> list[Tensor]:
    """Rows (k,) of each set of n_regions regions: those that combine no other region.

    combinations: (N, R) bool, which regions a row combines.  n_regions 0: no view, for the whole
    face only.  Raises ValueError unless 0 <= n_regions <= R.
    """
    most = combinations.shape[1]
    if not 0 <= n_regions <= most:
        raise ValueError(f"views of {n_regions} regions asked for, expected 0 to {most}")
    views = []
    for kept in subsets(range(most), n_regions) if n_regions else ():
        others = [region for region in range(most) if region not in kept]
        views.append(torch.from_numpy(np.flatnonzero(~combinations[:, others].any(axis=1))))
    return views[::-1]


def vote(found: Sequence[HeartRate]) -> HeartRate:
    """The mean of the views' spectra (each of unit area), its peak and quality; clip_hr_bpm holds
    the HR of each view.  An HR that is no peak of one spectrum (long recordings' "track", "mean"):
    the view whose HR is the median stands for all.

    Raises ValueError if there is none, or they are not over the same frequencies.
    """
    axes = {one.freq_hz.tobytes() for one in found}
    if len(axes) != 1:
        raise ValueError(f"{len(found)} views over {len(axes)} frequency axes, expected one axis")
    freq_hz, power = found[0].freq_hz, np.mean([one.power for one in found], axis=0)
    each = np.array([one.hr_bpm for one in found])
    middle = found[np.argsort(each, kind="stable")[(len(each) - 1) // 2]]
    if middle.aggregate != "psd":
        return replace(middle, power=power, clip_hr_bpm=each)
    hr_bpm = float(60 * freq_hz[power.argmax()])
    quality = power_near(freq_hz, power, hr_bpm)
    return replace(
        middle, hr_bpm=hr_bpm, quality=quality, freq_hz=freq_hz, power=power, clip_hr_bpm=each
    )
