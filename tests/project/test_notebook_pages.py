"""Executed notebooks as pages: everything inside, small enough, and nothing of this machine."""

import base64
import importlib.util
import io
import re
import sys

import nbformat
import numpy as np
import pytest
from helpers.documents import DOCS
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

PAGES = sorted((DOCS / "notebooks").glob("*.html"))


@pytest.fixture(scope="module")
def pages():
    spec = importlib.util.spec_from_file_location("notebook_pages", DOCS / "notebook_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def executed(tmp_path):
    """<root>/submissions/own/notebooks/a.ipynb and b.ipynb, with a figure of noise in a."""
    folder = tmp_path / "submissions" / "own" / "notebooks"
    folder.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    figure = {"image/png": base64.b64encode(file.getvalue()).decode()}
    outputs = [new_output("stream", name="stdout", text=f"-> {tmp_path}/runs/a.csv\n")]
    outputs += [new_output("display_data", data=figure)]
    cells = [new_markdown_cell("# Title <a>"), new_code_cell("print('x')", outputs=outputs)]
    nbformat.write(new_notebook(cells=cells), folder / "a.ipynb")
    nbformat.write(new_notebook(cells=cells[:1]), folder / "b.ipynb")
    return folder


def make(pages, monkeypatch, executed, out):
    monkeypatch.setattr(sys, "argv", ["notebook_pages.py", str(executed), str(out)])
    pages.main()
    return {path.name: path.read_text() for path in out.iterdir()}


def figure_in(text):
    (found,) = re.findall(r"data:image/webp;base64,([A-Za-z0-9+/=]+)", text)
    return Image.open(io.BytesIO(base64.b64decode(found)))


@pytest.mark.slow
def test_a_page_has_text_figures_and_links_and_no_path_of_this_machine(
    pages, executed, tmp_path, monkeypatch
):
    made = make(pages, monkeypatch, executed, tmp_path / "out")
    assert set(made) == {"a.html", "b.html"}
    text = made["a.html"]
    assert figure_in(text).size == (400, 300)
    assert "Title" in text and "&gt; runs/a.csv" in text and str(tmp_path) not in text
    assert 'href="b.html"' in text and 'href="../notebooks.html"' in text


def test_what_is_wide_scrolls_by_itself_and_prompts_are_hidden(
    pages, executed, tmp_path, monkeypatch
):
    text = make(pages, monkeypatch, executed, tmp_path / "out")["a.html"]
    style, body = text.split("</style>")
    for rule in (
        ".output_subarea { overflow-x: auto; }",
        ".anchor-link, .prompt { display: none; }",
    ):
        assert rule in style
    classes = {name for found in re.findall(r'class="([^"]*)"', body) for name in found.split()}
    assert {
        "output_subarea",
        "prompt",
        "text_cell",
        "highlight",
    } <= classes  # those of the template


def test_links_are_in_the_order_of_the_list_of_pages(pages, executed, tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "LIST", tmp_path / "notebooks.md")
    for first, second in ("ba", "ab"):
        rows = [f"| [{name}](notebooks/{name}.html) | what |" for name in (first, second)]
        pages.LIST.write_text("\n".join(rows))
        text = make(pages, monkeypatch, executed, tmp_path / "out")["a.html"]
        assert (text.index('href="b.html"') < text.index("<b>a</b>")) == (first == "b")


@pytest.mark.slow
def test_figures_get_smaller_until_the_page_fits_or_it_is_refused(
    pages, executed, tmp_path, monkeypatch
):
    large = len(make(pages, monkeypatch, executed, tmp_path / "out")["a.html"])
    monkeypatch.setattr(pages, "MOST_BYTES", int(0.8 * large))
    assert len(make(pages, monkeypatch, executed, tmp_path / "out")["a.html"]) < 0.8 * large
    monkeypatch.setattr(pages, "MOST_BYTES", 2000)
    with pytest.raises(ValueError, match="a.ipynb: its page has 0.* MB, expected 1 MB"):
        make(pages, monkeypatch, executed, tmp_path / "out")


def test_pages_of_notebooks_that_are_gone_go_and_an_empty_folder_is_an_error(
    pages, executed, tmp_path, monkeypatch
):
    make(pages, monkeypatch, executed, tmp_path / "out")
    (executed / "b.ipynb").unlink()
    assert set(make(pages, monkeypatch, executed, tmp_path / "out")) == {"a.html"}
    with pytest.raises(FileNotFoundError, match="no executed notebook in .*: run the demo first"):
        make(pages, monkeypatch, tmp_path / "out", tmp_path / "out")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_of_docs_are_small_and_load_nothing(path):
    text = path.read_text()
    assert len(text.encode()) <= 1_000_000
    assert not re.search(r'<script|<link|src="(?!data:)|url\(http', text)


def test_pages_of_docs_are_listed():
    listed = set(re.findall(r"notebooks/(\w+)\.html", (DOCS / "notebooks.md").read_text()))
    assert listed == {path.stem for path in PAGES}
