"""What a net makes of a still face whose colour is a sine, for slow_training.py.

    gain_db, octave_db = response(net, inputs, store, ids)

gain_db: how much power of a sine of 48 bpm is left, relative to one of 96 bpm; octave_db: how much
the net adds at 96 bpm, relative to what is left at 48.  A face is the mean frame of a recording.
"""

import numpy as np
import torch

from rppg.dataloader.clips import Clips
from rppg.dataloader.normalise import NORMALISATIONS
from rppg.datasets import Store
from rppg.datasets.prepared import FPS
from rppg.inference.sliding_window import waves_of
from rppg.preprocessing.mstmap import YUV_FROM_RGB
from rppg.signals.spectrum import power_spectrum

SINE_BPM, NEAR_BPM = 48.0, 4.0
PULSE = (0.003, 0.008, 0.005)  # of the colours of a still face: red, green, blue
N_FFT = 5400


def response(net, inputs: dict, store: Store, ids: list[str]) -> tuple[float, float]:
    """gain_db and octave_db of a net, medians over still faces."""
    found = []
    for id in ids:
        clips = Clips(store, [id], **(inputs | {"normalise": None}))
        still = clips[clips.first(id)]["clip"].float().nanmean(dim=0, keepdim=True).nan_to_num()
        slow, fast = (_powers(net, inputs, still, bpm) for bpm in (SINE_BPM, 2 * SINE_BPM))
        found.append((slow[0] / fast[0], slow[1] / slow[0]))
    gain_db, octave_db = 10 * np.log10(np.median(found, axis=0))
    return float(gain_db), float(octave_db)


@torch.no_grad()
def _powers(net, inputs: dict, still: torch.Tensor, bpm: float) -> tuple[float, float]:
    """Power at a rate and at its double, of what a net makes of a still face (1, ...) whose colour
    is a sine of that rate."""
    sine = torch.sin(2 * torch.pi * bpm / 60 * torch.arange(inputs["n_frames"]) / FPS)
    shape = (-1, *(1,) * (still.ndim - 1))
    change = still[..., :3] * sine.reshape(shape) * torch.tensor(PULSE)
    if inputs["array"] == "mstmap":
        change = torch.cat([change, change @ torch.as_tensor(YUV_FROM_RGB).float().T], dim=-1)
    clip = still + change
    if inputs["normalise"]:
        clip = NORMALISATIONS[inputs["normalise"]](clip)
    wave = waves_of(net, clip[None])[0].double().numpy()
    freq_hz, power = power_spectrum(wave * np.hanning(len(wave)), FPS, N_FFT)
    return tuple(power[abs(60 * freq_hz - k * bpm) <= NEAR_BPM].max() for k in (1, 2))
