"""Own videos by the profile `own`, made tiny: from check-data to a submission scored by labels."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers.own_videos import write_own_videos

ROOT = Path(__file__).parents[2]
STEPS = {"n_steps": 4, "lr": 1e-3, "warmup_steps": 2, "validate_every": 2}
NETS = {
    "st_transformer": {"dim": 16, "n_loops": 1, "patch": 4, "pre_norm": True},
    "contrast_phys": {"width": 2, "patch": 2, "time_pools": 1, "form": "chrominance"},
}


def tiny_profile() -> str:
    """The profile `own` with four steps of small nets on short clips."""
    runs = {}
    profile = yaml.safe_load((ROOT / "notebooks/profiles/own.yaml").read_text())
    for name, run in profile["runs"].items():
        given = {"batch_size": 2, "training": STEPS}
        if "parent" not in run:
            given |= {"n_frames": 120, "architecture": NETS[name.split("/")[0]]}
        runs[name] = {"parameters": given}
    return yaml.safe_dump({"extends": "own", "log": False, "runs": runs})


@pytest.fixture
def project(tmp_path):
    """A copy of the project with the profile `tiny`."""
    root = tmp_path / "project"
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", ".snakemake")
    for folder in ("rppg", "notebooks"):
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / "notebooks/profiles/tiny.yaml").write_text(tiny_profile())
    return root


def rppg(project: Path, *arguments) -> str:
    """What `rppg` of the copy prints; `python -m` finds the package in the working folder."""
    command = [sys.executable, "-m", "rppg", *map(str, arguments)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("waves", [False, True], ids=["labels", "waves"])
def test_own_videos_are_trained_on_and_the_held_out_subject_scores(project, tmp_path, waves):
    videos = tmp_path / "videos"
    rates = write_own_videos(videos, waves)
    checked = rppg(project, "check-data", videos)
    acting = "10 with a BVP" if waves else "no BVPs: fine-tuning by the heart rates alone"
    assert f"10 labelled; {acting}" in checked
    assert "VIPL-HR-V2" not in checked and "unused" not in checked
    assert checked.splitlines()[-1] == f"next: rppg run --profile own --data {videos}"
    printed = rppg(project, "run", "--profile", "tiny", "--data", videos)
    assert "submission:" in printed

    folds = pd.read_csv(project / "prepared/tiny/folds/folder.csv")
    subjects = folds.groupby("fold")["subject"].unique().map(len)
    assert subjects.to_dict() == {"dev": 1, "test": 1, "train": 3}
    by_fold = folds.groupby("fold")["id"].apply(set)
    submission = pd.read_csv(project / "submissions/tiny/submission.csv")
    assert set(submission["ids"]) == by_fold["test"] and np.isfinite(submission["HR"]).all()

    board = pd.read_csv(project / "submissions/tiny/leaderboard.csv")
    assert set(board["split"]) == {"synthetic test"} and set(board["n"]) == {2}
    chosen = json.loads((project / "runs/tiny/ensemble/run.json").read_text())["chosen"]
    days = submission["ids"].str.extract("(day[0-9])__(p[0-9].mp4)").agg("/".join, axis=1)
    error_bpm = submission["HR"] - days.map(rates)
    rmse_bpm = board.loc[board["model"] == chosen, "rmse_bpm"].item()
    assert rmse_bpm == pytest.approx(np.sqrt((error_bpm**2).mean()), abs=1.0 if waves else 0.1)

    for run in ("st_transformer/pretrain", "contrast_phys/finetune"):
        table = pd.read_parquet(project / "runs/tiny" / run / "predictions.parquet")
        parts = table.groupby("split")["id"].apply(set).to_dict()
        assert parts == {"validation": by_fold["dev"], "test": by_fold["test"]}
