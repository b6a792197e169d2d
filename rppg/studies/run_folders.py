"""The runs of a study on disk and their files.

for run_dir in run_folders(["runs/relcon"]):
    table = pd.read_parquet(run_file(run_dir, "predictions.parquet"))
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def run_folders(run_dirs: Iterable[Path | str]) -> list[Path]:
    """Folders with a run.json in or below run_dirs, sorted, without runs that were moved aside.
    Raises FileNotFoundError if one of run_dirs is missing."""
    folders = [Path(folder) for folder in run_dirs]
    if missing := [str(folder) for folder in folders if not folder.is_dir()]:
        raise FileNotFoundError(f"no folder {', '.join(missing)}: train the runs first")
    return sorted({run for folder in folders for run in _finished_runs(folder)})


def _finished_runs(folder: Path) -> Iterator[Path]:
    """Folders with a run.json.  Links to runs of another profile are followed; runs that were moved
    aside by `rppg run` (rppg.workflow.previous) or by a notebook (rppg.workflow.run_folder) are
    left out."""
    for place, names, files in os.walk(folder, followlinks=True):
        names[:] = [name for name in names if name != "previous" and not name.startswith(".")]
        if "run.json" in files:
            yield Path(place)


def run_file(run_dir: Path, name: str) -> Path:
    """The path of a file of a finished run.  Raises FileNotFoundError if it is missing."""
    path = run_dir / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: the run did not finish, start it again")
    return path
