"""What several commands of `rppg` share: --fps, settings as a JSON object, and the end of a pipe.

>>> check_settings(json_object("--config", '{"seed": 1}', "{}"), defaults={"seed": 0})
>>> check_settings({"seed": "1"}, defaults={"seed": 0})
Traceback (most recent call last):
ValueError: seed is '1', expected an integer
"""

import json
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Optional

import typer

SLOWEST_FPS, FASTEST_FPS = 1, 1000
UNREAD = 141  # exit status, as of a shell, of a command whose reader has gone
INTERRUPTED, TERMINATED = 130, 143  # likewise, of one that is ended by Ctrl-C or SIGTERM


def _check_fps(fps: float | None) -> float | None:
    if fps is not None and not SLOWEST_FPS <= fps <= FASTEST_FPS:  # NaN neither
        expected = f"expected a number from {SLOWEST_FPS} to {FASTEST_FPS}"
        raise typer.BadParameter(f"{fps} frames per second, {expected}")
    return fps


FpsOption = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option(
        callback=_check_fps,
        help="Frames per second, in place of the times that the files hold, if they hold any.",
    ),
]


@contextmanager
def until_unread() -> Iterator[None]:
    """Inside, a reader that goes, as `head` does, ends the command: quietly, with status 141."""
    try:
        yield
    except BrokenPipeError:
        with open(os.devnull, "w") as nowhere:  # what is still to be written at the exit goes there
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        raise typer.Exit(UNREAD) from None


@contextmanager
def ended_by_signals(say: Callable[[], str]) -> Iterator[None]:
    """Inside, Ctrl-C and SIGTERM end the command with their status, after temporary files are
    removed; for Ctrl-C, a line says what `say` gives."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"interrupted: {say()}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def with_fps(recordings: list, fps: float | None) -> list:
    """Recordings with that frame rate in place of their containers' times; None: as they are.

    Those of a dataset that has a time stamp per frame keep the stamps, and a line says so.
    """
    if fps is None:
        return recordings
    if stamped := sum(one.times_s is not None for one in recordings):
        text = f"--fps: {stamped} recordings have a time stamp per frame and keep those"
        typer.echo(text, err=True)
    note = f"frames are timed at the {fps:g} fps of --fps"
    return [
        one if one.times_s is not None else replace(one, fps=fps, notes=(*one.notes, note))
        for one in recordings
    ]


def json_object(option: str, text: str, example: str) -> dict:
    """The JSON object of an option.  Raises ValueError, with the example, if it is none."""
    expected = f"expected a JSON object like {example}"
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{option} {text[:200]!r} is no JSON ({error}); {expected}") from None
    if not isinstance(value, dict):
        raise ValueError(f"{option} {text[:200]!r}: {expected}")
    return value


def check_settings(settings: dict, defaults: dict) -> None:
    """Raises ValueError for a setting that is not among the defaults, is not of its default's
    kind, or is no finite number, and for a negative seed."""
    if unknown := sorted(settings.keys() - defaults.keys()):
        raise ValueError(
            f"unknown settings {', '.join(unknown)}: expected of {', '.join(defaults)}"
        )
    kinds = {bool: "true or false", int: "an integer", float: "a finite number", str: "a text"}
    for name, value in settings.items():
        kind = type(defaults[name])
        fits = type(value) in ({int, float} if kind is float else {kind})
        if not fits or (kind is float and not math.isfinite(value)):
            raise ValueError(f"{name} is {value!r}, expected {kinds[kind]}")
    if settings.get("seed", 0) < 0:
        raise ValueError(f"seed is {settings['seed']}, expected 0 or more")
