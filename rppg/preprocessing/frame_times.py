"""Times of a video's frames: in order, one per frame, from whatever clock the container holds.

Most files have presentation times and these are used as they are.  Where they are missing, equal
or out of order, a frame is timed between its neighbours; where the clock starts again (joined
files), the times go on.  Files with B-frames but decode times only (H.264 in AVI or ASF) give each
frame, in the decoder's order, the next of the sorted times.

    >>> clock = Clock(rate=30.0)
    >>> [round(clock.time_s(now, after), 3) for now, after in [(0.0, 0.1), (0.1, 0.0), (0.0, 0.1)]]
    [0.0, 0.1, 0.133]
    >>> clock.notes()
    ['the clock starts again or jumps (1 time): the times go on without a gap']
"""

from bisect import insort
from collections import deque
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import islice
from operator import itemgetter

import av

from rppg.preprocessing.container import Film, Weight, open_video
from rppg.preprocessing.video_writer import VideoError

LONGEST_JUMP_S = 60.0  # between frames; after more, another clock is assumed
LATEST_S = 1e11  # stamps beyond are garbage; clocks that count from 1970 are at 2e9 s
LONGEST_REORDER = 17  # frames that a decoder may hold back, and the one it returns
GIVE_FPS = "give fps, the number of frames per second (--fps of a command)"
SAMPLED_PACKETS = 512  # in which the order of the stamps is looked up


class Clock:
    """Turns stamps in s, or None, into strictly increasing times in s.

    rate: frames per second of the header, for frames without a usable stamp; None: the last step
    between two stamps.  name: the file, for the VideoError if there is neither.
    """

    def __init__(self, rate: float | None = None, name: str = "the file"):
        self.name = name
        self.n = self.n_mended = self.n_restarts = 0
        self.rate, self._step_s = rate, None if rate is None else 1 / rate
        self._last, self._offset_s = None, 0.0  # the last stamp, and what is added to stamps
        self.closed_s = 0.0  # gaps of more than a minute that were closed

    def time_s(self, stamp: float | None, after: float | None) -> float:
        """The time of the next frame; after: stamp of the frame after it, None if unknown."""
        self.n += 1
        last, stamp, after = self._last, _possible(stamp), _possible(after)
        if last is None:
            stamp = self._first(stamp, after)
        elif after is not None and self._is_odd_one_out(stamp, after):
            self.n_mended += 1
            stamp = (last + after) / 2
        elif stamp is None or stamp <= last and (after is None or after <= stamp):
            self.n_mended += 1
            stamp = last + self._interval_s()
        elif not last < stamp <= last + LONGEST_JUMP_S:
            self.n_restarts += 1
            step_s = last + self._interval_s() - stamp
            self._offset_s += step_s
            self.closed_s += max(0.0, -step_s)
        elif self.rate is None:
            self._step_s = stamp - last
        self._last = stamp
        return stamp + self._offset_s

    def _first(self, stamp: float | None, after: float | None) -> float:
        if stamp is None:
            self.n_mended += 1
            return 0.0 if after is None else after - self._interval_s()
        return stamp

    def _is_odd_one_out(self, stamp: float | None, after: float) -> bool:
        """Whether this stamp alone does not fit between the last one and the one after it."""
        fits = 0 < after - self._last <= LONGEST_JUMP_S
        return fits and (stamp is None or not self._last < stamp <= after)

    def _interval_s(self) -> float:
        if self._step_s is None:
            raise VideoError(f"{self.name} holds no times; {GIVE_FPS}")
        return self._step_s

    def notes(self) -> list[str]:
        """What was assumed, one sentence each.  Raises VideoError if no stamp was of use."""
        if self.n_mended >= self.n - 1 > 0:
            raise VideoError(f"{self.name} holds no times; {GIVE_FPS}")
        notes = []
        if self.n_mended:
            found = f"{self.n_mended} of {self.n} times are missing, repeated or out of order"
            notes.append(f"{found}: these frames are timed between their neighbours")
        if self.n_restarts:
            times = "1 time" if self.n_restarts == 1 else f"{self.n_restarts} times"
            text = f"the clock starts again or jumps ({times})"
            notes.append(f"{text}: the times go on without a gap")
        return notes


def _possible(stamp: float | None) -> float | None:
    return stamp if stamp is not None and abs(stamp) < LATEST_S else None


class Damaged:
    """Stands for a packet that cannot be decoded, in place of a frame."""

    def __init__(self, error: av.FFmpegError):
        self.error = error


class FrameSource:
    """Iterates over (frame or Damaged, stamp in s or None), in the order in which they are shown.

    threads: frames that FFmpeg decodes at a time.  What several threads make of a damaged file may
    vary, so at the first sign of damage one thread begins again, and goes on from there.
    weight: gets the packets.
    After the last frame, `reordered` says that the file has no presentation times and its frames
    got the sorted decode times, and `error` is what ended the decoding too early, or None.
    """

    def __init__(self, film: Film, threads: int = 1, weight: Weight | None = None):
        self.film, self.error, self.reordered = film, None, False
        self._weight = weight or Weight()
        self._threads, self._is_damaged = threads, False
        self._sorts = film.has_clock and _has_decode_times(film)

    def __iter__(self) -> Iterator[tuple[av.VideoFrame | Damaged, float | None]]:
        n = 0
        for item in self._shown(self.film, self._threads):
            n += 1
            yield item
        if self._is_damaged:
            self.error, self.reordered = None, False
            with open_video(self.film.path) as again:
                yield from islice(self._shown(again, 1), n, None)

    def _shown(
        self, film: Film, threads: int
    ) -> Iterator[tuple[av.VideoFrame | Damaged, float | None]]:
        """The items as decoded by so many threads; several end where there is damage."""
        waiting, base = [], film.stream.time_base  # damaged packets whose turn comes later
        for item, ticks in self._decoded(film, threads):
            if threads > 1:
                self._is_damaged |= isinstance(item, Damaged) or item.is_corrupt
                if self._is_damaged:
                    return
            stamp = None if ticks is None else float(ticks) * base.numerator / base.denominator
            if isinstance(item, Damaged) and stamp is not None:
                insort(waiting, (item, stamp), key=itemgetter(1))
                continue
            while waiting and stamp is not None and waiting[0][1] < stamp:
                yield waiting.pop(0)
            yield item, stamp
        yield from waiting

    def _decoded(
        self, film: Film, threads: int
    ) -> Iterator[tuple[av.VideoFrame | Damaged, int | None]]:
        stream, stamps = film.stream, DecodeTimes()
        stream.codec_context.thread_count = threads
        stream.codec_context.thread_type = "FRAME"
        self._weight.start(film)
        try:
            for packet in film.container.demux(stream):
                self._weight.add(packet)
                self._is_damaged |= threads > 1 and packet.is_corrupt
                ticks = packet.dts if packet.pts is None else packet.pts
                if self._sorts and packet.size and not packet.is_discard:
                    ticks = stamps.push(ticks)
                try:
                    frames = packet.decode()
                except av.InvalidDataError as error:
                    stamps.remove(ticks)
                    yield Damaged(error), ticks
                    continue
                for frame in frames:
                    ticks = stamps.pop() if self._sorts else frame.pts
                    self.reordered |= ticks != frame.pts
                    yield frame, ticks
        except (av.FFmpegError, ValueError) as error:
            self.error = error
            self._is_damaged |= threads > 1


class DecodeTimes:
    """Decode times in ticks of packets whose frames are still to be shown, the earliest first."""

    def __init__(self):
        self._heap, self._last, self._step, self._offset = [], None, 1, 0

    def push(self, ticks: int | None) -> int:
        """Add a packet's time and return it; one that goes back, or None, is moved on."""
        last = self._last
        if ticks is None:
            ticks = 0 if last is None else last + self._step
        elif last is not None and ticks + self._offset <= last:
            self._offset = last + self._step - ticks
            ticks += self._offset
        else:
            ticks += self._offset
            self._step = self._step if last is None else ticks - last
        self._last = ticks
        heappush(self._heap, ticks)
        return ticks

    def pop(self) -> int | None:
        while len(self._heap) > LONGEST_REORDER:  # their packets gave no frame
            heappop(self._heap)
        return heappop(self._heap) if self._heap else None

    def remove(self, ticks: int | None) -> None:
        if ticks in self._heap:
            self._heap.remove(ticks)
            heapify(self._heap)


def _has_decode_times(film: Film) -> bool:
    """Whether frames are reordered although the packets' times increase: none is a time of
    presentation.  Read from the first packets of the file, opened again."""
    if not film.stream.codec_context.has_b_frames:
        return False
    last = None
    with open_video(film.path) as again:
        for packet in islice(again.container.demux(again.stream), SAMPLED_PACKETS):
            ticks = packet.dts if packet.pts is None else packet.pts
            if ticks is not None and last is not None and ticks < last:
                return False
            last = last if ticks is None else ticks
    return last is not None


def timed(
    source: FrameSource, clock: Clock, fps: float | None
) -> Iterator[tuple[av.VideoFrame | Damaged, float]]:
    """(frame or Damaged, time in s) of a source; fps: time = index / fps instead of its stamps."""
    ahead = deque()
    for index, item in enumerate(source):
        if fps is not None:
            yield item[0], index / fps
            continue
        ahead.append(item)
        if len(ahead) == 2:
            frame, stamp = ahead.popleft()
            yield frame, clock.time_s(stamp, ahead[0][1])
    for frame, stamp in ahead:
        yield frame, clock.time_s(stamp, None)
