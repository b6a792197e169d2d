"""Values without labels: what a true wave, a sine, noise and a constant get; what is left out."""

import numpy as np
import pytest
import torch
from helpers.self_consistency import (
    HR_BPM,
    Answer,
    OnlyClips,
    constant,
    pulse_in,
    same_sine,
    write_recording,
    write_store,
)
from torch import nn

from rppg.datasets.store import Store
from rppg.training.self_consistency import SelfConsistency, means
from rppg.training.waveform_metrics import MOST_BPM, entropy, irrelevant_power, rates_bpm

DISAGREEMENTS = [f"{of}_disagreement_bpm" for of in ("speed", "overlap", "rows", "self", "pos")]
VALUES = [*DISAGREEMENTS, "ipr", "spectral_entropy"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def self_consistency(store):
    return SelfConsistency(store, HR_BPM, "ratio")


def test_a_true_wave_agrees_with_itself_and_has_the_true_rates(self_consistency):
    table = self_consistency.table(Answer(pulse_in))
    assert list(table.columns) == ["id", "hr_bpm", "pos_hr_bpm", *VALUES]
    assert table["id"].tolist() == self_consistency.ids == sorted(HR_BPM)
    assert table["hr_bpm"].tolist() == pytest.approx(list(HR_BPM.values()), abs=0.7)
    assert table["pos_hr_bpm"].tolist() == pytest.approx(list(HR_BPM.values()), abs=0.7)
    assert table[DISAGREEMENTS].to_numpy().max() < 1  # at 43 bpm only a scaled band holds 34 bpm
    assert table["ipr"].max() < 0.1 and table["spectral_entropy"].between(0.5, 0.65).all()
    values = self_consistency(Answer(pulse_in))
    assert list(values) == [*VALUES, "hr_spread_bpm"]
    assert values["hr_spread_bpm"] == pytest.approx(np.std(list(HR_BPM.values())), abs=0.7)
    assert values["ipr"] == pytest.approx(table["ipr"].mean())


def test_a_sine_that_never_looks_does_not_follow_the_speed(self_consistency):
    values = self_consistency(Answer(same_sine))
    own = [values[name] for name in DISAGREEMENTS[:3]]
    assert values["self_disagreement_bpm"] == pytest.approx(np.mean(own))
    assert values["speed_disagreement_bpm"] == pytest.approx(72 / 0.8 - 72, abs=0.7)
    assert values["overlap_disagreement_bpm"] < 0.5 and values["rows_disagreement_bpm"] == 0
    assert values["hr_spread_bpm"] == 0
    differences = [abs(72 - hr_bpm) for hr_bpm in HR_BPM.values()]
    assert values["pos_disagreement_bpm"] == pytest.approx(
        np.mean(np.minimum(differences, 60)), abs=1
    )


def test_noise_disagrees_and_has_flat_spectra(self_consistency):
    chance = torch.Generator().manual_seed(0)
    values = self_consistency(Answer(lambda clips: torch.randn(clips.shape[:2], generator=chance)))
    assert values["speed_disagreement_bpm"] > 15 and values["overlap_disagreement_bpm"] > 15
    assert values["spectral_entropy"] > 0.85 and values["ipr"] > 0.7


def test_a_flat_wave_has_no_rate_and_the_worst_of_each_value(self_consistency):
    table = self_consistency.table(Answer(constant))
    assert table["hr_bpm"].isna().all()
    assert (table[DISAGREEMENTS] == MOST_BPM).all(axis=None)
    assert (table[["ipr", "spectral_entropy"]] == 1).all(axis=None)
    assert means(table)["hr_spread_bpm"] == 0


def test_a_wave_that_is_not_finite_names_its_recordings(self_consistency):
    def broken(clips):
        wave = pulse_in(clips).clone()
        wave[1, 5] = torch.nan
        return wave

    with pytest.raises(FloatingPointError, match="predicted BVP of A/2/b is not finite"):
        self_consistency(Answer(broken))


def test_a_model_that_takes_no_rows_lacks_that_value(self_consistency):
    values = self_consistency(OnlyClips(pulse_in))
    assert list(values) == [name for name in [*VALUES, "hr_spread_bpm"] if "rows" not in name]


def test_the_halves_of_the_rows_are_disjoint_and_told_to_the_model(self_consistency):
    seen = []

    class Spy(Answer):
        def forward(self, clips, rows=None):
            if rows is not None:
                assert clips.shape[2] == len(rows)
                seen.append(rows.tolist())
            return super().forward(clips)

    self_consistency(Spy(pulse_in))
    assert len(seen) == 2 and sorted(seen[0] + seen[1]) == list(range(63))
    assert abs(len(seen[0]) - len(seen[1])) == 1 and seen[0] != list(range(0, 63, 2))


def test_the_clips_are_the_middle_slower_its_beginning_and_its_end(tmp_path):
    """The first row of these maps holds the number of the frame."""
    maps = np.random.default_rng(0).uniform(90, 110, (340, 63, 6)).astype(np.float32)
    maps[:, 0] = np.arange(340)[:, None]
    for id in ("A/1/a", "A/2/b"):
        with Store(tmp_path).begin(id) as writer:
            writer.save("mstmap", maps)
            writer.save("face", np.zeros((340, 2, 2, 3), np.uint8))
            writer.commit({"id": id, "status": "ok", "n_frames": 340, "gaps_s": []})
    seen = []

    class Spy(nn.Module):
        def forward(self, clips):
            seen.append(clips[0, :, 0, 0].tolist())
            return pulse_in(clips)

    SelfConsistency(Store(tmp_path), ["A/1/a", "A/2/b"], None)(Spy())
    whole, slow, first, last = seen
    assert whole == list(range(20, 320))
    assert slow == pytest.approx(20 + 0.8 * np.arange(300), abs=1e-3)
    assert (first, last) == (whole[:240], whole[60:])


def test_values_repeat_and_the_seed_draws_the_recordings(store):
    found = [
        SelfConsistency(store, HR_BPM, "ratio", seed=seed, limit=2) for seed in (0, 0, 1, 2, 3)
    ]
    assert found[0](Answer(pulse_in)) == found[0](Answer(pulse_in)) == found[1](Answer(pulse_in))
    assert all(len(one.ids) == 2 for one in found)
    assert len({tuple(one.ids) for one in found}) > 1
    assert found[0].ids == SelfConsistency(store, reversed(HR_BPM), "ratio", seed=0, limit=2).ids


def test_what_is_left_out_has_a_reason_and_is_in_no_mean(tmp_path):
    write_store(tmp_path, {"A/1/a": 60.0, "A/2/b": 90.0})
    write_recording(tmp_path, "A/3/short", 60.0, n_frames=200)
    write_recording(tmp_path, "A/4/grey", 60.0, flat=True)
    self_consistency = SelfConsistency(Store(tmp_path), Store(tmp_path).ids(), "ratio")
    assert self_consistency.skipped == {"A/3/short": "no 300 frames without a gap in 200"}
    assert list(self_consistency.pos_missing) == ["A/4/grey"]
    assert "does not change" in self_consistency.pos_missing["A/4/grey"]
    table = self_consistency.table(Answer(pulse_in)).set_index("id")
    assert np.isnan(table.loc["A/4/grey", "pos_disagreement_bpm"])
    assert table.loc["A/4/grey", "speed_disagreement_bpm"] == 60  # the wave is flat there
    values = self_consistency(Answer(pulse_in))
    assert values["pos_disagreement_bpm"] < 1 and values["speed_disagreement_bpm"] > 19


@pytest.mark.parametrize("speed", [1.0, 0.8])
def test_rates_and_shares_are_those_of_a_plain_transform(speed):
    waves = torch.randn(3, 301, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    freq_hz = np.fft.rfftfreq(5400, 1 / 30)
    power = np.abs(np.fft.rfft(waves.numpy() - waves.numpy().mean(axis=1)[:, None], 5400)) ** 2
    inside = (freq_hz >= 0.66 * speed) & (freq_hz <= 3 * speed)
    expected = 60 * freq_hz[inside][power[:, inside].argmax(axis=1)] / speed
    assert rates_bpm(waves, speed).tolist() == pytest.approx(expected)
    inside = (freq_hz >= 0.66) & (freq_hz <= 3)
    share = power[:, inside] / power[:, inside].sum(axis=1)[:, None]
    expected = -(share * np.log(share)).sum(axis=1) / np.log(inside.sum())
    assert entropy(waves).tolist() == pytest.approx(expected)
    expected = 1 - power[:, inside].sum(axis=1) / power[:, freq_hz >= 0.3].sum(axis=1)
    assert irrelevant_power(waves).tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"speed": 1.2}, "speed is 1.2, expected above 0 and below 1"),
        ({"limit": 1}, "limit is 1, expected 2 or more"),
        ({"n_frames": 900}, "no clip in 5 recordings"),
    ],
)
def test_parameters_that_cannot_be_are_errors(store, options, words):
    with pytest.raises(ValueError, match=words):
        SelfConsistency(store, HR_BPM, "ratio", **options)


def test_a_recording_that_is_a_frame_short_is_used_and_all_clips_are_as_short(tmp_path):
    write_store(tmp_path, {"A/1/a": 60.0, "A/2/b": 90.0})
    write_recording(tmp_path, "A/3/c", 75.0, n_frames=299)
    self_consistency = SelfConsistency(Store(tmp_path), Store(tmp_path).ids(), "ratio")
    assert self_consistency.ids == ["A/1/a", "A/2/b", "A/3/c"] and not self_consistency.skipped
    seen = []
    self_consistency(Answer(lambda clips: seen.append(clips.shape[1]) or pulse_in(clips)))
    assert max(seen) == 299
