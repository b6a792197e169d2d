"""How a result came to be: the run.json of every run, ensemble, study and submission.

    write_run_json(out / "run.json", {"model": "POS"}, origin="synthetic", score=None, inputs=[])

It holds parameters, inputs by digest, git commit, versions and score; no date and no machine's
name, so that the same run writes the same bytes.
"""

import hashlib
import json
import platform
import subprocess
from pathlib import Path

import pandas as pd

from rppg.utils.atomic import atomic_write
from rppg.utils.packages import MEDIAPIPE, installed_versions

PACKAGES = (
    *"rppg numpy scipy pandas torch lightning-fabric av opencv-contrib-python".split(),
    *MEDIAPIPE,
)


def git_commit(folder: Path) -> str:
    """Commit of the checkout that holds folder, with "+changes" if tracked files differ from it.

    "unknown" outside a checkout, or if git is not installed.
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
    return {"python": platform.python_version(), **installed_versions(PACKAGES)}


def write_run_json(
    path: Path,
    parameters: dict,
    *,
    origin: str,
    score: pd.DataFrame | None,
    inputs: list[Path],
    **more,
) -> Path:
    """Write run.json atomically; returns its path.

    origin: "real" or "synthetic".  score: rows of the leaderboard, None if the truth is unknown.
    inputs: files that the result depends on; those that do not exist are null.  more: further
    results of the run, JSON values.
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


def read_run_json(path: Path) -> dict:
    """What `write_run_json` wrote.

    Raises FileNotFoundError if there is no file, ValueError for a damaged one.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: finish that run first")
    try:
        facts = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        problem = "no keys such as `parameters`"
    except (ValueError, RecursionError) as error:
        facts, problem = None, " ".join(str(error).split())
    if not isinstance(facts, dict) or not isinstance(facts.get("parameters", {}), dict):
        text = f"{path} does not say how a run came to be: found {problem}"
        raise ValueError(f"{text}; restore it, or remove the run's folder to train it again")
    return facts
