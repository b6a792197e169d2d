"""Worker pool: results in order of completion, dead workers, and the end of the parent."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from pickle import PicklingError

import pytest
from helpers.vision_clips import heed_interrupts
from helpers.worker_tasks import act, fail_to_start

from rppg.utils.worker_pool import WorkerDied, run


def test_every_item_once_with_its_index():
    with closing(run(act, list("abcde"), workers=2)) as results:
        assert sorted(results) == list(enumerate("abcde"))
    assert list(run(act, [], workers=2)) == []


@pytest.mark.slow
def test_a_dead_worker_costs_its_item_only():
    items = ["a", "die", "b", "c"]
    found = dict(run(act, items, workers=1))
    died = found.pop(1)
    assert found == {0: "a", 2: "b", 3: "c"}
    assert isinstance(died, WorkerDied) and "killed by SIGKILL; out of memory?" in str(died)


def test_an_exception_of_the_task_ends_the_run():
    with pytest.raises(KeyError, match="no such thing"):
        list(run(act, ["raise", "a"], workers=1))


@pytest.mark.parametrize(
    ("item", "words"),
    [("raise unpicklable", "NeedsTwo: a.mp4: is odd"), ("return unpicklable", "act.*lambda")],
)
def test_what_cannot_be_pickled_is_an_error_with_its_text_and_no_death(item, words):
    with pytest.raises((RuntimeError, AttributeError, PicklingError), match=words):
        list(run(act, [item, "a"], workers=1))


def test_a_worker_that_cannot_start_is_an_error(capfd):
    with pytest.raises(RuntimeError, match="cannot start .exit code 1."):
        list(run(act, ["a"], workers=1, setup=fail_to_start))
    assert "a library is missing" in capfd.readouterr().err


SCRIPT = """
import sys, time
from rppg.utils.worker_pool import run
from helpers.worker_tasks import sleep_with_mark
if __name__ == "__main__":
    list(run(sleep_with_mark, [sys.argv[1]] * 2, workers=2))
"""


@pytest.mark.skipif(not hasattr(os, "setsid"), reason="needs POSIX process groups")
@pytest.mark.slow
@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_their_parent_and_clean_up(kill, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    marks = tmp_path / "marks"
    marks.mkdir()
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(script), str(marks)]
    parent = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    wait_for(lambda: len(list(marks.iterdir())) == 2)
    workers = [int(p.name) for p in marks.iterdir()]
    for pid in workers:  # as a terminal does; they leave it to their parent
        os.kill(pid, signal.SIGINT)
    parent.send_signal(kill)
    assert parent.wait(timeout=15) == -kill
    wait_for(lambda: not any(is_running(pid) for pid in workers))
    assert list(marks.iterdir()) == []
    traces = parent.stderr.read().count("Traceback")
    assert traces == (1 if kill == signal.SIGINT else 0)  # the parent's own


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.is_file() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")
