"""Rules of a consensus, fitted to recordings whose heart rate is known.

    rules = fit_rules(one, true_bpm, amplitude, purity)   # for rppg.evaluation.consensus.consensus

A model of the choice of a frequency (McFadden's conditional logit): the probabilities are the
softmax of the evidence, and the rules are those under which the true rates are most probable.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from rppg.evaluation import consensus as rule
from rppg.evaluation.consensus import Rules
from rppg.evaluation.ensemble import Stack, logarithms
from rppg.evaluation.metrics import NEAR_BPM

LIMITS = {"twice": (0.0, 2.0), "half": (-2.0, 0.0), "motion": (-2.0, 0.0)}
LIMITS |= {"motion_twice": LIMITS["motion"], "purity": (0.0, 3.0)}
LARGEST_WEIGHT, SMALLEST_WEIGHT = 3.0, 1e-6
LEAST_WEIGHT = 0.1  # a member with less is left out: it is not worth its time
PENALTY = 0.01  # on the squares of what is fitted: few recordings move it little
LAPSES = 0.1  # share of recordings that may have any rate: hopeless ones teach no weight


def fit_rules(
    one: Stack,
    true_bpm: np.ndarray,
    amplitude: np.ndarray | None = None,
    purity: np.ndarray | None = None,
    least: Mapping[str, float] | None = None,
) -> Rules:
    """Rules under which the true rates (n,) are most probable, within 5 bpm, but for LAPSES.
    amplitude and purity (n, F) as of `consensus`; least: the smallest weight that is worth its
    time, of some members; of the others, LEAST_WEIGHT.

    Windows without any spectrum, or whose rate is outside of the axis, are left out.  Members whose
    weight comes out below that get 0, and the others are fitted again.  Raises ValueError if no
    window is left.
    """
    from scipy.optimize import minimize  # a third of a second, which an answer need not wait for

    near = np.abs(60 * one.freq_hz - np.asarray(true_bpm)[:, None]) <= NEAR_BPM  # (n, F)
    if not (known := usable(one, true_bpm)).any():
        raise ValueError("no window with a spectrum and a true rate to fit a consensus to")
    beside = [rule.motion_of(one, amplitude)[known], rule.odds_of(one, purity)[known]]
    one, worth = rule.unit_spectra(one.of_recordings(known)), list(one.models)
    while True:
        choice = _Choice(one.of_models(worth), near[known], *beside)
        start = np.r_[np.full(len(worth), 2 / len(worth)), np.zeros(len(LIMITS))]
        bounds = [(SMALLEST_WEIGHT, LARGEST_WEIGHT)] * len(worth) + list(LIMITS.values())
        found = minimize(choice.loss, start, jac=True, bounds=bounds, method="L-BFGS-B")
        rules = choice.rules_of(found.x)
        kept = [m for m, w in rules.weights.items() if w >= (least or {}).get(m, LEAST_WEIGHT)]
        if not kept or kept == worth:
            return replace(rules, weights=dict.fromkeys(one.models, 0.0) | dict(rules.weights))
        worth = kept


def usable(one: Stack, true_bpm: np.ndarray) -> np.ndarray:
    """Which windows (n,) can be fitted to: a member has a spectrum, and the rate is on its axis."""
    away = np.abs(60 * one.freq_hz - np.asarray(true_bpm)[:, None]).min(axis=1)
    return np.isfinite(one.power).all(axis=2).any(axis=0) & (away <= NEAR_BPM)


@dataclass(eq=False)
class _Choice:
    """Members' spectra (M, n, F) of unit area, what is near the truth (n, F), and what speaks
    beside the members (n, F)."""

    one: Stack
    near: np.ndarray
    motion: np.ndarray
    odds: np.ndarray

    def __post_init__(self) -> None:
        logs = logarithms(self.one)
        self.known = np.isfinite(logs).all(axis=2)[..., None]  # (M, n, 1)
        self.logs = np.where(self.known, logs, 0.0)
        steps = np.eye(len(self.one.freq_hz))
        self.twice = rule.at_times(self.one.freq_hz, steps, 2.0)  # (F, F): values @ twice
        self.half = rule.at_times(self.one.freq_hz, steps, 0.5)
        self.nod = self.motion @ self.half

    def rules_of(self, values: np.ndarray) -> Rules:
        """Rules of the values (M + 5,): weights, then the others in order."""
        n_members = len(self.one.models)
        weights = dict(zip(self.one.models, values[:n_members].tolist(), strict=True))
        others = [field.name for field in fields(Rules)][1:]
        return Rules(weights, **dict(zip(others, values[n_members:].tolist(), strict=True)))

    def loss(self, values: np.ndarray) -> tuple[float, np.ndarray]:
        """What is minimised, and its gradient (M + 5,)."""
        weights, beside = np.split(values, [len(self.one.models)])
        total = np.tensordot(weights, self.known, 1)  # (n, 1), of the members that a window has
        product = np.tensordot(weights, self.logs, 1) / total  # (n, F)
        peaks, middle = _above_median(product)
        terms = [peaks @ self.twice, peaks @ self.half, self.motion, self.nod, self.odds]
        evidence = weights.sum() * product + np.tensordot(beside, terms, 1)
        likely = np.exp(evidence - evidence.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        inside = likely * self.near
        share = inside.sum(axis=1, keepdims=True)
        mixed = (1 - LAPSES) * share + LAPSES * self.near.mean(axis=1, keepdims=True)
        slope = -(1 - LAPSES) / mixed * (inside - likely * share) / len(likely)  # of the evidence
        of_peaks = slope @ (beside[0] * self.twice + beside[1] * self.half).T * (peaks > 0)
        of_product = weights.sum() * slope + of_peaks - of_peaks.sum(axis=1, keepdims=True) * middle
        each = np.einsum("nf,mnf->m", of_product / total, self.logs)
        each -= np.tensordot(self.known[..., 0], (of_product * product / total).sum(axis=1), 1)
        of_weights = each + (slope * product).sum()
        gradient = np.r_[of_weights, [(slope * term).sum() for term in terms]]
        loss = -np.log(mixed).mean() + PENALTY * (values**2).sum()
        return float(loss), gradient + 2 * PENALTY * values


def _above_median(product: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far a product (n, F) is above its median, at least 0; and the share (n, F) that each
    value has in the median."""
    n_freq = product.shape[1]
    middle = np.zeros_like(product)
    ranked = product.argsort(axis=1)[:, (n_freq - 1) // 2 : n_freq // 2 + 1]  # one, or two
    np.put_along_axis(middle, ranked, 1 / ranked.shape[1], axis=1)
    return np.maximum(product - (product * middle).sum(axis=1, keepdims=True), 0), middle
