"""For tests of figures: warnings are errors, figures are closed, and what is written can be read.

`from figure_shared import strict_and_closed, texts`, and
`pytestmark = pytest.mark.usefixtures("strict_and_closed")` where the guard is wanted.
"""

import warnings

import matplotlib.pyplot as plt
import pytest


@pytest.fixture
def strict_and_closed():
    plt.switch_backend("agg")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    plt.close("all")


def texts(figure):
    """All that is written in a figure, drawn once so that layout problems show."""
    figure.canvas.draw()
    found = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return " | ".join(artist.get_text() for artist in found if artist.get_text())
