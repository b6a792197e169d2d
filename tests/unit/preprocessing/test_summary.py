"""Summary of a preparation: known rows give known numbers."""

import pandas as pd
import pytest

from rppg.preprocessing.summary import format_summary, kind_of_reason, summarise

COLUMNS = ["id", "status", "reason", "n_frames", "n_source_frames", "disk_bytes", "seconds"]
ROWS = [
    ("demo/a/v1.avi", "failed", "v1.avi: decoded 80 of 300 frames", None, None, 1000, 1.0),
    ("demo/a/v2.avi", "prepared", None, 300, 250, 4_000_000, 10.0),
    ("demo/a/v3.avi", "failed", "gt.csv: no column v3", None, None, 1000, 0.0),
    ("demo/a/v4.avi", "prepared", None, 300, 350, 6_000_000, 20.0),
    ("demo/b/my v.avi", "failed", "my v.avi: decoded 7.5 of 9 frames", None, None, 1000, 2.0),
    ("demo/b/v5.avi", "reused", None, 300, 100, 5_000_000, 0.5),
]


@pytest.fixture
def table():
    table = pd.DataFrame(ROWS, columns=COLUMNS).astype(
        {"n_frames": "Int64", "n_source_frames": "Int64", "disk_bytes": "Int64"}
    )
    table.attrs = {"wall_s": 20.0, "n_missing": 0}
    return table


def test_rows_are_grouped_by_status_and_reason_without_numbers_and_names(table):
    summary = summarise(table)
    assert summary["status"].tolist() == ["prepared", "reused", "failed", "failed", "all"]
    assert summary["recordings"].tolist() == [2, 1, 2, 1, 6]
    kinds = ["<video>: decoded N of N frames", "gt.csv: no column vN"]
    assert summary["reason"].tolist() == ["", "", *kinds, ""]
    assert summary["source_frames"].tolist() == [600, 100, 0, 0, 700]
    assert summary["frames_per_s"].tolist()[0] == 30.0  # of the wall, not of the workers
    assert summary["frames_per_s"].isna().tolist() == [False, True, True, True, True]
    assert summary["disk_mb"].tolist() == pytest.approx([10, 5, 0.002, 0.001, 15.003])
    assert summary["seconds"].tolist() == [30.0, 0.5, 3.0, 0.0, 33.5]


def test_the_text_mentions_missing_recordings_only_if_there_are_some(table):
    text = format_summary(table)
    header, first, *_, failed, _, _ = text.splitlines()
    assert header.endswith("seconds  reason") and first.endswith(" 30.0")
    assert failed.endswith("  gt.csv: no column vN")
    assert "6 recordings in 20.0 s" in text and "missing" not in text and "nan" not in text
    table.attrs["n_missing"] = 12
    last = "index.parquet is written when the last shard ends: 12 recordings are still missing"
    assert format_summary(table).endswith(last)
    table.attrs["n_missing"] = 1
    assert format_summary(table).endswith("1 recording is still missing")
    none = table.iloc[:0]
    assert len(summarise(none)) == 0 and "no recordings" in format_summary(none)


def test_equal_reasons_are_one_kind_and_others_are_not():
    def kind(reason, id="demo/ann/v.avi"):
        return kind_of_reason(reason, id)

    assert kind("b/a.MP4: too short: 2 frames, 0.07 s") == kind("c.mkv: too short: 30 frames, 1 s")
    assert kind("demo/ann/v.avi: its source v.avi is missing") == kind(
        "demo/bob/w.avi: its source w.avi is missing", "demo/bob/w.avi"
    )
    assert kind("v.avi: the file is empty") != kind("v.avi: not a video")
    assert kind("the worker process died (exit code 3)") == "the worker process died (exit code N)"
