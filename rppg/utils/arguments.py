"""Checks of arguments that a program gives: which values count as a number.

>>> is_number(30), is_number(True), is_number("30")
(True, False, False)
"""

import numpy as np

from rppg.utils.errors import InputError

FASTEST_FPS = 1e6  # samples a second that are believed


def check_fps(fps) -> None:
    """Raise InputError unless fps is None or a positive number."""
    if fps is not None and not (is_number(fps) and 0 < fps < FASTEST_FPS):
        raise InputError(f"fps is {str(fps)[:40]!r}, expected a positive number")


def is_number(value) -> bool:
    """Whether a value is one real number, Python's or NumPy's; True and False are none."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
