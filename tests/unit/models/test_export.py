"""Nets as ONNX files: the same BVP by ONNX Runtime, for any batch and the lengths named."""

import json

import pytest
import torch
from helpers.command import rppg

from rppg.models import export
from rppg.models.checkpoint import save_model
from rppg.models.export import Lengths, export_onnx, lengths_of, with_plain_layers
from rppg.models.registry import build, inputs_of

NETS = {  # small ones: name, what it sees, config
    "st_transformer": ({"n_frames": 98, "normalise": "chrominance"}, {"dim": 8, "n_loops": 1}),
    "contrast_phys": ({"n_frames": 120, "size": 32}, {"form": "chrominance", "width": 2}),
    "gideon2021": ({"n_frames": 92, "size": 16}, {"saliency_width": 4, "width": 2}),
}


def small(name: str, **fields):
    """(net, inputs) of a small net with random weights, in eval mode."""
    seen, config = NETS[name]
    inputs = inputs_of(name, **seen)
    shape = {"n_frames": 98} if name == "st_transformer" else {"size": seen["size"]}
    return build(name, **{**config, **shape, **fields}).eval(), inputs


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        ("st_transformer", {}, Lengths(90, 98, 1)),
        ("st_transformer", {"patch": 4}, Lengths(92, 96, 4)),
        ("contrast_phys", {}, Lengths(92, None, 4)),
        ("contrast_phys", {"patch": 2, "time_pools": 1}, Lengths(92, None, 4)),
        ("contrast_phys", {"form": "magnified"}, Lengths(120, 120, 4)),
        ("gideon2021", {"saliency_every": 5}, Lengths(92, 92, 4)),
        ("gideon2021", {"saliency_every": 5, "saliency": False}, Lengths(92, None, 4)),
    ],
)
def test_lengths_follow_from_the_pooling_over_time(name, fields, expected):
    net, inputs = small(name, **fields)
    assert lengths_of(net, inputs["n_frames"]) == expected


def test_lengths_in_words():
    assert str(Lengths(92, None, 4)) == "92 or more, a multiple of 4"
    assert str(Lengths(90, 98, 1)) == "90 to 98" and str(Lengths(92, 92, 4)) == "92"


@pytest.mark.parametrize("name", ["contrast_phys", "gideon2021"])
def test_plain_layers_give_the_same_bvp_and_the_net_is_not_changed(name):
    net, inputs = small(name)
    clip = torch.randint(0, 256, (1, 92, inputs["size"], inputs["size"], 3)).float()
    before = str(net)
    with torch.no_grad():
        torch.testing.assert_close(with_plain_layers(net)(clip), net(clip), rtol=1e-4, atol=1e-5)
    assert str(net) == before


def test_a_missing_package_is_named_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "NEEDED", ("onnx_of_nobody",))
    with pytest.raises(RuntimeError, match=r"onnx_of_nobody: install with pip install 'rppg\[exp"):
        export_onnx(*small("st_transformer"), tmp_path / "net.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_onnx_runtime_gives_the_same_bvp(name, tmp_path):
    onnxruntime = _onnxruntime()
    net, inputs = small(name)
    found = export_onnx(net, inputs, tmp_path / "net.onnx")
    assert found.difference < export.TOLERANCE
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"))
    facts = json.loads(session.get_modelmeta().custom_metadata_map["rppg"])
    assert facts["array"] == inputs["array"] and facts["lengths"]["step"] == found.lengths.step
    for n_clips, n_frames in ((1, found.lengths.least), (2, found.lengths.least + 4)):
        clips = torch.rand(
            n_clips, n_frames, *found.shape, generator=torch.Generator().manual_seed(1)
        )
        clips *= 1 if name == "st_transformer" else 255
        with torch.no_grad():
            expected = net(clips)
        bvp = torch.from_numpy(session.run(None, {"clips": clips.numpy()})[0])
        assert (bvp - expected).abs().max() < export.TOLERANCE * expected.std()


@pytest.mark.slow
def test_the_command_writes_a_trained_model(tmp_path):
    _onnxruntime()
    net, inputs = small("st_transformer", patch=4)
    folder = tmp_path / "runs/st_transformer/finetune"
    save_model(folder / "model.safetensors", net, {"parameters": inputs})
    out = tmp_path / "made/net.onnx"
    done = rppg("export", "st_transformer", out, "--runs", tmp_path / "runs")
    assert done.returncode == 0 and out.is_file(), done.stderr
    assert "clips (batch, frames, 63, 6) float32 -> bvp" in done.stdout
    assert "frames: 92 to 96, a multiple of 4" in done.stdout


def _onnxruntime():
    for name in export.NEEDED:
        pytest.importorskip(name, reason=f"{name} is not installed: {export.INSTALL}")
    import onnxruntime

    return onnxruntime
