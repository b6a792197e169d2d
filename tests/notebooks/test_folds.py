"""Folds from end to end: every labelled recording is predicted by a model that has not seen it."""

import json

import pandas as pd
import pytest
from helpers.notebooks import ROOT, rppg_run

pytestmark = pytest.mark.slow

RUNS = ROOT / "runs" / "folds_smoke"
FOLDED = ("st_transformer/finetune", "contrast_phys/finetune")


@pytest.fixture(scope="module")
def folds_run():
    return rppg_run("--profile", "folds_smoke").stdout


def test_each_labelled_recording_is_predicted_by_a_model_that_has_not_seen_its_subject(folds_run):
    index = pd.read_parquet(ROOT / "prepared" / "folds_smoke" / "index.parquet")
    labelled = index[(index["dataset"] == "VIPL-HR-V2") & (index["status"] == "ok")]
    for run in FOLDED:
        table = pd.read_parquet(RUNS / run / "predictions.parquet")
        assert table["model"].nunique() == 1 and not table["id"].duplicated().any()
        out_of_fold = set(table.loc[table["split"] == "validation", "id"])
        assert out_of_fold == set(labelled["id"])
        seen = {}
        for k in (1, 2, 3):
            fold = pd.read_parquet(RUNS / f"{run}_folds" / str(k) / "predictions.parquet")
            left_out = fold.loc[fold["split"] == "validation", "id"]
            assert left_out.str.split("/").str[1].nunique() == 1  # of three subjects
            seen |= dict.fromkeys(left_out, k)
        assert set(seen) == out_of_fold


def test_the_ensemble_is_chosen_on_them_and_the_leaderboard_has_one_row_a_model(folds_run):
    chosen = json.loads((RUNS / "ensemble" / "run.json").read_text())
    assert chosen["validation"]["n"] == 6 and chosen["nested"]["n"] == 6
    board = pd.read_csv(ROOT / "submissions" / "folds_smoke" / "leaderboard.csv")
    counts = board.groupby(["model", "split"]).size()
    assert counts.max() == 1
    shown = set(board["model"])
    assert {"ST-Transformer, fine-tuned", "Contrast-Phys+, fine-tuned", "box: consensus"} <= shown
    assert not any("no labels" in name for name in chosen["members"])  # they have predicted less


def test_a_fold_that_is_lost_is_trained_again_and_no_other(folds_run):
    (RUNS / "contrast_phys" / "finetune_folds" / "2" / "predictions.parquet").unlink()
    planned = rppg_run("--profile", "folds_smoke", "-n").stdout
    lines = [line.split("  ")[0] for line in planned.splitlines()]
    assert "contrast_phys/finetune, fold 2 of 3" in lines and "contrast_phys/finetune" in lines
    assert not any("fold 1" in line or "fold 3" in line for line in lines)
    again = rppg_run("--profile", "folds_smoke")
    assert again.returncode == 0
    assert "nothing to do" in rppg_run("--profile", "folds_smoke", "-n").stdout
