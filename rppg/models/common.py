"""What the objectives of several models share: the names of losses, and the loss of an HR label."""

from torch import Tensor

from rppg.dataloader.augment import scaled_band
from rppg.datasets.prepared import FPS
from rppg.losses.constants import N_FFT
from rppg.losses.rate_cross_entropy import rate_loss
from rppg.signals.spectrum import power_spectrum

RATE_BAND_HZ = (0.5, 4.0)  # 30-240 bpm: every heart rate that a label may have

Parts = dict[str, Tensor]  # unweighted losses of a step by name


def rate_loss_of(bvp: Tensor, batch: dict, chosen: Tensor) -> Tensor:
    """`rate_loss` of the predicted BVP (B, T) and HR labels of the chosen (B,) clips; 0 if none is.

    batch: of `LabelledClips`: speed and hr_bpm (B,).
    """
    if not chosen.any():
        return bvp.new_zeros(())
    band_hz = scaled_band(batch["speed"][chosen], RATE_BAND_HZ)
    freq_hz, power = power_spectrum(bvp[chosen], FPS, N_FFT)
    return rate_loss(freq_hz, power, batch["hr_bpm"][chosen], band_hz)
