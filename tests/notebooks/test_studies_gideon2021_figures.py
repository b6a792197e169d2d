"""The notebooks of Figs. 4 to 6, run on made-up runs and a store of made-up contact waves."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers.gideon2021_figures import desync_run, flash_run, prepared_waves
from helpers.notebooks import NOTEBOOKS, printed

from rppg.workflow.notebook import run_notebook

pytestmark = pytest.mark.slow


def run(name, folder, **given):
    """Text of all outputs, number of figures, and the table of a study."""
    executed, out = folder / "executed.ipynb", folder / "out"
    given = {"out_dir": str(out), **given}
    run_notebook(NOTEBOOKS / "studies" / "gideon2021" / f"gideon2021_{name}.ipynb", executed, given)
    facts = json.loads((out / f"gideon2021_{name}.json").read_text())
    assert facts["origin"] == "synthetic" and (out / f"gideon2021_{name}.png").is_file()
    return *printed(executed), out / f"gideon2021_{name}.csv"


def test_the_block_is_followed_without_labels_and_that_is_counted(tmp_path):
    for seed in (1, 2):
        flash_run(tmp_path / "runs", "multiview", seed, focus=10.0, error_bpm=15.0)
        flash_run(tmp_path / "runs", "mcc", seed, focus=0.1, error_bpm=3.0)
    desync_run(tmp_path / "runs")  # another study's
    text, n_figures, table = run("flash", tmp_path, runs=[str(tmp_path / "runs")])
    assert "the block draws more saliency in 2 of 2 seeds" in text and n_figures == 2
    assert pd.read_csv(table)["focus"].tolist() == [0.1, 0.1, 10, 10]


def test_shifted_labels_from_runs_and_again_from_the_table(tmp_path):
    for seed in (1, 2):
        for desync_s in (0.0, 2.0):
            desync_run(tmp_path / "runs", "mcc", seed, desync_s, error_bpm=3.0)
            desync_run(tmp_path / "runs", "pearson", seed, desync_s, error_bpm=3 + 4 * desync_s)
    text, n_figures, table = run("desync", tmp_path, runs=[str(tmp_path / "runs")])
    assert "at the largest shift, 2 s, in 2 of 2" in text and n_figures == 1
    assert "up to 0 s: MCC below PC in 0 of 2 seeds" in text
    again, _, _ = run("desync", tmp_path / "again", runs=[], results=str(table))
    assert "at the largest shift, 2 s, in 2 of 2" in again
    png = "out/gideon2021_desync.png"
    assert (tmp_path / png).read_bytes() == (tmp_path / "again" / png).read_bytes()


def test_changes_of_heart_rates_are_those_of_the_waves(tmp_path):
    store = prepared_waves(tmp_path / "prepared", {"PURE": 0.4, "UBFC-rPPG": 1.5})
    text, n_figures, table = run("hr_change", tmp_path, runs=[], prepared_dir=str(store))
    assert "8 recordings, 6 with a contact wave, 6 of these kept" in text and n_figures == 1
    assert "in 1 of 2 datasets" in text and "PURE: 5 to 15 s" in text
    numbers = pd.read_csv(table).set_index(["dataset", "interval_s"])["q50_bpm"]
    for dataset, slope in (("PURE", 0.4), ("UBFC-rPPG", 1.5)):
        np.testing.assert_allclose(numbers[dataset], slope * np.arange(1, 16), atol=0.7)
    assert len(pd.read_csv(table.with_name("gideon2021_hr_change_rates.csv"))) == 6 * 26
