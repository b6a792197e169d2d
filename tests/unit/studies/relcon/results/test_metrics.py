"""Metrics of activities and cadences: compared with scikit-learn, by hand, errors."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, f1_score, roc_auc_score

from rppg.studies.relcon.results.metrics import ACTIVITY_METRICS, VALUE_METRICS, metrics

CLASSES = np.array(["sitting", "stairs", "walking"])
ABOUT = {"dataset": "simulator", "n_labels": "5", "method": "RelCon", "seed": 0}


pytestmark = pytest.mark.usefixtures("no_warnings")


def activity_rows(n=300, separation=1.5, seed=0):
    """separation: how far the truth raises its class's logit."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, n, p=[0.6, 0.1, 0.3])
    shares = np.exp(rng.normal(size=(n, 3)) + separation * np.eye(3)[truth])
    shares = (shares / shares.sum(axis=1, keepdims=True)).astype("f4")
    rows = pd.DataFrame({"task": "activity", **ABOUT, "truth": CLASSES[truth]})
    rows = rows.assign(predicted=CLASSES[shares.argmax(axis=1)])
    return rows.assign(**{f"p_{name}": shares[:, k] for k, name in enumerate(CLASSES)})


def value_rows(truth_value, predicted_value):
    rows = pd.DataFrame({"truth_value": truth_value, "predicted_value": predicted_value})
    return rows.assign(task="cadence_spm", **ABOUT)


def test_activity_as_scikit_learn_has_it():
    rows = activity_rows()
    truth, predicted = rows["truth"], rows["predicted"]
    probabilities = rows[[f"p_{name}" for name in CLASSES]].to_numpy(float)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    assert metrics(rows) == pytest.approx(
        {
            "n": 300,
            "macro_f1": f1_score(truth, predicted, average="macro"),
            "balanced_accuracy": balanced_accuracy_score(truth, predicted),
            "kappa": cohen_kappa_score(truth, predicted),
            "auc": roc_auc_score(truth, probabilities, multi_class="ovr", average="macro"),
        }
    )
    assert tuple(metrics(rows))[1:] == ACTIVITY_METRICS


def test_guessing_is_worth_nothing():
    found = metrics(activity_rows(n=6000, separation=0.0))
    assert found["kappa"] == pytest.approx(0, abs=0.03)
    assert found["auc"] == pytest.approx(0.5, abs=0.03)
    assert found["balanced_accuracy"] == pytest.approx(1 / 3, abs=0.03)


def test_means_are_over_the_classes_of_the_truth():
    rows = activity_rows(n=4).assign(
        truth=["sitting", "sitting", "walking", "walking"],
        predicted=["sitting", "stairs", "walking", "walking"],
        p_sitting=[0.8, 0.3, 0.1, 0.2],
        p_stairs=[0.1, 0.5, 0.1, 0.1],
        p_walking=[0.1, 0.2, 0.8, 0.7],
    )
    found = metrics(rows)
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1) / 2)  # none for stairs, which no one did
    assert found["balanced_accuracy"] == pytest.approx((1 / 2 + 1) / 2)
    assert found["auc"] == 1


def test_one_class_has_no_kappa_and_no_auc():
    rows = activity_rows(separation=9.0)
    found = metrics(rows[rows["truth"] == "sitting"])
    assert np.isnan(found["kappa"]) and np.isnan(found["auc"])
    assert found["balanced_accuracy"] > 0.9


def test_another_datasets_classes_and_the_other_task_do_not_disturb():
    rows, cadence = activity_rows(), value_rows([90.0, 120.0, 100.0], [95.0, 110.0, 100.0])
    other = rows.assign(dataset="PAMAP2", p_rowing=0.5, truth="rowing", predicted="rowing")
    both = pd.concat([other.drop(columns="p_walking"), rows, cadence], ignore_index=True)
    mine = both[both["dataset"] == "simulator"]
    assert metrics(mine[mine["task"] == "activity"]) == metrics(rows)
    assert metrics(mine[mine["task"] == "cadence_spm"]) == metrics(cadence)


def test_cadence_by_hand():
    truth_value, predicted_value = np.array([90.0, 120, 100, 110]), np.array([95.0, 110, 100, 111])
    found = metrics(value_rows(truth_value, predicted_value))
    assert found["mae"] == pytest.approx((5 + 10 + 0 + 1) / 4)
    assert found["pearson_r"] == pytest.approx(np.corrcoef(truth_value, predicted_value)[0, 1])
    assert tuple(found)[1:] == VALUE_METRICS


@pytest.mark.parametrize("truth_value, predicted_value", [([90, 95], [7, 7]), ([9, 9], [90, 95])])
def test_what_is_constant_has_no_correlation(truth_value, predicted_value):
    assert np.isnan(metrics(value_rows(truth_value, predicted_value))["pearson_r"])


@pytest.mark.parametrize("column", ["task", "dataset", "n_labels", "method", "seed"])
def test_rows_of_several_models_are_refused(column):
    rows = activity_rows()
    rows[column] = np.where(rows.index < 9, rows[column], "other")
    with pytest.raises(ValueError, match=f"several values of {column}"):
        metrics(rows)


def test_what_is_missing_is_named():
    rows = activity_rows(n=20)
    for broken, message in (
        (rows[:0], "no row"),
        (rows.drop(columns="n_labels"), r"missing columns \['n_labels'\]"),
        (rows.drop(columns="predicted"), "20 of 20 rows have no predicted"),
        (rows.assign(p_stairs=rows["p_stairs"].where(rows.index > 2)), "3 of 20 .* no p_stairs"),
        (rows.assign(truth="rowing"), r"truth has \['rowing'\], expected .*'stairs'"),
        (rows.assign(task="sleep"), "20 of 20 rows have no truth_value"),
        (value_rows([90.0, np.nan], [90.0, 90.0]), "1 of 2 rows have no truth_value"),
    ):
        with pytest.raises(ValueError, match=message):
            metrics(broken)
