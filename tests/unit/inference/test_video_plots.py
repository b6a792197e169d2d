"""Plots of several videos: names that differ, and titles that no font or formula can stop."""

from pathlib import Path

import numpy as np
import pytest
from helpers.answers import traces

from rppg.inference.video_plots import check_plot, draw, plot_paths
from rppg.signals.heart_rate import heart_rate


def names(*videos):
    return [path.name for path in plot_paths(Path("hr.png"), [Path(video) for video in videos])]


def test_videos_of_one_name_get_plots_of_different_names():
    assert names("s1/vid.mp4", "s2/vid.mp4") == ["hr-s1__vid.png", "hr-s2__vid.png"]
    assert names("a/x/v.mp4", "b/x/v.mp4") == ["hr-a__x__v.png", "hr-b__x__v.png"]
    assert names("v.mp4", "v.avi") == ["hr-v.mp4.png", "hr-v.avi.png"]
    assert names("v.mp4", "v.mp4") != names("v.mp4", "w.mp4")
    assert len({name.casefold() for name in names("V.mp4", "v.mp4", "v.mp4", "d/v.mp4")}) == 4
    assert names("/", ".", "..") and names("only.mp4") == ["hr.png"]


@pytest.mark.parametrize("video", ["$x^$_$.mp4", "Zo\udce9.mp4", "心拍.mp4", "a\nb.mp4", "x" * 200])
def test_any_name_can_be_the_title_of_a_plot(video, tmp_path, recwarn):
    seen = traces()
    wave = np.sin(2 * np.pi * 1.2 * seen.times_s)
    row = {"video": video, "face": "", "method": "POS"}
    row |= {"wave": wave, "estimate": heart_rate(wave, 30.0)}
    (path,) = plot_paths(tmp_path / "hr.PNG", [Path(video)])
    draw(path, row, seen, "real")
    assert path.stat().st_size > 10_000
    assert not [one for one in recwarn if "Glyph" in str(one.message)]


@pytest.mark.parametrize("name", ["hr", "hr.mp4", "", "x" * 240 + ".png", "file.txt/hr.png"])
def test_a_plot_that_cannot_be_written_is_refused_at_once(name, tmp_path):
    (tmp_path / "file.txt").touch()
    with pytest.raises((ValueError, OSError), match=r"expected|cannot be written"):
        check_plot(tmp_path / name)
