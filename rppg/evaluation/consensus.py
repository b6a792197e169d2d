"""The consensus of several methods: their spectra in, one spectrum of the heart rate out.

Members are a `Stack` of spectra (M, n, F), classical methods and nets alike, of n windows or
recordings.  Their weighted product is the evidence for a rate; a peak at twice a rate speaks for
it, a peak at half of it against it, and so does a head that moves at the rate or at half of it.
So does how purely the face's colours change there as blood changes them.

    >>> freq_hz = np.linspace(0.7, 3, 139)
    >>> def peaks(*rates): return sum(np.exp(-((60 * freq_hz - r) / 4) ** 2) for r in rates)
    >>> power = np.stack([peaks(60, 120), peaks(60, 60, 120), peaks(120, 60)])[:, None]
    >>> one = Stack(("a", "b", "c"), ("x",), np.full((3, 1), np.nan), np.full((3, 1), 0.5),
    ...     freq_hz, power)
    >>> rules = Rules({"a": 0.5, "b": 0.5, "c": 0.5}, 0.2, -0.2, 0, 0, purity=0)
    >>> consensus(one, rules).hr_bpm.round()
    array([60.])

`rppg.evaluation.consensus_fit` fits rules to recordings whose rate is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from rppg.evaluation.ensemble import Stack, logarithms, mean_known, unit_area
from rppg.evaluation.metrics import NEAR_BPM

MOVES = 0.002  # amplitude in heights of the face from which motion counts; landmarks jitter by less
USUAL_PURITY = 0.3  # where it is unknown
ODDS = 1e-3, 5.0  # of purity that count; the clips of the fit have no more


@dataclass(frozen=True)
class Rules:
    """How much each kind of evidence counts, per unit of logarithm.

    weights: member to the exponent of its spectrum, 0: it is left out; twice: of the product at
    twice the rate, >= 0; half: at half of it, <= 0; motion and motion_twice: of the head's motion
    at the rate and at half of it, <= 0; purity: of the odds that it stands for, >= 0.
    """

    weights: Mapping[str, float]
    twice: float
    half: float
    motion: float
    motion_twice: float
    purity: float

    @property
    def needed(self) -> tuple[str, ...]:
        """The members that are not left out."""
        return tuple(name for name, weight in self.weights.items() if weight > 0)

    def share(self, weights: np.ndarray) -> float:
        """The share of all weights that these are."""
        return weights.sum() / sum(self.weights.values())

    def of_members(self, members: Sequence[str]) -> np.ndarray:
        """Weights (M,).  Raises ValueError for a member without one."""
        if missing := [name for name in members if name not in self.weights]:
            known = ", ".join(self.weights)
            raise ValueError(f"no weight for {', '.join(missing)} in the consensus of {known}")
        return np.array([self.weights[name] for name in members])


@dataclass(frozen=True, eq=False)
class Consensus:
    """What members agree on, of n windows; NaN where no member has a spectrum."""

    members: Stack
    power: np.ndarray  # (n, F), of unit area: how probable each rate is, before calibration
    hr_bpm: np.ndarray  # (n,), near its highest value
    motion: np.ndarray  # (n, F), logarithmic, 0: none or unknown
    purity: np.ndarray  # (n, F), logarithm of its odds

    @property
    def freq_hz(self) -> np.ndarray:
        """The spectra's frequencies (F,)."""
        return self.members.freq_hz


def consensus(
    one: Stack,
    rules: Rules,
    amplitude: np.ndarray | None = None,
    purity: np.ndarray | None = None,
) -> Consensus:
    """The consensus of members.  amplitude: (n, F), of the head's motion in heights of the face, as
    `motion_amplitude` gives it; purity: (n, F), as `signature_purity` does; None: unknown.

    The spectra may have any scale; members with weight 0 are left out of the result, too.  Raises
    ValueError for a member without a weight, and if none is left.
    """
    weights = rules.of_members(one.models)
    if not (weights > 0).any():
        raise ValueError(f"{', '.join(one.models)}: all have weight 0 in the consensus")
    counts = [m for m, w in zip(one.models, weights, strict=True) if w > 0]
    one = unit_spectra(one.of_models(counts))
    motion, odds = motion_of(one, amplitude), odds_of(one, purity)
    shape = _evidence(logarithms(one), one.freq_hz, weights[weights > 0], rules, motion)
    evidence = shape + rules.share(weights) * rules.purity * odds
    known = np.isfinite(evidence).all(axis=1)
    likely = np.exp(evidence - np.where(known, evidence.max(axis=1), 0)[:, None])
    power = likely / likely.sum(axis=1, keepdims=True)
    peak = _place(one.freq_hz, np.where(known[:, None], power, 0).argmax(axis=1), shape)
    return Consensus(one, power, np.where(known, 60 * one.freq_hz[peak], np.nan), motion, odds)


def _place(freq_hz: np.ndarray, peak: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """The highest peak of shape (n, F) within 5 bpm of the bins peak (n,), or those without one:
    which peak it is, the purity knows better than the members, but of a strong pulse it is as high
    all around.  The flank of a peak further away is none."""
    near = np.abs(freq_hz - freq_hz[peak][:, None]) <= NEAR_BPM / 60
    beyond = np.pad(shape, ((0, 0), (1, 1)), constant_values=-np.inf)
    tops = near & (shape >= beyond[:, :-2]) & (shape >= beyond[:, 2:])
    highest = np.where(tops, shape, -np.inf).argmax(axis=1)
    return np.where(tops.any(axis=1), highest, peak)


def on_grid(freq_hz: np.ndarray, power: np.ndarray, grid_hz: np.ndarray) -> np.ndarray:
    """Spectra (..., F) over freq_hz (F,) at the frequencies grid_hz (G,), of unit area there.

    For members whose spectra are over other frequencies; 0 outside of their own.
    """
    flat = power.reshape(-1, power.shape[-1])
    rows = np.stack([np.interp(grid_hz, freq_hz, row, left=0.0, right=0.0) for row in flat])
    return unit_area(rows).reshape(*power.shape[:-1], len(grid_hz))


def rules_to_dict(rules: Rules) -> dict:
    """Rules as plain numbers, for a JSON file."""
    return asdict(replace(rules, weights=dict(rules.weights)))


def unit_spectra(one: Stack) -> Stack:
    """The members' spectra of unit area."""
    return replace(one, power=unit_area(one.power))


def motion_of(one: Stack, amplitude: np.ndarray | None) -> np.ndarray:
    """Motion (n, F) on a logarithmic scale, 0 below MOVES."""
    if amplitude is None:
        return np.zeros(one.power.shape[1:])
    return np.log1p((np.nan_to_num(amplitude) / MOVES) ** 2)


def odds_of(one: Stack, purity: np.ndarray | None) -> np.ndarray:
    """The logarithm (n, F) of the odds purity / (1 - purity)."""
    purity = np.full(one.power.shape[1:], USUAL_PURITY) if purity is None else purity
    return np.log(np.clip(purity / np.maximum(1 - purity, 1e-12), *ODDS))


def _evidence(
    logs: np.ndarray,
    freq_hz: np.ndarray,
    weights: np.ndarray,
    rules: Rules,
    motion: np.ndarray,
) -> np.ndarray:
    """(n, F): logarithm of how probable each rate is, up to a constant of each window; logs
    (M, n, F) as of `logarithms`, whose weighted mean is the product.  What speaks beside the
    product counts by the share of all weights that these members have.  Without the purity."""
    product = mean_known(logs, np.broadcast_to(weights[:, None, None], logs.shape))
    peaks = np.maximum(product - np.median(product, axis=1, keepdims=True), 0)
    beside = rules.motion * motion + rules.motion_twice * at_times(freq_hz, motion, 0.5)
    beside = beside + rules.twice * at_times(freq_hz, peaks, 2.0)
    beside = beside + rules.half * at_times(freq_hz, peaks, 0.5)
    return weights.sum() * product + rules.share(weights) * beside


def at_times(freq_hz: np.ndarray, values: np.ndarray, times: float) -> np.ndarray:
    """Values (n, F) at so many times each frequency; 0 outside of the axis."""
    wanted = times * freq_hz
    right = np.clip(np.searchsorted(freq_hz, wanted), 1, len(freq_hz) - 1)
    share = (wanted - freq_hz[right - 1]) / (freq_hz[right] - freq_hz[right - 1])
    found = values[:, right - 1] * (1 - share) + values[:, right] * share
    inside = (wanted >= freq_hz[0]) & (wanted <= freq_hz[-1])
    return np.where(inside, found, 0.0)
