"""benchmarks/slow_hearts.py: what its remedies find in pulses that are known, and how it judges."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rppg.signals.heart_rate import heart_rate

FOLDER = Path(__file__).parents[2] / "benchmarks"
FPS, TIMES_S = 30.0, np.arange(300) / 30
LOOKS_LOWER = {"half": 0.2, "half or third": 0.2, "autocorrelation": 0.2, "harmonic sum": 0.84}
LOOKS_LOWER |= {"harmonic product": 0.5}
EVERY = (*LOOKS_LOWER, "level band")
DOUBLED = ((48, 0.8), (96, 1.0), (144, 0.3))  # bpm, amplitude


@pytest.fixture
def slow_hearts(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import slow_hearts

    return slow_hearts


@pytest.fixture
def remedies(slow_hearts):
    import slow_remedies

    return slow_remedies


def sines(*parts):
    """Sum of sines of (bpm, amplitude)."""
    return sum(a * np.sin(2 * np.pi * bpm / 60 * TIMES_S) for bpm, a in parts)


@pytest.mark.parametrize("remedy", LOOKS_LOWER)
def test_a_slow_pulse_with_a_stronger_second_harmonic_is_read_at_its_rate(remedies, remedy):
    read_rate, numbers = remedies.REMEDIES[remedy]
    seen = remedies.Seen.of(sines(*DOUBLED), FPS)
    assert read_rate(seen, numbers[0]) == pytest.approx(96, abs=1)
    assert read_rate(seen, LOOKS_LOWER[remedy]) == pytest.approx(48, abs=1)


def test_the_level_band_undoes_what_the_band_pass_takes_from_a_slow_heart(remedies):
    seen = remedies.Seen.of(sines((45, 1.0), (90, 0.8)), FPS)
    assert remedies.level_band(seen, 0.0) == pytest.approx(90, abs=1.5)
    assert remedies.level_band(seen, 1.0) == pytest.approx(45, abs=1.5)


def test_a_third_is_found_if_it_is_asked_for(remedies):
    seen = remedies.Seen.of(sines((45, 0.8), (135, 1.0)), FPS)
    assert remedies.half(seen, 0.1) == pytest.approx(135, abs=1)
    assert remedies.half_or_third(seen, 0.1) == pytest.approx(45, abs=1.5)


@pytest.mark.parametrize("remedy", ["half", "half or third", "autocorrelation"])
def test_a_fast_heart_above_a_movement_at_half_its_rate_is_not_halved(remedies, remedy):
    seen = remedies.Seen.of(sines((140, 1.0), (70, 0.6)), FPS)
    read_rate, numbers = remedies.REMEDIES[remedy]
    assert read_rate(seen, numbers[-1]) == pytest.approx(140, abs=1)


@pytest.mark.parametrize("remedy", EVERY)
def test_a_gain_changes_nothing(remedies, remedy):
    read_rate, numbers = remedies.REMEDIES[remedy]
    quiet = remedies.Seen.of(sines(*DOUBLED), FPS)
    loud = remedies.Seen.of(1000 * sines(*DOUBLED), FPS)
    for number in numbers:
        assert read_rate(loud, number) == pytest.approx(read_rate(quiet, number))


def test_each_remedy_can_leave_the_peak_as_the_package_reads_it(remedies):
    assert set(remedies.REMEDIES) == set(EVERY)
    for wave in np.random.default_rng(0).standard_normal((20, 300)):
        seen, as_read = remedies.Seen.of(wave, FPS), heart_rate(wave, FPS).hr_bpm
        found = [read_rate(seen, numbers[0]) for read_rate, numbers in remedies.REMEDIES.values()]
        assert found == pytest.approx([as_read] * len(found), abs=0.5)


def table_of(remedies, truths, grids, seeds):
    """Rates of one method by `half`: the first number's column and the second's."""
    rows = []
    for k, (true_bpm, rates, seed) in enumerate(zip(truths, grids, seeds, strict=True)):
        row = {"id": str(k), "person": str(k), "seed": seed, "true_bpm": true_bpm, "model": "m"}
        numbers = remedies.REMEDIES["half"][1]
        rates = [rates[0], *[rates[1]] * (len(numbers) - 1)]
        for number, hr_bpm in zip(numbers, rates, strict=True):
            rows.append(row | {"remedy": "half", "number": number, "hr_bpm": hr_bpm})
    return pd.DataFrame(rows)


def test_a_number_is_chosen_on_the_seed_to_fit_on_and_judged_on_the_others(slow_hearts, remedies):
    doubled, right = (96.0, 48.0), (100.0, 50.0)  # as read, halved
    truths = [48.0] * 10 + [100.0] * 10
    table = table_of(remedies, truths, [doubled] * 10 + [right] * 10, [2101] * 10 + [2102] * 10)
    found = slow_hearts.compared(table).set_index(["part", "remedy", "band"])
    assert found.loc[("held out", "half", "80-120"), "within_5bpm"] == 0  # halving was chosen
    assert found.loc[("held out", "as read", "80-120"), "within_5bpm"] == 1
    assert found.loc[("held out", "half", "80-120"), "verdict"] == "worse"
    assert found.loc[("out of fold", "half", "<=55"), "within_5bpm"] == 1
    assert found.loc[("out of fold", "as read", "<=55"), "double"] == 1


def test_the_weakest_number_is_chosen_among_equals(slow_hearts, remedies):
    table = table_of(remedies, [100.0] * 10, [(100.0, 100.0)] * 10, [2101] * 10)
    assert set(slow_hearts.compared(table)["number"]) == {remedies.NEVER, 0.0}


def test_a_folder_without_clips_is_an_error(slow_hearts, tmp_path):
    with pytest.raises(FileNotFoundError, match="run without --only-read"):
        slow_hearts.rates(tmp_path)


def test_the_committed_table_has_every_method_remedy_and_part(slow_hearts):
    table = pd.read_csv(FOLDER / "results" / "slow_hearts.csv")
    assert set(table["remedy"]) == {slow_hearts.AS_READ, *EVERY}
    assert (table.groupby(["model", "remedy", "part"]).size() == 5).all()
