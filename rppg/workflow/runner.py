"""Run a profile: what is not up to date, by Snakemake, on this machine or on a cluster.

    >>> request = RunRequest(load_profile("demo"))  # doctest: +SKIP
    >>> print(format_plan(plan(request)))  # doctest: +SKIP
    stage                    why
    01_preprocess            code of preprocessing changed (face_mesh.py)
    st_transformer/pretrain  after 01_preprocess
    2 would run; nothing was run

What runs, and why, is decided in rppg.workflow.planning.  Snakemake is given exactly those stages,
with the processor cores and GPUs that they may use side by side, and decides nothing itself.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rppg.utils.paths import project_dir
from rppg.workflow.gpu_slots import VISIBLE, gpu_names, gpus_variable
from rppg.workflow.job import write_job
from rppg.workflow.planning import Plan, Planned, Reused, make_plan
from rppg.workflow.previous import link_folder, move_aside
from rppg.workflow.processes import end_descendants, owner_variable
from rppg.workflow.profile_lock import profile_lock
from rppg.workflow.profiles import Profile, seeded_profiles
from rppg.workflow.records import STAGES, read_record, record_path
from rppg.workflow.rerun_reasons import some
from rppg.workflow.stage import SHARD
from rppg.workflow.warm_start import warm_servers

SNAKEFILE = "notebooks/workflow/Snakefile"
LIST = "0-jobs.json"  # no rule is called like this


@dataclass(frozen=True)
class RunRequest:
    """What is to be run, and on what."""

    profile: Profile
    part: str | None = None  # a stage: it and what it needs, nothing else
    rerun: str | None = None  # a stage that runs although nothing has changed
    cores: int = 2
    gpus: int | None = None  # stages that need one run side by side up to this; None: those seen
    executor: Path | None = None  # folder of a Snakemake workflow profile: a cluster


def plan(request: RunRequest) -> Plan:
    """What would run, and why; nothing is run.  Raises ValueError for an unknown stage."""
    return make_plan(request.profile, project_dir(__file__), request.part, request.rerun)


def execute(request: RunRequest) -> int:
    """Run what is not up to date; returns Snakemake's exit status, 0 if everything was done.

    Raises BlockingIOError if the profile, or one whose results it reuses, is being run already.
    SIGINT, SIGTERM and the death of this process end everything that it has started.
    """
    root, profile = project_dir(__file__), request.profile
    names = [profile.name, *(one.name for one in seeded_profiles(profile))]
    with ExitStack() as stack:
        stack.enter_context(profile_lock(root, names))
        wanted = plan(request)
        donors = {one.record.profile for one in wanted.reused} - set(names)
        stack.enter_context(profile_lock(root, sorted(donors)))  # nobody changes what is read
        for one in wanted.reused:
            _link(root, one)
        _unlink_for_shards(root, wanted)
        for line in _reused_in_words(wanted.reused):
            print(line, file=sys.stderr)
        if not wanted.planned:
            return 0
        jobs = _write_jobs(root, profile, wanted)
        planned = [one.stage for one in wanted.planned if request.executor is None]
        warm = stack.enter_context(warm_servers(root, planned, request.cores))
        words = command(request, jobs)
        env = os.environ | warm | _environment(root, request, wanted)
        with _ended_with_signals():
            process = subprocess.Popen(words, cwd=root, env=env, start_new_session=True)
            try:
                return process.wait()
            except BaseException:
                end_descendants(interrupt=process.pid)
                raise


@contextmanager
def _ended_with_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block with SystemExit, as SIGINT does with KeyboardInterrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python lets no other thread handle signals
        return

    def stop(number: int, frame: object) -> None:
        sys.exit(128 + number)

    before = {n: signal.signal(n, stop) for n in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _link(root: Path, one: Reused) -> None:
    """Put links to a result that is elsewhere in the place of the stage's own folders."""
    own = root / record_path(one.stage.profile, one.stage.rule)
    if one.stage.keeps and (place := move_aside(root, one.stage, read_record(own))):
        print(
            f"{one.stage.label}: another run was in its folder, which is now {place}",
            file=sys.stderr,
        )
    for key, folder in one.stage.folders.items():
        link_folder(root, folder, one.record.folders[key])
    own.unlink(missing_ok=True)  # what it was of is not there any more


def _unlink_for_shards(root: Path, wanted: Plan) -> None:
    """Shards write into the profile's own prepared folder, never through a link to another's."""
    for one in wanted.planned:
        prepared = root / "prepared" / one.stage.profile
        if one.stage.kind == SHARD and prepared.is_symlink():
            prepared.unlink()


def _write_jobs(root: Path, profile: Profile, wanted: Plan) -> Path:
    """Write the file of each job, and the list that the Snakefile reads; returns its path.

    Snakemake sees only marks of finished jobs, which are removed here: it never deletes results.
    """
    folder, jobs = root / "runs" / profile.name / STAGES / "jobs", []
    for one in wanted.planned:
        rule, file = one.stage.rule, folder / f"{one.stage.rule}.json"
        write_job(file, one.stage, one.parts, one.needs, one.forced)
        file.with_suffix(".done").unlink(missing_ok=True)
        about = {"rule": rule, "after": one.after, "file": file.relative_to(root).as_posix()}
        stage = one.stage
        about |= {"threads": stage.threads, "gpu": stage.gpu, "priority": stage.priority}
        jobs.append(about)
    path = folder / LIST
    path.write_text(json.dumps({"jobs": jobs}, indent=1))
    return path


def command(request: RunRequest, jobs: Path) -> list[str]:
    """Snakemake on these jobs, word by word."""
    words = [sys.executable, "-m", "snakemake", "--snakefile", SNAKEFILE]
    words += ["--configfile", str(jobs), "--keep-going", "--nolock", "--rerun-incomplete"]
    words += ["--rerun-triggers", "mtime", "--quiet", "all"]
    if request.executor is not None:
        return [*words, "--workflow-profile", str(Path(request.executor).resolve())]
    return [*words, "--cores", str(request.cores), "--resources", f"gpu={gpus(request)}"]


def gpus(request: RunRequest) -> int:
    """How many stages that use a GPU may run at once: as requested, else as many as PyTorch sees.

    At least one, so that a machine without any runs them on its processor.
    """
    wanted = any(run.gpu for run in request.profile.runs.values())
    if request.gpus is not None or not wanted:
        return max(1, request.gpus or 1)
    return max(1, len(seen_gpus()))


def seen_gpus() -> list[str]:
    """The GPUs that PyTorch sees, by the names of CUDA_VISIBLE_DEVICES."""
    import torch

    return gpu_names(torch.cuda.device_count(), os.environ.get(VISIBLE))


def _environment(root: Path, request: RunRequest, wanted: Plan) -> dict[str, str]:
    """Variables for Snakemake and all jobs: its cache inside the project, who the owner is, and the
    GPUs that the jobs share out; a cluster's scheduler does that itself."""
    here = request.executor is None and any(one.stage.gpu for one in wanted.planned)
    gpus_here = gpus_variable(seen_gpus() if here else [], request.gpus)
    cache = {"XDG_CACHE_HOME": str(root / ".snakemake" / "cache")}
    return {**cache, **owner_variable(), **gpus_here}


def format_plan(plan: Plan) -> str:
    """One line per stage that would run, with the reason, or whose result is elsewhere."""
    if not plan.planned:
        done = "nothing to do: every stage is up to date"
        return "\n".join([done, *_reused_in_words(plan.reused)])
    said = {one.stage.rule: f"reused from {one.source}" for one in plan.reused}
    said |= {one.stage.rule: _why(one, plan) for one in plan.planned}
    labels = {stage.rule: stage.label for stage in plan.stages}
    rows = [(label, said[rule]) for rule, label in labels.items() if rule in said]
    width = max(len(label) for label, _ in rows)
    lines = [f"{label:<{width}}  {why}" for label, why in (("stage", "why"), *rows)]
    reused = f", {len(plan.reused)} reused" if plan.reused else ""
    return "\n".join([*lines, f"{len(plan.planned)} would run{reused}; nothing was run"])


def _why(one: Planned, plan: Plan) -> str:
    after = [f"after {some(_labels(one.after, plan))}"] if one.after else []
    return "; ".join([*one.why, *after])


def _labels(rules: list[str], plan: Plan) -> list[str]:
    """Stages as people read them; shards as one."""
    labels = {stage.rule: stage.label for stage in plan.stages}
    return list(dict.fromkeys(labels[rule].split(", shard ")[0] for rule in rules))


def _reused_in_words(reused: list[Reused]) -> list[str]:
    sources: dict[str, list[str]] = {}
    for one in reused:
        sources.setdefault(one.source, []).append(one.stage.label)
    return [f"reused from {source}: {', '.join(names)}" for source, names in sources.items()]


def failed(left: Plan) -> list[str]:
    """The stages that failed, of the plan made after a run: whatever could begin was begun, so
    they are those that need no other stage of it."""
    return [one.stage.label for one in left.planned if not one.after]


def format_failures(left: Plan) -> str:
    """What a run that failed has left: stages that failed, each with its partial notebook, and
    those that wait for them.  left: as in `failed`."""
    if not left.planned:
        return "Snakemake stopped with an error, see above; every stage is up to date"
    root = project_dir(__file__)
    lines = ["failed:"]
    for one in (one for one in left.planned if not one.after):
        there = one.stage.notebook is not None and (root / one.stage.executed).is_file()
        kept = one.stage.executed if there else "no notebook, see above"
        lines.append(f"  {one.stage.label}: {kept}")
    waiting = [one for one in left.planned if one.after]
    lines += ["not done because of it:"] if waiting else []
    for one in waiting:
        lines.append(f"  {one.stage.label} (needs {some(_labels(one.after, left))})")
    return "\n".join(lines)
