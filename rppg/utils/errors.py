"""Errors that a program which uses rppg may want to catch.

>>> try:
...     raise InputError("found an array (300,), expected (T, H, W, 3)")
... except RppgError as error:  # or ValueError
...     print(error)
found an array (300,), expected (T, H, W, 3)
"""

from collections.abc import Iterator
from contextlib import contextmanager


class RppgError(Exception):
    """Base of the package's own errors: the message says what was found and what to do."""


class InputError(RppgError, ValueError):
    """An argument has a type, shape or value that cannot be used."""


class NoHeartRateError(RppgError, ValueError):
    """What was given can be read, but holds no heart rate that could be told."""


class MissingModelError(RppgError, FileNotFoundError):
    """No trained weights lie where they were looked for."""


@contextmanager
def no_heart_rate(source: str = "") -> Iterator[None]:
    """Inside, a ValueError of the code that reads waves and rates is a NoHeartRateError, with the
    name of the source before it; the package's own errors pass."""
    try:
        yield
    except RppgError:
        raise
    except ValueError as error:
        raise NoHeartRateError(f"{source}: {error}" if source else str(error)) from error
