"""The people whom people.py measures: where their recordings come from, and the reference of each.

    recordings = package_faces(Path("build/people")) + shared_recordings(Path("../shared/data"))

Two faces with a contact PPG are in the source distribution of `vitallens` 0.2.2 (MIT; the second by
courtesy of VitalVideos), which pip downloads: nothing of it is kept in the project.  Next to the
checkout there may be a face without a contact PPG, whose authors name the band of its pulse (MIT,
Eulerian video magnification), and fingers on a phone's camera with the beats of a chest strap
(Welltory-PPG-dataset, CC0; Neshitov et al., Sensors 2021).
"""

import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from peer_programs import clean, last_line

from rppg.preprocessing.video import probe

PACKAGE = "vitallens==0.2.2"
ARCHIVE = "vitallens-0.2.2.tar.gz"
FACES = ("1", "2")  # examples/sample_video_N.mp4 with sample_vitals_N.csv
EVM_BAND_BPM = (50.0, 60.0)
DOWNLOAD_S = 300.0


@dataclass(frozen=True, eq=False)
class Person:
    """One recording of a person and what is known of the heart rate; None: not recorded.

    A face has a video; a finger the mean colours rgb (n, 3) of its frames at times_s (n,).
    """

    name: str
    kind: str  # "face" or "finger"
    video: Path | None = None
    times_s: np.ndarray | None = None
    rgb: np.ndarray | None = None
    contact: tuple[np.ndarray, np.ndarray] | None = None  # times in s (m,), PPG (m,)
    beats_s: np.ndarray | None = None  # (k,) times of a chest strap's beats
    band_bpm: tuple[float, float] | None = None  # where the pulse is, if nothing else is known

    @property
    def reference(self) -> str:
        """What the rates are compared with."""
        if self.contact is not None:
            return "contact PPG"
        if self.beats_s is not None:
            return "chest strap"
        return f"{self.band_bpm[0]:g}-{self.band_bpm[1]:g} bpm"


def package_faces(folder: Path) -> list[Person]:
    """The two faces of the package index, downloaded into `folder` unless they are there.

    Raises ConnectionError, with what pip said, if the index does not give them.
    """
    archive = folder / ARCHIVE
    if not archive.is_file():
        download(folder)
    with tarfile.open(archive) as packed:
        members = [m for m in packed.getmembers() if "/examples/sample_vi" in m.name]
        packed.extractall(folder, members, filter="data")
    examples = folder / ARCHIVE.removesuffix(".tar.gz") / "examples"
    return [_package_face(examples, number) for number in FACES]


def download(folder: Path) -> None:
    """Get the archive by pip.  Raises ConnectionError if it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--no-deps", "--no-binary=vitallens", "-q"]
    command = [sys.executable, "-m", "pip", "download", *options, "-d", str(folder), PACKAGE]
    done = subprocess.run(
        command, capture_output=True, text=True, env=clean(), timeout=DOWNLOAD_S, check=False
    )
    if not (folder / ARCHIVE).is_file():
        raise ConnectionError(f"{PACKAGE} cannot be downloaded: {last_line(done.stderr)}")


def shared_recordings(folder: Path) -> list[Person]:
    """The face and the fingers next to the checkout; none if `folder` is not there."""
    people, video = [], folder / "video/evm_face.mp4"
    if video.is_file():
        people.append(Person("evm", "face", video, band_bpm=EVM_BAND_BPM))
    return people + [_finger(path) for path in sorted(folder.glob("ppg/welltory/*.csv"))]


def _package_face(examples: Path, number: str) -> Person:
    video = examples / f"sample_video_{number}.mp4"
    ppg = pd.read_csv(examples / f"sample_vitals_{number}.csv")["ppg"].to_numpy(float)
    times_s = np.arange(len(ppg)) / probe(video).fps
    return Person(f"vitallens {number}", "face", video, contact=(times_s, ppg))


def _finger(path: Path) -> Person:
    table = pd.read_csv(path)
    text = path.with_suffix(".rr.txt").read_text().replace(",", " ")
    beats_s = np.cumsum([0.0, *map(float, text.split())]) / 1000
    times_s, rgb = table["time"].to_numpy(float) / 1000, table[["R", "G", "B"]].to_numpy(float)
    name = f"welltory {path.stem}"
    return Person(name, "finger", times_s=times_s, rgb=rgb, beats_s=beats_s)
