"""The notebooks of Gideon2021's tables and of its weights, run on made-up runs."""

import json

import pandas as pd
import pytest
from helpers.gideon2021 import made_up_run
from helpers.notebooks import STUDIES, printed

from rppg.workflow.notebook import run_notebook


@pytest.mark.slow
def test_tables_from_runs_and_again_from_their_csv(tmp_path):
    runs = [tmp_path / "runs" / f"made_up-{seed}" for seed in (1, 2)]
    for seed, run in enumerate(runs, start=1):
        for loss in ("mcc", "multiview"):
            made_up_run(run, loss=loss, seed=seed)
            made_up_run(run, loss=loss, seed=seed, saliency=True, error_bpm=30.0)
    given = {"profile": "made_up", "runs": [str(run) for run in runs]}
    given |= {"out_dir": f"{tmp_path}/out"}
    run_notebook(
        STUDIES / "gideon2021" / "gideon2021_tables.ipynb", tmp_path / "executed.ipynb", given
    )
    text, n_figures = printed(tmp_path / "executed.ipynb")
    assert "synthetic data, seeds [1, 2]; a net learned from PURE" in text and n_figures == 1
    assert text.count("ours measured on synthetic data; published: on the real datasets") == 2
    assert "contrastive: RMSE below mean and median everywhere (PURE; seeds 1, 2): yes" in text
    assert "no, not on PURE (seed 1), PURE (seed 2)" in text

    table = tmp_path / "out" / "gideon2021_tables.csv"
    again = {"runs": [], "results": str(table), "out_dir": f"{tmp_path}/again"}
    run_notebook(
        STUDIES / "gideon2021" / "gideon2021_tables.ipynb", tmp_path / "again.ipynb", again
    )
    first, second = (tmp_path / folder / "gideon2021_tables.png" for folder in ("out", "again"))
    assert first.read_bytes() == second.read_bytes()
    assert len(pd.read_csv(table)) == 2 * 4 * 6  # seeds, systems, rows
    facts = json.loads((tmp_path / "again" / "gideon2021_tables.json").read_text())
    assert facts["origin"] == "synthetic" and len(facts["verdict"]) == 2


@pytest.mark.slow
def test_weights_from_runs(tmp_path):
    run = tmp_path / "runs" / "made_up"
    made_up_run(run)  # of another study
    for w_s in (0.0, 1.0):
        for w_t in (0.0, 1.0):
            given = {"w_s": w_s, "w_t": w_t, "study": "regularisation", "saliency": True}
            made_up_run(run, **given, error_bpm=5.0 - w_s)
    given = {"profile": "made_up", "runs": [str(run)], "out_dir": f"{tmp_path}/out"}
    notebook = STUDIES / "gideon2021" / "gideon2021_regularisation.ipynb"
    run_notebook(notebook, tmp_path / "executed.ipynb", given)
    text, n_figures = printed(tmp_path / "executed.ipynb")
    assert "synthetic PURE: 6 recordings, seeds [1]" in text and n_figures == 2
    assert "maps sharper with w_s = 1 than with 0: 2 of 2 nets" in text
    table = pd.read_csv(tmp_path / "out" / "gideon2021_regularisation.csv")
    assert table["rmse_change_bpm"].round(3).tolist() == [0, 0, -1, -1]
    assert (tmp_path / "out" / "gideon2021_regularisation.png").is_file()
    assert (tmp_path / "out" / "gideon2021_table7.png").is_file()
