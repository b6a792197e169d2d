"""Predictions from prepared recordings: columns, reasons in place of crashes, the oracle."""

import numpy as np
import pytest
from helpers.prepared_recordings import mstmap_of, put

from rppg.datasets.store import Store
from rppg.inference.classical import COLUMNS, oracle_region, predict_classical
from rppg.preprocessing.mstmap import expand
from rppg.signals.classical import pos, wave
from rppg.signals.heart_rate import heart_rate
from rppg.signals.multi_region import CLASSICAL


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "prepared")
    put(store, "a/1/fine", mstmap_of(75), split="train", hr_true_bpm=75.2)
    put(store, "a/1/short", mstmap_of(75, n_frames=60))
    gaps = mstmap_of(90)
    gaps[::80] = np.nan
    put(store, "a/2/gaps", gaps)
    put(store, "a/2/failed")
    return store


@pytest.mark.slow
def test_true_rate_is_the_labels_else_the_contact_waves(store):
    beat = np.sin(2 * np.pi * 1.1 * np.arange(600) / 30)  # 66 bpm
    put(store, "b/1/wave", mstmap_of(66), bvp=beat)
    put(store, "b/1/both", mstmap_of(66), bvp=beat, hr_true_bpm=70.5)
    put(store, "b/1/gaps", mstmap_of(66), bvp=np.where(np.arange(600) % 60, np.nan, beat))
    table = predict_classical(store, ["b/1/wave", "b/1/both", "b/1/gaps"], ["POS"])
    assert table["hr_true_bpm"].tolist() == [
        pytest.approx(66, abs=0.5),
        70.5,
        pytest.approx(np.nan, nan_ok=True),
    ]
    assert table["hr_bpm"].to_numpy() == pytest.approx(np.full(3, 66), abs=1)


def test_one_row_a_recording_and_method(store):
    table = predict_classical(store, ["a/1/fine"], CLASSICAL)
    assert table.columns.tolist() == COLUMNS
    assert table["model"].tolist() == list(CLASSICAL)
    assert table["hr_bpm"].to_numpy() == pytest.approx(np.full(8, 75), abs=1)
    assert table["quality"].between(0.5, 1).all()
    for column, value in {"kind": "classical", "split": "train", "origin": "synthetic"}.items():
        assert set(table[column]) == {value}
    assert set(table["hr_true_bpm"]) == {75.2} and set(table["reason"]) == {""}


def test_the_whole_face_is_what_is_read(tmp_path):
    store = Store(tmp_path)
    put(store, "a/1/last", mstmap_of(85, rows=[62]))
    table = predict_classical(store, ["a/1/last"], ["POS"])
    assert table["hr_bpm"].item() == pytest.approx(85, abs=1)


def test_mr_pbv_sees_the_regions_apart(tmp_path):
    t = np.arange(300) / 30
    lamps = [0.15 * np.sin(2 * np.pi * hz * t + hz)[:, None] for hz in (1.3, 1.7, 2.1)]
    shading = np.random.default_rng(0).uniform(-1, 1, (3, 6, 3))  # of each lamp, in each region
    light = sum(lamp[..., None] * one for lamp, one in zip(lamps, shading, strict=True))
    mstmap = expand(100 * (1 + light), np.full((300, 6), 50))  # (300, 63, 6)
    mstmap[..., :3] *= mstmap_of(75, n_frames=300)[..., :3] / 100
    store = Store(tmp_path)
    put(store, "a/1/lamps", mstmap.astype(np.float32))
    rates = predict_classical(store, ["a/1/lamps"], ["MR-PBV", "POS"]).set_index("model")["hr_bpm"]
    assert rates["MR-PBV"] == pytest.approx(75, abs=2)
    assert abs(rates["POS"] - 75) > 5


def test_what_cannot_be_estimated_is_a_row_with_a_reason(store):
    ids = ["a/1/short", "a/2/gaps", "a/2/failed", "a/1/fine"]
    table = predict_classical(store, ids, ["POS", "GREEN"]).set_index(["id", "model"])
    assert table["hr_bpm"].isna().tolist() == [True] * 6 + [False] * 2
    assert table["quality"].isna().tolist() == [True] * 6 + [False] * 2
    assert "2.00 s" in table.loc[("a/1/short", "POS"), "reason"]
    assert "gap" in table.loc[("a/2/gaps", "GREEN"), "reason"]
    assert "no face" in table.loc[("a/2/failed", "POS"), "reason"]
    assert table["hr_true_bpm"].dtype == float
    assert table["hr_true_bpm"].isna().tolist() == [True] * 6 + [False] * 2


def test_wrong_names_are_errors(store):
    with pytest.raises(ValueError, match="no method PS; there are GREEN"):
        predict_classical(store, ["a/1/fine"], ["POS", "PS"])
    with pytest.raises(KeyError, match="a/9/none is not prepared"):
        predict_classical(store, ["a/9/none"], ["POS"])


def test_no_recording_gives_an_empty_table_with_all_columns(store):
    assert predict_classical(store, [], ["POS"]).columns.tolist() == COLUMNS


def test_oracle_finds_the_region_that_pulses_and_returns_its_own_rate():
    mstmap = mstmap_of(68, rows=[17, 40], motion_bpm=140)
    whole_face = heart_rate(wave("POS", mstmap[:, 62, :3], 30.0), 30.0)
    assert abs(whole_face.hr_bpm - 68) > 10
    assert oracle_region(mstmap, 30.0, hr_bpm=68).hr_bpm == pytest.approx(68, abs=1)


def test_oracle_follows_the_rate_it_is_told_not_the_purest_row():
    mstmap = mstmap_of(120, rows=[30], noise=0.0)
    mstmap[:, 10] = mstmap_of(66, rows=[10], noise=0.4)[:, 10]
    assert oracle_region(mstmap, 30.0, hr_bpm=66).hr_bpm == pytest.approx(66, abs=1)
    assert oracle_region(mstmap, 30.0, hr_bpm=120).hr_bpm == pytest.approx(120, abs=1)


def test_oracle_told_a_rate_that_no_region_has_still_returns_a_regions_own():
    assert oracle_region(mstmap_of(68), 30.0, hr_bpm=100).hr_bpm == pytest.approx(68, abs=1)


def test_oracle_equals_pos_row_by_row():
    mstmap = mstmap_of(80, n_frames=300, noise=3.0)
    single = [heart_rate(pos(mstmap[:, i, :3], 30.0), 30.0) for i in range(63)]
    shares = [one.power[np.abs(60 * one.freq_hz - 80) <= 6].sum() for one in single]
    best = single[int(np.argmax(shares))]
    found = oracle_region(mstmap, 30.0, hr_bpm=80)
    assert found.hr_bpm == best.hr_bpm
    assert found.quality == pytest.approx(best.quality, rel=1e-4)


def test_oracle_with_gaps_and_rows_without_pixels():
    mstmap = mstmap_of(95, n_frames=900)
    mstmap[350:400] = np.nan  # the face was lost
    mstmap[:200, 3] = np.nan  # a region that was hidden
    mstmap[:, 4] = 0
    mstmap[:, 5] = 7
    assert oracle_region(mstmap, 30.0, hr_bpm=95).hr_bpm == pytest.approx(95, abs=1)
    with pytest.raises(ValueError, match="no 3 s without a gap"):
        oracle_region(mstmap[:60], 30.0, hr_bpm=95)
    with pytest.raises(ValueError, match="all 63 rows"):
        oracle_region(np.full((300, 63, 6), 100.0), 30.0, hr_bpm=95)
