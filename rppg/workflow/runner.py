"""A profile as a graph of stages, run by Snakemake: what would run and why, what failed.

What its stages are called, and Snakemake's rules of them, is in rppg.workflow.stages.

    >>> order = Order(run_settings("demo"))  # doctest: +SKIP
    >>> print(format_plan(plan(order), stages(order.settings)))  # doctest: +SKIP
    01_preprocess            code of vision changed (face.py)
    st_transformer/pretrain  after 01_preprocess
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from rppg.utils.paths import project_dir
from rppg.workflow.profiles import seeded_profiles
from rppg.workflow.provenance import CLAIM
from rppg.workflow.rerun_reasons import Planned, read_plan, some
from rppg.workflow.stages import stages, study_names


@dataclass(frozen=True)
class Order:
    """What is asked for: a profile's settings, and what of it runs where."""

    settings: dict  # as pipeline.run_settings gives them
    part: str | None = None  # a stage: it and what it needs, nothing else
    rerun: str | None = None  # a stage that runs although nothing has changed
    cores: int = 2
    gpus: int | None = None  # stages that need one run side by side up to this; None: those seen
    executor: Path | None = None  # folder of a Snakemake workflow profile: a cluster


def rules_of(settings: dict, *names: str) -> list[str]:
    """Snakemake's rules of these stages, one a seed.  Raises ValueError for an unknown stage."""
    named = stages(settings)
    if unknown := [name for name in names if name not in named.values()]:
        known = ", ".join(dict.fromkeys(named.values()))
        found = f"no stage {unknown[0]!r} in {settings['profile']}"
        raise ValueError(f"{found}: expected one of {known}")
    return [rule for rule, name in named.items() if name in names]


def targets(settings: dict, stage: str) -> list[str]:
    """Rules of a stage and of what it needs, each by name: what is missing behind a finished stage
    Snakemake would else overlook.  Raises ValueError for an unknown stage.
    """
    rules_of(settings, stage)
    names, runs = list(dict.fromkeys(stages(settings).values())), settings.get("runs") or {}
    others = {"prepare", *(name for name in study_names(settings) if name != stage)}
    needed = [name for name in names[: names.index(stage) + 1] if name not in others]
    if stage in runs:
        chain = [stage]
        while (start := runs[chain[-1]].get("start")) is not None:
            chain.append(start)
        needed = [name for name in needed if name in chain or name not in runs]
    return rules_of(settings, *needed)


def config_path(settings: dict) -> Path:
    """File of the settings, which Snakemake reads."""
    return project_dir(__file__) / "runs" / settings["profile"] / "settings.json"


def write_settings(settings: dict) -> None:
    path = config_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings, indent=2))


def command(order: Order, *more: str) -> list[str]:
    """Snakemake on this order: reruns what has changed, finishes what was interrupted."""
    words = [sys.executable, "-m", "snakemake", "--snakefile", "notebooks/workflow/Snakefile"]
    words += ["--configfile", str(config_path(order.settings))]
    words += ["--rerun-incomplete", "--keep-going", "--nolock"]
    words += ["--rerun-triggers", "mtime", "params", "input"]
    if order.executor is not None:
        words += ["--workflow-profile", str(Path(order.executor).resolve())]
    else:
        words += ["--cores", str(order.cores), "--resources", f"gpu={gpus(order)}"]
    if order.rerun is not None:
        words += ["--forcerun", *rules_of(order.settings, order.rerun)]
    words += more
    return words + (["--", *targets(order.settings, order.part)] if order.part else [])


def gpus(order: Order) -> int:
    """How many stages that use a GPU may run at once: as ordered, else as many as PyTorch sees.

    At least one, so that a machine without any runs them on its processor.
    """
    wanted = any(run.get("gpu") for run in (order.settings.get("runs") or {}).values())
    if order.gpus is not None or not wanted:
        return max(1, order.gpus or 1)
    import torch

    return max(1, torch.cuda.device_count())


def plan(order: Order) -> list[Planned]:
    """What would run, and why; nothing is run.

    Raises RuntimeError with Snakemake's own words where it cannot make a plan.
    """
    write_settings(order.settings)
    local = replace(order, executor=None)  # what would run is the same everywhere
    root = project_dir(__file__)
    done = subprocess.run(
        command(local, "--dry-run", "--config", "describe=1"),
        cwd=root,
        env=environment(root),
        capture_output=True,
        text=True,
    )
    told = f"{done.stdout}\n{done.stderr}"
    if done.returncode != 0:
        raise RuntimeError(f"Snakemake made no plan of {order.settings['profile']}:\n{told}")
    return read_plan(told, root)


def execute(order: Order) -> int:
    """Run what is not up to date; Snakemake's exit status, 0 where everything was done."""
    write_settings(order.settings)
    if order.rerun is not None:
        forget(order.settings, order.rerun)
    root = project_dir(__file__)
    words = command(order, "--quiet", "rules", "progress")
    return subprocess.run(words, cwd=root, env=environment(root)).returncode


def forget(settings: dict, stage: str) -> None:
    """Make a trained run begin anew where its notebook would else find that it is done."""
    for world in seeded_profiles(settings):
        mark = project_dir(__file__) / "runs" / world["profile"] / stage / CLAIM
        if stage in (settings.get("runs") or {}) and mark.is_file():
            mark.write_text("{}\n")


def environment(root: Path) -> dict[str, str]:
    """The environment, with Snakemake's own cache kept inside the project's folder."""
    return os.environ | {"XDG_CACHE_HOME": str(root / ".snakemake" / "cache")}


def label(rule: str, named: dict[str, str], shard: str = "") -> str:
    """A stage as people read it: with its seed where there are several, and its shard."""
    several = list(named.values()).count(named[rule]) > 1
    seed = f", seed {rule.rsplit('_', 1)[1]}" if several else ""
    return named[rule] + seed + (f", shard {shard}" if shard else "")


def format_plan(planned: list[Planned], named: dict[str, str]) -> str:
    """A line a stage: its name and why it would run."""
    if not planned:
        return "nothing to do: every stage is up to date"
    rows = [(label(one.rule, named, one.shard), _why(one, named)) for one in planned]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {why}" for name, why in (("stage", "why"), *rows)]
    return "\n".join([*lines, f"{len(rows)} would run; nothing was run"])


def _why(one: Planned, named: dict[str, str]) -> str:
    after = [f"after {some([label(rule, named) for rule in one.after])}"] if one.after else []
    return "; ".join([*one.why, *after])


def failed(left: list[Planned], named: dict[str, str]) -> list[str]:
    """The stages that failed, of the plan made after a run: whatever could begin was begun, so
    they are those that need no other stage of it."""
    return [label(one.rule, named, one.shard) for one in left if not one.after]


def format_failures(left: list[Planned], named: dict[str, str]) -> str:
    """What a run that failed has left: stages that failed, each with its partial notebook, and
    those that wait for them.  left: as in `failed`.
    """
    if not left:
        return "Snakemake stopped with an error, see above; every stage is up to date"
    waiting = [one for one in left if one.after]
    root = project_dir(__file__)
    lines = ["failed:"]
    for one in (one for one in left if not one.after):
        kept = one.log if one.log and (root / one.log).is_file() else "no notebook, see above"
        lines.append(f"  {label(one.rule, named, one.shard)}: {kept}")
    lines += ["not done because of it:"] if waiting else []
    for one in waiting:
        needs = some([label(rule, named) for rule in one.after])
        lines.append(f"  {label(one.rule, named, one.shard)} (needs {needs})")
    return "\n".join(lines)
