"""fit: training, the effect of its config, reproducibility."""

import csv
import json
import math
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.toy_training import (
    N_SAMPLES,
    Lines,
    batches,
    error_of,
    net,
    noisy_fit,
    outcome,
    quiet_fit,
    step,
    weights,
)
from torch.optim.optimizer import register_optimizer_step_pre_hook

from rppg.dataloader.batches import Batches
from rppg.models.checkpoint import load_weights, read_about
from rppg.training import loop


def rows(run_dir, table="metrics"):
    found = csv.DictReader((run_dir / f"{table}.csv").open())
    return [{name: float(value) for name, value in row.items()} for row in found]


@pytest.mark.slow
def test_overfits_a_regression_and_writes_its_files(tmp_path, capsys):
    model = net()
    result = quiet_fit(model, tmp_path, n_steps=300, save_every=100)
    table = rows(tmp_path)
    assert table[-1]["loss"] < 0.02 * table[0]["loss"]
    assert (result.stopped, result.step, result.best_step) == ("finished", 300, None)
    assert [row["step"] for row in table] == list(range(4, 301, 4))
    assert table[-1]["epoch"] == 299 // (N_SAMPLES // 8)
    assert list(table[0]) == ["step", "epoch", "seconds", "lr", "loss", "grad_norm", "mse"]
    assert all(row["mse"] == pytest.approx(row["loss"]) for row in table)
    assert not model.training and torch.equal(
        weights(model), weights(load_weights(result.model_path, net()))
    )
    about = json.loads((tmp_path / "model.json").read_text())
    assert about["made_by"]["step"] == 300 and about["made_by"]["fit"]["lr"] == 0.05
    bar = capsys.readouterr().err
    assert "300/300" in bar and "loss=" in bar


@pytest.mark.slow
def test_equal_seeds_give_equal_bytes_and_other_seeds_do_not(tmp_path):
    runs = [noisy_fit(tmp_path / name, seed=seed) for name, seed in [("a", 3), ("b", 3), ("c", 4)]]
    a, b, c = (outcome(run.model_path.parent) for run in runs)
    assert a == b and len(a["metrics.csv"]) == 10
    assert a["model.safetensors"] != c["model.safetensors"]


def test_global_generators_of_the_caller_and_the_run_are_independent(tmp_path):
    quiet_fit(net(dropout=0.3), tmp_path / "a")
    torch.manual_seed(5), np.random.seed(5), random.seed(5)  # noqa: NPY002
    quiet_fit(net(dropout=0.3), tmp_path / "b")
    drawn = torch.rand(1).item(), np.random.rand(), random.random()  # noqa: NPY002
    torch.manual_seed(5), np.random.seed(5), random.seed(5)  # noqa: NPY002
    assert drawn == (torch.rand(1).item(), np.random.rand(), random.random())  # noqa: NPY002
    assert outcome(tmp_path / "a") == outcome(tmp_path / "b")


def test_accumulated_batches_equal_a_large_one_for_a_mean_over_samples(tmp_path):
    many, one = net(), net()
    quiet_fit(many, tmp_path / "many", batches(4, noise=0.1), accumulate_grad_batches=3)
    quiet_fit(one, tmp_path / "one", batches(12, noise=0.1))
    torch.testing.assert_close(weights(many), weights(one), rtol=1e-5, atol=1e-6)
    for a, b in zip(rows(tmp_path / "many"), rows(tmp_path / "one"), strict=True):
        del a["seconds"], b["seconds"]
        assert a == pytest.approx(b, rel=1e-4)


@pytest.mark.parametrize("max_grad_norm", [0.5, None])
def test_the_gradient_is_clipped_and_logged_before_clipping(tmp_path, max_grad_norm):
    lengths = []

    def look(optimiser, *_):
        gradients = [weight.grad.flatten() for weight in optimiser.param_groups[0]["params"]]
        lengths.append(torch.cat(gradients).norm().item())

    hook = register_optimizer_step_pre_hook(look)
    try:
        quiet_fit(net(), tmp_path, max_grad_norm=max_grad_norm, log_every=1)
    finally:
        hook.remove()
    logged = [row["grad_norm"] for row in rows(tmp_path)]
    assert min(logged) > 0.5
    allowed = logged if max_grad_norm is None else [max_grad_norm] * 12
    assert lengths == pytest.approx(allowed, rel=1e-4)


def test_learning_rate_warms_up_then_decays_as_a_cosine_or_is_constant(tmp_path):
    quiet_fit(net(), tmp_path / "cosine", lr=1.0, warmup_steps=4, log_every=1)
    expected = [0.25, 0.5, 0.75, 1.0] + [(1 + math.cos(math.pi * k / 8)) / 2 for k in range(8)]
    assert [row["lr"] for row in rows(tmp_path / "cosine")] == pytest.approx(expected)
    quiet_fit(net(), tmp_path / "constant", lr=1.0, schedule="constant", log_every=1)
    assert {row["lr"] for row in rows(tmp_path / "constant")} == {1.0}


def test_a_budget_ends_the_run_and_changes_nothing_before(tmp_path, monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: clock.now))

    def slow_step(*arguments):
        clock.now += 10.0
        return step(*arguments)

    with pytest.warns(UserWarning, match="step 6 of 12"):
        short = quiet_fit(net(), tmp_path / "a", step=slow_step, budget_minutes=1)
    assert (short.stopped, short.step, short.seconds) == ("budget", 6, 60.0)
    with pytest.warns(UserWarning, match="step 6 of 12"):  # the budget is used up
        assert quiet_fit(net(), tmp_path / "a", step=slow_step, budget_minutes=1).step == 6
    assert quiet_fit(net(), tmp_path / "a", step=slow_step).seconds == 120.0
    quiet_fit(net(), tmp_path / "b")
    assert outcome(tmp_path / "a") == outcome(tmp_path / "b")


def test_the_best_validated_weights_are_chosen_and_patience_ends_the_run(tmp_path):
    seen = {}

    def validate(model):
        assert not model.training and not torch.is_grad_enabled()
        seen[len(seen)] = weights(model).clone()
        return {"other": 0.0, "badness": [3.0, 1.0, 2.0, math.inf, 0.0][len(seen) - 1]}

    model, asked = net(), {"validate_every": 2, "monitor": "badness", "patience": 2}
    result = quiet_fit(model, tmp_path, validate=validate, n_steps=100, **asked)
    assert (result.stopped, result.step) == ("patience", 8)
    assert (result.best_step, result.best_value) == (4, 1.0)
    assert torch.equal(weights(model), seen[1])
    assert torch.equal(weights(load_weights(tmp_path / "last.safetensors", net())), seen[3])
    made_by = read_about(result.model_path)["made_by"]
    assert made_by["step"] == 4 and made_by["validation"] == {"other": 0.0, "badness": 1.0}
    assert [row["badness"] for row in rows(tmp_path, "validation")] == [3.0, 1.0, 2.0, math.inf]


def test_the_weights_of_every_validation_are_kept_if_asked_for(tmp_path):
    seen = []

    def validate(model):
        seen.append(weights(model).clone())
        return {"badness": abs(len(seen) - 2)}

    asked = {"validate_every": 4, "monitor": "badness", "validate": validate}
    quiet_fit(net(), tmp_path / "a", keep_validated=True, **asked)
    kept = sorted((tmp_path / "a" / "steps").glob("*.safetensors"))
    assert [path.name for path in kept] == [f"{n:06d}.safetensors" for n in (4, 8, 12)]
    for path, own, n in zip(kept, seen, (4, 8, 12), strict=True):
        assert torch.equal(weights(load_weights(path, net())), own)
        made_by = read_about(path)["made_by"]
        assert made_by["step"] == n and made_by["validation"] == {"badness": abs(n / 4 - 2)}
    quiet_fit(net(), tmp_path / "a", **asked)  # it may change: the run is the same
    seen.clear()
    quiet_fit(net(), tmp_path / "b", **asked)
    assert outcome(tmp_path / "a") == outcome(tmp_path / "b")
    assert not (tmp_path / "b" / "steps").exists()


def test_random_numbers_are_new_in_every_step_and_the_same_in_every_validation(tmp_path):
    def drawing(model, batch, generator):
        drawn = {"given": torch.rand((), generator=generator), "global": torch.rand(())}
        return step(model, batch, generator)[0], drawn

    asked = {"validate_every": 4, "monitor": "mse", "log_every": 1}
    quiet_fit(net(), tmp_path, step=drawing, validate=error_of, **asked)
    table = rows(tmp_path)
    assert len({row[name] for row in table for name in ("given", "global")}) == 24
    assert len({row["chance"] for row in rows(tmp_path, "validation")}) == 1
    assert len(rows(tmp_path, "validation")) == 3


@pytest.mark.parametrize("returned", [{"a": 1.0}, {"mse": math.nan}])
def test_a_validation_without_a_valid_monitor_is_an_error(tmp_path, returned):
    with pytest.raises((ValueError, FloatingPointError), match="mse"):
        quiet_fit(net(), tmp_path, validate=lambda model: returned, monitor="mse")


def test_a_finished_run_is_not_run_again(tmp_path):
    first = noisy_fit(tmp_path)
    before = outcome(tmp_path)
    again = noisy_fit(tmp_path, step=None)
    assert again == first and outcome(tmp_path) == before


def test_bfloat16_computes_in_16_bits_and_keeps_weights_in_32(tmp_path):
    model, kinds = net(), set()
    model[0].register_forward_hook(lambda *arguments: kinds.add(arguments[2].dtype))
    quiet_fit(model, tmp_path, n_steps=60, precision="bf16-mixed")
    table = rows(tmp_path)
    assert kinds == {torch.bfloat16} and weights(model).dtype == torch.float32
    assert table[-1]["loss"] < 0.3 * table[0]["loss"]


def test_a_dataset_without_sample_is_read_by_index(tmp_path):
    lines = Lines()
    data = torch.utils.data.TensorDataset(lines.x, lines.y)

    def step(model, batch, generator):
        return (model(batch[0])[:, 0] - batch[1]).square().mean(), {}

    assert quiet_fit(net(), tmp_path, Batches(data, 8), step).step == 12


@pytest.mark.slow
def test_the_error_of_the_toy_falls_in_the_noisy_run(tmp_path):
    noisy_fit(tmp_path, n_steps=150)
    found = [row["mse"] for row in rows(tmp_path, "validation")]
    assert found[-1] < 0.2 * found[0]
    assert found[-1] > 0 and error_of(net())["mse"] > found[-1]
