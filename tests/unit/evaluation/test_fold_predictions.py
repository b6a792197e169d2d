"""Tables of folds put together: the peak of the mean spectrum, each labelled recording once."""

import numpy as np
import pandas as pd
import pytest

from rppg.evaluation.fold_predictions import collect_folds

FREQ_HZ = np.linspace(0.7, 3.0, 231).astype(np.float32)


def row(id: str, split: str, *peaks_bpm: float, model: str = "net") -> dict:
    """A prediction whose spectrum has peaks of falling height; none: no rate."""
    shared = {"id": id, "model": model, "kind": "learned", "split": split, "origin": "synthetic"}
    shared |= {"hr_true_bpm": 70.0, "reason": "" if peaks_bpm else "no face"}
    if not peaks_bpm:
        return shared | {"hr_bpm": np.nan, "quality": np.nan, "freq_hz": None, "power": None}
    heights = 0.8 ** np.arange(len(peaks_bpm))
    peaks = zip(heights, peaks_bpm, strict=True)
    power = sum(h * np.exp(-(((60 * FREQ_HZ - bpm) / 3) ** 2)) for h, bpm in peaks)
    power = (power / power.sum()).astype(np.float32)
    return shared | {"hr_bpm": peaks_bpm[0], "quality": 0.5, "freq_hz": FREQ_HZ, "power": power}


def fold(labelled: str, *test: dict) -> pd.DataFrame:
    return pd.DataFrame([row(labelled, "validation", 72.0), *test])


def test_test_recordings_get_the_peak_on_which_the_folds_agree():
    # 80 bpm is the second peak of each fold, and no fold's answer
    tables = [fold(f"a/{k}/v", row("t/1/v", "test", own, 80.0)) for k, own in enumerate((50, 110))]
    tables += [fold("a/2/v", row("t/1/v", "test", 140.0, 80.0))]
    found = collect_folds(tables).set_index("id")
    assert found.index.tolist() == ["a/0/v", "a/1/v", "a/2/v", "t/1/v"]
    assert found.loc["t/1/v", "hr_bpm"] == pytest.approx(80, abs=0.5)
    assert found.loc["t/1/v", "power"].sum() == pytest.approx(1, abs=1e-5)
    assert (found.loc[["a/0/v", "a/1/v", "a/2/v"], "hr_bpm"] == 72).all()
    assert list(collect_folds(tables).columns) == list(tables[0].columns)


def test_a_fold_without_a_rate_leaves_it_to_the_others():
    tables = [fold("a/0/v", row("t/1/v", "test")), fold("a/1/v", row("t/1/v", "test", 65.0))]
    found = collect_folds(tables).set_index("id").loc["t/1/v"]
    assert found["hr_bpm"] == pytest.approx(65, abs=0.5) and found["reason"] == ""


def test_a_recording_without_a_rate_in_any_fold_keeps_its_reason():
    tests = [row("t/1/v", "test"), row("t/2/v", "test", 90.0)]
    for both in ([tests[0]], tests):
        found = collect_folds([fold("a/0/v", *both), fold("a/1/v", *both)]).set_index("id")
        assert np.isnan(found.loc["t/1/v", "hr_bpm"]) and found.loc["t/1/v", "reason"] == "no face"
        assert found.loc["t/1/v", "power"] is None


def test_without_test_recordings_the_labelled_ones_are_collected():
    assert len(collect_folds([fold("a/0/v"), fold("a/1/v")])) == 2


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ([fold("a/0/v"), fold("a/0/v")], "two folds have left out: a/0/v"),
        ([fold("a/0/v", row("t/1/v", "test", 60.0)), fold("a/1/v")], "different test recordings"),
        ([fold("a/0/v"), fold("a/1/v").assign(model="other")], "net, other"),
        ([], "0 models"),
    ],
)
def test_tables_that_are_no_folds_of_one_run_are_refused(tables, said):
    with pytest.raises(ValueError, match=said):
        collect_folds(tables)
