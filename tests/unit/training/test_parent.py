"""The run that fine-tuning starts from."""

import json
import os

import pandas as pd
import pytest

from rppg.models.checkpoint import save_model
from rppg.models.registry import build, inputs_of, shape_for
from rppg.training.parent import load_parent

INPUTS = inputs_of("contrast_phys", n_frames=60, size=16)


@pytest.fixture
def run_dir(tmp_path):
    net = build("contrast_phys", **shape_for(INPUTS), width=2)
    save_model(tmp_path / "model.safetensors", net, {"parameters": INPUTS})
    row = {"id": "a", "model": "net", "kind": "learned", "split": "test", "origin": "synthetic"}
    table = pd.DataFrame([row | {"hr_bpm": 70.0, "quality": 0.5, "hr_true_bpm": 70.0}])
    table.to_parquet(tmp_path / "predictions.parquet")
    monitor = {"name": "net", "collapsed": True, "reasons": ["a flat BVP"]}
    (tmp_path / "run.json").write_text(json.dumps({"monitor": monitor}))
    return tmp_path


def test_net_inputs_and_predictions_are_those_of_the_run(run_dir):
    net, inputs, table = load_parent(run_dir, allow_collapsed=True)
    assert type(net).__name__ == "PhysNet" and inputs == INPUTS
    assert table["model"].tolist() == ["net"]


def test_a_collapsed_run_is_refused_unless_allowed(run_dir):
    with pytest.raises(ValueError, match="a flat BVP"):
        load_parent(run_dir, allow_collapsed=False)


def test_an_unfinished_run_is_refused(run_dir):
    (run_dir / "run.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no run\.json: finish that run first"):
        load_parent(run_dir, allow_collapsed=True)


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '{"monitor": [1]}', "[" * 9000])
def test_a_damaged_run_json_is_named(run_dir, text):
    (run_dir / "run.json").write_text(text)
    with pytest.raises(ValueError, match=r"run\.json .*(restore it|pre-train again)"):
        load_parent(run_dir, allow_collapsed=True)


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), "found "),
        (lambda path: path.write_text("id,model"), "found "),
        (lambda path: (path.unlink(), path.mkdir()), "found no file"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "found no file"),
        (lambda path: changed(path, lambda table: table.iloc[:0]), "found no row"),
        (lambda path: changed(path, lambda t: t.drop(columns="hr_bpm")), "found no column hr_bpm"),
        (lambda path: changed(path, lambda t: t.assign(hr_bpm="a")), "hr_bpm that are no numbers"),
        (lambda path: changed(path, lambda t: t.assign(model=None)), "model that are no line"),
    ],
)
def test_damaged_predictions_are_named_with_what_to_do(run_dir, damage, found):
    damage(run_dir / "predictions.parquet")
    missing = "has no predictions.parquet"
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        load_parent(run_dir, allow_collapsed=True)
    assert "\n" not in str(error.value) and "predictions.parquet" in str(error.value)
    assert found in str(error.value) or missing in str(error.value)


def changed(path, change):
    change(pd.read_parquet(path)).to_parquet(path)
