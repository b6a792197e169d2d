"""The command `rppg export`: a trained model as an ONNX file.

rppg export st_transformer st_transformer.onnx
rppg export runs/mine/contrast_phys/pretrain net.onnx
"""

from pathlib import Path
from typing import Annotated, Optional

import typer


def export(
    model: Annotated[
        str,
        typer.Argument(help="st_transformer, contrast_phys, gideon2021, or the folder of a run."),
    ],
    out: Annotated[Path, typer.Argument(help="The file to write: .onnx.")],
    runs: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder of trained models, as runs/demo; default: those in the package."),
    ] = None,
) -> None:
    """Write a trained model as ONNX, for programs without PyTorch.

    Clips (batch, frames, ...) go in, their pulse waves (batch, frames) come out, at 30 frames per
    second.  The file is compared with PyTorch before it is kept.  Needs the extra rppg[export].
    """
    from rppg.api.models import load_model
    from rppg.inference.video_table import check_output
    from rppg.models.export import OPSET, export_onnx, require_packages

    require_packages()
    check_output(out, (".onnx",))
    found = load_model(model, runs)
    exported = export_onnx(found.net, found.inputs, out)
    shape = ", ".join(map(str, ("batch", "frames", *exported.shape)))
    size_mb = out.stat().st_size / 1e6
    typer.echo(f"{out}: {found.name}, ONNX opset {OPSET}, {size_mb:.1f} MB")
    typer.echo(f"clips ({shape}) float32 -> bvp (batch, frames); frames: {exported.lengths}")
    typer.echo(
        f"largest difference from PyTorch: {exported.difference:.1g} of the wave's deviation"
    )
