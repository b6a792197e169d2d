"""The page of `rppg predict --report`: self-contained, small, and honest about its videos."""

import re
from dataclasses import replace

import numpy as np
import pytest
from helpers.answers import stub_extraction, traces

from rppg.inference.video_report import VideoReport
from rppg.inference.videos import expand_videos, predict_each


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    for name in ("a.mp4", "<b>&$x$.mp4"):
        (folder / name).write_bytes(b"x")
    recordings = expand_videos([folder / "a.mp4", folder / "<b>&$x$.mp4", folder / "gone.mp4"])
    with pytest.MonkeyPatch.context() as patch:
        stub_extraction(patch, {"a.mp4": traces(notes=["25 fps assumed"])})
        return list(predict_each(recordings, ["POS", "consensus"]))


def page_of(answers, tmp_path):
    page = VideoReport(tmp_path / "new" / "page.html", ["POS", "consensus"])
    for answer in answers:
        page.add(answer)
    page.write()
    return page.path.read_text()


def test_a_page_has_every_video_with_its_pictures_rates_notes_and_reason(answers, tmp_path):
    html = page_of(answers, tmp_path)
    assert "Heart rates of 3 videos" in html and html.count("<section") == 4
    assert html.count("data:image/png;base64,") == 4  # two videos were read
    assert "25 fps assumed" in html and "no such file or folder" in html
    assert "&lt;b&gt;&amp;$x$.mp4" in html and "<b>" not in html
    assert "72.00" in html and "confidence" in html
    assert html.count("not a medical measurement") == 1
    assert len(html) < 2 * 1_000_000
    assert not re.search(r"(src|href)=.(https?:|//|file:)", html)


def test_videos_of_one_name_are_told_apart_by_their_folders(answers, tmp_path):
    paths = [tmp_path / folder / "vid.avi" for folder in ("s1", "s2")]
    rows = [[row | {"video": str(path)} for row in answers[0].rows] for path in paths]
    page = VideoReport(tmp_path / "page.html", ["POS", "consensus"])
    page.begin(paths)
    for of_one in rows:
        page.add(replace(answers[0], rows=of_one))
    page.write()
    html = page.path.read_text()
    assert "s1/vid.avi" in html and "s2/vid.avi" in html and str(tmp_path) not in html


def test_the_table_rounds_a_confidence_down_and_repeats_no_column(answers, tmp_path):
    rows = [answers[0].rows[1] | {"confidence": 0.8999}]
    html = page_of([replace(answers[0], rows=rows)], tmp_path)
    assert "0.89" in html and "0.90" not in html
    assert "lowest" not in html and "bpm" in html


def test_a_page_of_one_video_is_named_after_it(answers, tmp_path):
    html = page_of(answers[:1], tmp_path)
    assert "<h1>Heart rate: a.mp4</h1>" in html and html.count("<section") == 1
    assert "72 bpm" in html and "not a medical measurement" in html


def test_a_page_of_a_video_without_an_answer_says_why(answers, tmp_path):
    html = page_of(answers[2:], tmp_path)
    assert "no such file or folder" in html and "data:image/png" not in html


def test_a_large_face_is_shown_small(answers, tmp_path):
    one = answers[0]
    noise = np.random.default_rng(0).integers(0, 255, (2000, 3000, 3), dtype=np.uint8)
    seen = type(one.traces)(**vars(one.traces) | {"preview": noise})
    html = page_of([type(one)(one.recording, one.rows, seen)], tmp_path)
    assert len(html) < 1_000_000


@pytest.mark.parametrize("name", ["page.pdf", "page", ""])
def test_a_page_that_cannot_be_written_is_refused_at_once(name, tmp_path):
    with pytest.raises((ValueError, OSError), match="expected"):
        VideoReport(tmp_path / name, ["POS"])
