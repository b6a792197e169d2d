"""The consensus of several methods' waves of one video, with its confidence in words.

    fitted = fitted_for(["st_transformer"])            # of the classical methods and this net
    wave, rate, fields = agree(predict, traces, fitted)
    fields["confidence"], fields["words"]              # 0.97, "60 bpm, sure (0.97)"
    fields["per_second"]                               # start_s, hr_bpm, confidence of windows

Members are what `fitted` has weights above 0 for.  A net that has no wave is left out, and the
consensus of the others, which is fitted too, takes its place; so is a classical method, as long as
another has one.  Up to a minute, the answer is the peak of the consensus of the members' spectra of
the whole recording; of longer ones the mean of the rate over time, tracked through the windows'
consensus.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rppg.evaluation.confidence import confidence, features
from rppg.evaluation.consensus import Consensus, consensus, on_grid
from rppg.evaluation.consensus_file import Fitted, consensus_for
from rppg.evaluation.consensus_words import Verdict, verdict, words
from rppg.evaluation.ensemble import Stack
from rppg.evaluation.metrics import NEAR_BPM
from rppg.inference.evidence import evidence_of, regions_of
from rppg.inference.limits import facts, limits_of
from rppg.inference.per_second import WINDOW_S, whole_as_second
from rppg.inference.trained import box_models
from rppg.signals.heart_rate import TRACKED_FROM_S, HeartRate, heart_rate, power_near
from rppg.signals.multi_region import CLASSICAL
from rppg.signals.tracking import track_peak

STEP_S = 1.0
WHOLE = slice(None)  # all frames of a video
Waves = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Judged:
    """The consensus on n windows, the confidence (n,) in it, and the features (n, K) of that."""

    found: Consensus
    confidence: np.ndarray
    features: np.ndarray


def fitted_for(nets: Sequence[str]) -> Fitted:
    """The packaged consensus of the classical methods and these nets.  Raises ValueError for a net
    without a weight."""
    return consensus_for([*CLASSICAL, *nets])


def nets_needed(fitted: Fitted) -> list[str]:
    """The trained nets among the members that are asked."""
    return [name for name in fitted.rules.needed if name not in CLASSICAL]


def box_consensus() -> tuple[Fitted, dict]:
    """The packaged consensus with the models in the box, and those of them that it asks, as
    `box_models` gives them.  Imports torch."""
    nets = box_models()
    fitted = fitted_for(list(nets))
    return fitted, {name: nets[name] for name in nets_needed(fitted)}


def without_lost(fitted: Fitted, known: Collection[str]) -> Fitted:
    """The same, or the consensus without the nets that count in it and are not known."""
    lost = set(nets_needed(fitted)) - set(known)
    if not lost:
        return fitted
    return fitted_for([name for name in fitted.rules.weights if name not in {*CLASSICAL, *lost}])


def agree(
    predict: Mapping[str, Callable[[], np.ndarray]], traces, fitted: Fitted
) -> tuple[np.ndarray, HeartRate, dict]:
    """The consensus on a video: the wave (T,) of the member that fits it best, its heart rate, and
    confidence, words, verdict and per_second (as `over_time`).

    predict: member to a function that gives its wave (T,); those without a weight in `fitted` are
    not asked.  Raises ValueError, with the reason of the first, if no member has a heart rate.
    """
    waves, rates, fitted, lost = _asked(predict, traces.fps, fitted)
    regions = regions_of(traces)
    whole = judge([rates], [WHOLE], traces, regions, fitted)
    said = verdict(whole.found, whole.confidence, limits=(*limits_of(traces), *lost))
    seconds = over_time(waves, traces, regions, fitted)
    if len(traces.times_s) / traces.fps >= TRACKED_FROM_S and len(seconds["hr_bpm"]):
        means = {key: float(seconds[key].mean()) for key in ("hr_bpm", "confidence")}
        said = replace(said, **means)
    if not len(seconds["hr_bpm"]):
        seconds = whole_as_second(said.hr_bpm, said.confidence)
    best, rate = _as_heart_rate(rates, whole.found, said)
    fields = {"confidence": said.confidence, "verdict": said, "words": words(said)}
    return waves[best], rate, fields | {"per_second": seconds}


def answer_on(
    predict: Mapping[str, Callable[[], np.ndarray]], traces, fitted: Fitted
) -> tuple[np.ndarray, HeartRate, Verdict]:
    """As `agree`, of one window as a whole: the wave (T,), its heart rate, and the verdict."""
    waves, rates, fitted, lost = _asked(predict, traces.fps, fitted)
    whole = judge([rates], [WHOLE], traces, regions_of(traces), fitted)
    said = verdict(whole.found, whole.confidence, limits=(*limits_of(traces), *lost))
    best, rate = _as_heart_rate(rates, whole.found, said)
    return waves[best], rate, said


def _asked(
    predict: Mapping[str, Callable[[], np.ndarray]], fps: float, fitted: Fitted
) -> tuple[dict[str, np.ndarray], dict[str, HeartRate], Fitted, list[str]]:
    """Waves and heart rates of the members that have one, and what they were fitted to: `fitted`,
    or the consensus without the nets that have none; and whom it does without, in words.
    ValueError if no member has a rate."""
    waves, rates, reasons, wanted = {}, {}, {}, fitted.rules.needed
    while True:
        asked = fitted.rules.needed
        for name in (n for n in asked if n in predict and n not in waves and n not in reasons):
            try:
                waves[name] = predict[name]()
                rates[name] = heart_rate(waves[name], fps)
            except ValueError as error:  # of this member: the others may have a rate
                reasons[name] = str(error)
        others = without_lost(fitted, rates)
        if others is fitted:
            break
        fitted = others
    if not (rates := {name: rates[name] for name in asked if name in rates}):
        found = f"expected one of {', '.join(asked)}, found {list(predict)}"
        raise ValueError(next(iter(reasons.values()), found))
    lost = [f"without {name}" for name in wanted if name not in rates]
    return {name: waves[name] for name in rates}, rates, fitted, lost


def over_time(
    waves: Waves, traces, regions: np.ndarray | None, fitted: Fitted
) -> dict[str, np.ndarray]:
    """start_s, hr_bpm and confidence (n,) of windows of 10 s every second of waves (T,), without
    those in which no member has a rate.  The rate is tracked through them; where a window by itself
    says another one, the confidence is the probability that the window is wrong."""
    windows, parts, starts_s = [], [], []
    n, step = round(WINDOW_S * traces.fps), round(STEP_S * traces.fps)
    for start in range(0, len(traces.times_s) - n + 1, step):
        part = slice(start, start + n)
        rates = rates_of({name: wave[part] for name, wave in waves.items()}, traces.fps)
        if rates:
            windows.append(rates)
            parts.append(part)
            starts_s.append(traces.times_s[start])
    if not windows:
        return {"start_s": np.empty(0), "hr_bpm": np.empty(0), "confidence": np.empty(0)}
    each, starts_s = judge(windows, parts, traces, regions, fitted), np.array(starts_s)
    track_bpm = track_peak(each.found.freq_hz, each.found.power, starts_s)
    elsewhere = np.abs(track_bpm - each.found.hr_bpm) > NEAR_BPM  # both cannot be right
    of_track = np.where(elsewhere, 1 - each.confidence, each.confidence)
    return {"start_s": starts_s, "hr_bpm": track_bpm, "confidence": of_track}


def rates_of(waves: Waves, fps: float) -> dict[str, HeartRate]:
    """The heart rate of each wave (T,) that has one."""
    found = {}
    for name, wave in waves.items():
        try:
            found[name] = heart_rate(wave, fps)
        except ValueError:  # too short or flat here: the others answer
            continue
    return found


def judge(
    windows: Sequence[Mapping[str, HeartRate]],
    parts: Sequence[slice],
    traces,
    regions: np.ndarray | None,
    fitted: Fitted,
) -> Judged:
    """The consensus on n windows of a video, each its members' heart rates and the part of the
    frames that it is; brightness, size of the face and frame rate are those of the video.
    regions: `regions_of` its traces."""
    one = members(windows)
    beside = evidence_of(traces, regions, parts, one.freq_hz)
    found = consensus(one, fitted.rules, beside.amplitude, beside.purity)
    rows = features(found, *facts(traces), beside.coherence)
    return Judged(found, confidence(rows, fitted.calibration), rows)


def members(windows: Sequence[Mapping[str, HeartRate]]) -> Stack:
    """The members' spectra of n windows, of unit area over one axis; NaN where one has none."""
    names = list(dict.fromkeys(name for rates in windows for name in rates))
    freq_hz = next(rate.freq_hz for rates in windows for rate in rates.values())
    shape = (len(names), len(windows))
    hr_bpm, quality = np.full(shape, np.nan), np.full(shape, np.nan)
    power = np.full((*shape, len(freq_hz)), np.nan)
    for n, rates in enumerate(windows):
        for name, rate in rates.items():
            at = names.index(name), n
            hr_bpm[at], quality[at] = rate.hr_bpm, rate.quality
            power[at] = on_grid(rate.freq_hz, rate.power, freq_hz)
    ids = tuple(map(str, range(len(windows))))
    return Stack(tuple(names), ids, hr_bpm, quality, freq_hz, power)


def _as_heart_rate(
    rates: Mapping[str, HeartRate], found: Consensus, said: Verdict
) -> tuple[str, HeartRate]:
    """The member with the largest share of power near the answer, and the answer as a HeartRate;
    its quality is that share."""
    share = {n: power_near(rate.freq_hz, rate.power, said.hr_bpm) for n, rate in rates.items()}
    best = max(share, key=share.get)
    answer = {"hr_bpm": said.hr_bpm, "quality": share[best], "note": words(said)}
    answer |= {"freq_hz": found.freq_hz, "power": found.power[0]}
    return best, replace(rates[best], **answer)
