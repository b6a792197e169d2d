"""Difficulty of the synthetic benchmark, at small size, by the command that prints the table.

The full measurement is `python benchmarks/challenge.py` (48 clips, 3 seeds); these bounds are the
same with the tolerance that a few clips need.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rppg.signals.classical import METHODS

pytestmark = pytest.mark.slow
STUDY = Path(__file__).parents[2] / "benchmarks" / "challenge.py"


def study(out, *options) -> pd.DataFrame:
    command = [sys.executable, str(STUDY), "--seeds", "1", "--out", str(out), *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=STUDY.parents[1])
    assert done.returncode == 0, done.stderr[-3000:]
    print(done.stdout)
    results = pd.read_csv(out)
    assert set(results.origin) == {"synthetic"}
    return results


def within(results, name):
    return float(np.mean(np.abs(results[name] - results.hr_true_bpm) <= 5))


def test_easy_is_easy_and_test_leaves_something_to_learn(tmp_path):
    results = study(tmp_path / "levels.csv", "--clips", "18", "--levels", "easy,test", "--mtcnn")
    easy, test = (results[results.level == level] for level in ("easy", "test"))
    assert results.face_mesh.mean() >= 0.99 and results.mtcnn.mean() >= 0.99
    assert within(easy, "POS") >= 0.9
    assert 0.4 <= within(test, "POS") <= 0.95
    assert within(test, "oracle") >= 0.9
    misled = np.mean(np.abs(test.oracle_wrong - test.wrong_bpm) <= 5)
    assert misled < within(test, "oracle") - 0.4


@pytest.mark.parametrize("level", ["easy", "test"])
def test_without_a_pulse_no_method_beats_the_mean(tmp_path, level):
    results = study(tmp_path / "null.csv", "--null", "--clips", "24", "--levels", level)
    spread = results.hr_true_bpm.std(ddof=0)  # the error of the mean predictor
    for name in METHODS:
        rmse = np.sqrt(np.mean((results[name] - results.hr_true_bpm) ** 2))
        assert rmse > spread, f"{name} finds a heart rate where there is no pulse"
        assert within(results, name) < 0.4
