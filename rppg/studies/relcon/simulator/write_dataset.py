"""Simulated IMU dataset on disk, as plain tables in the format of `data/tables.py`.

    >>> folder = write_imu_dataset("data/wearables", SimulatorConfig())  # doctest: +SKIP

    <folder>/SYNTHETIC.txt           makes readers mark everything below as synthetic
    <folder>/wearables.json          the parameters
    <folder>/simulator/S01.parquet   one subject: subject, session, activity, time_s, x, y, z
                                     (in g), cadence_spm

The folder is written atomically.
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

SIMULATOR = 1  # version: raised whenever equal parameters give other movements
PARAMETERS = "wearables.json"
MARK = """\
Everything below this folder is synthetic: movements made by
rppg.studies.relcon.simulator.simulate. Nothing here was recorded from a person.
Never mix it with real recordings.
"""


def write_imu_dataset(
    folder: str | Path,
    config: SimulatorConfig,
    replace: bool = False,
    progress: bool = True,
) -> Path:
    """Write the simulated subjects below `folder` unless they are there; returns `folder`.

    A dataset of other parameters is replaced with `replace`; without it, ValueError says what
    differs.  Raises FileExistsError if the folder contains anything else.
    """
    folder = Path(folder)
    if _is_written(folder, config, replace):
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
    """A config of settings by name; raises ValueError that names unknown and known settings."""
    known = asdict(SimulatorConfig())
    if unknown := sorted(settings.keys() - known.keys()):
        raise ValueError(f"unknown settings {', '.join(unknown)}: expected of {', '.join(known)}")
    return SimulatorConfig(**settings)


def _is_written(folder: Path, config: SimulatorConfig, replace: bool) -> bool:
    """Whether `folder` already contains this dataset; raises if it may not be written."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    if not (folder / PARAMETERS).is_file():
        raise FileExistsError(f"{folder} is not empty and no IMU dataset: choose another folder")
    what = _differences(folder, config)
    if what and not replace:
        advice = "choose another folder, or replace this one"
        raise ValueError(f"{folder} holds a dataset of other parameters ({what}): {advice}")
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
    """The parameters of the dataset in `folder` that differ from `config`; "" for none."""
    written, wanted = json.loads((folder / PARAMETERS).read_text()), _parameters(config)
    names = [name for name in wanted if written.get(name) != wanted[name]]
    return "; ".join(f"{n} is {written.get(n)}, asked for {wanted[n]}" for n in names)
