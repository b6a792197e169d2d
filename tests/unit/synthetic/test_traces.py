"""Simulated traces: the known rate in undisturbed maps, the null control, bytes, delays, gaps."""

import numpy as np
import pytest

from rppg.preprocessing.mstmap import expand, yuv
from rppg.preprocessing.resampling import resample, spread_s
from rppg.signals.classical import wave
from rppg.signals.heart_rate import heart_rate
from rppg.synthetic.traces.beats import HR_RANGE_BPM, draw_beats
from rppg.synthetic.traces.maps import combined, draw_visible, mixing_matrix
from rppg.synthetic.traces.people import draw_people
from rppg.synthetic.traces.reflection import blood_of
from rppg.synthetic.traces.scene import draw_scene
from rppg.synthetic.traces.simulate import BLOCK, TraceConfig, simulate_block
from rppg.synthetic.traces.surface import REGION_SURFACE, cell_surface
from rppg.synthetic.traces.timing import draw_timing, grid_s, to_grid

FPS = 30.0
TIMES_S = np.tile(grid_s(10.0), (BLOCK, 1))


def pos_bpm(maps):
    """HR of each map by POS, from the whole face."""
    rgb = maps[:, :, -1, :3].astype(float)
    return np.array([heart_rate(wave("POS", one, FPS), FPS).hr_bpm for one in rgb])


@pytest.fixture(scope="module")
def calm():
    return simulate_block(TraceConfig(seed=1), 0, calm=True)


@pytest.mark.slow
def test_pos_finds_the_known_rate_in_undisturbed_maps():
    blocks = [simulate_block(TraceConfig(seed=1), number, calm=True) for number in range(4)]
    hr_bpm = np.concatenate([block.hr_bpm for block in blocks])
    found = np.concatenate([pos_bpm(block.maps) for block in blocks])
    right = np.abs(found - hr_bpm) <= 5
    assert right.mean() >= 0.9 and right[hr_bpm > 60].mean() >= 0.95  # slow ones: twice the rate


def test_the_contact_wave_has_that_rate():
    block = simulate_block(TraceConfig(seed=2, seconds=20.0), 3)
    found = [heart_rate(one.astype(float), FPS).hr_bpm for one in block.bvp]
    assert np.median(np.abs(np.array(found) - block.hr_bpm)) < 1.5
    assert 0.7 < np.ptp(block.bvp, axis=1).mean() < 1.3


def test_undisturbed_maps_of_the_null_control_have_no_pulse():
    config = TraceConfig(seed=1, pulse_amplitude_scale=0.0)
    blocks = [simulate_block(config, number, calm=True) for number in range(3)]
    hr_bpm = np.concatenate([block.hr_bpm for block in blocks])
    found = np.concatenate([pos_bpm(block.maps) for block in blocks])
    assert np.mean(np.abs(found - hr_bpm) <= 5) < 0.25  # chance is near 0.1


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(calm):
    config = TraceConfig(seed=5, crops=("face",))
    one, two = (simulate_block(config, 7) for _ in range(2))
    assert one.maps.tobytes() == two.maps.tobytes() and one.bvp.tobytes() == two.bvp.tobytes()
    assert one.crops("face", [3]).tobytes() == two.crops("face", [3]).tobytes()
    assert one.maps.tobytes() != simulate_block(config, 8).maps.tobytes()
    assert one.facts(3) == two.facts(3) and all(np.isfinite(list(one.facts(3).values())))


def test_maps_are_as_preparation_writes_them():
    block = simulate_block(TraceConfig(seed=3, seconds=4.0), 1)
    assert block.maps.shape == (BLOCK, 120, 63, 6) and block.maps.dtype == np.float32
    assert block.bvp.shape == (BLOCK, 120) and block.bvp.dtype == np.float32
    known = block.maps[np.isfinite(block.maps).all(axis=(1, 2, 3))]
    assert known[..., :3].min() > 0 and known[..., :3].max() < 255
    np.testing.assert_allclose(known[..., 3:], yuv(known[..., :3].astype(float)), atol=0.01)


def test_regions_are_combined_as_by_expand():
    rng = np.random.default_rng(0)
    means = rng.uniform(50, 200, (1, 3, 6, 40)).astype(np.float32)
    counts, visible = rng.integers(50, 900, (1, 6)), np.ones((1, 6, 40), bool)
    visible[0, 2, 10:30] = False
    visible[0, :, 35:] = False
    ours = combined(means.reshape(1, 18, 40), counts, visible)[0]
    theirs = expand(means[0].transpose(2, 1, 0), (counts[0] * visible[0].T).astype(float))
    np.testing.assert_allclose(ours, theirs, atol=2e-3)
    assert np.isnan(ours[20]).any(axis=-1).sum() == 1  # the hidden region alone has no row
    assert np.isnan(mixing_matrix(np.zeros(6))[:-1]).all()


def test_traces_are_resampled_as_in_preparation():
    timing = draw_timing(np.random.default_rng(4), 4, 6.0)
    for times_s in (timing.stamps_s, timing.stamps_s / 2.5):
        traces = np.sin(7 * times_s)[:, None] + np.arange(3)[:, None]
        at_s = grid_s(2.0)
        ours = to_grid(traces.astype(np.float32), times_s, at_s)
        for clip in range(4):
            rows = traces[clip].T[:, None].astype(float)
            theirs = resample(rows, times_s[clip].astype(float), at_s, spread_s(times_s[0]))
            np.testing.assert_allclose(ours[clip], theirs[:, 0].T, atol=2e-3)


def test_heart_rates_are_even_in_their_logarithm():
    rates = [draw_beats(np.random.default_rng(seed), BLOCK, 10.0).rate_hz for seed in range(20)]
    share = np.log(60 * np.concatenate(rates).ravel() / HR_RANGE_BPM[0])
    share = share / np.log(HR_RANGE_BPM[1] / HR_RANGE_BPM[0])
    counts, _ = np.histogram(share, bins=8, range=(0, 1))
    assert (counts == len(share) / 8).all()  # a block covers the range evenly


def test_the_pulse_comes_later_where_it_is_delayed():
    scene = draw_scene(np.random.default_rng(6), TIMES_S, 10.0, pulse_scale=1.0, calm=True)
    scene.slow_blood[:] = 0
    scene.motion.squeeze[:] = 0
    scene.people.delay_s[:] = 0.06
    scene.people.uneven[:, 2] = 0
    blood = blood_of(scene, REGION_SURFACE)
    chin, forehead = blood[:, 4], blood[:, 5]
    shifted = [np.corrcoef(np.roll(f, 2), c)[0, 1] for f, c in zip(forehead, chin, strict=True)]
    same = [np.corrcoef(f, c)[0, 1] for f, c in zip(forehead, chin, strict=True)]
    assert np.mean(np.array(shifted) > same) > 0.9  # 0.06 s are two frames
    cells = cell_surface(8, 0.3, 0.0)
    assert blood_of(scene, cells).shape == (BLOCK, 64, 300)


def test_the_pulse_of_dark_skin_is_smaller_and_null_has_none():
    people = [draw_people(np.random.default_rng(seed), BLOCK, 1.0) for seed in range(30)]
    tone, pulse = (
        np.concatenate([getattr(one, word) for one in people]) for word in ("tone", "pulse")
    )
    assert pulse[tone > 0.8].mean() < 0.8 * pulse[tone < 0.2].mean()
    assert not draw_people(np.random.default_rng(0), BLOCK, 0.0).pulse.any()


def test_a_hidden_region_is_missing_for_longer_than_preparation_fills():
    severity = np.ones(400, np.float32)
    visible = draw_visible(np.random.default_rng(0), severity, 300, FPS)
    hidden = ~visible.all(axis=(1, 2))
    assert 0.02 < hidden.mean() < 0.15
    assert visible.any(axis=1).all()  # some region is always seen
    lengths = (~visible[hidden]).sum(axis=2).max(axis=1)
    assert lengths.min() > 0.5 * FPS
    assert draw_visible(np.random.default_rng(0), 0 * severity, 300, FPS).all()


def test_crops_show_a_face_with_the_pulse_of_the_map(calm):
    crops = calm.crops("face", [0, 1, 2, 3])
    assert crops.shape == (4, 300, 32, 32, 3) and crops.dtype == np.uint8
    skin = crops[:, :, 9:14, 13:19].astype(float).mean(axis=(2, 3))
    found = np.array([heart_rate(wave("POS", one, FPS), FPS).hr_bpm for one in skin])
    assert np.mean(np.abs(found - calm.hr_bpm[:4]) <= 5) >= 0.75


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_clips": 0},
        {"seed": -1},
        {"seconds": 1.0},
        {"seconds": 1e9},
        {"pulse_amplitude_scale": -1.0},
        {"crops": ("nose",)},
    ],
)
def test_invalid_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        TraceConfig(**wrong)
