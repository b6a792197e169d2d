"""benchmarks/tables.py: pages that differ from their files are named, and the demo's columns."""

import sys

import pandas as pd
import pytest
from helpers.documents import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import aims_tables
import box_demo
import demo_tables
import judge_tables
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


def judged(**more):
    """Four clips of one level: two of them right."""
    facts = {"hr_bpm": [60.0, 90.0, 120.0, 150.0], "pulse": 1.0, "level": "middle"}
    methods = {name: [61.0, 91.0, 60.0, 75.0] for name in judge_tables.METHODS}
    return pd.DataFrame(facts | methods | {"confidence": [0.95, 0.8, 0.3, 0.1]} | more)


def test_an_aim_is_met_from_its_value_on():
    rows = aims_tables.of_second_maker(pd.concat([judged(), judged(level="hard")]))
    found = [(row[1], row[2], row[3]) for row in rows[:3]]
    assert found[0] == ("consensus within 5 bpm: 99 %", "50.0 %, 2 clips", "missed")
    assert found[2] == ("RMSE over the best classical method's: 0.4", "1.00, MR-PBV", "missed")
    right = judged(consensus=[60.0, 90.0, 120.0, 150.0])
    rows = aims_tables.of_second_maker(pd.concat([right, right.assign(level="hard")]))
    assert [row[3] for row in rows[:3]] == ["met", "missed", "met"]


def test_a_null_control_is_compared_with_the_mean_rate():
    null, pulse = judged(pulse=0.0), judged()
    rows = aims_tables.of_confidence(pd.concat([null, pulse]), pd.concat([null, pulse]))
    assert rows[2][:2] == ["first maker without a pulse, n 4", "no better than the mean rate"]
    assert rows[2][2:] == ["within 5 bpm 50 %, mean rate 0 %", "missed"]
    table = judge_tables.null_controls(null, null).splitlines()
    assert table[0] == "| without a pulse | first maker, n 4 | second maker, n 4 |"
    assert table[-1].startswith("| mean of the true rates | 0 %, 33.5 |")


def test_kinds_of_the_first_maker_without_a_clip_have_no_row():
    rows = judged(tone=[0.1, 0.5, 0.9, 1.0], fps=[18, 22, 25, 26], level="test")
    table = judge_tables.by_kind_of_first(rows)
    assert "| all | 4 | 50 |" in table and "| dark skin | 2 | 0 |" in table
    assert "*easy*" not in table and "| under 20 fps | 1 | 100 |" in table


def test_the_box_is_listed_with_the_demos_own_models_best_first():
    facts = {"hr_bpm": [60.0, 90.0], "seed": [0, 1], "id": ["a", "b"], "tone": 0.5, "fps": 30.0}
    box = pd.DataFrame(facts | dict.fromkeys(judge_tables.METHODS, [61.0, 92.0]))
    own = pd.DataFrame({"model": ["ST-Transformer, fine-tuned", "Ensemble"] * 2})
    own = own.assign(rmse_bpm=[0.5, 8.0, 0.5, 8.0], within_5bpm=1.0, submitted=[False, True] * 2)
    lines = judge_tables.on_the_demo(box, own).splitlines()
    assert lines[2] == "| the demo's ST-Transformer, fine-tuned | 0.5, 0.5 | 0.5 | 100 % |"
    assert "| **consensus** | 1.0, 2.0 | 1.5 | 100 % |" in lines
    assert lines[-1] == "| the demo's submitted ensemble | 8.0, 8.0 | 8.0 | 100 % |"
    assert aims_tables.of_first_maker(box, own)[2:] == ["1.0, 2.0 and 0.5, 0.5 bpm", "missed"]


def test_rates_of_the_box_by_seed_count_no_answer_as_the_mean():
    facts = {"id": list("abcd"), "hr_bpm": [60.0, 90.0] * 2, "tone": 0.5, "fps": 30.0}
    table = pd.DataFrame(facts | {"seed": [0, 0, 1, 1], "net": [60.0, None, 60.0, 90.0]})
    found = box_demo.by_seed(table).loc["net"]
    assert found.to_dict() == pytest.approx(
        {0: 15 / 2**0.5, 1: 0, "mean": 7.5 / 2**0.5, "within_5bpm": 75}
    )
