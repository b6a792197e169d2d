"""The losses as plain loops over clips and frequencies, written after their equations.

Slow and easy to read: the reference of `benchmarks/st_transformer.py`.  Spectra are lists: power (B
lists of F) over freq_hz (F); BVPs are B lists of T.

    >>> bandwidth([0.5, 1.0, 4.0], [[1.0, 2.0, 1.0]])
    0.5
"""

import math

LOW_HZ, HIGH_HZ, HALF_WIDTH_HZ = 0.66, 3.0, 0.1


def bandwidth(freq_hz: list, power: list) -> float:
    """Eq. 2."""
    total = 0.0
    for row in power:
        outside = sum(p for f, p in zip(freq_hz, row, strict=True) if not LOW_HZ <= f <= HIGH_HZ)
        total += outside / sum(row)
    return total / len(power)


def sparsity(freq_hz: list, power: list) -> float:
    """Eq. 3."""
    total = 0.0
    for row in power:
        band = _band(freq_hz, row)
        peak_hz = max(band, key=lambda pair: pair[1])[0]
        far = sum(p for f, p in band if abs(f - peak_hz) > HALF_WIDTH_HZ)
        total += far / sum(p for _, p in band)
    return total / len(power)


def variance(freq_hz: list, power: list) -> float:
    """Eq. 4."""
    rows = [[p for _, p in _band(freq_hz, row)] for row in power]
    sums, n = [sum(row) for row in rows], len(rows[0])
    measured = uniform = total = 0.0
    for i in range(n):
        measured += sum(row[i] / area for row, area in zip(rows, sums, strict=True)) / len(rows)
        uniform += 1 / n
        total += (measured - uniform) ** 2 / n
    return total


def periodicity(segments: list) -> float:
    """Eq. 5, relative to the spectra's own squares: segments are B lists of S power spectra."""
    total = 0.0
    for spectra in segments:
        shares = [[p / sum_ for p in row] for row in spectra for sum_ in [sum(row)]]
        for one, other in zip(shares, shares[1:], strict=False):
            distance = sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
            total += 2 * distance / (sum(a * a for a in one) + sum(b * b for b in other))
    return total / len(segments)


def rate(freq_hz: list, power: list, hr_bpm: list) -> float:
    """Negative logarithm of the in-band share within 6 bpm of the true HR."""
    total = 0.0
    for row, bpm in zip(power, hr_bpm, strict=True):
        band = _band(freq_hz, row)
        near = sum(p for f, p in band if abs(f - bpm / 60) <= HALF_WIDTH_HZ)
        total -= math.log(near / sum(p for _, p in band))
    return total / len(power)


def negative_pearson(waves: list, truths: list) -> float:
    """1 - Pearson's correlation."""
    total = 0.0
    for x, y in zip(waves, truths, strict=True):
        mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
        product = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
        squares_x, squares_y = sum((a - mean_x) ** 2 for a in x), sum((b - mean_y) ** 2 for b in y)
        total += 1 - product / math.sqrt(squares_x * squares_y)
    return total / len(waves)


def _band(freq_hz: list, row: list) -> list[tuple[float, float]]:
    return [(f, p) for f, p in zip(freq_hz, row, strict=True) if LOW_HZ <= f <= HIGH_HZ]
