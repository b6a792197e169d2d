"""What `rppg live` shows: a window with the face, its wave and its rate, or lines in a terminal.

    view = WindowView() if has_display() else TerminalView()
    view.frame(rgb, landmarks, rate)  # every frame; False once the window is closed
    view.rate(rate)                   # every rate
    view.close()

`picture` draws one frame of the window: the rate above the face, its wave below.
"""

import os
import sys
from functools import lru_cache

import cv2
import numpy as np

from rppg.evaluation.consensus_words import LIKELY, certainty
from rppg.inference.stream import Rate
from rppg.signals.bandpass import bandpass

TITLE = "rppg live"
HEADER_PX, STRIP_PX = 84, 120  # above the picture: words; below: the wave
SMALLEST_WIDTH, LARGEST_WIDTH, LARGEST_HEIGHT = 480, 960, 640  # of the picture: a laptop's screen
GREEN, WHITE, GREY, ORANGE = (0, 158, 115), (240, 240, 240), (140, 140, 140), (230, 159, 0)
FONT = cv2.FONT_HERSHEY_SIMPLEX
BARS = "▁▂▃▄▅▆▇█"
TERMINAL_SAMPLES = 30  # of the last 5 s, in a line
CLEAR, WEAK = 0.5, 0.35  # quality; noise has less than WEAK in 95 % of windows of 10 s
LARGE, SMALL = 0.9, 0.45  # sizes of text
MARGIN, LABEL_PX = 12, 22  # pixels: at the sides, and for the label under the wave


def has_display() -> bool:
    """Whether a window can be opened.  On Linux OpenCV ends the process where it cannot."""
    if sys.platform != "linux":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class TerminalView:
    """A line a second: time, the last five seconds of the wave, and the rate in words."""

    def frame(self, rgb: np.ndarray, landmarks: np.ndarray | None, rate: Rate | None) -> bool:
        """Nothing is drawn; the frames go on."""
        return True

    def rate(self, rate: Rate) -> None:
        """Print a rate, or why there is none."""
        print(line_of(rate), flush=True)

    def close(self) -> None:
        """Nothing is open."""


class WindowView:
    """A window of OpenCV's; q, Escape or its button closes it."""

    def __init__(self):
        cv2.namedWindow(TITLE, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)  # without a toolbar

    def frame(self, rgb: np.ndarray, landmarks: np.ndarray | None, rate: Rate | None) -> bool:
        """Show a frame; False once the window is closed."""
        cv2.imshow(TITLE, cv2.cvtColor(picture(rgb, landmarks, rate), cv2.COLOR_RGB2BGR))
        if cv2.waitKey(1) & 0xFF in (ord("q"), 27):
            return False
        return cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) >= 1

    def rate(self, rate: Rate) -> None:
        """It is drawn with the next frame."""

    def close(self) -> None:
        """Close the window."""
        cv2.destroyAllWindows()


def line_of(rate: Rate) -> str:
    """
    >>> line_of(Rate(5.0, float("nan"), float("nan"), "no face in the last 5 s", None))
    '   5 s   no face in the last 5 s'
    """
    if rate.reason:
        return f"{rate.time_s:4.0f} s   {rate.reason}"
    bars = "".join(BARS[k] for k in _levels(rate.wave[-150:], TERMINAL_SAMPLES, len(BARS)))
    line = f"{rate.time_s:4.0f} s   {bars}   {in_words(rate)}"
    return f"{line}: {why}" if (why := doubt_of(rate)) else line


def in_words(rate: Rate) -> str:
    """A rate with how sure it is or, of one method, how far it stands out: it may still be that of
    a movement.

    >>> in_words(Rate(9.0, 71.6, 0.4, "", None, 0.93)), in_words(Rate(9.0, 71.6, 0.4, "", None))
    ('72 bpm, sure (0.93)', '72 bpm, weak (quality 0.40)')
    """
    one = rate.confidence
    if np.isfinite(one):
        return f"{rate.hr_bpm:.0f} bpm, {certainty(one)}"
    one = rate.quality
    how = "clear" if one >= CLEAR else "weak" if one >= WEAK else "lost in noise"
    return f"{rate.hr_bpm:.0f} bpm, {how} (quality {one:.2f})"


def doubt_of(rate: Rate) -> str:
    """Why the consensus is not sure; empty if it is, or if there is none."""
    return rate.words.partition("): ")[2] if rate.words.startswith("not sure") else ""


def picture(rgb: np.ndarray, landmarks: np.ndarray | None, rate: Rate | None) -> np.ndarray:
    """A frame (H, W, 3) uint8 in the window's size with the face's outline, between the rate in
    words and the wave: (HEADER_PX + h + STRIP_PX, w, 3)."""
    height, width = rgb.shape[:2]
    scale = np.clip(width, SMALLEST_WIDTH, LARGEST_WIDTH) / width
    scale = min(scale, LARGEST_HEIGHT / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shown = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if landmarks is not None:
        outline = cv2.convexHull(((landmarks + 0.5) * scale).astype(np.int32))
        cv2.polylines(shown, [outline], True, GREEN, 2, cv2.LINE_AA)
    spare = max(0, SMALLEST_WIDTH - size[0])  # beside a picture that is taller than wide
    shown = cv2.copyMakeBorder(shown, 0, 0, spare // 2, spare - spare // 2, cv2.BORDER_CONSTANT)
    header = _header(shown.shape[1], *_words(landmarks, rate))
    return np.concatenate([header, shown, _strip(shown.shape[1], rate)])


@lru_cache(maxsize=1)
def _header(width: int, text: str, doubt: str, colour: tuple) -> np.ndarray:
    """The words (HEADER_PX, width, 3), the doubt in two lines at most."""
    header, room = _blank(width, HEADER_PX), width - 2 * MARGIN
    size = LARGE * min(1.0, room / max(_width_of(text, LARGE, 2), 1))
    cv2.putText(header, text, (MARGIN, 34), FONT, size, colour, 2, cv2.LINE_AA)
    lines = _wrapped(doubt, room)
    if len(lines) > 2:
        lines[1] = lines[1].rpartition(" ")[0] + " ..."
    for line, y in zip(lines, (56, 74), strict=False):
        cv2.putText(header, line, (MARGIN, y), FONT, SMALL, colour, 1, cv2.LINE_AA)
    return header


def _wrapped(text: str, room: int) -> list[str]:
    """The words of a small text in lines that fit into so many pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if _width_of(longer, SMALL, 1) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _width_of(text: str, size: float, thickness: int) -> int:
    return cv2.getTextSize(text, FONT, size, thickness)[0][0]


def _words(landmarks: np.ndarray | None, rate: Rate | None) -> tuple[str, str, tuple]:
    """What is written on the picture: the rate, what speaks against it, and in which colour."""
    if rate is None:
        return ("no face" if landmarks is None else "measuring: hold still for 5 s"), "", WHITE
    if rate.reason:
        found = "no face" if "face" in rate.reason else "no clear pulse"
        return f"no heart rate: {found}", "", ORANGE
    is_doubtful = rate.confidence < LIKELY or not (rate.confidence >= 0 or rate.quality >= WEAK)
    return in_words(rate), doubt_of(rate), ORANGE if is_doubtful else WHITE


@lru_cache(maxsize=1)
def _strip(width: int, rate: Rate | None) -> np.ndarray:
    """The wave of the last window (STRIP_PX, width, 3): drawn once a rate, not once a frame."""
    strip = _blank(width)
    if rate is None or rate.wave is None:
        return strip
    y = STRIP_PX - LABEL_PX - _levels(rate.wave, width, STRIP_PX - LABEL_PX - MARGIN)
    points = np.stack([np.arange(width), y], axis=1).astype(np.int32)
    cv2.polylines(strip, [points], False, GREEN, 2, cv2.LINE_AA)
    seconds = f"pulse, last {len(rate.wave) / 30:.0f} s"
    cv2.putText(strip, seconds, (12, STRIP_PX - 6), FONT, 0.4, GREY, 1, cv2.LINE_AA)
    return strip


class WaveStrip:
    """A wave (T,), a sample a frame, drawn once; `at` gives it (STRIP_PX, width, 3) for a frame."""

    def __init__(self, wave: np.ndarray, width: int, words: str):
        low, high = np.quantile(wave, (0.01, 0.99))
        share = np.clip((wave - low) / max(high - low, 1e-9), -0.1, 1.1)
        x = np.linspace(6, width - 7, len(wave))
        y = STRIP_PX - 30 - share * (STRIP_PX - 50)
        self._points, self._words = np.stack([x, y], axis=1).astype(np.int32), words
        self._size = SMALL * min(1.0, (width - 2 * MARGIN) / _width_of(words, SMALL, 1))
        self._drawn = _blank(width)
        cv2.polylines(self._drawn, [self._points], False, GREEN, 1, cv2.LINE_AA)

    def at(self, index: int) -> np.ndarray:
        """The strip with a mark at frame `index`."""
        strip = self._drawn.copy()
        cv2.circle(strip, tuple(self._points[index].tolist()), 5, ORANGE, -1, cv2.LINE_AA)
        where = (MARGIN, STRIP_PX - 8)
        cv2.putText(strip, self._words, where, FONT, self._size, WHITE, 1, cv2.LINE_AA)
        return strip


def _blank(width: int, height: int = STRIP_PX) -> np.ndarray:
    return np.full((height, width, 3), 20, np.uint8)


def _levels(wave: np.ndarray, n: int, levels: int) -> np.ndarray:
    """The wave (T,) band-passed, at n samples, as whole numbers from 0 to levels - 1."""
    smooth = bandpass(np.nan_to_num(wave), 30.0)
    sampled = np.interp(np.linspace(0, len(smooth) - 1, n), np.arange(len(smooth)), smooth)
    low, high = sampled.min(), sampled.max()
    return np.floor((sampled - low) / max(high - low, 1e-9) * (levels - 1e-6)).astype(int)
