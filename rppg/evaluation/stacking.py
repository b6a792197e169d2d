"""Combinations of models that learn from labelled recordings which model, or which peak, to trust.

    hr_bpm = trusted(one, learned, true_bpm)   # members weighted by how often they are right
    hr_bpm = stacked(one, learned, true_bpm)   # peaks ranked by a logistic regression
    power, own = agreed(one, learned, true_bpm)  # spectra of a consensus, fitted to them

All take the stack of the recordings to predict, and the stack and truth of recordings that no
member was trained on, as the combinations of `rppg.evaluation.ensemble` do.  On a dozen recordings
there is little to learn; they are meant for predictions out of folds.
"""

import numpy as np

from rppg.evaluation.consensus import Rules, consensus, motion_of
from rppg.evaluation.consensus_fit import LEAST_WEIGHT, fit_rules, usable
from rppg.evaluation.ensemble import (
    EPSILON,
    Stack,
    local_maxima,
    log_product,
    mean_known,
    peak_of,
)
from rppg.evaluation.metrics import NEAR_BPM

N_PEAKS = 6  # of a recording's product of spectra, that are ranked
PENALTY = 1.0  # scikit-learn's C of the regression


def trusted(one: Stack, learned: Stack, true_bpm: np.ndarray, mean_bpm=None) -> np.ndarray:
    """The peak of the spectra's weighted geometric mean.  A member's weight is the logarithm of its
    odds to be within 5 bpm on the recordings on which members disagree, with one right and one
    wrong answer added; next to zero if it is wrong more often than right.  All weigh alike where
    members never disagree or none is right more often than not."""
    apart = np.nanmax(_filled(learned.hr_bpm), axis=0) - np.nanmin(_filled(learned.hr_bpm), axis=0)
    right = np.abs(learned.hr_bpm - true_bpm) <= NEAR_BPM  # (M, n); NaN is not right
    right = right[:, apart > NEAR_BPM]
    n_right, n = right.sum(axis=1), right.shape[1]
    weights = np.clip(np.log((n_right + 1) / (n - n_right + 1)), 0, None)  # (M,)
    weights = weights + 1e-9 if weights.any() else np.ones(len(weights))  # one may be alone
    return peak_of(one.freq_hz, np.exp(log_product(one, weights)))


def stacked(one: Stack, learned: Stack, true_bpm: np.ndarray, mean_bpm=None) -> np.ndarray:
    """The peak of the spectra's geometric mean that is most probably right, by a logistic
    regression on `peak_features`, fitted to the peaks of the learned recordings.  The highest peak
    where these hold nothing to learn."""
    from sklearn.linear_model import LogisticRegression  # a second, for one combination
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features, of, rates = peak_features(learned)
    right = np.abs(rates - true_bpm[of]) <= NEAR_BPM
    if len(set(right)) < 2:
        return peak_of(one.freq_hz, np.exp(log_product(one)))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=1000))
    model.fit(features, right)
    features, of, rates = peak_features(one)
    found, score = np.full(len(one.ids), np.nan), np.full(len(one.ids), -np.inf)
    for at, rate, value in zip(of, rates, model.decision_function(features), strict=True):
        if value > score[at]:
            found[at], score[at] = rate, value
    return found


def peak_features(one: Stack) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features (P, 9 + M) of the highest peaks of each recording's product of spectra, the
    recording (P,) that each is of, and its rate (P,) in bpm.

    Of a peak: the product's logarithm there, at half and at twice its rate, each relative to the
    highest; its rank; the share of members whose rate is within 5 bpm; the mean quality; the rate's
    distance from 80 bpm; the head's motion there and at half of it, logarithmic, 0 if unknown; and
    each member's logarithm there, relative to its own highest.
    """
    rows, of, rates, motion = [], [], [], motion_of(one, one.motion)
    for at, log_power in enumerate(log_product(one)):
        if not np.isfinite(log_power).all():
            continue
        for rank, peak in enumerate(_peaks(log_power)):
            rows.append(_features(one, at, log_power, motion[at], peak, rank))
            of.append(at)
            rates.append(60 * one.freq_hz[peak])
    shape = (len(rows), 9 + len(one.models))
    return np.array(rows).reshape(shape), np.array(of, dtype=int), np.array(rates)


def _features(one: Stack, at: int, log_power, motion, peak: int, rank: int) -> list[float]:
    relative = log_power - log_power.max()
    rate_bpm = 60 * one.freq_hz[peak]
    others = np.interp([0.5, 2.0], one.freq_hz / one.freq_hz[peak], relative)  # the edges beyond
    own = np.log(one.power[:, at] + EPSILON)  # (M, F)
    own = np.nan_to_num(own[:, peak] - own.max(axis=1), nan=relative[peak])
    agree = np.nanmean(np.abs(one.hr_bpm[:, at] - rate_bpm) <= NEAR_BPM)
    quality = mean_known(one.quality[:, at : at + 1])[0]
    moves = np.interp([1.0, 0.5], one.freq_hz / one.freq_hz[peak], motion)
    return [relative[peak], *others, rank, agree, quality, abs(rate_bpm - 80) / 40, *moves, *own]


def _peaks(log_power: np.ndarray) -> np.ndarray:
    """Bins of the highest local maxima, highest first."""
    at = local_maxima(log_power)
    return at[np.argsort(-log_power[at], kind="stable")][:N_PEAKS]


def _filled(hr_bpm: np.ndarray) -> np.ndarray:
    """Rates (M, n), zero where no model has one, so that nothing disagrees there."""
    return np.where(np.isfinite(hr_bpm).any(axis=0), hr_bpm, 0.0)


def agreed(one: Stack, learned: Stack, true_bpm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How well each rate is supported, of the recordings to predict (n, F) and of the learned ones
    (m, F): the consensus (`rppg.evaluation.consensus`) of the members and of the head's motion,
    with the weights under which the true rates of the learned recordings are most probable.

    The support has the scale and the sum of the spectra's product, a mean of logarithms.  The
    product itself answers where the learned recordings hold nothing to learn, or where only members
    without weight have a spectrum.
    """
    rules = None
    if usable(learned, true_bpm).any():
        rules = fit_rules(learned, true_bpm, learned.motion)
    return _support(one, rules), _support(learned, rules)


def _support(one: Stack, rules: Rules | None) -> np.ndarray:
    """The consensus' spectra (n, F), or the product."""
    product = np.exp(log_product(one))
    if rules is None or max(rules.weights.values()) < LEAST_WEIGHT:
        return product
    likely = consensus(one, rules, one.motion).power
    power = likely ** (1 / sum(rules.weights.values()))
    power *= product.sum(axis=1, keepdims=True) / power.sum(axis=1, keepdims=True)
    return np.where(np.isfinite(power), power, product)


def by_consensus(one: Stack, learned: Stack, true_bpm: np.ndarray, mean_bpm=None) -> np.ndarray:
    """The rates that `agreed` supports most."""
    return peak_of(one.freq_hz, agreed(one, learned, true_bpm)[0])


CONSENSUS = "consensus"  # a combination that has spectra, too
STACKED = {"trusted PSDs": trusted, "stacked peaks": stacked, CONSENSUS: by_consensus}
