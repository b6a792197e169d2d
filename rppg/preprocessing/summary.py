"""Summary of a preparation: number of recordings, speed, disk space, reasons of failures.

Takes the table of `rppg.preprocessing.prepare.prepare`, one row per recording.

    >>> rows = [("demo/a/v", "failed", "v.avi: decoded 80 of 300 frames", None, 900, 0.5),
    ...         ("demo/b/w", "failed", "w.avi: decoded 75 of 300 frames", None, 900, 0.5)]
    >>> columns = ["id", "status", "reason", "n_source_frames", "disk_bytes", "seconds"]
    >>> summarise(pd.DataFrame(rows, columns=columns))[["status", "reason", "recordings"]]
       status                          reason  recordings
    0  failed  <video>: decoded N of N frames           2
"""

import re
import textwrap

import numpy as np
import pandas as pd

from rppg.datasets.readers.parsing import VIDEO_SUFFIXES

STATUSES = ("prepared", "reused", "failed")
LONGEST_SHOWN = 100  # characters of a reason
COLUMNS = ["status", "reason", "recordings", "source_frames", "frames_per_s", "disk_mb", "seconds"]
_SUFFIX = f"(?:{'|'.join(map(re.escape, VIDEO_SUFFIXES))})"
_VIDEO = re.compile(rf"^[^:]*?{_SUFFIX}(?=: )|[^\s:]*{_SUFFIX}\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """One row for prepared, one for reused recordings, one per kind of failure (most frequent
    first), and, if these are several, one for "all".

    Columns: status, reason, recordings, source_frames, frames_per_s (prepared recordings, over the
    wall time table.attrs["wall_s"]; else NaN), disk_mb (10^6 bytes), seconds (sum over workers).
    """
    pairs = zip(table["reason"], table["id"], table["status"] == "failed", strict=True)
    kinds = pd.Series([kind_of_reason(r, id) if bad else "" for r, id, bad in pairs], table.index)
    rows = []
    for status in STATUSES:
        part = table[table["status"] == status]
        for kind in kinds[part.index].value_counts().index:
            same = part[kinds[part.index] == kind]
            rows.append({"status": status, "reason": kind, **_totals(same)})
    if len(rows) > 1:
        rows.append({"status": "all", "reason": "", **_totals(table)})
    summary = pd.DataFrame(rows, columns=COLUMNS)
    rate = summary["source_frames"] / table.attrs.get("wall_s", np.nan)
    summary["frames_per_s"] = rate.where(summary["status"] == "prepared").astype(float)
    return summary


def format_summary(table: pd.DataFrame) -> str:
    """`summarise` as text for a terminal, with the reasons last, the wall time, and the number of
    missing recordings of other shards."""
    lines = _lines(summarise(table)) if len(table) else ["no recordings"]
    if "wall_s" in table.attrs:
        lines.append(f"{len(table)} recordings in {table.attrs['wall_s']:.1f} s")
    if n := table.attrs.get("n_missing"):
        still = "1 recording is" if n == 1 else f"{n} recordings are"
        lines.append(f"index.parquet is written when the last shard ends: {still} still missing")
    return "\n".join(lines)


def kind_of_reason(reason: str, id: str) -> str:
    """A reason without the parts that differ between recordings: id, names of videos, numbers.

    >>> kind_of_reason("my clip 2.avi: too short: 2 frames, 0.07 s", "folder/root/my clip 2.avi")
    '<video>: too short: N frames, N s'
    """
    return _NUMBER.sub("N", _VIDEO.sub("<video>", reason.replace(id, "<id>")))


def _lines(summary: pd.DataFrame) -> list[str]:
    numbers = summary.drop(columns="reason")
    rows = numbers.to_string(index=False, float_format="%.1f", na_rep="-").splitlines()
    reasons = [textwrap.shorten(reason, LONGEST_SHOWN) for reason in summary["reason"]]
    header = "reason" if any(reasons) else ""
    return [f"{row}  {r}".rstrip() for row, r in zip(rows, [header, *reasons], strict=True)]


def _totals(rows: pd.DataFrame) -> dict:
    return {
        "recordings": len(rows),
        "source_frames": int(rows["n_source_frames"].sum()),
        "disk_mb": rows["disk_bytes"].sum() / 1e6,
        "seconds": rows["seconds"].sum(),
    }
