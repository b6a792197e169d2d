"""What a stage has left: a record that says how it was made, and whether it is still intact.

    runs/<profile>/.stages/<rule>.json                    of the stage that ran last
    runs/<profile>/previous/<run>-<8 digits>.record.json  of a run that was moved aside

A record holds the stage's fingerprint and its parts (`rppg.workflow.fingerprints`), and path,
SHA-256, size and time of each of its files.  A file of the recorded size and time is trusted; of
any other the content is read, so that a touched or copied file is still the same.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path, PurePosixPath

from rppg.utils.atomic import atomic_write

MEDIA = {*".avi .mp4 .mov .mkv .webm .wmv .m4v .png .jpg .jpeg .bmp .pgm .tif .tiff".split()}
LARGEST_READ = 8 << 20  # bytes
STAGES, PREVIOUS, ASIDE = ".stages", "previous", ".record.json"
STARTED, FAILED, DONE = "started", "failed", "done"
WEIGHTS = "*.safetensors"  # of a run's folder: recorded, too, since other runs start from them


@dataclass(frozen=True)
class Record:
    """One execution of a stage; paths are relative to the project's folder."""

    stage: str
    profile: str
    status: str  # STARTED, FAILED or DONE
    fingerprint: str
    parts: dict  # of the fingerprint
    folders: dict[str, str]  # as Stage.folders
    outputs: dict[str, dict] = field(default_factory=dict)  # name -> path, sha256, size, mtime_ns

    def content(self) -> str:
        """Digest of how it was made and of what was made; run.json, which names a commit, is left
        out."""
        files = self.outputs.items()
        made = {name: file["sha256"] for name, file in files if name != "run.json"}
        return short_digest([self.fingerprint, made])

    def broken(self, root: Path) -> list[str]:
        """What is wrong with the files, as "missing a/b.csv" or "changed a/b.csv"."""
        wrong = {file["path"]: _wrong(root, file) for file in self.outputs.values()}
        return [f"{what} {path}" for path, what in wrong.items() if what]

    def is_sound(self) -> bool:
        """Whether its values are of their types, and its paths inside the project's folder."""
        texts = (self.stage, self.profile, self.status, self.fingerprint)
        dicts = (self.parts, self.folders, self.outputs)
        typed = [isinstance(text, str) for text in texts]
        if not all(typed + [isinstance(value, dict) for value in dicts]):
            return False
        inner = (self.parts.get("needs", {}), *self.outputs.values())
        if not all(isinstance(value, dict) for value in inner):
            return False
        files = self.outputs.values()
        paths = [*self.folders.values(), *(file.get("path") for file in files)]
        inside = (isinstance(path, str) and _is_inside(path) for path in paths)
        return all(inside) and all(isinstance(file.get("sha256"), str) for file in files)

    def moved(self, old: str, new: str) -> "Record":
        """The same after the folder `old` has become `new`."""
        folders = {key: _moved(path, old, new) for key, path in self.folders.items()}
        files = self.outputs.items()
        outputs = {k: {**file, "path": _moved(file["path"], old, new)} for k, file in files}
        return replace(self, folders=folders, outputs=outputs)


def record_path(profile: str, rule: str) -> str:
    """Where the record of a stage is, relative to the project's folder."""
    return f"runs/{profile}/{STAGES}/{rule}.json"


def read_record(path: Path) -> Record | None:
    """The record in a file, None if there is none; a damaged one is none, either, with a line on
    stderr that says so: its stage runs again, and what it has left stays or is moved aside."""
    if not path.is_file():
        return None
    try:
        record = Record(**json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, ValueError, RecursionError):
        record = None
    if record is None or not record.is_sound():
        _say_damaged(path)
        return None
    return record


@cache
def _say_damaged(path: Path) -> None:
    text = "is no record of a stage: taken as not there; delete it to be rid of this line"
    print(f"{path} {text}", file=sys.stderr)


def write_record(path: Path, record: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(record), indent=1, sort_keys=True) + "\n"
    atomic_write(path, lambda part: part.write_text(text))


def all_records(root: Path) -> Iterator[tuple[str, Record]]:
    """Path and record of all stages of all profiles, and then of runs that were moved aside."""
    runs = root / "runs"
    current = sorted(runs.glob(f"*/{STAGES}/*.json"))
    aside = sorted(runs.glob(f"*/{PREVIOUS}/**/*{ASIDE}"))
    for path in [*current, *aside]:
        if (record := read_record(path)) is not None:
            yield path.relative_to(root).as_posix(), record


def digest_file(root: Path, path: str) -> dict:
    """Path, SHA-256, size and time of a file; of a folder, the digest of its tree."""
    place = root / path
    if place.is_dir():
        return {"path": path, "sha256": tree_digest(place)}
    stat = place.stat()
    return {
        "path": path,
        "sha256": _sha256(place),
        "size": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
    }


def tree_digest(root: Path | str) -> str:
    """Digest of the relative paths, sizes and contents of the files below root, linked folders
    included.  Of pictures, videos and files above 8 MiB the size stands for the content; hidden
    files, as .DS_Store, do not count.

    Raises FileNotFoundError if root is no folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is not a folder: expected one that holds the datasets")
    digest = hashlib.sha256()
    walked = os.walk(root, followlinks=True)
    paths = [Path(folder) / name for folder, _, names in walked for name in names]
    for path in sorted(path for path in paths if path.is_file() and path.name[0] != "."):
        size = path.stat().st_size
        read = size <= LARGEST_READ and path.suffix.lower() not in MEDIA
        text = f"{path.relative_to(root).as_posix()}\0{size}\0{_sha256(path) if read else ''}\n"
        digest.update(os.fsencode(text))  # a name may hold bytes that are no UTF-8
    return digest.hexdigest()[:16]


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and parts[0] != "/" and ".." not in parts and "\0" not in path


def _wrong(root: Path, file: dict) -> str:
    place = root / file["path"]
    if not place.exists():
        return "missing"
    if "size" not in file:
        same = place.is_dir() and tree_digest(place) == file["sha256"]
    elif not place.is_file() or place.stat().st_size != file["size"]:
        same = False
    else:
        same = place.stat().st_mtime_ns == file.get("mtime_ns") or _sha256(place) == file["sha256"]
    return "" if same else "changed"


def short_digest(value: object) -> str:
    """16 hexadecimal digits of JSON values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _moved(path: str, old: str, new: str) -> str:
    return new + path.removeprefix(old) if f"{path}/".startswith(f"{old}/") else path
