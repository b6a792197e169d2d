"""A project of a few files whose stages only write a line, planned and executed without Snakemake.

bench = Bench(tmp_path, monkeypatch)
bench.run(PROFILE)
bench.write("rppg/losses/contrast.py", "x = 2")
assert bench.why(PROFILE) == {"net/tune": "code of losses changed (contrast.py)"}
"""

import json
from dataclasses import replace
from pathlib import Path

import nbformat

from rppg.utils import atomic
from rppg.workflow import job, runner
from rppg.workflow.planning import Plan, make_plan
from rppg.workflow.profiles import Profile, Run
from rppg.workflow.records import STAGES

PACKAGE = {
    "__init__": "",
    "cli_data": "def challenge():\n    from rppg.synthetic import render\n\n\n"
    "def prepare():\n    from rppg.preprocessing import video\n",
    "synthetic/__init__": "",
    "synthetic/render": "x = 1",
    "preprocessing/__init__": "",
    "preprocessing/video": "x = 1",
    "losses/__init__": "",
    "losses/contrast": '"""A loss."""\nx = 1',
    "losses/sinc": "x = 1",
    "models/__init__": "",
    "models/registry": "x = 1",
    "models/st_transformer/__init__": "from rppg.losses import sinc",
    "models/contrast_phys/__init__": "from ...losses.contrast import x",
    "plotting/__init__": "x = 1",
    "studies/__init__": "",
    "studies/tables": "x = 1",
    "workflow/__init__": "x = 1",
}
RUN = "prepared_dir: str = ''\nrun_dir: str = ''\nthreads: int = 1\nseed: int = 0\n"
BUILD = "from rppg import plotting, workflow\nfrom rppg.models.registry import x\n"
NOTEBOOKS = {  # name: cell of parameters, code
    "01_preprocess": (
        "data_dir: str = ''\nworkers: int = 2",
        "from rppg.preprocessing import video",
    ),
    "02_learn": (RUN + "training: dict = {'n_steps': 5}", BUILD + "build('st_transformer')"),
    "03_learn": (RUN, BUILD + "build('contrast_phys')"),
    "04_tune": (RUN + "parent: str = ''\nmodel: str = 'st_transformer'", BUILD),
    "05_ensemble": ("predictions: list = []", "x = 1"),
    "06_submit": ("data_dir: str = ''", "from rppg import plotting"),
    "studies/tables/tables": ("profile: str = ''", "from rppg.studies import tables"),
}


def made(name: str, notebook: str, parent: str | None = None, **parameters) -> Run:
    """A run, which needs one thread and no GPU."""
    return Run(name, notebook, parent, parameters, threads=1, gpu=0, priority=0)


def profile_of(*runs: Run, name: str = "toy", **more) -> Profile:
    """A profile of the synthetic benchmark with these runs."""
    fields = {"seed": None, "seeds": (), "modality": "faces", "data": None, "studies": ()}
    fields |= {"challenge": {"n_ubfc": 2}, "notebooks": {}, "shards": 1, "log": True}
    return Profile(name=name, file=name, runs={run.name: run for run in runs}, **{**fields, **more})


PROFILE = profile_of(
    made("st/learn", "02_learn"),
    made("st/tune", "04_tune", parent="st/learn"),
    made("cp/learn", "03_learn"),
    made("cp/tune", "04_tune", parent="cp/learn"),
    made("cp/scratch", "04_tune", model="contrast_phys"),
)


def with_run(profile: Profile, name: str, label: str = "", **parameters) -> Profile:
    """The profile with other parameters of one run; label: and called like this."""
    run = replace(profile.runs[name], parameters=parameters)
    label = label or profile.name
    return replace(profile, name=label, file=label, runs={**profile.runs, name: run})


class Bench:
    """The project; `executed` names the stages that were executed since the last look."""

    def __init__(self, root: Path, monkeypatch):
        self.root, self.executed, self.broken = root, [], set()
        for name, text in PACKAGE.items():
            self.write(f"rppg/{name}.py", text)
        for name, cells in NOTEBOOKS.items():
            self.notebook(name, *cells)
        monkeypatch.setattr(job, "_execute", self._execute)
        monkeypatch.setattr(atomic, "fsync", lambda path: None)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def notebook(self, name: str, parameters: str, code: str) -> None:
        tagged = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
        book = nbformat.v4.new_notebook(cells=[tagged, nbformat.v4.new_code_cell(code)])
        book.metadata.kernelspec = {"name": "python3", "display_name": "3", "language": "python"}
        self.write(f"notebooks/{name}.ipynb", nbformat.writes(book))

    def plan(self, profile: Profile, part: str | None = None, rerun: str | None = None) -> Plan:
        return make_plan(profile, self.root, part, rerun)

    def why(self, profile: Profile, *part: str, rerun: str | None = None) -> dict[str, str]:
        """What `rppg run -n` says of stages that would run: label to reason."""
        plan = self.plan(profile, *part, rerun=rerun)
        return {one.stage.label: runner._why(one, plan) for one in plan.planned}

    def reused(self, profile: Profile) -> dict[str, str]:
        return {one.stage.label: one.source for one in self.plan(profile).reused}

    def run(self, profile: Profile, *part: str, rerun: str | None = None) -> list[str]:
        """As `rppg run`, one job after the other; returns the labels of what was executed."""
        plan, failed = self.plan(profile, *part, rerun=rerun), set()
        for one in plan.reused:
            runner._link(self.root, one)
        runner._write_jobs(self.root, profile, plan)
        for one in plan.planned:
            path = self.root / "runs" / profile.name / STAGES / "jobs" / f"{one.stage.rule}.json"
            if failed & set(one.after) or job.run_job(self.root, path):
                failed.add(one.stage.rule)
        executed, self.executed = self.executed, []
        return executed

    def _execute(self, root: Path, stage) -> int:
        self.executed.append(stage.label)
        if stage.name in self.broken:
            return 1
        for name, path in stage.outputs.items():
            folder = name == "data"
            place = f"{path}/SYNTHETIC.txt" if folder else path
            self.write(place, json.dumps([stage.name, stage.parameters]))
        if stage.keeps and stage.kind == "run":
            self.write(f"{stage.folders['run']}/model.safetensors", stage.name)
        return 0
