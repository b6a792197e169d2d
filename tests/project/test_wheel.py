"""The wheel in an environment that holds what it asks for and nothing else: `rppg predict` works.

Nothing is downloaded: the environment gets links to those packages of this one that the wheel
requires without an extra, and to what they require.
"""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from helpers.vision_clips import write_clip
from packaging.requirements import Requirement

from rppg.models.checkpoint import save_model
from rppg.models.registry import build, inputs_of

ROOT = Path(__file__).parents[2]
SUITE = "IPython jupyterlab papermill snakemake lightning_fabric tensorboard pyarrow skimage yaml"
WEIGHTS = ("rppg/models/weights/any.safetensors", "rppg/models/weights/any.json")
FACE_MODELS = "rppg/preprocessing/mediapipe_models/"
MODELS = {FACE_MODELS + name for name in ("face_landmark.tflite", "LICENSE", "README.md")}
HR_BPM = 90.0

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout, in which files lie where trained weights would."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "rppg", source / "rppg", ignore=shutil.ignore_patterns("__pycache__"))
    for name in WEIGHTS:
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text("{}")
    _run(*_pip("wheel"), "--no-build-isolation", "-w", out, source)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def light(wheel, tmp_path_factory):
    """bin/ of an environment with the wheel and its requirements."""
    folder = tmp_path_factory.mktemp("light")
    venv.create(folder, with_pip=False)
    packages = next(folder.glob("lib/python*/site-packages"))
    for distribution in _required(wheel):
        tops = {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}
        for top in tops:
            if not (packages / top).is_symlink():  # as nvidia, which several have
                (packages / top).symlink_to(Path(distribution.locate_file(top)))
    _run(*_pip("--python", folder / "bin/python", "install"), wheel)
    return folder / "bin"


def test_the_wheel_has_weights_and_the_consensus(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= {*WEIGHTS, *MODELS, "rppg/evaluation/consensus.json", "rppg/cli.py"}
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "notebooks"))]


def test_nothing_of_the_suite_is_there(light):
    code = "import sys; from importlib.util import find_spec; print(*filter(find_spec, sys.argv))"
    assert _run(light / "python", "-c", code.replace("argv", "argv[1:]"), *SUITE.split()) == "\n"


def test_predict_gives_the_pulse_of_a_face(light, tmp_path):
    video = write_clip(tmp_path / "face.mp4", seconds=10, hr_bpm=HR_BPM)
    methods = ["POS", "consensus", *_trained(tmp_path / "runs")]
    options = [word for method in methods for word in ("--method", method)]
    out = tmp_path / "rates.csv"
    _run(light / "rppg", "predict", video, *options, "--runs", tmp_path / "runs", "--out", out)
    rates = pd.read_csv(out).set_index("method")
    assert list(rates.index) == methods and rates.reason.isna().all()
    assert abs(rates.hr_bpm["POS"] - HR_BPM) < 3
    code = "import sys, rppg; print(rppg.heart_rate(sys.argv[1]).bpm, rppg.__file__)"
    bpm, place = _run(light / "python", "-c", code, video).split()
    assert abs(float(bpm) - HR_BPM) < 3 and str(light.parent) in place


def _trained(runs: Path) -> list[str]:
    """Names of two models, with random weights in their runs' folders."""
    maps = inputs_of("st_transformer", n_frames=90, normalise="ratio")
    crops = inputs_of("contrast_phys", n_frames=90, size=32)
    nets = {
        "st_transformer": (build("st_transformer", dim=4, n_loops=1, n_frames=90), maps),
        "contrast_phys": (build("contrast_phys", width=2, size=32), crops),
    }
    for name, (net, inputs) in nets.items():
        path = runs / name / "finetune/model.safetensors"
        save_model(path, net, {"parameters": inputs})
    return list(nets)


def _required(wheel: Path) -> list[importlib.metadata.Distribution]:
    """What the wheel requires without an extra, and what that requires, as installed here."""
    archive = zipfile.ZipFile(wheel)
    about = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    text = archive.read(about).decode()
    waiting = [(need, "") for need in re.findall(r"^Requires-Dist: (.*)$", text, re.M)]
    found: dict[tuple[str, str], importlib.metadata.Distribution] = {}
    while waiting:
        line, extra = waiting.pop()
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate({"extra": extra}):
            for asked in {(need.name, name) for name in ("", *need.extras)} - found.keys():
                found[asked] = importlib.metadata.distribution(need.name)
                waiting += [(other, asked[1]) for other in found[asked].requires or []]
    return list(found.values())


def _pip(*arguments) -> list:
    return [sys.executable, "-m", "pip", *arguments, "-q", "--no-deps", "--no-index"]


def _run(*command) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=ROOT.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout
