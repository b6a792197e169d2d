"""benchmarks/tables.py: pages that differ from their files are named, and the demo's columns."""

import sys

import pandas as pd
import pytest
from helpers.documents import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import demo_tables
import tables


def scores(**more):
    facts = {"model": ["net", "POS"], "kind": ["learned", "classical"], "rmse_bpm": [1.0, 9.0]}
    facts |= {"rmse_low": [0.5, 8.0], "rmse_high": [2.0, 10.0], "mae_bpm": [1.0, 7.0]}
    facts |= {"within_5bpm": [1.0, 0.5], "pearson_r": [0.99, float("nan")]}
    return pd.DataFrame({**facts, "submitted": [True, False], **more})


def test_a_page_that_differs_is_named_and_then_written(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("<!-- one -->\nold\n<!-- end -->\nrest\n")
    text = demo_tables.with_table(page.read_text(), "<!-- one -->\n", "new\n")
    with pytest.raises(SystemExit, match="page.md"):
        demo_tables.write_or_check({page: text}, True, "run tables.py")
    assert "old" in page.read_text()
    demo_tables.write_or_check({page: text}, False, "")
    assert page.read_text() == "<!-- one -->\nnew\n<!-- end -->\nrest\n"
    demo_tables.write_or_check({page: text}, True, "run tables.py")


@pytest.mark.slow
def test_every_maker_writes_pages_of_this_project():
    written = {page for maker in tables.MAKERS for page in maker.pages()}
    assert {ROOT / "README.md", ROOT / "docs/results.md", ROOT / "docs/people.md"} < written
    marked = {p for p in (ROOT / "docs").glob("*.md") if "\n<!-- end -->" in p.read_text()}
    assert marked <= written


def test_differences_from_the_submitted_row_are_a_column_if_they_are_known():
    assert demo_tables.THAN not in demo_tables.leaderboard(scores())
    found = {"difference_bpm": [0.0, 8.0], "difference_low": [0.0, 6.0]}
    found |= {"difference_high": [0.0, 9.5], "than_submitted": ["submitted", "worse"]}
    lines = demo_tables.leaderboard(scores(**found)).splitlines()
    assert len({line.count("|") for line in lines}) == 1 and demo_tables.THAN in lines[0]
    assert lines[2].startswith("| **net**, submitted |") and lines[2].endswith("| 0.99 |  |")
    assert lines[3].endswith("| +8.0 [+6.0, +9.5] worse |")
