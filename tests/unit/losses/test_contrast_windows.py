"""Windows of an ST-rPPG block and of contact waves, and their spectra with their axis."""

import pytest
import torch

from rppg.dataloader.augment import scaled_band
from rppg.losses.contrast import sample_windows
from rppg.losses.windows import BAND_HZ, wave_windows, window_spectra

FPS = 30.0


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def numbered_block(n_videos=3, n_frames=50, size=2):
    """A block whose values say where they are: video 1e6, cell 1e3, frame 1.  (V, T, S, S)."""
    video = 1e6 * torch.arange(n_videos, dtype=torch.float64)[:, None, None, None]
    frame = torch.arange(n_frames, dtype=torch.float64)[:, None, None]
    cell = 1e3 * torch.arange(size * size, dtype=torch.float64).reshape(size, size)
    return video + frame + cell


def sines(*rates_bpm, n_frames):
    times_s = torch.arange(n_frames, dtype=torch.float64) / FPS
    return torch.stack([torch.sin(2 * torch.pi * bpm / 60 * times_s) for bpm in rates_bpm])


# Windows


@pytest.mark.parametrize(("size", "n_rows"), [(1, 2), (2, 5), (4, 17)])
def test_each_position_and_the_mean_have_k_windows_inside_of_the_block(size, n_rows):
    block = numbered_block(size=size)
    windows = sample_windows(block, 20, 4, seeded())
    assert windows.shape == (3, n_rows * 4, 20)
    mean_cell = 1e3 * (size * size - 1) / 2
    cells = [1e3 * k for k in range(size * size)] + [mean_cell]
    for video in range(3):
        for place, cell in enumerate(cells):
            starts = windows[video, 4 * place : 4 * place + 4, 0] - 1e6 * video - cell  # (4,)
            assert (starts == starts.round()).all() and starts.min() >= 0 and starts.max() <= 30
            run_on = starts[:, None] + torch.arange(20) + 1e6 * video + cell
            assert torch.equal(windows[video, 4 * place : 4 * place + 4], run_on)


def test_every_start_occurs_and_windows_have_their_own():
    block = numbered_block(2, 8)
    starts = sample_windows(block, 5, 200, seeded())[:, :, 0] % 1e3 // 1  # (2, 1000)
    counts = torch.stack([(starts[:, :800] == start).sum() for start in range(4)])
    assert counts.sum() == 1600
    assert ((counts / 1600 - 0.25).abs() < 0.05).all()
    by_place = starts[:, :800].unflatten(1, (4, 200)).flatten(0, 1)  # (8, 200)
    assert len({tuple(row) for row in by_place.tolist()}) == 8


def test_the_same_generator_gives_the_same_windows_and_another_others():
    block, waves = numbered_block(), numbered_block()[:, :, 0, 0]
    for sample, of in ((sample_windows, block), (wave_windows, waves)):
        first = sample(of, 20, 4, seeded(1))
        assert torch.equal(first, sample(of, 20, 4, seeded(1)))
        assert not torch.equal(first, sample(of, 20, 4, seeded(2)))
        generator = seeded(1)
        sample(of, 20, 4, generator)
        assert not torch.equal(first, sample(of, 20, 4, generator))


def test_a_window_of_the_whole_length_is_the_wave():
    block = numbered_block()
    windows = sample_windows(block, 50, 2, seeded())
    assert torch.equal(windows[:, 2], block[:, :, 0, 1]) and torch.equal(
        windows[:, -1], block.mean(dim=(2, 3))
    )


def test_windows_of_waves():
    waves = numbered_block()[:, :, 0, 0]
    windows = wave_windows(waves, 20, 7, seeded())
    assert windows.shape == (3, 7, 20)
    starts = windows[:, :, 0] - waves[:, :1]
    assert torch.equal(windows, waves[:, :1, None] + starts[..., None] + torch.arange(20))
    assert starts.unique().numel() > 5 and starts.min() >= 0 and starts.max() <= 30


def test_windows_that_do_not_fit_are_errors():
    block = numbered_block()
    with pytest.raises(ValueError, match=r"found \(50, 2, 2\)"):
        sample_windows(block[0], 20, 4, seeded())
    with pytest.raises(ValueError, match=r"found \(3, 50, 2, 1\)"):
        sample_windows(block[..., :1], 20, 4, seeded())
    with pytest.raises(ValueError, match=r"waves \(V, T\), found \(50,\)"):
        wave_windows(block[0, :, 0, 0], 20, 4, seeded())
    for n_frames, n_windows in ((51, 4), (0, 4), (20, 0)):
        found = f"{n_windows} windows of {n_frames} frames, expected 1 or more of 1 to 50"
        with pytest.raises(ValueError, match=found):
            sample_windows(block, n_frames, n_windows, seeded())
        with pytest.raises(ValueError, match=found):
            wave_windows(block[:, :, 0, 0], n_frames, n_windows, seeded())


# Spectra


def test_150_frames_have_17_bins_of_12_bpm():
    freq_hz, share = window_spectra(sines(60, 120, n_frames=150)[None], FPS)
    assert (60 * freq_hz).tolist() == pytest.approx(list(range(48, 241, 12)))
    assert share.shape == (1, 2, 17)
    assert torch.allclose(share.sum(dim=-1), torch.ones(1, 2, dtype=torch.float64))


@pytest.mark.parametrize("n_frames", [150, 151, 149, 75, 301])
def test_the_axis_is_right_at_odd_lengths(n_frames):
    bins = [4, 9] if n_frames < 300 else [9, 20]
    rates_bpm = [60 * k * FPS / n_frames for k in bins]
    freq_hz, share = window_spectra(sines(*rates_bpm, n_frames=n_frames)[None], FPS)
    found_bpm = 60 * freq_hz[share[0].argmax(dim=-1)]
    assert found_bpm.tolist() == pytest.approx(rates_bpm, rel=1e-9)
    assert share[0].amax(dim=-1).tolist() == pytest.approx([1, 1], abs=1e-9)  # no leakage
    assert 40 <= 60 * freq_hz[0] and 60 * freq_hz[-1] <= 250


def test_gain_offset_and_sign_do_not_change_spectra():
    windows = torch.randn(2, 6, 150, generator=seeded(), dtype=torch.float64)
    _, share = window_spectra(windows, FPS)
    gain = torch.linspace(0.1, 50, 6, dtype=torch.float64)[:, None]
    _, other = window_spectra(-gain * windows + 7 * gain, FPS)
    assert torch.allclose(share, other, rtol=1e-9, atol=0)


# Speeds


def naive_share(windows, bands_hz):
    """Shares (V, N, F) by a loop over videos, windows and frequencies."""
    n_frames = windows.shape[-1]
    found = torch.zeros(*windows.shape[:2], n_frames // 2 + 1, dtype=windows.dtype)
    frames = torch.arange(n_frames, dtype=windows.dtype)
    for v, (low, high) in enumerate(bands_hz.tolist()):
        for n, wave in enumerate(windows[v]):
            for k in range(n_frames // 2 + 1):
                if low <= k * FPS / n_frames <= high:
                    turn = 2 * torch.pi * k * frames / n_frames
                    centred = wave - wave.mean()
                    of_sine = (centred * turn.sin()).sum()
                    found[v, n, k] = (centred * turn.cos()).sum() ** 2 + of_sine**2
    return found / found.sum(dim=-1, keepdim=True)


def test_bands_of_each_videos_speed_give_the_shares_of_a_loop():
    windows = torch.randn(3, 4, 41, generator=seeded(), dtype=torch.float64)
    bands_hz = scaled_band(torch.tensor([0.6, 1.0, 1.4], dtype=torch.float64), BAND_HZ)
    freq_hz, share = window_spectra(windows, FPS, bands_hz)
    assert freq_hz.tolist() == pytest.approx([k * FPS / 41 for k in range(21)])
    torch.testing.assert_close(share, naive_share(windows, bands_hz))


def test_197_bpm_at_1_4_times_the_speed_is_in_the_band_and_a_drift_of_34_bpm_is_not():
    """276 bpm on the screen, which no face has; 48 bpm there are 34 bpm of the face."""
    waves = sines(276, 48, n_frames=150)
    bands_hz = scaled_band(torch.tensor([1.4]), BAND_HZ)
    freq_hz, share = window_spectra((waves[0] + 5 * waves[1])[None, None], FPS, bands_hz)
    assert 60 * freq_hz[share[0, 0].argmax()] == pytest.approx(276)
    assert share.max() == pytest.approx(1, abs=1e-9)
    freq_hz, share = window_spectra((waves[0] + 5 * waves[1])[None, None], FPS)
    assert 60 * freq_hz[share[0, 0].argmax()] == pytest.approx(48)  # in the band of a face


def test_at_the_speed_of_life_the_band_is_that_of_all_videos():
    windows = torch.randn(3, 4, 150, generator=seeded(), dtype=torch.float64)
    one_hz, one = window_spectra(windows, FPS)
    freq_hz, each = window_spectra(windows, FPS, scaled_band(torch.ones(3), BAND_HZ))
    inside = torch.isin(freq_hz, one_hz)
    torch.testing.assert_close(each[..., inside], one)
    assert each[..., ~inside].count_nonzero() == 0


def test_bands_that_do_not_fit_are_errors():
    windows = sines(60, 90, n_frames=150)[:, None]
    with pytest.raises(ValueError, match=r"expected bands \(V, 2\), found \(1, 2\) for 2 videos"):
        window_spectra(windows, FPS, torch.tensor([[0.7, 4.0]]))
    with pytest.raises(ValueError, match="holds no frequency"):
        window_spectra(windows, FPS, torch.tensor([[0.7, 4.0], [0.61, 0.65]]))


def test_a_band_without_a_frequency_is_an_error():
    with pytest.raises(ValueError, match="no frequency between"):
        window_spectra(sines(60, n_frames=150)[None], FPS, (0.61, 0.65))
