"""The bar of a preparation, and how long it will still take.

Recordings differ in length, so each weighs as many bytes as its source has.  What was prepared in
an earlier call takes no time, so the rate is that of the recordings prepared in this one.

    >>> Rate(bytes_done=2e6, seconds_done=10.0).time_left_s(n_bytes=8e6, workers=2)
    20.0
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from tqdm import tqdm

from rppg.datasets.recording import Recording


@dataclass
class Rate:
    """Bytes of sources that were prepared, and the seconds that workers took for them."""

    bytes_done: float = 0.0
    seconds_done: float = 0.0

    def add(self, n_bytes: float, seconds: float) -> None:
        self.bytes_done += n_bytes
        self.seconds_done += seconds

    def time_left_s(self, n_bytes: float, workers: int) -> float | None:
        """For as many bytes more, by workers beside each other; None where no rate is known."""
        if not self.bytes_done:
            return None
        return n_bytes * self.seconds_done / self.bytes_done / max(workers, 1)


class Progress:
    """A bar that says how many recordings are done and have failed, and the time left.

    A context manager.  Nothing is shown where `show` is False.
    """

    def __init__(self, recordings: Sequence[Recording], workers: int, show: bool):
        self.sizes = [source_bytes(recording) for recording in recordings]
        self.workers, self.rate, self.bytes_left = workers, Rate(), sum(self.sizes)
        self.n_done = self.n_failed = 0
        self._bar = tqdm(
            total=self.bytes_left,
            desc="prepare",
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}{postfix}",
            disable=not show,
        )
        self._tell()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exception) -> None:
        self._bar.close()

    def done(self, index: int, status: str, seconds: float | None) -> None:
        """Count a recording: its place in the list, how it ended, what its worker took for it."""
        self.n_done += 1
        self.n_failed += status == "failed"
        if status == "prepared" and seconds is not None:
            self.rate.add(self.sizes[index], seconds)
        self.bytes_left -= self.sizes[index]
        self._tell()
        self._bar.update(self.sizes[index])

    def text(self) -> str:
        """What stands behind the bar."""
        n_left = len(self.sizes) - self.n_done
        left_s = self.rate.time_left_s(self.bytes_left, min(self.workers, n_left))
        left = "?" if left_s is None else str(datetime.timedelta(seconds=round(left_s)))
        counts = f"{self.n_done}/{len(self.sizes)} recordings, failed={self.n_failed}"
        return f"{counts}, left {left}" if n_left else counts

    def _tell(self) -> None:
        self._bar.set_postfix_str(self.text(), refresh=False)


def source_bytes(recording: Recording) -> int:
    """Size of a video, of all images together; 1 at least, and where a source is missing."""
    frames = recording.frames if isinstance(recording.frames, tuple) else (recording.frames,)
    try:
        return max(1, sum(path.stat().st_size for path in frames))
    except OSError:
        return 1  # it fails at once, with its reason
