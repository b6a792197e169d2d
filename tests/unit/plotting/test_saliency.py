"""Figures of blocks and saliency: cells, BVPs and rates, also if some are missing."""

from types import SimpleNamespace

import numpy as np
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401
from matplotlib.colors import to_rgba

from rppg.plotting.saliency import plot_block, plot_looks

CROP = np.random.default_rng(0).integers(0, 255, (128, 128, 3), dtype=np.uint8)
SALIENCY = np.random.default_rng(1).random((32, 32))
FREQ_HZ = np.linspace(0.66, 3, 200)

pytestmark = pytest.mark.usefixtures("strict_and_closed")


def found_at(hr_bpm):
    power = np.exp(-((60 * FREQ_HZ - hr_bpm) ** 2) / 20)
    return SimpleNamespace(hr_bpm=hr_bpm, freq_hz=FREQ_HZ, power=power)


def block(rates_bpm=(60.0, 70.0, 80.0, 90.0), n_frames=300, saliency=SALIENCY, **changes):
    """What learning's seen_in_clip returns, and the rest that plot_block asks for."""
    times_s = np.arange(n_frames) / 30
    waves = np.sin(2 * np.pi * np.array(rates_bpm)[:, None] / 60 * times_s)
    found = [*(found_at(rate_bpm) for rate_bpm in rates_bpm), found_at(75.5)]
    given = {"waves": waves, "found": found, "fps": 30.0, "saliency": saliency}
    rest = {"hr_true_bpm": 72.0, "title": "PURE/01", "origin": "synthetic"}
    return given | rest | changes


def panels(figure):
    """The axes by what is in them: faces, waves, spectra."""
    faces = [axes for axes in figure.axes if axes.images]
    rest = [axes for axes in figure.axes if not axes.images]
    return faces, rest[::2], rest[1::2]


@pytest.mark.slow
def test_cells_rates_truth_and_origin_are_written():
    figure = plot_block(CROP, **block())
    text = texts(figure)
    assert "PURE/01 (synthetic)" in text and "2 x 2 cells" in text
    for words in ("60.0\nbpm", "90.0\nbpm", "75.5\nbpm", "dashed: true, 72.0 bpm", "| mean |"):
        assert words in text
    assert text.count("| 3 |") == 2  # in the face and next to its BVP
    assert "synthetic" not in texts(plot_block(CROP, **block(origin="real")))


def test_the_waves_of_the_cells_and_their_mean_are_drawn():
    given = block()
    _, waves, spectra = panels(plot_block(CROP, **given))
    drawn = np.array([axes.get_lines()[0].get_ydata() for axes in waves])
    assert np.array_equal(drawn, [*given["waves"], given["waves"].mean(axis=0)])
    times_s = waves[0].get_lines()[0].get_xdata()
    assert times_s[30] == pytest.approx(1)
    for axes, found in zip(spectra, given["found"], strict=True):
        truth, power = axes.get_lines()
        assert list(truth.get_xdata()) == [72, 72]
        assert power.get_xdata()[power.get_ydata().argmax()] == pytest.approx(found.hr_bpm, abs=1)


def test_each_cell_has_the_colour_of_its_wave_and_its_place_in_the_face():
    faces, waves, _ = panels(plot_block(CROP, **block()))
    cells = faces[0].patches
    centres = [cell.get_corners().mean(axis=0).tolist() for cell in cells]
    assert centres == [pytest.approx(at) for at in ([32, 32], [96, 32], [32, 96], [96, 96])]
    for cell, axes in zip(cells, waves[:4], strict=True):
        assert cell.get_edgecolor() == to_rgba(axes.get_lines()[0].get_color())


def test_the_saliency_covers_the_face_and_its_largest_pixel_is_brightest():
    saliency = np.zeros((32, 32))
    saliency[20, 8] = 3.0
    figure = plot_block(CROP, **block(saliency=saliency))
    overlay = panels(figure)[0][1].images[1]
    assert overlay.get_extent() == [0, 128, 128, 0]
    values = np.asarray(overlay.get_array())
    assert np.unravel_index(values.argmax(), values.shape) == (20, 8)
    figure.canvas.draw()


def test_large_values_at_the_ends_do_not_flatten_the_bvp():
    given = block()
    given["waves"][:, :3] = 1e3
    _, waves, _ = panels(plot_block(CROP, **given))
    assert all(np.ptp(axes.get_ylim()) < 4 for axes in waves)


@pytest.mark.parametrize("side", [1, 3])
def test_any_number_of_cells(side):
    rates_bpm = np.linspace(60, 90, side**2)
    figure = plot_block(CROP, **block(rates_bpm=rates_bpm))
    _, waves, spectra = panels(figure)
    assert len(waves) == len(spectra) == side**2 + (side > 1)
    text = texts(figure)
    assert ("one cell" if side == 1 else "3 x 3 cells") in text
    assert ("mean |" in text) == (side > 1)


def test_missing_parts_are_skipped_or_named():
    given = block(saliency=None, hr_true_bpm=None, waves=np.ones((4, 300)), found=[None] * 5)
    figure = plot_block(CROP, **given)
    text = texts(figure)
    assert text.count("no rate") == 5 and "true" not in text and "pixels" not in text
    assert len(panels(figure)[0]) == 1
    saliency = np.zeros((32, 32))
    texts(plot_block(CROP, **block(saliency=saliency, n_frames=90)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"waves": np.ones((3, 300))}, r"\(3, 300\) and 5"),
        ({"waves": np.ones(300)}, r"\(300,\) and 5"),
        ({"found": [None] * 4}, r"expected waves .* S S \+ 1 heart rates, found \(4, 300\) and 4"),
    ],
)
def test_waves_that_fit_no_square_are_errors(changes, words):
    with pytest.raises(ValueError, match=words):
        plot_block(CROP, **block(**changes))


def looked(n, side=64, places=16):
    """Crops, maps that sum to 1, and warped crops of n recordings, each another."""
    rng = np.random.default_rng(2)
    crops, warped = rng.integers(0, 255, (2, n, side, side, 3), dtype=np.uint8)
    maps = rng.random((n, places, places))
    return crops, maps / maps.sum(axis=(1, 2), keepdims=True), warped


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 4])
def test_each_column_has_crop_saliency_and_resampled_crop(n):
    crops, maps, warped = looked(n)
    figure = plot_looks(crops, maps, warped, "Gideon2021, MCC, with labels", "synthetic")
    text = texts(figure)
    assert figure._suptitle.get_window_extent().x1 < figure.bbox.x1, "the title is cut off"
    assert "Gideon2021, MCC, with labels (synthetic)" in text and len(figure.axes) == 3 * n
    assert [text.count(name) for name in ("crop", "resampled")] == [1, 1]
    rows = np.array(figure.axes).reshape(3, n)
    for column in range(n):
        shown = [axes.images for axes in rows[:, column]]
        assert [len(images) for images in shown] == [1, 2, 1]
        assert np.array_equal(shown[0][0].get_array(), crops[column])
        assert np.array_equal(shown[2][0].get_array(), warped[column])
        overlay = np.asarray(shown[1][1].get_array())
        assert overlay.shape == (16, 16) and overlay.flat[maps[column].argmax()] == 1
        assert shown[1][1].get_extent() == [0, 64, 64, 0]  # over all of the crop


def test_saliency_of_real_recordings_is_not_called_synthetic():
    crops, maps, _ = looked(2)
    figure = plot_looks(crops, maps.astype(np.float32), looked(2, side=32)[2], "Ours", "real")
    assert "synthetic" not in texts(figure)
