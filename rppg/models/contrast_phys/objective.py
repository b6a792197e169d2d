"""Objectives of Contrast-Phys+ for batches of face crops, without labels or with them.

    clips = Clips(store, ids, "face", size=32, augment=FaceAugmentation())
    fit(model, Batches(clips, batch_size=2), Contrast(), FitConfig(n_steps=1000), run_dir)

    labelled = LabelledClips(store, ids, "face", size=32)
    fit(model, Batches(labelled, batch_size=2), SupervisedContrast(), config, run_dir)

An objective is called as (model, batch, generator); it returns the loss and its unweighted parts by
name.  The model predicts the ST-rPPG block (B, T, S, S); the predicted BVP is its spatial mean.  A
batch has two recordings or more, in each process: videos of different people are contrasted.
Source: Qian et al., 3rd RePSS, 2024, sections 2.2.2, 2.2.3 and 3.2; Sun and Li, Contrast-Phys+,
TPAMI 2024.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from rppg.dataloader.augment import scaled_band
from rppg.dataloader.distractors import with_distractors
from rppg.datasets.prepared import FPS
from rppg.losses.constants import N_FFT
from rppg.losses.contrast import (
    cells_and_mean,
    pull_loss,
    push_loss,
    sample_windows,
    truth_pull_loss,
    truth_push_loss,
)
from rppg.losses.correlation import mcc_loss, negative_pearson, printed_mcc_loss
from rppg.losses.disturbance import disturbance_loss
from rppg.losses.windows import BAND_HZ, wave_windows, window_spectra
from rppg.models.common import Parts, rate_loss_of
from rppg.signals.spectrum import power_spectrum

MCC = {"own": mcc_loss, "printed": printed_mcc_loss}


@dataclass(frozen=True)
class Contrast:
    """Windows of one video's block are pulled together, those of different videos pushed apart; no
    label is read.

    pull, push and disturbance are weights.  windows: K, of each cell and of the mean; a window is
    half as long as the clip.  distractor_pairs: each clip goes in twice, as it is and with a
    distractor (`rppg.dataloader.distractors`: a periodic illumination, a nod); windows of both are
    of one video, and a third loss penalises power at the distractor's rate in the second.  It is
    not part of the paper, and takes twice the time.
    """

    pull: float = 1.0
    push: float = 1.0
    disturbance: float = 1.0
    windows: int = 4
    distractor_pairs: bool = False

    def __call__(self, model: nn.Module, batch: dict, generator: torch.Generator):
        if self.distractor_pairs:
            return self._of_pairs(model, batch, generator)
        block = model(batch["clip"], whole_block=True).float()
        return self.of_share(self.share(block, batch["speed"], generator), block, batch)

    def _of_pairs(self, model: nn.Module, batch: dict, generator: torch.Generator):
        distracted, rate_hz = with_distractors(batch["clip"], batch["speed"], generator)
        both = torch.cat([batch["clip"].float(), distracted])  # (2 B, T, H, W, 3)
        block = model(both, whole_block=True).float()  # (2 B, T, S, S)
        share = self.share(block, batch["speed"].repeat(2), generator)  # (2 B, N, F)
        share = torch.cat(share.chunk(2), dim=1)  # (B, 2 N, F)
        of_distracted = {"speed": batch["speed"], "disturbance_hz": rate_hz}
        return self.of_share(share, block[len(distracted) :], of_distracted)

    def share(self, block: Tensor, speed: Tensor, generator: torch.Generator) -> Tensor:
        """Spectra (B, N, F) of random windows of the block (B, T, S, S), N = K (S S + 1), each in
        the band of a clip that is played at its speed (B,)."""
        windows = sample_windows(block, block.shape[1] // 2, self.windows, generator)
        return window_spectra(windows, FPS, scaled_band(speed, BAND_HZ))[1]

    def of_share(self, share: Tensor, block: Tensor, batch: dict) -> tuple[Tensor, Parts]:
        """Loss of a block and its parts; of the batch only speed (B,) and, if it is there,
        disturbance_hz (B,) are read."""
        parts = {"pull": pull_loss(share), "push": push_loss(share)}
        if "disturbance_hz" in batch:
            waves = cells_and_mean(block)  # (B, S S + 1, T)
            n_waves = waves.shape[1]
            rate_hz, speed = (
                batch[name].repeat_interleave(n_waves) for name in ("disturbance_hz", "speed")
            )
            freq_hz, power = power_spectrum(waves.flatten(0, 1), FPS, N_FFT)
            parts["disturbance"] = disturbance_loss(freq_hz, power, rate_hz, scaled_band(speed))
        return sum(getattr(self, name) * value for name, value in parts.items()), parts


@dataclass(frozen=True)
class SupervisedContrast:
    """Contrast with windows of the ground-truth BVP, negative Pearson and MCC: eq. 14, whose alpha
    and beta are pearson and mcc.  For a clip that has an HR label alone, `rate_loss`.

    A batch without any ground-truth BVP has `rate_loss` alone.  self_supervised: weight of
    `losses`, the contrast of pre-training; the paper has none of it here.  mcc_form: "own", or
    eq. 11 as "printed".
    """

    truth: float = 1.0
    pearson: float = 0.1
    mcc: float = 0.2
    rate: float = 1.0
    self_supervised: float = 0.0
    mcc_form: str = "own"
    losses: Contrast = field(default_factory=Contrast)

    def __post_init__(self):
        if self.mcc_form not in MCC:
            raise ValueError(f"mcc_form {self.mcc_form!r}, expected {' or '.join(MCC)}")

    def __call__(self, model: nn.Module, batch: dict, generator: torch.Generator):
        block = model(batch["clip"], whole_block=True).float()
        share = self.losses.share(block, batch["speed"], generator)
        unlabelled, parts = self.losses.of_share(share, block, batch)
        has_wave, waves = batch["has_wave"], block.mean(dim=(2, 3))  # (B,), (B, T)
        only_rate = batch["has_hr"] & ~has_wave
        of_labels = self._of_waves(share, waves, batch, generator)
        of_labels["rate"] = rate_loss_of(waves, batch, only_rate)
        n_labelled = (has_wave | only_rate).sum().clamp_min(1)
        n_of = {"rate": only_rate.sum()}  # a loss is a mean over the clips that have its label
        labelled = sum(
            (self.truth if name.startswith("truth") else getattr(self, name))
            * value
            * n_of.get(name, has_wave.sum())
            for name, value in of_labels.items()
        )
        return labelled / n_labelled + self.self_supervised * unlabelled, {**of_labels, **parts}

    def _of_waves(self, share: Tensor, waves: Tensor, batch: dict, generator) -> Parts:
        """Losses of the clips that have a ground-truth BVP; zeros if none has."""
        names = ("truth_pull", "truth_push", "pearson", "mcc")
        has_wave, bvp = batch["has_wave"], batch["wave"]  # (B,), (B, T)
        speed = batch["speed"][has_wave]  # (L,)
        if not has_wave.any():
            return {name: waves.new_zeros(()) for name in names}
        n_windows, n_frames = share.shape[1], waves.shape[1] // 2
        truth = wave_windows(bvp[has_wave], n_frames, n_windows, generator)
        truth = window_spectra(truth, FPS, scaled_band(speed, BAND_HZ))[1]  # (L, N, F)
        pair = waves[has_wave], bvp[has_wave]
        return {
            "truth_pull": truth_pull_loss(share[has_wave], truth),
            "truth_push": truth_push_loss(share, truth, has_wave),
            "pearson": negative_pearson(*pair),
            "mcc": MCC[self.mcc_form](*pair, FPS, scaled_band(speed)),
        }
