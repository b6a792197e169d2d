"""A run that was killed or stopped, then resumed, equals an uninterrupted one bit for bit."""

import csv
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from helpers.toy_training import noisy_fit, noisy_step, outcome
from helpers.vision_clips import heed_interrupts
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rppg.models.checkpoint import load_state

TOYS = Path(__file__).parents[2] / "helpers" / "toy_training.py"


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("straight")
    noisy_fit(run_dir)
    return run_dir


def drawn(run_dir):
    """TensorBoard's curves as stored in the files: name -> [(step, value)]."""
    events = EventAccumulator(
        str(run_dir / "tensorboard"), size_guidance={"scalars": 0}, purge_orphaned_data=False
    ).Reload()
    return {
        name: [(event.step, event.value) for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    }


def at_batch(number, act):
    """noisy_step that calls `act` before batch `number` (from 1) of this session."""
    calls = []

    def acting(*arguments):
        calls.append(1)
        if len(calls) == number:
            act()
        return noisy_step(*arguments)

    return acting


def breaking():
    raise RuntimeError("power cut")


@pytest.mark.slow
@pytest.mark.parametrize("stops", [(3,), (12,), (33, 8), (80,), (30, 1, 1, 40)], ids=str)
def test_broken_anywhere_then_called_again_equals_straight(tmp_path, straight, stops):
    for number in stops:
        with pytest.raises(RuntimeError, match="power cut"):
            noisy_fit(tmp_path, at_batch(number, breaking))
    assert noisy_fit(tmp_path).step == 40
    assert outcome(tmp_path) == outcome(straight)
    assert {"model.safetensors", "last.safetensors", "metrics.csv", "validation.csv"} == set(
        outcome(tmp_path)
    )


def test_tables_and_tensorboard_of_a_resumed_run_have_every_row_once(tmp_path, straight):
    with pytest.raises(RuntimeError):
        noisy_fit(tmp_path, at_batch(2 * 34, breaking))  # rows after the checkpoint at 30
    with (tmp_path / "metrics.csv").open("a") as file:
        file.write("3")  # killed while it was writing the line of step 36
    noisy_fit(tmp_path)
    rows = list(csv.DictReader((tmp_path / "metrics.csv").open()))
    assert [int(row["step"]) for row in rows] == list(range(4, 41, 4))
    seconds = [float(row["seconds"]) for row in rows]
    assert seconds == sorted(seconds)
    expected, found = drawn(straight), drawn(tmp_path)
    assert found == expected and len(found["metrics/loss"]) == 10
    assert [step for step, _ in found["validation/mse"]] == [7, 14, 21, 28, 35, 40]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_after_a_checkpoint_at_that_step(tmp_path, straight, number):
    heard = []
    before = signal.signal(number, lambda *_: heard.append(number))
    try:
        with pytest.raises(KeyboardInterrupt):
            noisy_fit(tmp_path, at_batch(2 * 12 + 1, lambda: os.kill(os.getpid(), number)))
        assert heard == [number]  # the earlier handler is restored
        assert load_state(tmp_path / "state.pt")["counts"]["step"] == 13
        os.kill(os.getpid(), number)
        assert heard == [number, number]
    finally:
        signal.signal(number, before)
    noisy_fit(tmp_path)
    assert outcome(tmp_path) == outcome(straight)


def test_a_second_signal_is_not_deferred(tmp_path):
    def twice():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # the caller may ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            noisy_fit(tmp_path, at_batch(5, twice))
    finally:
        signal.signal(signal.SIGINT, before)
    assert not (tmp_path / "state.pt").exists()


def test_save_every_may_change_when_a_run_resumes(tmp_path, straight):
    with pytest.raises(RuntimeError):
        noisy_fit(tmp_path, at_batch(50, breaking), save_every=3)
    noisy_fit(tmp_path, save_every=100, budget_minutes=60)
    weights = [outcome(run)["last.safetensors"] for run in (tmp_path, straight)]
    assert weights[0] == weights[1]


def test_a_damaged_state_is_an_error_with_advice(tmp_path):
    noisy_fit(tmp_path)
    state = tmp_path / "state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(ValueError, match="remove it to restart the run"):
        noisy_fit(tmp_path)


def test_the_state_is_read_without_running_code(tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    torch.save({"model": Trap()}, tmp_path / "state.pt")
    with pytest.raises(ValueError, match="cannot be read"):
        noisy_fit(tmp_path)
    assert not (tmp_path / "sprung").exists()


def start(run_dir, seconds_a_batch):
    command = [sys.executable, TOYS, run_dir, "{}", str(seconds_a_batch)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts)


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)


@pytest.mark.slow
def test_killed_at_random_moments_equals_straight(tmp_path):
    process = start(tmp_path / "straight", 0)
    assert process.communicate() and process.returncode == 0
    chance, killed = random.Random(0), tmp_path / "killed"
    for _ in range(3):
        process = start(killed, 0.02)
        wait_for(killed / "state.pt", process)
        time.sleep(chance.uniform(0.1, 0.9))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    assert load_state(killed / "state.pt")["counts"]["step"] < 40
    process = start(killed, 0)
    assert process.communicate() and process.returncode == 0
    assert outcome(killed) == outcome(tmp_path / "straight")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_program_ends_by_the_signal_that_it_got(tmp_path, number):
    process = start(tmp_path, 0.02)
    wait_for(tmp_path / "metrics.csv", process)
    process.send_signal(number)
    stderr = process.communicate()[1]
    ended = {signal.SIGTERM: process.returncode == -number, signal.SIGINT: "KeyboardInt" in stderr}
    assert ended[number] and process.returncode != 0, stderr
    assert 4 <= load_state(tmp_path / "state.pt")["counts"]["step"] < 40
