"""The command `rppg live`: the heart rate of the face in front of a camera, second by second.

rppg live                        camera 0, in a window; q or Escape ends it
rppg live --video face.mp4       a file in the camera's place, at its own speed
rppg live --terminal             lines in place of a window; without a display this is what happens
rppg live --method POS           one method, which starts faster than the consensus
"""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from rppg.utils.command_options import until_unread

if TYPE_CHECKING:
    import cv2
    import numpy as np


def live(
    camera: Annotated[int, typer.Option(help="Number of the camera.", min=0)] = 0,
    video: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="A video file in the camera's place."),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            help="consensus: of all methods, with its confidence; POS, CHROM, GREEN, ICA, PBV, "
            "LGI, OMIT or MR-PBV alone starts faster."
        ),
    ] = "consensus",
    terminal: Annotated[bool, typer.Option("--terminal", help="Lines, no window.")] = False,
) -> None:
    """Heart rate of the face in front of a camera, from the fifth second on.  Nothing is stored.

    Exit status 1 if no heart rate could be told at all, 141 if nobody reads the lines any more.
    """
    from rppg.inference.live_view import TerminalView, WindowView, has_display
    from rppg.inference.stream import Stream, check_method

    check_method(method)
    frames = camera_frames(open_camera(camera)) if video is None else played(video_frames(video))
    stream = Stream(method=method)
    view = TerminalView() if terminal or not has_display() else WindowView()
    try:
        with until_unread():
            n_rates = show(frames, stream, view)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    finally:
        view.close()
    if n_rates == 0:
        typer.echo("no heart rate: a face in good light, still for 5 s, is needed", err=True)
        raise typer.Exit(1)


def show(frames: "Iterable[tuple[np.ndarray, float]]", stream, view) -> int:
    """Give frames (rgb (H, W, 3) uint8, time in s) to the stream and the view, until these end or
    the view is closed.  Returns how many rates there were."""
    n_rates, last = 0, None
    for rgb, time_s in frames:
        for rate in stream.add(rgb, time_s):
            last, n_rates = rate, n_rates + (not rate.reason)
            view.rate(rate)
        if not view.frame(rgb, stream.landmarks, last):
            break
    for rate in stream.finish():
        view.rate(rate)
        n_rates += not rate.reason
    return n_rates


def open_camera(number: int) -> "cv2.VideoCapture":
    """A camera.  Raises VideoError if there is none of that number."""
    import cv2

    from rppg.preprocessing.video import VideoError

    cv2.setLogLevel(0)  # OpenCV's own words about a camera that is not there: one line is enough
    camera = cv2.VideoCapture(number)
    if not camera.isOpened():
        raise VideoError(f"camera {number} cannot be opened; --camera names another one")
    return camera


def camera_frames(camera: "cv2.VideoCapture") -> "Iterator[tuple[np.ndarray, float]]":
    """Frames of a camera with the time at which each came.  Raises VideoError if it stops."""
    import cv2

    from rppg.preprocessing.video import VideoError

    try:
        while True:
            is_read, bgr = camera.read()
            if not is_read:
                raise VideoError("the camera gives no more pictures")
            yield cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), time.monotonic()
    finally:
        camera.release()


def video_frames(path: Path) -> "Iterator[tuple[np.ndarray, float]]":
    """Frames of a video file with their times.  Raises VideoError for what is no video or holds no
    times, as `read_frames` does for what cannot be decoded."""
    from rppg.preprocessing.video import VideoError, probe, read_frames

    if probe(path).fps is None:
        raise VideoError(f"{path} holds no times of its frames; `rppg predict --fps` reads it")
    return read_frames(path)


def played(
    frames: "Iterable[tuple[np.ndarray, float]]",
    now_s: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> "Iterator[tuple[np.ndarray, float]]":
    """The frames at their own speed: each not before its time has come."""
    offset_s = None
    for rgb, time_s in frames:
        offset_s = now_s() - time_s if offset_s is None else offset_s
        if (early_s := time_s + offset_s - now_s()) > 0:
            wait(early_s)
        yield rgb, time_s
