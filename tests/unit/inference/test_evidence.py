"""Evidence beside the members: what is known of the head, the regions and their colours."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.answers import traces
from helpers.ensemble import FREQ_HZ

from rppg.datasets.prepared import SINGLE_REGIONS
from rppg.evaluation.confidence import COHERENT
from rppg.evaluation.consensus import USUAL_PURITY
from rppg.inference.evidence import evidence_of, regions_of

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
