"""How purely the colours of a face's regions change as blood changes them, at each frequency.

    >>> from rppg.signals.classical import PULSE_SIGNATURE
    >>> t = np.arange(300) / 30
    >>> beat = 0.005 * np.sin(2 * np.pi * 1.2 * t)  # 72 bpm
    >>> nod = 0.02 * np.sin(2 * np.pi * 1.8 * t)  # and light, as it moves at 108
    >>> noise = 1e-3 * np.random.default_rng(0).standard_normal((300, 6, 3))
    >>> shading = np.linspace(-1, 1, 6)[:, None] * np.ones(3)  # (6, 3), another one per region
    >>> rgb = 1 - beat[:, None, None] * PULSE_SIGNATURE + nod[:, None, None] * shading + noise
    >>> purity = signature_purity(rgb, 30.0, np.array([1.2, 1.8]))
    >>> bool(purity[0] > 0.7), bool(purity[1] < 0.1)
    (True, True)

A spectrum says how strong a wave is at a frequency; this says how much of what the regions do
there, seen from what they do otherwise, is by the signature of blood volume in all of them alike.
"""

import numpy as np

from rppg.signals.multi_region import pulse_windows


def signature_purity(rgb: np.ndarray, fps: float, freq_hz: np.ndarray) -> np.ndarray:
    """Share (F,), 0 to 1, of the regions' change at freq_hz (F,) that is along the signature.

    With x the Fourier transform (3R,) of the channels of `pulse_windows` at a frequency, R their
    covariance and p the signature, it is |p' R^-1 x|^2 / (p' R^-1 p  x' R^-1 x): the adaptive
    coherence estimator (Kraut, Scharf & McWhorter, IEEE Trans. Signal Process. 49(1), 2001), its
    numerator and denominator added up over the windows.  A gain of the colours changes hardly
    anything.  Raises ValueError as `pulse_windows` does.
    """
    along, in_all = np.zeros(len(freq_hz)), np.zeros(len(freq_hz))
    for one in (one for stretch in pulse_windows(rgb, fps) for one in stretch):
        times_s = np.arange(len(one.channels)) / fps
        change = np.exp(-2j * np.pi * np.outer(freq_hz, times_s)) @ one.channels  # (F, 3R)
        along += np.abs(change @ one.weights) ** 2 / (one.signature @ one.weights)
        in_all += (change.conj() * (change @ one.inverse)).real.sum(axis=1)
    return along / np.maximum(in_all, 1e-300)
