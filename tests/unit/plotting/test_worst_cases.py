"""Submitted HR per recording: agreement with its members, with and without a ground truth."""

import numpy as np
import pandas as pd
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401

from rppg.plotting.worst_cases import (
    WorstRow,
    disagreement_bpm,
    plot_agreement,
    plot_worst,
    spectra_of,
)

pytestmark = pytest.mark.usefixtures("strict_and_closed")

FREQ_HZ = np.linspace(0.66, 3, 400)


def peak(hr_bpm):
    return FREQ_HZ, np.exp(-((60 * FREQ_HZ - hr_bpm) ** 2) / 20)


def row(**changes):
    times_s = np.arange(900) / 30
    base = WorstRow(
        name="VIPL/1/v1",
        hr_bpm=90.0,
        hr_true_bpm=72.0,
        face=np.zeros((60, 50, 3), np.uint8),
        times_s=times_s,
        wave=np.where(times_s < 1, np.nan, np.sin(times_s)),
        spectrum=peak(90),
        members={"POS": peak(72), "CHROM": peak(95)},
    )
    return base._replace(**changes)


def rates(**models):
    rows = [
        {"id": f"r{i}", "model": m, "hr_bpm": x} for m, v in models.items() for i, x in enumerate(v)
    ]
    return pd.DataFrame(rows)


def test_worst_names_recording_rates_and_error():
    text = texts(plot_worst([row()], "Worst five", "synthetic"))
    assert "VIPL/1/v1" in text and "Worst five (synthetic)" in text
    assert "submitted 90.0, true 72.0: +18.0 bpm" in text and "true HR" in text


def test_worst_marks_both_rates_and_draws_every_member():
    figure = plot_worst([row()], "Worst", "real")
    lines = figure.axes[2].get_lines()
    marked = sorted(line.get_xdata()[0] for line in lines if len(line.get_xdata()) == 2)
    assert marked == [72, 90]
    peaks = sorted(x[np.argmax(y)] for x, y in (m.get_data() for m in lines) if len(x) > 2)
    assert np.allclose(peaks, [72, 90, 95], atol=0.4)


def test_only_20_s_of_a_long_bvp_are_drawn():
    line = plot_worst([row()], "Worst", "real").axes[1].get_lines()[0]
    assert line.get_xdata().max() == pytest.approx(20, abs=0.05)


def test_without_a_ground_truth_none_is_mentioned():
    text = texts(plot_worst([row(hr_true_bpm=None)], "Least agreed on", "real"))
    assert "submitted 90.0 bpm" in text and "true" not in text


def test_worst_accepts_a_recording_that_was_never_prepared():
    bare = row(face=None, times_s=None, wave=None, spectrum=None, members={})
    text = texts(plot_worst([row(), bare], "Worst", "real"))
    assert "no face" in text and "no BVP" in text


def test_worst_of_no_recordings_is_refused():
    with pytest.raises(ValueError, match="no recording to draw"):
        plot_worst([], "Worst", "real")


@pytest.mark.parametrize("nothing", [None, np.nan])
def test_spectra_are_those_of_the_models_that_have_one(nothing):
    freq_hz, power = peak(72)
    columns = {"freq_hz": [freq_hz, nothing], "power": [power, nothing]}
    found = spectra_of(pd.DataFrame({"model": ["POS", "ICA"], **columns}))
    assert list(found) == ["POS"]
    assert found["POS"][0] is freq_hz and found["POS"][1] is power


def test_disagreement_is_that_of_the_furthest_member():
    table = rates(Ensemble=[70, 80, 90], POS=[71, 120, np.nan], ICA=[68, 81, np.nan])
    found = disagreement_bpm(table, "Ensemble")
    assert found["r0"] == 2 and found["r1"] == 40 and np.isnan(found["r2"])


@pytest.mark.parametrize("model", ["Ensemble", "POS"])
def test_agreement_needs_the_model_and_a_member(model):
    with pytest.raises(ValueError, match=f"expected rows of '{model}' and its members"):
        plot_agreement(rates(POS=[70.0]), model, "Test", "real")


def test_agreement_counts_recordings_and_names_missing_rates():
    table = rates(Ensemble=[70, 80, 90], POS=[71, 120, np.nan], ICA=[68, 81, np.nan])
    text = texts(plot_agreement(table, "Ensemble", "Test", "synthetic"))
    assert "Test: all within 5 bpm on 1 of 3 (synthetic)" in text
    assert "its members (2), 2 rates missing" in text


def test_agreement_draws_the_lowest_rate_first_with_its_own_members():
    table = rates(Ensemble=[90, 70], POS=[91, 60])
    axes = plot_agreement(table, "Ensemble", "Test", "real").axes[0]
    members, given = (line.get_ydata().tolist() for line in axes.get_lines())
    assert given == [70, 90] and members == [60, 91]
