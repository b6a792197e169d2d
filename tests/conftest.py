"""Fixtures that several files of tests ask for by name, and the count of malformed inputs."""

import warnings
from collections import Counter
from pathlib import PurePath

import pytest

from rppg.utils.threads import one_thread


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


def pytest_terminal_summary(terminalreporter):
    """How many malformed inputs were tried, by the file of their tests."""
    tried = Counter(
        PurePath(report.nodeid.split("::")[0]).stem.removeprefix("test_")
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if report.when == "call" and "malformed" in report.keywords
    )
    if tried:
        parts = ", ".join(f"{name} {n}" for name, n in sorted(tried.items()))
        terminalreporter.write_line(f"malformed inputs tried: {sum(tried.values())} ({parts})")
