"""Chrominance signals of G - B, POS and CHROM, for arrays of any library.

    >>> signals = pulse_colours(0.33, 0.77, 0.53, lambda one, other, sign: one)
    >>> [round(signal, 2) for signal in signals]  # a pulse in R, G, B: all positive
    [0.24, 0.24, 0.55]

Colours are relative to their means; the caller weights the two projections of each method.
Source: POS, Wang et al., "Algorithmic principles of remote PPG", IEEE TBME 2017; CHROM, de Haan and
Jeanne, "Robust pulse rate from chrominance-based rPPG", IEEE TBME 2013.
"""

from collections.abc import Callable

SLOW_FRAMES = 49  # 1.6 s at 30 fps, POS's window: slower changes are no pulse


def pulse_colours(red, green, blue, add: Callable) -> tuple:
    """G - B, POS and CHROM; CHROM is negated, because its pulse is inverted.

    add: (projection, other projection, sign) -> the first plus or minus the scaled second one.
    """
    pos = add(green - blue, green + blue - 2 * red, 1)
    chrom = add(3 * red - 2 * green, 1.5 * red + green - 1.5 * blue, -1)
    return green - blue, pos, -chrom
