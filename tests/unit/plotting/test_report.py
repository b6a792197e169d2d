"""The report: self-contained, marks synthetic data, and escapes all text."""

import base64
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from helpers.figure import strict_and_closed  # noqa: F401

from rppg.plotting.report import Section, write_report

pytestmark = pytest.mark.usefixtures("strict_and_closed")


class Page(HTMLParser):
    """Tags in order with their attributes, and the text between them without the style's."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.words, self.style = [], [], False
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.style = tag == "style"

    def handle_endtag(self, tag):
        self.style = False

    def handle_data(self, data):
        if not self.style:
            self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def figure():
    drawn, axes = plt.subplots(figsize=(5, 3), layout="constrained")
    axes.plot([0, 1], [0, 1])
    return drawn


def sections():
    board = pd.DataFrame(
        {"model": ["POS", "Ensemble"], "n": [72, 72], "rmse_bpm": [27.3796, np.nan]}
    )
    return [
        Section("Leaderboard", "Lower is better.\n\nReally.", [(figure(), "bars")], board, "POS"),
        Section("Agreement", "No truth is needed."),
    ]


def written(tmp_path, origin="synthetic", some=None, facts=None, title="Demo"):
    path = tmp_path / "report.html"
    facts = {"Handed in": "Ensemble", "Recordings": 72} if facts is None else facts
    assert write_report(path, title, origin, facts, sections() if some is None else some) == path
    return path


def test_page_contains_facts_sections_tables_and_figures(tmp_path):
    page = Page(written(tmp_path))
    assert "Handed in Ensemble Recordings 72" in page.text
    assert "Leaderboard Lower is better. Really." in page.text and "No truth" in page.text
    assert "POS 72 27.38 Ensemble 72 -" in page.text
    targets = [link["href"] for link in page.all("a")]
    assert targets == [f"#{section['id']}" for section in page.all("section")]
    assert [row.get("class") for row in page.all("tr")] == [None, "marked", None]


def test_the_synthetic_warning_comes_first_and_only_for_synthetic_data(tmp_path):
    text = Page(written(tmp_path)).text
    assert text.startswith("Demo (synthetic) Demo (synthetic) Synthetic. Every number")
    assert "ynthetic" not in Page(written(tmp_path, origin="real")).text


def test_page_loads_nothing_and_runs_nothing(tmp_path):
    page = Page(written(tmp_path))
    assert not page.all("script") and not page.all("iframe")
    loaded = [a.get("src") for _, a in page.tags if "src" in a]
    loaded += [a["href"] for a in page.all("link")]
    assert loaded and all(address.startswith("data:") for address in loaded)
    assert "http" not in page.rawdata and "url(" not in page.rawdata
    assert not any(name.startswith("on") for _, a in page.tags for name in a)


def test_text_is_escaped(tmp_path):
    evil = "<script>alert(1)</script>\"'&"
    table = pd.DataFrame({evil: [evil]})
    some = [Section(evil, evil, [(figure(), evil)], table)]
    page = Page(written(tmp_path, "real", some, {evil: evil}, evil))
    assert not page.all("script") and page.all("img")[0]["alt"] == evil
    assert page.text.count("<script>alert(1)</script>\"'&") == 9


def test_same_sections_give_the_same_bytes(tmp_path):
    first = written(tmp_path).read_bytes()
    assert written(tmp_path).read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_png_is_embedded_unchanged(tmp_path):
    picture = tmp_path / "a.png"
    figure().savefig(picture, dpi=50)
    some = [Section("A", "", [(picture, "a line"), (str(picture), "the same")])]
    images = Page(written(tmp_path, some=some)).all("img")
    assert [image["width"] for image in images] == ["250", "250"]
    for image in images:
        assert base64.b64decode(image["src"].partition(",")[2]) == picture.read_bytes()


@pytest.mark.parametrize("n_bytes", [0, 5])
def test_a_file_that_is_no_png_is_refused_by_name(tmp_path, n_bytes):
    (tmp_path / "a.png").write_bytes(b"GIF89a"[:n_bytes])
    with pytest.raises(ValueError, match="a.png is no PNG"):
        written(tmp_path, some=[Section("A", "", [(tmp_path / "a.png", "a line")])])
    assert not (tmp_path / "report.html").exists()


def test_a_report_that_fails_leaves_the_old_one(tmp_path):
    before = written(tmp_path).read_bytes()
    with pytest.raises(FileNotFoundError):
        written(tmp_path, some=[Section("A", "", [(tmp_path / "gone.png", "a line")])])
    assert (tmp_path / "report.html").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"origin": "rendered"}, "origin is real or synthetic, found 'rendered'"),
        ({"some": []}, "no section to write"),
        ({"some": [Section("A", "", [(None, " ")])]}, "a figure needs an alternative text"),
    ],
)
def test_invalid_content_is_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        written(tmp_path, **changes)
