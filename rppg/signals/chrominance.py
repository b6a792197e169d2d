"""What POS and CHROM make of colours: the pulse in three signals, for arrays of any kind.

    >>> signals = pulse_colours(0.33, 0.77, 0.53, lambda one, other, sign: one)
    >>> [round(signal, 2) for signal in signals]  # of a pulse in R, G, B: all up
    [0.24, 0.24, 0.55]

Colours are relative to their own means; how each method weighs its two projections is the caller's.
Source: POS, Wang et al., "Algorithmic principles of remote PPG", IEEE TBME 2017; CHROM, de Haan and
Jeanne, "Robust pulse rate from chrominance-based rPPG", IEEE TBME 2013.
"""

from collections.abc import Callable

SLOW_FRAMES = 49  # 1.6 s at 30 fps, POS's window: what is slower is no pulse


def pulse_colours(red, green, blue, add: Callable) -> tuple:
    """G - B, POS and CHROM, this one turned, as its pulse points down.

    add: (one projection, the other, sign) -> the first plus or minus the second, scaled to it.
    """
    pos = add(green - blue, green + blue - 2 * red, 1)
    chrom = add(3 * red - 2 * green, 1.5 * red + green - 1.5 * blue, -1)
    return green - blue, pos, -chrom
