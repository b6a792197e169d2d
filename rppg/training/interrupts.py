"""SIGINT and SIGTERM, deferred until the current work is complete.

    with StopSignals() as signals:
        while not signals.received:
            work()
    signals.deliver()  # the deferred signal takes effect now

A second signal is not deferred.
"""

import signal
import threading

DEFERRED = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """A context manager; `received` is the number of the received signal, else None.

    Ignored signals stay ignored.  Python handles signals in the main thread only: in another thread
    nothing is deferred.
    """

    def __init__(self):
        self.received: int | None = None
        self._before = {}

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():
            for number in DEFERRED:
                if signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._defer)
        return self

    def __exit__(self, *exception) -> None:
        self._restore()

    def deliver(self) -> None:
        """Raise the received signal again, now with its original handler.  Raises KeyboardInterrupt
        if that handler returns."""
        if self.received is not None:
            signal.raise_signal(self.received)
            raise KeyboardInterrupt(f"stopped by signal {self.received}")

    def _defer(self, number, frame) -> None:
        self.received = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before = {}
