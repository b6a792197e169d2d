"""The models in the package: small, loadable, and right on simulated clips of unseen people."""

import pytest

from rppg.datasets.store import Store
from rppg.evaluation.metrics import NEAR_BPM
from rppg.inference.sliding_window import predict_model
from rppg.inference.trained import load_models, run_folders
from rppg.models.names import RECIPES, WEIGHTS
from rppg.synthetic.traces.simulate import BLOCK, TraceConfig
from rppg.synthetic.traces.write import write_traces

SEED = 4242  # of no training
LEAST_RIGHT = (
    0.5  # of clips of every severity; chance is 0.1; crops of the simulator were not learned from
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A block of simulated clips, with crops."""
    root = tmp_path_factory.mktemp("prepared")
    config = TraceConfig(seed=SEED, n_clips=BLOCK, crops=("face", "wide"))
    write_traces(root, config, workers=1, progress=False)
    return Store(root)


def test_the_weights_are_small():
    files = [folder / WEIGHTS for folder in run_folders(list(RECIPES)).values()]
    assert sum(path.stat().st_size for path in files) <= 5_000_000


@pytest.mark.slow
@pytest.mark.parametrize("name", list(RECIPES))
def test_a_model_gives_the_rate_of_simulated_clips(store, name):
    net, inputs = load_models([name])[name]
    table = predict_model(store, store.ids(), net, name, **inputs)
    near = (table["hr_bpm"] - table["hr_true_bpm"]).abs() <= NEAR_BPM
    assert near.mean() >= LEAST_RIGHT
