"""Examples in the docstrings of rppg: each module's are run, and print what they say.

An example may use the names of its module, `np` and `torch`; it imports everything else.  One that
needs a video, a dataset or minutes is marked `# doctest: +SKIP`.
"""

import ast
import doctest
import importlib
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[2]


DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def has_examples(path: Path) -> bool:
    """Whether a docstring of the file has an example that is not skipped."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    texts = [ast.get_docstring(node) or "" for node in nodes if isinstance(node, DOCUMENTED)]
    parser = doctest.DocTestParser()
    examples = [example for text in texts for example in parser.get_examples(text)]
    return not all(example.options.get(doctest.SKIP) for example in examples)


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = [module_name(path) for path in sorted(ROOT.glob("rppg/**/*.py")) if has_examples(path)]


def test_examples_are_found():
    assert len(MODULES) > 200


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_say(name, monkeypatch, single_thread):
    monkeypatch.chdir(ROOT)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "rppg":
            raise
        pytest.skip(f"{name} needs {error.name}, which is not installed")
    found = doctest.testmod(module, extraglobs={"np": np, "torch": torch})
    assert found.attempted > 0 and found.failed == 0
