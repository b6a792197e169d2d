"""How a result came to be: the run.json beside everything that is handed on.

    write_run_json(out / "run.json", {"model": "POS"}, origin="synthetic", score=None, inputs=[])

Holds parameters, inputs by digest, git commit, versions and score; no date and no machine's name,
so the same run writes the same bytes.
"""

import hashlib
import json
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import pandas as pd

from rppg.recordings.whole import write_whole

PACKAGES = (
    "rppg numpy scipy pandas torch lightning-fabric mediapipe av opencv-contrib-python".split()
)
CLAIM = "claim.json"  # in a run's folder: what decides it


def git_commit(folder: Path) -> str:
    """Commit of the checkout that holds folder, with "+changes" where files differ from it.

    "unknown" outside a checkout or where git is not installed.
    """
    commands = (["git", "rev-parse", "HEAD"], ["git", "status", "--porcelain", "-uno"])
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

    facts: parameters, digests of code and inputs; JSON values.  Raises FileExistsError where the
    folder holds something that is no run.
    """
    run_dir, text = Path(run_dir), json.dumps(facts, indent=2, sort_keys=True) + "\n"
    mark = run_dir / CLAIM
    if mark.is_file() and mark.read_text() == text:
        return facts
    if run_dir.exists():
        if any(run_dir.iterdir()) and not mark.is_file():
            raise FileExistsError(f"{run_dir} is not empty and no run: name another run_dir")
        shutil.rmtree(run_dir)
    run_dir.mkdir(parents=True)
    write_whole(mark, lambda part: part.write_text(text))
    return facts


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
    return write_whole(path, lambda part: part.write_text(text))
