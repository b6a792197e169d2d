"""Values without labels of models that see faces: as of maps, but of cells in place of rows."""

import numpy as np
import pytest
import torch
from helpers.self_consistency import HR_BPM, Cells, OnlyClips, same_sine, write_store
from torch import nn

from rppg.dataloader.clips import Clips, Place
from rppg.inference import sliding_window as module
from rppg.models.contrast_phys.physnet import PhysNet, PhysNetConfig
from rppg.training.collapse import NOISE, SINE, check_collapse
from rppg.training.self_consistency import SelfConsistency
from rppg.training.waveform_metrics import rates_bpm

DISAGREEMENTS = [f"{of}_disagreement_bpm" for of in ("speed", "overlap", "cells", "self", "pos")]
RATES = HR_BPM | {"B/3/f": 78.0, "B/4/g": 105.0, "B/5/h": 135.0}
TIMES_S = torch.arange(300, dtype=torch.float64) / 30


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("store"), RATES, side=8)


@pytest.fixture(scope="module")
def self_consistency(store):
    return SelfConsistency(store, RATES, None, array="face", size=4)


class OfBlock(nn.Module):
    """A net whose answer is block(times_s (T,)), (T, S, S), whatever it sees."""

    pads_time = True

    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, clips):
        return self.cells(clips).mean(dim=(2, 3))

    def cells(self, clips):
        return self.block(TIMES_S[: clips.shape[1]]).expand(len(clips), -1, -1, -1)


def sines(rows_bpm):
    """(T, S, S) of sines, at the rates (bpm) of a nested list of rows."""

    def block(times_s):
        rates_hz = torch.tensor(rows_bpm, dtype=torch.float64) / 60
        return torch.sin(2 * torch.pi * rates_hz * times_s[:, None, None])

    return OfBlock(block)


def test_a_true_wave_agrees_with_itself_and_has_the_true_rates(self_consistency):
    table = self_consistency.table(Cells())
    assert table["hr_bpm"].tolist() == pytest.approx([RATES[id] for id in table["id"]], abs=1)
    assert table["pos_hr_bpm"].tolist() == pytest.approx([RATES[id] for id in table["id"]], abs=1)
    assert table[DISAGREEMENTS].to_numpy().max() < 1.5
    names = [*DISAGREEMENTS, "ipr", "spectral_entropy", "hr_spread_bpm"]
    assert list(self_consistency(Cells())) == names


@pytest.mark.parametrize("size", [None, 2])
def test_what_the_model_sees_is_what_clips_would_give_it(store, size):
    seen = []

    class Spy(Cells):
        def forward(self, clips, whole_block=False):
            seen.append((whole_block, clips))
            return super().forward(clips, whole_block)

    SelfConsistency(store, RATES, None, 100, array="face", size=size)(Spy())
    ids, start = sorted(RATES), (330 - 100) // 2
    whole, part = (Clips(store, ids, "face", n, size=size) for n in (100, 80))
    expected = [
        torch.stack([whole[Place(id, start)]["clip"] for id in ids]),
        torch.stack([whole[Place(id, start, 0.8)]["clip"] for id in ids]),
        torch.stack([part[Place(id, start)]["clip"] for id in ids]),
        torch.stack([part[Place(id, start + 20)]["clip"] for id in ids]),
    ]
    assert [whole_block for whole_block, _ in seen] == [True, False, False, False]
    for (_, clips), wanted in zip(seen, expected, strict=True):
        assert clips.dtype == wanted.dtype and torch.equal(clips, wanted)


@pytest.mark.parametrize(
    ("model", "expected_bpm"),
    [
        (sines([[60.0, 90.0], [60.0, 90.0]]), 30),
        (sines([[60.0, 60.0], [60.0, 60.0]]), 0),
        (sines([[60.0, 60.0, 90.0]] * 3), 30),  # the middle column is in neither half
        (sines([[60.0] * 3, [60.0] * 3, [90.0] * 3]), 0),  # both halves hear all rows
    ],
    ids=["sides", "one rate", "sides of 3 x 3", "rows of 3 x 3"],
)
def test_the_cells_left_of_the_middle_are_held_against_those_right_of_it(
    self_consistency, model, expected_bpm
):
    values = self_consistency(model)
    assert values["cells_disagreement_bpm"] == pytest.approx(expected_bpm, abs=0.7)
    own = [values[name] for name in DISAGREEMENTS[:3]]
    assert values["self_disagreement_bpm"] == pytest.approx(np.mean(own))


def test_what_padding_does_to_the_ends_of_a_clip_is_in_no_rate(self_consistency):
    class Padded(Cells):
        def forward(self, clips, whole_block=False):
            found = super().forward(clips, whole_block).clone()
            found[:, :8], found[:, -8:] = 1e3, -1e3
            return found

    found, plain = self_consistency.table(Padded()), self_consistency.table(Cells())
    rates = ["hr_bpm", *DISAGREEMENTS]
    assert found[rates].equals(plain[rates])
    assert (found["spectral_entropy"] > 0.85).all()  # but it is seen that there is such a thing


@pytest.mark.parametrize("model", [Cells(block=1), OnlyClips(same_sine)], ids=["one", "none"])
def test_a_model_without_cells_to_compare_lacks_that_value(self_consistency, model):
    values = self_consistency(model)
    assert "cells_disagreement_bpm" not in values and "rows_disagreement_bpm" not in values
    own = [values[name] for name in DISAGREEMENTS[:2]]
    assert values["self_disagreement_bpm"] == pytest.approx(np.mean(own))


def test_the_ends_of_a_clip_count_unless_the_net_pads(self_consistency):
    class Padded(Cells):
        def forward(self, clips, whole_block=False):
            found = super().forward(clips, whole_block).clone()
            found[:, :8] = 1e3
            return found

    class Unpadded(Padded):
        pads_time = False

    padded, unpadded = (self_consistency.table(net()) for net in (Padded, Unpadded))
    assert padded["hr_bpm"].tolist() == pytest.approx([RATES[id] for id in padded["id"]], abs=1)
    assert (unpadded["hr_bpm"] - padded["hr_bpm"]).abs().max() > 10


def test_large_crops_go_through_the_net_few_at_a_time(store, self_consistency, monkeypatch):
    at_once = []

    class Spy(Cells):
        def forward(self, clips, whole_block=False):
            at_once.append(len(clips))
            return super().forward(clips, whole_block)

    values = self_consistency(Spy())
    assert set(at_once) == {8}
    at_once.clear()
    monkeypatch.setattr(module, "NUMBERS_A_BATCH", 2 * 300 * 4 * 4 * 3)
    assert self_consistency(Spy()) == pytest.approx(values)
    assert max(at_once) == 2
    monkeypatch.setattr(module, "NUMBERS_A_BATCH", 1)
    assert self_consistency(Cells()) == pytest.approx(values)


def test_a_cell_that_is_not_finite_names_its_recording(self_consistency):
    class Broken(Cells):
        def forward(self, clips, whole_block=False):
            found = super().forward(clips, whole_block).clone()
            found[1] = torch.nan
            return found

    with pytest.raises(FloatingPointError, match="predicted BVP of A/2/b is not finite"):
        self_consistency(Broken())


def test_the_monitor_passes_a_pulse_and_catches_who_does_not_look(self_consistency):
    good, bad = (
        check_collapse(Cells(), self_consistency, "net"),
        check_collapse(OnlyClips(same_sine), self_consistency, "net"),
    )
    assert not good.collapsed and good.values.notna().all(axis=None)
    column = good.values["cells_disagreement_bpm"]
    assert column["net"] < 1 and column[SINE] == 0 and column[NOISE] > 15
    assert good.values.loc[SINE, "speed_disagreement_bpm"] == pytest.approx(18, abs=0.7)
    assert bad.collapsed and "same rate" in bad.reasons[0]
    assert "cells_disagreement_bpm" not in bad.values
    again = check_collapse(Cells(), self_consistency, "net")
    assert again.values.equals(good.values)


def test_physnet_is_judged_by_its_waves(tmp_path):
    store = write_store(tmp_path, {"A/1/a": 66.0, "A/2/b": 110.0}, n_frames=120, side=32)
    torch.manual_seed(0)
    net = PhysNet(PhysNetConfig(size=32, width=2)).train()
    table = SelfConsistency(store, store.ids(), None, 120, array="face", size=32).table(net)
    assert not net.training and table["cells_disagreement_bpm"].notna().all()
    clips = Clips(store, store.ids(), "face", 120, size=32)
    with torch.no_grad():
        waves = net(torch.stack([clips[Place(id, 0)]["clip"] for id in table["id"]]))
    assert table["hr_bpm"].tolist() == pytest.approx(
        rates_bpm(waves[:, 12:-12].double()).tolist(), abs=0.4
    )
