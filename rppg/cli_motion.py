"""Commands of `rppg` about wearables.

rppg wearables data/wearables                                  34 simulated people
rppg wearables data/few --config '{"n_subjects": 4}'           any of SimulatorConfig's fields
"""

from pathlib import Path
from typing import Annotated

import typer

from rppg.cli_data import json_object


def wearables(
    folder: Annotated[Path, typer.Argument(help="Folder to write; made if missing.")],
    config: Annotated[
        str, typer.Option(help="Settings, as a JSON object of SimulatorConfig's fields.")
    ] = "{}",
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete wearables of other settings found there.")
    ] = False,
) -> None:
    """Write simulated wrist accelerometers: six activities, with the cadence of what is on foot.

    FOLDER/simulator then holds a table a subject, as own recordings may be given too: subject,
    session, activity, time_s, x, y, z (in g), cadence_spm.
    """
    from rppg.motion.write_wearables import config_from, write_wearables

    settings = json_object("--config", config, '{"n_subjects": 8, "seed": 1}')
    written = write_wearables(folder, config_from(settings), replace=replace)
    typer.echo(f"simulated wearables: {written}")
