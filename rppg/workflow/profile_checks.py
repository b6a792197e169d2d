"""Whether the runs of a profile can be: their names, parents, notebooks and parameters.

    check_runs(profile, chain)  # raises ProfileError, one line, for the first that cannot

The values themselves are checked before, by rppg.workflow.profile_schema.
"""

import re
from collections.abc import Iterator, Sequence

from rppg.utils.paths import project_dir
from rppg.workflow.fold_stages import fold_rule
from rppg.workflow.parameter_values import NAME_DATASETS, expected_dataset, expected_value
from rppg.workflow.profile_files import ProfileFile, suggestion
from rppg.workflow.profile_members import member_faults
from rppg.workflow.profile_schema import (
    Fault,
    Place,
    notebook_faults,
    raise_first,
    show,
    unknown_keys,
)
from rppg.workflow.profile_types import OTHER_RUNS, Profile
from rppg.workflow.stage_names import (
    FOLDERS,
    MODALITIES,
    RUN_GETS,
    STUDY_GETS,
    run_rule,
    study_notebook,
    study_rules,
)
from rppg.workflow.typed_fields import Field, config_fields, mismatch, notebook_fields

RUN_NAME = re.compile(r"[A-Za-z]\w*(/\w+)*", re.ASCII)  # a folder, and a rule with _ for /
STUDY_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
NAME_LENGTH = 100  # the executed notebook is a file of this name
RUN_NAMES = f"letters, digits and _ after a first letter, / between parts, {NAME_LENGTH} at most"
LAST_GETS = {  # what the workflow gives to the notebooks that follow the runs
    "05_ensemble": ("prepared_dir", "run_dir"),
    "06_submit": ("data_dir", "prepared_dir", "ensemble_dir", "submission_dir"),
}
CONFIGS = {  # parameters that are the fields of a dataclass of the package
    "training": "training/config.py:FitConfig",
    "readout": "signals/readout.py:Readout",
    "protocol": "studies/gideon2021/protocol.py:Protocol",
    "simulated": "synthetic/traces/simulate.py:TraceConfig",
    "faces": "synthetic/config.py:ChallengeConfig",
    "motion": "studies/relcon/simulator/simulate.py:SimulatorConfig",
}


def check_runs(profile: Profile, chain: tuple[ProfileFile, ...]) -> None:
    """Raises ProfileError for the first thing in a profile that no stage can be made of."""
    raise_first(_faults(profile, chain), chain)


def _faults(profile: Profile, chain: tuple[ProfileFile, ...]) -> Iterator[Fault]:
    tables = [file.settings.get("runs") for file in chain]
    written = {name for table in tables if isinstance(table, dict) for name in table}
    places = {name: ("runs" if name in written else "sweeps", name) for name in profile.runs}
    yield from _modality_faults(profile)
    yield from _name_faults(profile, places)
    yield from _other_run_faults(profile, places)
    if profile.challenge:
        fields = config_fields(CONFIGS[profile.modality])
        yield from field_faults(("challenge",), profile.challenge, fields)
    yield from _stage_faults(profile)
    for name, run in profile.runs.items():
        yield from notebook_faults((*places[name], "notebook"), run.notebook)
        others = [role for role in OTHER_RUNS if getattr(run, role)]
        needs = (*RUN_GETS, *others, *_seed(profile))
        needs += ("fold",) if run.folds else ()
        gets = needs if profile.seeds else [name for name in needs if name != "seed"]
        place = (*places[name], "parameters")
        yield from _parameter_faults(place, run.notebook, run.parameters, gets, needs)
        if profile.modality == "faces":
            yield from _dataset_faults(place, run.parameters)
    yield from member_faults(profile, places)


def _seed(profile: Profile) -> list[str]:
    """The parameter `seed`, if the workflow gives one."""
    return ["seed"] if profile.seeds or profile.seed is not None else []


def _modality_faults(profile: Profile) -> Iterator[Fault]:
    """Faults of what a modality without a submission cannot have."""
    modality = MODALITIES[profile.modality]
    if not modality.submits and not profile.studies:
        found = f"none for modality {profile.modality}, which makes no submission"
        yield Fault(("study",), found, "a study")
    if not modality.submits and profile.shards > 1:
        yield Fault(("shards",), show(profile.shards), f"1 for modality {profile.modality}")


def _name_faults(profile: Profile, places: dict[str, Place]) -> Iterator[Fault]:
    """Faults of names: those that can be no folder or rule, and two that meet in one."""
    for name in profile.runs:
        if not RUN_NAME.fullmatch(name) or len(name) > NAME_LENGTH:
            yield Fault(places[name][:1], f"the run {show(name)}", f"a name of {RUN_NAMES}")
    for name in profile.studies:
        if not STUDY_NAME.fullmatch(name) or len(name) > NAME_LENGTH:
            yield Fault(("study",), show(name), "a name of letters, digits and _")
    for name in profile.runs:
        others = [*FOLDERS, *(other for other in profile.runs if other != name)]
        others += [f"{other}_folds" for other, run in profile.runs.items() if run.folds]
        if inside := [other for other in others if f"{name}/".startswith(f"{other}/")]:
            found = f"this run in the folder of {inside[0]!r}"
            yield Fault(places[name], found, "another name for one of them")
        if run_rule(name) in profile.studies:
            yield Fault(places[name], f"a study called {run_rule(name)!r}", "another name")
    yield from _rule_faults(profile, places)


def _rule_faults(profile: Profile, places: dict[str, Place]) -> Iterator[Fault]:
    """Faults of two stages that Snakemake could not tell apart."""
    modality, studies = MODALITIES[profile.modality], study_rules(profile.studies)
    stages = [("challenge", "challenge"), ("prepare_shard", "prepare")]
    stages += [(modality.rule, modality.stage)]
    stages += [(run_rule(name), name) for name in profile.runs]
    for name, run in profile.runs.items():
        stages += [(fold_rule(run_rule(name), k), name) for k in range(1, run.folds + 1)]
    stages += [] if studies else [("ensemble", "05_ensemble"), ("submit", "06_submit")]
    endings = [f"_{seed}" for seed in profile.seeds] or [""]
    rules = [(f"{rule}{ending}", name) for ending in endings for rule, name in stages]
    known = {"all": "the rule of everything"}
    for rule, name in [*rules, *studies]:
        if rule in known:
            found = f"the same rule, {rule}, as for {known[rule]!r}"
            yield Fault(places.get(name, ("study", name)), found, "another name for one of them")
        known[rule] = name


def _other_run_faults(profile: Profile, places: dict[str, Place]) -> Iterator[Fault]:
    """Faults of parents and teachers: not listed above their runs, or of no use to them."""
    above: list[str] = []
    for name, run in profile.runs.items():
        for role in OTHER_RUNS:
            place, other = (*places[name], role), getattr(run, role)
            if other is not None and other not in above:
                listed = other in profile.runs
                hint = ", which is listed below it" if listed else suggestion(other, above)
                hint = ", the run itself" if other == name else hint
                expected = f"a run listed above it: {', '.join(above) or 'there is none'}"
                yield Fault(place, f"{show(other)}{hint}", expected)
            if given := run.parameters.get(role):
                expected = f"`{role}` of the run: the name of a run above it"
                yield Fault((*places[name], "parameters", role), show(given), expected)
        if run.parent in profile.runs and profile.runs[run.parent].folds:
            found = f"{show(run.parent)}, which is {profile.runs[run.parent].folds} models"
            yield Fault((*places[name], "parent"), found, "a run without `folds`")
        above.append(name)


def _stage_faults(profile: Profile) -> Iterator[Fault]:
    """Faults of the parameters of the notebooks that train nothing, and of the studies."""
    modality = MODALITIES[profile.modality]
    gets = {modality.stage: modality.gets} | (LAST_GETS if modality.submits else {})
    gets |= dict.fromkeys(profile.studies, STUDY_GETS)
    notebooks = {modality.stage: modality.notebook}
    notebooks |= {name: study_notebook(name) for name in profile.studies}
    for name in profile.studies:
        yield from notebook_faults(("study",), notebooks[name])
    yield from unknown_keys(("notebooks",), profile.notebooks, gets)
    for name in dict.fromkeys([*notebooks, *profile.notebooks]):
        given = profile.notebooks.get(name, {})
        fixed = [key for key in gets[name] if key != "seed"]
        needs = gets[name] if name in notebooks else ()
        place, notebook = ("notebooks", name), notebooks.get(name, name)
        yield from _parameter_faults(place, notebook, given, fixed, needs)
        yield from _reader_faults(place, given, modality.layouts)


def _reader_faults(place: Place, given: dict, layouts: Sequence[str]) -> Iterator[Fault]:
    """A fault of `reader_options` for a layout that the modality's readers do not know."""
    options = given.get("reader_options")
    if isinstance(options, dict) and not all(
        key in layouts and isinstance(one, dict) for key, one in options.items()
    ):
        expected = f"{{layout: options}} with layouts of {', '.join(layouts)}"
        yield Fault((*place, "reader_options"), show(options), expected)


def _parameter_faults(place: Place, notebook: str, given: dict, gets, needs) -> Iterator[Fault]:
    """Faults of what one notebook is given.  gets: parameters that only the workflow gives;
    needs: those that the notebook must have."""
    fields = notebook_fields(project_dir(__file__) / "notebooks" / f"{notebook}.ipynb")
    if missing := [name for name in needs if name not in fields]:
        found = f"no parameter {', '.join(missing)} in {notebook}.ipynb"
        yield Fault(place[:2], found, f"a notebook that has {', '.join(needs)}")
    if taken := [name for name in given if name in gets]:
        found = f"{show(given[taken[0]])}, but the workflow gives it"
        yield Fault((*place, taken[0]), found, "no such parameter in a profile")
    yield from field_faults(place, given, fields)
    training = given.get("training")
    if isinstance(training, dict):
        fit = config_fields(CONFIGS["training"])
        fit = {name: field for name, field in fit.items() if name not in ("seed", "monitor")}
        yield from field_faults((*place, "training"), training, fit)
    for name in ("readout", "protocol", "simulated"):
        if isinstance(inner := given.get(name), dict):
            yield from field_faults((*place, name), inner, config_fields(CONFIGS[name]))


def field_faults(place: Place, given: dict, fields: dict[str, Field]) -> Iterator[Fault]:
    """A fault for each value that is unknown, of another type than its field, or out of the range
    or names that its field may have."""
    yield from unknown_keys(place, given, fields)
    for name, value in given.items():
        if expected := mismatch(value, fields[name].type):
            yield Fault((*place, name), show(value), f"{expected}{_advice(value, expected)}")
        elif value is not None and (expected := expected_value(name, value)):
            yield Fault((*place, name), show(value), expected)


def _dataset_faults(place: Place, given: dict) -> Iterator[Fault]:
    """Faults of names of datasets that no reader has."""
    for name in NAME_DATASETS:
        if name in given and (expected := expected_dataset(name, given[name])):
            yield Fault((*place, name), show(given[name]), expected)


def _advice(value: object, expected: str) -> str:
    """How to write a number that YAML reads as text."""
    try:
        number = isinstance(value, str) and "number" in expected and float(value)
    except ValueError:
        return ""
    return f": write {float(value)!r}, YAML reads {value} as text" if number else ""
