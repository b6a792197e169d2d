"""Run the numbered notebooks through papermill, and read the profiles that say how.

`run_notebook` executes one notebook with parameters and keeps the executed copy; a parameter that
the notebook does not have is an error (papermill itself only warns, and runs on with the default).
`run_settings` reads a profile of notebooks/profiles/; rppg.workflow.runner hands it to Snakemake.

    python -m rppg.workflow.profiles notebooks/01_preprocess.ipynb out.ipynb --parameters '{"workers": 2}'
"""

from pathlib import Path

from rppg.utils.paths import project_dir
from rppg.workflow.notebook import check_parameters
from rppg.workflow.stages import check_stages, study_names, study_notebook, wing_of
from rppg.workflow.sweeps import merged

RUN_GETS = ("prepared_dir", "run_dir", "threads")  # what the Snakefile gives to a run's notebook
STUDY_GETS = ("profile", "runs", "out_dir")  # and to a study's


def profile_settings(profile: str) -> dict:
    """What notebooks/profiles/<profile>.yaml says, over the profile that it `extends`, with the
    runs of its `grid` and `sweeps`.

    Raises ValueError for an unknown profile, for one that extends itself, and for runs that cannot
    be (see rppg.workflow.sweeps and rppg.workflow.sweeps).
    """
    settings = {"profile": profile, **_profile_text(profile)}
    if settings.get("grid") or settings.get("sweeps"):
        from rppg.workflow.sweeps import all_runs

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


def seeded_profiles(settings: dict) -> list[dict]:
    """The settings once a seed of `seeds`, or as they are where the profile has none."""
    return [seeded(settings, seed) for seed in settings.get("seeds") or []] or [settings]


def check_settings(settings: dict) -> None:
    """Raises KeyError for a parameter that its notebook does not have, be it of the profile or of
    what the Snakefile gives, ValueError for stages that cannot be (see rppg.workflow.stages, rppg.workflow.stages)."""
    check_stages(settings)
    folder, wing = project_dir(__file__) / "notebooks", wing_of(settings)
    studies, given = study_names(settings), settings.get("notebooks") or {}
    places = {wing.stage: wing.notebook, **{name: study_notebook(name) for name in studies}}
    gets = {wing.stage: wing.gets, **dict.fromkeys(studies, STUDY_GETS)}
    for name in dict.fromkeys([*places, *given]):
        names = [*gets.get(name, ()), *(given.get(name) or {})]
        check_parameters(folder / f"{places.get(name, name)}.ipynb", dict.fromkeys(names))
    for name, run in (settings.get("runs") or {}).items():
        given = [*RUN_GETS, *(["start"] if "start" in run else []), *(run.get("parameters") or {})]
        check_parameters(folder / f"{run['notebook']}.ipynb", dict.fromkeys(given), f"run {name!r}")
