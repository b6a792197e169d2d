"""The consensus of spectra: known answers, evidence of harmonics and motion, fitting, the file."""

import json

import numpy as np
import pytest
from helpers.ensemble import FREQ_HZ, spectrum, stack_of
from scipy.optimize import check_grad

from rppg.evaluation import consensus as module
from rppg.evaluation.confidence import FEATURES, Calibration
from rppg.evaluation.consensus import (
    Rules,
    consensus,
    motion_of,
    odds_of,
    on_grid,
    unit_spectra,
)
from rppg.evaluation.consensus_file import (
    PACKAGED,
    Fitted,
    consensus_for,
    load_consensus,
    save_consensus,
)
from rppg.evaluation.consensus_fit import LAPSES, PENALTY, _Choice, fit_rules

NO_MOTION = {"twice": 0.0, "half": 0.0, "motion": 0.0, "motion_twice": 0.0, "purity": 0.0}


def rules(members="abc", **evidence) -> Rules:
    return Rules({name: 1.0 for name in members}, **NO_MOTION | evidence)


def moving(hr_bpm: float, amplitude: float = 0.02) -> np.ndarray:
    """Amplitude (1, F) of a head that moves at one rate."""
    bump = np.exp(-(((60 * FREQ_HZ - hr_bpm) / 4.0) ** 2))
    return amplitude * bump[None]


def test_the_product_resolves_half_and_twice():
    one = stack_of({"a": [[(72, 1), (144, 0.9)]], "b": [[(36 * 2, 0.9), (50, 1)]], "c": [72.0]})
    assert consensus(one, rules()).hr_bpm == pytest.approx([72], abs=1)


def test_a_harmonic_speaks_for_the_rate_below_it():
    one = stack_of({name: [[(70, 1.0), (140, 1.05)]] for name in "abc"})
    assert consensus(one, rules()).hr_bpm == pytest.approx([140], abs=1)
    weighed = consensus(one, rules(twice=0.2, half=-0.2))
    assert weighed.hr_bpm == pytest.approx([70], abs=1)


def test_a_peak_that_follows_the_head_is_suppressed():
    one = stack_of({name: [[(66, 0.7), (98, 1.0)]] for name in "abc"})
    followed = rules(motion=-0.5)
    assert consensus(one, followed).hr_bpm == pytest.approx([98], abs=1)
    assert consensus(one, followed, moving(98)).hr_bpm == pytest.approx([66], abs=1)
    nod = rules(motion_twice=-0.5)
    assert consensus(one, nod, moving(49)).hr_bpm == pytest.approx([66], abs=1)


def test_a_pulse_alone_is_believed_though_the_head_moves_with_it():
    one = stack_of({name: [90.0] for name in "abc"})
    found = consensus(one, rules(motion=-0.5), moving(90, 0.004))
    assert found.hr_bpm == pytest.approx([90], abs=1)


def test_the_scale_of_spectra_changes_nothing():
    one = stack_of({"a": [70.0, 90.0], "b": [70.0, 120.0], "c": [100.0, 90.0]})
    louder = module.replace(one, power=one.power * np.array([1e-6, 1.0, 1e9])[:, None, None])
    weighed = rules(twice=0.2, half=-0.2)
    assert consensus(louder, weighed).power == pytest.approx(consensus(one, weighed).power)


def test_a_missing_member_is_left_out_and_none_at_all_is_nan():
    one = stack_of({"a": [70.0, None], "b": [70.0, None]})
    one.power[1, 0] = np.nan
    assert consensus(one, rules("ab")).hr_bpm == pytest.approx([70, np.nan], abs=1, nan_ok=True)


def test_a_member_without_a_weight_is_refused():
    with pytest.raises(ValueError, match="no weight for c in the consensus of a, b"):
        consensus(stack_of({name: [70.0] for name in "abc"}), rules("ab"))


def test_a_member_with_weight_0_is_left_out():
    one = stack_of({"a": [70.0], "b": [70.0], "c": [130.0]})
    some = module.replace(rules("ab"), weights=dict(rules("ab").weights) | {"c": 0.0})
    found = consensus(one, some)
    assert some.needed == found.members.models == ("a", "b")
    assert found.power == pytest.approx(consensus(one.of_models(["a", "b"]), rules("ab")).power)
    with pytest.raises(ValueError, match="c: all have weight 0"):
        consensus(one.of_models(["c"]), some)


def test_where_the_colours_change_as_blood_changes_them_a_rate_is_believed():
    one = stack_of({"a": [66.0], "b": [98.0], "c": [98.0]})
    purity = 0.05 + 0.8 * np.exp(-(((60 * FREQ_HZ - 66) / 4.0) ** 2))[None]
    believing, everywhere = rules(purity=3.0), np.full_like(purity, 0.9)
    assert consensus(one, believing).hr_bpm == pytest.approx([98], abs=1)
    assert consensus(one, believing, purity=purity).hr_bpm == pytest.approx([66], abs=1)
    assert consensus(one, believing, purity=everywhere).hr_bpm == pytest.approx([98], abs=1)


def test_the_members_say_where_the_peak_is_that_the_purity_chooses():
    one = stack_of({"a": [66.0], "b": [66.0]})
    purity = np.where(np.abs(60 * FREQ_HZ - 69) < 4, 0.6, 0.01)[None]
    purity[:, np.abs(60 * FREQ_HZ - 69).argmin()] = 0.83
    found = consensus(one, rules("ab", purity=3.0), purity=purity)
    assert 60 * FREQ_HZ[found.power[0].argmax()] == pytest.approx(69, abs=1)
    assert found.hr_bpm == pytest.approx([66], abs=1)


@pytest.mark.parametrize("other_bpm", [64, 66, 80])
def test_a_rate_is_a_peak_and_not_the_flank_of_a_higher_one_nearby(other_bpm):
    one = stack_of({name: [[(other_bpm, 1.0), (72, 0.3)]] for name in "ab"})
    purity = 0.02 + 0.9 * np.exp(-(((60 * FREQ_HZ - 72) / 3.0) ** 2))[None]
    found = consensus(one, rules("ab", purity=3.0), purity=purity)
    assert found.hr_bpm == pytest.approx([72], abs=2)


def fitted_stack(n: int = 60) -> tuple:
    """A good member, a random one, and one that follows the head; the truth and the motion."""
    rng = np.random.default_rng(0)
    truth, nod, chance = rng.uniform(50, 160, (3, n))
    one = stack_of({"good": list(truth), "random": list(chance), "nods": list(nod)})
    return one, truth, np.concatenate([moving(rate) for rate in nod])


@pytest.mark.slow
def test_a_true_rate_outside_of_the_axis_changes_no_fit():
    one, truth, motion = fitted_stack()
    outside = truth.copy()
    outside[0] = 10.0
    found, without = (
        fit_rules(one, outside, motion),
        fit_rules(one.of_recordings(np.arange(1, 60)), truth[1:], motion[1:]),
    )
    assert found == without and found.weights["random"] < found.weights["good"]


def test_the_gradient_that_rules_are_fitted_by_is_that_of_the_loss():
    one, truth, motion = fitted_stack(12)
    one.power[1, 3] = np.nan  # a member without a spectrum
    near = np.abs(60 * FREQ_HZ - truth[:, None]) <= 5
    odds = np.random.default_rng(2).normal(size=near.shape)
    choice = _Choice(unit_spectra(one), near, motion_of(one, motion), odds)
    at = np.array([0.5, 0.2, 0.9, 0.3, -0.2, -0.1, -0.3, 0.4])
    assert check_grad(lambda v: choice.loss(v)[0], lambda v: choice.loss(v)[1], at) < 1e-5


def test_the_loss_of_a_fit_is_that_of_the_consensus():
    one, truth, motion = fitted_stack(12)
    near = np.abs(60 * FREQ_HZ - truth[:, None]) <= 5
    choice = _Choice(unit_spectra(one), near, motion_of(one, motion), odds_of(one, None))
    at = np.array([0.5, 0.2, 0.9, 0.3, -0.2, -0.1, -0.3, 0.4])
    share = (consensus(one, choice.rules_of(at), motion).power * near).sum(axis=1)
    expected = -np.log((1 - LAPSES) * share + LAPSES * near.mean(axis=1)).mean()
    assert choice.loss(at)[0] == pytest.approx(expected + PENALTY * (at**2).sum())


@pytest.mark.slow
def test_fitted_rules_trust_the_member_that_is_right():
    one, truth, motion = fitted_stack()
    found = fit_rules(one, truth, motion)
    assert found.weights["good"] > 5 * found.weights["random"]
    assert found.motion <= 0
    assert consensus(one, found, motion).hr_bpm == pytest.approx(truth, abs=2)


@pytest.mark.slow
def test_a_member_that_is_not_worth_its_time_is_left_out_and_the_others_fitted_again():
    one, truth, motion = fitted_stack(30)
    every = fit_rules(one, truth, motion, least=dict.fromkeys(one.models, 0.0))
    others = dict.fromkeys(["random", "nods"], 3.1)  # above any weight
    worth = fit_rules(one, truth, motion, least={"good": 0.0} | others)
    alone = fit_rules(one.of_models(["good"]), truth, motion)
    assert set(every.needed) == set(one.models) and worth.needed == ("good",)
    assert worth.weights["good"] == pytest.approx(alone.weights["good"])


def test_nothing_to_fit_to_is_refused():
    one = stack_of({"a": [70.0, None]}).of_recordings(np.array([False, True]))
    with pytest.raises(ValueError, match="no window with a spectrum"):
        fit_rules(one, np.array([70.0]))


def test_spectra_over_another_axis_are_put_on_the_common_one():
    fine_hz = np.linspace(0.2, 4, 2000)
    power = np.exp(-(((60 * fine_hz - 75) / 4.0) ** 2))
    found = on_grid(fine_hz, power[None], FREQ_HZ)
    assert found.shape == (1, len(FREQ_HZ)) and found.sum() == pytest.approx(1)
    assert 60 * FREQ_HZ[found.argmax()] == pytest.approx(75, abs=0.5)
    assert np.abs(found[0] - spectrum((75, 1.0))).max() < 1e-4


def test_coefficients_survive_their_file(tmp_path):
    calibration = Calibration({"mass": 3.0, "motion": -0.1}, -1.5)
    fitted = {"classical": Fitted(rules(motion=-0.3), calibration, "made up")}
    save_consensus(fitted, tmp_path / "consensus.json")
    assert load_consensus(tmp_path / "consensus.json") == fitted


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "consensus.json").write_text(json.dumps({"classical": {"rules": {}}}))
    with pytest.raises(ValueError, match="consensus.json is no file of consensus coefficients"):
        load_consensus(tmp_path / "consensus.json")


def test_a_file_of_another_version_says_what_to_do(tmp_path):
    stored = json.loads(PACKAGED.read_text())
    del stored["classical"]["rules"]["purity"]
    (tmp_path / "old.json").write_text(json.dumps(stored))
    with pytest.raises(ValueError, match="'purity'; if another version wrote it, write it again"):
        load_consensus(tmp_path / "old.json")


def test_the_packaged_coefficients_say_what_they_are_from_and_keep_their_signs():
    for one in load_consensus().values():
        assert "synthetic" in one.fitted_on and "seed" in one.fitted_on
        assert min(one.rules.weights.values()) >= 0 and one.rules.twice >= 0
        assert max(one.rules.half, one.rules.motion, one.rules.motion_twice) <= 0
        assert one.rules.purity >= 0
        assert all(FEATURES[k] * v >= 0 for k, v in one.calibration.coefficients.items())


def test_an_unknown_net_has_no_consensus():
    with pytest.raises(ValueError, match="no consensus is fitted for POS, other"):
        consensus_for(["POS", "other"])
