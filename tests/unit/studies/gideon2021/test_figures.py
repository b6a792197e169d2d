"""Figs. 4 to 6 of Gideon and Stent: numbers of made-up runs, and the figures."""

import numpy as np
import pandas as pd
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401
from helpers.gideon2021_figures import (
    BLOCK,
    BLOCK_AREA,
    MEAN_ERROR_BPM,
    desync_run,
    flash_looks,
    flash_run,
)

from rppg.studies.gideon2021.figure_data import (
    change_numbers,
    desync_numbers,
    flash_numbers,
    holds_in,
    read_looks,
)
from rppg.studies.gideon2021.figures import plot_desync, plot_flash, plot_focus, plot_hr_changes
from rppg.studies.gideon2021.scores import collect_splits

pytestmark = pytest.mark.usefixtures("strict_and_closed")


@pytest.fixture
def flash_rounds(tmp_path):
    """Two seeds; in the second the supervised net looks at the block more."""
    for loss, seed, focus, error in (
        ("multiview", 1, 20.0, 15.0),
        ("mcc", 1, 0.5, 3.0),
        ("multiview", 2, 2.0, 10.0),
        ("mcc", 2, 3.0, 4.0),
    ):
        flash_run(tmp_path, loss, seed, focus, error)
    return collect_splits([tmp_path], "flash")


@pytest.fixture
def desync_rounds(tmp_path):
    """MCC stays at 3 bpm, PC loses 3 bpm a s, but in seed 2 it is below MCC at 4 s, too."""
    for seed in (1, 2):
        for desync_s in (0.0, 4.0):
            desync_run(tmp_path, "mcc", seed, desync_s, 3.0)
            pearson_bpm = 2.5 + 3 * desync_s if seed == 1 else 2.0
            desync_run(tmp_path, "pearson", seed, desync_s, pearson_bpm)
    desync_run(tmp_path, "snr", 1, 4.0, 12.0)
    return collect_splits([tmp_path], "desync")


def changes(dataset="PURE", n_pairs=40, scale_bpm=0.2):
    """n_pairs of each interval, evenly between 0 and scale_bpm times the interval."""
    parts = [
        pd.DataFrame({"interval_s": s, "change_bpm": np.linspace(0, scale_bpm * s, n_pairs)})
        for s in range(1, 16)
    ]
    return pd.concat(parts, ignore_index=True).assign(dataset=dataset, id=f"{dataset}/1/vid")


def test_focus_is_the_share_on_the_block_over_its_area_and_compared_by_seed(flash_rounds):
    table = flash_numbers(flash_rounds).set_index(["loss", "seed"])
    np.testing.assert_allclose(table.loc[("multiview", 1), "focus"], 20.0)
    np.testing.assert_allclose(table.loc[("mcc", 2), "block_saliency"], 3 * BLOCK_AREA)
    assert table["contrastive_above"].groupby("seed").agg(list).tolist() == [
        [True] * 2,
        [False] * 2,
    ]
    assert table.loc[("multiview", 1), "rmse_bpm"] == pytest.approx(15.0)
    assert (table["mean_rmse_bpm"] == MEAN_ERROR_BPM).all() and (table["n"] == 4).all()
    assert holds_in(table.reset_index(), "contrastive_above", ["dataset", "seed"]) == "1 of 2"


def test_one_system_alone_is_compared_with_none_and_other_rounds_are_errors(flash_rounds):
    alone = flash_numbers(flash_rounds[flash_rounds["loss"] == "mcc"])
    assert alone["contrastive_above"].isna().all()
    assert holds_in(alone, "contrastive_above", ["seed"]) == "0 of 0"
    with pytest.raises(ValueError, match="runs need flash and saliency"):
        flash_numbers(flash_rounds.assign(block_saliency=np.nan))
    with pytest.raises(ValueError, match=r"losses \['snr'\], expected multiview and mcc"):
        flash_numbers(flash_rounds.assign(loss="snr"))
    without_mean = flash_rounds[(flash_rounds["model"] != "mean") | (flash_rounds["seed"] == 1)]
    with pytest.raises(ValueError, match="4 of the net and 0 of the mean predictor"):
        flash_numbers(without_mean)


def test_looks_are_those_of_the_seed_with_the_focus_of_their_own_recordings(flash_rounds):
    first = (flash_rounds["id"] == "UBFC-rPPG/0/vid") & (flash_rounds["model"] != "mean")
    flash_rounds.loc[first, "block_saliency"] = 0.5
    looks = read_looks(flash_rounds, "UBFC-rPPG", seed=1)
    assert [*looks] == ["multiview", "mcc"] and looks["mcc"]["block"].tolist() == BLOCK.tolist()
    np.testing.assert_allclose(looks["multiview"]["focus"], [0.5 / BLOCK_AREA, 20, 20])
    np.testing.assert_allclose(looks["mcc"]["saliency"], flash_looks(0.5)["saliency"])
    with pytest.raises(ValueError, match="multiview, seed 3: one run expected"):
        read_looks(flash_rounds, "UBFC-rPPG", seed=3)


def test_mcc_and_pc_are_compared_at_each_shift_and_seed(desync_rounds):
    table = desync_numbers(desync_rounds)
    assert len(table) == 9 and table["rmse_bpm"].max() == pytest.approx(14.5)
    of_mcc = table[table["loss"] == "mcc"].set_index(["seed", "desync_s"])["mcc_below_pc"]
    assert of_mcc.to_dict() == {(1, 0): False, (1, 4): True, (2, 0): False, (2, 4): False}
    at_4 = table[table["desync_s"] == 4]
    assert holds_in(at_4, "mcc_below_pc", ["dataset", "seed"]) == "1 of 2"
    with pytest.raises(ValueError, match="tested twice"):
        desync_numbers(pd.concat([desync_rounds, desync_rounds]))


def test_quantiles_of_changes_are_known_and_only_claimed_where_they_can_be_read():
    both = pd.concat([changes(), changes("COHFACE", n_pairs=12, scale_bpm=2.0)])
    table = change_numbers(both, window_s=5.0).set_index(["dataset", "interval_s"])
    at_10 = table.loc[("PURE", 10)]
    found = at_10[["q05_bpm", "q50_bpm", "q95_bpm"]].tolist()
    np.testing.assert_allclose(found, [0.1, 1.0, 1.9])
    assert at_10["n_pairs"] == 40 and at_10["within_10bpm"] == 1.0
    readable = table["readable"].groupby("dataset").agg(list)
    assert readable["PURE"] == [False] * 4 + [True] * 11
    assert not any(readable["COHFACE"])  # 12 pairs
    assert table["claim_holds"].dropna().to_dict() == {("PURE", 10): True}
    wide = change_numbers(changes(scale_bpm=2.0), window_s=5.0).set_index("interval_s")
    assert wide.loc[10, "within_10bpm"] == 0.5 and not wide.loc[10, "claim_holds"]
    with pytest.raises(ValueError, match="windows are too few"):
        change_numbers(changes()[:0], window_s=5.0)


def test_figure_of_the_block_outlines_it_and_names_systems_and_numbers(flash_rounds):
    looks = read_looks(flash_rounds, "UBFC-rPPG", seed=1)
    looks["mcc"] = {
        name: found if name == "block" else found[1:] for name, found in looks["mcc"].items()
    }
    figure = plot_flash(looks, "A block", "synthetic")
    text = texts(figure)
    assert len(figure.axes) == 2 * 5 and "A block (synthetic)" in text  # two that both have
    assert "0\nvid" not in text and "1\nvid" in text and "2\nvid" in text
    assert all(text.count(f"on the block: {focus} x uniform") == 2 for focus in ("20", "0.5"))
    (outline,) = figure.axes[0].patches
    assert outline.get_bbox().bounds == (4.5, 4.5, 7.0, 7.0)
    assert len(figure.axes[2].images) == 1 and "contrastive, no labels:\nresampled" in text
    looks["mcc"]["block"] = np.zeros(0)
    with pytest.raises(ValueError, match="2 recordings are in all looks, blocks are"):
        plot_flash(looks, "A block", "synthetic")


def test_figure_of_the_focus_has_a_dot_a_seed_and_both_controls(flash_rounds):
    figure = plot_focus(flash_numbers(flash_rounds))
    left, right = figure.axes
    dots = np.concatenate([c.get_offsets()[:, 1] for c in left.collections[::2]])
    np.testing.assert_allclose(sorted(dots), [0.5, 2, 3, 20])
    assert [*left.lines[0].get_ydata(), *right.lines[0].get_ydata()] == [1, 1] + [20, 20]
    assert left.get_ylim()[1] > 20 and "Saliency on the block (synthetic)" in texts(figure)


def test_figure_of_shifts_has_means_seeds_and_the_mean_predictor(desync_rounds):
    figure = plot_desync(desync_numbers(desync_rounds))
    (axes,) = figure.axes
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    np.testing.assert_allclose(lines["MCC"], [3, 3])
    np.testing.assert_allclose(lines["PC"], [2.25, 8.25])
    assert lines["mean predictor"][0] == MEAN_ERROR_BPM and [*lines["SNR"]] == [12]
    assert sum(len(dots.get_offsets()) for dots in axes.collections) == 9
    assert "COHFACE (synthetic)" in texts(figure) and "small: a seed" in texts(figure)


def test_figure_of_changes_is_faint_where_it_cannot_be_read():
    both = pd.concat([changes(), changes("COHFACE", n_pairs=12)])
    figure = plot_hr_changes(both, change_numbers(both, 5.0), "synthetic")
    cohface, pure = figure.axes
    assert "Change of heart rate by interval (synthetic)" in texts(figure)
    assert "PURE, recordings: 1" in pure.get_title(loc="left")
    solid = [line.get_ydata() for line in pure.lines if line.get_alpha() is None][1:]
    np.testing.assert_array_equal(np.isnan(solid), [[True] * 4 + [False] * 11] * 3)
    faint = [line.get_ydata() for line in cohface.lines if line.get_alpha() is not None]
    assert np.isfinite(faint).all() and len(faint) == 3
