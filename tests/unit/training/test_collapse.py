"""The collapse monitor: who must be caught, who must pass, what run.json and later stages get."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.self_consistency import HR_BPM, Answer, constant, pulse_in, same_sine, write_store

from rppg.models.st_transformer.net import STTransformer, STTransformerConfig
from rppg.training.collapse import (
    NOISE,
    SINE,
    CollapseCheck,
    check_collapse,
    collapse_reasons,
    refuse_collapsed,
    same_rate,
)
from rppg.training.self_consistency import SelfConsistency

RATES = HR_BPM | {"B/3/f": 78.0, "B/4/g": 105.0, "B/5/h": 135.0}


@pytest.fixture(scope="module")
def self_consistency(tmp_path_factory):
    return SelfConsistency(write_store(tmp_path_factory.mktemp("store"), RATES), RATES, "ratio")


def mostly_one_sine(clips):
    """72 bpm for all clips but the first and the fifth of a batch, which are seen as they are."""
    waves = same_sine(clips).clone()
    waves[::4] = pulse_in(clips)[::4]
    return waves


def white(clips):
    """Other noise for every clip: what is drawn follows from what is seen."""
    chance = torch.Generator().manual_seed(int(1e6 * clips.abs().sum()))
    return torch.randn(clips.shape[:2], generator=chance)


def test_a_wave_that_follows_the_pulse_passes(self_consistency):
    found = check_collapse(Answer(pulse_in), self_consistency, "net")
    assert not found.collapsed and found.reasons == []
    noisy = check_collapse(
        Answer(lambda clips: pulse_in(clips) + 0.5 * white(clips)), self_consistency, "net"
    )
    assert not noisy.collapsed  # a pulse of 1.1 % amplitude under noise of 0.5 %


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (same_sine, ["100% of 8 recordings have the same rate", "no better than the 18.0 bpm"]),
        (mostly_one_sine, ["75% of 8 recordings .* about 72 bpm"]),
        (constant, ["100% of 8 recordings have a flat wave", "60.0 bpm off", "entropy 1.00"]),
        (white, ["bpm off when a clip is played slower", "as flat as noise"]),
    ],
    ids=["sine", "mostly one sine", "constant", "noise"],
)
def test_who_does_not_look_is_caught_and_told_why(self_consistency, answer, words):
    found = check_collapse(Answer(answer), self_consistency, "net")
    assert found.collapsed and len(found.reasons) == len(words)
    for reason, word in zip(found.reasons, words, strict=True):
        assert re.search(word, reason), reason


def test_an_untrained_net_that_hands_on_noise_is_caught(tmp_path):
    """The pulse of these recordings is far below their noise."""
    store = write_store(tmp_path, HR_BPM, noise=30.0)
    torch.manual_seed(0)
    net = STTransformer(STTransformerConfig(dim=8, n_loops=1, patch=4))
    found = check_collapse(net, SelfConsistency(store, HR_BPM, "ratio"), "untrained")
    assert found.collapsed and any("as flat as noise" in reason for reason in found.reasons)


def test_the_model_stands_beside_the_two_that_do_not_look(self_consistency):
    found = check_collapse(Answer(pulse_in), self_consistency, "net")
    assert found.values.index.tolist() == ["net", SINE, NOISE]
    assert found.values.loc["net"].to_dict() == self_consistency(Answer(pulse_in))
    assert found.values.loc[SINE, "speed_disagreement_bpm"] == pytest.approx(18, abs=0.7)
    assert found.values.loc[NOISE, "speed_disagreement_bpm"] > 18
    assert found.rates.columns.tolist() == ["id", "net", "POS", SINE, NOISE]
    assert found.rates["net"].tolist() == pytest.approx(
        [RATES[id] for id in found.rates["id"]], abs=1
    )
    assert found.rates[SINE].tolist() == pytest.approx([72.0] * 8, abs=0.4)
    again = check_collapse(Answer(pulse_in), self_consistency, "net")
    assert again.values.equals(found.values)  # the noise, too


def test_what_a_model_lacks_is_not_asked_of_the_others(self_consistency):
    class OnlyClips(torch.nn.Module):
        def forward(self, clips):
            return pulse_in(clips)

    found = check_collapse(OnlyClips(), self_consistency, "net")
    assert "rows_disagreement_bpm" not in found.values and found.values.notna().all(axis=None)


def test_run_json_tells_later_stages_and_they_refuse(self_consistency):
    good = check_collapse(Answer(pulse_in), self_consistency, "net").as_json()
    bad = check_collapse(Answer(same_sine), self_consistency, "run 7").as_json()
    good, bad = (json.loads(json.dumps(one, allow_nan=False)) for one in (good, bad))
    assert bad["collapsed"] is True and bad["n_recordings"] == 8
    assert bad["values"]["run 7"]["hr_spread_bpm"] == 0
    refuse_collapsed({"monitor": good}, allow=False)
    refuse_collapsed({"monitor": bad}, allow=True)
    with pytest.raises(ValueError, match="the run 'run 7' has collapsed: 100% of 8 recordings"):
        refuse_collapsed({"monitor": bad}, allow=False)
    for allow in (False, True):
        with pytest.raises(ValueError, match="no entry 'monitor'.*pre-train again"):
            refuse_collapsed({"name": "run 7"}, allow)


@pytest.mark.parametrize(
    ("speed_bpm", "entropy", "words"),
    [
        (17.9, 0.85, []),
        (18.1, 0.85, ["18.1 bpm off .* the 18.0 bpm of the sine generator"]),
        (17.9, 0.87, ["entropy 0.87, collapsed from 0.86 on"]),
    ],
)
def test_the_limits_are_those_of_the_sine_and_the_noise(speed_bpm, entropy, words):
    columns = ["speed_disagreement_bpm", "spectral_entropy"]
    table = [[speed_bpm, entropy], [18.0, 0.6], [30.0, 0.925]]
    values = pd.DataFrame(table, index=["net", SINE, NOISE], columns=columns)
    reasons = collapse_reasons([60, 80, 100, 120], values.loc["net"], values)
    assert len(reasons) == len(words)
    assert all(re.search(*pair) for pair in zip(words, reasons, strict=True))


def test_a_value_that_is_not_known_is_none_in_run_json():
    values = pd.DataFrame({"pos_disagreement_bpm": [np.nan, 1.0]}, index=["net", SINE])
    told = CollapseCheck("net", values, pd.DataFrame({"id": ["a", "b"]}), []).as_json()
    assert json.loads(json.dumps(told, allow_nan=False))["values"] == {
        "net": {"pos_disagreement_bpm": None},
        SINE: {"pos_disagreement_bpm": 1.0},
    }


@pytest.mark.parametrize(
    ("rates", "share", "rate_bpm"),
    [
        ([60, 66, 80, 90], 0.5, 63),
        ([60, 67, 80, 90], 0.25, 60),
        ([70, 71, 72, 73, 150], 0.8, 71.5),
        ([np.nan, np.nan, 60], 2 / 3, np.nan),
        ([np.nan, 60, 61, 62], 0.75, 61),
        ([np.nan], 1.0, np.nan),
    ],
)
def test_the_largest_share_with_one_rate(rates, share, rate_bpm):
    assert same_rate(rates) == pytest.approx((share, rate_bpm), nan_ok=True)


def test_too_few_recordings_and_a_taken_name_are_errors(self_consistency, tmp_path):
    one = SelfConsistency(write_store(tmp_path, {"A/1/a": 60.0}), ["A/1/a"], "ratio")
    with pytest.raises(ValueError, match="1 recording to check on: expected 2 or more"):
        check_collapse(Answer(pulse_in), one, "net")
    with pytest.raises(ValueError, match="the model is called 'noise'"):
        check_collapse(Answer(pulse_in), self_consistency, "noise")
