"""One stage of a profile as a frozen value; `rppg.workflow.stages` makes those of a profile.

>>> one = Stage("net/tune", "net_tune", "demo", RUN, folders={"run": "runs/demo/net/tune"})
>>> one.keeps, one.executed
(True, 'submissions/demo/notebooks/net_tune.ipynb')
"""

from dataclasses import dataclass, field

from rppg.workflow.stage_names import run_rule

BENCHMARK, SHARD, FIRST, RUN, ENSEMBLE, SUBMIT, STUDY = (
    *("benchmark", "shard", "first", "run", "ensemble", "submit", "study"),
)


@dataclass(frozen=True)
class Stage:
    """One job.  Paths are relative to the project's folder."""

    name: str  # as people give it to `rppg run`
    rule: str  # Snakemake's name of it, unique in a profile
    profile: str  # whose folders it writes to: the profile's or a seeded one's
    kind: str  # BENCHMARK, SHARD, ...
    notebook: str | None = None  # below notebooks/, without .ipynb
    command: tuple[str, ...] = ()  # of `rppg`, in place of a notebook
    parameters: dict = field(default_factory=dict)  # decide the result, with the notebook's own
    paths: dict = field(default_factory=dict)  # parameters that only say where things are
    folders: dict[str, str] = field(default_factory=dict)  # that it alone writes; may be links
    outputs: dict[str, str] = field(default_factory=dict)  # that exist when it has ended
    needs: dict[str, str] = field(default_factory=dict)  # key -> rule of an earlier stage
    data: tuple[str, ...] = ()  # folders of real data that it reads
    label: str = ""  # as people read it: with its seed or shard, if there are several
    threads: int = 1
    gpu: int = 0
    priority: int = 0

    @property
    def executed(self) -> str:
        """Where the executed notebook goes."""
        name = run_rule(self.name)
        return f"submissions/{self.profile}/notebooks/{name}.ipynb"

    @property
    def keeps(self) -> bool:
        """Whether what it made before is moved aside, never overwritten."""
        return self.kind in (RUN, ENSEMBLE)

    @property
    def shared(self) -> bool:
        """Whether another profile's result can stand in for its own."""
        return self.kind in (BENCHMARK, FIRST, RUN, ENSEMBLE)
