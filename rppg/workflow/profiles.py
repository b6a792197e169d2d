"""A profile, read once: what is computed on which data, with which parameters.

    >>> profile = load_profile("demo")
    >>> profile.runs["st_transformer/finetune"].parent
    'st_transformer/pretrain'
    >>> [one.name for one in seeded_profiles(load_profile("ablation"))]
    ['ablation-1', 'ablation-2', 'ablation-3']

The keys of a YAML file are described in notebooks/profiles/demo.yaml; whatever is wrong in one is a
ProfileError of one line.  Nobody else opens the YAML or its dict.
"""

from dataclasses import replace
from pathlib import Path

from rppg.workflow.profile_checks import check_runs
from rppg.workflow.profile_files import ProfileError, ProfileFile, profile_names, read_chain
from rppg.workflow.profile_schema import MAX_SEED, check_settings
from rppg.workflow.profile_types import Profile, Run
from rppg.workflow.sweeps import merged, sweep_runs

__all__ = [
    "Profile",
    "ProfileError",
    "Run",
    "load_profile",
    "profile_and_stage",
    "profile_names",
    "require_data",
    "seeded_profiles",
]


def load_profile(name: str, data: Path | str | None = None, seed: int | None = None) -> Profile:
    """The checked profile of notebooks/profiles/<name>.yaml.

    data: folder with real datasets, in place of the synthetic benchmark.  seed: of the benchmark,
    of folds and of training; the profile is then called <name>-<seed>.  Raises ProfileError (one
    line: file, key, what was found, what is expected) for a profile that cannot be run.  Whether it
    has data is left to `require_data`.
    """
    chain = read_chain(name)
    settings = merge_chain(chain)
    check_settings(settings, chain)
    profile = _profile(settings, chain)
    if data is not None:
        profile = replace(profile, data=str(Path(data).resolve()), challenge=None)
    if seed is not None:
        _check_seed(seed, profile)
        profile = _seeded(profile, seed)
    check_runs(profile, chain)
    return profile


def merge_chain(chain: tuple[ProfileFile, ...]) -> dict:
    """The settings of all files, each over the one that it extends.  A run that is null in a file
    and a run of one below is taken away."""
    settings: dict = {}
    for file in chain:
        below, settings = settings.get("runs"), merged(settings, file.settings)
        if isinstance(below, dict) and isinstance(runs := settings.get("runs"), dict):
            kept = {name: run for name, run in runs.items() if run is not None or name not in below}
            settings = {**settings, "runs": kept}
    return settings


def seeded_profiles(profile: Profile) -> list[Profile]:
    """One profile per seed of `seeds`, or the profile itself if it has none."""
    return [_seeded(profile, seed) for seed in profile.seeds] or [profile]


def require_data(profile: Profile) -> None:
    """Raises ProfileError if a profile has neither real data nor a synthetic benchmark."""
    if not profile.challenge and not profile.data:
        command = f"rppg run --profile {profile.file} --data FOLDER"
        raise ProfileError(f"profile {profile.file!r} needs real data: {command}")


def profile_and_stage(part: str | None, profile: str | None) -> tuple[str, str | None]:
    """What `rppg run PART --profile PROFILE` means: PART is a profile, or a stage of one.

    Raises ProfileError for two profiles.
    """
    if part not in profile_names():
        return "demo" if profile is None else profile, part
    if profile not in (None, part):
        raise ProfileError(f"{part!r} is a profile, and --profile names another: {profile!r}")
    return part, None


def _profile(settings: dict, chain: tuple[ProfileFile, ...]) -> Profile:
    study, file = settings.get("study") or [], chain[-1]
    return Profile(
        name=file.name,
        file=file.name,
        seed=settings.get("seed"),
        seeds=tuple(settings.get("seeds") or ()),
        modality=settings.get("modality", "faces"),
        data=settings.get("data"),
        challenge=settings.get("challenge"),
        notebooks=settings.get("notebooks") or {},
        runs=_runs(settings, file),
        studies=(study,) if isinstance(study, str) else tuple(study),
        shards=settings.get("shards", 1),
        log=settings.get("log", True),
    )


def _runs(settings: dict, file: ProfileFile) -> dict[str, Run]:
    """The runs of `runs` and `sweeps`, by name and in this order."""
    own, swept = settings.get("runs") or {}, {}
    try:
        swept = sweep_runs(settings.get("sweeps") or [])
    except ValueError as error:
        raise ProfileError(f"{file.path}: {error}") from error
    if double := sorted(own.keys() & swept.keys()):
        found = f"runs: found {double[0]!r}, which `sweeps` makes, too"
        raise ProfileError(f"{file.path}: {found}, expected each run once")
    return {name: _run(name, run) for name, run in {**own, **swept}.items()}


def _run(name: str, run: dict) -> Run:
    numbers = {"threads": run.get("threads", 1), "gpu": run.get("gpu", 0)}
    numbers |= {"priority": run.get("priority", 0), "folds": run.get("folds", 0)}
    parameters = run.get("parameters") or {}
    teacher = run.get("teacher")
    return Run(name, run["notebook"], run.get("parent"), parameters, teacher=teacher, **numbers)


def _check_seed(seed: int, profile: Profile) -> None:
    if type(seed) is not int or not 0 <= seed <= MAX_SEED:
        raise ProfileError(f"--seed: found {seed!r}, expected a whole number from 0 to {MAX_SEED}")
    if profile.seeds:
        found = f"--seed: found {seed}, but profile {profile.file!r} runs the seeds"
        raise ProfileError(f"{found} {list(profile.seeds)}, expected no --seed")


def _seeded(profile: Profile, seed: int) -> Profile:
    """The profile with another seed, and another name for its folders."""
    challenge = {**profile.challenge, "seed": seed} if profile.challenge else profile.challenge
    return replace(profile, name=f"{profile.name}-{seed}", seed=seed, challenge=challenge)
