"""The paper's tables and claims as data, and the profile that repeats them."""

import pandas as pd
import pytest

from rppg.studies.ablation.published import BEYOND, CLAIMS, EXTRA, ROWS, paper_row, repeated_rows
from rppg.workflow.profiles import load_profile


def test_claims_go_the_way_of_the_papers_numbers_and_each_pair_is_there_once():
    for claim in CLAIMS:
        better, worse = (paper_row(claim.table, row) for row in (claim.better, claim.worse))
        assert better.paper_rmse_bpm < worse.paper_rmse_bpm, claim
    pairs = [(claim.table, frozenset((claim.better, claim.worse))) for claim in CLAIMS]
    assert len(set(pairs)) == len(CLAIMS) == 25
    assert pd.Series([c.about for c in CLAIMS]).value_counts().tolist() == [11, 10, 3, 1]


def test_a_claim_varies_what_it_is_about_and_nothing_else():
    fields = {"more pre-training data": "pretraining", "frame difference as input": "input"}
    for claim in CLAIMS:
        better, worse = (paper_row(claim.table, row) for row in (claim.better, claim.worse))
        names = ("pretraining", "losses", "input")
        differs = [name for name in names if getattr(better, name) != getattr(worse, name)]
        assert differs == [fields.get(claim.about, "losses")], claim
        if claim.about == "more pre-training data":
            fewer, more = sorted((better, worse), key=lambda row: len(row.pretraining))
            assert set(fewer.pretraining.split(" + ")) < set(more.pretraining.split(" + "))
            assert (better is more) == (claim.said_by == "text and table"), claim


def test_the_runs_of_the_profile_are_the_papers_rows():
    runs = load_profile("ablation").runs
    rows = repeated_rows({name: run.parent for name, run in runs.items()})
    known = [row._asdict() for row in (*ROWS, *EXTRA)]
    assert [{k: row[k] for k in ROWS[0]._fields} for row in rows] == known
    parents = {row["parent"] for row in rows}
    assert len(parents) == 11 + 4 and parents == runs.keys() - {row["run"] for row in rows}
    for row in rows:
        before, after = (runs[row[key]].parameters for key in ("parent", "run"))
        assert " + ".join(before["datasets"]) == row["pretraining"]
        if row["table"] == 1:
            weights = {} if "perio" in row["losses"] else {"periodicity": 0.0}
            assert before["weights"] == after["weights"] == weights
        elif row["table"] == 2:
            used = {"pearson", "mcc"} & set(row["losses"].split(" + "))
            assert after["label_weights"] == dict.fromkeys({"pearson", "mcc"} - used, 0.0)
            assert ("difference" in before["architecture"]["form"]) == (row["input"] != "normal")
    with pytest.raises(ValueError, match="rows 1-6, not 7"):
        paper_row(1, 7)


@pytest.mark.parametrize("profile", ["ablation", "ablation_paper"])
def test_a_row_that_the_paper_does_not_have_differs_by_what_it_is_called(profile):
    runs = load_profile(profile).runs
    of = {row["row"]: row for row in repeated_rows(dict.fromkeys(runs)) if row["table"] == BEYOND}
    given = {k: runs[row["run"]].parameters for k, row in of.items()}
    before = {k: runs[runs[row["run"]].parent].parameters for k, row in of.items()}
    for stage in (given, before):
        assert stage[1]["weights"] == {"periodicity_form": "printed"}
        assert stage[2]["weights"] == {"peak_half_width_bpm": 36.0}
    plain = [runs[name].parameters for name in ("st_transformer/ubfc_pure_mmse", "table2/row11")]
    norms = [one["architecture"].get("pre_norm", False) for one in (before[3], plain[0])]
    forms = [one["label_weights"].get("mcc_form", "own") for one in (given[4], plain[1])]
    assert norms[0] != norms[1] and set(forms) == {"own", "printed"}
    assert before[5]["architecture"]["form"].endswith("magnified")
    assert all(row["paper_rmse_bpm"] is None for row in of.values()) and len(of) == 5


def test_rows_of_a_part_of_the_runs_are_those_of_the_paper_only():
    (row,) = repeated_rows({"table2/row12": "net/difference", "other/run": None})
    assert (row["run"], row["parent"], row["input"]) == (
        *("table2/row12", "net/difference", "difference"),
    )
