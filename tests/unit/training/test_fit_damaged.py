"""What a run finds in its folder when it resumes, damaged: one line, and nothing is trained on it;
and a disk that is full: the last checkpoint stays, and the next run ends with the same bytes."""

import errno
import os

import pytest
import torch
from helpers.toy_training import noisy_fit, outcome

from rppg.models import checkpoint
from rppg.models.checkpoint import load_state, save_state

pytestmark = pytest.mark.malformed


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("straight")
    noisy_fit(run_dir)
    return run_dir


@pytest.fixture
def run_dir(tmp_path, straight):
    for path in straight.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def put(*keys, value):
    """A state with another value at a place."""

    def change(state):
        for key in keys[:-1]:
            state = state[key]
        state[keys[-1]] = value

    return change


def first_weight(state, change):
    name = next(iter(state["model"]))
    state["model"][name] = change(state["model"][name])


STATES = {
    "no model": lambda state: state.pop("model"),
    "facts as a list": put("facts", value=[1]),
    "another count": put("counts", "more", value=1),
    "a step as text": put("counts", "step", value="7"),
    "a step below zero": put("counts", "step", value=-1),
    "a step beyond the last": put("counts", "step", value=10**9),
    "seconds that are no number": put("counts", "seconds", value=float("nan")),
    "a best value as text": put("counts", "best", value={"mse": "low"}),
    "means as text": put("means", "sums", value="all"),
    "a weight less": lambda state: state["model"].popitem(),
    "a weight of another shape": lambda state: first_weight(state, lambda w: w.repeat(2, 2)),
    "a weight of another type": lambda state: first_weight(state, lambda w: w.double()),
    "a weight of NaN": lambda state: first_weight(state, lambda w: w * torch.nan),
    "a weight as a number": lambda state: first_weight(state, lambda w: 3.0),
    "no optimiser": put("optimiser", value={}),
    "an optimiser of more weights": put("optimiser", "state", 99, value={}),
    "an average of another shape": put("optimiser", "state", 0, "exp_avg", value=torch.ones(1)),
    "an average of NaN": lambda state: state["optimiser"]["state"][0]["exp_avg_sq"].fill_(
        torch.nan
    ),
}


@pytest.mark.parametrize("what", STATES)
def test_a_state_that_is_not_this_run_s_is_refused_in_one_line(run_dir, what):
    state = load_state(run_dir / "state.pt")
    STATES[what](state)
    save_state(run_dir / "state.pt", state)
    with pytest.raises(
        ValueError, match=r"state\.pt cannot be read .*remove it to restart"
    ) as error:
        noisy_fit(run_dir)
    assert "\n" not in str(error.value)


TABLES = {
    "not UTF-8": b"step,seconds,mse\n\xff,1,2\n",
    "NUL": b"step,seconds,mse\n1\x00,1,2\n",
    "text for a number": b"step,seconds,mse\n7,1.0,low\n",
    "no step": b"seconds,mse\n1.0,2.0\n",
    "a field too many": b"step,seconds,mse\n7,1.0,2.0,3.0\n",
    "a field too few": b"step,seconds,mse\n7,1.0\n",
    "a fraction as step": b"step,seconds,mse\n7.5,1.0,2.0\n",
    "a column twice": b"step,step,mse\n7,7,2.0\n",
}


@pytest.mark.parametrize("name", ["metrics.csv", "validation.csv"])
@pytest.mark.parametrize("what", TABLES)
def test_a_damaged_table_is_refused_in_one_line_and_stays(run_dir, name, what):
    (run_dir / name).write_bytes(TABLES[what])
    with pytest.raises(
        ValueError, match=f"{name} is no table of a run: found .*restore it"
    ) as error:
        noisy_fit(run_dir)
    assert "\n" not in str(error.value) and (run_dir / name).read_bytes() == TABLES[what]


def test_a_pipe_in_a_table_s_place_is_not_waited_for(run_dir):
    (run_dir / "metrics.csv").unlink()
    os.mkfifo(run_dir / "metrics.csv")
    with pytest.raises(ValueError, match="metrics.csv is no table of a run"):
        noisy_fit(run_dir)


@pytest.mark.parametrize(
    "damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"x")]
)
def test_best_weights_that_are_gone_are_missed_before_the_training(run_dir, damage):
    damage(run_dir / "model.safetensors")
    with pytest.raises((ValueError, FileNotFoundError), match=r"model\.safetensors"):
        noisy_fit(run_dir)


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("writer", ["torch.save", "save_file"])
def test_a_full_disk_ends_a_run_with_what_to_do_and_the_next_one_ends_alike(
    tmp_path, straight, monkeypatch, writer, n
):
    place = (torch, "save") if writer == "torch.save" else (checkpoint, "save_file")
    write, calls = getattr(*place), []

    def full(content, part, *more, **named):
        calls.append(part)
        if len(calls) >= n:
            part.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        write(content, part, *more, **named)

    monkeypatch.setattr(*place, full)
    with pytest.raises(OSError, match="was not written, what was there stays .*make room") as error:
        noisy_fit(tmp_path)
    assert "\n" not in str(error.value) and not list(tmp_path.glob(".tmp-*"))
    state = load_state(tmp_path / "state.pt")  # the last whole one
    assert state is None if (writer, n) == ("torch.save", 1) else state["counts"]["step"] > 0
    monkeypatch.undo()
    assert noisy_fit(tmp_path).step == 40
    assert outcome(tmp_path) == outcome(straight)
