"""The command `rppg magnify`: a video in which the pulse of the face can be seen.

rppg magnify face.mp4 pulse.mp4
rppg magnify face.mp4 pulse.mp4 --gain 100
"""

from pathlib import Path
from typing import Annotated

import typer

from rppg.utils.command_options import FpsOption, ended_by_signals


def magnify(
    video: Annotated[Path, typer.Argument(help="A video of a face.")],
    out: Annotated[Path, typer.Argument(help="The video to write: .mp4 or .mkv.")],
    gain: Annotated[
        float, typer.Option(help="How many times changes of colour are amplified, 1 to 1000.")
    ] = 40.0,
    fps: FpsOption = None,
) -> None:
    """Make the pulse of a face visible.

    What changes at the face's heart rate is amplified; the wave is drawn below.  What moves at that
    rate is amplified, too: hold still.
    """
    from rppg.inference import magnify as magnification
    from rppg.inference.video_table import check_apart, check_output

    check_output(out, magnification.SUFFIXES)
    check_apart(out, [video])
    with ended_by_signals(lambda: f"{out} is not written"):
        found = magnification.magnify(video, out, gain, fps)
    typer.echo(f"{out}: {found.hr_bpm:.1f} bpm, quality {found.quality:.2f}")
    for note in found.notes:
        typer.echo(f"note: {video}: {note}")
