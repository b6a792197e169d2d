"""Batches that repeat, and the distances that are kept for them."""

import numpy as np
import pandas as pd
import pytest
import torch

from rppg.dataloader.batches import Batches
from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.models.distance import DistanceConfig, MotionDistance
from rppg.studies.relcon.pretraining import objectives
from rppg.studies.relcon.pretraining.methods import METHODS
from rppg.studies.relcon.pretraining.pair_dataset import MotionCandidates
from rppg.studies.relcon.pretraining.repeated_batches import RepeatedBatches
from rppg.studies.relcon.probing.supervised import untrained
from rppg.training.config import FitConfig
from rppg.training.fit import fit

pytestmark = pytest.mark.usefixtures("single_thread")
ENCODER = {"widths": (4, 8), "blocks": (1, 1), "kernels": (3, 3)}


def batches_of(n_repeated: int) -> RepeatedBatches:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"dataset": "d", "subject": "ann", "session": "1", "hour": [0] * 20})
    table["id"] = [f"d/ann/1@{k:07.2f}" for k in range(20)]
    windows = Windows(rng.normal(size=(20, 64, 3)).astype("f4"), table)
    batches = Batches(MotionCandidates(windows, n_within=2), 4, seed=0)
    return RepeatedBatches(batches, n_repeated)


def test_the_first_batches_are_repeated_with_their_candidates():
    few = batches_of(7)  # more than one epoch of five
    stream = few.stream(first=3)
    drawn = [next(stream) for _ in range(15)]
    plain = few.batches.stream()
    first = [next(plain) for _ in range(7)]
    for k, batch in enumerate(drawn, start=3):
        assert batch["id"] == first[k % 7]["id"]
        assert torch.equal(batch["within"], first[k % 7]["within"])
    assert len(few) == 7 and few.facts() == few.batches.facts() | {"n_repeated": 7}


def test_no_batch_to_repeat_is_refused():
    with pytest.raises(ValueError, match="n is 0, expected 1 or more batches"):
        batches_of(0)


def test_a_batch_is_ranked_once_and_the_encoder_is_the_same(tmp_path, monkeypatch):
    torch.manual_seed(0)
    distance = MotionDistance(DistanceConfig(width=8, bottleneck=2, kernel=5, layers=1)).eval()
    ranked, rank = [], objectives.candidate_distances
    monkeypatch.setattr(objectives, "candidate_distances", lambda *a: ranked.append(1) or rank(*a))
    weights, counts = [], []
    for name, more in (("kept", {"kept": {}}), ("anew", {})):
        net = untrained(METHODS["relcon"].config(ENCODER), seed=1)
        step = METHODS["relcon"].step(distance, 0.1, **more)
        fit(net, batches_of(3), step, FitConfig(n_steps=8), tmp_path / name, progress=False)
        weights.append(net.state_dict())
        counts.append(len(ranked))
    assert counts == [3, 3 + 8]
    assert all(torch.equal(weights[0][name], weight) for name, weight in weights[1].items())
