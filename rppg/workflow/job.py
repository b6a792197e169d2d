"""One stage as a job of Snakemake, on this machine or on a node of a cluster.

    python -m rppg.workflow.job runs/demo/.stages/jobs/submit.json

The file says what the stage is (`write_job`).  A stage that turns out to be up to date, because
those before it made the same again, is not executed.  What another run left in the folder of a
trained run is moved to runs/<profile>/previous first; an interrupted run of the same fingerprint
stays and resumes.  The record is written when the stage begins and when it ends.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from rppg.utils.paths import project_dir
from rppg.workflow.fingerprints import fingerprint, no_other_run, notebook_path, refreshed
from rppg.workflow.gpu_slots import own_gpus
from rppg.workflow.previous import move_aside
from rppg.workflow.processes import end_descendants, end_with_owner, owner_is_gone
from rppg.workflow.records import (
    DONE,
    FAILED,
    STARTED,
    WEIGHTS,
    Record,
    digest_file,
    read_record,
    record_path,
    write_record,
)
from rppg.workflow.stage import Stage
from rppg.workflow.typed_fields import parameter_defaults
from rppg.workflow.warm_start import WarmProcess, warm_process

ENDINGS = {0: "done", 130: "stopped"}
STOPPED = 130  # exit status, as shells give it after SIGINT


def write_job(path: Path, stage: Stage, parts: dict, needs: dict[str, str], forced: bool) -> None:
    """Write what `main` reads.  needs: key to the record of what is read; forced: whether it is
    executed even if it is up to date."""
    job = {"stage": asdict(stage), "parts": parts, "needs": needs, "forced": forced}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(job, indent=1))


def main() -> int:
    """Execute the job in the file that the command line names; returns the exit status."""
    end_with_owner()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ["RPPG_MOVE_ASIDE"] = "1"  # see rppg.workflow.run_folder
    return run_job(project_dir(__file__), Path(sys.argv[1]))


def run_job(root: Path, path: Path) -> int:
    """Execute the job in a file, as far as it is not up to date; returns the exit status.

    Raises FileNotFoundError if what it reads has not been made.
    """
    job = json.loads(path.read_text())
    stage = Stage(**job["stage"])
    needs = {key: _content(root, place) for key, place in job["needs"].items()}
    parts = {**refreshed(job["parts"], stage, root), "needs": needs}
    place = root / record_path(stage.profile, stage.rule)
    before, digest = read_record(place), fingerprint(parts)
    if not job["forced"] and _is_up_to_date(root, before, digest):
        _say(stage, "up to date, since what it reads came out the same")
        return 0
    _clear(root, stage, before, digest, job["forced"])
    record = Record(stage.name, stage.profile, STARTED, digest, parts, stage.folders)
    write_record(place, record)
    _say(stage, "runs")
    began = time.monotonic()
    status = _execute(root, stage) or _check_outputs(root, stage)
    _say(stage, f"{ENDINGS.get(status, 'failed')} after {time.monotonic() - began:.0f} s")
    if status == 0:
        write_record(place, replace(record, status=DONE, outputs=_outputs(root, stage)))
    elif status != STOPPED:
        write_record(place, replace(record, status=FAILED))
    return status


def _say(stage: Stage, text: str) -> None:
    print(f"{stage.label}: {text}", file=sys.stderr, flush=True)


def _content(root: Path, path: str) -> str:
    record = read_record(root / path)
    if record is None or record.status != DONE:
        raise FileNotFoundError(f"{path} is no record of a finished stage: use `rppg run` again")
    return record.content()


def _is_up_to_date(root: Path, before: Record | None, digest: str) -> bool:
    done = before is not None and before.status == DONE and before.fingerprint == digest
    return done and not before.broken(root)


def _clear(root: Path, stage: Stage, before: Record | None, digest: str, forced: bool) -> None:
    """Take links to other profiles' folders away, and move another run aside."""
    for folder in stage.folders.values():
        if (root / folder).is_symlink():
            (root / folder).unlink()
    same = before is not None and before.fingerprint == digest and not forced
    if (
        same and before.status == DONE
    ):  # what is missing is made again, what was changed is not kept
        same = not any(wrong.startswith("changed") for wrong in before.broken(root))
    if stage.keeps and not same and (place := move_aside(root, stage, before)):
        _say(stage, f"another run was in its folder, which is now {place}")


def _execute(root: Path, stage: Stage) -> int:
    """Run the notebook or command in a process of its own, with GPUs of its own if it needs any;
    returns its exit status."""
    try:
        with own_gpus(root, stage.gpu, lambda text: _say(stage, text)) as own:
            return _wait_for(_started(root, stage, os.environ | own))
    except KeyboardInterrupt:  # while it waits for a GPU
        end_descendants()
        return STOPPED


def _started(root: Path, stage: Stage, env: dict[str, str]) -> subprocess.Popen | WarmProcess:
    if stage.notebook is not None:
        if process := warm_process(root, notebook_arguments(root, stage), env):
            return process
    return subprocess.Popen(list(words(root, stage)), cwd=root, env=env)


def _wait_for(process: subprocess.Popen | WarmProcess) -> int:
    try:
        status = process.wait()
    except KeyboardInterrupt:
        end_descendants(others=[process.pid])
        return STOPPED
    if status != 0 and owner_is_gone():
        end_descendants(others=[process.pid])
        return STOPPED
    return status if status >= 0 else 128 - status


def words(root: Path, stage: Stage) -> Iterable[str]:
    """The command line of a stage, word by word; no shell reads it."""
    yield from (sys.executable, "-m")
    if stage.notebook is not None:
        yield from ("rppg.workflow.notebook", *notebook_arguments(root, stage))
        return
    put_in = {"{json}": json.dumps(stage.parameters), "{threads}": str(stage.threads)}
    yield from ("rppg.cli", *(put_in.get(word, word) for word in stage.command))


def notebook_arguments(root: Path, stage: Stage) -> list[str]:
    """What `rppg.workflow.notebook` is given to run a stage's notebook."""
    defaults = parameter_defaults(notebook_path(stage, root))
    given = stage.paths | stage.parameters | no_other_run(stage, defaults)
    notebook = f"notebooks/{stage.notebook}.ipynb"
    return [notebook, stage.executed, "--parameters", json.dumps(given)]


def _check_outputs(root: Path, stage: Stage) -> int:
    """1 if something is missing that the stage should have made, else 0."""
    missing = [path for path in stage.outputs.values() if not (root / path).exists()]
    if missing:
        _say(stage, f"has ended without {', '.join(missing)}")
    return int(bool(missing))


def _outputs(root: Path, stage: Stage) -> dict[str, dict]:
    """What was made, a run's weights included."""
    files = {name: digest_file(root, path) for name, path in stage.outputs.items()}
    if stage.keeps:
        folder = stage.folders["run"]
        weights = sorted(path.name for path in (root / folder).glob(WEIGHTS))
        files |= {name: digest_file(root, f"{folder}/{name}") for name in weights}
    return files


if __name__ == "__main__":
    sys.exit(main())
