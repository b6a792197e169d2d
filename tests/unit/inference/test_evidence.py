"""Evidence beside the members: what is known of the head, the regions and their colours."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.answers import traces
from helpers.ensemble import FREQ_HZ, table_of

from rppg.datasets import Store
from rppg.datasets.prepared import SINGLE_REGIONS
from rppg.evaluation.confidence import COHERENT
from rppg.evaluation.consensus import USUAL_PURITY
from rppg.inference.evidence import evidence_of, head_motions, regions_of

PARTS = [slice(0, 200), slice(100, 300)]


def noisy_traces(hr_bpm: float = 72.0):
    """A pulse in all regions, each with noise of its own."""
    made = traces(hr_bpm)
    mstmap = made.mstmap.copy()
    noise = np.random.default_rng(0).normal(0, 2, (300, len(SINGLE_REGIONS), 3))
    mstmap[:, list(SINGLE_REGIONS), :3] += noise
    return replace(made, mstmap=mstmap, head=np.zeros((300, 5)))


def test_each_part_of_a_video_has_its_own_evidence():
    made = noisy_traces()
    found = evidence_of(made, regions_of(made), PARTS, FREQ_HZ)
    for one in (found.coherence, found.purity):
        assert one.shape == (2, len(FREQ_HZ))
        assert 60 * FREQ_HZ[one.argmax(axis=1)] == pytest.approx([72, 72], abs=6)
    assert not np.array_equal(found.purity[0], found.purity[1])
    assert (found.amplitude == 0).all()


def test_what_is_unknown_is_as_usual_at_every_rate():
    made = replace(noisy_traces(), head=None)
    made.mstmap[:, list(SINGLE_REGIONS)] = np.nan
    found = evidence_of(made, None, PARTS, FREQ_HZ)
    assert (found.purity == USUAL_PURITY).all() and (found.coherence == COHERENT).all()
    assert (found.amplitude == 0).all()


def test_the_ensemble_is_told_how_heads_move_at_the_frequencies_of_its_spectra(tmp_path):
    nod = np.zeros((300, 5), np.float32)
    nod[:, 3] = 0.02 * np.sin(2 * np.pi * 1.6 * np.arange(300) / 30)  # 96 per minute
    store = Store(tmp_path)
    for name, head in (("nods", nod), ("older", None)):
        with store.begin(f"d/{name}/v") as writer:
            writer.save("face", np.zeros((300, 128, 128, 3), np.uint8))
            writer.save("mstmap", np.zeros((300, 63, 6), np.float32))
            if head is not None:
                writer.save("head", head)
            writer.commit({"id": f"d/{name}/v", "status": "ok", "n_frames": 300})
    ids = ["d/nods/v", "d/older/v", "d/lost/v"]
    found = head_motions(store, table_of({"a": [70.0, 80.0, 90.0]}, ids))
    assert sorted(found) == ids[:2] and (found["d/older/v"] == 0).all()
    assert 60 * FREQ_HZ[found["d/nods/v"].argmax()] == pytest.approx(96, abs=1)
    assert found["d/nods/v"].max() == pytest.approx(0.02, rel=0.1)
    assert head_motions(store, table_of({"a": [None]}, ids[:1])) == {}
