"""Results gathered from the folders of runs, verdicts that are known."""

import numpy as np
import pandas as pd
import pytest
from helpers.ablation import (
    N_TEST,
    POS_ERROR_BPM,
    PRETRAINED_ERROR_BPM,
    TRAIN_BPM,
    TRUE_BPM,
    VALIDATION_RMSE_BPM,
    made_up_grid,
    predictions,
    write,
)
from helpers.figure import strict_and_closed, texts  # noqa: F401

from rppg.studies.ablation import results as ablation
from rppg.studies.ablation.plots import plot_ablation
from rppg.studies.ablation.published import (
    BEYOND,
    EXTRA,
    ROWS,
    TEAMS,
    Claim,
    repeated_rows,
    run_name,
    with_published,
)

PERIODICITY = Claim(1, 2, 1, "periodicity")
COMPARABLE = Claim(2, 12, 11, "difference", relation="comparable")


def paper_grid():
    """Every row of the paper as a row of a grid."""
    return repeated_rows({run_name(row): f"before/{run_name(row)}" for row in ROWS})


def results(rmse_bpm, seeds=(1, 2, 3), rows=ROWS):
    """A table of results with rmse_bpm(row, seed) and levels that are easy to find."""
    shared = {"mae_bpm": 2.0, "within_5bpm": 0.9, "validation_rmse_bpm": 8.0, "n_filled": 0}
    shared |= {"null_rmse_bpm": 30.0, "pos_rmse_bpm": 22.0, "pretrained_rmse_bpm": 25.0}
    shared |= {"origin": "synthetic"}
    return pd.DataFrame(
        [
            row._asdict() | shared | {"seed": seed, "rmse_bpm": rmse_bpm(row, seed)}
            for row in rows
            for seed in seeds
        ]
    )


def verdict(better, worse, claim=PERIODICITY):
    """The claim's row of the judgement for these RMSE (seeds,) of its two rows."""
    pairs = {claim.better: better, claim.worse: worse}
    parts = [
        pd.DataFrame({"table": claim.table, "row": row, "seed": range(len(rmse)), "rmse_bpm": rmse})
        for row, rmse in pairs.items()
    ]
    return ablation.judge(pd.concat(parts), [claim]).iloc[0]


def test_rows_without_a_number_of_the_paper_survive_the_csv_the_table_and_the_figure(tmp_path):
    table = results(lambda row, seed: row.row + seed, rows=EXTRA)
    table[list(ablation.RESULTS)].to_csv(tmp_path / "a.csv", index=False)
    read = ablation.read_results(tmp_path / "a.csv")
    shown = ablation.compare_with_paper(read, BEYOND)
    assert (shown.iloc[:, -1] == "").all() and len(shown) == len(EXTRA)
    title = plot_ablation(read).axes[0].get_title(loc="left")
    assert title == "Not in the paper, both models (synthetic)"


def test_gathered_results_are_those_of_the_folders(tmp_path):
    rows = paper_grid()[:2]
    run = made_up_grid(tmp_path, "p", rows, [3], lambda table, row, seed: 2.0 * row + seed)[0]
    table = ablation.gather(run, tmp_path / "data" / "p-3", rows, 3)
    assert list(table.columns) == ablation.RESULTS and table["seed"].tolist() == [3, 3]
    np.testing.assert_allclose(table["rmse_bpm"], [5.0, 7.0])
    np.testing.assert_allclose(table["within_5bpm"], [1.0, 0.0])
    assert (table["pos_rmse_bpm"] == POS_ERROR_BPM).all() and (table["n_filled"] == 0).all()
    assert (table["pretrained_rmse_bpm"] == PRETRAINED_ERROR_BPM).all()
    assert (table["validation_rmse_bpm"] == VALIDATION_RMSE_BPM).all()
    null = np.sqrt(np.mean((TRUE_BPM - np.mean(TRAIN_BPM)) ** 2))
    np.testing.assert_allclose(table["null_rmse_bpm"], null)
    path = tmp_path / "ablation.csv"
    table.to_csv(path, index=False, float_format="%.5f")
    pd.testing.assert_frame_equal(ablation.read_results(path), table, atol=1e-4)


def test_a_missing_rate_is_the_mean_of_training_and_counted(tmp_path):
    rows = paper_grid()[:1]
    run = made_up_grid(tmp_path, "p", rows, [1], lambda *_: 0.0)[0]
    some = predictions("net", 0.0)
    some.loc[0, "hr_bpm"] = np.nan
    write(run / rows[0]["run"], some[:-1])  # one without a rate, one without a row
    found = ablation.gather(run, tmp_path / "data" / "p-1", rows, 1).iloc[0]
    off = TRUE_BPM[[0, -1]] - np.mean(TRAIN_BPM)
    assert found["n_filled"] == 2
    assert found["rmse_bpm"] == pytest.approx(np.sqrt(np.sum(off**2) / N_TEST))


def test_a_grid_that_is_not_the_papers_or_not_whole_is_an_error(tmp_path):
    rows = paper_grid()[:2]
    run = made_up_grid(tmp_path, "p", rows, [1], lambda *_: 1.0)[0]
    data = tmp_path / "data" / "p-1"
    with pytest.raises(ValueError, match="row 1 of Table 1 is not the paper's: pretraining 'PURE'"):
        ablation.gather(run, data, [rows[0] | {"pretraining": "PURE"}], 1)
    with pytest.raises(FileNotFoundError, match=r"2 of \d+ files .*row02/predictions.*row02/run"):
        for name in ("predictions.parquet", "run.json"):
            (run / rows[1]["run"] / name).unlink()
        ablation.gather(run, data, rows, 1)
    write(run / rows[1]["run"], predictions("net", 1.0).assign(origin="real"))
    with pytest.raises(ValueError, match="mixes real and synthetic"):
        ablation.gather(run, data, rows, 1)


def test_a_table_that_cannot_be_is_an_error(tmp_path):
    path, table = tmp_path / "a.csv", results(lambda *_: 5.0)
    for broken, message in (
        (table.drop(columns="origin"), r"missing \['origin'\]"),
        (pd.concat([table, table[:1]]), "more than once"),
        (table.assign(origin=["real"] + ["synthetic"] * (len(table) - 1)), "mixes"),
        (table.assign(paper_rmse_bpm=9.0), "not the paper's: paper_rmse_bpm 9.0"),
    ):
        broken.to_csv(path, index=False)
        with pytest.raises(ValueError, match=message):
            ablation.read_results(path)


@pytest.mark.parametrize(
    ("better", "worse", "expected", "agreeing"),
    [
        ([5, 6, 7], [9, 11, 10], "holds", 3),  # differences -4, -5, -3
        ([9, 11, 10], [5, 6, 7], "does not", 0),
        ([5, 6, 11], [9, 11, 9], "undecided", 2),  # -4, -5, 2: mean -2.3, sd 3.8
        ([5, 5, 5], [5, 5, 5], "undecided", 0),
        ([5, 9.5, 5], [9, 9, 9], "undecided", 2),  # -4, 0.5, -4: mean -2.5, sd 2.6
        ([5, 8.5, 5], [9, 9, 9], "holds", 3),  # -4, -0.5, -4: mean -2.8, sd 2.0
        ([5], [9], "undecided", 1),
        ([5, np.nan], [np.nan, 9], "not measured", 0),
    ],
)
def test_orderings_have_known_verdicts(better, worse, expected, agreeing):
    found = verdict(better, worse)
    assert (found["verdict"], found["agreeing"]) == (expected, agreeing)
    difference = np.subtract(better, worse)
    if expected != "not measured":
        assert found["difference_bpm"] == pytest.approx(difference.mean())
        assert (found["paper_better_bpm"], found["paper_worse_bpm"]) == (12.30601, 13.88440)


@pytest.mark.parametrize(
    ("difference", "expected", "agreeing"),
    [
        ([0.1, -0.2, 0.3], "holds", 3),  # a tenth of 10 is the border
        ([3.0, 3.2, 2.9], "does not", 0),
        ([-3.0, -3.2, -2.9], "does not", 0),
        ([0.9, 1.2, 0.8], "undecided", 2),
        ([-9.0, 9.0, 0.3], "undecided", 1),  # far off, either way: their mean alone looks fine
    ],
)
def test_comparable_is_near_either_way(difference, expected, agreeing):
    found = verdict(10 + np.array(difference), [10.0] * 3, COMPARABLE)
    assert (found["verdict"], found["agreeing"]) == (expected, agreeing)


def test_a_table_like_the_papers_agrees_everywhere_and_its_opposite_nowhere():
    paper = results(lambda row, seed: row.paper_rmse_bpm + seed)
    counted = ablation.count_verdicts(ablation.judge(paper))
    assert counted == "25 of 25 orderings hold, 0 undecided, 0 do not"
    against = ablation.judge(results(lambda row, seed: 60 - 3 * row.paper_rmse_bpm + seed))
    assert ablation.count_verdicts(against) == "1 of 25 orderings hold, 0 undecided, 24 do not"
    first = [row for row in ROWS if row.table == 1]
    part = ablation.judge(results(lambda row, seed: row.paper_rmse_bpm, rows=first))
    assert ablation.count_verdicts(part).startswith("7 of 25") and "18 not measured" in (
        ablation.count_verdicts(part)
    )


def test_tables_have_means_over_seeds_beside_the_papers_numbers_and_say_synthetic():
    table = results(lambda row, seed: row.row + 2.0 * seed)
    shown = ablation.compare_with_paper(table, 2)
    assert shown.index.tolist() == list(range(1, 13))
    assert shown["ours, synthetic: RMSE (bpm)"].iloc[0] == "5.0 ± 2.0"
    assert shown["paper, RePSS test set: RMSE (bpm)"].tolist()[-1] == "10.36"
    one = ablation.compare_with_paper(results(lambda row, seed: 5.0, seeds=[1]), 1)
    assert one["ours, synthetic: RMSE (bpm)"].iloc[0] == "5.0"
    assert "synthetic data; the paper's numbers are from the RePSS test set" in (
        ablation.measured_on("synthetic")
    )


def test_table_3_keeps_ours_behind_the_published_ones_and_says_on_what_each_was_measured():
    board = pd.DataFrame(
        {"model": ["A", "B", "A"], "kind": ["ensemble", "null", "ensemble"]}
        | {"split": ["synthetic test"] * 2 + ["synthetic public"], "n": 48}
        | {"rmse_bpm": [3.0, 30.0, 1.0]}
    )
    table = with_published(board)
    assert table["model"].tolist() == [*(team.team for team in TEAMS), "A", "B"]
    assert table["kind"].tolist() == ["published"] * 9 + ["ensemble", "null"]
    assert table["rmse_bpm"].tolist()[-2:] == [3.0, 30.0]
    assert table["measured on"].iloc[-1] == "our synthetic test, 48 recordings"
    assert table["measured on"].iloc[0] == "test set of the 1st RePSS"
    assert len(with_published(None)) == 9


@pytest.mark.usefixtures("strict_and_closed")
def test_figure_shows_every_seed_and_says_whose_is_whose():
    figure = plot_ablation(results(lambda row, seed: row.paper_rmse_bpm + seed))
    text = texts(figure)
    assert "Table 1, ST-Transformer (synthetic): rank correlation with the paper 1.00" in text
    assert "ours synthetic, the paper's on the RePSS test set" in text
    for axes, n in zip(figure.axes, (6, 12), strict=True):
        seeds, means, paper = (points.get_offsets() for points in axes.collections[:3])
        assert [len(seeds), len(means), len(paper)] == [3 * n, n, n]
        np.testing.assert_allclose(means[:, 0] - paper[:, 0], 2.0)
        assert means[0, 1] == 0 and axes.yaxis_inverted()
