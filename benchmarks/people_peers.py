"""Waves of other packages for people.py: the peers of peer_programs.py, asked for their waves.

    peer_waves(Path("face.mp4"), times_s, Path("build/peers"))   # {("open-rppg", "1.0"): (T,), ...}

Each reads the video once, in a process of its own; its wave is put on the times of ours.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
from peer_programs import Program, last_line, peers
from peers import timed

LONGEST_S = 540.0  # of one program on one video


def peer_waves(video: Path, times_s: np.ndarray, envs: Path) -> dict:
    """(program, version) -> its wave (T,) at times_s (T,), or why there is none."""
    found = {}
    for program in peers(envs):
        found[program.name, program.version] = _wave(program, video, times_s)
    return found


def _wave(program: Program, video: Path, times_s: np.ndarray) -> np.ndarray | str:
    if program.problem:
        return program.problem
    with tempfile.TemporaryDirectory() as folder:
        *_, code, stdout, stderr = timed(program.command(video), folder, LONGEST_S)
    if code is None:
        return f"no answer within {LONGEST_S:g} s"
    if code:
        return f"exit status {code}: {last_line(stderr)}"
    said = json.loads(last_line(stdout))
    if not said["wave"]:
        return "no wave"
    at_s = np.asarray(said["times_s"], dtype=float)
    wave = np.interp(times_s, at_s - at_s[0] + times_s[0], said["wave"])
    return np.where(times_s - times_s[0] <= at_s[-1] - at_s[0] + 0.5, wave, np.nan)
