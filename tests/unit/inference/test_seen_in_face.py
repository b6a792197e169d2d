"""The figure of one face: cells of nets that have some, attention of those that attend."""

import matplotlib.pyplot as plt
import pytest
from helpers.prepared_recordings import mstmap_of, put
from matplotlib.figure import Figure
from torch import nn

from rppg.dataloader.clips import Clips
from rppg.datasets.store import Store
from rppg.inference.seen_in_face import plot_seen
from rppg.models.contrast_phys.physnet import PhysNet, PhysNetConfig
from rppg.models.st_transformer.net import STTransformer, STTransformerConfig
from rppg.preprocessing.mstmap import REGIONS

ID = "a/1/x"


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    outline = [[10.0, 10.0], [60.0, 10.0], [60.0, 60.0]]
    about = {"preview_frame": 0, "regions_px": dict.fromkeys(REGIONS, outline), "gaps_s": []}
    put(store, ID, mstmap_of(75, n_frames=120), **about)
    return store


@pytest.mark.parametrize(
    ("net", "inputs"),
    [
        (PhysNet(PhysNetConfig(size=16, width=2)), {"array": "face", "size": 16}),
        (
            STTransformer(STTransformerConfig(dim=16, n_loops=1, patch=4, pre_norm=True)),
            {"normalise": "chrominance"},
        ),
    ],
)
def test_a_net_that_has_one_has_a_figure_of_the_face(store, net, inputs):
    clips = Clips(store, [ID], n_frames=60, **inputs)
    figure = plot_seen(net.eval(), clips, ID, 75.0, "synthetic")
    assert isinstance(figure, Figure)
    texts = [text.get_text() for axes in figure.axes for text in (axes.title, *axes.texts)]
    assert any(ID in text for text in [*texts, figure.get_suptitle()])
    plt.close(figure)


def test_another_net_has_none(store):
    clips = Clips(store, [ID], n_frames=60)
    assert plot_seen(nn.Identity(), clips, ID, None, "synthetic") is None
