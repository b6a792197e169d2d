"""Objectives of the Spatial-Temporal Transformer, without labels or with them.

    clips = Clips(store, ids, normalise="zscore", speeds=(0.6, 1.4))
    batches = Batches(clips, batch_size=4, collate=cut_to_shortest)
    fit(model, batches, SelfSupervised(), FitConfig(n_steps=1000), run_dir)

    labelled = Batches(LabelledClips(store, ids, normalise="zscore"), batch_size=4)
    fit(model, labelled, Supervised(), FitConfig(n_steps=100, lr=1e-5), run_dir)

An objective is called as (model, batch, generator); it returns the loss and its unweighted parts by
name.
Source: Qian et al., 3rd RePSS, 2024, sections 2.1.3 and 3.2.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from rppg.dataloader.augment import draw_rows, scaled_band
from rppg.datasets.prepared import FPS
from rppg.losses.constants import N_FFT
from rppg.losses.correlation import negative_pearson
from rppg.losses.disturbance import disturbance_loss
from rppg.losses.periodicity import periodicity_loss, printed_periodicity_loss
from rppg.losses.sinc import PEAK_HALF_WIDTH_HZ, bandwidth_loss, sparsity_loss, variance_loss
from rppg.models.common import Parts, rate_loss_of
from rppg.signals.spectrum import power_spectrum

PERIODICITY = {"own": periodicity_loss, "printed": printed_periodicity_loss}


@dataclass(frozen=True)
class SelfSupervised:
    """Bandwidth, sparsity, variance and periodicity of predicted BVPs; no label is read.

    Clips with a distractor (disturbance_hz is its rate) have a fifth loss: power at that rate.  The
    first numbers are weights; a loss of weight 0 is still reported.  peak_half_width_bpm: Delta F
    of eq. 3, whose 6 has no unit.  periodicity_form: "own", or eq. 5 as "printed".  n_rows: rows of
    the map that go into the model, drawn anew for each batch; None: all of them.
    """

    bandwidth: float = 1.0
    sparsity: float = 1.0
    variance: float = 1.0
    periodicity: float = 1.0
    disturbance: float = 1.0
    peak_half_width_bpm: float = 60 * PEAK_HALF_WIDTH_HZ
    periodicity_form: str = "own"
    n_rows: int | None = None

    def __post_init__(self):
        if self.periodicity_form not in PERIODICITY:
            words = " or ".join(PERIODICITY)
            raise ValueError(f"periodicity_form {self.periodicity_form!r}, expected {words}")

    def __call__(self, model: nn.Module, batch: dict, generator: torch.Generator):
        return self.of_waves(self.waves(model, batch["clip"], generator), batch)

    def waves(self, model: nn.Module, clips: Tensor, generator: torch.Generator) -> Tensor:
        """Predicted BVP (B, T) float32 of clips (B, T, N, C), from n_rows of their rows."""
        if self.n_rows is None:
            return model(clips).float()
        rows = draw_rows(clips.shape[2], self.n_rows, generator)
        return model(clips[:, :, rows], rows).float()

    def of_waves(self, waves: Tensor, batch: dict) -> tuple[Tensor, Parts]:
        """Loss of BVPs (B, T) and its parts; of the batch only speed (B,) and, if it is there,
        disturbance_hz (B,) are read."""
        freq_hz, power = power_spectrum(waves, FPS, N_FFT)
        band_hz = scaled_band(batch["speed"])  # (B, 2)
        parts = {
            "bandwidth": bandwidth_loss(freq_hz, power, band_hz),
            "sparsity": sparsity_loss(freq_hz, power, band_hz, self.peak_half_width_bpm / 60),
            "variance": variance_loss(freq_hz, power, band_hz),
            "periodicity": PERIODICITY[self.periodicity_form](waves, FPS),
        }
        if "disturbance_hz" in batch:
            rate_hz = batch["disturbance_hz"]
            parts["disturbance"] = disturbance_loss(freq_hz, power, rate_hz, band_hz)
        return sum(getattr(self, name) * value for name, value in parts.items()), parts


@dataclass(frozen=True)
class Supervised:
    """The self-supervised losses, and one of each clip's label: negative Pearson with its
    ground-truth BVP or, for an HR label alone, the spectral share near it (`rate_loss`).

    The label's loss is the mean over the clips that have one; a batch without any label has the
    self-supervised losses alone.
    """

    self_supervised: float = 1.0
    pearson: float = 1.0
    rate: float = 1.0
    losses: SelfSupervised = field(default_factory=SelfSupervised)

    def __call__(self, model: nn.Module, batch: dict, generator: torch.Generator):
        waves = self.losses.waves(model, batch["clip"], generator)
        unlabelled, parts = self.losses.of_waves(waves, batch)
        has_wave = batch["has_wave"]
        only_rate = batch["has_hr"] & ~has_wave
        n_labelled = (has_wave | only_rate).sum().clamp_min(1)
        pearson, rate = waves.new_zeros(()), rate_loss_of(waves, batch, only_rate)
        if has_wave.any():
            pearson = negative_pearson(waves[has_wave], batch["wave"][has_wave])
        labelled = self.pearson * pearson * has_wave.sum() + self.rate * rate * only_rate.sum()
        loss = labelled / n_labelled + self.self_supervised * unlabelled
        return loss, {"pearson": pearson, "rate": rate, **parts}
