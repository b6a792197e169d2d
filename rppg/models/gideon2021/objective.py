"""Objectives of Gideon2021 for batches of wide crops, without labels or with them.

    clips = Clips(store, ids, "wide", speeds=(2 / 3, 1.0))
    fit(model, Batches(clips, batch_size=4), MultiView(), FitConfig(n_steps=1000), run_dir)

    labelled = LabelledClips(store, ids, "wide", speeds=(2 / 3, 1.0))
    fit(model, Batches(labelled, batch_size=4), SupervisedWave(), config, run_dir)

An objective is called as (model, batch, generator); it returns the loss and its unweighted parts by
name.  The model gives `Branches` when asked for, as `Gideon2021` of `rppg.models.gideon2021.net`.
Source: Gideon and Stent, ICCV 2021, sections 3.2, 3.4 and 3.5.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from rppg.dataloader.augment import scaled_band
from rppg.datasets.prepared import FPS
from rppg.losses.constants import N_FFT
from rppg.losses.correlation import mcc_loss, negative_pearson
from rppg.losses.irrelevant_power import irrelevant_power_ratio
from rppg.losses.multiview_triplet import multi_view_triplet
from rppg.losses.saliency_map import saliency_sparsity, saliency_temporal
from rppg.losses.sinc import band_limits, inside_band
from rppg.losses.snr import negative_snr
from rppg.losses.windows import BAND_HZ
from rppg.models.common import Parts, rate_loss_of
from rppg.signals.spectrum import power_spectrum
from rppg.signals.time_stretch import resample_time

RATIOS = (0.66, 0.80)  # of frames that are left in the negative: heart rates 1.25 to 1.5 times
WORST_IPR = 0.6  # a ground-truth BVP above it is no label


@dataclass(frozen=True)
class MultiView:
    """The anchor's spectra are like the positive's, unlike the negative's; no label is read.

    The negative is the sampled clip played faster, by one ratio a batch as in the published code;
    the positive is the negative's wave, slowed down by the same.  A view is as long as the
    negative if that is shorter than view_s, as of a clip that was cut (`cut_to_shortest`).
    contrast, sparsity (w_s) and temporal (w_t) are weights; the last two are of the saliency, if
    the model has one.
    """

    contrast: float = 1.0
    sparsity: float = 1.0
    temporal: float = 1.0
    views: int = 4
    view_s: float = 5.0

    def __call__(self, model: nn.Module, batch: dict, generator: torch.Generator):
        branches = model(batch["clip"], branches=True, ratio=draw_ratio(generator))
        contrast = self.contrast_of(branches, generator)
        maps, parts = self.of_maps(branches.saliency)
        return self.contrast * contrast + maps, {"contrast": contrast, **parts}

    def of_maps(self, saliency: Tensor | None) -> tuple[Tensor | float, Parts]:
        """Eq. 3 of the maps (B, T, G, G), and eq. 1 and 2 by name; nothing without maps."""
        if saliency is None:
            return 0.0, {}
        maps = saliency.float()
        parts = saliency_sparsity(maps), saliency_temporal(maps)
        names = ("saliency_sparsity", "saliency_temporal")
        loss = self.sparsity * parts[0] + self.temporal * parts[1]
        return loss, dict(zip(names, parts, strict=True))

    def contrast_of(self, branches, generator: torch.Generator) -> Tensor:
        """MVTL of the branches of a batch."""
        anchor, negative = branches.anchor.float(), branches.negative.float()
        positive = resample_time(negative, anchor.shape[1])
        view_s = min(self.view_s, negative.shape[1] / FPS)
        views = {"n_views": self.views, "view_s": view_s}
        return multi_view_triplet(anchor, positive, negative, FPS, generator, **views)


@dataclass(frozen=True)
class SupervisedWave:
    """Losses of predicted against ground-truth BVP: MCC, the paper's, or Pearson or SNR (Fig. 5).

    All are weights.  A ground-truth BVP with more than 60 % of its power outside 40-250 bpm is no
    label (the paper draws another clip then).  SNR needs the HR of the clip: the peak of the
    spectrum of its ground-truth BVP.  For a clip that has an HR label alone, `rate_loss`.
    self_supervised: weight of the contrast of `losses`; the paper has none of it here.  The weights
    of the saliency in losses apply in any case.
    """

    mcc: float = 1.0
    pearson: float = 0.0
    snr: float = 0.0
    rate: float = 1.0
    self_supervised: float = 0.0
    losses: MultiView = field(default_factory=MultiView)

    def __call__(self, model: nn.Module, batch: dict, generator: torch.Generator):
        ratio = draw_ratio(generator) if self.self_supervised else None
        branches = model(batch["clip"], branches=True, ratio=ratio)
        loss, parts = self.of_waves(branches.anchor.float(), batch)
        maps, more = self.losses.of_maps(branches.saliency)
        loss = loss + maps
        if self.self_supervised:
            more["contrast"] = self.losses.contrast_of(branches, generator)
            loss = loss + self.self_supervised * self.losses.contrast * more["contrast"]
        return loss, parts | more

    def of_waves(self, waves: Tensor, batch: dict) -> tuple[Tensor, Parts]:
        """The labels' loss of BVPs (B, T), mean over the clips that have one, and its parts."""
        usable = usable_waves(batch)  # (B,)
        only_rate = batch["has_hr"] & ~batch["has_wave"]
        parts = self._of_contact(waves[usable], batch["wave"][usable], batch["speed"][usable])
        rate = rate_loss_of(waves, batch, only_rate)
        n_labelled = (usable | only_rate).sum().clamp_min(1)
        of_waves = sum(getattr(self, name) * value for name, value in parts.items())
        loss = of_waves * usable.sum() + self.rate * rate * only_rate.sum()
        return loss / n_labelled, parts | {"rate": rate}

    def _of_contact(self, waves: Tensor, bvp: Tensor, speed: Tensor) -> Parts:
        """Losses that have a weight, of predicted and true BVPs (L, T); zeros without any."""
        band_hz = scaled_band(speed, BAND_HZ)  # (L, 2)
        known = {
            "mcc": lambda: mcc_loss(waves, bvp, FPS, band_hz),
            "pearson": lambda: negative_pearson(waves, bvp),
            "snr": lambda: negative_snr(waves, peak_bpm(bvp, band_hz), FPS, band_hz),
        }
        asked = [name for name in known if getattr(self, name) != 0]
        return {name: known[name]() if len(waves) else waves.sum() for name in asked}


def draw_ratio(generator: torch.Generator) -> float:
    """R_f of a batch, uniform in RATIOS."""
    drawn = torch.rand((), generator=generator, device=generator.device)
    return RATIOS[0] + (RATIOS[1] - RATIOS[0]) * float(drawn)


def usable_waves(batch: dict) -> Tensor:
    """Which clips (B,) have a usable ground-truth BVP: in 40-250 bpm, scaled by their speed."""
    usable = batch["has_wave"].clone()
    if usable.any():
        band_hz = scaled_band(batch["speed"][usable], BAND_HZ)
        usable[usable.clone()] = (
            irrelevant_power_ratio(batch["wave"][usable], FPS, band_hz) <= WORST_IPR
        )
    return usable


def peak_bpm(waves: Tensor, band_hz: Tensor) -> Tensor:
    """Heart rates (B,) of waves (B, T): peaks of their zero-padded spectra, each in its band of
    band_hz (B, 2)."""
    freq_hz, power = power_spectrum(waves, FPS, N_FFT)
    outside = ~inside_band(freq_hz, band_limits(freq_hz, power, band_hz))
    return 60 * freq_hz[power.masked_fill(outside, -1.0).argmax(dim=-1)]
