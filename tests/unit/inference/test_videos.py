"""One video's or one method's fault is a reason in its row; the machine's fault ends the batch."""

import errno

import pytest
import torch
from helpers.answers import stub_extraction, stub_models, traces

from rppg.datasets.store import Store, StoreError
from rppg.inference import videos
from rppg.inference.faults import MachineFault
from rppg.inference.model_process import Models
from rppg.inference.videos import expand_videos, predict_videos


@pytest.fixture
def three(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.mp4").write_bytes(b"x")
    return expand_videos([tmp_path])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("too\nshort"), "too short"),
        (PermissionError(errno.EACCES, "Permission denied", "b.mp4"), "b.mp4: Permission denied"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (KeyError("pts"), "KeyError: 'pts'"),
    ],
)
def test_whatever_one_video_raises_is_its_reason_and_the_others_are_done(
    error, reason, three, monkeypatch
):
    stub_extraction(monkeypatch, {"b.mp4": error})
    table = predict_videos(three, ["POS", "CHROM"])
    assert table["reason"].tolist() == ["", "", reason, reason, "", ""]
    assert table["hr_bpm"].dropna().tolist() == pytest.approx([72] * 4, abs=1)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (MemoryError(), "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "not enough memory"),
        (ModuleNotFoundError("No module named 'av'"), "install requirements.lock again"),
        (OSError(errno.ENOSPC, "No space left on device"), "make room"),
        (StoreError(errno.EIO, "cannot be written"), "TMPDIR names the folder"),
        (OSError(errno.EMFILE, "Too many open files"), "raise the limit"),
    ],
)
def test_a_fault_of_the_machine_ends_the_batch_with_what_to_do(error, advice, three, monkeypatch):
    done = stub_extraction(monkeypatch, {"b.mp4": error})
    answers = videos.predict_each(three, ["POS"])
    assert next(answers).rows[0]["hr_bpm"] == pytest.approx(72, abs=1)
    with pytest.raises(MachineFault, match=rf"b.mp4: .*{advice}"):
        next(answers)
    assert done == ["a.mp4", "b.mp4"]


def test_one_methods_failure_leaves_the_others_answers(three, monkeypatch):
    stub_extraction(monkeypatch, {})
    wave = videos.map_wave

    def some(method, mstmap, fps):
        if method == "ICA":
            raise TypeError("no whitening")
        return wave(method, mstmap, fps)

    monkeypatch.setattr(videos, "map_wave", some)
    table = predict_videos(three[:1], ["ICA", "POS"])
    assert table["reason"].tolist() == ["TypeError: no whitening", ""]


def test_notes_say_what_was_assumed_and_left_out(three, monkeypatch):
    meta = {"notes": ["25 fps assumed"], "face_hit_rate": 0.9, "gaps_s": [[1.0, 1.6], [3.0, 3.7]]}
    stub_extraction(monkeypatch, {"a.mp4": traces(**meta)})
    table = predict_videos(three[:2], ["POS"])
    assert table["notes"].tolist() == [
        [
            "25 fps assumed",
            "no face in 10.0% of the frames",
            "1.3 s in 2 gaps, without a face or without frames, are left out",
        ],
        [],
    ]
    one = ["0.5 s in a gap, without a face or without frames, are left out"]
    assert videos.notes_on({"gaps_s": [[1.0, 1.5]]}) == one


class _Net(torch.nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([weight]))

    def forward(self, clips):
        return clips[:, :, 62, 1] * self.weight


INPUTS = {"array": "mstmap", "normalise": None, "n_frames": 300, "size": None}


def test_nan_weights_are_named_and_classical_methods_answer(three, monkeypatch):
    stub_extraction(monkeypatch, {"a.mp4": traces(n_frames=300, gaps_s=[])})
    stub_models(monkeypatch, st_transformer=(_Net(float("nan")), INPUTS))
    learned, classical = predict_videos(three[:1], ["st_transformer", "POS"]).to_dict("records")
    assert learned["reason"].startswith("the model's BVP is NaN: its weights weight are not finite")
    assert classical["hr_bpm"] == pytest.approx(72, abs=1)


def test_crops_that_fail_in_any_way_cost_the_models_that_see_crops_only(three, monkeypatch):
    def extract(recording, landmarker, on_crop=None, **_):
        if on_crop is not None:
            raise RuntimeError("torch.cat(): expected a non-empty list of Tensors")
        return traces(n_frames=300, gaps_s=[])

    stub_extraction(monkeypatch, {})
    monkeypatch.setattr("rppg.preprocessing.extract.extract", extract)
    crops = (_Net(1.0), {**INPUTS, "array": "face", "size": 32})
    stub_models(monkeypatch, st_transformer=(_Net(1.0), INPUTS), contrast_phys=crops)
    table = predict_videos(three[:1], ["st_transformer", "contrast_phys", "POS"])
    of_map, of_crops, classical = table.to_dict("records")
    assert of_crops["reason"].startswith("the face cannot be cropped: RuntimeError: torch.cat()")
    assert [of_map["reason"], classical["reason"]] == ["", ""]
    assert of_map["hr_bpm"] == classical["hr_bpm"] == pytest.approx(72, abs=1)


def test_a_full_disk_under_the_store_ends_the_batch(three, monkeypatch):
    def begin(self, id, needs):
        raise StoreError(errno.ENOSPC, "prepared recordings cannot be written: disk full")

    stub_extraction(monkeypatch, {})
    monkeypatch.setattr(Store, "begin", begin)
    stub_models(monkeypatch, st_transformer=(_Net(1.0), INPUTS))
    with pytest.raises(MachineFault, match="TMPDIR names the folder"):
        predict_videos(three, ["st_transformer", "POS"])


def test_weights_that_cannot_be_loaded_end_the_batch_before_an_answer(three, tmp_path, monkeypatch):
    done = stub_extraction(monkeypatch, {})
    monkeypatch.setattr(videos, "Models", Models)
    weights = tmp_path / "runs" / "st_transformer" / "finetune" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"no weights")
    answers = videos.predict_each(three, ["POS", "st_transformer"], tmp_path / "runs")
    with pytest.raises(ValueError, match="was not written by save_model"):
        next(answers)
    assert done in ([], ["a.mp4"])
