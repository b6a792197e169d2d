"""Fixtures that several files of tests ask for by name."""

import warnings

import pytest

from rppg.signals.heart_rate import one_thread


@pytest.fixture
def single_thread():
    """Nets as small as those of the tests are done sooner by one; and equal bits ask for one number
    of threads."""
    with one_thread():
        yield


@pytest.fixture
def no_warnings():
    """Every warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
