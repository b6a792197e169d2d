"""What a fresh process imports: the large packages only where they are needed."""

import subprocess
import sys

import pytest
from helpers.vision_clips import write_clip

from rppg.models.checkpoint import save_model
from rppg.models.registry import build
from rppg.preprocessing.landmark_finder import default_finder

MESH = f"rppg.preprocessing.{default_finder()}_mesh"
LARGE = (
    "matplotlib torch torchvision facenet_pytorch pandas sklearn scipy.signal scipy.stats".split()
)


def imported(arguments: list[str]) -> set[str]:
    """Packages and modules that a fresh process has imported when the command is done."""
    code = (
        "import sys; from rppg.cli import app; sys.argv = ['rppg', *sys.argv[1:]]\n"
        "try: app()\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["predict", "--help"]])
def test_help_imports_nothing_that_computes(arguments):
    found = imported(arguments)
    assert "rppg.cli" in found
    assert not found & {*LARGE, "numpy", "scipy", "cv2", "av", "mediapipe", "matplotlib", "rich"}


@pytest.mark.slow
def test_classical_methods_import_no_torch(tmp_path):
    video = write_clip(tmp_path / "face.mp4")
    methods = [word for name in ("POS", "CHROM", "GREEN") for word in ("--method", name)]
    found = imported(["predict", video, *methods, "--out", tmp_path / "rates.csv"])
    assert MESH in found and (tmp_path / "rates.csv").read_text().count("\n") == 4
    assert found.isdisjoint(LARGE)


@pytest.mark.slow
def test_the_consensus_imports_no_more_than_its_nets(tmp_path):
    video = write_clip(tmp_path / "face.mp4")
    found = imported(["predict", video, "--out", tmp_path / "rates.csv"])
    assert "rppg.inference.consensus" in found and found.isdisjoint(LARGE)


@pytest.mark.slow
def test_a_model_of_maps_imports_neither_torch_nor_a_face_detector(tmp_path):
    video = write_clip(tmp_path / "face.mp4")
    fed = {"array": "mstmap", "normalise": "ratio", "n_frames": 90, "size": None}
    net = build("st_transformer", dim=4, n_loops=1, n_frames=90)
    save_model(
        tmp_path / "runs/st_transformer/finetune/model.safetensors", net, {"parameters": fed}
    )
    options = ["--method", "st_transformer", "--runs", tmp_path / "runs"]
    found = imported(["predict", video, *options])
    assert MESH in found and found.isdisjoint(LARGE)  # torch is in another process
