"""The command `rppg simulate`: thousands of clips to learn from, without rendering a video.

rppg simulate prepared/mine --clips 2000 --seed 1
rppg simulate prepared/mine --clips 2000 --crops face --crops wide
"""

from pathlib import Path
from typing import Annotated, Optional

import typer


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder of prepared recordings; made if missing.")],
    clips: Annotated[
        int, typer.Option(min=1, max=999_999, help="Number of clips, each of another person.")
    ],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 0,
    seconds: Annotated[float, typer.Option(help="Length of a clip, 3 to 120 s.")] = 10.0,
    pulse: Annotated[
        float, typer.Option(help="Scale of the pulse's amplitude; 0 writes the null control.")
    ] = 1.0,
    crops: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            help="Small crops to make, 32 pixels: `face` or `wide`; repeat the option for both."
            " They take longer than the maps, and 0.9 MB of disk space each per 10 s."
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that simulate.")] = 2,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete simulated clips of other settings in OUT.")
    ] = False,
) -> None:
    """Write simulated MSTmaps with a known pulse into a folder of prepared recordings.  Resumes.

    OUT/simulated then holds one recording per clip, as `rppg prepare` writes them: a profile that
    names the dataset `simulated` learns from them.
    """
    from rppg.datasets.recording import SIMULATED
    from rppg.synthetic.traces.simulate import TraceConfig
    from rppg.synthetic.traces.write import write_traces

    config = TraceConfig(seed, clips, seconds, pulse, tuple(crops or ()))
    written = write_traces(out, config, workers=workers, replace=replace)
    typer.echo(f"{out / SIMULATED}: {clips} simulated clips, {written} of them written now")
