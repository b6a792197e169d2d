"""The method `consensus` of predict: its answer, confidence, words, and members that fail."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.answers import stub_extraction, traces

from rppg.datasets.prepared import SINGLE_REGIONS
from rppg.inference.consensus import agree, fitted_for, nets_needed
from rppg.inference.videos import expand_videos, method_names, predict_videos
from rppg.models.names import RECIPES

FPS = 30


def noisy(seconds: float, hr_bpm, noise: float = 0.5, seed: int = 0) -> dict:
    """Members' waves of a pulse with noise; hr_bpm: one for all, or one per member."""
    rng, t = np.random.default_rng(seed), np.arange(round(seconds * FPS)) / FPS
    names = ["POS", "CHROM", "GREEN", "LGI", "MR-PBV"]
    rates = dict(zip(names, np.broadcast_to(hr_bpm, len(names)), strict=True))
    beats = {name: np.sin(2 * np.pi * rate / 60 * t) for name, rate in rates.items()}
    return {name: beat + noise * rng.standard_normal(len(t)) for name, beat in beats.items()}


def asked(waves: dict, nods_bpm: float | None = None, alike: bool = True):
    """`agree` of waves, on a video of their length whose head nods.  alike: all regions have one
    pulse; else, each its own noise."""
    n = len(next(iter(waves.values())))
    head = np.zeros((n, 5))
    if nods_bpm is not None:
        head[:, 3] = 0.02 * np.sin(2 * np.pi * nods_bpm / 60 * np.arange(n) / FPS)
    mstmap = np.resize(traces().mstmap, (n, 63, 6))
    if not alike:
        mstmap = np.random.default_rng(9).normal(100, 1, mstmap.shape).astype(np.float32)
    made = replace(traces(), times_s=np.arange(n) / FPS, head=head, mstmap=mstmap)
    predict = {name: lambda wave=wave: wave for name, wave in waves.items()}
    return agree(predict, made, fitted_for([]))


def test_waves_that_agree_give_a_sure_answer_per_second_too():
    wave, rate, fields = asked(noisy(20, 72.0))
    assert rate.hr_bpm == pytest.approx(72, abs=1) and len(wave) == 600
    assert fields["confidence"] > 0.8 and fields["words"].startswith("72 bpm, ")
    seconds = fields["per_second"]
    assert seconds["start_s"].tolist() == pytest.approx(np.arange(11.0))
    assert seconds["hr_bpm"] == pytest.approx([72] * 11, abs=1.5)
    assert seconds["confidence"].min() > 0.5


def test_the_gain_of_waves_changes_nothing():
    waves = noisy(12, 90.0)
    louder = {name: 1e4 * wave for name, wave in waves.items()}
    one, other = asked(waves), asked(louder)
    assert one[1].hr_bpm == other[1].hr_bpm
    assert one[2]["confidence"] == pytest.approx(other[2]["confidence"])


def test_noise_has_a_low_confidence():
    confidences = [
        asked(noisy(10, 72.0, noise=1e3, seed=seed), alike=False)[2]["confidence"]
        for seed in range(8)
    ]
    assert np.median(confidences) < 0.3


def test_a_long_recording_has_the_mean_of_its_track():
    t = np.arange(70 * FPS) / FPS
    phase = 2 * np.pi * np.cumsum(60 + 20 * t / 70) / 60 / FPS  # from 60 to 80 bpm
    rate = asked({"POS": np.sin(phase), "CHROM": np.sin(phase)})[1]
    assert rate.hr_bpm == pytest.approx(70, abs=1.5)


def test_members_that_fail_are_left_out_and_all_failing_says_why():
    waves = {"POS": noisy(10, 80.0)["POS"], "GREEN": np.zeros(300)}
    assert asked(waves)[1].hr_bpm == pytest.approx(80, abs=2)
    with pytest.raises(ValueError, match="flat"):
        asked({"POS": np.zeros(300)})
    with pytest.raises(ValueError, match="expected one of GREEN, POS.* found .*CHROM"):
        asked({"CHROM": noisy(10, 80.0)["CHROM"]})  # has no weight


def test_an_answer_that_is_not_sure_says_whom_it_does_without():
    waves = {name: noisy(10, 80.0, 6.0)[name] for name in ("POS", "GREEN")}
    _, _, fields = asked(waves, alike=False)
    assert fields["confidence"] < 0.9 and "without MR-PBV" in fields["words"]


def test_without_any_member_that_counts_the_classical_methods_agree():
    waves, n = noisy(10, 80.0), 300
    made = replace(traces(80.0), head=np.zeros((n, 5)))
    predict = {name: lambda wave=wave: wave for name, wave in waves.items()}

    def fails():
        raise ValueError("the face cannot be cropped")

    nets = dict.fromkeys(nets_needed(fitted_for(list(RECIPES))), fails)
    assert nets
    alone = agree(predict, made, fitted_for([]))
    _, rate, fields = agree(predict | nets, made, fitted_for(list(RECIPES)))
    assert rate.hr_bpm == alone[1].hr_bpm == pytest.approx(80, abs=2)
    assert fields["confidence"] == alone[2]["confidence"]
    with pytest.raises(ValueError, match="cropped"):
        agree(nets, made, fitted_for(list(RECIPES)))


def test_regions_that_disagree_lower_the_confidence():
    made = replace(traces(), head=np.zeros((300, 5)))
    noise = np.random.default_rng(0).normal(0, 20, (300, 6, 3))
    apart = made.mstmap.copy()
    apart[:, list(SINGLE_REGIONS), :3] += noise
    predict = {name: lambda wave=wave: wave for name, wave in noisy(10, 72.0, 1.0).items()}
    together, alone = (
        agree(predict, replace(made, mstmap=one), fitted_for([])) for one in (made.mstmap, apart)
    )
    assert together[1].hr_bpm == pytest.approx(alone[1].hr_bpm, abs=2)
    assert together[2]["confidence"] > alone[2]["confidence"] + 0.05


@pytest.fixture
def video(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"x")
    return expand_videos([tmp_path])


def test_predict_gives_the_consensus_in_words_next_to_others(video, monkeypatch):
    stub_extraction(monkeypatch, {})  # without nets: the classical methods agree
    table = predict_videos(video, ["consensus", "POS"])
    assert table["method"].tolist() == ["consensus", "POS"]
    assert table["hr_bpm"].tolist() == pytest.approx([72, 72], abs=1)
    consensus = table.iloc[0]
    assert consensus["notes"] == [consensus["words"]]
    assert "72 bpm" in consensus["words"] and 0 < consensus["confidence"] <= 1


def test_the_name_is_known():
    assert method_names(["Consensus", "POS"]) == ["consensus", "POS"]
