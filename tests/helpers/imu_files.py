"""Tiny files in the layout of each dataset of motion, for tests of readers.

Acceleration is gravity along one axis, and every other column holds something else, so a column
that is mixed up shows.  Where there are several sensors the first has it along x, the second along
y, the third along z.
"""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.reader_files import put

G_M_S2 = 9.80665
HHAR_HEADER = "Index,Arrival_Time,Creation_Time,x,y,z,User,Model,Device,gt\n"
SCHEMES = "annotation,label:WillettsSpecific2018,label:Walmsley2020\n"
DICTIONARY = (
    SCHEMES + "7030 sleeping;MET 0.95,sleep,sleep\n17190 walking;MET 3.0,walking,light\nx,,\n"
)


def gravity(axis: int, n: int, size: float) -> np.ndarray:
    """(n, 3): `size` along one axis, a tenth of it along the next."""
    return np.tile(np.roll([size, size / 10, 0.0], axis), (n, 1))


def put_numbers(path: Path, table: np.ndarray) -> Path:
    """Numbers separated by blanks, "NaN" where they are not."""
    lines = (" ".join(f"{value:.10g}".replace("nan", "NaN") for value in row) for row in table)
    return put(path, "\n".join(lines) + "\n")


def pamap2(
    root, name="Protocol/subject101.dat", activities=(0, 4, 4, 24), lost=(), hr=np.nan
) -> Path:
    """100 Hz from 5.64 s; heart rates `hr`; hand, chest, ankle to +-16 g along x, y, z; rows `lost`
    are NaN."""
    n = len(activities)
    table = np.full((n, 54), 777.0)
    table[:, 0], table[:, 1], table[:, 2] = 5.64 + np.arange(n) / 100, activities, hr
    for axis, column in enumerate((4, 21, 38)):
        table[:, column : column + 3] = gravity(axis, n, G_M_S2)
        table[list(lost), column : column + 13] = np.nan
    return put_numbers(root / "PAMAP2_Dataset" / name, table)


def opportunity(root, name="S1-ADL1.dat", locomotion=(0, 1, 2, 4, 5), lost=()) -> Path:
    """30 Hz in whole ms; wrist, lower arm, back in mg along x, y, z; the wrist's `lost` are NaN."""
    n = len(locomotion)
    table = np.full((n, 250), 7777.0)
    table[:, 0], table[:, 243] = np.round(np.arange(n) * 1000 / 30), locomotion
    for axis, column in enumerate((22, 63, 37)):
        table[:, column : column + 3] = gravity(axis, n, 1000)
    table[list(lost), 22:25] = np.nan
    return put_numbers(root / "OpportunityUCIDataset" / "dataset" / name, table)


def motionsense(root, trial="dws_1", subject=1, source="A", n=3) -> Path:
    """A: gravity along z, 0.5 g of the user along x; B: gravity along y."""
    if source == "A":
        parts = {"attitude.roll": 7.0, "gravity.x": 0.0, "gravity.y": 0.0, "gravity.z": -1.0}
        parts |= {"rotationRate.x": 7.0, "userAcceleration.x": 0.5, "userAcceleration.y": 0.0}
        table = pd.DataFrame(parts | {"userAcceleration.z": 0.0}, index=range(n))
    else:
        table = pd.DataFrame({"x": 0.0, "y": -1.0, "z": 0.0}, index=range(n))
    folder = {"A": "A_DeviceMotion_data", "B": "B_Accelerometer_data"}[source]
    return put(root / folder / trial / f"sub_{subject}.csv", table.to_csv())


def hhar(root, rows) -> Path:
    """rows: (creation time in ns, user, device, gt), acceleration along x; x of row k is larger by
    k mm/s^2, to be told from the others."""
    xyz = [f"{G_M_S2 + k / 1000:.6f},0.1,-0.2" for k in range(len(rows))]
    lines = (
        f"{k},{1424696638740 + k},{t},{xyz[k]},{user},{device.partition('_')[0]},{device},{gt}"
        for k, (t, user, device, gt) in enumerate(rows)
    )
    path = root / "Activity recognition exp" / "Watch_accelerometer.csv"
    return put(path, HHAR_HEADER + "\n".join(lines) + "\n")


def capture24(root, subject="P001", annotations=("", "7030 sleeping;MET 0.95"), **columns) -> Path:
    """100 Hz from a quarter past ten, along z, beside a dictionary."""
    n = len(annotations)
    time = pd.Timestamp("2016-11-13 10:15:00") + pd.to_timedelta(np.arange(n) * 10, unit="ms")
    text = time.strftime("%Y-%m-%d %H:%M:%S.%f")
    table = {"time": text, "x": 0.0, "y": 0.1, "z": -1.0, "annotation": annotations}
    put(root / "annotation-label-dictionary.csv", DICTIONARY)
    content = pd.DataFrame(table | columns).to_csv(index=False)
    return put(root / f"{subject}.csv.gz", gzip.compress(content.encode()))


def basic_motions(root, part="TRAIN", labels=("Standing", "Badminton"), n_values=100) -> Path:
    """Series k has k + 1 everywhere: the accelerometer is 1, 2, 3 m/s^2."""
    series = ":".join(",".join([f"{k + 1}.0"] * n_values) for k in range(6))
    header = "#a comment\n@problemName BasicMotions\n@dimensions 6\n@data\n"
    return put(
        root / f"BasicMotions_{part}.ts", header + "\n".join(f"{series}:{x}" for x in labels)
    )


def plain(root, name="mine/a.csv", **columns) -> Path:
    """Three samples of one subject, in g; a column that is None is missing."""
    table = {"subject": "ann", "session": "monday", "activity": "sitting"}
    table |= {"time_s": [0.0, 0.01, 0.02], "x": 0.0, "y": 0.0, "z": 1.0} | columns
    table = pd.DataFrame({k: v for k, v in table.items() if v is not None}, index=range(3))
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write = table.to_parquet if path.suffix == ".parquet" else table.to_csv
    write(path, index=False)
    return path
