"""Reading ahead: same items, bounded, with errors passed on and no thread left behind."""

import gc
import threading
import time

import pytest

from rppg.utils.read_ahead import read_ahead


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    assert not set(threading.enumerate()) - before


def test_items_come_in_order():
    items = [None, 0, (), *range(100)]
    assert list(read_ahead(items, n=3)) == items
    assert list(read_ahead([], n=1)) == []


def test_no_more_than_n_items_are_read_ahead():
    read = []
    ahead = read_ahead((read.append(k) or k for k in range(50)), n=4)
    for k, item in enumerate(ahead):
        assert item == k and len(read) <= k + 1 + 4
    assert read == list(range(50))


def test_reading_goes_on_while_the_consumer_works():
    read = []
    ahead = read_ahead((read.append(k) or k for k in range(9)), n=3)
    next(ahead)
    deadline = time.monotonic() + 10
    while len(read) < 4 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(read) == 4
    ahead.close()


@pytest.mark.parametrize("error", [ValueError("broken"), MemoryError(), KeyboardInterrupt()])
def test_an_error_is_raised_after_the_items_before_it(error):
    def items():
        yield from range(5)
        raise error

    seen = []
    with pytest.raises(type(error)) as caught:
        seen.extend(item for item in read_ahead(items(), n=2))
    assert caught.value is error and seen == [0, 1, 2, 3, 4]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["closed", "collected", "error of the consumer"])
def test_an_abandoned_iterator_ends_its_thread_and_closes_its_source(how):
    closed = []

    def items():
        try:
            yield from range(10**9)
        finally:
            closed.append(True)

    ahead = read_ahead(items(), n=2)
    assert next(ahead) == 0
    if how == "closed":
        ahead.close()
    elif how == "error of the consumer":
        with pytest.raises(ZeroDivisionError):
            _consume(ahead)
    del ahead
    gc.collect()
    assert closed == [True]


def _consume(ahead):
    for item in ahead:
        1 / (item - 3)


def test_an_iterator_that_is_never_read_starts_no_thread():
    read_ahead(iter(lambda: 1 / 0, None), n=1)
