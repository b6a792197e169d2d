"""A predicted BVP against an HR label, for recordings without a ground-truth BVP.

Spectra are power (B, F) over freq_hz (F,), as in `sinc.py`; `hr_bpm` (B,) and `band_hz` are those
of the clips as they are: both are scaled if a clip is played faster.

    >>> from rppg.signals.spectrum import power_spectrum
    >>> wave = torch.sin(2 * torch.pi * 1.2 * torch.arange(300) / 30)[None]  # 72 bpm
    >>> freq_hz, power = power_spectrum(wave, fps=30, n_fft=5400)
    >>> [round(rate_loss(freq_hz, power, torch.tensor([bpm])).item(), 1) for bpm in (72.0, 150.0)]
    [0.1, 8.2]

The loss is minus the logarithm of the share of in-band power within 0.1 Hz of the true rate: the
cross-entropy of the spectrum, seen as a distribution of the rate, with that window.  Closest in
print: the spectral cross-entropy of PhysFormer (Yu et al., CVPR 2022), which compares with one bin.
"""

from torch import Tensor

from rppg.losses.sinc import PEAK_HALF_WIDTH_HZ, band_limits, in_band_share
from rppg.signals.spectrum import HEART_BAND_HZ

LEAST_SHARE = 1e-6  # smallest share in the logarithm, of a spectrum without power near the HR


def rate_loss(
    freq_hz: Tensor,
    power: Tensor,
    hr_bpm: Tensor,
    band_hz: Tensor | tuple[float, float] = HEART_BAND_HZ,
) -> Tensor:
    """-log(share of in-band power within 6 bpm of hr_bpm (B,)), mean over the batch: 0 to 13.8.

    A perfect sine is at 0.09 and noise at about 2.5.  The sign of a wave is not seen.  Raises
    ValueError if hr_bpm is not (B,), or a rate does not lie in its band.
    """
    limits_hz = band_limits(freq_hz, power, band_hz)  # (B, 2) or (1, 2)
    if hr_bpm.shape != power.shape[:1]:
        expected = f"({len(power)},)"
        raise ValueError(f"hr_bpm has the shape {tuple(hr_bpm.shape)}, expected {expected}")
    true_hz = hr_bpm.to(freq_hz)[:, None] / 60  # (B, 1)
    outside = ((true_hz < limits_hz[:, :1]) | (true_hz > limits_hz[:, 1:]))[:, 0]  # (B,)
    if outside.any():
        wrong, limits = hr_bpm[outside].tolist(), limits_hz.tolist()
        raise ValueError(f"heart rates of {wrong} bpm lie outside the band of {limits} Hz")
    freq_hz, share = in_band_share(
        freq_hz, power, limits_hz.expand(len(power), 2)
    )  # (F',), (B, F')
    near = (freq_hz - true_hz).abs() <= PEAK_HALF_WIDTH_HZ  # (B, F')
    return -((share * near).sum(dim=-1).clamp_min(LEAST_SHARE)).log().mean()
