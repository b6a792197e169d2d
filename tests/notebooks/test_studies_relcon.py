"""RelCon's notebooks: windows of real layouts, and what is evaluated, on made-up runs."""

import json

import helpers.imu_files as motion_files
import numpy as np
import pandas as pd
import pytest
from helpers.notebooks import ROOT, STUDIES, printed, rppg_run
from helpers.odd_tables import N, csv, frame, put
from helpers.relcon import RUNS, made_up_distance, made_up_run, made_up_study

from rppg.studies.relcon.data.readers import find_motion
from rppg.studies.relcon.data.window_store import read_windows, write_windows
from rppg.studies.relcon.results.runs import METHODS
from rppg.workflow.notebook import run_notebook
from rppg.workflow.profiles import load_profile
from rppg.workflow.stages import stages_of

NOTEBOOK = STUDIES / "relcon" / "relcon_evaluate.ipynb"
WINDOWS = STUDIES / "relcon" / "relcon_windows.ipynb"
PRETRAIN = STUDIES / "relcon" / "relcon_pretrain.ipynb"
NOTHING_TO_DO = "nothing to do: every stage is up to date\n"


def given(folder, runs):
    made = {"profile": "made_up", "runs": [str(runs)], "prepared": f"{folder}/prepared"}
    return made | {"out_dir": f"{folder}/out"}


@pytest.mark.slow
def test_relcon_is_evaluated_from_runs(tmp_path):
    runs = made_up_study(tmp_path)
    run_notebook(NOTEBOOK, tmp_path / "executed.ipynb", given(tmp_path, runs))
    text, n_figures = printed(tmp_path / "executed.ipynb")
    assert n_figures == 2 and "encoders learned from simulator (synthetic); seeds [1, 2]" in text
    assert "simulator (synthetic), 5 labels a class: RelCon 0." in text
    assert "against hand-made features, of 4 numbers of labels: " in text
    assert "mean over seeds [95 % interval over subjects and seeds;" in text
    mean = "each window's mean is subtracted, which is not in the paper"
    assert f"RelCon's distance: {mean}; used by RelCon" in text
    assert "windows include gravity, as in the paper; used by no encoder" in text
    assert "against random encoder, of 4 numbers of labels: better 4" in text
    assert "RelCon's distance (synthetic), same activity nearer than another: AUC 0.660" in text
    assert "57.63 ± 3.24" in text and "Table 3 (Opportunity, PAMAP2) is not listed" in text
    out = tmp_path / "out"
    summary = pd.read_csv(out / "relcon_evaluate.csv")
    assert len(summary) == 2 * 4 * len(RUNS) and (summary["n_subjects"] == 4).all()
    assert len(pd.read_csv(out / "relcon_scores.csv")) == 2 * len(summary)
    assert len(pd.read_csv(out / "relcon_against.csv")) == 2 * 4 * (len(RUNS) - 1)
    assert len(pd.read_csv(out / "relcon_distance.csv")) == 3 * 2 * 2
    for name in ("evaluate_synthetic", "confusion_simulator"):
        assert (out / f"relcon_{name}.png").is_file()
    facts = json.loads((out / "relcon_evaluate.json").read_text())
    assert facts["origin"] == "synthetic" and len(facts["verdict"]) == 2 * 4 * 6 + 2 * 6
    assert len(facts["predictions"]) == 2 * len(RUNS)


@pytest.mark.slow
def test_real_files_become_windows_and_broken_ones_are_listed(tmp_path):
    data, prepared = tmp_path / "data", tmp_path / "prepared"
    motion_files.pamap2(data, activities=[0] * 256 + [4] * 600)
    broken = motion_files.pamap2(data, "Protocol/subject102.dat", activities=[4] * 600)
    broken.write_text(broken.read_text().partition(" ")[2])  # the first line lacks a word
    named = ["7030 sleeping;MET 0.95"] * 300 + ["17190 walking;MET 3.0"] * 300
    motion_files.capture24(tmp_path / "more", annotations=named)
    cut = motion_files.capture24(tmp_path / "more", "P002", annotations=named)
    cut.write_bytes(cut.read_bytes()[:-100])
    given = {"data_dir": str(data), "prepared_dir": str(prepared)}
    given |= {"more_data": [str(tmp_path / "more"), "nowhere"]}
    run_notebook(WINDOWS, tmp_path / "executed.ipynb", given)
    text, n_figures = printed(tmp_path / "executed.ipynb")
    assert n_figures == 2 and "nowhere: not on this machine" in text and "5 windows ->" in text
    problems = pd.read_csv(prepared / "problems.csv")
    assert problems["name"].tolist() == ["PAMAP2_Dataset/Protocol/subject102.dat", "P002.csv.gz"]
    for reason, part in zip(problems["reason"], ("has 53 columns", "a whole gzip"), strict=True):
        assert part in reason
    assert all(reason in text for reason in problems["reason"])
    windows = read_windows(prepared)
    found = windows.table.groupby(["dataset", "activity"])["subject"].agg(list).to_dict()
    assert found == {
        ("PAMAP2", ""): ["101"],
        ("PAMAP2", "walking"): ["101"] * 2,
        ("Capture-24", "sleep"): ["P001"],
        ("Capture-24", "walking"): ["P001"],
    }
    assert (windows.table["origin"] == "real").all()
    heights_g = np.linalg.norm(windows.xyz_g, axis=2)
    np.testing.assert_allclose(heights_g, np.hypot(1, 0.1), atol=1e-4)


@pytest.mark.slow
def test_table_4_reads_windows_of_two_seconds_at_pamap2_s_ankle(tmp_path):
    motion_files.pamap2(tmp_path, activities=[4] * 600)
    (stage,) = (
        stage
        for stage in stages_of(load_profile("relcon_table4", data=tmp_path))
        if stage.rule == "relcon_windows"
    )
    folders = {"data_dir": str(tmp_path), "prepared_dir": str(tmp_path / "prepared")}
    run_notebook(WINDOWS, tmp_path / "executed.ipynb", stage.parameters | folders)
    xyz_g = np.asarray(read_windows(tmp_path / "prepared").xyz_g)
    assert xyz_g.shape == (3, 200, 3)
    np.testing.assert_allclose(xyz_g[0, 0], [0.1, 0.0, 1.0], atol=1e-4)  # the wrist's is along x


@pytest.mark.slow
def test_a_table_without_activities_is_probed_for_its_target_and_the_rest_is_printed(tmp_path):
    for name in ("ann", "bob", "cy", "di", "eve", "flo"):
        values = np.where(np.arange(N) % 100 == 0, 60 + 5.0 * len(name), np.nan)
        table = frame(subject=name, activity="", hr_bpm=values, device="left")
        table = pd.concat([table.assign(session=str(k)) for k in range(9)])
        put(tmp_path, f"{name}.csv", csv(table))
    write_windows(tmp_path / "prepared", find_motion(tmp_path), progress=False)
    given = {"prepared_dir": str(tmp_path / "prepared"), "run_dir": str(tmp_path / "run")}
    given |= {"method": "random", "datasets": ["mine"], "targets": ["hr_bpm", "heart_rate"]}
    run_notebook(PRETRAIN, tmp_path / "executed.ipynb", given | {"n_labels": [1, 0]})
    text, _ = printed(tmp_path / "executed.ipynb")
    assert "target heart_rate: no tested window has a value; numeric columns with" in text
    assert "mine, hr_bpm, labels per class 1: skipped; fold 0 has" in text
    rows = pd.read_parquet(tmp_path / "run" / "predictions.parquet")
    assert set(rows["task"]) == {"hr_bpm"} and set(rows["n_labels"]) == {"all"}


@pytest.mark.slow
def test_a_tested_subject_of_pre_training_is_an_error(tmp_path):
    runs = made_up_study(tmp_path, seeds=(1,))
    index = tmp_path / "prepared" / "made_up" / "index.parquet"
    table = pd.read_parquet(index)
    tested = set(pd.read_parquet(runs / "relcon" / "seed1" / "predictions.parquet")["subject"])
    fewer = table[table["subject"].isin(sorted(tested))]  # of these, most are learned from
    fewer.to_parquet(index)
    with pytest.raises(Exception, match="subjects that are tested were learned from"):
        run_notebook(NOTEBOOK, tmp_path / "executed.ipynb", given(tmp_path, runs))


@pytest.mark.slow
def test_a_missing_method_is_an_error(tmp_path):
    runs = tmp_path / "runs" / "made_up"
    whole = made_up_study(tmp_path / "whole", seeds=(1,))
    for name in ("relcon", "simclr"):
        rows = pd.read_parquet(whole / name / "seed1" / "predictions.parquet")
        made_up_run(runs, rows)
    made_up_distance(runs)
    with pytest.raises(Exception, match=r"methods are \['RelCon', 'SimCLR'\]"):
        run_notebook(NOTEBOOK, tmp_path / "executed.ipynb", given(tmp_path / "whole", runs))


@pytest.mark.slow
def test_relcon_runs_from_wrists_to_tables_on_very_little():
    root = ROOT
    done = rppg_run("relcon_smoke")
    out = root / "submissions" / "relcon_smoke"
    assert done.stdout.splitlines()[-1] == f"study: {out / 'relcon_evaluate.csv'}"
    table = pd.read_csv(out / "relcon_evaluate.csv")
    cases = table.groupby(["task", "n_labels"])["method"].agg(list)
    assert len(cases) == 2 * 4 and (table["origin"] == "synthetic").all()
    assert all(sorted(methods) == sorted(METHODS) for methods in cases)
    assert table["mean"].between(-1, 1).all() and (table["n_seeds"] == 1).all()
    distances = pd.read_csv(out / "relcon_distance.csv")
    assert {"RelCon's distance", "REBAR's distance"} == set(distances["name"])
    assert distances["learned"].between(0, 1).all()
    for name in ("relcon_seed1", "random_seed1"):  # no other profile computes these
        assert printed(out / "notebooks" / f"{name}.ipynb")[1] >= 1
    again = rppg_run("relcon_smoke", "-n")
    assert again.stdout.startswith(NOTHING_TO_DO), again.stderr  # then, what is reused from where


@pytest.mark.slow
def test_relcon_s_curves_and_variants_run_on_very_little():
    rppg_run("relcon_bench_smoke")
    out = ROOT / "submissions" / "relcon_bench_smoke"
    curves = pd.read_csv(out / "relcon_curves.csv")
    assert set(curves["n_learned"]) == {2, curves["n_learned"].max()}
    assert set(curves["method"]) == {"RelCon", "SimCLR", "hand-made features"}
    assert curves["mean"].between(0, 1).all() and (out / "relcon_curves.png").is_file()
    changes = pd.read_csv(out / "relcon_variants_against.csv")
    assert set(changes["method"]) == {"RelCon, fine-tuned", "RelCon, hard positives only"}
    again = rppg_run("relcon_bench_smoke", "-n")
    assert again.stdout.startswith(NOTHING_TO_DO), again.stderr  # then, what is reused from where
