"""Metrics and leaderboard: values by hand, intervals that cover, comparisons that are fair."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr

from rppg.evaluation import leaderboard, metrics
from rppg.evaluation.leaderboard import COLUMNS

pytestmark = pytest.mark.usefixtures("no_warnings")


def predictions(model="POS", kind="classical", split="test", origin="synthetic", n=12, seed=0):
    rng = np.random.default_rng(seed)
    true_bpm = np.linspace(50, 130, n)
    return pd.DataFrame(
        {
            "id": [f"VIPL_HR/{i}/video1.avi" for i in range(n)],
            "model": model,
            "kind": kind,
            "split": split,
            "hr_bpm": true_bpm + rng.normal(0, 5, n),
            "quality": 0.5,
            "hr_true_bpm": true_bpm,
            "origin": origin,
        }
    )


def test_score_by_hand():
    result = metrics.score([60, 80, 100, 50], [63, 75, 100, 60])
    assert result["n"] == 4
    assert result["rmse_bpm"] == pytest.approx(np.sqrt((9 + 25 + 0 + 100) / 4))
    assert result["mae_bpm"] == pytest.approx(18 / 4)
    assert result["mape"] == pytest.approx((5 + 6.25 + 0 + 20) / 4)
    assert result["within_5bpm"] == 0.75  # 5 bpm itself counts
    expected = pearsonr([60, 80, 100, 50], [63, 75, 100, 60]).statistic
    assert result["pearson_r"] == pytest.approx(expected)


def test_interval_equals_a_loop_over_draws():
    true_bpm, pred_bpm = np.array([60.0, 70, 80, 90, 100]), np.array([61.0, 70, 85, 70, 101])
    rng = np.random.default_rng(3)
    draws = [
        np.sqrt(np.mean((pred_bpm - true_bpm)[rng.integers(5, size=5)] ** 2)) for _ in range(200)
    ]
    result = metrics.score(true_bpm, pred_bpm, n_boot=200, seed=3)
    expected = np.percentile(draws, [2.5, 97.5])
    assert [result["rmse_low"], result["rmse_high"]] == pytest.approx(expected)


def test_interval_is_the_same_whatever_is_drawn_at_a_time(monkeypatch):
    rng = np.random.default_rng(1)
    true_bpm, pred_bpm = rng.uniform(50, 120, (2, 37))
    whole = metrics.score(true_bpm, pred_bpm)
    for size in (1, 100, 37 * 64):
        monkeypatch.setattr("rppg.evaluation.metrics.DRAWS_A_CHUNK", size)
        assert metrics.score(true_bpm, pred_bpm) == whole


def test_interval_covers_the_true_rmse_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        error = rng.normal(0, 4, 60)
        result = metrics.score(np.full(60, 80.0), 80 + error, n_boot=300)
        covered += result["rmse_low"] <= 4 <= result["rmse_high"]
    assert 0.88 <= covered / 200 <= 0.99


def test_constant_predictions_have_no_correlation_and_do_not_warn():
    result = metrics.score([60, 70, 80], [72.1, 72.1, 72.1])
    assert np.isnan(result["pearson_r"]) and result["rmse_bpm"] > 0


def test_one_recording_has_an_error_but_no_interval():
    result = metrics.score([60], [64])
    assert (result["n"], result["rmse_bpm"]) == (1, 4)
    assert np.isnan([result["rmse_low"], result["rmse_high"], result["pearson_r"]]).all()


@pytest.mark.parametrize(
    ("true_bpm", "pred_bpm", "message"),
    [
        ([], [], "no recording"),
        ([60, 70], [60], r"\(2,\) and \(1,\)"),
        ([60, 70, 80], [60, np.nan, np.inf], "2 predicted .* positions 1: nan, 2: inf"),
        ([60, 0], [60, 60], "1 true .* positions 1: 0"),
    ],
)
def test_what_cannot_be_scored_says_why(true_bpm, pred_bpm, message):
    with pytest.raises(ValueError, match=message):
        metrics.score(true_bpm, pred_bpm)


def test_leaderboard_columns_order_and_the_word_synthetic():
    good, bad = predictions("good"), predictions("bad", kind="learned", seed=1)
    bad["hr_bpm"] += 20
    train = predictions("good", split="train", n=5)
    board = leaderboard.leaderboard(pd.concat([train, bad, good]))
    assert (
        board.columns.tolist()
        == COLUMNS
        == (
            "model,kind,split,n,rmse_bpm,rmse_low,rmse_high,mae_bpm,within_5bpm,pearson_r".split(
                ","
            )
        )
    )
    assert board["split"].tolist() == ["synthetic train", "synthetic test", "synthetic test"]
    assert board["model"].tolist() == ["good", "good", "bad"]
    assert board["n"].tolist() == [5, 12, 12]
    row = metrics.score(good["hr_true_bpm"], good["hr_bpm"])
    assert board.loc[1, COLUMNS[3:]].to_dict() == {key: row[key] for key in COLUMNS[3:]}
    assert leaderboard.leaderboard(predictions(origin="real"))["split"].tolist() == ["test"]


def test_null_rows_predict_the_training_mean_and_median():
    table = predictions()
    nulls = leaderboard.null_rows([60, 70, 110], pd.concat([table, predictions("CHROM")]))
    assert len(nulls) == 2 * len(table)
    assert nulls.groupby("model")["hr_bpm"].unique().map(list).to_dict() == {
        "mean of training": [80.0],
        "median of training": [70.0],
    }
    board = leaderboard.leaderboard(pd.concat([table, nulls])).set_index("model")
    assert board.loc["mean of training", "kind"] == "null"
    error = table["hr_true_bpm"] - 80
    assert board.loc["mean of training", "rmse_bpm"] == pytest.approx(np.sqrt((error**2).mean()))
    for train in ([], [60, np.nan]):
        with pytest.raises(ValueError, match="training heart rates"):
            leaderboard.null_rows(train, table)


def test_origins_are_never_mixed():
    mixed = pd.concat([predictions("a", origin="real"), predictions("b")])
    with pytest.raises(ValueError, match="'test' mixes real and synthetic"):
        leaderboard.leaderboard(mixed)
    mixed["split"] = mixed["origin"] + " test"
    assert leaderboard.leaderboard(mixed)["split"].tolist() == ["real test", "synthetic test"]


def test_models_are_scored_on_the_same_recordings():
    whole, part = predictions("whole"), predictions("part").drop(index=[2, 5])
    with pytest.raises(ValueError, match="part: 2 ids of .* are missing.*VIPL_HR/2/.*VIPL_HR/5/"):
        leaderboard.leaderboard(pd.concat([whole, part]))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("hr_bpm", np.nan, "without a prediction.*VIPL_HR/0/video1.avi"),
        ("hr_true_bpm", np.nan, "without a truth"),
        ("hr_true_bpm", 61.0, "more than one truth"),
        ("kind", "magic", "kind is one of"),
        ("origin", "fake", "mixes|origin is"),
        ("id", "VIPL_HR/1/video1.avi", "more than once"),
    ],
)
def test_tables_that_cannot_be_compared(column, value, message):
    table = pd.concat([predictions("a"), predictions("b")], ignore_index=True)
    table.loc[0, column] = value
    with pytest.raises(ValueError, match=message):
        leaderboard.leaderboard(table)


def test_missing_columns_are_named():
    with pytest.raises(ValueError, match=r"missing \['kind', 'origin'\]"):
        leaderboard.leaderboard(predictions().drop(columns=["kind", "origin"]))


def test_score_models_joins_the_solution_and_splits_by_usage():
    table = predictions().assign(hr_true_bpm=np.nan, filled=False)
    solution = predictions()[["id", "hr_true_bpm"]]
    solution["usage"] = ["public"] * 4 + ["private"] * 8
    board = leaderboard.score_models(
        pd.concat([table, table.assign(model="B")]), solution, [60, 80]
    )
    sizes = board.groupby("split", sort=False)["n"].first().to_dict()
    assert sizes == {"synthetic test": 12, "synthetic public": 4, "synthetic private": 8}
    assert set(board["model"]) == {"POS", "B", "mean of training", "median of training"}
    whole = leaderboard.score_models(table, solution.assign(usage=""), [60, 80])
    assert set(whole["split"]) == {"synthetic test"}


def test_own_labels_of_the_test_recordings_are_a_solution():
    complete = pd.DataFrame({"id": ["a", "b", "a", "b"], "model": ["A", "A", "B", "B"]})
    test = pd.DataFrame({"id": ["b", "a", "b"], "hr_true_bpm": [np.nan, np.nan, 70.0]})
    scored, solution = leaderboard.own_solution(complete, test)
    assert solution.to_dict("records") == [{"id": "b", "hr_true_bpm": 70.0, "usage": ""}]
    assert scored["id"].tolist() == ["b", "b"]
    everything, none = leaderboard.own_solution(complete, test[:2])
    assert none is None and everything.equals(complete)


def test_score_models_wants_exactly_the_ids_of_the_solution():
    solution = predictions()[["id", "hr_true_bpm"]].assign(usage="")
    with pytest.raises(ValueError, match="POS: 1 ids of .* are missing"):
        leaderboard.score_models(predictions().drop(index=3), solution, [60])
    with pytest.raises(ValueError, match="1 ids are not in the solution.*VIPL_HR/3/"):
        leaderboard.score_models(predictions(), solution.drop(index=3), [60])


def test_format_leaderboard_reads_tables_and_files(tmp_path):
    board = leaderboard.leaderboard(predictions(n=1))
    board.to_csv(tmp_path / "leaderboard.csv", index=False)
    text = leaderboard.format_leaderboard(tmp_path / "leaderboard.csv")
    assert text == leaderboard.format_leaderboard(board)
    assert "synthetic test" in text and "nan" not in text.lower() and " - " in text
