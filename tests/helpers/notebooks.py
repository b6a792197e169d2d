"""The notebooks, their cells, what executed copies print, and the smoke profile's runs."""

import fcntl
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
STUDIES = NOTEBOOKS / "studies"
PATHS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
ELSEWHERE = [NOTEBOOKS / "kaggle.ipynb", NOTEBOOKS / "colab.ipynb"]  # run on other machines
ALL = [*PATHS, *sorted(STUDIES.glob("*/*.ipynb")), *ELSEWHERE]


def rppg_run(*words: str) -> subprocess.CompletedProcess:
    """`rppg run` in this checkout, which must succeed; one on faces and one on accelerometers at a
    time, whichever process asks: profiles of a kind take finished stages from each other."""
    command = [sys.executable, "-m", "rppg", "run", *words]
    kind = "motion" if words[0].startswith("relcon") else "faces"
    (ROOT / "runs").mkdir(exist_ok=True)
    with (ROOT / "runs" / f".tests-{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def code_cells(path: Path) -> list:
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def printed(executed):
    """Text of all outputs, and how many figures."""
    outputs = [output for cell in code_cells(executed) for output in cell.outputs]
    data = [output.get("data", {}) for output in outputs]
    texts = [output.get("text", "") for output in outputs] + [d.get("text/plain", "") for d in data]
    return "\n".join(texts), sum("image/png" in d for d in data)


def smoke_parameters(name: str, runs: Path) -> tuple[Path, dict]:
    """Notebook and parameters of a run of the smoke profile whose run folders are below `runs`."""
    from rppg.workflow.profiles import load_profile

    run = load_profile("smoke").runs[name]
    given = {"prepared_dir": "prepared/smoke", "run_dir": str(runs / name), "threads": run.threads}
    given |= {"parent": str(runs / run.parent)} if run.parent else {}
    return NOTEBOOKS / f"{run.notebook}.ipynb", given | run.parameters


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but locks and TensorBoard's, by relative path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    found = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return {k: v for k, v in found.items() if not k.endswith(".lock") and "tensorboard" not in k}
