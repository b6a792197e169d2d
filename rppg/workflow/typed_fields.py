"""Typed names in Python source: the parameters of a notebook, the fields of a config.

    >>> fields = notebook_fields(project_dir() / "notebooks" / "05_ensemble.ipynb")
    >>> fields["run_dir"]
    Field(type='str', default='runs/demo/ensemble')
    >>> mismatch(True, "int"), mismatch(3, "float"), mismatch(None, "float | None")
    ('a whole number', None, None)

A config is read as source because importing it would import PyTorch, which takes seconds, before
`rppg run` can say that a key is misspelled.
"""

import ast
import json
import math
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from rppg.utils.paths import project_dir

REQUIRED = "(required)"  # in place of a default
KINDS = {  # annotation: Python types of it, in words
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "str": ((str,), "text"),
    "bool": ((bool,), "true or false"),
    "list": ((list,), "a list"),
    "dict": ((dict,), "keys with values"),
    "None": ((type(None),), "null"),
}


class Field(NamedTuple):
    """A typed name with its default."""

    type: str  # annotation as it is written
    default: object


def notebook_fields(notebook: Path) -> dict[str, Field]:
    """The parameters of a notebook by name: what its cell tagged `parameters` assigns.

    Raises ValueError if it has no such cell.
    """
    return _notebook_fields(Path(notebook), Path(notebook).stat().st_mtime_ns)


def parameter_defaults(notebook: Path) -> dict[str, object]:
    """The defaults of a notebook's parameters by name; raises as notebook_fields."""
    return {name: field.default for name, field in notebook_fields(notebook).items()}


@lru_cache(maxsize=64)
def _notebook_fields(notebook: Path, changed_ns: int) -> dict[str, Field]:
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if "parameters" in cell.get("metadata", {}).get("tags", []):
            return _fields(ast.parse("".join(cell["source"])).body)
    raise ValueError(f"{notebook}: found no cell tagged `parameters`, expected one")


@lru_cache(maxsize=8)
def config_fields(place: str) -> dict[str, Field]:
    """The fields of a dataclass of the package by name; place as "training/config.py:FitConfig".

    Raises ValueError if there is no such class.
    """
    file, _, name = place.partition(":")
    tree = ast.parse((project_dir(__file__) / "rppg" / file).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _fields(node.body)
    raise ValueError(f"rppg/{file} has no class {name}")


def _fields(body: list[ast.stmt]) -> dict[str, Field]:
    """Assignments of plain names, typed or not."""
    found = {}
    for node in body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            default = REQUIRED if node.value is None else _value(node.value)
            found[node.target.id] = Field(ast.unparse(node.annotation), default)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            default = _value(node.value)
            found[node.targets[0].id] = Field(type(default).__name__, default)
    return found


def _value(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:  # a default that is computed: as it is written
        return ast.unparse(node)


def mismatch(value: object, annotation: str) -> str | None:
    """What a value of this type should be, in words, or None if `value` is one.

    An annotation with a type that is none of KINDS fits every value.
    """
    names = [name.strip().split("[")[0] for name in annotation.split("|")]
    if not set(names) <= KINDS.keys() or any(_fits(value, name) for name in names):
        return None
    return " or ".join(KINDS[name][1] for name in names)


def _fits(value: object, name: str) -> bool:
    if isinstance(value, bool) and name != "bool":
        return False
    finite = not isinstance(value, float) or math.isfinite(value)
    return isinstance(value, KINDS[name][0]) and finite
