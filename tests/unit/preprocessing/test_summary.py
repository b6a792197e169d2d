"""What a preparation came to, and how long it will still take: known rows give known numbers."""

import pandas as pd
import pytest
from helpers.vision_clips import recording

from rppg.datasets import Recording
from rppg.preprocessing.progress import Progress, source_bytes
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


def test_rows_are_grouped_by_status_and_by_reason_but_for_numbers_and_names(table):
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


def test_the_text_says_what_is_missing_only_where_something_is(table):
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


@pytest.fixture
def clips(tmp_path):
    """Sources of 100, 100, 800 and 1000 bytes; the last one as two images."""
    for name, n_bytes in [("a", 100), ("b", 100), ("c", 800), ("d1", 400), ("d2", 600)]:
        (tmp_path / name).write_bytes(bytes(n_bytes))
    images = Recording("test", "s1", "d", frames=(tmp_path / "d1", tmp_path / "d2"))
    return [*(recording(tmp_path / name) for name in "abc"), images]


def test_time_left_goes_by_bytes_and_by_what_was_prepared_now(clips):
    assert [source_bytes(clip) for clip in clips] == [100, 100, 800, 1000]
    with Progress(clips, workers=2, show=False) as bar:
        assert bar.text() == "0/4 recordings, failed=0, left ?"
        bar.done(0, "reused", 0.01)
        assert bar.text() == "1/4 recordings, failed=0, left ?"  # that says nothing of the rate
        bar.done(1, "prepared", 10.0)  # 10 bytes a second and worker, 1800 bytes left, 2 workers
        assert bar.text() == "2/4 recordings, failed=0, left 0:01:30"
        bar.done(2, "failed", 0.01)  # at once: no measure of the rate either; 1 worker for 1 left
        assert bar.text() == "3/4 recordings, failed=1, left 0:01:40"
        bar.done(3, "failed", None)
        assert bar.text() == "4/4 recordings, failed=2"


def test_a_missing_source_weighs_next_to_nothing(tmp_path):
    assert source_bytes(recording(tmp_path / "absent.avi")) == 1
