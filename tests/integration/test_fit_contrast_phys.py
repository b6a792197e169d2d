"""Training PhysNet by contrast: learning, resuming, polarity, and the facts in its run."""

import copy

import pytest
import torch
from helpers.self_consistency import write_store
from helpers.synthetic_pulse import RATES_BPM, SIDE, BeatingFaces, breaking_at, rates_of
from helpers.toy_training import outcome, quiet_fit

from rppg.dataloader.batches import Batches
from rppg.dataloader.clips import LabelledClips
from rppg.models.contrast_phys.objective import Contrast, SupervisedContrast
from rppg.models.registry import build, load_run
from rppg.training.polarity import fix_polarity, polarity_of

pytestmark = pytest.mark.usefixtures("single_thread")


def net(seed=0):
    return build("contrast_phys", seed, size=SIDE, width=2, patch=2, time_pools=1)


def train(run_dir, step, faces, model=None, batch_size=2, **options):
    model = model or net()
    quiet_fit(model, run_dir, Batches(faces, batch_size), step, **options)
    return model


@pytest.mark.parametrize("step", [Contrast(), SupervisedContrast(self_supervised=0.5)], ids=type)
def test_an_interrupted_run_equals_an_uninterrupted_one(tmp_path, step):
    faces = BeatingFaces(60, labelled=isinstance(step, SupervisedContrast))
    train(tmp_path / "straight", step, faces, n_steps=8)
    for number in (7, 2):
        with pytest.raises(RuntimeError, match="power cut"):
            train(tmp_path / "broken", breaking_at(number, step), faces, n_steps=8)
    train(tmp_path / "broken", step, faces, n_steps=8)
    straight, broken = outcome(tmp_path / "straight"), outcome(tmp_path / "broken")
    assert straight == broken and len(straight["metrics.csv"]) == 2


def test_the_weights_of_a_run_hold_the_models_inputs(tmp_path):
    facts = {"array": "face", "normalise": None, "n_frames": 60, "size": SIDE}
    faces = BeatingFaces(60)
    model = train(tmp_path, Contrast(), faces, n_steps=2, parameters=facts | {"step": "Contrast"})
    loaded, inputs = load_run(tmp_path)
    assert inputs == facts and loaded.config == model.config and not loaded.training
    assert torch.equal(loaded(faces.clips()), model(faces.clips()))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("store"), side=SIDE)


def test_a_negated_head_negates_the_bvp_and_its_polarity(store):
    clips = LabelledClips(store, store.ids(), "face", n_frames=300, size=SIDE)
    model = net()
    turned = copy.deepcopy(model)
    fix_polarity(turned)
    polarity, other = polarity_of(model, clips), polarity_of(turned, clips)
    assert abs(polarity.mean) > 0.05 and len(polarity.correlations) == 5
    assert other.correlations == pytest.approx([-r for r in polarity.correlations], abs=1e-6)
    assert polarity.negative != other.negative
    faces = clips[clips.sliding_windows()[0]]["clip"][None]
    torch.testing.assert_close(turned(faces), -model(faces), atol=1e-6, rtol=0)


@pytest.mark.slow
def test_contrast_alone_learns_the_heart_rates_of_clips(tmp_path):
    faces, model = BeatingFaces(300), net().eval()
    assert max(abs(a - b) for a, b in zip(rates_of(model, faces), RATES_BPM, strict=True)) > 20
    train(tmp_path, Contrast(), faces, model, batch_size=4, n_steps=80, lr=0.01)
    assert rates_of(model, faces) == pytest.approx(RATES_BPM, abs=3)


@pytest.mark.slow
def test_supervision_by_bvp_learns_the_bvp_itself(tmp_path):
    faces, model = BeatingFaces(300, labelled=True), net()
    train(tmp_path, SupervisedContrast(), faces, model, batch_size=4, n_steps=80, lr=0.01)
    with torch.no_grad():
        waves = model(faces.clips())
    for wave, beat in zip(waves, faces.waves, strict=True):
        assert torch.corrcoef(torch.stack([wave, beat]))[0, 1] > 0.9


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("step", [Contrast(), SupervisedContrast()], ids=type)
def test_a_run_on_a_gpu(tmp_path, step):
    train(tmp_path, step, BeatingFaces(60, labelled=True), n_steps=2, device="cuda")
    assert len(outcome(tmp_path)["metrics.csv"]) == 1
