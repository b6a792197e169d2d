"""Losses and augmentations that might help nets with slow hearts, for slow_training.py.

    arm = ARMS["gideon2021"]["band as played"]
    step = arm.objective(**weights)  # in the place of MultiView(**weights)
    clips = Clips(store, ids, **inputs, **arm.sampling)

No label is read.  What is tried:

- slower: clips are played at 0.4 to 1.0 of their speed, as trained at 0.6 to 1.25 (Gideon2021 0.67
  to 1.0); slower and faster: at 0.4 to 1.25.
- band as played: the contrast of Gideon2021 looks at 40 to 250 bpm at every speed (section 3.4 of
  the paper), so that of a heart of 50 bpm, played at 0.7, it sees the harmonics alone.  Here each
  wave's band is scaled by the speed at which its clip is played, as for the other nets.
- lowest peak: power is to lie near the lower of two peaks an octave apart, not near the stronger:
  in place of the sparsity of SiNC, eq. 3 of Qian et al., and added to both contrasts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rppg.dataloader.augment import scaled_band
from rppg.datasets.prepared import FPS
from rppg.losses.constants import N_FFT
from rppg.losses.multiview_triplet import psd_mse, sample_views
from rppg.losses.sinc import PEAK_HALF_WIDTH_HZ, in_band_share
from rppg.losses.windows import BAND_HZ, window_spectra
from rppg.models.contrast_phys import Contrast
from rppg.models.gideon2021 import MultiView
from rppg.models.gideon2021.objective import draw_ratio
from rppg.models.st_transformer import SelfSupervised
from rppg.signals.spectrum import power_spectrum
from rppg.signals.time_stretch import resample_time

SLOWER, WIDER = (0.4, 1.0), (0.4, 1.25)
SOME_POWER = 0.2  # of the peak's, for a peak at half its frequency
NEAR_HZ = 5 / 60  # around that half
BINS = 17  # over which the paper's band of a view of 5 s is averaged
WEIGHTS = {Contrast: 1.0, MultiView: 0.1}  # contrasts are -2 and -2 / 17 at best


def lowest_peak_loss(waves: Tensor, speed: Tensor) -> Tensor:
    """Share of the in-band power of waves (B, T), played at speeds (B,), that is farther than 6 bpm
    from the lowest peak (`lowest_peak_hz`), mean over the batch: 0 to 1.  Where it is, is not
    differentiated."""
    spectrum = power_spectrum(waves.float(), FPS, N_FFT)
    freq_hz, share = in_band_share(*spectrum, scaled_band(speed))
    peak_hz = lowest_peak_hz(freq_hz, share.detach())
    far = (freq_hz - peak_hz[:, None]).abs() > PEAK_HALF_WIDTH_HZ
    return (share * far).sum() / len(share)


def lowest_peak_hz(freq_hz: Tensor, share: Tensor) -> Tensor:
    """Frequencies (B,) of the strongest bins of spectra (B, F), or of those near half of that
    frequency if they have a share of the power."""
    top, at = share.max(dim=-1)
    peak_hz = freq_hz[at]
    near = (freq_hz - peak_hz[:, None] / 2).abs() <= NEAR_HZ  # (B, F)
    half, at_half = (share * near).max(dim=-1)
    return torch.where(half >= SOME_POWER * top, freq_hz[at_half], peak_hz)


class LowestPeak(SelfSupervised):
    """The losses of the ST-Transformer with the lowest peak in the place of the strongest."""

    def of_waves(self, waves: Tensor, batch: dict):
        """As SelfSupervised."""
        loss, parts = super().of_waves(waves, batch)
        lowest = lowest_peak_loss(waves, batch["speed"])
        loss = loss + self.sparsity * (lowest - parts["sparsity"])
        return loss, parts | {"sparsity": lowest}


class LowestPeakContrast(Contrast):
    """The contrast of Contrast-Phys+, and the lowest peak of the mean wave."""

    def of_share(self, share: Tensor, block: Tensor, batch: dict):
        """As Contrast."""
        loss, parts = super().of_share(share, block, batch)
        lowest = lowest_peak_loss(block.mean(dim=(2, 3)), batch["speed"])
        return loss + WEIGHTS[Contrast] * lowest, parts | {"lowest_peak": lowest}


class LowestPeakViews(MultiView):
    """The contrast of Gideon2021 without saliency, and the lowest peak of the anchor."""

    def __call__(self, model, batch: dict, generator: torch.Generator):
        branches = model(batch["clip"], branches=True, ratio=draw_ratio(generator))
        contrast = self.contrast_of(branches, generator)
        lowest = lowest_peak_loss(branches.anchor, batch["speed"])
        parts = {"contrast": contrast, "lowest_peak": lowest}
        return self.contrast * contrast + WEIGHTS[MultiView] * lowest, parts


class AsPlayed(MultiView):
    """The contrast of Gideon2021 without saliency, in the band of each wave as it is played."""

    def __call__(self, model, batch: dict, generator: torch.Generator):
        branches = model(batch["clip"], branches=True, ratio=draw_ratio(generator))
        contrast = self.as_played(branches, batch["speed"], generator)
        return self.contrast * contrast, {"contrast": contrast}

    def as_played(self, branches, speed: Tensor, generator: torch.Generator) -> Tensor:
        """MVTL of the branches of clips played at speeds (B,), otherwise as `contrast_of`."""
        anchor, negative = branches.anchor.float(), branches.negative.float()
        positive = resample_time(negative, anchor.shape[1])
        n_frames = round(min(self.view_s, negative.shape[1] / FPS) * FPS)
        views = [
            sample_views(waves, n_frames, self.views, generator)
            for waves in (torch.cat([anchor, positive]), negative)
        ]
        faster = speed * anchor.shape[1] / negative.shape[1]
        band_hz = scaled_band(torch.cat([speed, speed, faster]), BAND_HZ)
        _, share = window_spectra(torch.cat(views), FPS, band_hz)
        of_anchor, of_positive, of_negative = share.chunk(3)
        mean = of_anchor.mean(dim=1, keepdim=True)
        distance = psd_mse(of_positive, mean) - psd_mse(of_negative, mean)
        return distance.mean() * share.shape[-1] / BINS


@dataclass(frozen=True)
class Arm:
    """How a net is trained."""

    objective: Callable
    sampling: Mapping = field(default_factory=dict)  # options of `Clips` that differ


AS_TRAINED = "as trained"
PLAYED_SLOWER, PLAYED_WIDER = {"speeds": SLOWER}, {"speeds": WIDER}
ARMS: dict[str, dict[str, Arm]] = {
    "st_transformer": {
        AS_TRAINED: Arm(SelfSupervised),
        "slower": Arm(SelfSupervised, PLAYED_SLOWER),
        "slower and faster": Arm(SelfSupervised, PLAYED_WIDER),
        "lowest peak": Arm(LowestPeak),
    },
    "contrast_phys": {
        AS_TRAINED: Arm(Contrast),
        "slower": Arm(Contrast, PLAYED_SLOWER),
        "slower and faster": Arm(Contrast, PLAYED_WIDER),
        "lowest peak": Arm(LowestPeakContrast),
    },
    "gideon2021": {
        AS_TRAINED: Arm(MultiView),
        "slower": Arm(MultiView, PLAYED_SLOWER),
        "slower and faster": Arm(MultiView, PLAYED_WIDER),
        "band as played": Arm(AsPlayed),
        "slower, band as played": Arm(AsPlayed, PLAYED_SLOWER),
        "lowest peak": Arm(LowestPeakViews),
    },
}
