"""How a result came to be: the run.json beside everything that is handed on.

    write_run_json(out / "run.json", {"model": "POS"}, origin="synthetic", score=None, inputs=[])

Holds parameters, inputs by digest, git commit, versions and score; no date and no machine's name,
so the same run writes the same bytes.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import time
from importlib import metadata
from pathlib import Path

import pandas as pd

from rppg.utils.atomic import atomic_write

PACKAGES = (
    "rppg numpy scipy pandas torch lightning-fabric mediapipe av opencv-contrib-python".split()
)
LOG = "submissions/README.md"  # of runs, in the checkout
CLAIM = "claim.json"  # in a run's folder: what decides it
WAIT_S = 60  # of other processes for the first one


def git_commit(folder: Path) -> str:
    """Commit of the checkout that holds folder, with "+changes" where files differ from it: other
    files than the log, which a run itself appends to.

    "unknown" outside a checkout or where git is not installed.
    """
    files = [":(top)", f":(top,exclude){LOG}"]
    commands = (
        ["git", "rev-parse", "HEAD"],
        ["git", "status", "--porcelain", "-uno", "--", *files],
    )
    try:
        commit, changes = (
            subprocess.run(c, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
            for c in commands
        )
    except (FileNotFoundError, subprocess.CalledProcessError):
        return "unknown"
    return commit + ("+changes" if changes else "")


def file_digest(path: Path) -> str:
    """First 16 hexadecimal digits of the file's SHA-256."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def versions() -> dict[str, str]:
    """Python's and the main packages' versions."""
    return {"python": platform.python_version(), **{p: metadata.version(p) for p in PACKAGES}}


def claim(run_dir: Path, facts: dict) -> dict:
    """Make run_dir the folder of the run that `facts` decide: an interrupted one goes on, what a
    run of other facts left there is removed; returns facts.

    facts: parameters, digests of code and inputs; JSON values.  Of the processes of a torchrun the
    first one does it, and the others wait for it.  Raises FileExistsError where the folder holds
    something that is no run, TimeoutError where the first process does not come.
    """
    run_dir, text = Path(run_dir), json.dumps(facts, indent=2, sort_keys=True) + "\n"
    mark, until = run_dir / CLAIM, time.monotonic() + WAIT_S
    while not (mark.is_file() and mark.read_text() == text):
        if int(os.environ.get("RANK", 0)) == 0:
            _begin_anew(run_dir, text)
        elif time.monotonic() > until:
            raise TimeoutError(f"{mark} was not written in {WAIT_S} s by the run's first process")
        else:
            time.sleep(0.1)
    return facts


def _begin_anew(run_dir: Path, text: str) -> None:
    mark = run_dir / CLAIM
    if run_dir.exists():
        if any(run_dir.iterdir()) and not mark.is_file():
            raise FileExistsError(f"{run_dir} is not empty and no run: name another run_dir")
        shutil.rmtree(run_dir)
    run_dir.mkdir(parents=True)
    atomic_write(mark, lambda part: part.write_text(text))


def write_run_json(
    path: Path,
    parameters: dict,
    *,
    origin: str,
    score: pd.DataFrame | None,
    inputs: list[Path],
    **more,
) -> Path:
    """Write run.json whole, then rename it into place; returns its path.

    origin: "real" or "synthetic".  score: rows of the leaderboard, None where the truth is unknown.
    inputs: files that the result depends on; those that do not exist are null.  more: what else
    the run found, JSON values.
    """
    facts = {
        "origin": origin,
        "parameters": parameters,
        "inputs": {
            f"{Path(p).parent.name}/{Path(p).name}": file_digest(p) if Path(p).is_file() else None
            for p in inputs
        },
        "git_commit": git_commit(Path(__file__).parent),
        "versions": versions(),
        "score": None if score is None else json.loads(score.to_json(orient="records")),
        **more,
    }
    text = json.dumps(facts, indent=2, sort_keys=True) + "\n"
    return atomic_write(path, lambda part: part.write_text(text))
