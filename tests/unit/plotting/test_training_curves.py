"""Figures of training runs: the verdict on collapse, and every value and loss."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.figure import strict_and_closed, texts  # noqa: F401

from rppg.losses.sinc import bandwidth_loss, sparsity_loss
from rppg.plotting.training_curves import SINE_FLOORS, plot_collapse_check, plot_course
from rppg.signals.spectrum import power_spectrum

NAMES = ["net", "sine generator", "noise"]
COLUMNS = ["speed_disagreement_bpm", "pos_disagreement_bpm", "ipr", "hr_spread_bpm"]
STEPS = np.arange(10, 101, 10)


pytestmark = pytest.mark.usefixtures("strict_and_closed")


def monitored(reasons=(), n_flat=0, n=20):
    rng = np.random.default_rng(0)
    values = [[1.25, 4.0, 0.5, 31.0], [18.0, 34.0, 0.01, 0.0], [30.0, 36.0, 0.84, 40.0]]
    rates = pd.DataFrame({"id": [f"A/{i}/v" for i in range(n)], "net": rng.uniform(50, 150, n)})
    rates.loc[: n_flat - 1, "net"] = np.nan
    rates = rates.assign(**{"POS": 80.0, "sine generator": 72.0, "noise": rng.uniform(40, 180, n)})
    values = pd.DataFrame(values, index=NAMES, columns=COLUMNS)
    return SimpleNamespace(
        values=values, rates=rates, collapsed=bool(reasons), reasons=list(reasons)
    )


def course(n_values=4):
    """validation.csv and metrics.csv of a run."""
    rows = {"step": STEPS, "seconds": STEPS * 0.1}
    names = [*COLUMNS, "spectral_entropy"][:n_values]
    validation = pd.DataFrame(rows | {name: 5 / STEPS for name in names})
    losses = {name: 3 / STEPS for name in ("loss", "bandwidth", "sparsity", "variance")}
    others = {"epoch": 0, "lr": 1e-3, "grad_norm": 7.0}
    return validation, pd.DataFrame(rows | others | losses)


def test_the_verdict_its_reasons_and_the_origin_are_written():
    good = texts(plot_collapse_check(monitored(), "Pre-trained", "synthetic"))
    assert "Pre-trained (synthetic): no sign of collapse" in good
    reasons = ["9 of 10 recordings have one rate", "a reason " + 30 * "that is long "]
    bad = texts(plot_collapse_check(monitored(reasons), "Pre-trained", "real"))
    assert "Pre-trained: COLLAPSED" in bad and reasons[0] in bad
    assert bad.replace("\n", " ").count("that is long") == 30  # wrapped, not cut


def test_every_value_of_the_three_is_drawn_with_its_number():
    found = monitored()
    found.values.loc["net", "pos_disagreement_bpm"] = np.nan  # where POS had no wave at all
    figure = plot_collapse_check(found, "Pre-trained", "real")
    text = texts(figure)
    for words in (
        "speed\ndisagreement (bpm)",
        "POS\ndisagreement (bpm)",
        "irrelevant\npower ratio",
    ):
        assert words in text
    heights = [[bar.get_height() for bar in axes.patches] for axes in figure.axes[1:]]
    assert np.array_equal(np.transpose(heights), found.values.fillna(0).to_numpy())
    assert "1.25" in text and "0.84" in text and "none" in text


def test_the_histogram_counts_every_recording_and_missing_rates():
    figure = plot_collapse_check(monitored(n_flat=3), "Pre-trained", "real")
    text = texts(figure)
    assert "net: 3 without a rate" in text and "sine generator: always 72 bpm" in text
    assert "recordings of 20" in text
    bars = figure.axes[0].containers[:2]
    assert [sum(bar.get_height() for bar in one) for one in bars] == [17, 20]


def test_a_model_without_any_rate_and_a_single_value_are_drawn():
    found = monitored(["flat"], n_flat=20)
    found.values = found.values[["ipr"]]
    assert "net: 20 without a rate" in texts(plot_collapse_check(found, "Pre-trained", "real"))


@pytest.mark.parametrize("n_values", [1, 4, 5])
def test_the_course_has_every_loss_every_value_and_the_chosen_step(n_values):
    validation, metrics = course(n_values)
    figure = plot_course(validation, metrics, 40, "Pre-trained", "synthetic")
    text = texts(figure)
    assert "Pre-trained (synthetic): step 40 chosen" in text
    assert len(figure.axes) == 1 + n_values
    labels = figure.axes[0].get_legend_handles_labels()[1]
    floors = ["bandwidth of a sine: 0.01", "sparsity of a sine: 0.08"]
    assert sorted(labels) == sorted(["loss", "bandwidth", "sparsity", "variance", *floors])
    for axes in figure.axes:
        assert any(list(line.get_xdata()) == [40, 40] for line in axes.get_lines())
    assert np.array_equal(figure.axes[1].get_lines()[0].get_ydata(), 5 / STEPS)


def test_negative_losses_are_drawn_on_a_linear_scale_with_its_zero():
    validation, metrics = course()
    assert plot_course(validation, metrics, 40, "Pre-trained", "real").axes[0].get_yscale() == "log"
    axes = plot_course(validation, metrics.assign(push=-0.5), 40, "Pre-trained", "real").axes[0]
    assert axes.get_yscale() == "linear"
    lines = {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}
    assert lines["push"] == [-0.5] * 10 and [0, 0] in lines.values()
    low, high = axes.get_ylim()
    assert low < -0.5 and high > metrics["loss"].max()  # none is cut off


def test_a_loss_that_is_always_zero_is_not_drawn():
    validation, metrics = course()
    figure = plot_course(validation, metrics.assign(pearson=0.0), None, "Taught", "synthetic")
    assert "pearson" not in figure.axes[0].get_legend_handles_labels()[1]


def test_every_loss_of_contrast_and_of_labels_looks_different():
    names = "truth_pull truth_push pearson mcc rate pull push disturbance".split()
    validation, metrics = course()
    metrics = metrics[["step", "loss"]].assign(
        **{name: -0.1 * i for i, name in enumerate(names, 1)}
    )
    axes = plot_course(validation, metrics, None, "Fine-tuned", "real").axes[0]
    drawn = [line for line in axes.get_lines() if not line.get_label().startswith("_")]
    assert [line.get_label() for line in drawn] == ["loss", "truth pull", "truth push", *names[2:]]
    assert len({(line.get_color(), line.get_linestyle()) for line in drawn}) == 9


def test_errors_and_values_of_cells_are_named_in_words():
    validation, metrics = course()
    columns = ["rmse_bpm", "mae_bpm", "within_5bpm", "cells_disagreement_bpm"]
    validation = validation[["step"]].assign(**{name: 1.0 for name in columns})
    text = texts(plot_course(validation, metrics, 40, "Fine-tuned", "real"))
    for words in ("RMSE\n(bpm)", "MAE\n(bpm)", "share\nwithin 5 bpm", "cells\ndisagreement (bpm)"):
        assert words in text


def test_a_value_below_zero_is_inside_its_panel_and_others_begin_at_zero():
    validation, metrics = course()
    values = {"loss": np.linspace(0.1, -0.9, 10), "ipr": np.linspace(0.8, 0.3, 10), "worst": -0.5}
    figure = plot_course(validation[["step"]].assign(**values), metrics, 40, "Taught", "real")
    texts(figure)
    below, above, constant = (axes.get_ylim() for axes in figure.axes[1:])
    assert -1.1 < below[0] < -0.9 and 0.1 < below[1] < 0.3
    assert above[0] == 0 and 0.8 < above[1] < 1
    assert constant[0] < -0.5 and 0 < constant[1] < 0.1


@pytest.mark.slow
def test_a_value_that_is_always_nan_has_an_empty_panel():
    validation, metrics = course()
    validation["pos_disagreement_bpm"] = np.nan  # POS had no wave in any recording
    assert "POS\ndisagreement (bpm)" in texts(plot_course(validation, metrics, 40, "Run", "real"))


def test_a_course_without_a_chosen_step_says_so():
    figure = plot_course(*course(), None, "Pre-trained", "real")
    assert "Pre-trained: no step chosen" in texts(figure)
    assert len(figure.axes[1].get_lines()) == 1


def test_the_floors_are_those_of_the_losses():
    hr_bpm, times_s = torch.arange(45.0, 176.0), torch.arange(300) / 30
    sines = torch.sin(2 * torch.pi * hr_bpm[:, None] / 60 * times_s)
    spectra = power_spectrum(sines, 30, 5400)
    found = {"bandwidth": bandwidth_loss(*spectra), "sparsity": sparsity_loss(*spectra)}
    assert found.keys() == SINE_FLOORS.keys()
    for name, value in found.items():
        assert value.item() == pytest.approx(SINE_FLOORS[name], abs=0.001)
