"""An ablation grid: each row a run of its own, that goes on from what it names."""

import copy

import pytest

from rppg.workflow.profiles import check_settings, profile_settings
from rppg.workflow.sweeps import grid_rows, grid_runs


@pytest.fixture
def grid():
    shared = {"lr": 0.1, "training": {"n_steps": 5, "seed": 0}}
    return {
        "models": {
            "net": {
                "pretrain": {"notebook": "02", "parameters": shared},
                "finetune": {"notebook": "04", "parameters": {"weights": {"a": 1.0}}},
            }
        },
        "pretrained": {
            "net/one": {"datasets": ["PURE"]},
            "net/two": {"datasets": ["PURE", "DISFA"], "training": {"n_steps": 9}},
        },
        "rows": [
            {"table": 1, "row": 1, "start": "net/one", "losses": "a", "paper_rmse_bpm": 9.5},
            {"table": 2, "row": 1, "start": "net/two", "losses": "b", "paper_rmse_bpm": 8.5}
            | {"input": "difference", "parameters": {"weights": {"b": 0.0}}},
        ],
    }


def test_own_parameters_are_put_over_those_of_the_model(grid):
    before = copy.deepcopy(grid)
    runs = grid_runs(grid)
    assert list(runs) == ["net/one", "net/two", "table1/row01", "table2/row01"]
    training = {"n_steps": 9, "seed": 0}
    assert runs["net/two"]["parameters"] == {
        "lr": 0.1, "training": training, "datasets": ["PURE", "DISFA"]
    }  # fmt: skip
    weights = {"a": 1.0, "b": 0.0}
    assert runs["table2/row01"] == {
        "notebook": "04", "start": "net/two", "parameters": {"weights": weights}
    }  # fmt: skip
    assert grid == before


def test_what_no_row_starts_from_is_not_pre_trained(grid):
    assert list(grid_runs(grid | {"rows": grid["rows"][1:]})) == ["net/two", "table2/row01"]


def test_a_row_says_where_it_stands_in_the_paper(grid):
    first, second = grid_rows(grid)
    assert (first["pretraining"], first["input"], first["run"]) == (
        "PURE",
        "normal",
        "table1/row01",
    )
    assert (second["pretraining"], second["input"]) == ("PURE + DISFA", "difference")
    assert second["paper_rmse_bpm"] == 8.5


def test_rows_that_cannot_be_are_refused(grid):
    row = grid["rows"][0]
    for change, message in (
        ({"start": "net/three"}, "table1/row01 starts from 'net/three', expected one of"),
        ({"colour": "red"}, r"has keys \['colour'\]"),
        ({"table": 2}, r"same table and number: \['table2/row01'\]"),
    ):
        with pytest.raises(ValueError, match=message):
            grid_runs(grid | {"rows": [row | change, grid["rows"][1]]})


def test_the_paper_s_tables_are_in_the_grid_as_printed():
    settings = profile_settings("ablation")
    rows = grid_rows(settings["grid"])
    assert [(row["table"], row["row"]) for row in rows] == [
        *((1, i) for i in range(1, 7)), *((2, i) for i in range(1, 13))
    ]  # fmt: skip
    assert min(rows, key=lambda row: row["paper_rmse_bpm"])["run"] == "table1/row06"
    starts = {row["start"] for row in rows}
    assert starts == set(settings["grid"]["pretrained"]) and len(starts) == 11
    check_settings(settings | {"runs": grid_runs(settings["grid"])})
