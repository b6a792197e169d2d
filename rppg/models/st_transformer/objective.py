"""What fit() does with a batch: losses of its waves, without labels or with them, weighted.

    batches = Batches(Clips(store, ids, normalise="zscore", speeds=(0.6, 1.4)), batch_size=4)
    fit(model, batches, SelfSupervised(), FitConfig(n_steps=1000), run_dir)

    labelled = Batches(LabelledClips(store, ids, normalise="zscore"), batch_size=4)
    fit(model, labelled, Supervised(), FitConfig(n_steps=100, lr=1e-5), run_dir)

A step is called as (model, batch, generator) and returns the loss and its unweighted parts by name.
Source: Qian et al., 3rd RePSS, 2024, sections 2.1.3 and 3.2.
"""

from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor, nn

from rppg.dataloader.augment import draw_rows, scaled_band
from rppg.datasets.prepared import FPS
from rppg.losses.correlation import negative_pearson
from rppg.losses.disturbance import disturbance_loss
from rppg.losses.periodicity import N_FFT, periodicity_loss
from rppg.losses.rate_cross_entropy import rate_loss
from rppg.losses.sinc import bandwidth_loss, sparsity_loss, variance_loss
from rppg.signals.spectrum import power_spectrum

RATE_BAND_HZ = (0.5, 4.0)  # 30-240 bpm: every heart rate that a label may say

Parts = dict[str, Tensor]


@dataclass(frozen=True)
class SelfSupervised:
    """Bandwidth, sparsity, variance and periodicity of the batch's waves; no label is looked at.

    Clips that a rhythm was put into (disturbance_hz says which) have a fifth loss, that their waves
    do not show it.  The numbers are weights; a loss of weight 0 is still reported.  n_rows: so many
    rows of the map, drawn anew each batch, go into the model; None: all of them.
    """

    bandwidth: float = 1.0
    sparsity: float = 1.0
    variance: float = 1.0
    periodicity: float = 1.0
    disturbance: float = 1.0
    n_rows: int | None = None

    def __call__(self, model: nn.Module, batch: dict, generator: torch.Generator):
        return self.of_waves(self.waves(model, batch["clip"], generator), batch)

    def waves(self, model: nn.Module, clips: Tensor, generator: torch.Generator) -> Tensor:
        """Waves (B, T) float32 of clips (B, T, ...), from a part of a map's rows where asked."""
        if self.n_rows is None:
            return model(clips).float()
        rows = draw_rows(clips.shape[2], self.n_rows, generator)
        return model(clips[:, :, rows], rows).float()

    def of_waves(self, waves: Tensor, batch: dict) -> tuple[Tensor, Parts]:
        """Loss of waves (B, T) and its parts; of the batch only speed (B,) and, where there is one,
        disturbance_hz (B,) are looked at."""
        freq_hz, power = power_spectrum(waves, FPS, N_FFT)
        band_hz = scaled_band(batch["speed"])  # (B, 2)
        parts = {
            "bandwidth": bandwidth_loss(freq_hz, power, band_hz),
            "sparsity": sparsity_loss(freq_hz, power, band_hz),
            "variance": variance_loss(freq_hz, power, band_hz),
            "periodicity": periodicity_loss(waves, FPS),
        }
        if "disturbance_hz" in batch:
            put_in_hz = batch["disturbance_hz"]
            parts["disturbance"] = disturbance_loss(freq_hz, power, put_in_hz, band_hz)
        return sum(getattr(self, name) * value for name, value in parts.items()), parts


@dataclass(frozen=True)
class Supervised:
    """The self-supervised losses and one of each clip's label: negative Pearson against its contact
    wave; where a clip has none, the spectral share near its heart rate (`rate_loss`).

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


def rate_loss_of(waves: Tensor, batch: dict, chosen: Tensor) -> Tensor:
    """`rate_loss` of the waves (B, T) and heart rates of the chosen (B,) clips; 0 without any."""
    if not chosen.any():
        return waves.new_zeros(())
    band_hz = scaled_band(batch["speed"][chosen], RATE_BAND_HZ)
    freq_hz, power = power_spectrum(waves[chosen], FPS, N_FFT)
    return rate_loss(freq_hz, power, batch["hr_bpm"][chosen], band_hz)


def objective_facts(step) -> dict:
    """The step's class and weights as JSON values: what decides a run beside data and model."""
    return {"step": type(step).__name__, **asdict(step)}
