"""The log score: sharper spectra are not better, spectra that know the truth are."""

import numpy as np
import pytest
from helpers.ensemble import FREQ_HZ, spectrum

from rppg.evaluation.log_score import SHARPNESS, fit_sharpness, log_scores


def drawn(n: int, seed: int, wrong: float) -> tuple[np.ndarray, np.ndarray]:
    """Spectra (n, F) with a high peak, which is the true one but for a share, and a low one."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(60, 90, n)
    other = truth + 50
    lost = rng.random(n) < wrong
    first, second = np.where(lost, other, truth), np.where(lost, truth, other)
    rows = [spectrum((a, 1.0), (b, 0.5)) for a, b in zip(first, second, strict=True)]
    return np.stack(rows), truth


def score(power: np.ndarray, truth: np.ndarray) -> float:
    half = len(truth) // 2
    sharpness = fit_sharpness(FREQ_HZ, power[:half], truth[:half])
    return log_scores(FREQ_HZ, power[half:], truth[half:], sharpness).mean()


def test_one_recording_against_the_definition():
    power, truth = spectrum((70.0, 1.0))[None], np.array([70.0])
    near = np.abs(60 * FREQ_HZ - 70) <= 5
    inside = power[0, near].sum() / power[0].sum()
    expected = np.log(0.95 * inside + 0.05 * near.mean() + 0.05 / len(FREQ_HZ))
    assert log_scores(FREQ_HZ, power, truth, 1.0)[0] == pytest.approx(expected)


def test_the_scale_and_the_sharpness_of_spectra_do_not_count():
    power, truth = drawn(200, seed=1, wrong=0.1)
    assert score(7 * power, truth) == pytest.approx(score(power, truth))
    assert score(power**2, truth) == pytest.approx(score(power, truth), abs=0.05)


def test_spectra_that_are_right_more_often_score_higher_and_are_sharpened_more():
    good, truth = drawn(200, seed=1, wrong=0.02)
    bad, other = drawn(200, seed=1, wrong=0.4)
    assert score(good, truth) > score(bad, other) + 0.2
    assert fit_sharpness(FREQ_HZ, good, truth) > fit_sharpness(FREQ_HZ, bad, other)


def test_what_has_no_spectrum_or_a_rate_off_the_axis_costs_as_much_as_any_rate():
    flat = np.ones((1, len(FREQ_HZ)))
    lost = np.full((1, len(FREQ_HZ)), np.nan)
    truth = np.array([70.0])
    for sharpness in SHARPNESS:
        assert log_scores(FREQ_HZ, lost, truth, sharpness) == pytest.approx(
            log_scores(FREQ_HZ, flat, truth, sharpness)
        )
    assert np.isfinite(log_scores(FREQ_HZ, flat, np.array([230.0]), 1.0)).all()
