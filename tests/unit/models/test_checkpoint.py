"""Weights on disk: as they were, with how they came to be, the same bytes, no code."""

import json
from dataclasses import dataclass

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from rppg.models.checkpoint import load_model, load_weights, read_about, save_model


@dataclass(frozen=True)
class TinyConfig:
    width: int = 3
    kernel: tuple[int, ...] = (1, 3)


class Tiny(nn.Module):
    def __init__(self, config: TinyConfig):
        super().__init__()
        self.config = config
        self.first = nn.Conv2d(1, config.width, config.kernel)
        self.norm = nn.BatchNorm2d(config.width)  # buffers, one of them a whole number
        self.again = self.first  # one weight under two names
        self.first.weight.data = self.first.weight.data.to(memory_format=torch.channels_last)


@dataclass(frozen=True)
class OtherConfig:
    depth: int = 1


def made(tmp_path, width=4):
    model = Tiny(TinyConfig(width=width))
    model.norm.num_batches_tracked += 7
    return model, save_model(tmp_path / "deep" / "model.safetensors", model, {"step": 5})


def test_a_model_comes_back_as_it_was_ready_to_predict(tmp_path):
    model, path = made(tmp_path)
    again, about = load_model(path, Tiny, TinyConfig)
    assert again.config == model.config and not again.training
    for (name, a), b in zip(model.state_dict().items(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b) and a.dtype == b.dtype, name
    assert about == {
        "model": "Tiny",
        "config": {"width": 4, "kernel": [1, 3]},
        "made_by": {"step": 5},
    }
    assert json.loads(path.with_suffix(".json").read_text()) == about == read_about(path)


def test_the_same_model_gives_the_same_bytes(tmp_path):
    model, path = made(tmp_path)
    other = save_model(tmp_path / "other.safetensors", model, {"step": 5})
    assert path.read_bytes() == other.read_bytes()
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "model.json",
        "model.safetensors",
    ]


def test_weights_and_facts_are_of_one_run_whatever_the_text_beside_says(tmp_path):
    path = made(tmp_path)[1]
    path.with_suffix(".json").write_text("{}")
    assert load_model(path, Tiny, TinyConfig)[1]["made_by"] == {"step": 5}


def test_a_write_that_fails_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    model, path = made(tmp_path)
    before = path.read_bytes()

    def half(weights, part, metadata):
        part.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("rppg.models.checkpoint.save_file", half)
    with pytest.raises(OSError, match="disk full"):
        save_model(path, Tiny(TinyConfig(width=4)), {"step": 6})
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 2


def test_other_models_and_files_are_refused(tmp_path):
    path = made(tmp_path)[1]
    with pytest.raises(ValueError, match="holds a Tiny, expected a Linear"):
        load_model(path, nn.Linear, TinyConfig)
    with pytest.raises(ValueError, match="not a OtherConfig"):
        load_model(path, Tiny, OtherConfig)
    with pytest.raises(ValueError, match="does not fit this Tiny"):
        load_weights(path, Tiny(TinyConfig(width=5)))
    with pytest.raises(ValueError, match="does not fit this Linear"):
        load_weights(path, nn.Linear(1, 1))
    with pytest.raises(FileNotFoundError):
        read_about(tmp_path / "absent.safetensors")


def test_files_that_save_model_did_not_write_are_refused(tmp_path):
    path = made(tmp_path)[1]
    plain = tmp_path / "plain.safetensors"
    save_file(load_file(path), plain)
    torch.save({}, tmp_path / "pickle.safetensors")
    for other in (plain, tmp_path / "pickle.safetensors"):
        with pytest.raises(ValueError, match="not written by save_model"):
            read_about(other)


def test_a_model_without_config_is_filled_not_built(tmp_path):
    model = nn.Linear(2, 1)
    path = save_model(tmp_path / "a.safetensors", model, {})
    with pytest.raises(ValueError, match="load_weights"):
        load_model(path, nn.Linear, OtherConfig)
    assert torch.equal(load_weights(path, nn.Linear(2, 1)).weight, model.weight)


def test_what_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="safetensors"):
        save_model(tmp_path / "a.pt", nn.Linear(1, 1), {})
    with pytest.raises(TypeError):
        save_model(tmp_path / "a.safetensors", nn.Linear(1, 1), {"when": object()})
