"""README and docs: their commands, options, profiles and links are those of the project."""

import re
import shlex
import subprocess
import sys

import pytest
import typer.main
from helpers.documents import (
    PAGES,
    ROOT,
    anchors_of,
    commands_in,
    links_in,
    profiles_in,
    scripts_in,
)

from rppg.cli import app

COMMANDS = typer.main.get_command(app).commands
PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
VALUES = {"$seed": "1", "$RANK": "0"}  # of a shell


def known_profiles() -> set[str]:
    """Those in notebooks/profiles, and those that a document tells to write."""
    written = {name for page in PAGES for name in profiles_in(page)}
    return written | {path.stem for path in (ROOT / "notebooks/profiles").glob("*.yaml")}


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200


@pytest.mark.slow
def test_the_tables_of_the_pages_are_those_of_their_files():
    command = [sys.executable, ROOT / "benchmarks/tables.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_index_lists_every_page_of_docs():
    index = ROOT / "docs/index.md"
    linked = {target for target, _ in links_in(index)}
    pages = {path.name for path in index.parent.glob("*.md")} - {index.name}
    assert pages <= linked


@PAGE
def test_links_and_anchors_are_there(page):
    for target, anchor in links_in(page):
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors_of(path), f"{page.name}: {target}#{anchor}"


@PAGE
def test_rppg_commands_have_those_names_options_and_profiles(page):
    for line in commands_in(page, "rppg"):
        name, *arguments = (VALUES.get(word, word) for word in line)
        assert name in COMMANDS, f"{page.name}: rppg {shlex.join(line)}"
        options = {text: one for one in COMMANDS[name].params for text in one.opts}
        options |= {"--help": None, "-h": None}
        given = [word for word in arguments if re.match(r"--?[a-z]", word)]
        unknown = [word for word in given if word.split("=")[0] not in options]
        assert not unknown, f"{page.name}: rppg {shlex.join(line)}: {unknown}"
        if "--profile" in arguments[:-1]:
            assert arguments[arguments.index("--profile") + 1] in known_profiles() | {"PROFILE"}


@PAGE
def test_what_rppg_run_is_asked_for_is_a_profile_or_a_stage(page):
    notebooks = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    for line in commands_in(page, "rppg"):
        asked = line[1] if len(line) > 1 and line[0] == "run" else "-"
        if not asked.startswith("-") and "/" not in asked:
            assert asked in known_profiles() | notebooks | {"challenge"}, f"{page.name}: {asked}"


@PAGE
def test_whole_rppg_commands_are_accepted(page):
    for line in commands_in(page, "rppg", whole=True):
        name, *arguments = (VALUES.get(word, word) for word in line)
        COMMANDS[name].make_context(name, list(arguments))


@PAGE
def test_scripts_are_there_and_have_those_options(page):
    for line in commands_in(page, "python") + scripts_in(page):
        script = ROOT / line[0]
        assert script.exists(), f"{page.name}: python {shlex.join(line)}"
        for option in (word.split("=")[0] for word in line[1:] if word.startswith("--")):
            assert f'"{option}"' in script.read_text(), f"{page.name}: {line[0]} {option}"


@PAGE
def test_make_has_those_targets(page):
    targets = re.findall(r"^([\w./-]+):(?!=)", (ROOT / "Makefile").read_text(), flags=re.M)
    for line in commands_in(page, "make"):
        assert line[0] in targets, f"{page.name}: make {line[0]}"


def test_the_api_page_names_what_is_defined_where_it_says():
    names = re.findall(r"^<!-- api: ([\w.]+)\.(\w+) -->$", (ROOT / "docs/api.md").read_text(), re.M)
    assert len(names) > 40
    for module, name in names:
        path = ROOT / (module.replace(".", "/") + ".py")
        path = path if path.exists() else path.with_suffix("") / "__init__.py"
        assert re.search(rf"^(def|class) {name}\b", path.read_text(), re.M), f"{module}.{name}"


def test_every_page_of_docs_is_in_the_sites_navigation():
    nav = set(re.findall(r"[\w.]+\.md$", (ROOT / "mkdocs.yml").read_text(), re.M))
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert pages <= nav
