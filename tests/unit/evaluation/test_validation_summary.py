"""What is said of a chosen step follows from the values of the later ones."""

import numpy as np
import pandas as pd
import pytest

from rppg.evaluation.validation_summary import best_and_worst, explain_choice


def said(*values, best=200, monitor="rmse_bpm"):
    steps = range(100, 100 * len(values) + 1, 100)
    return explain_choice(pd.DataFrame({"step": steps, monitor: values}), best, monitor)


def test_later_steps_that_are_worse_are_the_reason_for_an_early_one():
    text = said(9.0, 1.0, 3.5, 2.0)
    assert "step 200 of 400 has the lowest RMSE of 4 validations, 1.00 bpm" in text
    assert "The 2 later ones are higher by 1.00 to 2.50 bpm" in text and "early step" in text


def test_later_steps_that_are_alike_are_no_reason():
    text = said(9.0, 1.0, 1.25, 1.0)
    assert "by 0.00 to 0.25 bpm: no real difference" in text
    assert "no real difference" in said(1.0, 0.5, 0.54, monitor="ipr")
    assert "early step" in said(1.0, 0.5, 0.6, monitor="ipr")


def test_the_last_step_may_be_too_early():
    assert said(9.0, 1.0).endswith("It is the last step: more steps might lower it further.")


def test_a_step_that_was_not_validated_is_refused():
    with pytest.raises(ValueError, match="step 250 was not validated"):
        said(9.0, 1.0, best=250)


def test_best_and_worst_by_error_without_missing_rates():
    rows = {"id": list("abcdef"), "hr_bpm": [60, 70, np.nan, 90, 50, 61]}
    table = pd.DataFrame(rows).assign(hr_true_bpm=[60, 60, 60, 60, 60, np.nan])
    assert best_and_worst(table, n=1) == ["a", "d"]
    assert best_and_worst(table) == ["a", "b", "e", "d"]
    assert best_and_worst(table.iloc[:2]) == ["a", "b"] and best_and_worst(table.iloc[5:]) == []
