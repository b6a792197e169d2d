"""MLP probe: one hidden layer on standardised frozen embeddings, in place of a linear model.

    rows = probe_activity(embeddings, table, folds, n_labels=5, seed=0, fitted=mlp_classifier)

>>> embeddings = np.random.default_rng(0).normal(size=(40, 2))
>>> labels = np.where((embeddings ** 2).sum(axis=1) > 1.4, "out", "in")  # no line separates them
>>> model = mlp_classifier(embeddings, labels, n_labels=20, seed=0)
>>> bool((model.predict(embeddings) == labels).all())
True

Source: Xu et al., RelCon, ICLR 2025, its probe of 512 hidden units; there with early stopping
throughout, here only with all labels, as few labels leave none to stop by, and with more patience:
an epoch of few windows is a few steps.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

HIDDEN = 512
PATIENCE = 20  # epochs without a better validation score, with all labels; released: 5
MOST_EPOCHS = 200


def mlp_classifier(
    embeddings: np.ndarray, labels: np.ndarray, n_labels: int | None, seed: int
) -> Pipeline:
    """Fitted on embeddings (n, D) and labels (n,); has classes_ and predict_proba.

    n_labels: labelled windows per activity, None for all: then a tenth of the windows decides when
    to stop.  seed: of the weights and of the order.
    """
    stopping = {"early_stopping": True, "n_iter_no_change": PATIENCE} if n_labels is None else {}
    mlp = MLPClassifier((HIDDEN,), max_iter=MOST_EPOCHS, random_state=seed, **stopping)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # MOST_EPOCHS are meant
        return make_pipeline(StandardScaler(), mlp).fit(embeddings, labels)
