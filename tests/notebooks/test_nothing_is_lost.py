"""Executed over a finished run, a notebook loads it or refuses; whatever was trained stays."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from helpers.notebooks import NOTEBOOKS, ROOT, contents, printed, smoke_parameters

from rppg.workflow.notebook import run_notebook
from rppg.workflow.profiles import load_profile

pytestmark = pytest.mark.slow
TRAINED = {
    "02": "st_transformer/pretrain",
    "03": "contrast_phys/pretrain",
    "04": "st_transformer/finetune",
    "gideon2021": "gideon2021/pretrain",
}


@pytest.fixture
def runs(smoke_run, tmp_path):
    """A copy of runs/smoke."""
    shutil.copytree(ROOT / "runs" / "smoke", tmp_path / "smoke")
    return tmp_path / "smoke"


def weights(folder):
    return {k: v for k, v in contents(folder).items() if k.endswith(".safetensors")}


@pytest.mark.parametrize("name", TRAINED.values(), ids=TRAINED)
def test_a_finished_run_is_loaded_and_stays(runs, tmp_path, name):
    notebook, given = smoke_parameters(name, runs)
    before, model = contents(runs), runs / name / "model.safetensors"
    written = model.stat().st_mtime_ns
    run_notebook(notebook, tmp_path / "executed.ipynb", given)
    assert contents(runs) == before and model.stat().st_mtime_ns == written
    assert printed(tmp_path / "executed.ipynb")[1] >= 2


@pytest.mark.parametrize("name", TRAINED.values(), ids=TRAINED)
def test_other_parameters_over_a_finished_run_are_refused(runs, tmp_path, name):
    notebook, given = smoke_parameters(name, runs)
    before = contents(runs)
    with pytest.raises(Exception, match="holds another run") as error:
        run_notebook(notebook, tmp_path / "executed.ipynb", given | {"batch_size": 3, "seed": 5})
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error.value))
    line = next(line for line in text.splitlines() if line.startswith("FileExistsError:"))
    assert "batch_size: 2 -> 3; seed: 0 -> 5" in line
    assert "give another run_dir, or use `rppg run`" in line
    assert contents(runs) == before


@pytest.mark.parametrize("name", list(TRAINED.values())[:3], ids=list(TRAINED)[:3])
def test_a_killed_run_resumes_and_equals_a_straight_one(runs, tmp_path, name):
    notebook, given = smoke_parameters(name, runs)
    given["training"] |= {"n_steps": 40, "validate_every": 4, "save_every": 2}
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    run_notebook(notebook, tmp_path / "1.ipynb", given | {"run_dir": str(straight)})
    given |= {"run_dir": str(killed)}
    child = "import json, sys; from rppg.workflow.notebook import run_notebook\n"
    child += "run_notebook(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))"
    words = [str(notebook), str(tmp_path / "2.ipynb"), json.dumps(given)]
    process = subprocess.Popen([sys.executable, "-c", child, *words], cwd=ROOT)
    while not (killed / "state.pt").is_file():
        assert process.poll() is None, "the notebook ended before its first checkpoint"
        time.sleep(0.01)
    owner = int(re.search(r"process (\d+) on", (killed / ".lock").read_text())[1])
    os.kill(owner, signal.SIGKILL)
    assert process.wait() != 0 and not (killed / "run.json").exists()
    run_notebook(notebook, tmp_path / "3.ipynb", given)
    for file in ("model.safetensors", "predictions.parquet"):
        assert (straight / file).read_bytes() == (killed / file).read_bytes()


def test_01_05_and_06_leave_every_model_as_it_is(runs, tmp_path):
    prepared = tmp_path / "prepared"
    shutil.copytree(ROOT / "prepared" / "smoke", prepared)
    before = weights(runs)
    given = {"data_dir": "data/smoke", "prepared_dir": str(prepared), "workers": 2}
    given |= {"run_dir": str(runs / "classical"), "crops": ["face", "wide"]}
    run_notebook(NOTEBOOKS / "01_preprocess.ipynb", tmp_path / "01.ipynb", given)
    names = ["classical", *load_profile("smoke").runs]
    tables = [str(runs / name / "predictions.parquet") for name in names]
    given = {"predictions": tables, "prepared_dir": str(prepared)}
    ensemble = str(runs / "ensemble")
    run_notebook(
        NOTEBOOKS / "05_ensemble.ipynb", tmp_path / "05.ipynb", given | {"run_dir": ensemble}
    )
    given["predictions"] = [*tables, f"{ensemble}/predictions.parquet"]
    given |= {"data_dir": "data/smoke", "ensemble_dir": ensemble}
    given |= {"submission_dir": str(tmp_path / "out")}
    run_notebook(NOTEBOOKS / "06_submit.ipynb", tmp_path / "06.ipynb", given)
    assert weights(runs) == before and len(before) >= 10
