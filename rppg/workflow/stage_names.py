"""What the stages of a profile are called, by people and by Snakemake, for each modality.

People call a stage "01_preprocess", "st_transformer/pretrain" or "06_submit"; Snakemake calls its
rule "preprocess", "st_transformer_pretrain" or "submit", and with `seeds` there is one rule per
seed ("submit_1").  `rppg.workflow.stages` makes the stages themselves.

    >>> run_rule("net/pretrain")
    'net_pretrain'
    >>> study_notebook("gideon2021_tables")
    'studies/gideon2021/gideon2021_tables'
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rppg.datasets.readers import READERS

FOLDERS = ("classical", "ensemble", "prepare", "previous")  # in runs/<profile>, of no run
RUN_GETS = ("prepared_dir", "run_dir", "threads")  # what the workflow gives to a run's notebook
STUDY_GETS = ("profile", "runs", "out_dir")  # and to a study's


@dataclass(frozen=True)
class Modality:
    """What is special to one kind of recordings; a notebook is a path below notebooks/."""

    command: str  # of `rppg`, writes the synthetic benchmark
    options: tuple[str, ...]  # of that command; {threads} is put in
    stage: str  # the first notebook's: it prepares what the runs read
    rule: str
    notebook: str
    gets: tuple[str, ...]  # parameters of that notebook that the workflow gives
    table: str | None  # predictions that it makes, in runs/<profile>
    submits: bool  # whether a profile can end in a submission, and prepare in shards
    layouts: tuple[str, ...]  # whose readers may be given options


FACES = Modality(
    command="challenge",
    options=("--workers", "{threads}"),
    stage="01_preprocess",
    rule="preprocess",
    notebook="01_preprocess",
    gets=("data_dir", "prepared_dir", "run_dir", "seed"),
    table="classical/predictions.parquet",
    submits=True,
    layouts=tuple(READERS),
)
MOTION = Modality(
    command="wearables",
    options=(),
    stage="relcon_windows",
    rule="relcon_windows",
    notebook="studies/relcon/relcon_windows",
    gets=("data_dir", "prepared_dir"),
    table=None,
    submits=False,
    layouts=(  # of rppg.studies.relcon.data.readers, which is above this layer
        *("PAMAP2", "HHAR", "MotionSense", "Opportunity", "Capture-24", "BasicMotions"),
        "plain tables",
    ),
)
MODALITIES = {"faces": FACES, "motion": MOTION}


def run_rule(name: str) -> str:
    """Snakemake's rule of a run, before the seed."""
    return name.replace("/", "_")


def study_rules(studies: Sequence[str]) -> list[tuple[str, str]]:
    """Rule and name of each study: "study" is the rule of a single one."""
    return [("study" if len(studies) == 1 else f"study_{name}", name) for name in studies]


def study_notebook(name: str) -> str:
    """Notebook of a study: in a folder for each family of studies."""
    return f"studies/{name.split('_')[0]}/{name}"
