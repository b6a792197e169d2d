"""benchmarks/gpu.py on a CPU: every kind of run of small profiles for two steps, and no GPU."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rppg.datasets.store import Store
from rppg.workflow.profiles import load_profile

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "benchmarks" / "gpu.py"
DATASETS = ("UBFC-rPPG", "PURE", "MMSE-HR", "DISFA", "VIPL-HR-V2", "COHFACE", "MR-NIRP-Car")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Two recordings of each dataset with a pulse, crops and map of 9 s."""
    store, n, rng = (
        Store(tmp_path_factory.mktemp("gpu") / "prepared"),
        270,
        np.random.default_rng(0),
    )
    for dataset in DATASETS:
        for subject in "12":
            bvp = np.sin(2 * np.pi * 1.2 * np.arange(n) / 30)[:, None, None]
            crop = (120 + bvp[..., None] * 5 + rng.integers(0, 9, (n, 64, 64, 3))).astype(np.uint8)
            arrays = {"face": crop.repeat(2, 1).repeat(2, 2), "wide": crop}
            arrays |= {"bvp": bvp[:, 0, 0].astype(np.float32)}
            arrays |= {"mstmap": (120 + bvp + rng.random((n, 63, 6))).astype(np.float32)}
            about = {"id": f"{dataset}/{subject}/v", "dataset": dataset, "subject": subject}
            about |= {"name": "v", "split": "train", "origin": "synthetic", "hr_true_bpm": 72.0}
            with store.begin(about["id"]) as writer:
                for name, array in arrays.items():
                    writer.save(name, array)
                writer.commit(about | {"status": "ok", "reason": None, "n_frames": n})
    return store.root


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(str(PROGRAM.parent))
    import gpu

    return gpu


@pytest.mark.slow
def test_only_runs_that_compute_something_else_are_measured(gpu):
    found = gpu.kinds(load_profile("gideon2021_paper"))
    assert sum(found.values()) == len(load_profile("gideon2021_paper").runs) > 400
    assert list(found) == [
        *(
            f"tables/ubfc/{system}/seed1/fold0"
            for system in ("contrastive", "contrastive_saliency")
        ),
        *(f"tables/ubfc/{system}/seed1/fold0" for system in ("supervised", "supervised_saliency")),
        *(f"variants/ubfc/{name}/seed1" for name in ("transposed", "w5", "w8", "w13", "w20")),
        *("desync/pearson/shift0", "desync/snr/shift0"),
    ]
    paper = load_profile("paper")
    assert gpu.kinds(paper) == dict.fromkeys(paper.runs, 1)


RUNS = {
    "smoke": [
        *("st_transformer/pretrain", "st_transformer/finetune", "st_transformer/scratch"),
        *("contrast_phys/pretrain", "contrast_phys/finetune"),
        *("gideon2021/pretrain", "gideon2021/finetune"),
    ],
    "ablation_smoke": ["contrast_phys/disfa_ubfc_mmse_pure_difference"],
    "gideon2021_smoke": [
        *("tables/contrastive/seed1", "tables/supervised_saliency/seed1"),
        *("desync/pearson/shift0", "flash/supervised/seed1"),
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("profile, name", [(key, name) for key in RUNS for name in RUNS[key]])
def test_a_run_is_measured_in_either_precision(
    gpu, prepared, monkeypatch, profile, name, precision
):
    changed = load_profile(profile)
    changed.runs[name].parameters["training"]["precision"] = precision
    monkeypatch.setattr(gpu, "load_profile", lambda of: changed)
    row = gpu.measure(profile, name, prepared, 2, "cpu")
    assert (row["precision"], row["steps"], row["reason"]) == (precision, 2, "")
    assert row["steps_per_s"] > 0 and row["peak_mib"] > 100
    assert row["clips_per_s"] == pytest.approx(row["steps_per_s"] * row["batch_size"])


def test_memory_that_is_not_there_is_a_reason(gpu, prepared, monkeypatch):
    def full(*arguments, **options):
        raise gpu.torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0")

    monkeypatch.setattr(gpu, "fit", full)
    row = gpu.measure("smoke", "st_transformer/pretrain", prepared, 2, "cpu")
    assert row["reason"] == "CUDA out of memory" and "steps_per_s" not in row


def test_data_that_is_not_prepared_is_a_reason(gpu, tmp_path):
    row = gpu.measure("smoke", "contrast_phys/pretrain", tmp_path, 2, "cpu")
    assert row == {"reason": f"{tmp_path} holds no recording of DISFA, UBFC-rPPG, MMSE-HR, PURE"}


def test_rates_are_those_after_the_first_row(gpu):
    metrics = pd.DataFrame({"step": [20, 40, 200], "seconds": [100.0, 110.0, 190.0]})
    assert gpu.rates(metrics, 4) == {"steps_per_s": 2.0, "clips_per_s": 8.0}


def command(*arguments, **more):
    words = [sys.executable, PROGRAM, *map(str, arguments)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, **more)


def test_without_a_gpu_one_sentence_says_so(gpu, monkeypatch):
    monkeypatch.setattr(gpu.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    with pytest.raises(SystemExit, match="no GPU, so nothing was measured"):
        gpu.main()


@pytest.mark.slow
def test_the_command_writes_a_row_per_kind(prepared, tmp_path):
    out = tmp_path / "new" / "gpu.csv"
    given = ("--profiles", "gideon2021_smoke", "--prepared", prepared, "--out", out)
    done = command("--device", "cpu", "--steps", 2, *given)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(out)
    assert table["runs"].sum() == len(load_profile("gideon2021_smoke").runs)
    assert (table["precision"] == "32-true").all() and (table["steps_per_s"] > 0).all()
    assert table["device"].str.startswith("CPU").all() and table["reason"].isna().all()
