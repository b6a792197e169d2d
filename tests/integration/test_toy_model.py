"""A model added by three places, as docs/training.md says: trained by the notebooks, scored."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from helpers.documents import DOCS, files_in, write_files

ROOT = Path(__file__).parents[2]
PROFILE, NAME = "notebooks/profiles/colour_conv.yaml", "ColourConv, from scratch"
ROW = '    "colour_conv": "rppg.models.colour_conv",\n'
FEW = ("pure", "mmse_hr", "disfa", "obf", "cohface", "mr_nirp_car", "vipl_hr", "ubfc_phys")
TINY = {"size": 16, "n_frames": 120, "batch_size": 2, "architecture": {"width": 4}}
TINY |= {"training": {"n_steps": 4, "lr": 1e-3, "warmup_steps": 2, "validate_every": 2}}


def tiny_profile(text: str) -> str:
    """The document's profile on few recordings of `smoke`, with four steps of a small net, and of
    a wider one: an ensemble needs two."""
    settings = yaml.safe_load(text)
    smoke = yaml.safe_load((ROOT / "notebooks/profiles/smoke.yaml").read_text())
    assert settings.pop("extends") == "demo" and list(settings) == ["runs"]
    parameters = settings["runs"]["colour_conv/scratch"]["parameters"]
    parameters |= TINY
    wider = parameters | {"name": "ColourConv, wider", "architecture": {"width": 8}}
    settings["runs"]["colour_conv/wider"] = {"notebook": "04_finetune", "parameters": wider}
    kept = {key: smoke[key] for key in ("log", "challenge", "notebooks") if key in smoke}
    kept["challenge"] |= {f"n_{name}": 0 for name in (*FEW, "ecg_fitness")}
    return yaml.safe_dump(kept | settings)


@pytest.fixture
def project(tmp_path):
    """A copy of the project in which the three places are written."""
    root = tmp_path / "project"
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", ".snakemake")
    for folder in ("rppg", "notebooks", "submissions"):
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    for stale in (root / "submissions").iterdir():
        if stale.is_dir():
            shutil.rmtree(stale)
    shutil.copy(ROOT / "pyproject.toml", root)
    files = files_in("training.md")
    assert {path.split("/")[2] for path in files if "models" in path} == {"colour_conv"}
    write_files(files | {PROFILE: tiny_profile(files[PROFILE])}, root)
    assert f"```python\n{ROW}```" in (DOCS / "training.md").read_text()
    registry = root / "rppg/models/names.py"
    text = registry.read_text()
    last = '    "gideon2021": "rppg.models.gideon2021",\n'
    assert text.count(last) == 1
    registry.write_text(text.replace(last, last + ROW))
    return root


def rppg(project: Path, *arguments: str) -> str:
    """What `rppg` of the copy prints; `python -m` finds the package in the working folder."""
    command = [sys.executable, "-m", "rppg", *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


@pytest.mark.slow
def test_a_model_in_three_places_is_trained_by_the_notebooks_and_scored(project):
    rppg(project, "run", "--profile", "colour_conv")
    board = pd.read_csv(project / "submissions/colour_conv/leaderboard.csv")
    whole = board[board["split"] == "synthetic test"].set_index("model")
    assert {NAME, "ColourConv, wider"} == set(whole.index[whole["kind"] == "learned"])
    assert whole.loc[NAME, "n"] == 8 and whole.loc[NAME, "rmse_bpm"] > 0
    run = project / "runs/colour_conv/colour_conv/scratch"
    about = json.loads((run / "model.json").read_text())
    assert about["model"] == "ColourConv" and about["config"]["width"] == 4
    preview = ("run", "--profile", "colour_conv", "-n")
    assert "nothing to do" in rppg(project, *preview)
    edit(project / "rppg/models/contrast_phys/objective.py", "mcc: float = 0.2", "mcc: float = 0.3")
    assert "nothing to do" in rppg(project, *preview), "the code of another model"
    edit(project / "rppg/losses/roughness.py", "clamp_min(1e-6)", "clamp_min(1e-5)")
    planned = rppg(project, *preview)
    assert "roughness.py" in planned and "colour_conv/scratch" in planned
    assert "01_preprocess" not in planned and "nothing was run" in planned


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
