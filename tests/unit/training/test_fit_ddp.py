"""Two processes on the CPU: the same weights and files as one process, and a common end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers.toy_training import outcome
from safetensors.torch import load_file

from rppg.models.checkpoint import load_state

TESTS = Path(__file__).parents[2]
PROGRAM = TESTS / "helpers" / "ddp_worker.py"


def run(run_dir, kind, n_processes=2):
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*launcher, f"--nproc-per-node={n_processes}", PROGRAM, run_dir, kind]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(TESTS)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.slow
def test_two_processes_train_as_one_and_write_one_run(tmp_path):
    for n_processes in (1, 2):
        done = run(tmp_path / str(n_processes), "mean", n_processes)
        assert done.returncode == 0, done.stderr
    one, two = (outcome(tmp_path / name) for name in "12")
    assert one.keys() == two.keys()
    for name in ("model", "last"):
        a, b = (load_file(tmp_path / n / f"{name}.safetensors") for n in "12")
        for key in a:
            torch.testing.assert_close(a[key], b[key], rtol=1e-5, atol=1e-5)
    for table in ("metrics.csv", "validation.csv"):
        assert len(one[table]) == len(two[table]) > 0
        for a, b in zip(one[table], two[table], strict=True):
            a, b = ({name: float(value) for name, value in row.items()} for row in (a, b))
            assert a == pytest.approx(b, rel=1e-4)


@pytest.mark.slow
def test_two_processes_stop_together_and_resume_as_if_uninterrupted(tmp_path):
    stopped = run(tmp_path / "stopped", "stop")
    assert stopped.returncode != 0
    assert load_state(tmp_path / "stopped" / "state.pt")["counts"]["step"] == 6
    assert run(tmp_path / "stopped", "mean").returncode == 0
    assert run(tmp_path / "straight", "mean").returncode == 0
    weights = [outcome(tmp_path / name)["last.safetensors"] for name in ("stopped", "straight")]
    assert weights[0] == weights[1]


@pytest.mark.slow
def test_a_loss_that_is_not_finite_in_one_process_ends_both(tmp_path):
    done = run(tmp_path, "nan")
    assert done.returncode != 0
    assert "FloatingPointError" in done.stderr and "Recordings: toy/" in done.stderr
    assert load_state(tmp_path / "state.pt")["counts"]["step"] == 5


@pytest.mark.slow
def test_a_batch_that_two_cannot_share_equally_is_an_error(tmp_path):
    done = run(tmp_path, "uneven")
    assert done.returncode != 0 and "no multiple of 2 processes" in done.stderr
