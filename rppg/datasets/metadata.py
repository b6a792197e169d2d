"""recording.json: what is known of a prepared recording, and the index made of many of them.

A meta is a dict: id, dataset, subject, name, split, origin, status ("ok" or "failed"), reason, and
for a prepared one n_frames, duration_s, fps, fps_source, face_hit_rate, gaps_s [[start, end], ...],
hr_true_bpm, notes, known_bad, fingerprint, versions, arrays (`array_files`) and more; wide_boxes
[[time_s from the first frame, x, y, width, height], ...] where it has wide crops.  The same meta
gives the same bytes.

    >>> json_bytes({"status": "failed", "id": "demo/ann/v1", "reason": "no face"}).decode()[:40]
    '{\\n  "id": "demo/ann/v1",\\n  "reason": "no'
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rppg.datasets.meta_checks import meta_problem, row_problem
from rppg.utils import atomic

if TYPE_CHECKING:
    import pandas as pd

LONGEST_BYTES = 2**26  # of a recording.json; a day of video has less

INDEX_DTYPES = {
    "id": "object",
    "dataset": "object",
    "subject": "object",
    "name": "object",
    "split": "object",
    "origin": "object",
    "status": "object",  # "ok" or "failed"
    "reason": "object",
    "known_bad": "object",  # why evaluation leaves it out, as published; None where it does not
    "n_frames": "Int64",
    "duration_s": "float64",
    "fps_source": "object",
    "fps": "float64",
    "face_hit_rate": "float64",
    "gap_s": "float64",  # sum over the gaps longer than 0.5 s
    "hr_true_bpm": "float64",
    "has_bvp": "bool",
    "fingerprint": "object",
}


def json_bytes(meta: dict) -> bytes:
    """recording.json of a meta: keys sorted, a newline at the end.

    Raises ValueError, naming the keys, where a value is NaN or infinite: None says "unknown".
    """
    bad = []
    for key, value in meta.items():
        try:
            _dump(value)
        except ValueError:
            bad.append(key)
    if bad:
        raise ValueError(f"{meta['id']}: {bad} hold NaN or infinity; write None instead")
    return f"{_dump(meta)}\n".encode()


def read_meta(id: str, folder: Path) -> dict:
    """The meta in a complete folder; where it cannot be read, or holds what no preparation writes,
    a failure whose reason names it."""
    path = folder / atomic.MARK
    try:
        if path.is_symlink():
            raise ValueError("it is a link, expected the file itself")
        if (n_bytes := path.stat().st_size) > LONGEST_BYTES:
            raise ValueError(f"it has {n_bytes} bytes, expected {LONGEST_BYTES} or less")
        meta = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
        if problem := meta_problem(meta, id):
            raise ValueError(problem)
    except (ValueError, OSError, RecursionError) as error:
        reason = f"{path} cannot be read ({error}): prepare the recording again"
        return {"id": id, "status": "failed", "reason": reason}
    return meta


def read_index(path: Path) -> "pd.DataFrame":
    """A store's index.parquet: columns and types of INDEX_DTYPES.

    Raises FileNotFoundError if it is missing, ValueError, naming it, if it is no such table.
    """
    import pandas as pd

    advice = "rppg prepare (or 01_preprocess) writes it"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: {advice}")
    try:
        index = pd.read_parquet(path)
        if missing := sorted(INDEX_DTYPES.keys() - set(index.columns)):
            raise ValueError(f"columns {', '.join(missing)} are missing")
        index = index[list(INDEX_DTYPES)].astype(INDEX_DTYPES)
        for row in index.astype(object).where(index.notna(), None).to_dict("records"):
            if problem := row_problem(row):
                raise ValueError(problem)
        if (twice := index["id"].duplicated()).any():
            raise ValueError(f"{index['id'][twice].iloc[0]!r} comes twice")
    except Exception as error:  # of pyarrow, which raises many kinds for a damaged file
        found = f"{path} is no index of prepared recordings ({error})"
        raise ValueError(f"{found}: {advice}") from error
    return index


def index_row(meta: dict, folder: Path) -> dict:
    """One row of the index, with the keys of INDEX_DTYPES; None where the meta does not say."""
    dataset, subject, name = meta["id"].split("/")
    row = {key: meta.get(key) for key in INDEX_DTYPES}
    row |= {"dataset": dataset, "subject": subject, "name": name}
    row["gap_s"] = sum(end - start for start, end in meta.get("gaps_s") or [])
    row["has_bvp"] = "bvp" in (meta.get("arrays") or {}) or (folder / "bvp.npy").is_file()
    return row


def _dump(value) -> str:
    plain = {"sort_keys": True, "indent": 2, "ensure_ascii": False, "allow_nan": False}
    return json.dumps(value, default=_as_number, **plain)


def _no_number(text: str):
    raise ValueError(f"{text} is no number; expected null")


def _as_number(value):
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} {value!r} cannot be written into {atomic.MARK}")
