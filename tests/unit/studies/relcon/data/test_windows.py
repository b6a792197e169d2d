"""IMU recordings and their windows: 100 Hz, complete, with their labels."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rppg.studies.relcon.data.recording import MotionRecording
from rppg.studies.relcon.data.windows import RATE_HZ, WINDOW, cut_windows, resampled


def recording(times_s, xyz_g=None, activities=None, **targets):
    n = len(times_s)
    xyz_g = np.tile([0.0, 0.0, 1.0], (n, 1)) if xyz_g is None else xyz_g
    activities = [""] * n if activities is None else activities
    return MotionRecording("demo", "ann", "s1", times_s, xyz_g, activities, targets)


def waves(times_s, hz=1.5):
    """Three axes of a wave: (T,) -> (T, 3)."""
    return np.sin(2 * np.pi * hz * times_s[:, None] + np.arange(3))


WRONG = [
    ({"subject": "a/b"}, "subject is 'a/b'"),
    ({"session": " "}, "session is ' '"),
    ({"origin": "drawn"}, "origin is 'drawn'"),
    ({"times_s": [0.0, 0.02, 0.02]}, r"0\.02 s is followed by 0\.02 s \(sample 2\)"),
    ({"times_s": [0.0, np.nan, 0.02]}, "times_s has NaN"),
    ({"times_s": []}, "T of 1 or more"),
    ({"xyz_g": np.zeros((3, 2))}, r"shape \(3, 2\), expected \(3, 3\)"),
    ({"xyz_g": np.full((3, 3), np.inf)}, "infinite"),
    ({"activities": ["", ""]}, r"\(2,\), expected \(3,\)"),
    ({"activities": ["", None, 3.0]}, "type NoneType, float"),
    ({"targets": {"cadence_spm": [1.0]}}, r"cadence_spm has shape \(1,\)"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_a_recording_that_does_not_fit_is_an_error(change, message):
    fields = {
        "dataset": "demo",
        "subject": "ann",
        "session": "s1",
        "times_s": [0.0, 0.01, 0.02],
        "xyz_g": np.zeros((3, 3)),
        "activities": ["", "", ""],
    }
    MotionRecording(**fields)
    with pytest.raises(ValueError, match=message):
        MotionRecording(**{**fields, **change})


def test_a_recording_at_100_hz_stays_as_it_is():
    times_s = 0.003 + np.arange(1000) / 100
    xyz_g = np.random.default_rng(0).normal(size=(1000, 3)).astype(np.float32)
    grid_s, found_g = resampled(times_s, xyz_g)
    np.testing.assert_allclose(grid_s, times_s, atol=1e-9)
    np.testing.assert_allclose(found_g, xyz_g, atol=1e-5)


@pytest.mark.parametrize("rate_hz", [50.0, 99.0, 128.0, 200.0, 333.0])
def test_motion_is_kept_whatever_the_rate(rate_hz):
    times_s = 5 + np.arange(0, 20, 1 / rate_hz)
    grid_s, found_g = resampled(times_s, waves(times_s))
    assert np.allclose(np.diff(grid_s), 0.01) and abs(grid_s[-1] - times_s[-1]) < 0.011
    np.testing.assert_allclose(found_g, waves(grid_s), atol=0.01)


@pytest.mark.parametrize("hz", [60.0, 75.0, 95.0])
def test_what_100_hz_cannot_hold_is_taken_out(hz):
    times_s = np.arange(0, 20, 1 / 200)
    tone, motion = waves(times_s, hz), waves(times_s)
    grid_s, found_g = resampled(times_s, motion + tone)
    inside = slice(50, -50)
    np.testing.assert_allclose(found_g[inside], waves(grid_s)[inside], atol=0.02)


def test_stamps_that_jitter_are_put_right():
    rng = np.random.default_rng(1)
    times_s = np.sort(np.arange(0, 20, 1 / 200) + rng.uniform(-0.004, 0.004, 4000))
    grid_s, found_g = resampled(times_s, waves(times_s))
    np.testing.assert_allclose(found_g, waves(grid_s), atol=0.02)


def test_windows_follow_one_another():
    times_s = 3590 + np.arange(10 * WINDOW + 99) / RATE_HZ
    xyz_g, rows = cut_windows(recording(times_s, waves(times_s)))
    assert xyz_g.shape == (10, WINDOW, 3) and xyz_g.dtype == np.float32
    whole_g = np.concatenate([*xyz_g])  # (2560, 3)
    np.testing.assert_allclose(whole_g, waves(times_s)[: 10 * WINDOW], atol=1e-5)
    np.testing.assert_allclose(rows["start_s"], 3590 + 2.56 * np.arange(10))
    assert rows["hour"].tolist() == [0] * 4 + [1] * 6
    assert rows["id"].tolist()[3:5] == ["demo/ann/s1@3597.68", "demo/ann/s1@3600.24"]
    assert set(rows["subject"]) == {"ann"} and set(rows["origin"]) == {"real"}


def test_a_smaller_step_makes_windows_overlap():
    times_s = np.arange(3 * WINDOW) / RATE_HZ
    xyz_g, rows = cut_windows(recording(times_s, waves(times_s)), step=128)
    assert len(rows) == 5
    np.testing.assert_array_equal(xyz_g[0, 128:], xyz_g[1, :128])
    with pytest.raises(ValueError, match="step is 0"):
        cut_windows(recording(times_s), step=0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 700), st.floats(1.02, 4.0)), min_size=1, max_size=5))
def test_no_window_spans_a_gap(parts):
    times_s, end_s = [], 0.0
    for n, gap_s in parts:
        times_s.append(end_s + np.arange(n) / RATE_HZ)
        end_s = times_s[-1][-1] + gap_s
    _, rows = cut_windows(recording(np.concatenate(times_s)))
    assert len(rows) == sum(n // WINDOW for n, _ in parts)
    for start_s in rows["start_s"]:
        assert any(p[0] - 1e-6 <= start_s and start_s + 2.55 <= p[-1] + 1e-6 for p in times_s)


def test_a_short_gap_is_bridged_and_samples_without_values_are_missing():
    times_s = np.arange(4 * WINDOW) / RATE_HZ
    xyz_g = waves(times_s, 0.2)
    xyz_g[100:130, 1] = np.nan  # 0.3 s on one axis
    expected = waves(times_s, 0.2)
    found_g, _ = cut_windows(recording(times_s, xyz_g))
    np.testing.assert_allclose(np.concatenate([*found_g]), expected, atol=0.02)
    kept = np.r_[:100, 130 : len(times_s)]
    without_g, _ = cut_windows(recording(times_s[kept], expected[kept]))
    np.testing.assert_allclose(without_g, found_g, atol=1e-6)

    xyz_g[300:500] = np.nan  # 2 s: the windows before and after it stay
    found_g, rows = cut_windows(recording(times_s, xyz_g))
    np.testing.assert_allclose(rows["start_s"], [0.0, 5.0, 7.56])
    assert not np.isnan(found_g).any()


@pytest.mark.parametrize(("n_walking", "label"), [(129, "walking"), (128, ""), (127, "")])
@pytest.mark.parametrize("order", [1, -1])
def test_a_label_needs_more_than_half(n_walking, label, order):
    others = ["sitting", ""] * WINDOW
    activities = (["walking"] * n_walking + others[: WINDOW - n_walking])[::order]
    _, rows = cut_windows(recording(np.arange(WINDOW) / RATE_HZ, activities=activities))
    assert rows["activity"].tolist() == [label]


def test_no_label_may_have_more_than_half_too():
    activities = [""] * 200 + ["walking"] * 56
    _, rows = cut_windows(recording(np.arange(WINDOW) / RATE_HZ, activities=activities))
    assert rows["activity"].tolist() == [""]


def test_windows_of_two_seconds_are_of_two_hundred_samples():
    times_s = np.arange(0, 21, 0.01)
    xyz_g, rows = cut_windows(recording(times_s), window=200)
    assert xyz_g.shape == (10, 200, 3) and rows["start_s"].tolist() == list(range(0, 20, 2))
    assert len(cut_windows(recording(times_s), step=100, window=200)[1]) == 20


def test_targets_are_means_of_the_values_that_there_are():
    times_s = np.arange(3 * WINDOW) / RATE_HZ
    cadence_spm = np.linspace(100, 120, 3 * WINDOW)
    cadence_spm[[300, 301]] = np.nan  # two samples were lost
    cadence_spm[600:] = np.nan  # it does not apply for the last 1.68 s
    steps = np.repeat([1.0, 3.0, 2.0], WINDOW)
    _, rows = cut_windows(recording(times_s, cadence_spm=cadence_spm, steps=steps))
    first, second = cadence_spm[:WINDOW], cadence_spm[WINDOW : 2 * WINDOW]
    np.testing.assert_allclose(rows["cadence_spm"][:2], [first.mean(), np.nanmean(second)])
    assert np.isnan(rows["cadence_spm"][2])
    assert rows["steps"].tolist() == [1.0, 3.0, 2.0]


def test_labels_follow_time_at_another_rate():
    times_s = np.arange(0, 2 * 2.56, 1 / 50)
    activities = np.where(times_s < 2.56, "walking", "running")
    _, rows = cut_windows(recording(times_s, activities=activities))
    assert rows["activity"].tolist() == ["walking"]
    assert len(rows) == 1  # the last sample at 50 Hz comes 0.02 s, not 0.01 s, before the end


def test_labels_and_targets_after_a_gap_are_those_of_their_time():
    times_s = np.r_[: 3 * WINDOW] / RATE_HZ
    times_s[WINDOW:] += 5
    activities = np.repeat(["walking", "running", "sitting"], WINDOW)
    _, rows = cut_windows(recording(times_s, activities=activities, seconds=times_s))
    assert rows["activity"].tolist() == ["walking", "running", "sitting"]
    np.testing.assert_allclose(rows["seconds"], rows["start_s"] + 1.275)


def test_a_target_cannot_be_named_like_a_column():
    with pytest.raises(ValueError, match=r"targets \['hour'\]"):
        cut_windows(recording(np.arange(300) / RATE_HZ, hour=np.zeros(300)))


@pytest.mark.parametrize("n", [1, 2, WINDOW - 1])
def test_what_is_too_short_gives_no_window_but_all_columns(n):
    xyz_g, rows = cut_windows(recording(np.arange(n) / RATE_HZ, cadence_spm=np.zeros(n)))
    assert xyz_g.shape == (0, WINDOW, 3) and rows.empty
    _, others = cut_windows(recording(np.arange(300) / RATE_HZ, cadence_spm=np.zeros(300)))
    assert list(rows) == list(others)
    both = pd.concat([rows, others])
    assert both.dtypes.equals(others.dtypes)
