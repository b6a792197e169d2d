"""What the stages of a profile are called, by people and by Snakemake, and which names cannot be.

A stage is the challenge, a numbered notebook, a run or a study.  People call it "01_preprocess",
"st_transformer/pretrain" or "06_submit"; Snakemake calls its rule "preprocess",
"st_transformer_pretrain", "submit", and with `seeds` there is one rule a seed.  Which stage comes
first is told by the profile's wing (rppg.workflow.stages).

    >>> settings = {"profile": "mine", "study": "ablation", "runs": {"net/learn": {}}}
    >>> stages(settings)
    {'preprocess': '01_preprocess', 'net_learn': 'net/learn', 'study': 'ablation'}
"""

import re
from dataclasses import dataclass

NAME = re.compile(r"[A-Za-z]\w*(/\w+)*", re.ASCII)  # of a run: a folder, and a rule with _ for /
FOLDERS = ("classical", "ensemble", "prepare")  # that lie beside the runs', in runs/<profile>


def study_names(settings: dict) -> list[str]:
    """The studies of a profile: `study` is one name or a list of them."""
    study = settings.get("study") or []
    return [study] if isinstance(study, str) else list(study)


def study_rules(settings: dict) -> list[tuple[str, str]]:
    """Rule and name of each study: "study" is the rule of a single one."""
    names = study_names(settings)
    return [("study" if len(names) == 1 else f"study_{name}", name) for name in names]


def study_notebook(name: str) -> str:
    """Notebook of a study, below notebooks/: in a folder for each family of studies."""
    return f"studies/{name.split('_')[0]}/{name}"


def run_rule(name: str) -> str:
    """Snakemake's rule of a run, before the seed."""
    return name.replace("/", "_")


def stages(settings: dict) -> dict[str, str]:
    """Rules of a profile in order, each with its stage's name."""
    return dict(_pairs(settings))


def _pairs(settings: dict) -> list[tuple[str, str]]:
    """Rules and names of all stages, those with the same rule, too."""
    first = [("challenge", "challenge")] if settings.get("challenge") else []
    first += [("prepare_shard", "prepare")] if int(settings.get("shards", 1)) > 1 else []
    runs = [(run_rule(name), name) for name in settings.get("runs") or {}]
    studies = study_rules(settings)
    last = [] if studies else [("ensemble", "05_ensemble"), ("submit", "06_submit")]
    wing = wing_of(settings)
    once = [*first, (wing.rule, wing.stage), *runs, *last]
    suffixes = [f"_{seed}" for seed in settings.get("seeds") or []] or [""]
    return [(rule + end, name) for end in suffixes for rule, name in once] + studies


def check_stages(settings: dict) -> None:
    """Raises ValueError for a run's or study's name that can be no folder or rule, for two that
    have one rule, for a run inside another's folder, for one that starts from a run which is not
    listed before it, and for what the profile's wing does not have."""
    _check_wing(settings)
    runs, studies = settings.get("runs") or {}, study_names(settings)
    for name in [*runs, *studies]:
        if not NAME.fullmatch(name) or (name in studies and "/" in name):
            expected = "letters, digits and _ after a first letter, in a run's also / between parts"
            raise ValueError(f"{name!r} is no name of a run or study, expected {expected}")
    _check_meetings(settings)
    before = []
    for name, run in runs.items():
        start = run.get("start")
        if start is not None and start not in before:
            found = f"run {name!r} starts from {start!r}"
            raise ValueError(f"{found}, expected one listed above it: {before or 'none is'}")
        before.append(name)


def _check_wing(settings: dict) -> None:
    """Raises ValueError for an unknown wing, and for shards or no study in one without faces."""
    wing = wing_of(settings)
    if wing.hands_in:
        return
    found = f"{settings['profile']} is of the wing {settings['wing']!r}"
    if not study_names(settings):
        raise ValueError(f"{found}, which hands nothing in: give it a `study`")
    if int(settings.get("shards", 1)) > 1:
        raise ValueError(f"{found}, whose data {wing.stage} reads alone: leave `shards` out")


def _check_meetings(settings: dict) -> None:
    """Raises ValueError where two names meet as rules, as folders or as executed notebooks."""
    known = {"all": "the rule of everything"}
    for rule, name in _pairs(settings):
        if rule in known:
            raise ValueError(f"{name!r} and {known[rule]!r} are both the rule {rule}: rename one")
        known[rule] = name
    runs, studies = settings.get("runs") or {}, study_names(settings)
    if (first := wing_of(settings).stage) in studies:
        raise ValueError(f"study {first!r} is called like the first stage: rename it")
    for name in runs:
        others = [*FOLDERS, *(other for other in runs if other != name)]
        if inside := [other for other in others if f"{name}/".startswith(f"{other}/")]:
            raise ValueError(f"run {name!r} would lie in the folder of {inside[0]!r}: rename one")
        if run_rule(name) in studies:
            raise ValueError(f"run {name!r} is called like the study {run_rule(name)!r}: rename it")


@dataclass(frozen=True)
class Wing:
    """Names that the stages of one kind of recordings go by; code is as pipeline.code_files takes
    it."""

    write: str  # command of rppg that writes the embedded recordings, with its own options
    write_code: tuple[str, ...]
    stage: str  # the first: it prepares what the runs read, prepared/<profile>/index.parquet
    rule: str  # Snakemake's name of it
    notebook: str  # its notebook, below notebooks/
    gets: tuple[str, ...]  # what the Snakefile gives to it, where there is such a thing
    table: str  # what it makes for those who come after the runs
    first_code: tuple[str, ...]
    run_code: tuple[str, ...]
    study_code: tuple[str, ...]
    hands_in: bool  # whether a profile may end in a submission, and prepare in shards


FACES = Wing(
    write="challenge --workers {threads}",
    write_code=("synthetic", "preprocessing"),
    stage="01_preprocess",
    rule="preprocess",
    notebook="01_preprocess",
    gets=("data_dir", "prepared_dir", "run_dir", "seed"),
    table="runs/{profile}/classical/predictions.parquet",
    first_code=("datasets", "preprocessing", "signals", "inference/classical.py"),
    run_code=(
        *("datasets", "signals", "dataloader", "losses", "models", "training", "inference"),
        *("utils",),
    ),
    study_code=("evaluation", "plotting", "signals", "studies", "workflow/sweeps.py"),
    hands_in=True,
)
MOTION = Wing(
    write="wearables",
    write_code=("studies/relcon/simulator", "studies/relcon/data"),
    stage="relcon_windows",
    rule="relcon_windows",
    notebook="studies/relcon/relcon_windows",
    gets=("data_dir", "prepared_dir"),
    table="prepared/{profile}/index.parquet",
    first_code=("datasets", "studies/relcon/data"),
    run_code=("datasets", "training", "models", "studies/relcon"),
    study_code=("studies/relcon", "plotting", "workflow/sweeps.py"),
    hands_in=False,
)
WINGS = {"faces": FACES, "motion": MOTION}


def wing_of(settings: dict) -> Wing:
    """The wing of a profile's settings, faces where they name none.  Raises ValueError for another
    name than those of WINGS."""
    name = settings.get("wing") or "faces"
    if name not in WINGS:
        known = ", ".join(WINGS)
        raise ValueError(f"{settings['profile']}: no wing {name!r}, expected one of {known}")
    return WINGS[name]
