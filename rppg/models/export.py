"""A trained net as an ONNX file, for programs without PyTorch.

    net, inputs = load_run("runs/demo/st_transformer/finetune")
    found = export_onnx(net, inputs, "st_transformer.onnx")
    found.lengths, found.difference  # frames that a clip may have; ONNX Runtime against PyTorch

The file has one input, `clips` (B, T, ...) float32 at 30 fps as `Clips` gives them (maps
normalised; crops R, G, B of 0-255, averaged down), and one output, `bvp` (B, T) float32.  B is
free.  T is free in the steps of `Lengths`, which follow from the net's pooling over time.  The
metadata entry "rppg" holds this as JSON.  Needs the extra `export`; docs/api.md has an example.
"""

import json
from copy import deepcopy
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool3d, elu

from rppg.dataloader.arrays import ARRAYS
from rppg.datasets.prepared import FPS
from rppg.models.contrast_phys.layers import Layer
from rppg.signals.heart_rate import MIN_STRETCH_S
from rppg.utils.atomic import atomic_write

OPSET = 18
TOLERANCE = 1e-4  # of ONNX Runtime's BVP against PyTorch's, in deviations of the BVP
NEEDED = ("onnx", "onnxscript", "onnxruntime")
INSTALL = "pip install 'rppg[export]', or in a checkout pip install -e '.[export]'"


@dataclass(frozen=True)
class Lengths:
    """Frames T that a clip may have: `least` to `most` (None: any number) in steps of `step`."""

    least: int
    most: int | None
    step: int

    def __str__(self) -> str:
        if self.least == self.most:
            return f"{self.least}"
        end = "or more" if self.most is None else f"to {self.most}"
        return f"{self.least} {end}" + (f", a multiple of {self.step}" if self.step > 1 else "")


@dataclass(frozen=True)
class Exported:
    """shape: of `clips` behind B and T.  difference: largest of the BVPs that were compared, in
    deviations of the BVP."""

    lengths: Lengths
    shape: tuple[int, ...]
    difference: float


def require_packages() -> None:
    """Raises RuntimeError, with what to install, if a package of the extra is missing."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise RuntimeError(f"an export needs {', '.join(missing)}: install with {INSTALL}")


def export_onnx(net: nn.Module, inputs: dict, path: Path | str) -> Exported:
    """Write `net`, as `load_run` gives it with its inputs, to `path`; the net is not changed.

    ONNX Runtime's BVPs are compared with PyTorch's before the file is put in its place.  Raises
    RuntimeError if a package is missing or they differ by more than TOLERANCE, and OSError if the
    file cannot be written.
    """
    require_packages()
    lengths = lengths_of(net, inputs["n_frames"])
    example = _example(net, inputs, 2, _length_shown(lengths, inputs["n_frames"]))
    program = _exported(with_plain_layers(net).eval(), example, lengths)
    about = {**inputs, "fps": FPS, "lengths": asdict(lengths), "net": type(net).__name__}
    program.model.metadata_props["rppg"] = json.dumps(about, sort_keys=True)
    difference = 0.0

    def write(part: Path) -> None:
        nonlocal difference
        program.save(part, external_data=False)
        difference = _difference(part, net.eval(), inputs, lengths)
        if not difference <= TOLERANCE:
            text = f"ONNX Runtime's BVP differs by {difference:.1g} deviations from PyTorch's"
            raise RuntimeError(f"{path} was not written: {text}, expected {TOLERANCE:g} or less")

    atomic_write(Path(path), write)
    return Exported(lengths, tuple(example.shape[2:]), difference)


def lengths_of(net: nn.Module, n_frames: int) -> Lengths:
    """Frames that an exported net takes.

    Multiples of what its pooling over time divides by, from 3 s on, up to the config's n_frames if
    positions are known for so many.  Only the n_frames of its training if the net magnifies
    motion, or has a saliency map for several frames: their steps depend on the length.
    """
    config = net.config
    step = config.patch * 2 ** getattr(config, "time_pools", 0)
    every = config.saliency_every if getattr(config, "saliency", False) else 1
    if every > 1 or getattr(config, "form", "").endswith("magnified"):
        n_frames = max(n_frames // step, 1) * step
        return Lengths(n_frames, n_frames, step)
    most = getattr(config, "n_frames", None)
    if most is not None:
        most = most // step * step
    least = -(-round(MIN_STRETCH_S * FPS) // step) * step
    return Lengths(least if most is None else min(least, most), most, step)


def with_plain_layers(net: nn.Module) -> nn.Module:
    """A copy of the net, in whose layers batch norm, ELU and pooling are PyTorch's own: the fused
    operation of `Layer` computes piece by piece, which no graph can hold."""
    net = deepcopy(net)
    for part in list(net.modules()):
        for name, child in list(part.named_children()):
            if isinstance(child, Layer):
                setattr(part, name, _PlainLayer(child))
    return net


class _PlainLayer(nn.Module):
    """(B, C, T, H, W) -> what the `Layer` makes of it in eval mode."""

    def __init__(self, layer: Layer):
        super().__init__()
        self.conv, self.norm, self.halve = layer.conv, layer.norm, layer.halve

    def forward(self, x: Tensor) -> Tensor:
        x = elu(self.norm(self.conv(x)))
        return avg_pool3d(x, (1, 2, 2)) if self.halve else x


def _exported(net: nn.Module, example: Tensor, lengths: Lengths):
    """torch.onnx.ONNXProgram of a net in eval mode."""
    from torch.export import Dim

    sizes = {0: Dim("batch")}
    if lengths.least != lengths.most:
        most = None if lengths.most is None else lengths.most // lengths.step
        steps = Dim("steps", min=lengths.least // lengths.step, max=most)
        sizes[1] = lengths.step * steps if lengths.step > 1 else steps
    names = {"input_names": ["clips"], "output_names": ["bvp"]}
    return torch.onnx.export(
        net,
        (example,),
        dynamo=True,
        verbose=False,
        opset_version=OPSET,
        dynamic_shapes=(sizes,),
        custom_translation_table={torch.ops.aten._adaptive_avg_pool3d.default: _averaged_cells},
        **names,
    )


def _averaged_cells(x, output_size):
    """`adaptive_avg_pool3d` for ONNX, for sides that are multiples of the cells."""
    from onnxscript import opset18

    kernel = [1, *(x.shape[axis] // output_size[axis - 2] for axis in (3, 4))]
    return opset18.AveragePool(x, kernel_shape=kernel, strides=kernel)


def _difference(path: Path, net: nn.Module, inputs: dict, lengths: Lengths) -> float:
    """Largest difference of the BVPs of a few random clips, in deviations of the BVP."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    differences = []
    for n_clips, n_frames in {(1, lengths.least), (3, _length_shown(lengths, inputs["n_frames"]))}:
        clips = _example(net, inputs, n_clips, n_frames)
        with torch.no_grad():
            expected = net(clips)
        found = torch.from_numpy(session.run(["bvp"], {"clips": clips.numpy()})[0])
        differences.append(((found - expected).abs().max() / expected.std()).item())
    return max(differences)


def _length_shown(lengths: Lengths, n_frames: int) -> int:
    """A length that the file takes, near that of training."""
    return max(n_frames // lengths.step * lengths.step, lengths.least)


def _example(net: nn.Module, inputs: dict, n_clips: int, n_frames: int) -> Tensor:
    """Random clips (n_clips, n_frames, ...) float32."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        array = ARRAYS[inputs["array"]]
        return torch.cat([array.example(net.config, n_frames) for _ in range(n_clips)]).float()
