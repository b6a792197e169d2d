"""Typed names read from source: parameters of notebooks, fields of configs, what fits a type."""

import json

import pytest

from rppg.workflow.typed_fields import REQUIRED, Field, config_fields, mismatch, notebook_fields


def put_notebook(path, source, tags=("parameters",)):
    cell = {
        "cell_type": "code",
        "metadata": {"tags": list(tags)},
        "source": source.splitlines(True),
    }
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "metadata": {}}, cell]}))
    return path


def test_parameters_of_a_notebook_have_types_and_defaults(tmp_path):
    source = "size: int = 3  # pixels\nrate: float | None = (\n    0.5\n)\n"
    source += 'words: list = ["a"]\nold = ""\n'
    assert notebook_fields(put_notebook(tmp_path / "a.ipynb", source)) == {
        "size": Field("int", 3),
        "rate": Field("float | None", 0.5),
        "words": Field("list", ["a"]),
        "old": Field("str", ""),
    }


def test_a_notebook_without_parameters_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no cell tagged `parameters`, expected one"):
        notebook_fields(put_notebook(tmp_path / "a.ipynb", "size = 3", tags=()))


def test_fields_of_a_config_are_those_of_the_class_itself():
    from dataclasses import fields

    from rppg.training.config import FitConfig

    read = config_fields("training/config.py:FitConfig")
    assert list(read) == [field.name for field in fields(FitConfig)]
    assert read["n_steps"].default == REQUIRED and read["lr"] == Field("float", 1e-4)
    with pytest.raises(ValueError, match="has no class FitConfigs"):
        config_fields("training/config.py:FitConfigs")


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (3, "int", None),
        (3, "float", None),
        (3.0, "int", "a whole number"),
        (True, "int", "a whole number"),
        (True, "float", "a number"),
        (True, "bool", None),
        (1, "bool", "true or false"),
        (float("nan"), "float", "a number"),
        (None, "float | None", None),
        ("a", "float | None", "a number or null"),
        ([1], "list[int]", None),
        ({}, "list[int]", "a list"),
        ("anything", "Path", None),
    ],
)
def test_what_fits_a_type(value, annotation, expected):
    assert mismatch(value, annotation) == expected
