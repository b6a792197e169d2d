"""GPUs of a made-up list, shared out among real processes that run side by side."""

import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
from helpers.runner import TOY, rppg_run, toy_project, write_notebook, write_profile

from rppg.workflow import gpu_slots, job
from rppg.workflow.gpu_slots import gpu_names, own_gpus
from rppg.workflow.stage import RUN, Stage

PROGRAM = """import json, sys, time
from pathlib import Path
from rppg.workflow import gpu_slots
gpu_slots.POLL_S = 0.02
with gpu_slots.own_gpus(Path(sys.argv[1]), int(sys.argv[2]), print) as own:
    print(json.dumps([own.get("CUDA_VISIBLE_DEVICES"), time.time()]), flush=True)
    time.sleep(float(sys.argv[3]))
    print(time.time(), flush=True)
"""


def start(root, gpus, n=1, seconds=0.3):
    words = [sys.executable, "-c", PROGRAM, str(root), str(n), str(seconds)]
    env = os.environ | {"RPPG_GPUS": gpus}
    return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True)


def held(process):
    """(GPUs, from, to) of a process, and what it said before."""
    lines = process.communicate(timeout=60)[0].splitlines()
    assert process.returncode == 0
    names, began = json.loads(lines[-2])
    return (names.split(","), began, float(lines[-1])), lines[:-2]


def overlapping(spans):
    """Pairs of processes that had a GPU in common at the same time."""
    return [
        (a, b)
        for k, a in enumerate(spans)
        for b in spans[:k]
        if set(a[0]) & set(b[0]) and a[1] < b[2] and b[1] < a[2]
    ]


def test_names_are_those_of_an_outer_list_as_far_as_cuda_reads_it():
    assert gpu_names(4, None) == ["0", "1", "2", "3"]
    assert gpu_names(2, " 2, 5 ") == ["2", "5"]
    uuids = "GPU-aaaa,MIG-GPU-bbbb/1/0"
    assert gpu_names(2, uuids) == uuids.split(",")
    assert gpu_names(1, "7,-1,3") == ["7"] and gpu_names(0, "-1") == gpu_names(0, "") == []


@pytest.mark.slow
def test_each_of_several_processes_has_its_own(tmp_path):
    processes = [start(tmp_path, "3,GPU-aaaa,MIG-GPU-bbbb/1/0") for _ in range(7)]
    spans = [held(process)[0] for process in processes]
    assert {name for names, _, _ in spans for name in names} == {
        "3",
        "GPU-aaaa",
        "MIG-GPU-bbbb/1/0",
    }
    assert all(len(names) == 1 for names, _, _ in spans) and not overlapping(spans)


def test_who_needs_two_gets_two_different_ones_and_never_blocks_for_ever(tmp_path):
    needs = [2, 1, 2, 1, 2, 9]
    processes = [start(tmp_path, "0,1", n, seconds=0.05) for n in needs]
    spans = [held(process)[0] for process in processes]
    assert [len(set(names)) for names, _, _ in spans] == [2, 1, 2, 1, 2, 2]
    assert not overlapping(spans)


@pytest.mark.slow
def test_more_at_once_than_gpus_share_them(tmp_path):
    processes = [start(tmp_path, "0,1,0", seconds=3) for _ in range(3)]
    spans = [held(process)[0] for process in processes]
    assert sorted(names for names, _, _ in spans) == [["0"], ["0"], ["1"]]
    assert max(began for _, began, _ in spans) < min(ended for _, _, ended in spans)


def test_a_gpu_is_free_when_its_owner_was_killed_and_waiting_is_said(tmp_path):
    first = start(tmp_path, "5", seconds=60)
    assert json.loads(first.stdout.readline())[0] == "5"
    second = start(tmp_path, "5")
    assert second.stdout.readline() == "waits for a GPU, all of 5 are in use\n"
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert held(second)[0][0] == ["5"]


@pytest.mark.parametrize("gpus, n", [("", 1), ("0,1", 0)])
def test_nothing_is_held_without_gpus_or_need(tmp_path, monkeypatch, gpus, n):
    monkeypatch.setenv("RPPG_GPUS", gpus)
    with own_gpus(tmp_path, n) as own:
        assert own == {} and not list(tmp_path.iterdir())


def stage_that_prints(gpu):
    return Stage("net/learn", "net_learn", "toy", RUN, gpu=gpu)


@pytest.mark.parametrize("gpu, seen", [(1, "8"), (0, "7,8")])
def test_a_job_gives_its_gpu_to_the_notebook_and_no_other(tmp_path, monkeypatch, gpu, seen):
    code = "import os, pathlib; pathlib.Path('seen').write_text(os.environ['CUDA_VISIBLE_DEVICES'])"
    monkeypatch.setattr(job, "words", lambda root, stage: [sys.executable, "-c", code])
    monkeypatch.setenv("RPPG_GPUS", "7,8")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7,8")
    with own_gpus(tmp_path, 1) as other:
        assert other == {"CUDA_VISIBLE_DEVICES": "7"}
        assert job._execute(tmp_path, stage_that_prints(gpu)) == 0
    assert (tmp_path / "seen").read_text() == seen


def test_a_job_that_waits_for_a_gpu_can_be_stopped(tmp_path, monkeypatch, capsys):
    def interrupted(seconds):
        raise KeyboardInterrupt

    monkeypatch.setenv("RPPG_GPUS", "7")
    only_there = SimpleNamespace(sleep=interrupted)  # other threads of this process sleep, too
    monkeypatch.setattr(gpu_slots, "time", only_there)
    with own_gpus(tmp_path, 1):
        assert job._execute(tmp_path, stage_that_prints(1)) == job.STOPPED
    assert "waits for a GPU, all of 7 are in use" in capsys.readouterr().err


@pytest.mark.slow
def test_runs_of_a_profile_side_by_side_each_see_their_own(tmp_path):
    folder = toy_project(tmp_path / "project")
    code = "import os, time\nfrom pathlib import Path\nbegan = time.time(); time.sleep(2)\n"
    code += "text = f\"{os.environ['CUDA_VISIBLE_DEVICES']} {began} {time.time()}\"\n"
    code += "write(run_dir, 'predictions.parquet', 'run.json')\n"
    code += "Path(run_dir, 'gpu').write_text(text)"
    parameters = "prepared_dir: str = ''\nrun_dir: str = ''\nthreads: int = 1\nseed: int = 0"
    write_notebook(folder, "02_learn", parameters, code)
    names = [f"net/learn{k}" for k in range(4)]
    runs = {name: {"notebook": "02_learn", "gpu": 1} for name in names}
    write_profile(folder, TOY | {"runs": runs})
    fake = "from rppg.workflow import runner\nrunner.seen_gpus = lambda: ['4', 'GPU-aaaa']\n"
    cli = folder / "rppg" / "cli.py"
    cli.write_text(cli.read_text().replace("def main()", f"{fake}\n\ndef main()"))
    done = rppg_run(folder, "--cores", 4)
    assert done.returncode == 0, done.stderr[-3000:]
    texts = [(folder / "runs" / "toy" / name / "gpu").read_text().split() for name in names]
    spans = [([gpu], float(began), float(ended)) for gpu, began, ended in texts]
    assert {gpu for gpu, _, _ in texts} == {"4", "GPU-aaaa"} and not overlapping(spans)
    latest = sorted(began for _, began, _ in spans)
    assert latest[1] < min(ended for _, _, ended in spans)  # two at a time
