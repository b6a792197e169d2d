"""The IMU simulator: reproducible, physically correct, and varied."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from rppg.studies.relcon.simulator import simulate as module
from rppg.studies.relcon.simulator.forearm import EARTH_M_S2, Motion, specific_force
from rppg.studies.relcon.simulator.noise import band_noise, moves, wander
from rppg.studies.relcon.simulator.sensor_placement import sensor_output
from rppg.studies.relcon.simulator.simulate import (
    ACTIVITIES,
    BY_FOOT,
    SEATED,
    SimulatorConfig,
    simulate,
    simulate_session,
)

CONFIG = SimulatorConfig(n_subjects=6, n_sessions=2, bout_s=20.0)


@pytest.fixture(scope="module")
def recordings():
    return list(simulate(CONFIG))


def of(recording, activity):
    inside = recording.activities == activity
    return recording.xyz_g[inside], recording.targets["cadence_spm"][inside]


@pytest.mark.slow
def test_a_session_depends_on_its_own_seed_alone(recordings):
    again = simulate_session(replace(CONFIG, n_subjects=99, n_sessions=5), subject=2, session=1)
    np.testing.assert_array_equal(again.xyz_g, recordings[2].xyz_g)
    np.testing.assert_array_equal(again.activities, recordings[2].activities)
    others = [*recordings[:2], *recordings[3:], simulate_session(replace(CONFIG, seed=1), 2, 1)]
    assert not any(np.array_equal(other.xyz_g, again.xyz_g) for other in others)


def test_every_session_is_an_hour_of_its_own_with_all_activities(recordings):
    assert [r.id for r in recordings[:3]] == [
        "simulator/S01/1",
        "simulator/S01/2",
        "simulator/S02/1",
    ]
    for recording in recordings:
        hours = set((recording.times_s // 3600).astype(int))
        assert hours == {int(recording.session)} and recording.origin == "synthetic"
        assert set(recording.activities) == {*ACTIVITIES, ""}
        assert all((recording.activities == a).sum() == 2000 for a in ACTIVITIES)
        np.testing.assert_allclose(np.diff(recording.times_s), 0.01, atol=1e-9)
        assert np.isfinite(recording.xyz_g).all()
    assert len({tuple(dict.fromkeys(r.activities)) for r in recordings}) > 6  # in random order


def test_cadence_is_of_those_on_foot_and_people_differ_in_it(recordings):
    means = {}
    for activity in BY_FOOT:
        cadences = [of(r, activity)[1] for r in recordings]
        assert np.isfinite(np.concatenate(cadences)).all()
        means[activity] = np.array([c.mean() for c in cadences])
        assert np.mean([c.std() for c in cadences]) > 1  # it wanders within a bout
    for activity in (*SEATED, ""):
        assert np.isnan(np.concatenate([of(r, activity)[1] for r in recordings])).all()
    assert 85 < means["walking"].min() and means["walking"].max() < 145
    assert 130 < means["running"].min() and means["running"].max() < 205
    assert means["walking"].std() > 5
    assert means["stairs"].max() > means["walking"].min()  # the rate alone identifies neither


def share_at(xyz_g, stride_hz):
    """Share of the power (of 0.5 to 4.5 Hz) near multiples of a stride's rate."""
    xyz_g = (xyz_g - xyz_g.mean(0)) * np.hanning(len(xyz_g))[:, None]
    power = (np.abs(np.fft.rfft(xyz_g, 4000, axis=0)) ** 2).sum(1)
    freq_hz = np.fft.rfftfreq(4000, 0.01)
    tooth = np.abs((freq_hz / stride_hz + 0.5) % 1 - 0.5) < 0.15
    near = (freq_hz > 0.5) & (freq_hz < 4.5)
    return power[tooth & near].sum() / power[near].sum()


@pytest.mark.parametrize("activity", BY_FOOT)
def test_the_acceleration_repeats_at_the_stated_cadence_and_no_other(recordings, activity):
    parts = [[v[600:1000] for v in of(r, activity)] for r in recordings]
    factors = (0.8, 0.9, 1.0, 1.1, 1.2)
    shares = [[share_at(g, c.mean() / 120 * f) for f in factors] for g, c in parts]
    mean = np.mean(shares, axis=0)
    assert mean[2] > 0.1 + np.delete(mean, 2).max()


def test_the_cadence_is_of_the_same_moment_as_the_acceleration(monkeypatch):
    def jolted(activity, person, rng, n, rate_hz):
        body_g = np.zeros((n, 3))
        body_g[500] = 5.0
        return Motion(np.zeros(n), np.zeros(n), body_g, np.arange(n, dtype=float), 0.5)

    monkeypatch.setattr(module, "move_by_foot", jolted)
    recording = simulate_session(CONFIG, 1, 1)
    for activity in BY_FOOT:
        xyz_g, cadence_spm = of(recording, activity)
        assert cadence_spm[np.linalg.norm(xyz_g, axis=1).argmax()] == 500


def test_resting_arms_feel_gravity_and_running_ones_far_more(recordings):
    for recording in recordings:
        norms_g = {a: np.linalg.norm(of(recording, a)[0], axis=1) for a in ACTIVITIES}
        assert all(0.88 < np.median(norms_g[a]) < 1.12 for a in SEATED)
        assert norms_g["running"].std() > 2 * norms_g["typing"].std()
        in_turns = np.linalg.norm(of(recording, "")[0], axis=1)
        assert in_turns.max() < 8  # one activity fades into the other without a jump


def test_a_swinging_arm_feels_the_second_derivative_of_its_path():
    times_s, reach_m, rate_hz = np.arange(2000) / 1000, 0.55, 1000.0
    pitch_rad = 0.3 + 0.5 * np.sin(2 * np.pi * 0.9 * times_s)
    body_g = 0.2 * np.stack([np.sin(9 * times_s), np.cos(7 * times_s), np.sin(5 * times_s)], 1)
    path_m = reach_m * np.stack(
        [np.sin(pitch_rad), np.zeros_like(times_s), -np.cos(pitch_rad)], axis=1
    )
    around_g = np.gradient(np.gradient(path_m, axis=0), axis=0) * rate_hz**2 / EARTH_M_S2
    expected_g = np.linalg.norm(around_g + body_g + [0, 0, 1], axis=1)
    roll_rad = 0.4 * np.cos(times_s)  # turns the sensor, changes no length
    felt_g = np.linalg.norm(specific_force(pitch_rad, roll_rad, body_g, reach_m, rate_hz), axis=1)
    np.testing.assert_allclose(felt_g[5:-5], expected_g[5:-5], atol=1e-3)


def test_sensors_are_worn_in_any_way():
    """What is along one axis of the forearm points anywhere on the sphere: each coordinate of a
    uniform direction is uniform in -1 .. 1 (Archimedes)."""
    for axis in range(3):
        arm_g, rng = np.tile(np.eye(3)[axis], (10, 1)), np.random.default_rng(axis)
        weights = np.ones((1, 10))
        felt_g = np.array([sensor_output(arm_g, weights, rng, 5.0, 0.0)[0] for _ in range(250)])
        directions = felt_g / np.linalg.norm(felt_g, axis=1, keepdims=True)
        assert min(kstest(c, "uniform", (-1, 2)).pvalue for c in directions.T) > 1e-3


def test_sensors_differ_in_noise_up_to_what_the_config_says():
    still_g, weights = np.tile([0.0, 0.0, 1.0], (300, 1)), np.ones((1, 300))
    noise_g = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        xyz_g = sensor_output(still_g, weights, rng, 100.0, 0.03)
        noise_g.append(np.median(np.abs(np.diff(xyz_g, axis=0))) / 0.954)  # of a difference
    assert 0.0025 < min(noise_g) < 0.006 and 0.02 < max(noise_g) < 0.034


@pytest.mark.parametrize("tau_s", [0.5, 4.0])
def test_a_path_wanders_as_far_as_said_and_smoothly(tau_s):
    path = wander(np.random.default_rng(0), 100_000, 100.0, tau_s, 0.06)
    assert path.std() == pytest.approx(0.06, rel=0.2) and abs(path.mean()) < 0.02
    turn = np.gradient(np.gradient(path)) * 100.0**2  # as an angle, felt by an arm of 0.6 m:
    assert 0.6 * turn.std() / EARTH_M_S2 < 0.15


def test_noise_keeps_to_its_band():
    noise = band_noise(np.random.default_rng(0), 50_000, 100.0, 2.0, 8.0)
    power = np.abs(np.fft.rfft(noise)) ** 2
    freq_hz = np.fft.rfftfreq(len(noise), 0.01)
    assert noise.std() == pytest.approx(1, rel=0.1)
    assert power[(freq_hz > 1.8) & (freq_hz < 9)].sum() > 0.95 * power.sum()


def test_a_hand_rests_between_its_moves():
    path = moves(np.random.default_rng(0), 30_000, 100.0, every_s=20.0, sd=0.3)
    steps = np.abs(np.diff(path))
    assert (steps < 1e-9).mean() > 0.7 and 0 < steps.max() < 0.06


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"n_subjects": 0}, "n_subjects is 0, expected an integer of 1 or more"),
        ({"n_sessions": 1.5}, "n_sessions is 1.5, expected an integer"),
        ({"bout_s": 2}, "bout_s is 2, expected a number of 5 or more"),
        ({"rate_hz": float("nan")}, "rate_hz is nan"),
        ({"noise_g": "loud"}, "noise_g is 'loud', expected a number of 0 or more"),
        ({"seed": True}, "seed is True"),
    ],
)
def test_invalid_settings_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        SimulatorConfig(**wrong)
