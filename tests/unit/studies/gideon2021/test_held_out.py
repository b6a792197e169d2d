"""Values of tested waves that are known by hand; constants; the table of predictions."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.self_consistency import write_store
from torch import nn

from rppg.inference.sliding_window import predict_model, with_ground_truth
from rppg.losses.snr import snr_db
from rppg.studies.gideon2021 import held_out
from rppg.studies.gideon2021.held_out import constant_rows, predictions_of, wave_values

RATES = {"A/1/a": 66.0, "B/2/b": 96.0}
FED = {"normalise": None, "array": "wide", "n_frames": 300}
COLUMNS = ["id", "dataset", "model", "hr_bpm", "hr_true_bpm", "pearson", "mcc", "snr_db"]


def pulse(n_frames=900, hr_bpm=72.0, late_s=0.0):
    times_s = np.arange(n_frames) / 30 - late_s
    beat = 2 * np.pi * hr_bpm / 60 * times_s
    return np.sin(beat) + 0.3 * np.sin(2 * beat + 1)


def noise(n_frames=900):
    return np.random.default_rng(0).standard_normal(n_frames)


class Green(nn.Module):
    """Crops to minus their green, which the beat darkens; a flat wave where `flat`."""

    def __init__(self, flat=False):
        super().__init__()
        self.flat = flat

    def forward(self, clips):
        wave = -clips[..., 1].float().mean(dim=(2, 3))
        return 0 * wave if self.flat else wave


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("store"), RATES, wide=8)


# Values


def test_the_same_wave_has_correlations_of_one_whatever_its_scale():
    found = wave_values(5 * pulse() - 2, pulse(), 72.0)
    assert list(found) == ["pearson", "mcc", "snr_db"]
    assert found["pearson"] == pytest.approx(1) and found["mcc"] == pytest.approx(1, abs=0.02)
    assert found["snr_db"] > 5


def test_a_late_or_negated_wave_loses_pearson_and_keeps_mcc():
    period_s = 60 / 72
    sine = np.sin(2 * np.pi * 1.2 * np.arange(900) / 30)
    quarter = np.sin(2 * np.pi * 1.2 * (np.arange(900) / 30 - period_s / 4))
    late, negated = wave_values(quarter, sine, 72.0), wave_values(-sine, sine, 72.0)
    assert late["pearson"] == pytest.approx(0, abs=0.01) and late["mcc"] > 0.95
    assert negated["pearson"] == pytest.approx(-1) and negated["mcc"] > 0.95
    assert late["snr_db"] == pytest.approx(negated["snr_db"], abs=0.5)


def test_noise_has_nothing_of_the_contact_wave():
    found = wave_values(noise(), pulse(), 72.0)
    assert abs(found["pearson"]) < 0.15 and found["mcc"] < 0.3 and found["snr_db"] < -5


def test_the_snr_asks_for_the_true_rate_and_is_the_mean_over_clips_of_ten_seconds():
    wave = pulse(600) + noise(600)
    clips = torch.from_numpy(np.stack([wave[at : at + 300] for at in (0, 150, 300)]))
    for hr_bpm in (72.0, 110.0):
        expected = snr_db(clips, torch.full((3,), hr_bpm, dtype=torch.float64), 30).mean().item()
        assert wave_values(wave, pulse(600), hr_bpm)["snr_db"] == pytest.approx(expected)
    assert wave_values(wave, wave, 72.0)["snr_db"] > wave_values(wave, wave, 110.0)["snr_db"] + 10


def test_clips_touch_no_gap_of_either_wave():
    """10 s of truth each: before the gap of the wave, between the two, behind the contact's."""
    wave, contact = pulse(1200), pulse(1200)
    wave[:300], contact[700:1200] = noise(300), noise(500)
    wave[300:310], contact[640:660] = np.nan, np.nan
    wave[620:640] = 1e6  # in a rest of less than 10 s
    found = wave_values(wave, contact, 72.0)
    parts = [wave_values(wave[a:b], contact[a:b], 72.0) for a, b in ((0, 300), (310, 610))]
    assert parts[1]["pearson"] == pytest.approx(1)
    at = [wave_values(wave[a : a + 300], contact[a : a + 300], 72.0) for a in (660, 810)]
    for name in found:
        expected = np.mean([part[name] for part in (*parts, *at)])
        assert found[name] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("wave", "contact", "hr_true_bpm"),
    [
        (pulse(), None, 72.0),
        (pulse(), pulse(), None),
        (pulse(299), pulse(299), 72.0),
        (np.full(900, np.nan), pulse(), 72.0),
        (pulse(), np.where(np.arange(900) % 250 == 0, np.nan, pulse()), 72.0),
    ],
    ids=["no contact wave", "no rate", "short", "no wave", "gaps"],
)
def test_where_there_is_nothing_to_compare_values_are_nan(wave, contact, hr_true_bpm):
    found = wave_values(wave, contact, hr_true_bpm)
    assert list(found) == ["pearson", "mcc", "snr_db"] and np.isnan(list(found.values())).all()


def test_a_flat_wave_has_no_correlation_and_finite_values():
    found = wave_values(np.full(900, 0.3), pulse(), 72.0)
    assert found["pearson"] == found["mcc"] == 0 and np.isfinite(found["snr_db"])


# Rows


def test_a_models_rows_hold_its_rates_beside_the_true_ones(store):
    rows = held_out.tested_rows(with_ground_truth(store, RATES, Green(), **FED), "ours")
    table = pd.DataFrame(rows)
    assert list(table.columns) == COLUMNS and table["id"].tolist() == list(RATES)
    assert table["dataset"].tolist() == ["A", "B"] and set(table["model"]) == {"ours"}
    assert table["hr_true_bpm"].tolist() == list(RATES.values())
    assert table["hr_bpm"].tolist() == pytest.approx(list(RATES.values()), abs=1)
    assert table["pearson"].min() > 0.8 and table["mcc"].min() > 0.9 and table["snr_db"].min() > 0


def test_what_has_no_rate_or_no_label_is_nan(tmp_path):
    store = write_store(tmp_path, {"A/1/a": 66.0}, wide=4)
    seen = with_ground_truth(store, ["A/1/a"], Green(flat=True), **FED)
    seen.append(seen[0] | {"name": "A/2/b", "contact": None, "hr_true_bpm": None})
    flat, unlabelled = held_out.tested_rows(seen, "flat")
    assert np.isnan(flat["hr_bpm"]) and flat["pearson"] == 0 and flat["hr_true_bpm"] == 66
    values = [unlabelled[name] for name in COLUMNS[4:]]
    assert unlabelled["dataset"] == "A" and np.isnan(values).all()


def test_constants_know_the_trained_rates_alone(store):
    seen = with_ground_truth(store, RATES, Green(), **FED)
    table = pd.DataFrame(constant_rows(seen, [60.0, 66.0, 90.0]))
    assert list(table.columns) == COLUMNS
    assert table["model"].tolist() == ["mean", "mean", "median", "median"]
    assert table["hr_bpm"].tolist() == [72.0, 72.0, 66.0, 66.0]
    assert table["id"].tolist() == 2 * list(RATES)
    assert table["hr_true_bpm"].tolist() == 2 * list(RATES.values())
    assert table[COLUMNS[5:]].notna().all(axis=None)
    right, wrong = table.loc[2], table.loc[3]  # the median is the rate of A/1/a
    assert right["mcc"] > 0.95 and right["snr_db"] > 5
    assert wrong["mcc"] < 0.5 and wrong["snr_db"] < -5


# Predictions


def test_the_table_of_predictions_is_that_of_predict_model(store):
    table = predictions_of(store, with_ground_truth(store, RATES, Green(), **FED), "ours")
    expected = predict_model(store, RATES, Green(), "ours", **FED).assign(split="test")
    arrays = ["freq_hz", "power"]
    pd.testing.assert_frame_equal(table.drop(columns=arrays), expected.drop(columns=arrays))
    for name in arrays:
        for ours, theirs in zip(table[name], expected[name], strict=True):
            np.testing.assert_allclose(ours, theirs)


def test_a_prediction_without_a_rate_says_so(store):
    table = predictions_of(store, with_ground_truth(store, RATES, Green(flat=True), **FED), "flat")
    assert table["hr_bpm"].isna().all() and (table["reason"] == "no rate").all()
    assert table["hr_true_bpm"].tolist() == list(RATES.values())
    assert (table["origin"] == "synthetic").all() and (table["kind"] == "learned").all()


def test_known_rates_are_those_of_recordings_that_have_one(tmp_path):
    store = write_store(tmp_path, RATES, wide=8)
    with store.begin("C/3/failed") as writer:
        writer.commit({"id": "C/3/failed", "status": "failed", "reason": "no face"})
    assert held_out.known_rates(store, [*RATES, "C/3/failed"]) == [66.0, 96.0]


def test_errors_are_means_by_model():
    values = {"pearson": 0.5, "mcc": 0.9, "snr_db": 3.0, "hr_true_bpm": 70.0}
    rows = [{"model": "net", "hr_bpm": rate_bpm, **values} for rate_bpm in (73.0, 66.0)]
    rows += [{"model": "mean", "hr_bpm": 80.0, **values}]
    found = held_out.errors_of(rows)
    assert found.loc["net"].tolist() == pytest.approx([12.5**0.5, 3.5, 0.5, 0.9, 3.0])
    assert found.loc["mean", ["rmse_bpm", "mae_bpm"]].tolist() == [10.0, 10.0]
