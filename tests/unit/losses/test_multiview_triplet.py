"""Multi-view triplet: against loops over views and pairs written from the paper, known values."""

from itertools import product

import pytest
import torch
from scipy.signal import periodogram

from rppg.losses.irrelevant_power import irrelevant_power_ratio
from rppg.losses.multiview_triplet import multi_view_triplet, psd_mse, sample_views
from rppg.losses.windows import BAND_HZ

FPS = 30.0


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def sines(*rates_bpm, n_frames=300, phase=0.0):
    times_s = torch.arange(n_frames, dtype=torch.float64) / FPS
    rates_hz = torch.tensor(rates_bpm, dtype=torch.float64)[:, None] / 60
    return torch.sin(2 * torch.pi * rates_hz * times_s + phase)


def noise(batch=3, n_frames=300, seed=0):
    return torch.randn(batch, n_frames, generator=seeded(seed), dtype=torch.float64)


def noises(batch=3, n_frames=300, n_negative=211):
    return noise(batch, n_frames), noise(batch, n_frames, 1), noise(batch, n_negative, 2)


def mvtl(*waves, fps=FPS, seed=0, **options):
    return multi_view_triplet(*waves, fps, seeded(seed), **options)


# Against loops over views and pairs, with SciPy's spectra


def shares(view):
    """The view's spectrum, only what is from 40 to 250 bpm, summing to one."""
    freq_hz, power = periodogram(view, FPS)  # removes the view's mean, pads nothing
    inside = power[(freq_hz >= 40 / 60) & (freq_hz <= 250 / 60)]
    return inside / inside.sum()


def looped(*waves, n_views, n_frames, seed=0):
    """P_tot - N_tot of the paper, mean over clips: the sum over pairs that the code has."""
    generator, total = seeded(seed), 0.0
    views = [sample_views(branch, n_frames, n_views, generator).numpy() for branch in waves]
    for anchor, positive, negative in zip(*views, strict=True):
        for i, j in product(range(n_views), range(n_views)):
            total += ((shares(anchor[i]) - shares(positive[j])) ** 2).mean()
            total -= ((shares(anchor[i]) - shares(negative[j])) ** 2).mean()
    return total / len(waves[0])


@pytest.mark.parametrize("n_frames", [150, 151, 159])
@pytest.mark.parametrize(("batch", "n_views"), [(3, 4), (1, 1), (2, 7)])
def test_it_is_the_papers_mean_over_pairs_not_the_published_sum(batch, n_views, n_frames):
    waves = noises(batch)
    total = looped(*waves, n_views=n_views, n_frames=n_frames)
    found = mvtl(*waves, n_views=n_views, view_s=n_frames / FPS).item()
    assert found == pytest.approx(total / n_views**2, rel=1e-10)


def test_four_views_of_five_seconds_are_what_is_taken_by_default():
    waves = noises()
    assert mvtl(*waves).item() == pytest.approx(
        looped(*waves, n_views=4, n_frames=150) / 16, rel=1e-10
    )
    assert mvtl(*waves, fps=25.0) == mvtl(*waves, fps=25.0, view_s=125 / 25)


def test_a_batch_is_the_mean_of_its_clips():
    waves = noises(5)  # whole waves as views: no start to draw
    waves = waves[0], waves[1], noise(5, seed=2)
    each = [mvtl(*(branch[k : k + 1] for branch in waves), view_s=10.0).item() for k in range(5)]
    assert mvtl(*waves, view_s=10.0).item() == pytest.approx(sum(each) / 5, rel=1e-12)


# Known values


def test_nothing_between_a_wave_and_itself():
    wave = noise()
    assert mvtl(wave, wave, wave, view_s=10.0).item() == 0, "the same views"
    sine = sines(72, 120, 144)  # 5 s are whole periods: all views have one spectrum
    assert mvtl(sine, sine, sine).item() == pytest.approx(0, abs=1e-12)
    assert mvtl(sine.float(), sine.float(), sine.float()).item() == pytest.approx(0, abs=1e-7)


def test_a_faster_negative_is_far_and_a_faster_positive_as_far_the_other_way():
    anchor, same = sines(72), 2 * sines(72, phase=1.0) + 1
    faster = sines(108, n_frames=200)  # 1.5 times, whole periods in 5 s
    assert mvtl(anchor, same, faster).item() == pytest.approx(-2 / 17, rel=1e-6)
    assert mvtl(anchor, sines(108), sines(72)).item() == pytest.approx(2 / 17, rel=1e-6)
    between = mvtl(anchor, same, sines(1.4 * 72, n_frames=214)).item()  # between two bins
    assert -2 / 17 < between < -0.08


@pytest.mark.parametrize("change", [lambda x: 100 * x, lambda x: x + 50, lambda x: -0.01 * x - 3])
def test_gain_offset_and_sign_do_not_matter(change):
    waves = noises()
    same = pytest.approx(mvtl(*waves).item(), rel=1e-8)
    for changed in range(3):
        branches = [change(wave) if k == changed else wave for k, wave in enumerate(waves)]
        assert mvtl(*branches).item() == same
    lifted = [wave + 10 * torch.arange(3)[:, None] for wave in waves]  # each clip by its own
    assert mvtl(*lifted).item() == same


def test_a_wave_is_measured_at_every_length_on_its_own_frequencies():
    """22 periods in 159 frames are 249.06 bpm, in the band; on an axis that is stretched to half
    the frame rate they are at 250.6, outside."""
    at_edge = sines(22 * 60 * FPS / 159, n_frames=159)
    other = sines(10 * 60 * FPS / 159, n_frames=159)
    loss = mvtl(at_edge, at_edge, other, view_s=159 / FPS).item()
    assert loss == pytest.approx(-2 / 19, rel=1e-6)  # the 4th to the 22nd bin
    assert irrelevant_power_ratio(at_edge, FPS).item() == pytest.approx(0, abs=1e-12)


def test_psd_mse_is_a_mean_over_frequencies():
    share_a = torch.tensor([[1.0, 0, 0, 0], [0.5, 0.5, 0, 0]])
    share_b = torch.tensor([0, 1.0, 0, 0])
    assert psd_mse(share_a, share_b).tolist() == [0.5, 0.125]


# Views


def test_views_are_cuts_of_their_own_wave_from_anywhere():
    waves = torch.arange(2 * 20.0).view(2, 20)
    views = sample_views(waves, 18, 200, seeded())
    assert views.shape == (2, 200, 18)
    assert (views.diff(dim=-1) == 1).all()
    for k, first in enumerate(views[..., 0] - 20 * torch.arange(2)[:, None]):
        assert set(first.tolist()) == {0, 1, 2}, f"starts of wave {k}"
    assert not torch.equal(views[0], views[1] - 20), "clips have starts of their own"


def test_the_generator_alone_decides_and_nothing_is_kept():
    waves, state = noises(), torch.get_rng_state()
    assert mvtl(*waves, seed=3) == mvtl(*waves, seed=3) != mvtl(*waves, seed=4)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(waves, noises(), strict=True))


# Irrelevant power


def test_irrelevant_power_of_sines_in_and_out_of_the_band():
    pulse, slow, fast = (sines(bpm, n_frames=1800) for bpm in (72, 18, 300))
    parts = [pulse, slow, fast, pulse + slow, pulse + fast + 7, pulse + 2 * fast]
    expected = [0, 1, 1, 1 / 2, 1 / 2, 4 / 5]  # power; of amplitudes the last would be 2 / 3
    found = irrelevant_power_ratio(torch.cat(parts), FPS)
    assert found.tolist() == pytest.approx(expected, abs=1e-9)
    as_played = torch.tensor([[0.6, 4.0], [1.0, 6.0]])
    found = irrelevant_power_ratio(fast.expand(2, -1), FPS, as_played)
    assert found.tolist() == pytest.approx([1, 0], abs=1e-9), "the second was played faster"


@pytest.mark.parametrize("n_frames", [300, 301])
def test_irrelevant_power_is_scipys_of_each_wave(n_frames):
    wave = noise(n_frames=n_frames)
    freq_hz, power = periodogram(wave.numpy(), FPS)
    if n_frames % 2 == 0:
        power[:, -1] *= 2  # SciPy counts all bins twice, but for half the frame rate
    outside = (freq_hz < 40 / 60) | (freq_hz > 250 / 60)
    expected = power[:, outside].sum(axis=1) / power.sum(axis=1)
    found = irrelevant_power_ratio(wave, FPS)
    assert found.tolist() == pytest.approx(expected.tolist(), rel=1e-10)
    assert irrelevant_power_ratio(3 * wave - 9, FPS).tolist() == pytest.approx(found.tolist())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_constant_wave_is_all_irrelevant(dtype):
    levels = torch.tensor([[0.0], [0.1], [1e3], [-7e-8]], dtype=dtype)
    rounding = torch.finfo(dtype).eps * sines(72, n_frames=301).to(dtype)  # in the band
    ratio = irrelevant_power_ratio(levels * (1 + rounding), FPS)
    assert ratio.dtype == dtype and ratio.tolist() == [1.0] * 4


# Gradients, types, errors


def test_gradients_of_all_three_branches_are_right(single_thread):
    waves = [wave.requires_grad_() for wave in noises(2, 16, 13)]

    def of_waves(*waves):
        return multi_view_triplet(*waves, 12.0, seeded(), n_views=2, view_s=1.0)

    assert torch.autograd.gradcheck(of_waves, waves)
    ratio = lambda wave: irrelevant_power_ratio(wave, 12.0)  # noqa: E731
    assert torch.autograd.gradcheck(ratio, waves[0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_waves_of_zeros_have_a_finite_loss_and_gradient(dtype):
    flat = torch.zeros(2, 300, dtype=dtype, requires_grad=True)
    loss = mvtl(flat, flat, noise(2, 211).to(dtype))
    loss.backward()
    assert loss.dtype == dtype and loss.ndim == 0 and torch.isfinite(loss)
    assert torch.isfinite(flat.grad).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_waves_on_another_device_stay_there():
    waves = [wave.cuda() for wave in noises()]
    assert mvtl(*waves).device.type == irrelevant_power_ratio(waves[0], FPS).device.type == "cuda"
    assert mvtl(*waves).item() == pytest.approx(mvtl(*noises()).item(), rel=1e-9)


def test_waves_that_do_not_fit_are_errors():
    anchor, positive, negative = noises()
    with pytest.raises(ValueError, match=r"found \[\(3, 300\), \(3, 299\), \(3, 211\)\]"):
        mvtl(anchor, positive[:, 1:], negative)
    with pytest.raises(ValueError, match=r"found \[\(3, 300\), \(3, 300\), \(2, 211\)\]"):
        mvtl(anchor, positive, negative[:2])
    with pytest.raises(ValueError, match=r"found \[\(0, 300\)"):
        mvtl(anchor[:0], positive[:0], negative[:0])
    with pytest.raises(ValueError, match=r"\(B, T\) and \(B, t\), found \[\(3, 1, 300\)"):
        mvtl(anchor[:, None], positive[:, None], negative)
    with pytest.raises(ValueError, match="149 frames is shorter than a view of 150: take longer"):
        mvtl(anchor, positive, negative[:, :149], fps=29.97)
    with pytest.raises(ValueError, match="asked for 0 windows"):
        mvtl(anchor, positive, negative, n_views=0)
    with pytest.raises(ValueError, match="no frequency between"):
        mvtl(anchor, positive, negative, view_s=2 / FPS)
    with pytest.raises(ValueError, match=r"expected power \(B, F\)"):
        irrelevant_power_ratio(anchor[0], FPS)
    with pytest.raises(ValueError, match="holds no frequency"):
        irrelevant_power_ratio(anchor, FPS, (20.0, 30.0))


def test_the_band_is_that_of_the_paper():
    assert [round(60 * hz) for hz in BAND_HZ] == [40, 250]
