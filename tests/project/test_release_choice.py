"""The step that goes into the box is the best on both makers' validation faces, not on one."""

import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def choice(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    import release_choice

    return release_choice


def rows_of(errors: dict[int, tuple[float, float, float]]) -> pd.DataFrame:
    """Rows of one model: step to its error on the first maker, and on two levels of the second."""
    faces = ["first maker, validation", "second maker, middle", "second maker, hard"]
    return pd.DataFrame(
        {
            "model": "net",
            "step": step,
            "sha256": f"w{step}",
            "faces": one,
            "rmse_bpm": rmse,
            "within_5bpm": 0.5,
        }
        for step, of_step in errors.items()
        for one, rmse in zip(faces, of_step, strict=True)
    )


def test_each_maker_counts_as_much_as_the_other(choice):
    table = choice.with_both(rows_of({1: (3.0, 1.0, 7.0)}))
    both = table[table["faces"] == choice.BOTH].iloc[0]
    assert both.rmse_bpm == pytest.approx(((9 + (1 + 49) / 2) / 2) ** 0.5)
    assert both.within_5bpm == 0.5 and len(table) == 4


def test_the_best_of_one_maker_alone_is_not_chosen(choice):
    errors = {250: (1.0, 9.0, 20.0), 500: (6.0, 1.0, 9.0), 750: (4.0, 2.0, 8.0), 1000: (4, 2, 8)}
    best = choice.best_steps(choice.with_both(rows_of(errors)))
    assert best.loc["net"].tolist() == [750, "w750"]


def test_a_run_that_has_kept_no_weights_is_named(choice, tmp_path):
    with pytest.raises(FileNotFoundError, match="keep_validated: true"):
        choice.kept_steps(tmp_path)
    (tmp_path / "steps").mkdir()
    for step in (500, 250):
        (tmp_path / "steps" / f"{step:06d}.safetensors").write_bytes(b"")
    assert list(choice.kept_steps(tmp_path)) == [250, 500]
