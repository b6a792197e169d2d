"""One MTCNN for all processes: it is needed once per video, and torch is large.

Importing torch takes 1-3 s and 0.7 GB of memory, so workers do not import it: they send a frame to
a shared process and get the box of the face.

    >>> with shared_finder() as find:  # doctest: +SKIP
    ...     find(rgb)  # here, or in any process that `find` was sent to
    (181.2, 61.9, 268.1, 171.5)
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.managers import BaseManager

import numpy as np

from rppg.preprocessing.face_mesh import find_box, load_mtcnn
from rppg.utils.errors import RppgError
from rppg.utils.worker_pool import end_with, interrupts_held

Box = tuple[float, float, float, float]


class BoxFinder:
    """MTCNN, built on first use; calls are serialised."""

    def __init__(self):
        self._mtcnn, self._lock = None, threading.RLock()

    def find(self, rgb: np.ndarray) -> Box | None:
        """`find_box` of a frame (H, W, 3) uint8."""
        with self._lock:
            return find_box(rgb, self._built())

    def warm_up(self) -> None:
        """Build MTCNN in a thread, for a caller with other work to do before its first frame."""
        threading.Thread(target=self._built, daemon=True).start()

    def _built(self):
        with self._lock:
            self._mtcnn = self._mtcnn or load_mtcnn()
            return self._mtcnn


class NoFaceError(RppgError, ValueError):
    """No face was found in a video, or not for long enough."""


class NoCropError(NoFaceError):
    """FaceMesh finds a face in a video, but MTCNN none to crop: classical methods need no crops."""


class FinderLost(RuntimeError):
    """The process of a shared finder has ended: no recording is at fault, so the run ends too."""


class _SharedFinder:
    """`find` of the shared BoxFinder; can be sent to other processes."""

    def __init__(self, proxy):
        self.proxy = proxy

    def __call__(self, rgb: np.ndarray) -> Box | None:
        try:
            return self.proxy.find(rgb)
        except (EOFError, OSError) as error:
            raise FinderLost(f"the process that finds faces has ended ({error!r})") from error


class _Server(BaseManager):
    """The process that holds the shared BoxFinder."""


_Server.register("BoxFinder", BoxFinder)


@contextmanager
def shared_finder(warm_up: bool = False) -> Iterator[Callable[[np.ndarray], Box | None]]:
    """A function like `find_box` that works in every process and uses one shared process.

    warm_up: load MTCNN at once, while the caller goes on, instead of when it is first called.
    The function raises FinderLost if that process has ended.
    """
    server = _Server(ctx=get_context("spawn"))
    with ExitStack() as stack:
        with interrupts_held():
            server.start(_start, (os.getpid(),))
            stack.callback(server.shutdown)
        proxy = server.BoxFinder()
        if warm_up:
            proxy.warm_up()
        yield _SharedFinder(proxy)


def _start(parent: int) -> None:
    """Initialise the server: torch uses one thread, and the process ends with its parent."""
    os.environ["OMP_NUM_THREADS"] = "1"  # torch reads it when it is imported
    threading.Thread(target=end_with, args=(parent,), daemon=True).start()
