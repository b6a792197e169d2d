"""Pre-training reads no label: it is the same on recordings whose labels raise when read.

Labels are bvp.npy and, in recording.json, the heart rates and their known problems.
"""

import json

import pytest
import torch
from helpers.recordings_without_labels import LabelRead, poison_of
from helpers.self_consistency import HR_BPM, write_store

from rppg.dataloader.augment import FaceAugmentation, MapAugmentation
from rppg.dataloader.batches import Batches
from rppg.dataloader.clips import Clips, LabelledClips, Place
from rppg.dataloader.collate import cut_to_shortest
from rppg.datasets.fold_tables import write_folds
from rppg.datasets.folds import id_table, make_split
from rppg.datasets.store import Store
from rppg.inference.sliding_window import predict_model
from rppg.models.contrast_phys.objective import Contrast
from rppg.models.contrast_phys.physnet import PhysNet, PhysNetConfig
from rppg.models.gideon2021.net import Gideon2021, Gideon2021Config
from rppg.models.gideon2021.objective import MultiView
from rppg.models.st_transformer.net import STTransformer, STTransformerConfig
from rppg.models.st_transformer.objective import SelfSupervised
from rppg.training.collapse import check_collapse
from rppg.training.config import FitConfig
from rppg.training.fit import fit
from rppg.training.self_consistency import SelfConsistency
from rppg.utils.threads import one_thread

TRAIN, HELD_OUT = list(HR_BPM)[:3], list(HR_BPM)[3:]


@pytest.fixture
def store(tmp_path):
    store = write_store(tmp_path / "store", side=32, wide=32)
    write_folds(store.root / "folds" / "B.csv", id_table(HELD_OUT).assign(fold="dev"))
    return store


@pytest.fixture
def labels_raise(store, monkeypatch):
    return poison_of(store, monkeypatch)


def on_maps(store, ids):
    """The ST-Transformer: clips, net, step, and the net's inputs."""
    fed = {"array": "mstmap", "normalise": "ratio", "n_frames": 120}
    clips = Clips(store, ids, **fed, speeds=(0.6, 1.4), augment=MapAugmentation(drop_rows=0.1))
    net = STTransformer(STTransformerConfig(n_frames=120, dim=8, n_loops=1, patch=4))
    return clips, net, SelfSupervised(n_rows=16), fed


def on_faces(store, ids):
    """Contrast-Phys, likewise."""
    fed = {"array": "face", "normalise": None, "n_frames": 120, "size": 32}
    chance = {"augment": FaceAugmentation()}
    clips = Clips(store, ids, **fed, speeds=(0.6, 1.4), **chance)
    return (
        clips,
        PhysNet(PhysNetConfig(size=32, width=2, patch=2)),
        Contrast(distractor_pairs=True),
        fed,
    )


def on_wide(store, ids):
    """Gideon2021, likewise."""
    fed = {"array": "wide", "normalise": None, "n_frames": 120, "size": 16}
    clips = Clips(store, ids, **fed, speeds=(2 / 3, 1.0), augment=FaceAugmentation(flip_time=0.0))
    fields = {"size": 16, "width": 2, "saliency_width": 2, "saliency_every": 10}
    return clips, Gideon2021(Gideon2021Config(**fields)), MultiView(view_s=2.0), fed


def pretrain(store, run_dir, kind):
    """Everything before fine-tuning: clips, losses, checkpoint criterion, collapse check, BVP.

    Returns the weights' bytes, the verdict for run.json, and the table of predictions.
    """
    parts, _ = make_split(store, ["A"], validation="B")
    assert parts.train == TRAIN and parts.dev == HELD_OUT
    torch.manual_seed(0)
    clips, net, step, fed = kind(store, parts.train)
    batches = Batches(clips, batch_size=2, collate=cut_to_shortest)
    known = {"clip", "id", "start", "speed", "disturbance_hz"}
    assert set(next(batches.stream())) <= known
    self_consistency = SelfConsistency(store, parts.dev, **fed)
    config = FitConfig(n_steps=4, validate_every=2, monitor="self_disagreement_bpm", device="cpu")
    result = fit(net, batches, step, config, run_dir, self_consistency, progress=False)
    assert result.step == 4
    verdict = check_collapse(net, self_consistency, "net").as_json()
    table = predict_model(store, parts.dev, net, "net", **fed, labels=False)
    return result.model_path.read_bytes(), verdict, table


@pytest.mark.slow
@pytest.mark.parametrize("kind", [on_maps, on_faces, on_wide], ids=["maps", "faces", "wide"])
def test_pretraining_is_the_same_if_every_label_raises(store, labels_raise, tmp_path, kind):
    with one_thread():
        weights, verdict, table = pretrain(store, tmp_path / "with", kind)
        labels_raise()
        without_labels = pretrain(store, tmp_path / "without", kind)
    assert without_labels[0] == weights
    assert json.dumps(without_labels[1]) == json.dumps(verdict)
    assert without_labels[2].equals(table) and table["hr_true_bpm"].isna().all()
    assert table["hr_bpm"].notna().all()  # nothing was left out for a reason


@pytest.mark.parametrize("size", [None, 8])
def test_face_clips_read_no_label_either(store, labels_raise, size):
    labels_raise()
    batch = next(Batches(Clips(store, TRAIN, "face", 60, size=size), batch_size=3).stream())
    assert batch["clip"].shape == (3, 60, size or 32, size or 32, 3)


def test_labelled_clips_of_the_same_recordings_raise(store, labels_raise):
    before = LabelledClips(store, TRAIN, n_frames=120)
    assert before[Place(TRAIN[0], 0)]["has_wave"]
    labels_raise()
    with pytest.raises(LabelRead, match="known_bad|hr_true_bpm"):
        LabelledClips(store, TRAIN, n_frames=120)
    with pytest.raises(LabelRead, match="bvp.npy"):
        before[Place(TRAIN[1], 0)]
    with pytest.raises(LabelRead, match="bvp.npy"):
        next(Batches(before, batch_size=2).stream())


@pytest.mark.parametrize(
    "read",
    [
        lambda meta: meta["hr_true_bpm"],
        lambda meta: meta.get("hr_true_bpm"),
        lambda meta: dict(meta),
        lambda meta: {**meta},
        lambda meta: {"id": "other"} | meta,
        lambda meta: meta | {"id": "other"},
        lambda meta: meta.copy(),
        lambda meta: list(meta.items()),
        lambda meta: list(meta.values()),
        lambda meta: meta.pop("hr_true_bpm"),
        lambda meta: json.dumps(meta),
    ],
)
def test_no_way_round_the_guard(store, labels_raise, read):
    labels_raise()
    meta = store.meta(TRAIN[0])
    assert meta["n_frames"] == 330 and meta.get("gaps_s") == []
    with pytest.raises(LabelRead, match="hr_true_bpm of A/1/a"):
        read(meta)


def test_the_ground_truth_signal_raises_when_read(store, labels_raise):
    labels_raise()
    prepared = Store(store.root).open(TRAIN[0])
    assert prepared.mstmap.shape == (330, 63, 6)
    with pytest.raises(LabelRead, match="bvp.npy"):
        prepared.window(0, 30)
