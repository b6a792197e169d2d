"""What the code of a stage is: modules that a notebook imports, without comments."""

import pytest
from helpers.workflow import Bench

from rppg.utils.paths import project_dir
from rppg.workflow import code_hash
from rppg.workflow.code_hash import code_digest, function_code, models_named, notebook_code
from rppg.workflow.typed_fields import parameter_defaults

LAZY = """
def f():
    from . import deep
    import rppg.studies.tables
"""


@pytest.fixture
def bench(tmp_path, monkeypatch):
    return Bench(tmp_path, monkeypatch)


def code(bench, source: str, **options) -> dict[str, str]:
    bench.notebook("own", "size: int = 3", source)
    return notebook_code(bench.root / "notebooks/own.ipynb", package=bench.root / "rppg", **options)


def test_imports_are_followed_into_functions_packages_and_relative_names(bench):
    bench.write("rppg/training/__init__.py", "from .loop import f")
    bench.write("rppg/training/loop.py", LAZY)
    bench.write("rppg/training/deep.py", "import numpy")
    bench.write("rppg/training/unused.py", "")
    assert list(code(bench, "import rppg.training.loop as loop")) == [
        *("rppg", "rppg.studies", "rppg.studies.tables"),
        *("rppg.training", "rppg.training.deep", "rppg.training.loop"),
    ]


def test_bookkeeping_is_left_out_and_figures_unless_asked_for(bench):
    source = "from rppg import plotting, workflow"
    assert list(code(bench, source)) == ["rppg"]
    assert list(code(bench, source, figures=True)) == ["rppg", "rppg.plotting"]


def test_models_are_added_by_name(bench):
    source = "from rppg.models.registry import build"
    assert "rppg.losses.sinc" not in code(bench, source)
    with_model = code(bench, source, models=["st_transformer"])
    assert {"rppg.models.st_transformer", "rppg.losses.sinc"} <= set(with_model)
    with pytest.raises(FileNotFoundError, match="'resnet', expected one of contrast_phys, st_tr"):
        code(bench, source, models=["resnet"])


def test_models_are_named_by_imports_and_strings_but_not_by_the_parameters_cell(bench):
    path, package = bench.root / "notebooks/own.ipynb", bench.root / "rppg"
    bench.notebook("own", "model: str = 'st_transformer'", "x = 'st_transformer/pretrain'")
    assert models_named(path, package) == set()
    bench.notebook("own", "", "import rppg.models.contrast_phys\nbuild('st_transformer')")
    assert models_named(path, package) == {"contrast_phys", "st_transformer"}


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ('"""One."""\nx = 1', '"""Two."""\n\n# and a comment\nx = (1)\n', True),
        ('def f():\n    """One."""\n    return 1', "def f(): return 1", True),
        ("x = 'one'", "x = 'two'", False),
        ("class A:\n    x = 1", "class A:\n    x: int = 1", False),
    ],
)
def test_a_digest_is_of_the_code_without_comments_and_docstrings(bench, before, after, same):
    bench.write("rppg/losses/sinc.py", before)
    first = code(bench, "import rppg.losses.sinc")
    bench.write("rppg/losses/sinc.py", after + "\n" * 9)
    assert (code(bench, "import rppg.losses.sinc") == first) == same


def test_what_a_function_imports(bench):
    package = bench.root / "rppg"
    assert list(function_code("rppg.cli_data", "prepare", package)) == [
        *("rppg", "rppg.preprocessing", "rppg.preprocessing.video", "rppg.cli_data:prepare"),
    ]
    with pytest.raises(ValueError, match="rppg.cli_data has no function 'run'"):
        function_code("rppg.cli_data", "run", package)


def test_one_digest_is_of_modules_and_cells_without_magics(bench):
    path, package = bench.root / "notebooks/own.ipynb", bench.root / "rppg"
    bench.notebook("own", "x: int = 1", "%matplotlib inline\nimport rppg.losses.sinc")
    first = code_digest(path, package=package)
    bench.notebook("own", "x: int = 2", "import rppg.losses.sinc  # a comment")
    assert code_digest(path, package=package) == first
    bench.notebook("own", "x: int = 1", "import rppg.losses.sinc\ny = 2")
    assert code_digest(path, package=package) != first


def test_defaults_are_read_without_running_the_notebook(bench):
    cell = "a: dict = {'b': [1, -2.5]}\nc = None\nd: float = 2 * 3  # computed"
    bench.notebook("own", cell, "raise SystemExit")
    defaults = parameter_defaults(bench.root / "notebooks/own.ipynb")
    assert defaults == {"a": {"b": [1, -2.5]}, "c": None, "d": "2 * 3"}


@pytest.mark.slow
def test_of_the_real_notebooks_only_studies_use_studies_and_each_model_its_own_loss():
    folder = project_dir(__file__) / "notebooks"
    for path in folder.glob("0*.ipynb"):
        assert not [name for name in notebook_code(path) if name.startswith("rppg.studies.")]
    learn = notebook_code(folder / "03_pretrain_contrast_phys.ipynb", ["contrast_phys"])
    other = notebook_code(folder / "02_pretrain_st_transformer.ipynb", ["st_transformer"])
    tuned = notebook_code(folder / "04_finetune.ipynb", ["st_transformer"])
    assert "rppg.losses.contrast" in learn
    assert "rppg.losses.contrast" not in {**other, **tuned}


def test_the_body_of_a_function_counts_and_a_row_in_the_registry_does_not(bench):
    package, source = bench.root / "rppg", "import rppg.models.names"
    body = "def challenge(level='test'):\n    from rppg import losses\n"
    bench.write("rppg/cli_data.py", body)
    first = function_code("rppg.cli_data", "challenge", package)
    bench.write("rppg/cli_data.py", body.replace("'test'", "'easy'") + "\n" * 9)
    changed = function_code("rppg.cli_data", "challenge", package)
    assert {key for key in first if first[key] != changed[key]} == {"rppg.cli_data:challenge"}
    assert code_hash.module_digests(list(changed), package) == changed
    bench.write("rppg/models/names.py", "RECIPES: dict = {'a': 'b'}\nx = 1\n")
    before = code(bench, source)
    bench.write(
        "rppg/models/names.py", "RECIPES: dict = {'a': 'b', 'toy': 'c'}\nx = 1\n" + "\n" * 9
    )
    assert code(bench, source) == before
    bench.write("rppg/models/names.py", "RECIPES: dict = {'a': 'b'}\nx = 2\n" + "\n" * 99)
    assert code(bench, source) != before
