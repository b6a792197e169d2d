"""An iterable that a thread reads ahead of its consumer, in order, by a bounded number of items.

    >>> list(read_ahead(range(5), n=2))
    [0, 1, 2, 3, 4]

It pays where both sides spend their time in code that releases Python's lock, as decoders do.
"""

from collections.abc import Iterable, Iterator
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import TypeVar

Item = TypeVar("Item")
_END = object()


def read_ahead(items: Iterable[Item], n: int) -> Iterator[Item]:
    """Yield the items; a thread reads at most n of them before they are asked for.

    An exception of `items` is raised here, after the items before it.  The thread starts with the
    first item and has ended, and a generator in `items` is closed, when this iterator is exhausted,
    closed or garbage-collected.
    """
    ready, free, stop = SimpleQueue(), Semaphore(n), Event()
    thread = Thread(target=_fill, args=(items, ready, free, stop), daemon=True)
    thread.start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is _END:
                return
            free.release()
            yield item
    finally:
        stop.set()
        free.release()  # a thread that waits for a place goes on, and ends
        thread.join()


def _fill(items: Iterable, ready: SimpleQueue, free: Semaphore, stop: Event) -> None:
    try:
        source = iter(items)
        try:
            while not stop.is_set():
                free.acquire()
                if stop.is_set():
                    return
                item = next(source, _END)
                ready.put((item, None))
                if item is _END:
                    return
        finally:
            if close := getattr(source, "close", None):
                close()
    except BaseException as error:  # whatever it is, it is the consumer's
        ready.put((None, error))
