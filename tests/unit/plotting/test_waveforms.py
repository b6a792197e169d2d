"""Figures of learned models: correct numbers per panel, gaps and missing labels."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401
from matplotlib.colors import to_hex
from matplotlib.patches import Polygon

from rppg.evaluation.metrics import score
from rppg.plotting.attention import plot_attention
from rppg.plotting.style import BLUE, ORANGE
from rppg.plotting.waveforms import WaveRow, plot_comparison, plot_waves
from rppg.preprocessing.mstmap import COMBINATIONS, REGIONS

FPS = 30.0
WAVE = np.sin(2 * np.pi * 1.2 * np.arange(900) / FPS)
FREQ_HZ = np.linspace(0.66, 3, 400)
FOUND = SimpleNamespace(hr_bpm=72.3, freq_hz=FREQ_HZ, power=np.exp(-((FREQ_HZ - 1.2) ** 2) / 0.01))
FACE = np.zeros((60, 60, 3), np.uint8)
# Squares, in another order than the map's regions: names count, not places.
POLYGONS = {
    region: np.array([[9 * i, 9], [9 * i + 8, 9], [9 * i + 8, 20], [9 * i, 20]])
    for i, region in enumerate(sorted(REGIONS))
}


pytestmark = pytest.mark.usefixtures("strict_and_closed")


def waves(*rows, origin="real"):
    return plot_waves(rows, FPS, "Validation", origin)


def comparison(origin="real"):
    truth = [60.0, 70.0, 80.0, 90.0]
    rates = {"POS": [61, 70, 120, 90], "pre-trained": [75, 75, 75, 75], "fine-tuned": truth}
    parts = [
        pd.DataFrame({"model": m, "hr_bpm": r, "hr_true_bpm": truth}) for m, r in rates.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    return table, plot_comparison(table, "Test", origin)


def row_weights():
    weights = np.linspace(1, 3, 63)
    return weights / weights.sum()


def attention(origin="real", rows=None, **shares):
    weights = {region: 1 / 6 for region in REGIONS} | shares
    rows = row_weights() if rows is None else rows
    return plot_attention(FACE, POLYGONS, weights, rows, "Attention", origin)


@pytest.mark.parametrize("origin", ["synthetic", "real"])
def test_every_figure_of_synthetic_data_says_so(origin):
    row = WaveRow("A/1/a", WAVE, FOUND)
    figures = [waves(row, origin=origin), comparison(origin)[1], attention(origin)]
    assert ["(synthetic)" in texts(figure) for figure in figures] == [origin == "synthetic"] * 3


def test_waves_are_standardised_and_their_correlation_keeps_the_sign():
    figure = waves(
        WaveRow("same", 5 * WAVE + 100, FOUND, 72.0, WAVE, FOUND),
        WaveRow("negated", -WAVE, FOUND, 72.0, 0.1 * WAVE, FOUND),
    )
    text = texts(figure)
    assert "same, r = 1.00" in text and "negated, r = -1.00" in text
    contact, predicted = (line.get_ydata() for line in figure.axes[0].get_lines())
    np.testing.assert_allclose(contact, predicted, atol=1e-9)
    assert len(predicted) == 300 and predicted.std() == pytest.approx(1)


def test_ten_seconds_from_the_first_frame_with_a_wave():
    wave = WAVE.copy()
    wave[:90] = np.nan
    wave[150:180] = np.nan
    measured = np.where(np.arange(900) < 270, WAVE, np.nan)
    figure = waves(WaveRow("gaps", wave, FOUND, 72.0, measured, FOUND))
    contact, predicted = figure.axes[0].get_lines()
    assert predicted.get_xdata()[0] == 0 and predicted.get_xdata()[-1] == pytest.approx(299 / FPS)
    assert np.flatnonzero(np.isnan(predicted.get_ydata())).tolist() == list(range(60, 90))
    part = WAVE[90:270]
    np.testing.assert_allclose(contact.get_ydata()[:180], (part - part.mean()) / part.std())
    assert "gaps, r = 1.00" in texts(figure)


def test_spikes_at_a_clips_end_leave_the_picture_and_the_beats_stay():
    wave = WAVE.copy()
    wave[290:295], wave[295:300] = 8, 50
    axes = waves(WaveRow("spikes", wave, FOUND, 72.0, WAVE, FOUND)).axes[0]
    contact, predicted = (line.get_ydata() for line in axes.get_lines())
    np.testing.assert_allclose(predicted[:290], contact[:290], atol=0.1)
    low, high = axes.get_ylim()
    assert low < contact.min() and contact.max() < high < 3 < predicted[290]


def test_only_what_is_known_is_drawn():
    figure = waves(
        WaveRow("rate only", WAVE, FOUND, 75.0),
        WaveRow("neither", WAVE, FOUND, np.nan),
        WaveRow("flat", np.full(900, 0.1), None, 75.0, WAVE, FOUND),
        WaveRow("empty", np.full(900, np.nan), None),
    )
    text = texts(figure)
    assert "72.3 bpm, true 75.0" in text and "72.3 bpm, truth unknown" in text
    assert "no heart rate, true 75.0" in text and "no heart rate, truth unknown" in text
    assert "r = " not in text
    n_lines = [len(axes.get_lines()) for axes in figure.axes]
    assert n_lines == [1, 2, 1, 1, 2, 2, 1, 0]  # waves and spectrum of each, with its true rate
    assert figure.axes[1].get_lines()[-1].get_xdata() == [75.0, 75.0]
    assert np.ptp(figure.axes[4].get_lines()[-1].get_ydata()) == 0


def test_invalid_waves_are_errors():
    with pytest.raises(ValueError, match="no recording"):
        waves()
    with pytest.raises(ValueError, match=r"a: BVP \(900,\), contact PPG \(600,\)"):
        waves(WaveRow("a", WAVE, FOUND, 72.0, WAVE[:600], FOUND))


def test_models_have_a_panel_each_with_their_scores():
    table, figure = comparison()
    assert len(figure.axes) == 3
    for axes, (model, rows) in zip(figure.axes, table.groupby("model", sort=False), strict=True):
        result = score(rows["hr_true_bpm"], rows["hr_bpm"], n_boot=1)
        share = f"{result['within_5bpm']:.0%} within 5"
        assert axes.get_title(loc="left") == f"{model}\nRMSE {result['rmse_bpm']:.1f}, {share}"
        drawn = [len(points.get_offsets()) for points in axes.collections[-2:]]
        assert drawn[0] == round(4 * result["within_5bpm"]) and sum(drawn) == 4
    assert "RMSE 20.0, 75% within 5" in texts(figure)


@pytest.mark.slow
def test_five_models_take_two_rows_with_axes_that_can_be_read():
    table = pd.DataFrame({"model": list("abcde"), "hr_bpm": 70.0, "hr_true_bpm": 71.0})
    figure = plot_comparison(table, "Test", "real")
    texts(figure)
    assert len(figure.axes) == 5
    labelled = [axes.xaxis.get_major_ticks()[0].label1.get_visible() for axes in figure.axes]
    assert labelled == [False, True, True, True, True]  # only "a" has a panel below it


def test_a_missing_rate_is_an_error():
    table, _ = comparison()
    with pytest.raises(ValueError, match="1 predicted heart rates are no rates"):
        plot_comparison(table.replace({"hr_bpm": {120.0: np.nan}}), "Test", "real")
    with pytest.raises(ValueError, match="no predictions"):
        plot_comparison(table[:0], "Test", "real")


def test_regions_have_their_own_share_and_colour():
    figure = attention(forehead=0.25, mouth_chin=1 / 12)
    face = figure.axes[0]
    fills = [p for p in face.patches if isinstance(p, Polygon) and p.get_fill()]
    found = {
        region: (to_hex(patch.get_facecolor()).upper(), patch.get_alpha(), text.get_text())
        for region, patch, text in zip(POLYGONS, fills, face.texts, strict=True)
    }
    assert found["forehead"] == (ORANGE, pytest.approx(0.65), "25.0 %")
    assert found["mouth_chin"] == (BLUE, pytest.approx(0.65), "8.3 %")
    assert found["cheek_up_A"][1:] == (pytest.approx(0), "16.7 %")
    assert "equal shares would be 16.7 %" in texts(figure)


def test_small_differences_stay_pale():
    fills = [p for p in attention(forehead=1.01 / 6).axes[0].patches if p.get_fill()]
    assert max(patch.get_alpha() for patch in fills) == pytest.approx(0.065)


def test_dots_under_a_bar_are_the_regions_of_its_row():
    weights = row_weights()
    _, bars, dots = attention(rows=weights).axes
    heights = [bar.get_height() for bar in bars.patches]
    rows = [int(np.abs(100 * weights - height).argmin()) for height in heights]
    assert sorted(rows) == list(range(63))
    members = np.zeros((63, 6), bool)
    for at, region in dots.collections[0].get_offsets().astype(int):
        members[at, region] = True
    np.testing.assert_array_equal(members, COMBINATIONS[rows])
    assert [label.get_text() for label in dots.get_yticklabels()] == list(REGIONS)
    sizes = COMBINATIONS[rows].sum(axis=1)
    assert (np.diff(sizes) >= 0).all() and heights[:6] == sorted(heights[:6], reverse=True)


def test_attention_that_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match="but weights of .*'nose'"):
        attention(nose=0.1)
    with pytest.raises(ValueError, match=r"expected row weights \(63,\) for 6 regions, found \(9,"):
        attention(rows=np.ones(9) / 9)
