"""Training Gideon2021: learning, resuming, polarity, its run and its label-free metrics."""

import copy

import pytest
import torch
from helpers.self_consistency import HR_BPM, write_store
from helpers.synthetic_pulse import RATES_BPM, SIDE, BeatingFaces, breaking_at, rates_of
from helpers.toy_training import outcome, quiet_fit

from rppg.dataloader.batches import Batches
from rppg.dataloader.clips import Clips, LabelledClips
from rppg.inference.sliding_window import predict_model
from rppg.models.gideon2021.objective import MultiView, SupervisedWave, draw_ratio
from rppg.models.registry import build, inputs_of, load_run, recipe, shape_for
from rppg.training.collapse import check_collapse
from rppg.training.polarity import fix_polarity, polarity_of
from rppg.training.self_consistency import SelfConsistency

SHORT = {"view_s": 1.0}  # for clips of 2 s
pytestmark = pytest.mark.usefixtures("single_thread")


def net(seed=0, **fields):
    small = {"size": SIDE, "width": 2, "saliency_width": 2, "saliency_every": 30, "time_pools": 1}
    return build("gideon2021", seed, **small | fields)


def train(run_dir, step, faces, model=None, batch_size=2, **options):
    model = model or net()
    quiet_fit(model, run_dir, Batches(faces, batch_size), step, **options)
    return model


class Keeping:
    """A step that also logs the ratio of the batch."""

    def __init__(self, step):
        self.step = step

    def __call__(self, model, batch, generator):
        ahead = generator.clone_state()
        loss, parts = self.step(model, batch, generator)
        return loss, parts | {"ratio": draw_ratio(ahead)}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("store"), wide=SIDE)


@pytest.mark.slow
@pytest.mark.parametrize(
    "step",
    [MultiView(**SHORT), SupervisedWave(self_supervised=0.5, losses=MultiView(**SHORT))],
    ids=type,
)
def test_an_interrupted_run_equals_an_uninterrupted_one(tmp_path, step):
    faces, step = BeatingFaces(48, labelled=isinstance(step, SupervisedWave)), Keeping(step)
    options = {"n_steps": 5, "log_every": 1, "save_every": 2}
    train(tmp_path / "straight", step, faces, **options)
    for number in (4, 2):
        with pytest.raises(RuntimeError, match="power cut"):
            train(tmp_path / "broken", breaking_at(number, step), faces, **options)
    train(tmp_path / "broken", step, faces, **options)
    straight, broken = outcome(tmp_path / "straight"), outcome(tmp_path / "broken")
    assert straight == broken
    ratios = [float(row["ratio"]) for row in straight["metrics.csv"]]
    assert len(set(ratios)) == 5 and all(0.66 <= ratio <= 0.8 for ratio in ratios)


@pytest.mark.slow
def test_a_run_restores_its_net_inputs_and_predictions(store, tmp_path):
    inputs = inputs_of("gideon2021", n_frames=150, size=SIDE)
    model = net(**shape_for(inputs))
    clips = Clips(store, HR_BPM, **inputs)
    train(tmp_path, MultiView(**SHORT), clips, model, n_steps=2, parameters=inputs | {"seed": 0})
    loaded, restored = load_run(tmp_path)
    assert restored == inputs and loaded.config == model.config and not loaded.training
    table = predict_model(store, HR_BPM, loaded, "gideon2021", **restored)
    assert table["hr_bpm"].between(39, 181).all() and (table["reason"] == "").all()
    assert table.equals(predict_model(store, HR_BPM, model, "gideon2021", **inputs))


def test_a_negated_head_negates_the_bvp_and_its_polarity(store):
    clips = LabelledClips(store, HR_BPM, "wide", n_frames=300, size=SIDE)
    model = net(seed=2)
    turned = copy.deepcopy(model)
    fix_polarity(turned)
    polarity, other = polarity_of(model, clips), polarity_of(turned, clips)
    assert abs(polarity.mean) > 0.01 and len(polarity.correlations) == 5
    assert other.correlations == pytest.approx([-r for r in polarity.correlations], abs=1e-6)
    assert polarity.negative != other.negative
    crops = clips[clips.sliding_windows()[0]]["clip"][None]
    torch.testing.assert_close(turned(crops), -model(crops), atol=1e-6, rtol=0)


def test_label_free_metrics_of_wide_crops(store):
    """With one cell there is no disagreement of cells."""
    self_consistency = SelfConsistency(store, HR_BPM, None, n_frames=240, array="wide", size=SIDE)
    check = check_collapse(net(), self_consistency, "net")
    names = [f"{of}_disagreement_bpm" for of in ("speed", "overlap", "self", "pos")]
    assert list(self_consistency(net())) == [*names, "ipr", "spectral_entropy", "hr_spread_bpm"]
    assert check.rates["POS"].tolist() == pytest.approx(list(HR_BPM.values()), abs=1)
    assert check.values.loc["net"].notna().all() and list(check.rates["id"]) == sorted(HR_BPM)


def test_labelled_wide_crops_are_never_reversed(store):
    augment = recipe("gideon2021").augmentation(flip=1.0)
    clips = LabelledClips(store, ["A/1/a"], "wide", 300, size=SIDE, augment=augment)
    item = clips.sample(0, torch.Generator().manual_seed(0))
    plain = clips[clips._place("A/1/a", torch.Generator().manual_seed(0))]
    assert torch.equal(item["clip"], plain["clip"].flip(2))  # left and right
    assert torch.equal(item["wave"], plain["wave"])
    supervised = recipe("gideon2021").supervised
    step = supervised(0.3, {"sparsity": 0.5}, {"pearson": 0.1, "mcc": 0.2})
    losses = MultiView(sparsity=0.5)
    assert step == SupervisedWave(mcc=0.2, pearson=0.1, self_supervised=0.3, losses=losses)
    for weights in ({"weights": {"pull": 1.0}}, {"label_weights": {"truth": 1.0}}):
        with pytest.raises(TypeError, match="pull|truth"):
            supervised(0.0, **weights)


def off_bpm(model, faces):
    pairs = zip(rates_of(model.eval(), faces), RATES_BPM, strict=True)
    return [abs(estimate - true) for estimate, true in pairs]


@pytest.mark.slow
def test_the_contrast_falls_within_a_few_steps(tmp_path):
    faces, model = BeatingFaces(210), net(saliency=False).eval()
    options = {"n_steps": 12, "log_every": 1, "lr": 0.03}
    train(tmp_path, MultiView(view_s=4.0), faces, model, batch_size=4, **options)
    losses = [float(row["contrast"]) for row in outcome(tmp_path)["metrics.csv"]]
    assert max(losses[-4:]) < min(losses[:2]) - 0.02


@pytest.mark.slow
def test_views_alone_learn_the_heart_rates_of_clips(tmp_path):
    faces, model = BeatingFaces(300), net(saliency_width=4, saliency_every=15).eval()
    assert max(off_bpm(model, faces)) > 20
    train(tmp_path, MultiView(), faces, model, batch_size=4, n_steps=40, lr=0.02)
    assert max(off_bpm(model, faces)) < 3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mcc", "pearson", "snr"])
def test_supervision_by_bvp_learns_the_heart_rates_of_clips(tmp_path, name):
    faces, model = BeatingFaces(300, labelled=True), net(saliency=False)
    step = SupervisedWave(**{"mcc": 0.0} | {name: 1.0})
    train(tmp_path, step, faces, model, batch_size=4, n_steps=40, lr=0.02)
    assert max(off_bpm(model, faces)) < 3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("step", [MultiView(**SHORT), SupervisedWave()], ids=type)
def test_a_run_on_a_gpu(tmp_path, step):
    train(tmp_path, step, BeatingFaces(48, labelled=True), n_steps=2, device="cuda")
    assert len(outcome(tmp_path)["metrics.csv"]) == 1
