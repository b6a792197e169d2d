"""Gideon2021's runs gathered and scored, and Tables 3 and 6: published numbers, order, marks."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401
from helpers.gideon2021 import MEAN_BPM, MEDIAN_BPM, TRUE_BPM, UNTRAINED_BPM, WAVES, made_up_run

from rppg.studies.gideon2021 import scores as gideon2021
from rppg.studies.gideon2021.published import (
    CONTRASTIVE,
    DATASETS,
    SYSTEMS,
    published_changes,
    published_rows,
)
from rppg.studies.gideon2021.table_plots import plot_tables
from rppg.studies.gideon2021.tables import beaten, compare_with_paper, measured_on, verdict


def rmse_of(hr_bpm):
    return np.sqrt(np.mean((TRUE_BPM - hr_bpm) ** 2))


def scores_of(folder, error_bpm, datasets=("PURE",), seeds=(1, 2)):
    """Scores of all four systems with error_bpm(system, seed)."""
    for dataset in datasets:
        for system in SYSTEMS:
            for seed in seeds:
                made_up_run(
                    folder,
                    dataset=dataset,
                    loss="multiview" if system in CONTRASTIVE else "mcc",
                    saliency=system.endswith("saliency"),
                    seed=seed,
                    error_bpm=error_bpm(system, seed),
                )
    return gideon2021.score_splits(gideon2021.collect_splits([folder], "tables"))


def change(run, **columns):
    """Rewrite rounds.parquet with changed columns; None drops one."""
    path = run / "rounds.parquet"
    table = pd.read_parquet(path)
    for name, value in columns.items():
        table = table.drop(columns=name) if value is None else table.assign(**{name: value})
    table.to_parquet(path, index=False)


def test_published_numbers_are_those_that_the_papers_text_names():
    rmse = published_rows().pivot(index="row", columns="dataset", values="rmse_bpm")
    own = rmse.loc[list(SYSTEMS)]
    assert (own["PURE"].min(), own["PURE"].max()) == (2.6, 3.0)
    car = rmse.loc[["Nowara et al.", "supervised", "contrastive"], "MR-NIRP-Car"]
    assert car.tolist() == [2.9, 1.6, 4.1]
    assert rmse.loc[["HR-CNN", "supervised", "contrastive"], "COHFACE"].tolist() == [10.8, 7.8, 4.6]
    ubfc = rmse.loc[["Meta-rppg", "supervised", "contrastive"], "UBFC-rPPG"]
    assert ubfc.tolist() == [7.4, 4.9, 4.6]
    waves = published_rows().pivot(index="row", columns="dataset")
    snr, pearson = waves["wave_snr_db"], waves["wave_pearson"]
    assert (snr.loc["contrastive"] > snr.loc["supervised"]).all()
    assert pearson.loc[list(SYSTEMS)].idxmax().isin(SYSTEMS[:2]).all()
    assert published_rows()["starred"].sum() == 2 and snr.loc["mean", "MR-NIRP-Car"] == 5.6


def test_published_changes_have_rows_of_sparsity_and_columns_of_temporal_weights():
    table = published_changes().set_index(["w_s", "w_t"])
    assert len(table) == 16 and table.loc[(0.0, 0.0)].isna().all()
    assert table.loc[(0.1, 0.0)].tolist() == [3.1, 1.3, -0.18]
    assert table.loc[(10.0, 10.0)].tolist() == [-0.9, -0.2, 0.03]
    assert table["rmse_change_bpm"].idxmin() in [(0.0, 10.0), (10.0, 10.0)]


def test_rounds_of_one_study_are_gathered_with_their_runs_facts(tmp_path):
    run = made_up_run(tmp_path / "a", seed=3, w_s=0.5)
    made_up_run(tmp_path / "b", study="flash", seed=4)
    (tmp_path / "b" / "run.json").write_text(json.dumps({"parameters": {"wave": 1}}))
    challenge = {"study": "tables", "validation": "VIPL-HR-V2"}  # without truth, without splits
    (tmp_path / "a" / "run.json").write_text(json.dumps({"parameters": challenge}))
    splits = gideon2021.collect_splits([tmp_path / "a", tmp_path / "b"], "tables")
    assert len(splits) == 4 * len(TRUE_BPM) and set(splits["run_dir"]) == {str(run)}
    facts = splits[["seed", "w_s", "w_t", "loss", "saliency", "origin", "seconds"]].iloc[0]
    assert facts.tolist() == [3, 0.5, 1.0, "multiview", False, "synthetic", 12.5]


def test_scores_pool_the_folds_and_judge_each_system_by_its_own_baselines(tmp_path):
    scores = scores_of(tmp_path, lambda system, seed: 30.0 if system == "contrastive" else 3.0)
    assert list(scores.columns) == gideon2021.SCORES and len(scores) == 4 * 2 * 6
    found = scores[(scores["system"] == "supervised") & (scores["seed"] == 2)].set_index("row")
    assert found.loc["supervised", ["n", "rmse_bpm", "mae_bpm"]].tolist() == [6, 3.0, 3.0]
    for row, hr_bpm in (("mean", MEAN_BPM), ("median", MEDIAN_BPM)):
        assert found.loc[row, "rmse_bpm"] == pytest.approx(rmse_of(hr_bpm))
    for row, of in zip(gideon2021.TESTED, (np.mean, np.median), strict=True):  # the paper's
        rounds = found.loc[row, "rmse_bpm"]
        assert rounds <= rmse_of(of(TRUE_BPM)) + 1e-9 and np.isnan(found.loc[row, "wave_mcc"])
    answers = TRUE_BPM + 3.0 * np.array([1, -1, 1, -1, 1, -1])
    expected = np.corrcoef(TRUE_BPM, answers)[0, 1]
    assert found.loc["supervised", "hr_pearson"] == pytest.approx(expected)
    waves = found.loc["supervised", ["wave_pearson", "wave_mcc", "wave_snr_db"]].astype(float)
    np.testing.assert_allclose(waves, list(WAVES.values()))
    assert (scores["learned_from"] == "PURE").all()
    own = scores[scores["row"] == scores["system"]].set_index("system")
    assert own.loc["supervised", "below_mean"].all() and own.loc["contrastive", "seed"].size == 2
    assert not own.loc["contrastive", "below_mean"].any()  # 30 against 20.5 and 22.8
    assert own.loc["contrastive", "below_untrained"].all()  # 63
    assert scores.loc[scores["row"] == "mean", gideon2021.BELOW[0]].isna().all()


def test_scores_are_the_same_after_a_csv(tmp_path):
    scores = scores_of(tmp_path / "runs", lambda *_: 3.0)
    scores.to_csv(tmp_path / "s.csv", index=False)
    pd.testing.assert_frame_equal(gideon2021.read_scores(tmp_path / "s.csv"), scores)
    scores.drop(columns="origin").to_csv(tmp_path / "s.csv", index=False)
    with pytest.raises(ValueError, match=r"missing \['origin'\]"):
        gideon2021.read_scores(tmp_path / "s.csv")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"round": None}, r"missing \['round'\]"),
        ({"hr_bpm": np.nan}, "24 rows without a heart rate"),
        ({"pearson": np.nan}, "6 recordings, .* for some models but not for all"),
    ],
)
def test_rounds_that_cannot_be_are_an_error(tmp_path, columns, message):
    change(made_up_run(tmp_path), **columns)
    with pytest.raises(ValueError, match=message):
        gideon2021.collect_splits([tmp_path], "tables")


def test_runs_that_lack_or_are_mixed_are_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder .*none"):
        gideon2021.collect_splits([tmp_path / "none"], "tables")
    run = made_up_run(tmp_path)
    with pytest.raises(ValueError, match="no run of the study 'desync'"):
        gideon2021.collect_splits([tmp_path], "desync")
    made_up_run(tmp_path, dataset="COHFACE", origin="real")
    with pytest.raises(ValueError, match=r"two origins: \['real', 'synthetic'\]"):
        gideon2021.collect_splits([tmp_path], "tables")
    (run / "rounds.parquet").unlink()
    with pytest.raises(FileNotFoundError, match="the run did not finish"):
        gideon2021.collect_splits([tmp_path], "tables")


def test_systems_with_other_seeds_recordings_or_models_are_an_error(tmp_path):
    for seed in (1, 2):
        made_up_run(tmp_path / "runs", loss="mcc", seed=seed)
    made_up_run(tmp_path / "runs", loss="multiview", seed=1)
    splits = gideon2021.collect_splits([tmp_path / "runs"], "tables")
    with pytest.raises(ValueError, match="seeds and recordings differ between systems"):
        gideon2021.score_splits(splits)
    one = splits[splits["loss"] == "mcc"]
    with pytest.raises(ValueError, match="tested twice, the first.*'seed': 1"):
        gideon2021.score_splits(pd.concat([one, one[:1]]))
    with pytest.raises(ValueError, match="missing or unexpected.*untrained net"):
        gideon2021.score_splits(one[one["model"] != "untrained net"])
    with pytest.raises(ValueError, match=r"losses \['pearson'\] are in no table"):
        gideon2021.score_splits(one.assign(loss="pearson"))


def test_recordings_without_a_contact_wave_are_counted_and_left_out_of_waves_alone(tmp_path):
    run = made_up_run(tmp_path)
    table = pd.read_parquet(run / "rounds.parquet")
    without = table["id"].isin(table["id"].unique()[:2])
    change(run, **{m: table[m].mask(without) for m in gideon2021.WAVE_METRICS})
    scores = gideon2021.score_splits(gideon2021.collect_splits([tmp_path], "tables"))
    of_tested = scores["row"].isin(gideon2021.TESTED)
    assert (scores["n"] == 6).all() and (scores.loc[~of_tested, "n_waves"] == 4).all()
    assert scores.set_index("row").loc["contrastive", "wave_mcc"] == pytest.approx(0.8)


def test_tables_have_ours_then_the_published_in_the_papers_order(tmp_path):
    scores = scores_of(tmp_path, lambda system, seed: 2.0 + seed, datasets=("UBFC-rPPG", "VIPL"))
    table = compare_with_paper(scores, 3)
    assert table.columns.unique(0).tolist() == [*DATASETS, "VIPL"]
    assert table.columns.unique(1).tolist() == ["RMSE (bpm)", "MAE (bpm)", "PC"]
    ours, published = (table.loc[whose] for whose in ("ours, synthetic", "published"))
    baselines = (*gideon2021.TESTED, *gideon2021.BASELINES)
    assert ours.index.tolist() == [*baselines, *SYSTEMS] and len(published) == 9
    assert ours.loc["contrastive", ("UBFC-rPPG", "RMSE (bpm)")] == "3.5 ± 0.7"
    assert ours.loc["mean", ("UBFC-rPPG", "PC")] == ours.loc["mean", ("PURE", "PC")] == "-"
    assert published.loc["Meta-rppg", ("UBFC-rPPG", "PC")] == "0.53*"
    assert published.loc["mean", ("UBFC-rPPG", "PC")] == "0.00"
    assert (published["VIPL"] == "-").all(axis=None)
    waves = compare_with_paper(scores, 6)
    assert waves.loc[("published", "contrastive"), ("COHFACE", "SNR (dB)")] == "17.9"
    assert len(waves.loc["published"]) == 6 and "synthetic data" in measured_on("synthetic")


def test_the_verdict_names_where_training_without_labels_gained_nothing(tmp_path):
    won = scores_of(tmp_path / "a", lambda *_: 5.0, datasets=("PURE", "COHFACE"))
    assert verdict(won).count("everywhere (COHFACE, PURE; seeds 1, 2): yes") == 2
    lost = scores_of(
        tmp_path / "b", lambda system, seed: 40.0 if (system, seed) == ("contrastive", 2) else 5.0
    )
    assert "no, not on PURE (seed 2)" in verdict(lost).splitlines()[0]
    table = beaten(lost)
    assert table.loc[("contrastive", "PURE"), "seeds below mean"] == "1 of 2"
    assert table.loc[("contrastive", "PURE"), "seeds below untrained net"] == "2 of 2"
    share = 5.0 / min(rmse_of(MEAN_BPM), rmse_of(MEDIAN_BPM))
    assert table.loc[("contrastive, saliency", "PURE"), "share of the best"] == pytest.approx(share)
    assert rmse_of(UNTRAINED_BPM) > 40
    supervised = won[won["system"] == "supervised"]
    assert verdict(supervised) == "no contrastive system was trained"


@pytest.mark.slow
@pytest.mark.usefixtures("strict_and_closed")
def test_figure_of_tables_shows_every_seed_beside_the_published(tmp_path):
    scores = scores_of(tmp_path, lambda system, seed: 2.0 * seed, datasets=("PURE", "VIPL"))
    figure = plot_tables(scores)
    assert "Ours on synthetic data" in texts(figure) and "published, real data" in texts(figure)
    assert len(figure.axes) == 4
    seeds, means, published = (c.get_offsets() for c in figure.axes[0].collections[:3])
    assert [len(seeds), len(means)] == [18, 9]
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert means[names.index("contrastive")].tolist() == [3.0, names.index("contrastive")]
    assert np.ma.getdata(published)[names.index("supervised"), 0] == 2.6
    waveless = scores.assign(wave_mcc=np.nan)
    plt.close(figure)
    texts(plot_tables(waveless))
