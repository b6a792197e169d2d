"""A project of its own for tests of profiles: notebooks with nothing but a cell of parameters.

project = profile_project(tmp_path, monkeypatch)
project.write("mine", "runs: {net/learn: {notebook: 02_learn}}")
load_profile("mine")
"""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from rppg.workflow.profiles import ProfileError, load_profile

PATHS = "prepared_dir: str = ''\nrun_dir: str = ''\nthreads: int = 1\nseed: int = 0\n"
STUDY = "profile: str = ''\nruns: list = []\nout_dir: str = ''\n"
LEARN = (
    "size: int = 16\nrate: float = 0.1\nname: str = ''\nquiet: bool = False\nspeeds: list = []\n"
    "flip_time: float = 0.5\nnormalise: str = 'ratio'\nchoose_by: str = 'ipr'\nviews: int = 0\n"
    "test_time: list = []\n"
    "datasets: list = ['PURE']\nvalidation: str = 'PURE'\nself_supervised: float = 1.0\n"
)
FIRST = (
    "methods: list = ['POS', 'MR-PBV']\ncrops: list = ['face']\nprotocols: dict = {}\n"
    "shard: str = '1/1'\nlayouts: list = []\n"
)
NOTEBOOKS = {
    "01_preprocess": "data_dir: str = ''\nworkers: int = 2\n" + FIRST + PATHS,
    "02_learn": PATHS + LEARN + "training: dict = {}\nweights: dict = {}\n",
    "04_tune": PATHS + LEARN + "parent: str = ''\nteacher: str = ''\nfold: str = ''\n",
    "05_ensemble": "predictions: list = []\nclassical: list = ['MR-PBV']\n" + PATHS,
    "06_submit": "model: str = ''\ndata_dir: str = ''\n" + PATHS,
    "studies/collect/collect": STUDY,
    "studies/short/short": "profile: str = ''\n",
    "studies/relcon/relcon_windows": "data_dir: str = ''\nprepared_dir: str = ''\n",
}
SOURCES = (  # of the package, whose configs are read as text
    *("training/config.py", "synthetic/config.py", "studies/relcon/simulator/simulate.py"),
)
USES_PROJECT_DIR = (
    *("profile_files", "profile_schema", "profile_checks", "profile_members", "typed_fields"),
)


class Project(NamedTuple):
    """Its folder."""

    root: Path

    def write(self, name: str, text: str | bytes) -> Path:
        """A profile with this text; returns its path."""
        path = self.root / "notebooks" / "profiles" / f"{name}.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path


def profile_project(root: Path, monkeypatch) -> Project:
    """Make the project in root, and let rppg.workflow read its profiles."""
    project = write_project(root)
    package = Path(__file__).parents[2] / "rppg"
    for name in SOURCES:
        (root / "rppg" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "rppg" / name).write_text((package / name).read_text())
    for module in USES_PROJECT_DIR:
        monkeypatch.setattr(f"rppg.workflow.{module}.project_dir", lambda start=None: root)
    return project


def write_project(root: Path) -> Project:
    """The project's notebooks, without a package."""
    (root / "notebooks" / "profiles").mkdir(parents=True)
    for name, parameters in NOTEBOOKS.items():
        cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": [parameters]}
        path = root / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"cells": [cell]}))
    return Project(root)


def refused_in_one_line(project: Project, text: str | bytes, says: str) -> None:
    """Load a profile with this text, which must fail with one line that matches `says`, and with
    nothing run by a shell."""
    project.write("mine", text)
    with pytest.raises(ProfileError, match=says) as error:
        load_profile("mine")
    line = str(error.value)
    assert "\n" not in line and len(line) < 500 and "expected" in line
    assert "mine.yaml" in line or "around.yaml" in line
    assert not list(project.root.rglob("PWNED"))
