"""What a video says of its heart rate beside the waves of methods: evidence for the consensus.

beside = evidence_of(traces, regions_of(traces), [slice(None)], freq_hz)  # of the whole video
consensus(members, rules, beside.amplitude, beside.purity)
features(found, *facts(traces), beside.coherence)
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rppg.datasets.prepared import RGB, SINGLE_REGIONS, Prepared
from rppg.evaluation.confidence import COHERENT
from rppg.evaluation.consensus import USUAL_PURITY
from rppg.inference.classical import region_waves
from rppg.signals.head_motion import motion_amplitude
from rppg.signals.region_coherence import region_coherence
from rppg.signals.signature_purity import signature_purity


class Evidence(NamedTuple):
    """Of n parts of a video's frames, at F frequencies, (n, F) each."""

    amplitude: np.ndarray  # of the head's motion; zeros if its trajectory is unknown
    coherence: np.ndarray  # of the waves of the face's regions; COHERENT if they are unknown
    purity: np.ndarray  # of the regions' colours; USUAL_PURITY if they cannot be used


def regions_of(traces) -> np.ndarray | None:
    """The POS waves (R, T) of the face's regions; None if none can be used."""
    try:
        return region_waves(traces.mstmap, traces.fps)
    except ValueError:  # the members, of the whole face, may still answer
        return None


def evidence_of(
    traces, regions: np.ndarray | None, parts: Sequence[slice], freq_hz: np.ndarray
) -> Evidence:
    """Evidence at freq_hz (F,) of n parts of a video's frames.  regions: `regions_of` traces."""
    head, fps, shape = traces.head, traces.fps, (len(parts), len(freq_hz))
    amplitude, coherence = np.zeros(shape), np.full(shape, COHERENT)
    if head is not None:
        amplitude = np.stack([motion_amplitude(head[part], fps, freq_hz) for part in parts])
    if regions is not None:
        waves = [regions[:, part] for part in parts]
        coherence = np.stack([region_coherence(one, fps, freq_hz) for one in waves])
    purity = np.stack([purity_of(traces.mstmap[part], fps, freq_hz) for part in parts])
    return Evidence(amplitude, coherence, purity)


def purity_of(mstmap: np.ndarray, fps: float, freq_hz: np.ndarray) -> np.ndarray:
    """The signature's purity (F,) in the six regions of a map (T, 63, 6)."""
    try:
        return signature_purity(mstmap[:, SINGLE_REGIONS, RGB], fps, freq_hz)
    except ValueError:  # no region can be used
        return np.full(len(freq_hz), USUAL_PURITY)


def head_amplitude(prepared: Prepared, freq_hz: np.ndarray) -> np.ndarray:
    """The amplitude (F,) of the head's motion in a prepared recording; zeros if it is unknown."""
    if prepared.head is None:
        return np.zeros(len(freq_hz))
    return motion_amplitude(np.asarray(prepared.head, float), prepared.fps, freq_hz)
