"""Power of a predicted BVP at the rate of a distractor in its clip.

Spectra are power (B, F) over freq_hz (F,), as in `sinc.py`; rate_hz (B,) is the distractor's, NaN
without one; `band_hz` as there.

    >>> import torch
    >>> from rppg.signals.spectrum import power_spectrum
    >>> wave = torch.sin(2 * torch.pi * 1.2 * torch.arange(300) / 30)[None]  # 1.2 Hz
    >>> freq_hz, power = power_spectrum(wave, fps=30, n_fft=5400)
    >>> rates = (1.2, 2.0, float("nan"))
    >>> [round(disturbance_loss(freq_hz, power, torch.tensor([hz])).item(), 1) for hz in rates]
    [0.9, 0.0, 0.0]

The distractors: `rppg.dataloader.distractors`.
"""

from torch import Tensor

from rppg.losses.sinc import PEAK_HALF_WIDTH_HZ, in_band_share
from rppg.signals.spectrum import HEART_BAND_HZ


def disturbance_loss(
    freq_hz: Tensor,
    power: Tensor,
    rate_hz: Tensor,
    band_hz: Tensor | tuple[float, float] = HEART_BAND_HZ,
) -> Tensor:
    """Share of the in-band power within 0.1 Hz of rate_hz (B,), mean over the batch: 0 to 1.

    A clip without a distractor counts as 0.  Raises ValueError if rate_hz is not (B,).
    """
    freq_hz, share = in_band_share(freq_hz, power, band_hz)  # (F',), (B, F')
    if rate_hz.shape != share.shape[:1]:
        raise ValueError(f"rate_hz has the shape {tuple(rate_hz.shape)}, expected ({len(share)},)")
    near = (freq_hz - rate_hz.to(freq_hz)[:, None]).abs() <= PEAK_HALF_WIDTH_HZ  # NaN: nowhere
    return (share * near).sum(dim=-1).mean()
