"""A window's value of a column that may be measured less often than acceleration."""

import numpy as np
import pytest

from rppg.studies.relcon.data.recording import MotionRecording, SourceFile
from rppg.studies.relcon.data.target_means import target_means
from rppg.studies.relcon.data.window_store import read_windows, write_windows
from rppg.studies.relcon.data.windows import WINDOW, cut_windows

SECONDS = 60


def recording(rate_hz=100.0, **targets):
    times_s = np.arange(round(SECONDS * rate_hz)) / rate_hz
    still_g = np.tile([0.0, 0.0, 1.0], (len(times_s), 1))
    return MotionRecording("demo", "ann", "s1", times_s, still_g, [""] * len(times_s), targets)


def measured(every_s, rate_hz=100.0, shift=0, value=None):
    """(T,): the time in seconds, or a value, once every so many; NaN in between."""
    times_s = np.arange(round(SECONDS * rate_hz)) / rate_hz
    column = np.full(len(times_s), np.nan)
    at = slice(shift, None, round(every_s * rate_hz))
    column[at] = times_s[at] if value is None else value
    return column


@pytest.mark.parametrize("rate_hz", [25.0, 100.0, 200.0])
@pytest.mark.parametrize("shift", [0, 1])
def test_a_column_at_1_hz_gives_every_window_the_mean_of_its_values(rate_hz, shift):
    column = measured(1.0, rate_hz, shift)
    _, rows = cut_windows(recording(rate_hz, column=column))
    values_s = column[~np.isnan(column)]
    for start_s, mean in rows[["start_s", "column"]].to_numpy():
        inside = (values_s > start_s - 0.005) & (values_s < start_s + 2.555)
        assert mean == pytest.approx(values_s[inside].mean()), start_s


def test_a_window_without_a_value_of_a_slow_column_has_none():
    _, rows = cut_windows(recording(column=measured(5.0)))
    starts_s = rows["start_s"].to_numpy()
    holds_one = np.ceil(starts_s / 5) * 5 < starts_s + 2.555
    assert 8 < holds_one.sum() < len(rows)
    np.testing.assert_array_equal(rows["column"].notna(), holds_one)


def test_a_column_does_not_apply_where_it_is_empty_for_longer_than_usual():
    slow, dense = measured(1.0), measured(0.01)
    slow[2000:4000] = dense[2000:4000] = np.nan
    _, rows = cut_windows(recording(slow=slow, dense=dense))
    ends_s = rows["start_s"] + 2.56
    outside = (ends_s <= 20) | (rows["start_s"] >= 40)
    inside = (rows["start_s"] >= 20) & (ends_s <= 40)
    np.testing.assert_array_equal(rows["dense"].notna(), outside)
    assert rows["slow"][outside].notna().all() and rows["slow"][inside].isna().all()


def test_short_losses_cost_no_window_and_one_value_counts():
    lossy, once = measured(0.01), np.full(6000, np.nan)
    lossy[np.arange(6000) % 300 > 220] = np.nan  # 0.8 s of every 3
    once[1000] = 70.0
    _, rows = cut_windows(recording(lossy=lossy, once=once))
    assert rows["lossy"].notna().all()
    assert rows["once"].dropna().to_dict() == {1000 // WINDOW: 70.0}


def test_large_values_lose_no_digits_and_an_empty_column_has_no_value():
    epochs = 1.7e9 + np.arange(100_000) / 100
    edges = np.arange(0, 90_000, 256)[:, None] + [0, 256]
    found = target_means(np.arange(100_000) / 100, epochs, edges)
    np.testing.assert_allclose(found - 1.7e9, edges.mean(axis=1) / 100 - 0.005, atol=1e-5)
    assert np.isnan(target_means(epochs, np.full(100_000, np.nan), edges)).all()


def test_values_that_no_window_takes_are_noted(tmp_path):
    rare = np.full(6000, np.nan)
    rare[5990:] = 70.0  # after the last window
    one = recording(hr_bpm=measured(1.0), rare_bpm=rare, never_bpm=np.full(6000, np.nan))
    source = SourceFile("demo", "ann.csv", lambda: iter([one]))
    problems = write_windows(tmp_path, [source], progress=False)
    assert problems["name"].tolist() == ["demo/ann/s1"] and problems["outcome"][0] == "read"
    assert problems["reason"][0] == "rare_bpm: no window has a value, the samples have 10."
    assert read_windows(tmp_path).table["hr_bpm"].notna().all()
