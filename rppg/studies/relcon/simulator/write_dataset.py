"""Simulated wearables on the disk, as plain tables that every reader of tables understands.

    >>> folder = write_wearables("data/wearables", SimulatorConfig())  # doctest: +SKIP

    <folder>/SYNTHETIC.txt           says what this is: readers mark everything below as synthetic
    <folder>/wearables.json          the parameters
    <folder>/simulator/S01.parquet   a subject: subject, session, activity, time_s, x, y, z (in g),
                                     cadence_spm

The folder appears whole, by renaming, or not at all.
"""

import json
import shutil
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from tqdm import tqdm

from rppg.datasets.recording import SYNTHETIC_MARK
from rppg.studies.relcon.data.tables import write_table
from rppg.studies.relcon.simulator.simulate import DATASET, SimulatorConfig, simulate
from rppg.utils.atomic import remove_temporaries, temporary

SIMULATOR = 1  # raised whenever equal parameters come to mean other movements
PARAMETERS = "wearables.json"
MARK = """\
Everything below this folder is synthetic: movements made by rppg.studies.relcon.simulator.simulate. Nothing here was
recorded from a person. Never mix it with real recordings.
"""


def write_wearables(
    folder: str | Path,
    config: SimulatorConfig,
    replace: bool = False,
    progress: bool = True,
) -> Path:
    """Write the simulator's subjects below `folder`, or find them there; returns `folder`.

    Where it holds wearables of other parameters, `replace` removes them first; without, ValueError
    says what differs.  Raises FileExistsError where it holds something else.
    """
    folder = Path(folder)
    if _known(folder, config, replace):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_temporaries(folder)
    new = temporary(folder)
    try:
        _write(new, config, progress)
        if folder.exists():
            shutil.rmtree(folder)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return folder


def config_from(settings: dict) -> SimulatorConfig:
    """A config of settings by name; raises ValueError that names what is unknown and known."""
    known = asdict(SimulatorConfig())
    if unknown := sorted(settings.keys() - known.keys()):
        raise ValueError(f"unknown settings {', '.join(unknown)}: expected of {', '.join(known)}")
    return SimulatorConfig(**settings)


def _known(folder: Path, config: SimulatorConfig, replace: bool) -> bool:
    """Whether `folder` already holds these wearables; raises where it may not be written."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    if not (folder / PARAMETERS).is_file():
        raise FileExistsError(f"{folder} is not empty and no wearables: choose another folder")
    what = _differences(folder, config)
    if what and not replace:
        advice = "choose another folder, or replace this one"
        raise ValueError(f"{folder} holds wearables of other parameters ({what}): {advice}")
    return not what


def _write(folder: Path, config: SimulatorConfig, progress: bool) -> None:
    (folder / DATASET).mkdir(parents=True)
    (folder / SYNTHETIC_MARK).write_text(MARK)
    subjects = groupby(simulate(config), key=lambda recording: recording.subject)
    bar = tqdm(subjects, "subjects", config.n_subjects, unit="subject", disable=not progress)
    for subject, recordings in bar:
        write_table(folder / DATASET / f"{subject}.parquet", recordings)
    (folder / PARAMETERS).write_text(json.dumps(_parameters(config), indent=1) + "\n")


def _parameters(config: SimulatorConfig) -> dict:
    return {"simulator": SIMULATOR, **asdict(config)}


def _differences(folder: Path, config: SimulatorConfig) -> str:
    """In which parameters the wearables in `folder` differ from `config`; "" where in none."""
    found, wanted = json.loads((folder / PARAMETERS).read_text()), _parameters(config)
    names = [name for name in wanted if found.get(name) != wanted[name]]
    return "; ".join(f"{n} is {found.get(n)}, asked for {wanted[n]}" for n in names)
