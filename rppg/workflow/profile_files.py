"""Profiles as they are written: YAML files in notebooks/profiles, read strictly.

    chain = read_chain("bench")  # demo.yaml, then bench.yaml, which extends it
    chain[-1].settings["challenge"]["n_train"]

What PyYAML accepts in silence (a key written twice, aliases that expand without end, a list in
place of keys) is a ProfileError here: one line with the file and, if known, the line.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from rppg.utils.paths import project_dir

NAME = re.compile(r"[A-Za-z0-9_]+(-[A-Za-z0-9_]+)*", re.ASCII)  # of a profile: a folder's, too
SEED_ENDING = re.compile(r"-\d+$")  # <profile>-<seed> is the folder of one seed
NAME_LENGTH = 64
MAX_BYTES = 200_000
MAX_VALUES = 20_000  # of a file, aliases counted as often as they are used
MERGE, TEXT = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:str"


class ProfileError(ValueError):
    """A profile that cannot be run, as one line: file, key, what was found, what is expected."""

    def __init__(self, message: str):
        super().__init__(" ".join(message.split()))


@dataclass(frozen=True)
class ProfileFile:
    """One YAML file of a profile, as it is written."""

    name: str
    path: str  # relative to the project's folder
    settings: dict  # without `extends`


def profiles_dir() -> Path:
    """The folder of profiles."""
    return project_dir(__file__) / "notebooks" / "profiles"


def profile_names() -> list[str]:
    """The profiles in notebooks/profiles."""
    return sorted(path.stem for path in profiles_dir().glob("*.yaml"))


def suggestion(name: object, known: Iterable[str]) -> str:
    """ " (did you mean 'threads'?)", or nothing if no known name is similar."""
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def read_chain(name: str, below: tuple[str, ...] = ()) -> tuple[ProfileFile, ...]:
    """The file of a profile and those that it extends, the first one extended at the front.

    Raises ProfileError for an unknown profile, one that extends itself, and an unreadable file.
    """
    path = _path_of(name, below)
    shown = path.relative_to(project_dir(__file__)).as_posix()
    settings = read_yaml(path, shown)
    if "extends" not in settings:
        return (ProfileFile(name, shown, settings),)
    parent = settings.pop("extends")
    if not isinstance(parent, str):
        raise ProfileError(f"{shown}: extends: found {parent!r}, expected a profile's name")
    chain = (*below, name)
    if parent in chain:
        circle = " -> ".join((*chain, parent))
        raise ProfileError(f"{shown}: extends: found a circle: {circle}, expected none")
    return (*read_chain(parent, chain), ProfileFile(name, shown, settings))


def _path_of(name: str, below: tuple[str, ...]) -> Path:
    """File of a profile.  Raises ProfileError for a name that is none, or unknown."""
    where = f"notebooks/profiles/{below[-1]}.yaml: extends" if below else "profile"
    if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > NAME_LENGTH:
        expected = f"a name of letters, digits and _, with - between, {NAME_LENGTH} at most"
        raise ProfileError(f"{where}: found {name!r}, expected {expected}")
    if SEED_ENDING.search(name):
        expected = "a name that does not end in -<number>: that is the folder of one seed"
        raise ProfileError(f"{where}: found {name!r}, expected {expected}")
    path = profiles_dir() / f"{name}.yaml"
    if not path.is_file():
        names = profile_names()
        expected = f"expected one of {', '.join(names)} in notebooks/profiles"
        raise ProfileError(f"{where}: no profile {name!r}{suggestion(name, names)}: {expected}")
    return path


def read_yaml(path: Path, shown: str) -> dict:
    """The keys and values of a YAML file.  shown: what messages call it.

    Raises ProfileError for what is no YAML, no mapping, or not what its writer can have meant.
    """
    text = _text(path, shown)
    try:
        settings = _construct(text, shown)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise ProfileError(f"{shown}:{line} found {problem}, expected YAML") from error
    except RecursionError as error:
        raise ProfileError(f"{shown}: found values nested too deeply, expected YAML") from error
    if not isinstance(settings, dict) or not settings:
        found = "no key" if not settings else f"a {type(settings).__name__}"
        raise ProfileError(f"{shown}: found {found} in it, expected keys such as `runs`")
    return settings


def _construct(text: str, shown: str) -> dict:
    loader = yaml.SafeLoader(text)
    node = loader.get_single_node()
    if node is None:
        raise ProfileError(f"{shown}: found an empty file, expected keys such as `runs`")
    _check_node(node, shown)
    try:
        return loader.construct_document(node)
    except (ValueError, KeyError) as error:  # of a date, a number or a boolean
        raise ProfileError(f"{shown}: found {error}, expected YAML values") from error


def _text(path: Path, shown: str) -> str:
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise ProfileError(f"{shown}: found {len(data)} bytes, expected {MAX_BYTES} at most")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte {data[error.start]:#04x} at {error.start}"
        raise ProfileError(f"{shown}: found {found}, expected text in UTF-8") from error


def _check_node(node: yaml.Node, shown: str) -> None:
    """Raises ProfileError if the file is no mapping, writes a key twice or not as text, or expands
    to too many values."""
    if not isinstance(node, yaml.MappingNode):
        kind = "a list" if isinstance(node, yaml.SequenceNode) else f"the value {node.value!r}"
        raise ProfileError(f"{shown}: found {kind} in place of keys, expected e.g. `runs:`")
    sizes: dict[int, int] = {}
    if _size(node, sizes, set(), shown) > MAX_VALUES:
        found = f"aliases that expand to more than {MAX_VALUES} values"
        raise ProfileError(f"{shown}: found {found}, expected fewer")


def _size(node: yaml.Node, sizes: dict[int, int], above: set[int], shown: str) -> int:
    """How many values a node holds once aliases are expanded."""
    if id(node) in above:
        where = f"line {node.start_mark.line + 1}"
        raise ProfileError(f"{shown}: {where}: found an alias inside itself, expected none")
    if id(node) not in sizes:
        inner = []
        if isinstance(node, yaml.MappingNode):
            _check_keys(node, shown)
            inner = [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            inner = node.value
        above = above | {id(node)}
        sizes[id(node)] = 1 + sum(_size(value, sizes, above, shown) for value in inner)
    return sizes[id(node)]


def _check_keys(node: yaml.MappingNode, shown: str) -> None:
    for key, _ in node.value:
        if key.tag not in (TEXT, MERGE):
            found = f"the key {key.value!r}" if isinstance(key, yaml.ScalarNode) else "a key"
            where = f"line {key.start_mark.line + 1}"
            raise ProfileError(f"{shown}: {where}: found {found}, expected text: put it in quotes")
    for name, n in Counter(key.value for key, _ in node.value).items():
        if n > 1:
            lines = [key.start_mark.line + 1 for key, _ in node.value if key.value == name]
            where = " and ".join(map(str, lines))
            raise ProfileError(f"{shown}: {name}: found twice (lines {where}), expected once")
