"""Capture-24: 151 people in daily life for about a day each, an Axivity AX3 at the wrist.

P<NNN>.csv.gz, one file per person, has time (a date and a time), x, y, z in g and annotation, at
100 Hz; annotation-label-dictionary.csv in the same folder maps each annotation, such as
"7030 sleeping;MET 0.95", to its label in several schemes, the columns label:<scheme>.  A sample
without an annotation, or without a label in the scheme, has no label here.

Source: Chan et al., CAPTURE-24: A large dataset of wrist-worn activity tracker data collected in
the wild for human activity recognition, Scientific Data 2024 (CC BY 4.0); files and columns as
OxWearables/capture24 reads them.

    >>> [source.name for source in find("data")][:2]  # doctest: +SKIP
    ['P001.csv.gz', 'P002.csv.gz']
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.datasets.recording import origin_of
from rppg.studies.relcon.data.readers.parsing import (
    as_recording,
    files_below,
    named,
    reading,
    source_of,
)
from rppg.studies.relcon.data.recording import MotionRecording, SourceFile

DATASET = "Capture-24"
LAYOUT = "capture24/P<NNN>.csv.gz with annotation-label-dictionary.csv"
FILE = r"P[0-9]{3}\.csv\.gz"
DICTIONARY = "annotation-label-dictionary.csv"
SESSION = "day"
ROWS_AT_ONCE = 1_000_000  # of a file's nine million, whose text takes 150 bytes each
COLUMNS = {**dict.fromkeys(("x", "y", "z"), np.float32), "time": str, "annotation": "category"}


def find(root: Path, scheme: str = "WillettsSpecific2018") -> Iterator[SourceFile]:
    """One file per person, with one recording: subject "P001", session "day", times from the
    midnight before its first sample, so that its hours are those of the clock.

    scheme: which labels; the default has ten activities, "Walmsley2020" four intensities.
    """
    for path in files_below(root, FILE):
        yield source_of(DATASET, path.name, _read, path, scheme)


def _read(path: Path, scheme: str) -> Iterator[MotionRecording]:
    names = _names(path.with_name(DICTIONARY), f"label:{scheme}")
    parts = [_part(chunk, names, path) for chunk in _chunks(path)]
    times, xyz_g, activities = (np.concatenate(part) for part in zip(*parts, strict=True))
    if np.isnat(times).all():
        raise ValueError(f"{path.name} has no sample with a time")
    midnight = times[~np.isnat(times)][0].astype("datetime64[D]")
    yield as_recording(
        (DATASET, path.name.removesuffix(".csv.gz"), SESSION),
        (times - midnight) / np.timedelta64(1, "s"),
        xyz_g,
        activities,
        unit="g",
        origin=origin_of(path),
    )


def _chunks(path: Path) -> Iterator[pd.DataFrame]:
    with reading(path, f"a whole gzip file with columns {', '.join(COLUMNS)}"):
        options = {"usecols": list(COLUMNS), "dtype": COLUMNS, "chunksize": ROWS_AT_ONCE}
        yield from pd.read_csv(path, **options)


def _names(path: Path, column: str) -> Mapping[str, str]:
    """The label of every annotation in one scheme, "" for none."""
    if not path.is_file():
        raise ValueError(f"{path.name} is missing next to the files: it maps annotations to labels")
    with reading(path, f"a table with the columns annotation and {column}"):
        table = pd.read_csv(path, dtype=str)
    if missing := [name for name in ("annotation", column) if name not in table]:
        has = ", ".join(table.columns)
        raise ValueError(f"{path.name} has columns {has}, expected {', '.join(missing)} as well")
    return dict(zip(table["annotation"], table[column].fillna(""), strict=True))


def _part(chunk: pd.DataFrame, names: Mapping[str, str], path: Path) -> tuple[np.ndarray, ...]:
    """Times (n,) datetime64, xyz_g (n, 3), activities (n,) of some rows."""
    with reading(path, "dates and times such as 2015-03-26 10:15:00.010"):
        times = pd.to_datetime(chunk["time"], format="ISO8601").to_numpy()
    codes = chunk["annotation"].cat.codes.to_numpy()  # (n,), -1 for none
    used = named(chunk["annotation"].cat.categories.astype(object), names, path.name)
    activities = np.append(used, "")[codes]  # -1 is the last one
    return times, chunk[["x", "y", "z"]].to_numpy(), activities
