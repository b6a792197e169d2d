"""The notebook for Colab, executed here: its installation is skipped, since rppg is there."""

import papermill
import pytest
from helpers.notebooks import NOTEBOOKS, printed


@pytest.mark.slow
def test_colabs_notebook_answers_for_a_synthetic_face(tmp_path):
    notebook, executed = NOTEBOOKS / "colab.ipynb", tmp_path / "colab.ipynb"
    papermill.execute_notebook(notebook, executed, cwd=tmp_path, progress_bar=False)
    text, n_figures = printed(executed)
    assert "true rate" in text and "CHROM" in text and n_figures == 1
