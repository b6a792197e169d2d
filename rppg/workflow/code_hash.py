"""Digests of code and of data: a change means that a stage reruns."""

import hashlib
import json
import os
from pathlib import Path


def code_digest(*rooms: str) -> str:
    """Digest of the package's source files in these rooms, or of single ones as
    "learning/waves.py": a change means the stage reruns.  Raises FileNotFoundError for neither.
    """
    digest = hashlib.sha256()
    for name, path in _sources(rooms).items():
        digest.update(name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def tree_digest(root: Path) -> str:
    """Digest of the relative paths and sizes of all files below root, linked folders included:
    what data a run has seen.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is not a folder: expected one that holds the datasets")
    digest = hashlib.sha256()
    walked = os.walk(root, followlinks=True)
    paths = [Path(folder) / name for folder, _, names in walked for name in names]
    for path in sorted(path for path in paths if path.is_file()):
        digest.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_size}\n".encode())
    return digest.hexdigest()[:16]


def code_files(*rooms: str) -> str:
    """The files of code_digest, each with its own digest, as JSON: {"learning/waves.py":
    "0123abcd", ...}.  Raises FileNotFoundError as code_digest does.
    """
    files = _sources(rooms).items()
    return json.dumps(
        {name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for name, path in files}
    )


def _sources(rooms: tuple[str, ...]) -> dict[str, Path]:
    """Source files of rooms, by their name in the package, room by room."""
    package, found = Path(__file__).parents[1], {}
    for room in rooms:
        if not (package / room).exists():
            raise FileNotFoundError(f"{package / room} is neither a room nor a file of the package")
        files = [package / room] if room.endswith(".py") else sorted((package / room).rglob("*.py"))
        found |= {path.relative_to(package).as_posix(): path for path in files}
    return found
