"""Saliency regularisation: changes from (0, 0), evenness of maps, looks, figures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401
from helpers.gideon2021 import MAP_SIDE, SIDE, made_up_run

from rppg.studies.gideon2021.regularisation import (
    COLUMNS,
    common_looks,
    compare_with_table_7,
    measure_changes,
    verdict,
)
from rppg.studies.gideon2021.scores import collect_splits
from rppg.studies.gideon2021.table_plots import plot_changes, plot_maps

WEIGHTS = (0.0, 1.0, 10.0)


def rounds_of(folder, error_bpm=lambda w_s, w_t, seed: 5.0 + seed - w_s / 10, seeds=(1, 2)):
    """Rounds of a grid of weights, with error_bpm(w_s, w_t, seed)."""
    for w_s in WEIGHTS:
        for w_t in WEIGHTS[:2]:
            for seed in seeds:
                given = {"w_s": w_s, "w_t": w_t, "seed": seed, "saliency": True}
                given |= {"study": "regularisation", "error_bpm": error_bpm(w_s, w_t, seed)}
                made_up_run(folder, **given)
    return collect_splits([folder], "regularisation")


def set_maps(run, saliency):
    """Put other maps (n, G, G) into a run's looks."""
    with np.load(run / "looks.npz") as kept:
        found = dict(kept)
    np.savez(run / "looks.npz", **found | {"saliency": saliency})


def test_changes_are_against_no_weights_of_the_same_seed(tmp_path):
    table = measure_changes(rounds_of(tmp_path)).set_index(["w_s", "w_t", "seed"])
    assert list(table.reset_index().columns) == COLUMNS and len(table) == 12
    assert (table["learned_from"] == "PURE").all() and (table["n"] == 6).all()
    assert table.loc[(0.0, 0.0, 2), "rmse_bpm"] == pytest.approx(7)
    for seed in (1, 2):  # the seeds themselves differ by 1 bpm
        assert table.loc[(0.0, 0.0, seed), "rmse_change_bpm"] == 0
        assert table.loc[(10.0, 1.0, seed), "rmse_change_bpm"] == pytest.approx(-1.0)
        assert table.loc[(10.0, 1.0, seed), "mae_change_bpm"] == pytest.approx(-1.0)
        assert table.loc[(10.0, 1.0, seed), "hr_pearson_change"] > 0
    below = table["below_zero_rmse"]
    assert below.loc[10.0].all() and not below.loc[(0.0, 1.0)].any()
    assert below.loc[(0.0, 0.0)].isna().all()


def test_evenness_is_one_for_even_maps_and_none_for_a_single_place(tmp_path):
    splits = rounds_of(tmp_path, seeds=(1,))
    runs = splits.drop_duplicates("run_dir").set_index(["w_s", "w_t"])["run_dir"].map(Path)
    even = np.full((2, MAP_SIDE, MAP_SIDE), MAP_SIDE**-2)
    single, half = np.zeros_like(even), np.zeros_like(even)
    single[:, 3, 5] = 1
    half.reshape(2, -1)[:, : MAP_SIDE**2 // 2] = 2 / MAP_SIDE**2
    for pair, maps in (((0.0, 0.0), even), ((1.0, 0.0), single), ((10.0, 0.0), half)):
        set_maps(runs[pair], maps)
    set_maps(runs[0.0, 1.0], single)
    table = measure_changes(splits).set_index(["w_s", "w_t"])
    expected = [1, 0, np.log(MAP_SIDE**2 / 2) / np.log(MAP_SIDE**2)]
    np.testing.assert_allclose(table["evenness"].xs(0.0, level="w_t"), expected, atol=1e-6)
    assert table.loc[(10.0, 0.0), "sharper"] and not table.loc[(10.0, 1.0), "sharper"]
    assert table["sharper"].loc[0.0].isna().all()


def test_the_verdict_counts_nets(tmp_path):
    text = verdict(measure_changes(rounds_of(tmp_path)))
    assert "maps sharper with w_s = 10 than with 0: 4 of 4 nets" in text
    assert "both weights 1 or more: 4 of 4 nets" in text
    assert "from -1.0 to +0.0 bpm; deviation of (0, 0) itself 0.7 bpm over seeds" in text
    one = measure_changes(rounds_of(tmp_path / "one", seeds=(1,)))
    assert "unknown, of a single seed" in verdict(one)


def test_table_7_has_ours_then_the_published_and_nothing_at_no_weights(tmp_path):
    table = compare_with_table_7(measure_changes(rounds_of(tmp_path)))
    assert table.columns.tolist() == [
        (metric, w_t)
        for metric in ("RMSE (bpm) change", "MAE (bpm) change", "PC change")
        for w_t in ("0", "0.1", "1", "10")
    ]
    ours, published = (table.loc[whose] for whose in ("ours, synthetic", "published"))
    assert ours.index.tolist() == ["0", "1", "10"] and len(published) == 4
    assert ours.loc["10", ("RMSE (bpm) change", "1")] == "-1.0 ± 0.0"
    assert ours.loc["0", ("RMSE (bpm) change", "1")] == "0.0 ± 0.0"
    assert ours.loc["0", ("RMSE (bpm) change", "0")] == "-"
    assert (ours["RMSE (bpm) change"]["10"] == "-").all()  # no such run
    assert published.loc["0.1", ("RMSE (bpm) change", "0")] == "3.1"
    assert published.loc["0.1", ("PC change", "0")] == "-0.18"


def test_looks_are_of_one_recording_that_all_nets_have(tmp_path):
    splits = rounds_of(tmp_path)
    run = Path(splits.loc[splits["seed"] == 1, "run_dir"].iloc[-1])
    with np.load(run / "looks.npz") as kept:
        found = dict(kept)
    np.savez(run / "looks.npz", **{k: v[1:] for k, v in found.items()})  # of the second one alone
    seed, recording, looks = common_looks(splits)
    assert (seed, recording) == (1, "PURE/1/vid") and len(looks) == 6
    assert looks[0.0, 1.0].crop.shape == (SIDE, SIDE, 3)
    np.testing.assert_array_equal(looks[0.0, 1.0].crop, found["crops"][1])
    np.savez(run / "looks.npz", **{k: v[:0] for k, v in found.items()})
    with pytest.raises(ValueError, match="no recording of which all 6 nets have a look"):
        common_looks(splits)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": "COHFACE/1"}, r"seeds and recordings differ .*\(10.0, 1.0\): 7"),
        ({"loss": "mcc"}, "expected one loss"),
        ({"saliency": False}, "has no saliency"),
        ({"w_s": 2.0}, "seeds and recordings differ between weights"),
    ],
)
def test_runs_that_cannot_be_compared_are_an_error(tmp_path, columns, message):
    splits = rounds_of(tmp_path)
    last = splits["run_dir"] == splits["run_dir"].iloc[-1]
    other = splits[last].assign(**columns)
    with pytest.raises(ValueError, match=message):
        measure_changes(pd.concat([splits[~last], other]))
    with pytest.raises(ValueError, match=r"no run with the weights \(0, 0\)"):
        measure_changes(splits[splits["w_s"] > 0])


@pytest.mark.usefixtures("strict_and_closed")
def test_maps_are_drawn_on_one_scale_and_a_pair_that_lacks_is_empty(tmp_path):
    _, recording, looks = common_looks(rounds_of(tmp_path))
    del looks[10.0, 1.0]
    figure = plot_maps(looks, recording, "synthetic")
    text = texts(figure)
    assert "PURE/0/vid (synthetic)" in text and "$w_s$ = 10" in text and "$w_t$ = 1" in text
    pictures = np.reshape([len(axes.images) for axes in figure.axes[:12]], (3, 2, 2))
    assert pictures[:, 0].tolist() == [[2, 1]] * 3 and pictures[2, 1].tolist() == [0, 0]
    shown = [figure.axes[4 * row].images[1].get_array() for row in range(3)]
    glow = [colours[..., :3].max() for colours in shown]
    assert glow[0] < glow[1] < glow[2]  # one scale: the sharper map is the brighter
    assert shown[2][..., :3].sum(axis=2).max() > 2.5  # and the sharpest reaches the scale's end
    even = {pair: look._replace(saliency=np.ones((8, 8)) / 64) for pair, look in looks.items()}
    drawn = plot_maps(even, recording, "synthetic").axes[0].images[1].get_array()
    assert (drawn[..., 3] == 0).all()  # an even map hides nothing of the face


@pytest.mark.usefixtures("strict_and_closed")
def test_changes_are_drawn_beside_the_published_better_in_another_colour(tmp_path):
    changes = measure_changes(rounds_of(tmp_path, lambda w_s, w_t, seed: 5 + w_s - 2 * w_t))
    figure = plot_changes(changes)
    text = texts(figure)
    assert "ours on synthetic data" in text and "+10.0" in text and "+3.1" in text
    assert "-0.18" in text and "published" in text
    cells = {cell.get_xy(): cell.get_facecolor() for cell in figure.axes[0].patches}
    assert len(cells) == 16  # the published grid, without some of ours
    worse, better = cells[-0.5, 2.5], cells[1.5, -0.5]  # w_s = 10 alone, w_t = 1 alone
    assert worse[0] > worse[2] and better[0] < better[2]
    assert cells[-0.5, -0.5][3] == 0
