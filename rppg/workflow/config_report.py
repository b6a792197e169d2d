"""What each stage of a profile is given, value by value, and where each value comes from.

    print(format_config("bench", "st_transformer/pretrain"))
    # training.lr: 0.001   # notebooks/profiles/demo.yaml
    # ...

An origin is a file of the profile or of one that it extends, the command line, the workflow (which
says where folders are), or the notebook's default.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from rppg.utils.paths import project_dir
from rppg.workflow.fold_stages import run_of_fold
from rppg.workflow.profile_checks import CONFIGS
from rppg.workflow.profile_files import ProfileError, ProfileFile, read_chain, suggestion
from rppg.workflow.profile_schema import Place, file_of
from rppg.workflow.profile_types import OTHER_RUNS, Profile
from rppg.workflow.profiles import load_profile, merge_chain
from rppg.workflow.stage import Stage
from rppg.workflow.stages import stages_of
from rppg.workflow.sweeps import sweep_runs
from rppg.workflow.typed_fields import config_fields, notebook_fields

WORKFLOW, COMMAND_LINE = "set by rppg run", "command line"


class Leaf(NamedTuple):
    """One value with its dotted key and origin."""

    key: str
    value: object
    origin: str


def format_config(
    name: str, stage: str | None = None, data: Path | None = None, seed: int | None = None
) -> str:
    """The profile's settings and all its stages with their parameters, or those of one stage; a
    line per value.

    data, seed: as in `load_profile`.  Raises ProfileError for an unknown stage or profile.
    """
    profile, chain = load_profile(name, data, seed), read_chain(name)
    stages: dict[str, Stage] = {}  # of the first seed
    for one in stages_of(profile):
        stages.setdefault(one.name, one)
    if stage is None:
        parts = [_lines(profile_leaves(profile, chain))]
        parts += [
            f"\n{label}:\n{_lines(stage_leaves(profile, chain, one), '  ')}"
            for label, one in stages.items()
            if one.notebook
        ]
        return "\n".join(parts)
    if stage == "challenge" and profile.challenge:
        return _lines(challenge_leaves(profile, chain))
    known = {label: one for label, one in stages.items() if one.notebook}
    if stage not in known:
        found = f"no stage {stage!r} in profile {name!r}{suggestion(stage, known)}"
        raise ProfileError(f"{found}: expected one of {', '.join(known)}")
    return _lines(stage_leaves(profile, chain, known[stage]))


def profile_leaves(profile: Profile, chain: tuple[ProfileFile, ...]) -> Iterator[Leaf]:
    """The settings of the whole profile, the synthetic benchmark's included."""
    yield Leaf("profile", profile.name, " <- ".join(file.path for file in reversed(chain)))
    values = {"modality": profile.modality, "data": profile.data, "seed": profile.seed}
    values |= {"seeds": list(profile.seeds), "study": list(profile.studies)}
    values |= {"shards": profile.shards, "log": profile.log}
    for key, value in values.items():
        yield Leaf(key, value, _setting_origin(key, value, chain))
    yield from (
        leaf._replace(key=f"challenge.{leaf.key}") for leaf in challenge_leaves(profile, chain)
    )


def challenge_leaves(profile: Profile, chain: tuple[ProfileFile, ...]) -> Iterator[Leaf]:
    """The parameters of the synthetic benchmark, if the profile has one."""
    config = CONFIGS[profile.modality]
    for key, field in config_fields(config).items() if profile.challenge else ():
        if key == "seed" and profile.seed is not None:
            yield Leaf(key, profile.seed, _seed_origin(chain))
        elif key in profile.challenge:
            yield Leaf(key, profile.challenge[key], file_of(("challenge", key), chain))
        else:
            yield Leaf(key, field.default, f"default of {config.partition(':')[2]}")


def stage_leaves(profile: Profile, chain: tuple[ProfileFile, ...], stage: Stage) -> Iterator[Leaf]:
    """Every parameter of a stage's notebook, nested ones each."""
    name_of_run = run_of_fold(stage.name)
    run = profile.runs.get(name_of_run)
    written = any(name_of_run in (file.settings.get("runs") or {}) for file in chain)
    place = ("notebooks", stage.name)
    if run is not None:
        place = ("runs" if written else "sweeps", name_of_run)
        origin = _file((*place, "notebook"), chain)
        yield Leaf(
            "notebook", stage.notebook, origin if stage.notebook == run.notebook else WORKFLOW
        )
    place = (*place, "parameters") if run is not None else place
    fields = notebook_fields(project_dir(__file__) / "notebooks" / f"{stage.notebook}.ipynb")
    own = run.parameters if run is not None else profile.notebooks.get(stage.name, {})
    given = stage.paths | stage.parameters
    for name, field in fields.items():
        for key, value in _flat(name, given.get(name, field.default)):
            if name in own:
                origin = _file((*place, *key.split(".")), chain)
            elif name == "seed" and name in given:
                origin = _seed_origin(chain)
            elif name in ("threads", *OTHER_RUNS) and name in given and run is not None:
                origin = _run_origin((*place[:2], name), chain)
            else:
                origin = WORKFLOW if name in given else "notebook default"
            yield Leaf(key, value, origin)


def _setting_origin(key: str, value: object, chain: tuple[ProfileFile, ...]) -> str:
    if key == "seed" and value is not None:
        return _seed_origin(chain)
    if key == "data" and value is not None and all(f.settings.get(key) is None for f in chain):
        return COMMAND_LINE
    return file_of((key,), chain) if any(key in file.settings for file in chain) else "default"


def _seed_origin(chain: tuple[ProfileFile, ...]) -> str:
    for key in ("seeds", "seed"):
        files = [file for file in chain if file.settings.get(key) is not None]
        if files:
            return f"{files[-1].path}: {key}"
    return COMMAND_LINE


def _run_origin(place: Place, chain: tuple[ProfileFile, ...]) -> str:
    """Of `threads`, `parent` and `teacher`, which stand next to a run's parameters."""
    settings = merge_chain(chain)
    runs = settings["runs"] if place[0] == "runs" else sweep_runs(settings["sweeps"])
    return _file(place, chain) if place[2] in runs[place[1]] else WORKFLOW


def _file(place: Place, chain: tuple[ProfileFile, ...]) -> str:
    path = file_of(place, chain)
    return f"{path}: sweeps" if place[0] == "sweeps" else path


def _flat(key: str, value: object) -> Iterator[tuple[str, object]]:
    """Nested values under dotted keys."""
    if not isinstance(value, dict) or not value:
        yield key, value
        return
    for name, inner in value.items():
        yield from _flat(f"{key}.{name}", inner)


def _lines(leaves: Iterator[Leaf], indent: str = "") -> str:
    rows = [(f"{indent}{leaf.key}: {_text(leaf.value)}", leaf.origin) for leaf in leaves]
    width = min(max((len(text) for text, _ in rows), default=0), 60)
    return "\n".join(f"{text:<{width}}   # {origin}" for text, origin in rows)


def _text(value: object) -> str:
    """A value as YAML, on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True)
    return text.removesuffix("...\n").strip()
