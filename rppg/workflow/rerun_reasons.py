"""Why a stage would run, in words: what differs between its record and today.

>>> before = {"parameters": {"training": {"n_steps": 800}}, "code": {"rppg.losses.sinc": "1"}}
>>> now = {"parameters": {"training": {"n_steps": 900}}, "code": {"rppg.losses.sinc": "2"}}
>>> list(changes(before, now))
['parameter training.n_steps 800 -> 900', 'code of losses changed (sinc.py)']
"""

import json
from collections.abc import Iterator

from rppg.utils.dict_diff import MISSING, differences

AT_MOST = 3  # names in a reason; of more, their number is given
LONGEST = 60  # characters of a value


def changes(before: dict, now: dict) -> Iterator[str]:
    """What differs between the parts of two fingerprints, in words."""
    for key, old, new in differences(before.get("parameters", {}), now.get("parameters", {})):
        yield f"parameter {key} {_value(old)} -> {_value(new)}"
    yield from _code(before.get("code", {}), now.get("code", {}))
    if before.get("notebook") != now.get("notebook"):
        yield "notebook changed"
    finders = before.get("finder", "mediapipe"), now.get("finder")
    if finders[1] not in (None, finders[0]):
        yield f"landmarks by {finders[1]}, not {finders[0]}"
    if before.get("data") != now.get("data"):
        yield "files of the dataset folder changed"
    yield from _needs(before.get("needs", {}), now.get("needs", {}))


def _code(before: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    """Changed modules, by folder of the package."""
    files: dict[str, list[str]] = {}
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            module, _, function = name.partition(":")
            folder, _, rest = module.removeprefix("rppg").removeprefix(".").partition(".")
            title, file = (function, folder) if function else (folder or "rppg", rest)
            files.setdefault(title, []).append(_file(file))
    for folder, names in files.items():
        yield f"code of {folder} changed ({some(names)})"


def _file(module: str) -> str:
    return f"{module.replace('.', '/')}.py" if module else "__init__.py"


def _needs(before: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    """Changes of what is read from other stages."""
    for title, names in (
        ("changed input", [key for key in now if before.get(key, now[key]) != now[key]]),
        ("new input", [key for key in now if key not in before]),
        ("no more input", [key for key in before if key not in now]),
    ):
        if names:
            yield f"{title} {some(names)}"


def _value(value: object) -> str:
    text = "default" if value is MISSING else json.dumps(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def some(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - AT_MOST
    return ", ".join(names[:AT_MOST]) + (f" and {more} more" if more > 0 else "")
