"""What the keys of a profile may hold; the first value that is wrong is a ProfileError.

`rppg.workflow.profile_checks` continues with the runs that are made of them.

    check_settings(settings, chain)  # keys and their values, before runs are made of them

An error is one line: "notebooks/profiles/mine.yaml: runs.net/tune.threads: found -2, expected a
whole number from 1 to 1024".  The file is the one of the chain that holds the value.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import NamedTuple

from rppg.utils.paths import project_dir
from rppg.workflow.profile_files import ProfileError, ProfileFile, suggestion
from rppg.workflow.profile_types import OTHER_RUNS
from rppg.workflow.stage_names import MODALITIES

MAX_SEED = 2**32 - 1  # NumPy's
NOTEBOOK = re.compile(r"\w+(/\w+)*", re.ASCII)
SHOWN = 60  # characters of a value in an error
RUN_KEYS = ("notebook", *OTHER_RUNS, "parameters", "threads", "gpu", "priority", "folds")

Place = tuple[str, ...]


class Fault(NamedTuple):
    """A value that is wrong: where it is, what it is, what it should be."""

    place: Place
    found: str
    expected: str


def check_settings(settings: dict, chain: tuple[ProfileFile, ...]) -> None:
    """Raises ProfileError for an unknown key and for the first value of a wrong kind."""
    unset = {key for file in chain[:-1] for key in file.settings}
    raise_first(_settings_faults(settings, unset), chain)


def raise_first(faults: Iterable[Fault], chain: tuple[ProfileFile, ...]) -> None:
    """Raises ProfileError for the first fault, if there is one."""
    for fault in faults:
        file, key = file_of(fault.place, chain), ".".join(fault.place)
        where = f"{file}: {key}" if key else file
        raise ProfileError(f"{where}: found {fault.found}, expected {fault.expected}")


def file_of(place: Place, chain: tuple[ProfileFile, ...]) -> str:
    """Path of the last file of the chain that holds a value at this place or, failing that, at the
    longest part of it."""
    return max(enumerate(chain), key=lambda one: (_depth(place, one[1].settings), one[0]))[1].path


def _depth(place: Place, settings: object) -> int:
    """How many keys of a place a nested dict has."""
    key = place[0].partition("[")[0] if place else ""  # sweeps[2]
    if not isinstance(settings, dict) or key not in settings:
        return 0
    return 1 + _depth(place[1:], settings[key])


def show(value: object) -> str:
    """A value as an error shows it."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, date):
        return f"the date {value.isoformat()}"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 4]} ..."


def unknown_keys(place: Place, given: dict, known: Iterable[str]) -> Iterator[Fault]:
    """A fault for each key that is none of the known ones."""
    known = list(known)
    for key in given:
        if key not in known:
            found = f"an unknown key{suggestion(key, known)}"
            yield Fault((*place, key), found, f"one of {', '.join(known)}")


def value_faults(place: Place, value: object) -> Iterator[Fault]:
    """A fault for each value inside that JSON does not know: dates, bytes, sets, NaN."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from value_faults((*place, key), inner)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from value_faults((*place[:-1], f"{place[-1]}[{i}]"), inner)
    elif isinstance(value, float) and not math.isfinite(value):
        yield Fault(place, show(value), "a finite number")
    elif isinstance(value, str) and "\0" in value:
        yield Fault(place, show(value), "text without NUL")
    elif isinstance(value, date):
        yield Fault(place, show(value), "text, a number or a list: put text in quotes")
    elif value is not None and not isinstance(value, (str, int, float)):
        yield Fault(place, show(value), "text, a number or a list")


def _whole(low: int, high: int) -> Callable[[object], str | None]:
    def expected(value: object) -> str | None:
        right = type(value) is int and low <= value <= high
        return None if right else f"a whole number from {low} to {high}"

    return expected


def _folds(value: object) -> str | None:
    right = type(value) is int and (value == 0 or 3 <= value <= 20)
    return None if right else "0 (one model), or 3 to 20: each tests, the next one validates"


def _text(value: object) -> str | None:
    return None if isinstance(value, str) and value.strip() else "text"


def _text_or_none(value: object) -> str | None:
    """null takes away what an extended profile has."""
    return None if value is None else _text(value)


def _keys(value: object) -> str | None:
    return None if isinstance(value, dict) else "keys with values"


def _challenge(value: object) -> str | None:
    right = isinstance(value, dict) and value
    return None if right else "parameters of the benchmark, as {seed: 0}, or null for real data"


def _flag(value: object) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _modality(value: object) -> str | None:
    names = list(MODALITIES)
    return None if isinstance(value, str) and value in names else f"one of {', '.join(names)}"


def _seeds(value: object) -> str | None:
    numbers = isinstance(value, list) and all(type(seed) is int for seed in value)
    right = numbers and value and all(0 <= seed <= MAX_SEED for seed in value)
    if right and len(set(value)) == len(value):
        return None
    return f"a list of different whole numbers from 0 to {MAX_SEED}, as [1, 2, 3]"


def _study(value: object) -> str | None:
    names = [value] if isinstance(value, str) else value
    texts = isinstance(names, list) and names and all(isinstance(name, str) for name in names)
    if texts and len(set(names)) == len(names):
        return None
    return "the name of a study, or a list of different names"


def _sweeps(value: object) -> str | None:
    right = isinstance(value, list) and all(isinstance(sweep, dict) for sweep in value)
    return None if right else "a list of sweeps, each with name, notebook and axes"


TOP = {
    "data": _text,
    "challenge": _challenge,
    "modality": _modality,
    "seeds": _seeds,
    "seed": _whole(0, MAX_SEED),
    "study": _study,
    "notebooks": _keys,
    "runs": _keys,
    "sweeps": _sweeps,
    "shards": _whole(1, 10_000),
    "log": _flag,
}
RUN = {
    "notebook": _text,
    **dict.fromkeys(OTHER_RUNS, _text_or_none),
    "parameters": _keys,
    "threads": _whole(1, 1024),
    "gpu": _whole(0, 64),
    "priority": _whole(-1000, 1000),
    "folds": _folds,
}


def _settings_faults(settings: dict, unset: set[str]) -> Iterator[Fault]:
    """Faults of keys and values.  unset: keys that null takes away from an extended profile."""
    yield from unknown_keys((), settings, ("extends", *TOP))
    for key, value in settings.items():
        if value is None and (key == "challenge" or key in unset):
            continue
        if expected := TOP[key](value):
            yield Fault((key,), show(value), expected)
        yield from value_faults((key,), value)
    if settings.get("seed") is not None and settings.get("seeds"):
        yield Fault(("seed",), show(settings["seed"]), "either `seed` or `seeds`")
    if settings.get("data") and settings.get("challenge"):
        expected = "no `challenge` in a profile with real data: write `challenge: null`"
        yield Fault(("data",), show(settings["data"]), expected)
    for name, given in (settings.get("notebooks") or {}).items():
        if expected := _keys(given):
            yield Fault(("notebooks", name), show(given), f"{expected}: parameters")
    for name, run in (settings.get("runs") or {}).items():
        yield from _run_faults(("runs", name), run, RUN_KEYS, ("notebook",))
    for i, sweep in enumerate(settings.get("sweeps") or []):
        yield from _run_faults((f"sweeps[{i}]",), sweep, (*RUN_KEYS, "name", "axes"), ())


def _run_faults(place: Place, run: object, known: tuple, needed: tuple) -> Iterator[Fault]:
    """Faults of one entry of `runs` or `sweeps`."""
    if not isinstance(run, dict):
        yield Fault(place, show(run), f"keys with values: {', '.join(known)}")
        return
    yield from unknown_keys(place, run, known)
    for key in needed:
        if key not in run:
            yield Fault(place, f"no {key!r}", "one, as notebook: 04_finetune")
    for key, expected in RUN.items():
        if key in run and (wanted := expected(run[key])):
            yield Fault((*place, key), show(run[key]), wanted)
    if isinstance(run.get("notebook"), str):
        yield from notebook_faults((*place, "notebook"), run["notebook"])


def notebook_faults(place: Place, name: str) -> Iterator[Fault]:
    """A fault if no notebook of this name is below notebooks/."""
    folder = project_dir(__file__) / "notebooks"
    if not NOTEBOOK.fullmatch(name) or not (folder / f"{name}.ipynb").is_file():
        there = sorted(folder.rglob("*.ipynb"))
        names = [path.relative_to(folder).with_suffix("").as_posix() for path in there]
        found = f"{show(name)}, which is no notebook{suggestion(name, names)}"
        yield Fault(place, found, "a path below notebooks/ without .ipynb")
