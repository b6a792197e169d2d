"""Small, well-formed recordings of every layout with labels, whose label files tests then damage.

layout = LAYOUTS_WITH_LABELS["ubfc_rppg 1"]
label = layout.write(root, number=1)      # the path of its label file
layout.write(root, number=2, wave=np.zeros(N))
layout.read(root)                         # the recordings of both
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
from scipy.io import savemat

from helpers.reader_files import put
from rppg.datasets.readers import read

N, HZ = 600, 60.0
TIMES_S = np.arange(N) / HZ
WAVE = np.round(50 + 40 * np.sin(2 * np.pi * 1.2 * TIMES_S), 3)
START_NS = 1_392_643_993_642_815_000


@dataclass(frozen=True)
class Layout:
    """One kind of label file.  write_files(folder of the tree, number, wave) -> label's path."""

    name: str
    write_files: Callable
    text: bool = True  # whether the label is a text file
    columns: str = ""  # what separates the fields of a row; "": one a row
    wave: bool = True  # whether the label has a wave
    options: dict = field(default_factory=dict)

    def write(self, root: Path, number: int, wave=WAVE) -> Path:
        return self.write_files(root, number, wave)

    def read(self, root: Path):
        return read(self.name, root, **self.options)


def lines(*columns, between=",") -> str:
    rows = zip(*([f"{value:.10g}" for value in column] for column in columns), strict=True)
    return "".join(between.join(row) + "\n" for row in rows)


def ubfc_2(root, n, wave):
    folder = root / "DATASET_2" / f"subject{n}"
    put(folder / "vid.avi")
    rows = (wave, np.full(N, 72), TIMES_S)
    text = "\n".join(" ".join(f"{value:.6g}" for value in row) for row in rows)
    return put(folder / "ground_truth.txt", text)


def ubfc_1(root, n, wave):
    folder = root / "DATASET_1" / f"{n}-gt"
    put(folder / "vid.avi")
    text = lines(1000 * TIMES_S, np.full(N, 72), np.full(N, 98), wave)
    return put(folder / "gtdump.xmp", text)


def vipl_2(root, n, wave):
    put(root / f"{n}" / "video1.mp4.avi")
    text = ",video1 ,video2\nHeart rate ,70.5 ,71\nfps_mean ,25.5 ,25\n"
    put(root / f"{n}" / "video2.mp4.avi")
    return put(root / f"{n}" / "gt.csv", text)


def vipl_2_wave(root, n, wave):
    put(root / f"{n}" / "video1.mp4.avi")
    return put(root / f"{n}" / "video1_wave.csv", "time_s,value\n" + lines(TIMES_S, wave))


def pure(root, n, wave):
    stamps = [START_NS + 33_333_333 * k for k in range(90)]
    for stamp in stamps:
        put(root / f"0{n}-01" / f"Image{stamp}.png")
    values = [{"waveform": float(value), "pulseRate": 72} for value in wave]
    sensor = [
        {"Timestamp": START_NS + 16_666_666 * k, "Value": v} for k, v in enumerate(values[:300])
    ]
    content = {"/Image": [{"Timestamp": stamp} for stamp in stamps], "/FullPackage": sensor}
    return put(root / f"0{n}-01.json", json.dumps(content))


def mmse(root, n, wave):
    for k in range(100):
        put(root / "T10_T11_30Subjects" / f"F00{n}" / "T10" / f"{k}.jpg")
    labels = root / "T10_T11_30PhyBPHRData" / f"F00{n}" / "T10"
    put(labels / "Pulse Rate_BPM.txt", lines(np.full(4000, 72)))
    return put(labels / "BP_mmHg.txt", lines(np.interp(np.arange(4000) / 1000, TIMES_S, wave)))


def cohface(root, n, wave):
    put(root / f"{n}" / "0" / "data.avi")
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["pulse"], file["time"] = wave, TIMES_S
        file.attrs["sample-rate-hz"] = HZ
    return put(root / f"{n}" / "0" / "data.hdf5", content.getvalue())


def mr_nirp(root, n, wave):
    folder = root / f"Subject{n}" / f"subject{n}_garage_still_940"
    for k in range(90):
        put(folder / "RGB" / f"Frame{k:05d}.pgm")
    content = io.BytesIO()
    savemat(content, {"pulseOxRecord": wave, "pulseOxTime": 1.5e9 + TIMES_S})
    return put(folder / "PulseOX" / "pulseOx.mat", content.getvalue())


def ubfc_phys(root, n, wave):
    put(root / f"s{n}" / f"vid_s{n}_T1.avi")
    return put(root / f"s{n}" / f"bvp_s{n}_T1.csv", lines(wave))


def ecg(root, n, wave, stamps=False):
    folder = root / f"0{n}" / "01"
    put(folder / "c920-1.avi")
    put(folder / "c920-2.avi")
    first = put(folder / "c920.csv", lines(np.round(1e6 + 32 * np.arange(90)), np.arange(90)))
    columns = (np.round(1e6 + 8 * np.arange(N)), *np.full((6, N), 72))
    header = "milliseconds, ECG, ECG HR, PPG, PPG HR, SpO2, PI\n"
    second = put(folder / "viatom-raw.csv", header + lines(*columns))
    return first if stamps else second


def vipl_1(root, n, wave, of="wave.csv"):
    folder = root / "data" / f"p{n}" / "v1" / "source1"
    put(folder / "video.avi")
    put(folder / "time.txt", lines(np.round(33.3 * np.arange(90))))
    put(folder / "wave.csv", "Wave\n" + lines(wave[:300]))
    put(folder / "gt_HR.csv", "HR\n" + lines(np.full(5, 72)))
    return folder / of


def obf(root, n, wave):
    put(root / f"{n}" / "video1.avi")
    flags = np.arange(300) % 25 == 0
    return put(root / f"{n}" / "video1.txt", " ".join(str(int(flag)) for flag in flags))


def obf_npy(root, n, wave):
    label = obf(root, n, wave)
    label.unlink()
    np.save(label.with_suffix(".npy"), np.arange(300) % 25 == 0)
    return label.with_suffix(".npy")


def own(root, n, wave):
    put(root / f"person{n}" / "a.mp4")
    return put(root / f"person{n}" / "a.bvp.csv", "time_s,bvp\n" + lines(TIMES_S, wave))


WAVES = {"wave_name": "{video}_wave.csv"}
LAYOUTS_WITH_LABELS = {
    "ubfc_rppg 2": Layout("ubfc_rppg", ubfc_2, columns=" "),
    "ubfc_rppg 1": Layout("ubfc_rppg", ubfc_1, columns=","),
    "vipl_hr_v2": Layout("vipl_hr_v2", vipl_2, columns=",", wave=False),
    "vipl_hr_v2 wave": Layout("vipl_hr_v2", vipl_2_wave, columns=",", options=WAVES),
    "pure": Layout("pure", pure),
    "mmse_hr": Layout("mmse_hr", mmse),
    "cohface": Layout("cohface", cohface, text=False),
    "mr_nirp_car": Layout("mr_nirp_car", mr_nirp, text=False),
    "ubfc_phys": Layout("ubfc_phys", ubfc_phys),
    "ecg_fitness": Layout("ecg_fitness", ecg, columns=",", wave=False),
    "ecg_fitness stamps": Layout(
        "ecg_fitness", lambda *at: ecg(*at, stamps=True), columns=",", wave=False
    ),
    "vipl_hr": Layout("vipl_hr", vipl_1),
    "vipl_hr stamps": Layout("vipl_hr", lambda *at: vipl_1(*at, of="time.txt"), wave=False),
    "vipl_hr rates": Layout("vipl_hr", lambda *at: vipl_1(*at, of="gt_HR.csv"), wave=False),
    "obf": Layout("obf", obf, wave=False),
    "obf npy": Layout("obf", obf_npy, text=False, wave=False),
    "folder": Layout("folder", own, columns=","),
}
