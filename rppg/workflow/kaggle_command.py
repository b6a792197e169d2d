"""The command `rppg kaggle`: a folder to upload, for running the pipeline on Kaggle offline.

rppg kaggle build/kaggle --owner anna --competition repss-3 --dataset anna/pure
rppg kaggle build/kaggle --no-wheels          metadata and notebooks only, without a network
"""

from pathlib import Path
from typing import Annotated, Optional

import typer


def kaggle(
    out: Annotated[Path, typer.Argument(help="Folder to write: OUT/dataset and OUT/notebooks.")],
    owner: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Your Kaggle user name; without it, a placeholder to replace."),
    ] = None,
    competition: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="Slug of the competition whose data is read; may be repeated."),
    ] = None,
    dataset: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="OWNER/SLUG of a dataset with videos; may be repeated."),
    ] = None,
    wheels: Annotated[
        bool, typer.Option("--wheels/--no-wheels", help="Download what is installed there.")
    ] = True,
) -> None:
    """Write what to upload to Kaggle: a dataset of wheels and notebooks, and a notebook to run.

    docs/kaggle.md has the commands that upload both, and says how long a run takes there.
    """
    from rppg.workflow.kaggle import PLACEHOLDER, Upload, write_folder, write_wheels

    upload = Upload(owner or PLACEHOLDER, tuple(competition or ()), tuple(dataset or ()))
    folders = write_folder(out, upload)
    if wheels:
        paths = write_wheels(out)
        size_mb = sum(path.stat().st_size for path in paths) / 1e6
        typer.echo(f"{paths[0].parent}: {len(paths)} wheels, {size_mb:.0f} MB")
    for folder in folders:
        typer.echo(f"{folder}: ready to upload")
    if owner is None:
        typer.echo(f"replace {PLACEHOLDER} in both metadata files, or give --owner")
