"""What chooses the step of a run: values known by hand, no label read where there must be none."""

import json

import numpy as np
import pytest
import torch
from helpers.recordings_without_labels import LabelRead, poison_of
from helpers.self_consistency import HR_BPM, write_recording, write_store
from torch import nn

from rppg.dataloader.clips import LabelledClips, Place
from rppg.datasets.store import Store
from rppg.losses.irrelevant_power import irrelevant_power_ratio
from rppg.models.gideon2021.net import Gideon2021, Gideon2021Config
from rppg.models.gideon2021.objective import SupervisedWave
from rppg.training import criteria
from rppg.training.criteria import LabelLoss, MeanIPR
from rppg.training.self_consistency import drawn

FED = {"array": "wide", "normalise": None, "n_frames": 300, "size": 4}
SIDE = 8
pytestmark = pytest.mark.usefixtures("single_thread")


class Says(nn.Module):
    """answer(green (B, T)) of crops (B, T, H, W, 3), times a weight; `seen` are the clips."""

    def __init__(self, answer=lambda green: green):
        super().__init__()
        self.answer, self.seen = answer, []
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, clips):
        assert not self.training and not torch.is_grad_enabled()
        self.seen.append(clips)
        return self.weight * self.answer(clips[..., 1].float().mean(dim=(2, 3)))


def noise_like(green):
    return torch.randn(green.shape, generator=torch.Generator().manual_seed(len(green)))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("store"), wide=SIDE)


@pytest.fixture
def own_store(tmp_path):
    """One that a test may change."""
    return write_store(tmp_path / "store", wide=SIDE)


def net():
    fields = {"size": 16, "width": 2, "saliency_width": 2, "saliency_every": 30}
    torch.manual_seed(0)
    return Gideon2021(Gideon2021Config(**fields))


# The irrelevant power ratio


def test_a_pulse_is_near_zero_noise_is_not_and_a_flat_wave_is_the_worst(store):
    validate = MeanIPR(store, HR_BPM, **FED)
    assert validate.ids == sorted(HR_BPM)
    values = [
        validate(Says(answer))["ipr"]
        for answer in (lambda green: green, noise_like, lambda green: 0 * green + 0.3)
    ]
    assert 0 < values[0] < 0.15 and 0.7 < values[1] < 0.85 and values[2] == 1


def test_it_is_the_mean_over_recordings_of_clips_that_were_kept(store, monkeypatch):
    monkeypatch.setattr(criteria, "CLIPS_A_BATCH", 2)
    validate, model = MeanIPR(store, HR_BPM, **FED), Says().train()
    first = validate(model)
    assert [len(clips) for clips in model.seen] == [2, 2, 1]
    waves = torch.cat(model.seen)[..., 1].mean(dim=(2, 3))
    assert first == {"ipr": pytest.approx(irrelevant_power_ratio(waves, 30).mean().item())}
    assert list(validate(Says())) == ["ipr"] and validate(model) == first


def test_a_clip_is_the_middle_of_the_longest_stretch(store):
    model = Says()
    MeanIPR(store, ["A/1/a"], **FED | {"size": None})(model)
    assert np.array_equal(model.seen[0][0].numpy(), store.open("A/1/a").wide[15:315])


def test_of_many_recordings_some_are_drawn_by_the_seed(store):
    found = [MeanIPR(store, HR_BPM, limit=2, seed=seed, **FED).ids for seed in range(6)]
    assert found[0] == drawn(sorted(HR_BPM), 2, 0) and {len(ids) for ids in found} == {2}
    assert len({tuple(ids) for ids in found}) > 1


def test_the_choice_by_power_reads_no_label(own_store, monkeypatch):
    store = own_store
    fed = FED | {"size": None}
    model = Gideon2021(Gideon2021Config(size=SIDE, width=2, saliency_width=2, saliency_every=30))
    before = MeanIPR(store, HR_BPM, **fed)(model)
    poison_of(store, monkeypatch)()
    assert MeanIPR(store, HR_BPM, **fed)(model) == before
    with pytest.raises(LabelRead):
        LabelLoss(store, HR_BPM, SupervisedWave(), **fed)


def test_recordings_without_any_label_will_do(own_store):
    before = MeanIPR(own_store, HR_BPM, **FED)(Says())
    for id in HR_BPM:
        path = own_store.path(id) / "recording.json"
        meta = json.loads(path.read_text())
        del meta["hr_true_bpm"], meta["arrays"]["bvp"]
        path.write_text(json.dumps(meta))
        (own_store.path(id) / "bvp.npy").unlink()
    store = Store(own_store.root)
    assert MeanIPR(store, HR_BPM, **FED)(Says()) == before
    with pytest.raises(ValueError, match="neither a ground-truth BVP nor an HR"):
        LabelLoss(store, HR_BPM, SupervisedWave(), **FED)


# The labels' loss


@pytest.mark.parametrize("name", ["mcc", "pearson", "snr"])
def test_the_labels_loss_is_that_of_the_step_over_all_recordings(store, monkeypatch, name):
    monkeypatch.setattr(criteria, "CLIPS_A_BATCH", 2)
    step = SupervisedWave(**{"mcc": 0.0} | {name: 1.0})
    validate, model = LabelLoss(store, reversed(HR_BPM), step, **FED), Says().train()
    assert validate.ids == sorted(HR_BPM)
    found = validate(model)
    clips = LabelledClips(store, HR_BPM, **FED)
    each = []
    for id in sorted(HR_BPM):
        item = clips[Place(id, 15)]
        batch = {key: item[key][None] for key in ("wave", "speed", "hr_bpm", "has_wave", "has_hr")}
        wave = item["clip"][None, ..., 1].mean(dim=(2, 3))
        each.append(step.of_waves(wave, batch)[0].item())
    assert found == {"loss": pytest.approx(np.mean(each), rel=1e-4)}
    assert validate(model) == found and model.weight.grad is None


def test_a_wave_that_is_the_contact_waves_has_the_lowest_loss(store):
    losses = {}
    for name in ("mcc", "pearson"):
        validate = LabelLoss(store, HR_BPM, SupervisedWave(**{"mcc": 0.0} | {name: 1.0}), **FED)
        answers = lambda green: -green, lambda green: green, noise_like  # the beat darkens
        losses[name] = [validate(Says(answer))["loss"] for answer in answers]
    assert losses["mcc"][0] < -0.9 and losses["mcc"][2] > -0.5
    assert losses["pearson"][0] < 0.2 and losses["pearson"][1] > 1.8


def test_a_net_is_left_in_eval_mode_and_as_it_was(tmp_path):
    store = write_store(tmp_path, {"A/1/a": 66.0, "A/2/b": 90.0}, wide=16)
    fed = FED | {"size": 16}
    model = net().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    validates = (
        MeanIPR(store, store.ids(), **fed),
        LabelLoss(store, store.ids(), SupervisedWave(), **fed),
    )
    for validate in validates:
        assert validate(model.train()) == validate(model.train()) and not model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_recording_that_is_too_short_is_in_neither(tmp_path):
    store = write_store(tmp_path, {"A/1/a": 66.0}, wide=4)
    write_recording(tmp_path, "A/2/short", 90.0, n_frames=200, wide=4)
    ids = store.ids()
    assert MeanIPR(store, ids, **FED).ids == ["A/1/a"]
    assert LabelLoss(store, ids, SupervisedWave(), **FED).ids == ["A/1/a"]
    with pytest.raises(ValueError, match="no clip in 1 recordings"):
        MeanIPR(store, ["A/2/short"], **FED)
