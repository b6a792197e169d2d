"""The evaluation of the learned distances, compared with untrained rules."""

import numpy as np
import pandas as pd
import pytest
from helpers.relcon import QUESTIONS, made_up_distance

from rppg.studies.relcon.results import text
from rppg.studies.relcon.results.runs import collect_nearness

FIRST, LAST = QUESTIONS


@pytest.fixture()
def nearness(tmp_path):
    for name, better in (("RelCon's distance", 0.0), ("REBAR's distance", -0.03)):
        for seed in (2, 1, 3):
            made_up_distance(tmp_path, name, seed, better=better * seed, centred=True)
    return collect_nearness([tmp_path])


def test_distances_are_told_beside_what_learns_nothing(nearness):
    lines = text.nearness_words(nearness)
    assert len(lines) == 2 * 2
    (line,) = [text for text in lines if "REBAR" in text and FIRST in text]
    rules = "untrained net 0.52, squared difference 0.55, energy alone 0.62"
    assert f"AUC 0.600 (0.570-0.630 over 3 seeds); {rules};" in line
    assert "learned above all three in 1 of 3 seeds, above chance (0.5) in 3" in line
    (line,) = [text for text in lines if "RelCon" in text and LAST in text]
    assert "learned above all three in 0 of 3 seeds" in line  # energy alone is above it


def test_table_has_a_row_a_question_and_distance(nearness):
    nearness.loc[nearness["seed"] == 1, "raw"] += 0.3  # rules are means over seeds
    table = text.nearness_table(nearness)
    assert [question for question, _ in table.index] == [FIRST] * 2 + [LAST] * 2
    found = table.loc[(FIRST, "REBAR's distance")].round(2)
    assert found[["seed 1", "seed 2", "seed 3"]].tolist() == [0.63, 0.6, 0.57]
    assert found[["untrained net", "squared difference", "energy alone"]].tolist() == [
        0.52, 0.65, 0.62,
    ]  # fmt: skip
    assert table.notna().all(axis=None) and len(table.columns) == 6


def test_windows_without_activities_have_no_answer(nearness):
    nothing = nearness.assign(n_anchors=0, learned=np.nan, raw=np.nan)
    lines = text.nearness_words(nothing)
    assert len(lines) == 4 and all("undefined, no such pairs" in line for line in lines)
    assert not any("nan" in line for line in lines)


def test_what_a_distance_saw_is_read_from_its_runs(tmp_path):
    made_up_distance(tmp_path / "a", centred=True)
    made_up_distance(tmp_path / "a", "RelCon's distance, gravity left in")
    lines = text.centred_words(collect_nearness([tmp_path / "a"]))
    mean = "each window's mean is subtracted, which is not in the paper"
    gravity = "windows include gravity, as in the paper"
    assert sorted(lines) == [
        f"RelCon's distance, gravity left in: {gravity}; used by no encoder",
        f"RelCon's distance: {mean}; used by RelCon",
    ]
    made_up_distance(tmp_path / "b", centred=False)
    (line,) = text.centred_words(collect_nearness([tmp_path / "b"]))
    assert line == f"RelCon's distance: {gravity}; used by RelCon"
    made_up_distance(tmp_path / "b", seed=2, centred=True)
    with pytest.raises(ValueError, match="some are not: train them alike"):
        text.centred_words(collect_nearness([tmp_path / "b"]))


def test_answers_that_lack_are_an_error(tmp_path):
    run = made_up_distance(tmp_path)
    table = pd.read_csv(run / "nearness.csv").drop(columns=["energy", "untrained"])
    table.to_csv(run / "nearness.csv", index=False)
    with pytest.raises(ValueError, match=r"missing \['untrained', 'energy'\]"):
        collect_nearness([tmp_path])
