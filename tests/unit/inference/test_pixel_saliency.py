"""Where a wave comes from: cells in order, gradients where the answer looks and nowhere else."""

import numpy as np
import pytest
import torch
from helpers.self_consistency import Answer, Cells, constant, write_store
from torch import nn

from rppg.inference.pixel_saliency import (
    block_waves,
    input_gradient,
    looks,
    save_looks,
    seen_in_clip,
)
from rppg.models.contrast_phys.physnet import PhysNet, PhysNetConfig
from rppg.models.gideon2021.net import Gideon2021, Gideon2021Config

TIMES_S = torch.arange(120) / 30


def clip(side=8, n_frames=120):
    generator = torch.Generator().manual_seed(0)
    return 255 * torch.rand(1, n_frames, side, side, 3, generator=generator)


class Patch(Cells):
    """Looks at green in the top right quarter, twice as much at its last column, nowhere else."""

    def forward(self, clips, whole_block=False):
        green = clips[:, :, :4, 4:, 1] * torch.tensor([1.0, 1.0, 1.0, 2.0])
        wave = green.mean(dim=(2, 3))
        return wave[:, :, None, None] if whole_block else wave


def test_cells_are_in_the_order_of_reading():
    crops = torch.zeros(1, 120, 8, 8, 3)
    for row in range(2):
        for column in range(2):
            cell = crops[:, :, 4 * row :, 4 * column :]  # and what is then written again
            cell[:] = (2 * row + column) * TIMES_S[:, None, None, None]
    waves = block_waves(Cells(), crops)
    assert torch.allclose(waves.float(), torch.arange(4.0)[:, None] * TIMES_S)


def test_the_mean_of_the_cells_is_the_wave_of_physnet():
    torch.manual_seed(0)
    net = PhysNet(PhysNetConfig(size=32, width=2)).train()
    crops = clip(32, 61).byte()
    waves = block_waves(net, crops)
    assert waves.shape == (4, 61) and not net.training and not waves.requires_grad
    assert torch.allclose(waves.mean(dim=0), net(crops)[0], atol=1e-6)


def test_the_gradient_is_where_the_model_looks():
    found = input_gradient(Patch(), clip())
    assert found.shape == (8, 8) and not found.requires_grad
    assert (found[:4, 4:] > 0).all() and found.count_nonzero() == 16
    assert torch.allclose(found[:4, 7], 2 * found[:4, 4])


def test_the_gradient_is_that_of_small_changes():
    crops, model = clip(n_frames=60).double(), Cells(block=1)

    def log_power(crops):
        wave = model(crops)[0].numpy()
        wave = (wave - wave.mean()) * np.hanning(60)
        power = np.abs(np.fft.rfft(wave - wave.mean())) ** 2
        freq_hz = np.fft.rfftfreq(60, 1 / 30)
        return np.log(power[(freq_hz >= 0.66) & (freq_hz <= 3)].sum())

    slopes = []
    for t in range(60):  # of green of one pixel, whose slope is each pixel's
        change = torch.zeros_like(crops)
        change[0, t, 2, 3, 1] = 1e-3
        slopes.append((log_power(crops + change) - log_power(crops - change)) / 2e-3)
    expected = np.abs(slopes).mean() / 3  # red and blue change nothing
    assert input_gradient(model, crops).numpy() == pytest.approx(expected, rel=1e-3)


def test_the_gradient_does_not_depend_on_the_size_of_the_wave():
    class Louder(Patch):
        def forward(self, clips, whole_block=False):
            return 100 * super().forward(clips, whole_block) + 7

    assert torch.allclose(input_gradient(Louder(), clip()), input_gradient(Patch(), clip()))


def test_the_model_is_left_without_gradients_and_clips_as_they_were():
    torch.manual_seed(0)
    net, crops = PhysNet(PhysNetConfig(size=32, width=2)).train(), clip(32, 61)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with torch.no_grad():  # as a notebook may have it
        first = input_gradient(net, crops)
    assert torch.equal(first, input_gradient(net, crops)) and first.min() >= 0 and first.max() > 0
    assert all(weight.grad is None for weight in net.parameters()) and not crops.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_a_figure_gets_waves_rates_and_saliency():
    crops = 100 + 10 * torch.rand(1, 300, 8, 8, 3, generator=torch.Generator().manual_seed(0))
    times_s = torch.arange(300) / 30
    for column, hr_bpm in ((slice(4), 72.0), (slice(4, 8), 102.0)):
        beat = (10 if hr_bpm == 72 else 5) * torch.sin(2 * torch.pi * hr_bpm / 60 * times_s)
        crops[0, :, :, column] += beat[:, None, None, None]
    found = seen_in_clip(Cells(), crops)
    rates_bpm = [one.hr_bpm for one in found["found"]]
    assert rates_bpm == pytest.approx([72, 102, 72, 102, 72], abs=1)
    assert found["waves"].shape == (4, 300) and found["saliency"].shape == (8, 8)
    assert found["fps"] == 30


class Flat(nn.Module):
    def forward(self, clips, whole_block=False):
        wave = constant(clips) + 0 * clips.sum()
        return wave[..., None, None].expand(-1, -1, 2, 2) if whole_block else wave

    def cells(self, clips):
        return self(clips, whole_block=True)


def test_a_flat_wave_has_no_rate_and_no_saliency():
    found = seen_in_clip(Flat(), clip())
    assert found["found"] == [None] * 5 and found["saliency"] is None
    with pytest.raises(ValueError, match="power 0.0 in the heart band"):
        input_gradient(Flat(), clip())


@pytest.mark.parametrize("look", [block_waves, input_gradient, seen_in_clip])
def test_several_clips_are_an_error(look):
    for crops in (clip().expand(2, -1, -1, -1, -1), clip()[0]):
        with pytest.raises(ValueError, match="expected one clip"):
            look(Cells(), crops)


def test_a_model_without_a_block_says_so():
    with pytest.raises(TypeError, match="Answer has no cells"):
        block_waves(Answer(constant), clip())


RATES = {"A/2/b": 66.0, "A/1/a": 90.0}


def sampled_net(size, **fields):
    torch.manual_seed(0)
    small = {"size": size, "width": 2, "saliency_width": 2, "saliency_every": 20}
    return Gideon2021(Gideon2021Config(**small | fields))


@pytest.mark.parametrize("size", [None, 16])
def test_looks_are_of_the_first_clip_of_each_recording(tmp_path, size):
    store, net = write_store(tmp_path, RATES, n_frames=90, wide=32), sampled_net(size or 32)
    seen = looks(store, RATES, net.train(), array="wide", n_frames=60, size=size)
    assert [one["id"] for one in seen] == sorted(RATES)
    for one in seen:
        wide = np.array(store.open(one["id"]).wide[:60])
        assert one["crop"].dtype == np.uint8 and np.array_equal(one["crop"], wide[0])
        clip = torch.from_numpy(wide)[None]
        if size:
            clip = clip.float().unflatten(2, (16, 2)).unflatten(4, (16, 2)).mean(dim=(3, 5))
        maps, warped = net.look(clip)
        np.testing.assert_allclose(one["saliency"], maps.mean(dim=0), rtol=1e-4)
        assert one["saliency"].shape == ((size or 32) // 4,) * 2
        assert one["saliency"].sum() == pytest.approx(1, rel=1e-5)
        assert one["warped"].dtype == np.uint8 and one["warped"].shape == clip.shape[2:]
        assert np.abs(one["warped"] - warped[0].numpy()).max() <= 0.51
    assert not net.training


def test_looks_begin_behind_a_gap_and_leave_out_what_is_too_short(tmp_path):
    store = write_store(tmp_path, {"A/1/a": 66.0}, n_frames=130, wide=16)
    write_store(tmp_path, {"A/2/short": 66.0}, n_frames=50, wide=16)
    path = store.path("A/1/a") / "recording.json"
    path.write_text(path.read_text().replace('"gaps_s": []', '"gaps_s": [[1.0, 2.0]]'))
    assert store.meta("A/1/a")["gaps_s"] == [[1.0, 2.0]]
    seen = looks(store, store.ids(), sampled_net(16), array="wide", n_frames=60)
    assert [one["id"] for one in seen] == ["A/1/a"]
    assert np.array_equal(seen[0]["crop"], store.open("A/1/a").wide[60])


def test_a_model_without_a_sampler_has_no_looks(tmp_path):
    store = write_store(tmp_path, {"A/1/a": 66.0}, n_frames=90, wide=16)
    with pytest.raises(ValueError, match="no saliency sampler"):
        looks(store, ["A/1/a"], sampled_net(16, saliency=False), array="wide", n_frames=60)


def test_looks_are_saved_whole_and_no_more_than_asked(tmp_path):
    rng = np.random.default_rng(0)
    seen = [
        {
            "id": f"A/{i}/a",
            "crop": rng.integers(0, 256, (64, 64, 3), np.uint8),
            "saliency": rng.random((4, 4), np.float32),
            "warped": rng.integers(0, 256, (16, 16, 3), np.uint8),
        }
        for i in range(3)
    ]
    path = save_looks(tmp_path / "looks.npz", seen, (0, 0, 16, 16), most=2)
    assert [file.name for file in tmp_path.iterdir()] == ["looks.npz"]
    with np.load(path, allow_pickle=False) as file:
        assert file["ids"].tolist() == ["A/0/a", "A/1/a"] and file["block"].tolist() == [
            0,
            0,
            16,
            16,
        ]
        for name, key in (("crops", "crop"), ("saliency", "saliency"), ("warped", "warped")):
            assert np.array_equal(file[name], np.stack([one[key] for one in seen[:2]]))
