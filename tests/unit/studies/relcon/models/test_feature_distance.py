"""The distance between hand-crafted features, in place of the learned one."""

import numpy as np
import pytest
import torch

from rppg.studies.relcon.models.feature_distance import FeatureDistance
from rppg.studies.relcon.models.handcrafted import hand_made
from rppg.studies.relcon.pretraining.methods import METHODS
from rppg.studies.relcon.pretraining.objectives import candidate_distances
from rppg.studies.relcon.probing.supervised import untrained

pytestmark = pytest.mark.usefixtures("single_thread")
RNG = np.random.default_rng(0)
WINDOWS_G = (RNG.uniform(0.1, 2, (40, 1, 1)) * RNG.normal(size=(40, 256, 3))).astype("f4")


def test_candidates_are_ranked_by_their_standardised_features():
    distance, windows = FeatureDistance(WINDOWS_G), torch.from_numpy(WINDOWS_G)
    anchors, within = windows[:3], windows[3:15].unflatten(0, (3, 4))
    found = candidate_distances(distance, anchors, within).numpy()
    features = hand_made(WINDOWS_G)
    z = (features - features.mean(axis=0)) / features.std(axis=0)
    for a in range(3):
        candidates = [b for b in range(3) if b != a] + [3 + 4 * a + k for k in range(4)]
        expected = np.linalg.norm(z[candidates] - z[a], axis=1)
        np.testing.assert_allclose(found[a], expected, rtol=1e-3)


def test_another_number_of_candidates_is_refused():
    distance, windows = FeatureDistance(WINDOWS_G), torch.from_numpy(WINDOWS_G)
    with pytest.raises(ValueError, match="keys of 5 windows for 3 anchors: expected 2 windows"):
        distance.own_distances(windows[:3], distance.keys(windows[:5]), 2)


def test_an_encoder_learns_from_it():
    distance, windows = FeatureDistance(WINDOWS_G), torch.from_numpy(WINDOWS_G)
    net = untrained(METHODS["relcon"].config({"widths": (4,), "blocks": (1,), "kernels": (3,)}), 0)
    step = METHODS["relcon"].step(distance, 0.1)
    loss, _ = step(net, {"anchor": windows[:8]}, torch.Generator())
    loss.backward()
    assert all(weight.grad is not None for weight in net.encoder.parameters())
    with pytest.raises(ValueError, match="SimCLR was given a distance"):
        METHODS["simclr"].step(distance, 0.1)
