"""FastICA gives the components of scikit-learn's, whose start and steps it takes."""

import doctest
import warnings

import numpy as np
import pytest
from sklearn.decomposition import FastICA

from rppg.signals import fast_ica as module
from rppg.signals.fast_ica import fast_ica


def mixed(seed: int, noise: float) -> np.ndarray:
    """Three channels (400, 3) of a pulse, a movement and noise."""
    rng, t = np.random.default_rng(seed), np.arange(400) / 30
    sources = np.stack([np.sin(7 * t + seed), (1.3 * t) % 1, rng.standard_normal(400)], axis=1)
    z = sources @ rng.uniform(0.2, 1, (3, 3)) + noise * rng.standard_normal((400, 3))
    return (z - z.mean(axis=0)) / z.std(axis=0)


@pytest.mark.parametrize("seed", range(4))
def test_components_are_those_of_scikit_learn(seed):
    z = mixed(seed, noise=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it converges: else rounding decides
        model = FastICA(3, whiten="unit-variance", max_iter=module.MOST_STEPS, random_state=0)
        expected = model.fit_transform(z)
    np.testing.assert_allclose(fast_ica(z), expected, atol=1e-6)


def test_noise_alone_gives_components_too():
    found = fast_ica(np.random.default_rng(0).standard_normal((300, 3)))
    np.testing.assert_allclose(np.cov(found.T, bias=True), np.eye(3), atol=1e-6)


def test_the_input_is_left_as_it_is():
    z = mixed(0, 0.1)
    before = z.copy()
    fast_ica(z)
    np.testing.assert_array_equal(z, before)


def test_examples():
    assert doctest.testmod(module).failed == 0
