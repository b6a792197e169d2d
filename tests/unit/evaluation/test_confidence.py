"""Confidence: high for members that agree, low for noise, and only ever for the right reasons."""

import numpy as np
import pytest
from helpers.ensemble import FREQ_HZ, stack_of

from rppg.evaluation.confidence import (
    COHERENT,
    FEATURES,
    Calibration,
    confidence,
    features,
    fit_calibration,
)
from rppg.evaluation.consensus import Rules, consensus
from rppg.evaluation.consensus_file import load_consensus
from rppg.evaluation.ensemble import Stack
from rppg.signals.multi_region import CLASSICAL

RULES = Rules({name: 0.5 for name in "abc"}, 0.0, 0.0, 0.0, 0.0, 0.0)


def of(name: str, rows: np.ndarray) -> np.ndarray:
    return rows[:, list(FEATURES).index(name)]


def noise_stack(n: int) -> Stack:
    """Spectra of white noise for every classical method: chi-squared bins, as wide as of 10 s."""
    rng = np.random.default_rng(3)
    bins = rng.exponential(size=(len(CLASSICAL), n, len(FREQ_HZ) + 20))
    power = np.stack([[np.convolve(row, np.hanning(21), "valid") for row in m] for m in bins])
    power /= power.sum(axis=2, keepdims=True)
    hr_bpm = 60 * FREQ_HZ[power.argmax(axis=2)]
    ids = tuple(map(str, range(n)))
    return Stack(tuple(CLASSICAL), ids, hr_bpm, np.full(hr_bpm.shape, 0.2), FREQ_HZ, power)


def test_features_of_members_that_agree_and_that_do_not():
    one = stack_of({"a": [70.0, 70.0], "b": [70.0, 110.0], "c": [71.0, 150.0]})
    rows = features(consensus(one, RULES))
    assert rows.shape == (2, len(FEATURES))
    assert of("agreement", rows) == pytest.approx([1, 1 / 3])
    for name in ("mass", "margin", "quality"):
        assert of(name, rows)[0] > of(name, rows)[1]


def test_features_of_a_dark_small_slow_video_that_moves():
    one = stack_of({name: [70.0] for name in "abc"})
    amplitude = 0.02 * np.exp(-(((60 * FREQ_HZ - 70) / 4.0) ** 2))[None]
    still = features(consensus(one, RULES))
    moving = features(consensus(one, RULES, amplitude), brightness=15.0, face_px=50.0, fps=15.0)
    assert of("motion", still) == 0 and of("motion", moving) > 3
    assert [of(name, still)[0] for name in ("dark", "small", "slow")] == [0, 0, 0]
    assert [of(name, moving)[0] for name in ("dark", "small", "slow")] == [0.75, 1, 1]


def test_the_purity_at_the_answer_is_a_feature():
    one = stack_of({name: [70.0, 110.0] for name in "abc"})
    purity = np.tile(0.01 + 0.8 * np.exp(-(((60 * FREQ_HZ - 70) / 4.0) ** 2)), (2, 1))
    pure, other = of("purity", features(consensus(one, RULES, purity=purity)))
    assert pure == pytest.approx(np.log(0.81 / 0.19), abs=0.05) and other < -4
    usual = of("purity", features(consensus(one, RULES)))
    assert usual == pytest.approx([np.log(0.3 / 0.7)] * 2)


def test_the_coherence_of_regions_at_the_answer_is_a_feature():
    one = stack_of({name: [70.0, 110.0] for name in "abc"})
    coherence = np.tile(0.9 * np.exp(-(((60 * FREQ_HZ - 70) / 4.0) ** 2)), (2, 1))
    rows = features(consensus(one, RULES), coherence=coherence)
    assert of("coherence", rows) == pytest.approx([0.9, 0], abs=0.01)
    assert of("coherence", features(consensus(one, RULES))) == pytest.approx([COHERENT] * 2)


def test_no_consensus_has_no_confidence():
    one = stack_of({name: [70.0, None] for name in "abc"})
    found = confidence(features(consensus(one, RULES)), Calibration({"mass": 1.0}, 0.0))
    assert np.isfinite(found).tolist() == [True, False]


def test_the_fit_gives_probabilities_and_drops_what_has_the_wrong_sign():
    rng = np.random.default_rng(0)
    rows = np.zeros((2000, len(FEATURES)))
    rows[:, 0] = rng.uniform(0, 1, 2000)
    right = rng.uniform(size=2000) < 1 / (1 + np.exp(-(6 * rows[:, 0] - 3)))
    rows[:, 4] = right + rng.normal(0, 1, 2000)  # motion that speaks for an answer: chance
    found = fit_calibration(rows, right)
    assert set(found.coefficients) == {"mass"}
    assert found.coefficients["mass"] == pytest.approx(6, abs=1)
    assert found.intercept == pytest.approx(-3, abs=0.6)
    assert confidence(rows, found).mean() == pytest.approx(right.mean(), abs=0.01)


def test_answers_that_are_all_right_tell_nothing_apart():
    with pytest.raises(ValueError, match="3 of 3 answers are right"):
        fit_calibration(np.zeros((3, len(FEATURES))), np.ones(3, bool))


def test_the_packaged_consensus_is_unsure_of_noise_and_sure_of_a_pulse():
    fitted = load_consensus()["classical"]
    found = consensus(noise_stack(50), fitted.rules)
    alone, alike = (np.full((n, len(FREQ_HZ)), c) for n, c in ((50, 0.3), (2, 0.95)))
    unsure = confidence(features(found, coherence=alone), fitted.calibration)
    assert np.median(unsure) < 0.3
    pulse = consensus(stack_of({name: [70.0, 130.0] for name in CLASSICAL}), fitted.rules)
    assert (confidence(features(pulse, coherence=alike), fitted.calibration) > 0.85).all()
