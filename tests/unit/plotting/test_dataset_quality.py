"""Quality page of a dataset: failed recordings, missing labels, one recording, NaN."""

import numpy as np
import pandas as pd
import pytest
from helpers.figure import strict_and_closed  # noqa: F401
from matplotlib.patches import Polygon

from rppg.plotting.dataset_quality import plot_quality

REGIONS = {"cheek_up_A": np.array([[30, 60], [50, 60], [40, 80]]), "forehead": np.eye(3, 2) * 40}


pytestmark = pytest.mark.usefixtures("strict_and_closed")


def index(n=5, **columns):
    rows = {
        "id": [f"demo/s{i}/v" for i in range(n)],
        "status": "ok",
        "duration_s": 36.0,
        "fps": 30.0 - 0.1 * np.arange(n),
        "fps_source": "stamps",
        "face_hit_rate": 1 - 0.1 * np.arange(n),
        "gap_s": 0.0,
        "hr_true_bpm": 70.0 + np.arange(n),
    }
    return pd.DataFrame(rows | columns)


def pictures(n):
    crops = {f"demo/s{i}/v": np.full((128, 128, 3), i, np.uint8) for i in range(n)}
    return crops, dict.fromkeys(crops, REGIONS)


def text_of(figure):
    """All that is written in a figure, drawn once so that layout problems show."""
    figure.canvas.draw()
    found = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return " | ".join(artist.get_text() for artist in found if artist.get_text())


def page(rows, n_crops=0, origin="real", nominal_fps=30.0, hr_pos_bpm=None):
    crops, outlines = pictures(n_crops)
    return plot_quality(rows, crops, outlines, "demo", nominal_fps, origin, hr_pos_bpm)


def test_the_page_summarises_the_dataset_and_marks_synthetic_ones():
    text = text_of(page(index(), 2, hr_pos_bpm=[70, np.nan, 75, 71, 74]))
    assert "demo: 5 recordings, 0 failed, 3.0 minutes prepared" in text and "synthetic" not in text
    for word in ("nominal 30", "stamps: 5", "labels: 5", "POS: 4", "none in 5", "s1/v", "forehead"):
        assert word in text
    for unit in ("heart rate (bpm)", "frames per second", "frames with a face"):
        assert unit in text
    assert "(synthetic)" in text_of(page(index(), origin="synthetic"))


def test_failed_recordings_are_counted_and_drawn():
    nothing = {"fps": np.nan, "face_hit_rate": np.nan, "duration_s": np.nan}
    failed = index(2, status="failed", fps_source=None, **nothing)
    figure = page(pd.concat([failed, index(3)], ignore_index=True), 3)
    text = text_of(figure)
    assert "5 recordings, 2 failed, 1.8 minutes" in text and "crosses: 2 failed" in text
    crosses, points = figure.subfigs[0].axes[0].collections
    assert len(crosses.get_offsets()) == 2 and not crosses.get_offsets()[:, 1].any()
    shares = np.asarray(points.get_offsets())[:, 1]
    assert shares == pytest.approx([0.8, 0.9, 1.0])  # the worst first


def test_a_dataset_of_failures_only_has_a_page():
    text = text_of(page(index(1, status="failed", fps=np.nan, hr_true_bpm=np.nan)))
    for words in ("1 recording, 1 failed", "nothing prepared", "no frame rate known", "no labels"):
        assert words in text


def test_a_dataset_without_labels_shows_pos_alone():
    assert "no labels" in text_of(page(index(hr_true_bpm=np.nan)))
    text = text_of(page(index(hr_true_bpm=np.nan), hr_pos_bpm=[70, 71, 72, 73, np.nan]))
    assert "no labels" in text and "POS: 4" in text


@pytest.mark.slow
def test_one_recording_and_nan_among_many():
    assert "1 recording, 0 failed" in text_of(page(index(1), 1, nominal_fps=None))
    rows = index(4)
    rows.loc[1, ["face_hit_rate", "gap_s", "fps", "hr_true_bpm"]] = np.nan
    assert "labels: 3" in text_of(page(rows))


def test_gaps_are_drawn_the_longest_first():
    figure = page(index(gap_s=[0.0, 2.0, 0.0, 7.5, 1.0]))
    heights = [bar.get_height() for bar in figure.subfigs[0].axes[1].patches]
    assert heights == [7.5, 2.0, 1.0] and "3 of 5 recordings" in text_of(figure)


def test_the_contact_sheet_has_twelve_crops_with_their_outlines():
    figure = page(index(14), 14)
    sheet = figure.subfigs[1]
    assert sum(len(axes.images) for axes in sheet.axes) == 12
    first = sheet.axes[0]
    outlines = [patch.get_xy()[:-1] for patch in first.patches if isinstance(patch, Polygon)]
    assert len(outlines) == 2 and np.array_equal(outlines[0], REGIONS["cheek_up_A"])
    assert first.get_xlim() == (-0.5, 127.5) and first.get_ylim() == (127.5, -0.5)


def test_long_names_are_shortened_and_an_empty_index_is_refused():
    name = "a" * 80
    figure = plot_quality(index(), {f"demo/{name}/v": np.zeros((8, 8, 3))}, {}, "demo", 30, "real")
    assert name not in text_of(figure) and "…" in text_of(figure)
    with pytest.raises(ValueError, match="demo: no recordings in the index"):
        page(index(0))
