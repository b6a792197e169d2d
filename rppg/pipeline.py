"""Run the numbered notebooks through papermill, and read the profiles that say how.

`run_notebook` executes one notebook with parameters and keeps the executed copy; a parameter that
the notebook does not have is an error (papermill itself only warns, and runs on with the default).
`run_settings` reads a profile of notebooks/profiles/; rppg.graph hands it to Snakemake.

    python -m rppg.pipeline notebooks/01_preprocess.ipynb out.ipynb --parameters '{"workers": 2}'
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

from rppg.rules import check_stages, study_names
from rppg.wings import wing_of

PROJECT_FILES = ("notebooks/Snakefile", "rppg")
RUN_GETS = ("prepared_dir", "run_dir", "threads")  # what the Snakefile gives to a run's notebook
STUDY_GETS = ("profile", "runs", "out_dir")  # and to a study's


def project_dir(start: Path | str = ".") -> Path:
    """The folder that holds notebooks/ and rppg/: start itself or the nearest one above it.

    Raises FileNotFoundError where there is none (an installed package without its notebooks).
    """
    start = Path(start).resolve()
    for folder in (start, *start.parents):
        if all((folder / name).exists() for name in PROJECT_FILES):
            return folder
    raise FileNotFoundError(
        f"{start} lies in no checkout of rppg (a folder with {' and '.join(PROJECT_FILES)}): "
        "run this from the folder that git clone made"
    )


def notebook_parameters(notebook: Path) -> dict[str, object]:
    """Names and defaults in the notebook's `parameters` cell."""
    import papermill as pm

    return {name: entry["default"] for name, entry in pm.inspect_notebook(str(notebook)).items()}


def check_parameters(notebook: Path, parameters: dict, of: str = "") -> None:
    """Raises KeyError naming every parameter that the notebook does not have, and whose it is."""
    known = notebook_parameters(notebook)
    if unknown := sorted(parameters.keys() - known.keys()):
        found = f"{Path(notebook).name} has no parameter {', '.join(unknown)}"
        found = f"{of}: {found}" if of else found
        raise KeyError(f"{found}; its parameters cell has: {', '.join(known)}")


def run_notebook(notebook: Path, executed: Path, parameters: dict) -> None:
    """Execute notebook with parameters from the project's folder; keep the copy as executed.

    What the cells print on stderr (progress bars) is shown as it comes.  When a cell fails, the
    partial copy is kept and named, and papermill's error is raised.
    """
    import papermill as pm

    check_parameters(notebook, parameters)
    executed = Path(executed)
    executed.parent.mkdir(parents=True, exist_ok=True)
    try:
        pm.execute_notebook(
            str(notebook),
            str(executed),
            parameters,
            cwd=str(project_dir(__file__)),
            progress_bar=False,
            stderr_file=sys.stderr,
            extra_arguments=["--IPKernelApp.log_level=40"],  # errors of the kernel, not its advice
        )
    except pm.PapermillExecutionError:
        print(f"\n{Path(notebook).name} failed; what it did so far: {executed}", file=sys.stderr)
        raise


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
    package, found = Path(__file__).parent, {}
    for room in rooms:
        if not (package / room).exists():
            raise FileNotFoundError(f"{package / room} is neither a room nor a file of the package")
        files = [package / room] if room.endswith(".py") else sorted((package / room).rglob("*.py"))
        found |= {path.relative_to(package).as_posix(): path for path in files}
    return found


def profile_settings(profile: str) -> dict:
    """What notebooks/profiles/<profile>.yaml says, over the profile that it `extends`, with the
    runs of its `grid` and `sweeps`.

    Raises ValueError for an unknown profile, for one that extends itself, and for runs that cannot
    be (see rppg.grid and rppg.sweep).
    """
    settings = {"profile": profile, **_profile_text(profile)}
    if settings.get("grid") or settings.get("sweeps"):
        from rppg.sweep import all_runs

        settings["runs"] = all_runs(settings)
    return settings


def profile_names() -> list[str]:
    """The profiles in notebooks/profiles."""
    return sorted(p.stem for p in (project_dir(__file__) / "notebooks/profiles").glob("*.yaml"))


def profile_and_stage(part: str | None, profile: str | None) -> tuple[str, str | None]:
    """What `rppg run PART --profile PROFILE` means: PART is a profile, or a stage of one.

    Raises ValueError for two profiles.
    """
    if part not in profile_names():
        return profile or "demo", part
    if profile not in (None, part):
        raise ValueError(f"{part!r} is a profile, and --profile names another: {profile!r}")
    return part, None


def _profile_text(profile: str, below: tuple[str, ...] = ()) -> dict:
    """The YAML of a profile, merged over that of the one it extends."""
    import yaml

    path = project_dir(__file__) / "notebooks" / "profiles" / f"{profile}.yaml"
    if not path.is_file():
        names = ", ".join(profile_names())
        raise ValueError(f"no profile {profile!r}: expected one of {names} (in {path.parent})")
    if profile in below:
        raise ValueError(f"profile {profile!r} extends itself: {' -> '.join((*below, profile))}")
    own = yaml.safe_load(path.read_text())
    parent = own.pop("extends", None)
    return merged(_profile_text(parent, (*below, profile)), own) if parent else own


def merged(below: dict, above: dict) -> dict:
    """above over below: dicts are merged key by key, everything else is replaced."""
    both = {
        key: merged(below[key], value)
        if isinstance(value, dict) and isinstance(below.get(key), dict)
        else value
        for key, value in above.items()
    }
    return {**below, **both}


def run_settings(profile: str, data: Path | None = None, seed: int | None = None) -> dict:
    """The settings of a run of this profile, checked.

    data: folder with real datasets, in place of the embedded challenge.  seed: of the challenge, of
    folds and of learning; the folders are then called <profile>-<seed>.  Raises ValueError for an
    unknown profile, one without data and one with other seeds, KeyError for a parameter that a
    notebook does not have.
    """
    settings = profile_settings(profile)
    if data is not None:
        settings |= {"data": str(Path(data).resolve()), "challenge": None}
    if not settings.get("challenge") and not settings.get("data"):
        raise ValueError(
            f"profile {profile!r} needs real data: rppg run --profile {profile} --data FOLDER"
        )
    if seed is not None and settings.get("seeds"):
        raise ValueError(f"profile {profile!r} runs the seeds {settings['seeds']}: give no --seed")
    if seed is not None:
        settings = seeded(settings, seed)
    check_settings(settings)
    return settings


def seeded(settings: dict, seed: int) -> dict:
    """The settings of a profile with another seed, and another name for its folders."""
    named = {**settings, "profile": f"{settings['profile']}-{seed}", "seed": seed}
    if settings.get("challenge"):
        named["challenge"] = {**settings["challenge"], "seed": seed}
    return named


def worlds(settings: dict) -> list[dict]:
    """The settings once a seed of `seeds`, or as they are where the profile has none."""
    return [seeded(settings, seed) for seed in settings.get("seeds") or []] or [settings]


def check_settings(settings: dict) -> None:
    """Raises KeyError for a parameter that its notebook does not have, be it of the profile or of
    what the Snakefile gives, ValueError for stages that cannot be (see rppg.rules, rppg.wings)."""
    check_stages(settings)
    folder, wing = project_dir(__file__) / "notebooks", wing_of(settings)
    studies, given = study_names(settings), settings.get("notebooks") or {}
    places = {wing.stage: wing.notebook, **{name: f"studies/{name}" for name in studies}}
    gets = {wing.stage: wing.gets, **dict.fromkeys(studies, STUDY_GETS)}
    for name in dict.fromkeys([*places, *given]):
        names = [*gets.get(name, ()), *(given.get(name) or {})]
        check_parameters(folder / f"{places.get(name, name)}.ipynb", dict.fromkeys(names))
    for name, run in (settings.get("runs") or {}).items():
        given = [*RUN_GETS, *(["start"] if "start" in run else []), *(run.get("parameters") or {})]
        check_parameters(folder / f"{run['notebook']}.ipynb", dict.fromkeys(given), f"run {name!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Execute one notebook with parameters.")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("executed", type=Path, help="where the executed copy goes")
    parser.add_argument("--parameters", type=json.loads, default={}, help="JSON object")
    args = parser.parse_args()
    run_notebook(args.notebook, args.executed, args.parameters)


if __name__ == "__main__":
    main()
