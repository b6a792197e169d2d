"""A project in a folder of its own: a copy of the package and the Snakefile, with notebooks that
only write a line, so that a whole run takes seconds."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import yaml

from helpers.reader_files import put

ROOT = Path(__file__).parents[2]
WRITE = """from pathlib import Path
def write(folder, *names):
    for name in names:
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / name).write_text(f"{folder}/{name}")
"""
FAIL = """if fail:
    raise ValueError('on purpose')
"""
RUN = FAIL + "write(run_dir, 'predictions.parquet', 'run.json')"
STUDY = "profile: str = ''\nruns: list = []\nout_dir: str = ''"
COLLECT = """tables = sorted(str(path) for run in runs for path in Path(run).rglob('*.parquet'))
Path(out_dir, '{}.csv').write_text('\\n'.join([profile, *tables]))"""
SUBMIT = """import json
write(submission_dir, 'submission.csv', 'run.json', 'report.html')
facts = {'git_commit': 40 * 'a' + '+changes', 'parameters': {'model': 'Ensemble'}, 'origin': 'real'}
facts |= {'validation': {'rmse_bpm': 4.5, 'n': 26}}
Path(submission_dir, 'run.json').write_text(json.dumps(facts))
lines = ['model,kind,split,n,rmse_bpm,rmse_low,rmse_high,mae_bpm,within_5bpm,pearson_r']
lines += ['Ensemble,ensemble,test,48,5.0,4.0,6.0,3.0,0.9,0.9']
lines += ['mean of training,null,test,48,31.0,27.0,35.0,27.0,0.06,']
Path(submission_dir, 'leaderboard.csv').write_text('\\n'.join(lines))"""
NOTEBOOKS = {  # name: cell of parameters, code
    "01_preprocess": (
        "data_dir: str = ''\nprepared_dir: str = ''\nrun_dir: str = ''\nworkers: int = 1\n"
        "seed: int = 0",
        "write(prepared_dir, 'index.parquet'); write(run_dir, 'predictions.parquet')",
    ),
    "02_learn": (
        "prepared_dir: str = ''\nrun_dir: str = ''\nthreads: int = 1\nseed: int = 0\n"
        "training: dict = {}\nfail: bool = False",
        RUN,
    ),
    "04_tune": (
        "prepared_dir: str = ''\nrun_dir: str = ''\nthreads: int = 1\nseed: int = 0\n"
        "parent: str = ''\nfail: bool = False",
        RUN,
    ),
    "05_ensemble": (
        "predictions: list = []\nprepared_dir: str = ''\nrun_dir: str = ''",
        "write(run_dir, 'predictions.parquet', 'run.json')",
    ),
    "06_submit": (
        "data_dir: str = ''\npredictions: list = []\nsubmission_dir: str = ''\n"
        "ensemble_dir: str = ''\nprepared_dir: str = ''",
        SUBMIT,
    ),
    "studies/train": (
        "prepared_dir: str = ''\nrun_dir: str = ''\nthreads: int = 1\nseed: int = 0\n"
        "datasets: list = []\nloss: str = ''\nfail: bool = False",
        RUN,
    ),
    "studies/relcon/relcon_windows": (
        "data_dir: str = ''\nprepared_dir: str = ''\nmore_data: list = []",
        "assert Path(data_dir).is_dir(); write(prepared_dir, 'index.parquet')",
    ),
    "studies/first/first": (STUDY, COLLECT.format("first")),
    "studies/second/second": (STUDY + "\nfail: bool = False", FAIL + COLLECT.format("second")),
}
TOY = {
    "challenge": None,
    "notebooks": {"01_preprocess": {"workers": 1}},
    "runs": {
        "net/learn": {"notebook": "02_learn", "parameters": {"training": {"n_steps": 800}}},
        "net/tune": {"notebook": "04_tune", "parent": "net/learn"},
        "other/learn": {"notebook": "02_learn", "gpu": 1},
    },
}


def put_data(root: Path) -> None:
    """The least that a run is not refused on; the notebooks do not open it."""
    for subject in "12":
        put(root / "VIPL-HR-V2" / "train" / subject / "video1.mp4.avi")
        put(root / "VIPL-HR-V2" / "train" / subject / "gt.csv", ",video1\nHeart rate,70.0\n")
    put(root / "UBFC-rPPG" / "DATASET_2" / "subject1" / "vid.avi")
    put(root / "test" / "VIPL_HR" / "1" / "video1.avi")
    put(root / "video.avi", "frames")


def toy_project(folder: Path) -> Path:
    """The project's folder, with the profile "toy" and a folder `data` that it is run on."""
    shutil.copytree(ROOT / "rppg", folder / "rppg", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "notebooks" / "profiles").mkdir(parents=True)
    shutil.copytree(ROOT / "notebooks" / "workflow", folder / "notebooks" / "workflow")
    for name, (parameters, code) in NOTEBOOKS.items():
        write_notebook(folder, name, parameters, code)
    put_data(folder / "data")
    write_profile(folder, TOY)
    return folder


def write_notebook(folder: Path, name: str, parameters: str, code: str) -> None:
    path = folder / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(_notebook(parameters, code), path)


def write_profile(folder: Path, settings: dict, name: str = "toy") -> None:
    path = folder / "notebooks" / "profiles" / f"{name}.yaml"
    path.write_text(yaml.safe_dump(settings, sort_keys=False))


def rppg_run(folder: Path, *arguments, data="data", **environment) -> subprocess.CompletedProcess:
    """`rppg run --profile toy --data data ...` in the folder, with the folder's own package; data
    None: on the embedded recordings."""
    command = [sys.executable, "-m", "rppg.cli", "run", *map(str, arguments)]
    command += [] if data is None else ["--data", str(data)]
    command += [] if "--profile" in arguments else ["--profile", "toy"]
    return subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True
    )


def planned(folder: Path, *arguments, data="data") -> dict[str, str]:
    """What `-n` says: stage to reason, in order."""
    done = rppg_run(folder, "-n", *arguments, data=data)
    assert done.returncode == 0, done.stderr
    rows = [line.split("  ", 1) for line in done.stdout.splitlines()[1:-1]]
    return {stage: why.strip() for stage, why in rows}


def until(holds, seconds: float = 60.0) -> bool:
    """Whether something holds within that time."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return holds()


def _notebook(parameters: str, code: str) -> nbformat.NotebookNode:
    tagged = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    book = nbformat.v4.new_notebook(cells=[tagged, nbformat.v4.new_code_cell(WRITE + code)])
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return book
