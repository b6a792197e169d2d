"""The run that fine-tuning starts from."""

import json

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
    pd.DataFrame({"id": ["a"], "model": ["net"]}).to_parquet(tmp_path / "predictions.parquet")
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
