"""RelCon's runs gathered, scored, compared and described; plain loops as reference; errors."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers.relcon import QUESTIONS, RUNS, all_rows, made_up_distance, made_up_rows, made_up_run
from helpers.relcon import windows as made_up_windows

from rppg.studies.relcon.results import bootstrap, published, text
from rppg.studies.relcon.results.bootstrap import against, with_intervals
from rppg.studies.relcon.results.metrics import metrics
from rppg.studies.relcon.results.runs import METHODS, SCORES, collect, collect_nearness, scores

CASE = ["task", "n_labels", "method"]
FEW = ("1", "all")
N_DRAWN = 7  # where each draw is made by hand


@pytest.fixture(scope="module")
def rows():
    """Of all methods, two seeds, six subjects; with one label and with all."""
    return all_rows(labels=FEW)


def drawn_by_hand(rows, task, n_labels, method, n_boot):
    """Means over drawn seeds (n_boot,) of motion_metrics on windows of drawn subjects, copied."""
    chosen = (rows["task"] == task) & (rows["n_labels"] == n_labels) & (rows["method"] == method)
    rows, name = rows[chosen], {"activity": "macro_f1", "cadence_spm": "pearson_r"}[task]
    subjects = sorted(rows["subject"].unique())
    share = np.full(len(subjects), 1 / len(subjects))
    rng, seeds = np.random.default_rng(0), sorted(rows["seed"].unique())
    times = rng.multinomial(len(subjects), share, size=n_boot)
    picks = rng.multinomial(len(seeds), np.full(len(seeds), 1 / len(seeds)), size=n_boot)
    found = []
    for draw, picked in zip(times, picks, strict=True):
        parts = [
            rows[rows["subject"] == s]
            for s, n in zip(subjects, draw, strict=True)
            for _ in range(n)
        ]
        windows = pd.concat(parts)
        of_seed = {s: metrics(own)[name] for s, own in windows.groupby("seed")}
        drawn = [s for s, n in zip(seeds, picked, strict=True) for _ in range(n)]
        found.append(np.mean([of_seed[s] for s in drawn]))
    return np.array(found)


@pytest.mark.slow
def test_scores_are_the_metrics_of_each_seed_in_the_order_of_tables(rows):
    table = scores(rows.sample(frac=1, random_state=0))
    assert list(table.columns) == SCORES and len(table) == 2 * 2 * len(METHODS) * 2
    assert table["method"].unique().tolist() == list(METHODS)
    assert table["n_labels"].unique().tolist() == ["1", "all"]
    own = rows[(rows["method"] == "SimCLR") & (rows["seed"] == 2) & (rows["n_labels"] == "all")]
    found = table[(table["method"] == "SimCLR") & (table["seed"] == 2)].set_index("task")
    found = found[found["n_labels"] == "all"]
    for task, group in own.groupby("task"):
        for name, value in metrics(group).items():
            assert found.loc[task, name] == pytest.approx(value), name
    assert np.isnan(found.loc["activity", "pearson_r"]) and np.isnan(
        found.loc["cadence_spm", "auc"]
    )
    every = with_intervals(made_up_rows(labels=("10", "5", "all", "1")), n_boot=5)
    assert every["n_labels"].unique().tolist() == ["1", "5", "10", "all"]


def test_means_are_those_of_the_metrics_and_their_deviation_is_over_seeds(rows):
    rows = rows[rows["method"].isin(["RelCon", "scratch"])]
    summary = with_intervals(rows, n_boot=50).set_index(CASE)
    seeds = scores(rows)
    seeds["main"] = seeds["macro_f1"].fillna(seeds["pearson_r"])
    groups = seeds.groupby(CASE)["main"]
    np.testing.assert_allclose(summary["mean"], groups.mean().reindex(summary.index))
    np.testing.assert_allclose(summary["seed_sd"], groups.std().reindex(summary.index))
    assert (summary["low"] < summary["high"]).all() and (summary["n_subjects"] == 6).all()
    assert (summary["n_windows"].xs("cadence_spm") == 6 * 4 * 3).all()


@pytest.mark.slow
@pytest.mark.parametrize("task", ["activity", "cadence_spm"])
def test_intervals_are_those_of_subjects_drawn_with_all_their_windows(rows, task):
    own, other = (drawn_by_hand(rows, task, "1", name, N_DRAWN) for name in ("RelCon", "SimCLR"))
    summary = with_intervals(rows, n_boot=N_DRAWN).set_index(CASE)
    found = summary.loc[(task, "1", "SimCLR"), ["low", "high"]].astype(float)
    np.testing.assert_allclose(found, np.percentile(other, [2.5, 97.5]))
    compared = against(rows, n_boot=N_DRAWN).set_index(CASE)
    found = compared.loc[(task, "1", "SimCLR"), ["low", "high"]].astype(float)
    np.testing.assert_allclose(found, np.percentile(own - other, [2.5, 97.5]))


def test_a_draw_without_an_activity_leaves_it_out_of_the_mean():
    rows = made_up_rows(labels=("5",))
    rows = rows[
        (rows["task"] == "activity") & ((rows["truth"] != "typing") | (rows["subject"] == "s02"))
    ]
    assert "typing" in set(rows.loc[rows["subject"] != "s02", "predicted"])  # and yet no truth
    by_hand = drawn_by_hand(rows, "activity", "5", "RelCon", N_DRAWN)
    found = with_intervals(rows, n_boot=N_DRAWN)[["low", "high"]].to_numpy()[0]
    np.testing.assert_allclose(found, np.percentile(by_hand, [2.5, 97.5]))


def test_words_follow_the_paired_interval(rows):
    worse = rows[rows["method"] == "RelCon"]
    same = worse.assign(method="SimCLR")
    best = worse.assign(
        method="AugPred", predicted=worse["truth"], predicted_value=worse["truth_value"]
    )
    table = against(pd.concat([worse, same, best, rows[rows["method"] == "random encoder"]]))
    found = table.set_index("method")
    assert set(found.loc["SimCLR", "word"]) == {"undecided"}
    assert (found.loc["SimCLR", ["difference", "low", "high", "seeds_ahead"]] == 0).all(axis=None)
    assert (
        set(found.loc["AugPred", "word"]) == {"worse"} and (found.loc["AugPred", "high"] < 0).all()
    )
    far = found.loc["random encoder"]
    assert set(far["word"]) == {"better"} and (far["seeds_ahead"] == 2).all()
    np.testing.assert_allclose(far["relcon"] - far["theirs"], far["difference"])


def test_constant_cadences_and_a_single_subject_have_no_number():
    rows = made_up_rows(labels=("all",))
    both = pd.concat([rows, rows.assign(method="scratch", predicted_value=111.7)])
    summary = with_intervals(both, n_boot=20).set_index(["task", "method"])
    found = summary.loc["cadence_spm", ["mean", "low", "high"]]
    assert found.loc["RelCon"].notna().all() and found.loc["scratch"].isna().all()
    lines = text.verdict(against(both, n_boot=20), with_intervals(both, n_boot=20))
    assert sum("against scratch -: undefined" in line for line in lines) == 1
    one = made_up_rows(made_up_windows(n_subjects=1), labels=("all",))
    summary = with_intervals(one, n_boot=20)
    assert summary["mean"].notna().all() and summary[["low", "high", "seed_sd"]].isna().all(
        axis=None
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[:0], "missing rows"),
        (lambda rows: rows.drop(columns="subject"), r"missing \['subject'\]"),
        (lambda rows: pd.concat([rows, rows[:3]]), "3 windows were tested twice"),
        (lambda rows: rows.assign(method="Relcon"), r"method is \['Relcon'\]"),
        (lambda rows: rows[(rows["method"] != "SimCLR") | (rows["seed"] == 1)], "different seeds"),
        (lambda rows: rows[1:], "different windows"),
        (lambda rows: rows.assign(subject=rows["subject"] + rows["method"]), "several subjects"),
        (lambda rows: rows[rows["method"] != "RelCon"], "no row of RelCon"),
    ],
)
def test_rows_that_do_not_compare_are_an_error(rows, change, message):
    with pytest.raises(ValueError, match=message):
        against(change(rows), n_boot=5)


def test_runs_and_distances_are_gathered_apart(tmp_path):
    for method in ("SimCLR", "RelCon"):
        made_up_run(tmp_path, made_up_rows(method=method, seed=2, labels=FEW))
    made_up_distance(tmp_path, seed=3)
    rows, facts = collect([tmp_path])
    assert facts["method"].tolist() == ["RelCon", "SimCLR"] and (facts["seed"] == 2).all()
    assert facts[["seconds", "distance_seconds"]].to_numpy().tolist() == [[12.5, 3.0], [12.5, 0.0]]
    assert (facts["learned_from"] == "simulator").all() and json.loads(facts["n_labels"][0])[
        -1
    ] == 0
    assert len(rows) == 2 * len(made_up_rows(labels=FEW))
    nearness = collect_nearness([tmp_path])
    assert nearness["question"].tolist() == list(QUESTIONS) and (nearness["seed"] == 3).all()
    assert (nearness["name"] == "RelCon's distance").all()


def test_runs_that_do_not_fit_are_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="train the runs first"):
        collect([tmp_path / "none"])
    with pytest.raises(ValueError, match="no run of a method"):
        collect([tmp_path])
    with pytest.raises(ValueError, match="no run of a distance"):
        collect_nearness([tmp_path])
    run = made_up_run(tmp_path, made_up_rows(labels=FEW))
    other = made_up_run(tmp_path, made_up_rows(method="SimCLR", labels=FEW), test_share=0.5)
    with pytest.raises(ValueError, match="runs differ in test_share"):
        collect([tmp_path])
    made_up_rows(method="AugPred", labels=FEW).to_parquet(other / "predictions.parquet")
    with pytest.raises(ValueError, match="rows of .*'AugPred'.*, expected those of .*'SimCLR'"):
        collect([other])
    record = json.loads((run / "run.json").read_text())
    del record["distance_seconds"]
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match=r"missing \['distance_seconds'\]: train the run again"):
        collect([run])
    (run / "predictions.parquet").unlink()
    with pytest.raises(FileNotFoundError, match="the run did not finish"):
        collect([run])


def test_tables_and_sentences_say_where_relcon_is_not_ahead(rows):
    worse = rows[rows["method"] == "RelCon"]
    best = worse.assign(
        method="SimCLR", predicted=worse["truth"], predicted_value=worse["truth_value"]
    )
    rows = pd.concat([rows[rows["method"] != "SimCLR"], best])
    summary, compared = with_intervals(rows), against(rows)
    table = text.table_of(summary, compared, "simulator", "activity")
    assert table.index.tolist() == list(METHODS)
    assert table.columns.tolist() == ["1 label a class", "all labels"]
    assert table.loc["SimCLR", "all labels"] == "1.00 [1.00, 1.00], ahead of RelCon"
    assert table.loc["random encoder", "all labels"].endswith(", beaten")
    assert "," not in table.loc["RelCon", "all labels"].split("]")[1]
    lines = text.verdict(compared, summary)
    about = "simulator (synthetic), 1 label a class: RelCon"
    (line,) = [text for text in lines if about in text and "against SimCLR 1.00" in text]
    assert "not better, worse by 0." in line and "ahead in 0 of 2 seeds" in line
    assert sum("against random encoder" in text and "better by" in text for text in lines) == 4
    count = "simulator (synthetic): RelCon against SimCLR, of 2 numbers of labels: "
    assert f"{count}better 0, undecided 0, worse 2" in lines
    scored = scores(rows[rows["method"].isin(["RelCon", "SimCLR"])])
    more = text.other_metrics(scored, "simulator", "cadence_spm")
    assert more.loc["SimCLR", "MAE"] == "0.0 ± 0.0"
    with pytest.raises(ValueError, match="no row of PAMAP2"):
        text.other_metrics(scored, "PAMAP2", "activity")


def test_an_undecided_difference_is_called_not_better(rows):
    same = rows[rows["method"] == "RelCon"]
    rows = pd.concat([same, same.assign(method="SimCLR")])
    lines = text.verdict(against(rows), with_intervals(rows))
    assert sum("not better, undecided: difference +0.000" in line for line in lines) == 4


def test_published_numbers_are_marked_with_their_source():
    rows = published.published_rows()
    best = rows.loc[rows.groupby("dataset")["macro_f1_percent"].idxmax()]
    assert dict(zip(best["dataset"], best["method"], strict=True)) == {
        "HHAR": "RelCon", "MotionSense": "Conv classifier", "PAMAP2": "Conv classifier",
    }  # fmt: skip
    assert len(rows) == 33 and set(RUNS) & set(rows["method"]) == {"RelCon", "SimCLR", "AugPred"}
    table = published.published_table()
    assert table.loc[("linear probe", "SimCLR"), "MotionSense"] == "83.93 ± 1.78"
    assert table.index[0] == ("linear probe", "RelCon") and "ICLR 2025" in published.SOURCE
    assert bootstrap.N_BOOT >= 1000
