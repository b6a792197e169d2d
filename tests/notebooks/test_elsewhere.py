"""The notebooks for other machines, executed here: Kaggle's on a small benchmark, Colab's."""

import shutil

import papermill
import pytest
from helpers.notebooks import NOTEBOOKS, ROOT, printed

from rppg.evaluation import check_submission
from rppg.workflow.kaggle import write_folder, write_wheels

SMALL = """
extends: smoke
notebooks: {01_preprocess: {crops: [face]}}
runs:
  st_transformer/scratch: null
  contrast_phys/scratch: null
  contrast_phys/pretrain_difference: null
  contrast_phys/finetune_difference: null
  gideon2021/pretrain: null
  gideon2021/finetune: null
"""


@pytest.fixture
def inputs(smoke_run, tmp_path):
    """A folder like Kaggle's: a competition, and the dataset with the package's wheel alone, since
    the others are here and the notebook would install them."""
    inputs, wheels = tmp_path / "input", tmp_path / "input/rppg/dataset/wheels"
    write_folder(inputs / "rppg")
    for path in write_wheels(inputs / "rppg"):
        if not path.name.startswith("rppg-"):
            path.unlink()
    (wheels.parent / "notebooks/profiles/small.yaml").write_text(SMALL)
    shutil.copytree(ROOT / "data/smoke", inputs / "competitions/repss")
    return inputs


@pytest.mark.slow
def test_kaggles_notebook_leaves_a_submission_where_kaggle_looks(inputs, tmp_path):
    given = {"input_dir": inputs, "work_dir": tmp_path / "work", "scratch_dir": tmp_path / "temp"}
    given = {name: str(folder) for name, folder in given.items()} | {"profile": "small"}
    executed = tmp_path / "kaggle.ipynb"
    papermill.execute_notebook(NOTEBOOKS / "kaggle.ipynb", executed, given, progress_bar=False)
    sample = inputs / "competitions/repss/sample_submission.csv"
    assert check_submission(tmp_path / "work/submission.csv", sample) == []
    assert "real data" in printed(executed)[0]
    assert not (tmp_path / "work/rppg/prepared").exists()  # Kaggle keeps no crops


@pytest.mark.slow
def test_colabs_notebook_answers_for_a_synthetic_face(tmp_path):
    executed = tmp_path / "colab.ipynb"
    papermill.execute_notebook(
        NOTEBOOKS / "colab.ipynb", executed, cwd=tmp_path, progress_bar=False
    )
    text, n_figures = printed(executed)
    assert "true rate" in text and "CHROM" in text and n_figures == 1
