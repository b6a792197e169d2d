"""A dataset added by two places, as docs/data.md says: read in a copy of the package."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.documents import DOCS, files_in, write_files

ROOT = Path(__file__).parents[3]
ROW = '    "corridor": corridor,\n'
READ = """
import json
from rppg.datasets.readers import find, read
((layout, folder),) = find("data").items()
rows = [(one.id, one.true_hr_bpm(), one.problem) for one in read(layout, folder)]
print(json.dumps([layout, rows]))
"""


@pytest.fixture
def project(tmp_path):
    """A copy of the package in which the two places are written."""
    ignored = shutil.ignore_patterns("__pycache__", "*.safetensors")
    shutil.copytree(ROOT / "rppg", tmp_path / "rppg", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    files = files_in("data.md")
    assert list(files) == ["rppg/datasets/readers/corridor.py"]
    write_files(files, tmp_path)
    assert f"```python\n{ROW}```" in (DOCS / "data.md").read_text()
    init = tmp_path / "rppg/datasets/readers/__init__.py"
    text = init.read_text()
    for line, added in (("    disfa,\n", "    corridor,\n"), ('    "disfa": disfa,\n', ROW)):
        assert text.count(line) == 1
        text = text.replace(line, added + line)
    init.write_text(text)
    return tmp_path


def python(project, *arguments):
    done = subprocess.run([sys.executable, *arguments], cwd=project, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr[-3000:]
    return done.stdout + done.stderr


def write_subject(folder, labels):
    folder.mkdir(parents=True)
    (folder / "walk.mp4").write_bytes(b"")
    if labels is not None:
        (folder / "walk.csv").write_text(labels)


@pytest.mark.slow
def test_a_dataset_in_two_places_is_read_and_its_faults_are_problems(project):
    data = project / "data" / "Corridor"
    write_subject(data / "ann", "time_s,hr_bpm\n0,60\n1,62\n2,64\n")
    write_subject(data / "bob", "time_s;hr_bpm\n0;60\n")
    write_subject(data / "cy", "time_s,hr_bpm\n0,sixty\n")
    write_subject(data / "dee", "time_s,hr_bpm\n0,60,1\n")
    write_subject(data / "eve", None)
    layout, rows = json.loads(python(project, "-c", READ))
    assert layout == "corridor"
    found = {id.split("/")[1]: (rate, problem) for id, rate, problem in rows}
    assert found["ann"] == (62, None) and rows[0][0] == "CORRIDOR/ann/walk"
    for subject, words in (
        ("bob", "expected time_s,hr_bpm"),
        ("cy", "found 'sixty', expected a number"),
        ("dee", "two numbers a line"),
        ("eve", "walk.csv is missing"),
    ):
        assert found[subject][0] is None and words in found[subject][1], found[subject]
    assert "CORRIDOR" in python(project, "-m", "rppg", "check-data", "data")
