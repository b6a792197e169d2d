"""The repository itself: pins that agree, import rules, files that say what they are."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from project import import_graph

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "rppg"
LONGEST_FILE = 250


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
    """What pyproject.toml asks for, of what the lock installs: the extra `export` is not in it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    return list(map(Requirement, [*project["dependencies"], *extras["suite"], *extras["dev"]]))


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
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


def test_the_version_is_the_same_everywhere():
    files = ("pyproject.toml", "rppg/__init__.py", "CITATION.cff")
    pattern = r"""^(?:__)?version(?:__)?(?: =|:) "?([\d.]+)"?$"""
    found = [re.findall(pattern, (ROOT / file).read_text(), re.M) for file in files]
    assert [len(versions) for versions in found] == [1, 1, 1] and len(set(map(tuple, found))) == 1


@pytest.mark.slow
def test_no_module_imports_a_layer_above_its_own_and_none_is_in_a_circle():
    of_modules = import_graph.graph()
    assert len(of_modules) > 150
    assert import_graph.upward(of_modules) == []
    assert import_graph.circles(of_modules) == []


def test_every_folder_of_the_package_has_a_layer():
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert folders == import_graph.LEVEL.keys() - import_graph.ROOT_FILES
    files = {path.stem for path in PACKAGE.glob("*.py")}
    assert files == import_graph.ROOT_FILES


def test_an_arrow_upward_and_a_circle_are_seen(tmp_path):
    package = tmp_path / "rppg"
    for name, text in {
        "__init__": "",
        "utils/__init__": "",
        "utils/low": "def f():\n    from rppg.training import high\n",
        "training/__init__": "",
        "training/high": "from ..utils import low\n",
    }.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / f"{name}.py").write_text(text)
    of_modules = import_graph.graph(package)
    assert import_graph.upward(of_modules) == ["rppg.utils.low -> rppg.training.high"]
    assert import_graph.circles(of_modules) == [["rppg.training.high", "rppg.utils.low"]]


@pytest.mark.slow
def test_the_workflow_knows_no_model_and_nothing_but_the_command_imports_studies():
    of_modules = import_graph.graph()
    arrows = import_graph.folder_arrows(of_modules)
    assert not arrows["workflow"] & {"models", "losses", "dataloader", "training", "synthetic"}
    assert not arrows["plotting"] & {"datasets", "models", "workflow"}
    users = {folder for folder, others in arrows.items() if "studies" in others}
    assert users <= {"cli", "cli_data"}


def python_files() -> list[Path]:
    return [
        path for name in ("rppg", "tests", "benchmarks") for path in (ROOT / name).rglob("*.py")
    ]


def test_no_file_is_longer_than_a_reader_can_hold():
    lengths = {path: len(path.read_text().splitlines()) for path in python_files()}
    assert {path: n for path, n in lengths.items() if n > LONGEST_FILE} == {}


@pytest.mark.slow
def test_every_file_opens_by_saying_what_it_is():
    for path in python_files():
        assert ast.get_docstring(ast.parse(path.read_text())), path
