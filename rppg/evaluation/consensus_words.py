"""A consensus in words: how sure it is, and why not.

>>> words(Verdict(60.2, 0.97))
'60 bpm, sure (0.97)'
>>> words(Verdict(60.2, 0.75, limits=("only 4 s",)))
'60 bpm, likely (0.75): only 4 s'
>>> words(Verdict(96.0, 0.31, other_bpm=48.0, motion_bpm=96.0))
'not sure (0.31): the methods disagree between 48 and 96 bpm; the head moves at 96'
"""

from dataclasses import dataclass

import numpy as np

from rppg.evaluation.consensus import MOVES, Consensus
from rppg.evaluation.ensemble import Stack
from rppg.evaluation.metrics import NEAR_BPM

SURE, LIKELY = 0.9, 0.6  # from these probabilities on
DISSENT = 1 / 3  # share of the members that have to agree on something else to be named
STRONG = 2 * MOVES  # amplitude of motion that is named


@dataclass(frozen=True)
class Verdict:
    """The answer on one window or recording, with what speaks against it."""

    hr_bpm: float  # NaN: none
    confidence: float  # 0-1: the probability that it is within 5 bpm
    other_bpm: float | None = None  # where the other methods are, if many are elsewhere
    motion_bpm: float | None = None  # rate of the head's motion, if it is at one of these rates
    limits: tuple[str, ...] = ()  # of the recording, as "the face is dark"


def words(one: Verdict) -> str:
    """The verdict as a person would say it."""
    if not np.isfinite(one.hr_bpm):
        return "no answer"
    how_sure = certainty(one.confidence)
    if one.confidence >= SURE:
        return f"{one.hr_bpm:.0f} bpm, {how_sure}"
    if one.confidence >= LIKELY:
        limits = ": " + "; ".join(one.limits) if one.limits else ""
        return f"{one.hr_bpm:.0f} bpm, {how_sure}{limits}"
    reasons = []
    if one.other_bpm is not None:
        low, high = sorted((one.hr_bpm, one.other_bpm))
        reasons.append(f"the methods disagree between {low:.0f} and {high:.0f} bpm")
    else:
        reasons.append(f"{one.hr_bpm:.0f} bpm hardly stands out")
    if one.motion_bpm is not None:
        reasons.append(f"the head moves at {one.motion_bpm:.0f}")
    return f"{how_sure}: " + "; ".join([*reasons, *one.limits])


def motion_note(one: Verdict) -> list[str]:
    """A sentence if the head moves at the rate of an answer whose words do not say so."""
    if one.motion_bpm is None or not one.confidence >= LIKELY:
        return []
    if abs(one.motion_bpm - one.hr_bpm) > NEAR_BPM:
        return []
    return [f"the head moves at {one.motion_bpm:.0f} per minute, too: the rate may be the motion's"]


def certainty(confidence: float) -> str:
    """A confidence with its word.

    >>> certainty(0.97), certainty(0.899), certainty(0.31)
    ('sure (0.97)', 'likely (0.89)', 'not sure (0.31)')
    """
    word = "sure" if confidence >= SURE else "likely" if confidence >= LIKELY else "not sure"
    return f"{word} ({floored(confidence):.2f})"


def floored(confidence: float) -> float:
    """A confidence as it is shown, with two digits: 0.899 is not yet 0.90."""
    return float(np.floor(100 * confidence + 1e-6) / 100)


def verdict(
    found: Consensus, confidence: np.ndarray, at: int = 0, limits: tuple[str, ...] = ()
) -> Verdict:
    """The verdict on window `at` of a consensus with confidences (n,)."""
    hr_bpm = float(found.hr_bpm[at])
    if not np.isfinite(hr_bpm):
        return Verdict(hr_bpm, float("nan"), limits=limits)
    other_bpm = _other_bpm(found.members, hr_bpm, at)
    rates = [hr_bpm] if other_bpm is None else [hr_bpm, other_bpm]
    motion_bpm = _motion_bpm(found, rates, at)
    return Verdict(hr_bpm, float(confidence[at]), other_bpm, motion_bpm, limits)


def _other_bpm(members: Stack, hr_bpm: float, at: int) -> float | None:
    """The rate elsewhere on which most members agree, if a third of them does."""
    own = members.hr_bpm[:, at]
    own = own[np.isfinite(own)]
    away = own[np.abs(own - hr_bpm) > NEAR_BPM]
    if len(away) == 0:
        return None
    together = np.abs(away - away[:, None]) <= NEAR_BPM  # (k, k)
    largest = together.sum(axis=1).argmax()
    if together[largest].sum() < DISSENT * len(own):
        return None
    return float(np.median(away[together[largest]]))


def _motion_bpm(found: Consensus, rates_bpm: list[float], at: int) -> float | None:
    """The rate of the strongest motion, if it is at one of the rates or at half of one."""
    motion = found.motion[at]
    if motion.max() < np.log1p((STRONG / MOVES) ** 2):
        return None
    motion_bpm = float(60 * found.freq_hz[motion.argmax()])
    suspects = [*rates_bpm, *(rate / 2 for rate in rates_bpm)]
    return motion_bpm if min(abs(motion_bpm - r) for r in suspects) <= NEAR_BPM else None
