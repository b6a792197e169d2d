"""A profile and its runs as frozen values; `rppg.workflow.profiles` reads them from YAML.

>>> run = Run("net/pretrain", "02_pretrain_st_transformer", None, {"views": 3}, 1, 0, 0)
>>> run.name, run.parent
('net/pretrain', None)
"""

from dataclasses import dataclass

OTHER_RUNS = ("parent", "teacher")  # fields of a run that name another one, listed above it


@dataclass(frozen=True)
class Run:
    """One training: a notebook with parameters."""

    name: str  # "st_transformer/pretrain": also its folder in runs/<profile>
    notebook: str  # below notebooks/, without .ipynb
    parent: str | None  # name of the run whose model it starts from
    parameters: dict  # of the notebook, as the profile gives them
    threads: int
    gpu: int
    priority: int  # the higher one begins first
    teacher: str | None = None  # name of the run whose answers for test recordings it learns, too
    folds: int = 0  # models, each trained without a part of the labelled subjects; 0: one, as usual


@dataclass(frozen=True)
class Profile:
    """What `rppg run` computes.  Its results are in runs/<name>, prepared/<name>, ..."""

    name: str  # the file's, or <file>-<seed>
    file: str  # notebooks/profiles/<file>.yaml
    seed: int | None  # of folds and training; None: the notebooks' own
    seeds: tuple[int, ...]  # everything is computed once for each; empty: once
    modality: str  # faces or motion
    data: str | None  # folder with real datasets
    challenge: dict | None  # parameters of the synthetic benchmark
    notebooks: dict[str, dict]  # parameters of the notebooks that train nothing, by stage
    runs: dict[str, Run]  # in order: a parent and a teacher come before those that need them
    studies: tuple[str, ...]  # notebooks that collect the runs, in place of a submission
    shards: int  # jobs that prepare the recordings
    log: bool  # whether submissions are logged
