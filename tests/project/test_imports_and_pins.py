"""The repository itself: pins that agree, and rooms that know only whom they may know."""

import ast
import re
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
GROUND = {"recordings": set(), "signals": set(), "contest": set()}
MAY_IMPORT = {
    **GROUND,
    "vision": {"recordings"},
    "learning": {"recordings", "signals"},
    "synthetic": {"vision"},
    "motion": {"learning", "recordings"},
}


def locked_pins(python: str) -> dict[str, str]:
    """Name -> version of requirements.lock where its markers hold for this Python on Linux."""
    environment = {"python_version": python, "python_full_version": f"{python}.9"}
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if line.strip()]
    pins = [Requirement(line) for line in lines]
    return {
        pin.name.lower(): str(pin.specifier).removeprefix("==")
        for pin in pins
        if pin.marker is None or pin.marker.evaluate(environment)
    }


def direct_dependencies() -> list[Requirement]:
    """What pyproject.toml asks for (read as text: tomllib is not in Python 3.10)."""
    text = (ROOT / "pyproject.toml").read_text()
    lists = re.findall(r"^dependencies = \[(.*?)^\]|^dev = \[(.*?)\]", text, flags=re.M | re.S)
    quoted = [found for pair in lists for found in re.findall(r'"([^"]+)"', "".join(pair))]
    return [Requirement(entry) for entry in quoted]


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12"])
def test_every_dependency_is_pinned_inside_its_range(python):
    pins = locked_pins(python)
    wanted = [
        need
        for need in direct_dependencies()
        if need.marker is None or need.marker.evaluate({"python_version": python})
    ]
    assert len(wanted) > 20
    for need in wanted:
        assert need.specifier.contains(pins[need.name.lower()]), need


def test_conda_environment_has_the_pins_of_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python = next(d for d in environment["dependencies"] if str(d).startswith("python="))
    pins = locked_pins(python.removeprefix("python="))
    pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    assert "-r requirements.lock" in pip
    listed = dict(entry.split("==") for entry in pip if "==" in entry)
    assert listed == {need.name: pins[need.name.lower()] for need in direct_dependencies()}


def imported_rooms(path: Path) -> set[str]:
    """Rooms of rppg that this file imports, at the top or inside a function."""
    nodes = ast.walk(ast.parse(path.read_text()))
    modules = [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
    nodes = ast.walk(ast.parse(path.read_text()))
    modules += [alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names]
    return {m.split(".")[1] for m in modules if m.startswith("rppg.")}


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_rooms_know_only_whom_they_may_know(room):
    files = sorted((ROOT / "rppg" / room).rglob("*.py"))
    assert files, f"no files in room {room}"
    for path in files:
        assert imported_rooms(path) <= MAY_IMPORT[room] | {room}, path


def test_every_file_opens_by_saying_what_it_is():
    for path in sorted((ROOT / "rppg").rglob("*.py")) + sorted((ROOT / "tests").glob("*.py")):
        assert ast.get_docstring(ast.parse(path.read_text())), path
