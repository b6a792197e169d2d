"""Signal-to-noise ratio of a wave at a known heart rate, as a metric and as a loss.

Waves are (B, T), rates (B,) in bpm, ratios (B,) in dB.

    >>> wave = torch.sin(2 * torch.pi * 1.2 * torch.arange(300) / 30)[None]  # 72 bpm
    >>> [round(snr_db(wave, torch.tensor([bpm]), fps=30).item()) for bpm in (72.0, 150.0)]
    [10, -36]

So a perfect sine is not at infinity: 10 s of it leak that much, 60 s are at 18 dB.

Source: appendix A2 of Gideon and Stent, ICCV 2021: the power in the bin of the true rate, compared
"to the total other power".  Their code compares that one bin, of an unpadded spectrum, to the mean,
not the sum, of the band's other bins but the next two: theirs is some 10 to 20 dB higher at 10 s.
Taken here: the spectrum padded to 1/3 bpm, all power within 6 bpm of the rate, as few rates lie on
a bin, and the sum of the rest of the band.
"""

from torch import Tensor

from rppg.losses.constants import N_FFT
from rppg.losses.rate_cross_entropy import LEAST_SHARE
from rppg.losses.sinc import PEAK_HALF_WIDTH_HZ, band_limits, in_band_share
from rppg.losses.windows import BAND_HZ
from rppg.signals.spectrum import power_spectrum


def snr_db(
    wave: Tensor,
    hr_bpm: Tensor,
    fps: float,
    band_hz: Tensor | tuple[float, float] = BAND_HZ,
) -> Tensor:
    """Power within 6 bpm of hr_bpm (B,) over the rest of the band's, in dB (B,): -60 to 60.

    wave: (B, T); band_hz: (low, high), or (B, 2) for clips played faster, whose rates are as they
    are played.  White noise is at about -13 dB.  A wave without any power in the band counts as one
    with as much everywhere, without a gradient.  Raises ValueError if shapes do not fit, or a
    rate does not lie in its band.
    """
    freq_hz, power = power_spectrum(wave, fps, max(N_FFT, wave.shape[-1]))
    limits_hz = band_limits(freq_hz, power, band_hz)  # (B, 2) or (1, 2)
    true_hz = _rates_hz(hr_bpm, limits_hz, power)  # (B, 1)
    freq_hz, share = in_band_share(freq_hz, power, limits_hz.expand(len(power), 2))  # (B, F)
    near = (freq_hz - true_hz).abs() <= PEAK_HALF_WIDTH_HZ
    signal, noise = (share * near).sum(dim=-1), (share * ~near).sum(dim=-1)  # (B,), sum 1
    return 10 * (signal.clamp_min(LEAST_SHARE) / noise.clamp_min(LEAST_SHARE)).log10()


def negative_snr(
    wave: Tensor,
    hr_bpm: Tensor,
    fps: float,
    band_hz: Tensor | tuple[float, float] = BAND_HZ,
) -> Tensor:
    """Minus `snr_db`, mean over the batch: the loss of their Fig. 5, 60 to -60."""
    return -snr_db(wave, hr_bpm, fps, band_hz).mean()


def _rates_hz(hr_bpm: Tensor, limits_hz: Tensor, power: Tensor) -> Tensor:
    """hr_bpm (B,) in Hz, (B, 1).  ValueError for other shapes, or rates not inside their limits."""
    if hr_bpm.shape != power.shape[:1]:
        expected = f"({len(power)},)"
        raise ValueError(f"hr_bpm has the shape {tuple(hr_bpm.shape)}, expected {expected}")
    true_hz = hr_bpm.to(power)[:, None] / 60  # (B, 1)
    inside = ((true_hz >= limits_hz[:, :1]) & (true_hz <= limits_hz[:, 1:]))[:, 0]  # (B,)
    if not inside.all():
        wrong, limits = hr_bpm[~inside].tolist(), limits_hz.tolist()
        raise ValueError(f"heart rates of {wrong} bpm lie outside the band of {limits} Hz")
    return true_hz
