"""The notebooks of studies, run on made-up results and on very little."""

import json

import pandas as pd
import pytest
from helpers.ablation import made_up_grid
from helpers.notebooks import ALL, NOTEBOOKS, ROOT, STUDIES, printed, rppg_run

from rppg.studies.ablation.published import repeated_rows
from rppg.workflow.notebook import run_notebook
from rppg.workflow.profiles import load_profile

ABLATION = STUDIES / "ablation" / "ablation.ipynb"


def has_nothing_to_do(profile: str) -> bool:
    planned = rppg_run(profile, "-n")
    return "nothing to do" in (planned.stdout + planned.stderr).lower()


def test_there_are_studies():
    assert ABLATION in ALL


@pytest.mark.slow
def test_the_ablation_runs_from_faces_to_tables_on_very_little():
    root = ROOT
    rppg_run("ablation_smoke")
    table = pd.read_csv(root / "submissions" / "ablation_smoke" / "ablation.csv")
    assert table[["table", "row", "seed"]].to_numpy().tolist() == [[1, 2, 1], [2, 12, 1]]
    assert (table["origin"] == "synthetic").all() and table["rmse_bpm"].between(0, 140).all()
    assert has_nothing_to_do("ablation_smoke")


@pytest.mark.slow
def test_the_papers_tables_at_the_papers_size_go_a_few_steps(smoke_run, tmp_path):
    runs = load_profile("ablation_paper").runs
    assert {name for name in runs if name.startswith("table")} == {
        *(f"table1/row{row:02}" for row in range(1, 7)),
        *(f"table2/row{row:02}" for row in range(1, 13)),
    }
    run = runs["st_transformer/ubfc"]
    short = {"n_frames": 120, "batch_size": 2, "n_workers": 0, "threads": 2}
    short |= {"prepared_dir": "prepared/smoke", "run_dir": str(tmp_path / "run")}
    short["training"] = run.parameters["training"] | {"n_steps": 2, "log_every": 1}
    notebook = NOTEBOOKS / f"{run.notebook}.ipynb"
    run_notebook(notebook, tmp_path / "executed.ipynb", run.parameters | short)
    model = json.loads((tmp_path / "run" / "model.json").read_text())
    assert model["config"]["dim"] == 128 and model["config"]["n_loops"] == 6
    losses = pd.read_csv(tmp_path / "run" / "metrics.csv")
    assert len(losses) == 2 and (losses[["bandwidth", "periodicity"]] > 0).all(axis=None)


@pytest.mark.slow
def test_gideon2021_runs_from_faces_to_figures_on_very_little():
    root = ROOT
    profile = load_profile("gideon2021_smoke")
    rppg_run("gideon2021_smoke")
    out = root / "submissions" / "gideon2021_smoke"
    for name in profile.studies:
        assert len(pd.read_csv(out / f"{name}.csv")) and (out / f"{name}.png").is_file()
    tables = pd.read_csv(out / "gideon2021_tables.csv")
    assert {"UBFC-rPPG", "PURE", "COHFACE", "MR-NIRP-Car"} <= set(tables["dataset"])
    for name in profile.runs:
        executed = out / "notebooks" / f"{name.replace('/', '_')}.ipynb"
        assert "collapsed" not in printed(executed)[0] and printed(executed)[1] >= 2
    assert has_nothing_to_do("gideon2021_smoke")


@pytest.mark.slow
def test_ablation_from_runs_and_again_from_its_table(tmp_path):
    runs = load_profile("ablation").runs
    rows = repeated_rows({name: run.parent for name, run in runs.items()})
    paper = {(row["table"], row["row"]): row["paper_rmse_bpm"] for row in rows}
    other_bpm = 12.0  # of the rows that the paper does not have
    error_bpm = {key: other_bpm if value is None else value for key, value in paper.items()}
    runs = made_up_grid(tmp_path, "ablation", rows, [1, 2], lambda t, r, s: error_bpm[t, r] - s)
    board = pd.DataFrame({"model": ["net", "mean of training"], "kind": ["learned", "null"]})
    board.assign(split="synthetic test", n=48, rmse_bpm=[5.0, 30.0]).to_csv(tmp_path / "b.csv")
    given = {"out_dir": f"{tmp_path}/out", "leaderboard": f"{tmp_path}/b.csv"}
    given |= {"runs": [str(run) for run in runs]}
    run_notebook(ABLATION, tmp_path / "executed.ipynb", given)
    text, n_figures = printed(tmp_path / "executed.ipynb")
    assert "25 of 25 orderings hold" in text and "mean of training" in text and n_figures == 1
    assert text.count("measured on synthetic data; the paper's numbers are from") == 3

    table = tmp_path / "out" / "ablation.csv"
    again = {"runs": [], "results": str(table), "out_dir": f"{tmp_path}/again"}
    again |= {"leaderboard": f"{tmp_path}/none.csv"}
    run_notebook(ABLATION, tmp_path / "again.ipynb", again)
    assert "none.csv does not exist" in printed(tmp_path / "again.ipynb")[0]
    for name in ("orderings.csv", "ablation.png"):
        first, second = (tmp_path / folder / name for folder in ("out", "again"))
        assert first.read_bytes() == second.read_bytes()
    assert json.loads((tmp_path / "again" / "run.json").read_text())["origin"] == "synthetic"
    assert len(pd.read_csv(table)) == 46 and not (tmp_path / "again" / "ablation.csv").exists()
