"""The runs of a study on the disk: which there are, and the files that each has left.

for run_dir in run_folders(["runs/relcon"]):
    table = pd.read_parquet(left(run_dir, "predictions.parquet"))
"""

from collections.abc import Iterable
from pathlib import Path


def run_folders(run_dirs: Iterable[Path | str]) -> list[Path]:
    """Folders with a run.json in or below run_dirs, sorted.  Raises FileNotFoundError for one of
    run_dirs that lacks."""
    folders = [Path(folder) for folder in run_dirs]
    if lacking := [str(folder) for folder in folders if not folder.is_dir()]:
        raise FileNotFoundError(f"no folder {', '.join(lacking)}: train the runs first")
    return sorted({path.parent for folder in folders for path in folder.rglob("run.json")})


def left(run_dir: Path, name: str) -> Path:
    """The path of a file that a run leaves when it ends.  Raises FileNotFoundError where the run
    has not."""
    path = run_dir / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: the run did not end, start it again")
    return path
