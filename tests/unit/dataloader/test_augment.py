"""Augmentation and normalisation of maps: known rates, exact inverses, no hidden randomness."""

import numpy as np
import pytest
import torch

from rppg.dataloader.augment import (
    MapAugmentation,
    change_speed,
    draw_rows,
    drop_rows,
    flip_rows,
    flip_time,
    scaled_band,
    source_frames,
)
from rppg.dataloader.normalise import NORMALISATIONS, minmax, ratio, zscore
from rppg.losses.sinc import bandwidth_loss
from rppg.signals.spectrum import power_spectrum

FPS = 30.0
COMBINATIONS = (np.arange(1, 64)[:, None] >> np.arange(5, -1, -1)) & 1 == 1  # (63, 6), binary


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def sine(rate_bpm, n_frames):
    return torch.sin(2 * torch.pi * rate_bpm / 60 * torch.arange(n_frames) / FPS)


def random_map(n_frames=50, n_rows=63, seed=0):
    return 60 + 100 * torch.rand(n_frames, n_rows, 6, generator=generator(seed))


def peak_bpm(wave):
    freq_hz, power = power_spectrum(wave, FPS, n_fft=5400)
    return 60 * freq_hz[power.argmax(dim=-1)]


def yuv_gain(maps, gain):
    """The map under a light that is gain times as strong: U and V lie round 128."""
    lit = gain * maps
    lit[..., 4:] += 128 * (1 - gain)
    return lit


@pytest.mark.parametrize(("speed", "expected_bpm"), [(1.25, 90), (0.6, 43.2), (1.4, 100.8)])
def test_speed_scales_the_rate_of_maps_and_waves_alike(speed, expected_bpm):
    wave = sine(72, 421)
    maps = (100 + wave)[:, None, None].expand(421, 5, 6)
    fast = change_speed(maps, speed, n_frames=300)
    assert fast.shape == (300, 5, 6) and fast.dtype == torch.float32
    assert torch.allclose(peak_bpm(fast[:, 3, 2]), torch.tensor(float(expected_bpm)), atol=0.5)
    assert torch.allclose(100 + change_speed(wave, speed, 300), fast[:, 0, 0], atol=1e-4)


@pytest.mark.parametrize("speed", [0.6, 0.77, 1.0, 1.1, 1.4])
def test_change_of_speed_is_exact_on_a_ramp_and_uses_source_frames(speed):
    n_read = source_frames(300, speed)
    fast = change_speed(torch.arange(n_read, dtype=torch.float32), speed, 300)
    assert torch.allclose(fast, speed * torch.arange(300), atol=1e-4)
    with pytest.raises(ValueError, match=f"{n_read} frames to make 300"):
        change_speed(torch.zeros(n_read - 1), speed, 300)
    assert n_read - 1 < 299 * speed + 1  # no frame is read for nothing


def test_change_of_speed_rounds_bytes():
    crops = torch.arange(12, dtype=torch.uint8)[:, None, None, None].expand(12, 2, 2, 3)
    fast = change_speed(crops, 0.8, 10)
    assert fast.dtype == torch.uint8 and fast.shape == (10, 2, 2, 3)
    assert fast[:, 0, 0, 0].tolist() == [round(0.8 * t) for t in range(10)]
    with pytest.raises(ValueError, match="expected a speed > 0"):
        change_speed(crops, 0.0, 10)


def test_the_band_scales_with_the_speed():
    band = scaled_band(torch.tensor([1.0, 1.4]), (0.66, 3.0))
    assert torch.allclose(band, torch.tensor([[0.66, 3.0], [0.924, 4.2]]))
    fast = change_speed(sine(170, 421), 1.4, 300)[None]  # 238 bpm
    spectrum = power_spectrum(fast, FPS, 5400)
    assert bandwidth_loss(*spectrum, scaled_band(torch.tensor([1.4]))) < 0.05
    assert bandwidth_loss(*spectrum) > 0.9


@pytest.mark.parametrize("flip", [flip_time, flip_rows])
def test_flips_are_involutions(flip):
    maps = random_map()
    assert not torch.equal(flip(maps), maps) and torch.equal(flip(flip(maps)), maps)


def test_flipped_rows_are_reversed():
    maps = random_map()
    assert torch.equal(flip_rows(maps)[:, 62], maps[:, 0])
    assert torch.equal(flip_rows(maps)[:, 10], maps[:, 52])


def test_dropped_rows_are_uninformative_and_others_stay():
    maps, dropped = random_map(), torch.from_numpy(COMBINATIONS[:, 5].copy())  # the forehead
    found = drop_rows(maps, dropped)
    assert torch.equal(found[:, ~dropped], maps[:, ~dropped])
    expected = maps[:, ~dropped].mean(dim=(0, 1))
    assert torch.allclose(found[:, dropped], expected.expand(50, 32, 6))
    assert drop_rows(zscore(maps), dropped)[:, dropped].abs().max() < 1e-5
    with pytest.raises(ValueError, match="some of them False, found 63"):
        drop_rows(maps, torch.ones(63, dtype=torch.bool))


def test_drawn_rows_are_distinct_sorted_and_repeatable():
    rows = draw_rows(63, 16, generator())
    assert len(set(rows.tolist())) == 16 and rows.tolist() == sorted(rows.tolist())
    assert torch.equal(rows, draw_rows(63, 16, generator()))
    assert not torch.equal(rows, draw_rows(63, 16, generator(1)))
    with pytest.raises(ValueError, match="n_kept is 64 of 63 rows"):
        draw_rows(63, 64, generator())


def test_augmentation_is_a_function_of_its_generator():
    item = {"clip": random_map(), "wave": sine(72, 50), "id": "a/b/c"}
    change = MapAugmentation(flip_time=0.5, flip_rows=0.5, drop_rows=0.3)
    first, again = change(item, generator(1)), change(item, generator(1))
    torch.manual_seed(7)
    assert torch.equal(first["clip"], again["clip"]) and torch.equal(first["wave"], again["wave"])
    found = [change(item, generator(seed)) for seed in range(100)]
    flipped = sum(torch.equal(one["wave"], flip_time(item["wave"])) for one in found)
    kept = sum(torch.equal(one["wave"], item["wave"]) for one in found)
    assert flipped + kept == 100 and 30 < flipped < 70
    dropped = [(one["clip"] == one["clip"][:1]).all(dim=0).all(dim=-1).sum() for one in found]
    assert abs(torch.stack(dropped).float().mean() - 0.3 * 63) < 3
    assert item["clip"].equal(random_map()) and first["id"] == "a/b/c"  # nothing in place


def test_augmentation_with_probability_zero_and_one():
    item = {"clip": random_map()}
    still = MapAugmentation(flip_time=0, flip_rows=0)(item, generator())
    assert torch.equal(still["clip"], item["clip"]) and set(still) == {"clip"}
    both = MapAugmentation(flip_time=1, flip_rows=1)(item, generator())
    assert torch.equal(both["clip"], item["clip"].flip(0, 1))
    for seed in range(50):  # one row is always left
        two = MapAugmentation(flip_time=0, flip_rows=0, drop_rows=0.99)
        found = two({"clip": item["clip"][:, :2]}, generator(seed))["clip"]
        assert (found == item["clip"][:, :2]).all(dim=0).all(dim=1).any()
    with pytest.raises(ValueError, match="flip_time is 1.5, expected 0 to 1"):
        MapAugmentation(flip_time=1.5)
    with pytest.raises(ValueError, match="expected a map"):
        MapAugmentation()({"clip": torch.zeros(5, 2, 2, 3)}, generator())


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_normalisation_is_invariant_to_the_strength_of_the_light(name):
    maps = random_map()
    maps = NORMALISATIONS[name](torch.stack([maps, yuv_gain(maps, 0.37)]))  # a batch is a clip each
    assert torch.allclose(maps[0], maps[1], atol=1e-3 * float(maps[0].abs().max()))


@pytest.mark.parametrize(
    ("name", "empty"), [("minmax", 0.5), ("zscore", 0.0), ("ratio", 0.0), ("chrominance", 0.0)]
)
def test_constant_black_and_missing_rows_are_uninformative(name, empty):
    maps = random_map()
    maps[:, 3], maps[:, 4], maps[10, 5] = 77.7, 0.0, torch.nan
    found = NORMALISATIONS[name](maps)
    assert torch.isfinite(found).all() and (found[:, 3:6] == empty).all()
    others = NORMALISATIONS[name](maps[:, 6:])  # untouched
    assert torch.allclose(found[:, 6:], others, atol=1e-4)


def test_rounding_is_not_taken_for_a_change():
    levels = torch.linspace(1, 255, 600).view(1, 100, 6).expand(40, 100, 6)  # all constant
    assert (
        (minmax(levels) == 0.5).all() and (zscore(levels) == 0).all() and (ratio(levels) == 0).all()
    )
    little = levels * torch.linspace(1, 1.0001, 40)[:, None, None]  # 0.01 percent is a change
    assert (minmax(little)[0] == 0).all() and (minmax(little)[-1] == 1).all()


def test_values_of_each_normalisation():
    found = minmax(random_map())
    assert found.amin(dim=0).eq(0).all() and found.amax(dim=0).eq(1).all()
    step = torch.tensor([0.0, 0, 3, 0, 0])[:, None, None]
    assert minmax(step).flatten().tolist() == [0, 1, 1, 1, 0]
    found = zscore(random_map())
    assert found.mean(dim=0).abs().max() < 1e-5
    assert (found.std(dim=0, correction=0) - 1).abs().max() < 1e-5


def test_ratio_keeps_the_ratio_between_channels_and_minmax_does_not():
    beat = 0.01 * sine(72, 300)[:, None, None]
    strength = torch.tensor([0.33, 0.77, 0.53])  # of the pulse in R, G, B
    rgb = torch.tensor([180.0, 120.0, 90.0]) * (1 - beat * strength)  # (300, 1, 3)
    span = ratio(rgb).amax(dim=0) - ratio(rgb).amin(dim=0)
    assert torch.allclose(span, 2 * strength, rtol=1e-2)  # percent, peak to peak
    assert torch.allclose(minmax(rgb).amax(dim=0) - minmax(rgb).amin(dim=0), torch.ones(3))


@pytest.mark.parametrize(
    "maps", [torch.zeros(5, 6), torch.zeros(1, 63, 6), torch.ones(5, 3, 6).int()]
)
def test_other_arrays_than_maps_are_errors(maps):
    for function in NORMALISATIONS.values():
        with pytest.raises(ValueError, match=r"expected maps \(\.\.\., T, N, C\)"):
            function(maps)
