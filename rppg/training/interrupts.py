"""SIGINT and SIGTERM, held back until the work in hand is whole.

    with StopSignals() as signals:
        while not signals.received:
            work()
    signals.deliver()  # what was asked for happens now

A second signal is not held back.
"""

import signal
import threading

HELD = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """A context manager; `received` is the number of the signal that came, else None.

    Signals that were ignored stay ignored.  Python lets only the main thread of a process handle
    signals: in another one nothing is held back.
    """

    def __init__(self):
        self.received: int | None = None
        self._before = {}

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():
            for number in HELD:
                if signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._hold)
        return self

    def __exit__(self, *exception) -> None:
        self._restore()

    def deliver(self) -> None:
        """Let the signal that came do what it would have done.  Raises KeyboardInterrupt where
        that did not end anything."""
        if self.received is not None:
            signal.raise_signal(self.received)
            raise KeyboardInterrupt(f"stopped by signal {self.received}")

    def _hold(self, number, frame) -> None:
        self.received = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before = {}
