"""The commands of README and docs, run as they are printed if that takes less than a minute.

Every whole `rppg` command of a page is in one of two lists here: a new one that is in neither is a
failure.  Those that run have small inputs under the names that the documents use.
"""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.documents import PAGES, commands_in
from helpers.vision_clips import write_clip

from rppg.synthetic.challenge import write_challenge
from rppg.synthetic.config import ChallengeConfig

ROOT = Path(__file__).parents[2]
NOT_RUN = {  # pattern -> why
    r"run(?!.* -n$).*": "minutes to hours: tests/notebooks run the smoke profiles",
    r"challenge .*": "minutes of rendering: tests/unit/synthetic write fewer clips",
    r"predict data/judge": "needs these",
    r"simulate .*": "2000 clips: tests/unit/synthetic write fewer",
    r"live.*": "a camera or a window: tests/unit/inference read a file in a terminal",
    r"export .*": "ONNX is not in requirements.lock: tests/unit/models",
    r"kaggle .*": "downloads wheels: tests/unit/workflow run it without them",
    r"folds .*": "needs prepared datasets: tests/unit/test_cli_data.py",
}
COMMANDS = sorted({shlex.join(line) for page in PAGES for line in commands_in(page, "rppg", True)})
RUN = [text for text in COMMANDS if not any(re.fullmatch(one, text) for one in NOT_RUN)]
TINY = {"n_ubfc": 4, "n_train": 4, "n_test_vipl": 1, "n_test_obf": 1, "seconds": 4.0}
TINY |= {"n_disfa": 4}  # as many of each as a batch has
OTHERS = ("pure", "mmse_hr", "obf", "cohface", "mr_nirp_car", "vipl_hr", "ubfc_phys")
NONE = {f"n_{name}": 0 for name in (*OTHERS, "ecg_fitness")}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with the project's notebooks and package, and with what the documents name."""
    root = tmp_path_factory.mktemp("documented") / "project"
    for folder in ("notebooks", "rppg", "submissions"):
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", ".snakemake")
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", root)
    write_challenge(root / "DATA", ChallengeConfig(**TINY, **NONE, ubfc_seconds=4.0), workers=1)
    write_clip(root / "face.mp4", seconds=4.0)
    shutil.copy(root / "face.mp4", root / "two_people.mp4")
    (root / "videos").mkdir()
    shutil.copy(root / "face.mp4", root / "videos")
    (root / "submissions/paper").mkdir()
    sample = root / "DATA/sample_submission.csv"
    shutil.copy(sample, root / "submissions/paper/submission.csv")
    return root


def test_the_lists_have_no_entry_that_no_page_needs():
    unused = [one for one in NOT_RUN if not any(re.fullmatch(one, text) for text in COMMANDS)]
    assert not unused and len(RUN) >= 12


@pytest.mark.slow
@pytest.mark.parametrize("command", RUN)
def test_a_documented_command_runs(project, command):
    arguments = shlex.split(command)
    run = [sys.executable, "-m", "rppg", *arguments]
    done = subprocess.run(run, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, f"rppg {command}\n{(done.stdout + done.stderr)[-3000:]}"
    for option in ("--out", "--plot", "--report"):
        if option in arguments:
            written = project / arguments[arguments.index(option) + 1]
            assert written.stat().st_size > 0
