"""Errors of fit: invalid arguments, values that are not finite, runs with other parameters."""

import math

import pytest
import torch
from helpers.toy_training import Lines, batches, net, quiet_fit, step

from rppg.dataloader.batches import Batches
from rppg.models.checkpoint import load_state
from rppg.training.config import FitConfig


def failing_at(number, spoil):
    """A step whose loss is spoiled in update `number`, from 1."""
    calls = []

    def failing(model, batch, generator):
        calls.append(batch["id"])
        loss, values = step(model, batch, generator)
        return (spoil(loss) if len(calls) == number else loss), values

    return failing, calls


@pytest.mark.parametrize(
    "spoil",
    [
        lambda loss: loss * math.nan,
        lambda loss: loss * math.inf,
        lambda loss: loss + 1e-9 * (0 * loss).sqrt(),  # finite, its gradient is not
    ],
    ids=["nan", "inf", "gradient"],
)
def test_a_value_that_is_not_finite_names_its_recordings_and_keeps_the_checkpoint(tmp_path, spoil):
    failing, calls = failing_at(9, spoil)
    with pytest.raises(FloatingPointError, match="step 9") as error:
        quiet_fit(net(), tmp_path, step=failing, save_every=4)
    assert len(calls[8]) == 8 and all(id in str(error.value) for id in calls[8])
    state = load_state(tmp_path / "state.pt")
    assert state["counts"]["step"] == 8
    assert all(value.isfinite().all() for value in state["model"].values())
    assert quiet_fit(net(), tmp_path, save_every=4).step == 12  # once the cause is removed


def test_only_the_accumulated_batch_that_failed_is_named(tmp_path):
    failing, calls = failing_at(5, lambda loss: loss * math.nan)
    with pytest.raises(FloatingPointError, match="step 2") as error:
        quiet_fit(net(), tmp_path, step=failing, accumulate_grad_batches=3)
    named = {f"toy/{k}" for k in range(48) if f"toy/{k}," in str(error.value).replace(";", ",")}
    assert named == set(calls[4])


def test_samples_without_an_id_are_reported_as_unknown(tmp_path):
    lines = Lines()
    data = torch.utils.data.TensorDataset(lines.x, lines.y)

    def nan_step(model, batch, generator):
        return model(batch[0]).mean() * math.nan, {}

    with pytest.raises(FloatingPointError, match="unknown"):
        quiet_fit(net(), tmp_path, Batches(data, 8), nan_step)


def test_a_run_with_other_parameters_is_refused_and_each_is_named(tmp_path):
    quiet_fit(net(), tmp_path, parameters={"variance_weight": 1.0, "bands": (1, 2)})
    with pytest.raises(ValueError) as error:
        quiet_fit(net(), tmp_path, batches(4), lr=0.1, parameters={"variance_weight": 2.0})
    for part in (
        "fit.lr: 0.05 in the stored run, 0.1 requested",
        "batches.batch_size: 8 in the stored run, 4 requested",
        "parameters.variance_weight: 1.0 in the stored run, 2.0 requested",
        "parameters.bands: [1, 2] in the stored run, MISSING requested",
        "another run_dir",
    ):
        assert part in str(error.value)
    other = torch.nn.Linear(5, 1)
    with pytest.raises(ValueError, match="model: 'Sequential' in the stored run, 'Linear' req"):
        quiet_fit(other, tmp_path, parameters={"variance_weight": 1.0, "bands": (1, 2)})


@pytest.mark.parametrize(
    "changes",
    [
        {"n_steps": 0},
        {"lr": 0.0},
        {"lr": math.nan},
        {"max_grad_norm": -1.0},
        {"accumulate_grad_batches": 0},
        {"log_every": 0},
        {"seed": -1},
        {"warmup_steps": 13},
        {"precision": "16-mixed"},
        {"schedule": "linear"},
        {"device": "gpu"},
        {"budget_minutes": 0},
        {"patience": 3},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_invalid_config_names_its_field(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        FitConfig(**{"n_steps": 12} | changes)


def test_validate_and_monitor_come_together(tmp_path):
    with pytest.raises(ValueError, match="monitor"):
        quiet_fit(net(), tmp_path, validate=lambda model: {"a": 1.0})
    with pytest.raises(ValueError, match="monitor"):
        quiet_fit(net(), tmp_path, monitor="a")


@pytest.mark.parametrize(
    "returned, expected",
    [
        (lambda loss: loss, TypeError),
        (lambda loss: (loss.item(), {}), TypeError),
        (lambda loss: (loss, [1.0]), TypeError),
        (lambda loss: (loss[None], {}), ValueError),
        (lambda loss: (loss.detach(), {}), ValueError),
        (lambda loss: (loss, {"lr": 1.0}), ValueError),
    ],
)
def test_a_step_with_an_invalid_return_value_is_an_error(tmp_path, returned, expected):
    def bad_step(*arguments):
        return returned(step(*arguments)[0])

    with pytest.raises(expected, match="step"):
        quiet_fit(net(), tmp_path, step=bad_step)


def test_other_names_in_a_later_step_are_an_error_not_another_column(tmp_path):
    names = iter("aab")

    def changing(*arguments):
        return step(*arguments)[0], {next(names): 1.0}

    with pytest.raises(ValueError, match="same names"):
        quiet_fit(net(), tmp_path, step=changing)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without GPU")
def test_a_missing_gpu_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no GPU"):
        quiet_fit(net(), tmp_path, device="cuda")


def test_nothing_to_train_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="requires_grad"):
        quiet_fit(net().requires_grad_(False), tmp_path)
