"""For tests of figures: a fixture that turns warnings into errors and closes figures, and `texts`.

from helpers.figure import strict_and_closed, texts
pytestmark = pytest.mark.usefixtures("strict_and_closed")
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
    """All texts of a figure, which is drawn once so that layout problems show."""
    figure.canvas.draw()
    found = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return " | ".join(artist.get_text() for artist in found if artist.get_text())
