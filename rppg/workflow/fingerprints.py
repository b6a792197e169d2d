"""What decides the result of a stage: parts that are the same wherever its folders are and whatever
its profile is called, and one digest of them.

    parts = parts_of(stages, root)["net_tune"]
    fingerprint(parts | {"needs": {"parent": record.content()}})

The parts are the parameters (the notebook's defaults included, names of folders left out), the
code (`rppg.workflow.code_hash`), the program that finds landmarks, real data by paths and sizes,
and the content of what the stage reads from other stages, which is known as soon as these have
ended.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from rppg.preprocessing.landmark_finder import default_finder
from rppg.workflow.code_hash import (
    cells_digest,
    function_code,
    models_named,
    module_digests,
    notebook_code,
)
from rppg.workflow.profile_types import OTHER_RUNS
from rppg.workflow.records import short_digest, tree_digest
from rppg.workflow.stage import RUN, SHARD, STUDY, SUBMIT, Stage
from rppg.workflow.typed_fields import parameter_defaults

FINDER_MODULE = default_finder.__module__
SPEED = {  # change no result
    "workers",
    "n_workers",
    "budget_minutes",
    "save_every",
    "keep_validated",
    "device",
    "tracker",
}


def parts_of(stages: Sequence[Stage], root: Path) -> dict[str, dict]:
    """The parts of each stage, by rule: parameters, code (digest per module), notebook (digest of
    its cells), finder (of landmarks, if its code finds any), data.  Each of the stages comes after
    those that it needs."""
    parts, models, code, trees = {}, {}, _Code(root), {}
    for stage in stages:
        models[stage.rule] = _models(stage, models, root)
        own = {"parameters": _parameters(stage, root), "data": _data(stage, root, trees)}
        own |= code.of(stage, models[stage.rule])
        parts[stage.rule] = json.loads(json.dumps(own))  # tuples become lists, as in records
    return parts


def refreshed(parts: dict, stage: Stage, root: Path) -> dict:
    """The parts with today's digests of the same modules: code may have been edited after the
    stage was planned, and before it began."""
    code = module_digests(parts["code"], root / "rppg")
    cells = {"notebook": cells_digest(notebook_path(stage, root))} if stage.notebook else {}
    return {**parts, "code": code, **cells}


def fingerprint(parts: dict) -> str:
    """16 hexadecimal digits of all parts of a stage, its `needs` included."""
    return short_digest(parts)


def read_needs(stage: Stage, stages: Iterable[Stage]) -> dict[str, str]:
    """Stage.needs without shards, which only do some of the first stage's work before it."""
    shards = {one.rule for one in stages if one.kind == SHARD}
    return {key: rule for key, rule in stage.needs.items() if rule not in shards}


def notebook_path(stage: Stage, root: Path) -> Path:
    return root / "notebooks" / f"{stage.notebook}.ipynb"


def _parameters(stage: Stage, root: Path) -> dict:
    """Parameters by name, as the stage is given them: its own over the notebook's defaults."""
    if stage.notebook is None:
        return stage.parameters
    defaults = parameter_defaults(notebook_path(stage, root))
    own = stage.parameters | no_other_run(stage, defaults)
    given = {k: v for k, v in defaults.items() if k not in stage.paths} | own
    given = {k: v for k, v in given.items() if k not in SPEED}
    if isinstance(training := given.get("training"), dict):
        given["training"] = {k: v for k, v in training.items() if k not in SPEED}
    return given


def no_other_run(stage: Stage, defaults: dict) -> dict:
    """`parent: ""` for a run that has none, lest its notebook's default be one; likewise others."""
    named = stage.paths.keys() | stage.parameters.keys()
    return {role: "" for role in OTHER_RUNS if role in defaults and role not in named}


def _data(stage: Stage, root: Path, trees: dict[str, str]) -> str:
    """Digest of the folders of real data, as far as they are there."""
    for folder in stage.data:
        if folder not in trees and (root / folder).is_dir():
            trees[folder] = tree_digest(root / folder)
    return "+".join(trees[folder] for folder in stage.data if folder in trees)


def _models(stage: Stage, models: dict[str, tuple], root: Path) -> tuple[str, ...]:
    """Models whose code a run uses: those that its notebook names, its parent's and, if it has no
    parent, that of its parameter `model`."""
    if stage.kind != RUN:
        return ()
    notebook = notebook_path(stage, root)
    named = models_named(notebook, root / "rppg") | set(models.get(stage.needs.get("parent"), ()))
    given = {**parameter_defaults(notebook), **stage.parameters}.get("model")
    if "parent" not in stage.needs and (root / "rppg" / "models" / str(given)).is_dir():
        named |= {given} if given else set()
    return tuple(sorted(named))


class _Code:
    """Digests of code, each made once."""

    def __init__(self, root: Path):
        self.root, self.made = root, {}

    def of(self, stage: Stage, models: tuple[str, ...]) -> dict:
        key = (stage.notebook, stage.command[:1], models, stage.kind)
        if key not in self.made:
            self.made[key] = self._make(stage, models)
        return self.made[key]

    def _make(self, stage: Stage, models: tuple[str, ...]) -> dict:
        package = self.root / "rppg"
        if stage.notebook is None:
            return _with_finder(function_code("rppg.cli_data", stage.command[0], package))
        path = notebook_path(stage, self.root)
        figures = stage.kind in (SUBMIT, STUDY)  # whose results figures are
        code = notebook_code(path, models, figures=figures, package=package)
        return {**_with_finder(code), "notebook": cells_digest(path)}


def _with_finder(code: dict[str, str]) -> dict:
    """`code`, and `finder` if it can find landmarks, which another one finds a little elsewhere."""
    finds = FINDER_MODULE in code
    return {"code": code} | ({"finder": default_finder()} if finds else {})
