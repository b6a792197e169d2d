"""What the stages of a profile are made with: faces, or the wing that its `wing` names.

A wing has its own command that writes embedded recordings, its own first notebook, and its own
code, a change of which means that a stage reruns.

    >>> wing_of({"profile": "demo"}).stage
    '01_preprocess'
    >>> wing_of({"profile": "relcon", "wing": "motion"}).stage
    'relcon_windows'
"""

from dataclasses import dataclass


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
    write_code=("synthetic", "vision"),
    stage="01_preprocess",
    rule="preprocess",
    notebook="01_preprocess",
    gets=("data_dir", "prepared_dir", "run_dir", "seed"),
    table="runs/{profile}/classical/predictions.parquet",
    first_code=("recordings", "vision", "signals", "learning/prediction.py"),
    run_code=("recordings", "signals", "learning"),
    study_code=("contest", "signals", "grid.py", "sweep.py"),
    hands_in=True,
)
MOTION = Wing(
    write="wearables",
    write_code=(
        *("motion/write_wearables.py", "motion/simulator.py", "motion/person.py"),
        *("motion/gait.py", "motion/arm.py", "motion/sitting.py", "motion/wearing.py"),
        *("motion/irregular.py", "motion/recording.py", "motion/tables.py"),
    ),
    stage="relcon_windows",
    rule="relcon_windows",
    notebook="studies/relcon_windows",
    gets=("data_dir", "prepared_dir"),
    table="prepared/{profile}/index.parquet",
    first_code=(
        *("recordings", "motion/readers", "motion/recording.py", "motion/tables.py"),
        *("motion/windows.py", "motion/window_store.py"),
    ),
    run_code=("recordings", "learning", "motion"),
    study_code=("contest", "motion", "grid.py", "sweep.py"),
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
