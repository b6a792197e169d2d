"""COHFACE as distributed: 20 frames per second, a pulse at 256 Hz in HDF5, lists of its split.

>>> [clip.path for clip in clips(ChallengeConfig(n_cohface=2))]
['COHFACE/1/0/data.avi', 'COHFACE/1/2/data.avi', 'COHFACE/2/0/data.mkv']
"""

import io
from pathlib import Path

import numpy as np

from rppg.synthetic.config import FIRST_NUMBER, ChallengeConfig, Clip
from rppg.synthetic.layouts.writers import write_bytes, write_text

FOLDER = "COHFACE"
FPS = (20.0, 20.0)
SENSOR_HZ = 256.0
SENSOR_START_S = 2.5  # time of the first frame on the sensor's clock
LIGHTS = ("lamp", "lamp", "natural", "natural")  # sessions 0-3
PARTS = ("train", "test", "dev")  # of the first three subjects, then again


def clips(config: ChallengeConfig) -> list[Clip]:
    """Every other subject has a session with lamp light and one with daylight, the others one."""
    sessions = [
        (k, session) for k in range(config.n_cohface) for session in ((0,) if k % 2 else (0, 2))
    ]
    return [_clip(config, k, session) for k, session in sessions]


def _clip(config: ChallengeConfig, k: int, session: int) -> Clip:
    name = f"{FOLDER}/{k + 1}/{session}"
    return Clip(
        id=name,
        path=f"{name}/data.{'mkv' if k % 2 else 'avi'}",
        layout="cohface",
        split="none",
        subject=FIRST_NUMBER["cohface"] + k,
        index=session + 1,
        seconds=config.other_seconds,
        level=config.ubfc_level,
        fps_range=FPS,
    )


def write_labels(folder: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    for clip in clips:
        subject, session = Path(clip.path).parts[1:3]
        times_s = np.arange(round(clip.seconds * SENSOR_HZ)) / SENSOR_HZ
        pulse = clip.pulse(config)
        breath = np.sin(2 * np.pi * pulse.breath_hz * times_s + pulse.breath_phase)
        path = folder / subject / session / "data.hdf5"
        write_hdf5(path, pulse.wave(times_s), breath, times_s, LIGHTS[int(session)])
    _write_protocols(folder / "protocols" / "all", clips)


def write_hdf5(path: Path, pulse, respiration, times_s: np.ndarray, light: str) -> None:
    """data.hdf5 of a session, its attributes as arrays of one."""
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        named = {"pulse": pulse, "respiration": respiration, "time": SENSOR_START_S + times_s}
        for name, values in named.items():
            file.create_dataset(name, data=values, track_times=False)
        file.attrs["sample-rate-hz"] = np.array([SENSOR_HZ])
        file.attrs["illumination"] = np.array([light.encode()])
    write_bytes(path, buffer.getvalue())


def _write_protocols(folder: Path, clips: list[Clip]) -> None:
    lines: dict[str, list[str]] = {part: [] for part in ("all", *PARTS)}
    for clip in clips:
        line = "/".join([*clip.id.split("/")[1:], "data"])  # 1/0/data
        part = PARTS[(clip.subject - FIRST_NUMBER["cohface"]) % len(PARTS)]
        for name in ("all", part):
            lines[name].append(line)
    for name, sessions in lines.items():
        write_text(folder / f"{name}.txt", "".join(f"{line}\n" for line in sessions))
