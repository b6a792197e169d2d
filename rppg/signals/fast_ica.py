"""Independent components of a few channels, by FastICA.

>>> t = np.arange(600) / 30
>>> sources = np.stack([np.sin(2 * np.pi * 1.2 * t), np.sign(np.sin(5 * t)), t % 1.7], axis=1)
>>> found = fast_ica(sources @ np.array([[1, 0.5, 0.3], [0.4, 1, 0.2], [0.3, 0.6, 1]]))
>>> match = np.abs(np.corrcoef(sources.T, found.T)[:3, 3:]).max(axis=1)
>>> bool((match > 0.95).all())
True

Hyvarinen and Oja, "Independent component analysis: algorithms and applications", Neural Networks
13, 2000: symmetric, with the contrast log cosh.  The steps, the start and the tolerance are those
of scikit-learn's FastICA, whose import takes as long as the answer on a short video; a test
compares the two.
"""

import numpy as np

MOST_STEPS, TOLERANCE = 500, 1e-4


def fast_ica(channels: np.ndarray, seed: int = 0) -> np.ndarray:
    """Components (T, n) of unit variance, in no order, of channels (T, n) of full rank, T > n.

    After MOST_STEPS the components are those of the last one, converged or not.
    """
    n_samples, n = channels.shape
    centred = (channels - channels.mean(axis=0)).T  # (n, T)
    basis, spread, _ = np.linalg.svd(centred, full_matrices=False)
    basis *= np.sign(basis[0])
    white = (basis / spread).T @ centred * np.sqrt(n_samples)  # (n, T)
    unmixing = _decorrelated(np.random.RandomState(seed).normal(size=(n, n)))
    for _ in range(MOST_STEPS):
        squashed = np.tanh(unmixing @ white)
        slope = (1 - squashed**2).mean(axis=1, keepdims=True)
        after = _decorrelated(squashed @ white.T / n_samples - slope * unmixing)
        change = np.abs(np.abs((after * unmixing).sum(axis=1)) - 1).max()
        unmixing = after
        if change < TOLERANCE:
            break
    found = (unmixing @ white).T
    return found / found.std(axis=0)


def _decorrelated(rows: np.ndarray) -> np.ndarray:
    """(W W')^-1/2 W of W (n, n)."""
    values, vectors = np.linalg.eigh(rows @ rows.T)
    values = np.maximum(values, np.finfo(float).tiny)
    return vectors / np.sqrt(values) @ vectors.T @ rows
