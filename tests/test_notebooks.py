"""The notebooks: clean in git, thin, and runnable end to end on a tiny profile."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PATHS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def code_cells(path: Path) -> list:
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def test_there_are_notebooks():
    assert [p.stem for p in PATHS] == ["01_preprocess", "06_submit"]


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_notebook_is_clean_and_thin(path):
    cells = nbformat.read(path, as_version=4).cells
    code = code_cells(path)
    lines = [len(cell.source.splitlines()) for cell in code]
    assert len(cells) <= 40 and sum(lines) <= 150 and max(lines) <= 25
    assert not any(cell.outputs or cell.execution_count for cell in code), "strip outputs first"
    nodes = [node for cell in code for node in ast.walk(ast.parse(cell.source))]
    assert not any(isinstance(n, (ast.ClassDef, ast.FunctionDef)) for n in nodes), "logic in rppg/"


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_title_says_what_it_reads_writes_and_takes_and_prose_precedes_code(path):
    cells = nbformat.read(path, as_version=4).cells
    title = cells[0].source
    assert title.startswith(f"# {path.stem[:2]} ")
    assert all(f"**{word}**" in title for word in ("reads", "writes", "takes"))
    for before, cell in zip(cells, cells[1:], strict=False):
        assert cell.cell_type == "markdown" or before.cell_type == "markdown", cell.source


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_parameters_cell_holds_typed_literals_with_a_comment_each(path):
    code = code_cells(path)
    tagged = [cell for cell in code if "parameters" in cell.metadata.get("tags", [])]
    assert tagged == [code[0]]
    statements = ast.parse(tagged[0].source).body
    assert all(isinstance(node, ast.AnnAssign) for node in statements)
    for node in statements:
        ast.literal_eval(node.value)
    assert tagged[0].source.count("# ") >= len(statements)
