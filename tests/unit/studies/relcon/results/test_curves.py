"""Curves over settings of the training, and RelCon's variants: which runs belong together."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from helpers.relcon import made_up_rows, made_up_run, windows

from rppg.studies.relcon.results.bootstrap import against, with_intervals
from rppg.studies.relcon.results.curve_plots import plot_curves
from rppg.studies.relcon.results.curves import best_lr, curve_tables, variant_tables
from rppg.studies.relcon.results.runs import VARIANTS, collect

TOLD = {"RelCon": 1.0, "SimCLR": 2.0}  # with few steps; with many, RelCon tells more
LABELS = ("5",)
BY = ["n_steps", "n_learned"]


def run_of(folder, method, seed, told, n_steps=100, name=None, lr=0.002, n_subjects=4):
    """A run of a method in folder/<settings>; its rows carry `name`, if given."""
    rows = made_up_rows(windows(n_subjects), method=method, seed=seed, told=told, labels=LABELS)
    training = {"n_steps": n_steps, "lr": lr}
    place = folder / f"{name or method}_{n_steps}_{lr:g}".replace(" ", "_")
    run = made_up_run(place, rows, training=training, name=name or method)
    if name:
        rows.assign(method=name).to_parquet(run / "predictions.parquet", index=False)
    return run


@pytest.fixture
def study(tmp_path):
    """Two methods, two numbers of steps, two seeds, and hand-made features."""
    for seed in (1, 2):
        for n_steps, more in ((100, 0.0), (400, 2.0)):
            run_of(tmp_path, "RelCon", seed, TOLD["RelCon"] + more, n_steps)
            run_of(tmp_path, "SimCLR", seed, TOLD["SimCLR"], n_steps)
        run_of(tmp_path, "hand-made features", seed, 3.0)
    return tmp_path


@pytest.mark.slow
def test_each_setting_is_that_of_its_runs_alone(study):
    rows, facts = collect([study])
    curves, compared = curve_tables(rows, facts, BY)
    assert curves.columns[:2].tolist() == BY and set(curves["n_learned"]) == {5}
    assert curves.groupby("n_steps")["method"].nunique().to_dict() == {100: 3, 400: 3}
    for n_steps, told in ((100, 1.0), (400, 3.0)):
        own = pd.concat(
            made_up_rows(windows(4), method=method, seed=seed, told=strength, labels=LABELS)
            for seed in (1, 2)
            for method, strength in (
                ("RelCon", told),
                ("SimCLR", 2.0),
                ("hand-made features", 3.0),
            )
        )
        for table, function in ((curves, with_intervals), (compared, against)):
            found = table[table["n_steps"] == n_steps].drop(columns=BY).reset_index(drop=True)
            pd.testing.assert_frame_equal(found, function(own))
    few = compared[(compared["method"] == "SimCLR") & (compared["metric"] == "macro_f1")]
    assert few.set_index("n_steps")["difference"].gt(0).to_dict() == {100: False, 400: True}


def test_two_runs_of_one_setting_are_refused(study):
    run_of(study / "again", "RelCon", 1, 1.0)
    rows, facts = collect([study])
    with pytest.raises(ValueError, match="two runs of one method and seed in a setting"):
        curve_tables(rows, facts, BY)


def test_without_relcon_there_is_no_curve(tmp_path):
    run_of(tmp_path, "SimCLR", 1, 1.0)
    with pytest.raises(ValueError, match=r"no run of RelCon: found \['SimCLR'\]"):
        curve_tables(*collect([tmp_path]), BY)


def test_variants_are_compared_with_relcon_of_their_setting_and_seeds(study):
    assert variant_tables(*collect([study])) is None
    run_of(study, "RelCon", 1, 5.0, 400, name="RelCon, fine-tuned")
    run_of(study, "RelCon", 1, 0.0, 400, name="RelCon, no RevIN")
    rows, facts = collect([study])
    plain, _ = curve_tables(rows, facts, BY)
    assert not set(plain["method"]) & set(VARIANTS)
    summary, changes = variant_tables(rows, facts)
    assert set(summary["n_seeds"]) == {1} and summary["method"].nunique() == 3
    change = changes[changes["task"] == "activity"].set_index("method")["difference"]
    assert change["RelCon, fine-tuned"] < 0 < change["RelCon, no RevIN"]
    assert list(change.index) == ["RelCon, fine-tuned", "RelCon, no RevIN"]


def test_variants_of_several_settings_are_refused(study):
    run_of(study, "RelCon", 1, 5.0, 400, name="RelCon, fine-tuned")
    run_of(study, "RelCon", 1, 5.0, 100, name="RelCon, no RevIN")
    with pytest.raises(ValueError, match="variants of several settings"):
        variant_tables(*collect([study]))


def test_the_best_learning_rate_of_each_method(tmp_path):
    for lr, told in ((0.001, 1.0), (0.004, 3.0)):
        run_of(tmp_path, "RelCon", 1, told, lr=lr)
        run_of(tmp_path, "SimCLR", 1, 4.0 - told, lr=lr)
    run_of(tmp_path, "hand-made features", 1, 3.0)
    curves, _ = curve_tables(*collect([tmp_path]), ["lr"])
    best = best_lr(curves, "5").set_index("method")["lr"]
    assert best.to_dict() == {"RelCon": 0.004, "SimCLR": 0.001}


def test_a_figure_has_a_panel_per_setting_with_the_values_of_each_method(study):
    curves, _ = curve_tables(*collect([study]), BY)
    figure = plot_curves(curves, BY, "5", "x", "synthetic")
    panels = figure.axes
    assert [axes.get_xlabel() for axes in panels] == ["steps", "subjects trained on"]
    own = curves[(curves["method"] == "RelCon") & (curves["metric"] == "macro_f1")]
    line = next(line for line in panels[0].get_lines() if line.get_label() == "RelCon")
    assert line.get_xdata().tolist() == [100, 400]
    assert line.get_ydata().tolist() == own.sort_values("n_steps")["mean"].tolist()
    plt.close(figure)
    with pytest.raises(ValueError, match="no macro F1 at 7 labels"):
        plot_curves(curves, BY, "7", "x", "synthetic")
