"""Precision "auto": by device, kept by a run that resumes elsewhere, written with the weights."""

import json

import pytest
import torch
from helpers.toy_training import net, outcome, quiet_fit, step

from rppg.training import loop, precision
from rppg.training.config import FitConfig
from rppg.training.precision import precision_for

P100, T4, V100, A100, H100, CPU = (6, 0), (7, 5), (7, 0), (8, 0), (9, 0), None
NAMES = {P100: "32-true", T4: "32-true", V100: "32-true", CPU: "32-true"}
NAMES |= {A100: "bf16-mixed", H100: "bf16-mixed", (8, 6): "bf16-mixed", (12, 0): "bf16-mixed"}


@pytest.fixture
def on(monkeypatch):
    """on(capability): the next runs take the CPU for a device of this compute capability."""
    return lambda found: monkeypatch.setattr(loop, "capability_for", lambda config: found)


def breaking(number):
    """A step that fails in update `number`, from 1."""
    calls = []

    def failing(*arguments):
        calls.append(1)
        if len(calls) == number:
            raise RuntimeError("power cut")
        return step(*arguments)

    return failing


def interrupted(run_dir, **changes):
    """A run that ends by an error after its checkpoint at step 5."""
    with pytest.raises(RuntimeError, match="power cut"):
        quiet_fit(net(), run_dir, step=breaking(7), **changes)


def said(run_dir):
    return json.loads((run_dir / "model.json").read_text())["made_by"]["fit"]["precision"]


@pytest.mark.parametrize("capability", NAMES, ids=str)
def test_bfloat16_only_where_the_hardware_has_it(capability):
    assert precision_for(capability) == NAMES[capability]


@pytest.mark.parametrize("capability", [CPU, T4, A100], ids=str)
def test_a_run_says_what_auto_was_and_is_the_run_of_that_precision(tmp_path, on, capability):
    on(capability)
    result = quiet_fit(net(), tmp_path / "auto", precision="auto")
    assert result.precision == said(tmp_path / "auto") == NAMES[capability]
    quiet_fit(net(), tmp_path / "named", precision=result.precision)
    assert outcome(tmp_path / "auto") == outcome(tmp_path / "named")


@pytest.mark.parametrize("began, goes_on", [(CPU, H100), (T4, A100), (A100, CPU), (A100, H100)])
def test_a_run_keeps_its_precision_on_another_device(tmp_path, on, began, goes_on):
    on(began)
    interrupted(tmp_path / "moved", precision="auto")
    quiet_fit(net(), tmp_path / "stayed", precision="auto")
    on(goes_on)
    result = quiet_fit(net(), tmp_path / "moved", precision="auto")
    assert result.precision == said(tmp_path / "moved") == NAMES[began]
    assert outcome(tmp_path / "moved") == outcome(tmp_path / "stayed")


def test_a_run_in_bfloat16_is_not_resumed_where_it_is_emulated(tmp_path, on):
    on(A100)
    interrupted(tmp_path, precision="auto")
    state = (tmp_path / "state.pt").read_bytes()
    on(T4)
    with pytest.raises(ValueError, match=r"run in bf16-mixed, .*capability 7\.5.*since Ampere"):
        quiet_fit(net(), tmp_path, precision="auto")
    assert (tmp_path / "state.pt").read_bytes() == state
    on(A100)
    assert quiet_fit(net(), tmp_path, precision="auto").step == 12


def test_a_finished_run_is_read_on_any_device(tmp_path, on):
    on(A100)
    first = quiet_fit(net(), tmp_path, precision="auto")
    on(T4)
    assert quiet_fit(net(), tmp_path, precision="auto") == first


def test_another_precision_by_name_is_another_run(tmp_path, on):
    on(A100)
    quiet_fit(net(), tmp_path, precision="auto")
    with pytest.raises(
        ValueError, match="precision: 'bf16-mixed' in the stored run, '32-true' req"
    ):
        quiet_fit(net(), tmp_path, precision="32-true")


@pytest.mark.parametrize("fit", [None, "fast", {"precision": 16}], ids=str)
def test_a_state_that_names_no_precision_is_refused_as_another_run(tmp_path, fit):
    interrupted(tmp_path)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    state["facts"]["fit"] = fit
    torch.save(state, tmp_path / "state.pt")
    with pytest.raises(ValueError, match="in the stored run"):
        quiet_fit(net(), tmp_path, precision="auto")


def test_the_oldest_gpu_of_a_run_decides(monkeypatch):
    found = [H100, T4, P100]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda number: found[number])
    for n, lowest in (("1", H100), ("2", T4)):
        monkeypatch.setenv("LOCAL_WORLD_SIZE", n)
        assert precision.capability_for(FitConfig(n_steps=1)) == lowest
    assert precision.capability_for(FitConfig(n_steps=1, device="cpu")) is None
