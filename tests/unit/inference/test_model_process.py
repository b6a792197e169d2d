"""Trained models in a process of their own say what they say in this one, and end with it."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from helpers.answers import traces

from rppg.datasets.store import Store
from rppg.inference import model_process
from rppg.inference.faults import MachineFault
from rppg.inference.model_process import Models
from rppg.models.checkpoint import save_model
from rppg.models.registry import build
from rppg.utils.worker_pool import Worker

ID = "folder/a/v1"
FED = {"array": "mstmap", "normalise": "ratio", "n_frames": 90, "size": None}


@pytest.fixture
def runs(tmp_path):
    net = build("st_transformer", dim=4, n_loops=1, n_frames=90)
    path = tmp_path / "runs" / "st_transformer" / "finetune" / "model.safetensors"
    save_model(path, net, {"parameters": FED})
    return tmp_path / "runs"


@pytest.fixture
def store(tmp_path):
    store, found = Store(tmp_path / "store"), traces(n_frames=300, gaps_s=[])
    with store.begin(ID, needs=("mstmap",)) as writer:
        writer.save("mstmap", found.mstmap)
        writer.commit({"id": ID, "status": "ok", "reason": None, **found.meta})
    return store


def in_a_process(models: Models) -> Models:
    """The models as they are where torch has not been imported: here a test has."""
    models._worker = Worker(models._nets, partial(model_process._import, mtcnn=False))
    return models


@pytest.mark.slow
def test_another_process_gives_the_same_wave_and_is_gone_afterwards(runs, store):
    with Models(["st_transformer"], runs) as here:
        expected = here.wave("st_transformer", store, ID)
    with in_a_process(Models(["st_transformer"], runs)) as there:
        assert there.arrays == {"mstmap"}
        there.load()
        np.testing.assert_allclose(there.wave("st_transformer", store, ID), expected, atol=1e-6)
        with pytest.raises(ValueError, match="not prepared"):  # an error of its own comes through
            there.wave("st_transformer", store, "folder/a/v2")
        process = there._worker.process
    assert not process.is_alive()


@pytest.mark.slow
def test_a_process_that_dies_is_a_fault_of_the_machine(runs, store):
    with in_a_process(Models(["st_transformer"], runs)) as models:
        models.load()
        models._worker.process.kill()
        with pytest.raises(MachineFault, match=r"has ended \(.*killed by SIGKILL.*not enough"):
            models.wave("st_transformer", store, ID)


def test_a_missing_model_is_said_before_a_process_starts(tmp_path):
    with pytest.raises(FileNotFoundError, match="no trained gideon2021.*rppg run --profile NAME"):
        Models(["gideon2021"], tmp_path)


@pytest.mark.slow
def test_a_script_that_uses_a_model_imports_no_torch(runs, store):
    code = (
        "import sys\nfrom rppg.datasets.store import Store\n"
        "from rppg.inference.model_process import Models\n"
        "if __name__ == '__main__':\n"
        "    with Models(['st_transformer'], sys.argv[1]) as models:\n"
        "        wave = models.wave('st_transformer', Store(sys.argv[2]), sys.argv[3])\n"
        "    print(len(wave), 'torch' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code, str(runs), str(store.root), ID]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["300", "False"], done.stderr
