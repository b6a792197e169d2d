"""Heart rate over time and its changes: chirps of known slope, gaps, flat and short signals."""

import numpy as np
import pytest

from rppg.studies.gideon2021.hr_change import changes_over, rate_over_time

FPS = 30.0


def chirp(start_bpm=72.0, slope_bpm_s=0.0, seconds=30.0, fps=FPS):
    """A sine whose rate grows by slope_bpm_s."""
    times_s = np.arange(round(seconds * fps)) / fps
    beats = (start_bpm * times_s + slope_bpm_s * times_s**2 / 2) / 60
    return np.sin(2 * np.pi * beats)


@pytest.mark.parametrize("fps", [30.0, 25.0, 29.97])
def test_rates_follow_a_rate_that_grows(fps):
    starts_s, hr_bpm = rate_over_time(chirp(60, 0.8, fps=fps), fps, window_s=5.0, step_s=1.0)
    np.testing.assert_allclose(starts_s, np.arange(26), atol=1 / fps)
    np.testing.assert_allclose(hr_bpm, 60 + 0.8 * (starts_s + 2.5), atol=1.0)


def test_a_beat_with_harmonics_on_a_wandering_line_is_read_at_its_rate():
    times_s = np.arange(900) / FPS
    wave = sum(h * np.sin(2 * np.pi * k * 0.9 * times_s) for k, h in ((1, 1.0), (2, 0.6), (3, 0.3)))
    _, hr_bpm = rate_over_time(wave + 2 * np.sin(2 * np.pi * 0.1 * times_s) + 50, FPS)
    np.testing.assert_allclose(hr_bpm, 54.0, atol=2.0)


def test_windows_with_a_gap_or_a_flat_wave_have_no_rate_and_the_others_keep_theirs():
    wave = chirp()
    wave[300:303] = np.nan  # 10.0-10.1 s
    wave[600:780] = 0.25  # 20-26 s
    starts_s, hr_bpm = rate_over_time(wave, FPS, window_s=5.0, step_s=1.0)
    gap, flat = (starts_s > 5.0) & (starts_s < 10.1), (starts_s >= 20) & (starts_s <= 21)
    np.testing.assert_array_equal(np.isnan(hr_bpm), gap | flat)
    far = (starts_s < 15) & ~gap  # windows with the flat part in them have less of the wave
    np.testing.assert_allclose(hr_bpm[far], 72, atol=1.0)
    assert np.isnan(rate_over_time(np.full(300, np.nan), FPS)[1]).all()


def test_changes_are_sizes_of_all_pairs_that_far_apart():
    assert changes_over([60, 62, 61, 67], 1).tolist() == [2, 1, 6]
    assert changes_over([60, 62, 61, 67], 3).tolist() == [7]
    assert changes_over([60, np.nan, 61, 67], 1).tolist() == [6]
    assert changes_over([60, 62], 2).size == changes_over([60, 62], 9).size == 0
    _, hr_bpm = rate_over_time(chirp(80, -0.5, seconds=60.0), FPS)
    for n_steps in (1, 5, 15):
        assert np.median(changes_over(hr_bpm, n_steps)) == pytest.approx(0.5 * n_steps, abs=0.4)


def test_what_cannot_be_read_is_an_error():
    with pytest.raises(ValueError, match="a wave of 4.0 s holds no window of 5 s"):
        rate_over_time(chirp(seconds=4.0), FPS)
    with pytest.raises(ValueError, match=r"\(900, 1\)"):
        rate_over_time(chirp()[:, None], FPS)
    with pytest.raises(ValueError, match="step_s 0"):
        rate_over_time(chirp(), FPS, step_s=0)
    with pytest.raises(ValueError, match="steps above 0"):
        changes_over([60, 70], 0)
