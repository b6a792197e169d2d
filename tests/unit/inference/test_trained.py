"""`rppg predict` with trained models: what they say of prepared recordings, after one decoding."""

import json
import sys
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.vision_clips import recording, write_clip
from typer.testing import CliRunner

from rppg import cli
from rppg.datasets.store import Store
from rppg.inference.classical import predict_classical
from rppg.inference.sliding_window import model_wave, view_waves
from rppg.inference.trained import load_models
from rppg.inference.videos import expand_videos, method_names, predict_videos
from rppg.models.checkpoint import save_model
from rppg.models.names import RECIPES
from rppg.models.protocol import traits_of
from rppg.models.registry import INPUTS, build, load_run, recipe
from rppg.plotting import recordings as recording_plots
from rppg.preprocessing import face_detector, resampling
from rppg.preprocessing.mstmap import COMBINATIONS
from rppg.preprocessing.prepare import prepare_one
from rppg.signals.heart_rate import heart_rate
from rppg.signals.multi_region import CLASSICAL

SECONDS = 3.4
TINY = {
    "st_transformer": {"dim": 4, "n_loops": 1, "n_frames": 90},
    "contrast_phys": {"size": 32, "width": 2},
    "gideon2021": {"size": 32, "width": 2, "saliency_width": 2, "saliency_every": 10},
}
FED = {
    "st_transformer": {"array": "mstmap", "normalise": "ratio", "n_frames": 90, "size": None},
    "contrast_phys": {"array": "face", "normalise": None, "n_frames": 60, "size": 32},
    "gideon2021": {"array": "wide", "normalise": None, "n_frames": 60, "size": 32},
}
ASKED = ("contrast_phys", "pos", "ST_Transformer", "gideon2021")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A profile's folder of runs, of small nets that have learned nothing."""
    folder = tmp_path_factory.mktemp("runs")
    for name, fields in TINY.items():
        net, path = build(name, **fields), folder / name / "finetune" / "model.safetensors"
        save_model(path, net, {"parameters": FED[name]})
    return folder


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("videos") / "face.mp4", SECONDS, hr_bpm=90)


def naive_wave(store, id: str, model, inputs: dict) -> np.ndarray:
    """The wave of a net that sees crops; of one that sees maps, the mean of those of the rows that
    are of no other regions than three, for every three of the six."""
    if not traits_of(model).takes_rows:
        return model_wave(store, id, model, **inputs)
    waves = []
    for three in combinations(range(6), 3):
        others = [region for region in range(6) if region not in three]
        rows = [
            k for k, row in enumerate(COMBINATIONS) if not any(row[region] for region in others)
        ]
        waves += view_waves(store, id, model, views=[torch.tensor(rows)], **inputs)
    assert len(waves) == 20
    return sum(waves) / 20


@pytest.fixture(scope="module")
def answer(clip, runs, tmp_path_factory):
    """What the command says of a face when it is asked for three models and a classical method."""
    out, plot = (tmp_path_factory.mktemp("out") / name for name in ("out.json", "face.png"))
    decoded, titles = [], []
    read_frames, plot_recording = resampling.read_frames, recording_plots.plot_recording

    def counted(*arguments, **fields):
        for frame in read_frames(*arguments, **fields):
            decoded.append(1)
            yield frame

    def seen(*arguments, title, **fields):
        titles.append(title)
        return plot_recording(*arguments, title=title, **fields)

    options = [f"--method={name}" for name in ASKED]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resampling, "read_frames", counted)
        patch.setattr(recording_plots, "plot_recording", seen)
        command = ["predict", clip, *options, "--runs", runs, "--out", out, "--plot", plot]
        result = CliRunner().invoke(cli.app, [str(word) for word in command])
    assert result.exit_code == 0, result.output
    rows = {row["method"]: row for row in json.loads(out.read_text())}
    said = {"table": result.output, "rows": rows, "titles": titles, "plot": plot}
    return SimpleNamespace(**said, n_decoded=len(decoded))


@pytest.mark.slow
def test_learned_and_classical_methods_are_rows_of_one_table(answer):
    n_frames = round(30 * SECONDS)
    assert list(answer.rows) == ["contrast_phys", "POS", "st_transformer", "gideon2021"]
    for row in answer.rows.values():
        assert 39 <= row["hr_bpm"] <= 181 and 0 < row["quality"] <= 1 and row["reason"] == ""
        assert len(row["wave"]) == len(row["times_s"]) == n_frames
        assert np.isfinite(row["wave"]).all() and np.std(row["wave"]) > 0
        assert row["method"] in answer.table


def test_the_plot_shows_the_first_method(answer):
    assert answer.titles == ["face.mp4: contrast_phys"]
    assert answer.plot.stat().st_size > 20_000


def test_a_video_is_decoded_once_for_all_methods(answer):
    assert answer.n_decoded == round(30 * SECONDS)


@pytest.mark.slow
def test_each_method_says_what_it_says_of_the_prepared_recording(answer, clip, runs, tmp_path):
    store, one = Store(tmp_path), recording(clip)
    assert prepare_one(one, store, crops=("face", "wide"))["status"] == "ok"
    pos = predict_classical(store, [one.id], ["POS"])
    assert answer.rows["POS"]["hr_bpm"] == pos["hr_bpm"].item()
    for name in TINY:
        model, inputs = load_run(runs / name / "finetune")
        wave, row = naive_wave(store, one.id, model, inputs), answer.rows[name]
        np.testing.assert_allclose(row["wave"], wave, atol=1e-4)
        assert row["hr_bpm"] == pytest.approx(heart_rate(wave, 30.0).hr_bpm, abs=0.01)


@pytest.mark.slow
def test_where_there_is_no_crop_models_of_crops_say_why_and_the_others_answer(
    clip, runs, monkeypatch
):
    monkeypatch.setattr(face_detector.BoxFinder, "find", lambda self, rgb: None)
    methods = ["contrast_phys", "st_transformer", "POS"]
    table = predict_videos(expand_videos([clip]), methods, runs=runs)
    of_crops, of_map, classical = table.to_dict("records")
    assert np.isnan(of_crops["hr_bpm"]) and "MTCNN finds no face" in of_crops["reason"]
    assert np.isfinite(of_map["hr_bpm"]) and of_map["reason"] == classical["reason"] == ""
    assert classical["hr_bpm"] == pytest.approx(90, abs=4)


def test_a_model_of_maps_needs_no_face_detector(clip, runs, monkeypatch):
    monkeypatch.setattr(face_detector.BoxFinder, "find", lambda self, rgb: pytest.fail("MTCNN"))
    table = predict_videos(expand_videos([clip]), ["st_transformer"], runs=runs)
    assert table["reason"].tolist() == [""] and np.isfinite(table["hr_bpm"]).all()


def test_a_video_that_is_too_short_is_a_row_with_the_reason(runs, tmp_path):
    short = write_clip(tmp_path / "short.mp4", seconds=1.0)
    table = predict_videos(expand_videos([short]), ["contrast_phys", "POS"], runs=runs)
    assert table["hr_bpm"].isna().all()
    assert table["reason"].str.contains("too short: 30 frames, 1.00 s").tolist() == [True, True]


def test_a_missing_model_is_one_line_with_the_place_and_the_command(tmp_path, monkeypatch):
    words = ["rppg", "predict", "face.mp4", "--method", "st_transformer", "--runs", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert str(tmp_path / "st_transformer" / "finetune" / "model.safetensors") in stop.value.code
    assert "rppg run --profile NAME" in stop.value.code and "--runs" in stop.value.code


def test_without_a_folder_the_models_in_the_package_are_used():
    models = load_models(list(RECIPES))
    for name, (net, inputs) in models.items():
        assert type(net).__name__ == recipe(name).net.__name__
        assert set(inputs) == {*INPUTS}
    assert load_models([], Path("nowhere")) == {}


def test_all_stands_for_the_classical_methods_and_mixes_with_models():
    assert method_names(["all"]) == list(CLASSICAL)
    assert method_names(["st_transformer", "all", "pos"]) == ["st_transformer", *CLASSICAL]
    with pytest.raises(ValueError, match="no method FFT: expected all, GREEN.* st_transformer"):
        method_names(["POS", "FFT"])
