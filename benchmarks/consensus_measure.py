"""For consensus.py: clips of both makers rendered, and every method's spectrum of each, kept.

    measure_all(Path("build/consensus"), clips=16, held_out=8, weights=None, workers=2)
    table = pd.concat([pd.read_parquet(one) for one in sorted(folder.glob("*.parquet"))])

One file per part, level and seed, so an interrupted run resumes; a clip is decoded and tracked
once for all methods.  The second maker's clips are for judging: of these seeds, its validation part
chooses no weight of a net, only the consensus' dozen numbers.
"""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from consensus_tables import NULL
from people import attempt, checksum, classical_waves
from tqdm import tqdm

from rppg.datasets import Recording
from rppg.datasets.prepared import FPS
from rppg.datasets.readers import read
from rppg.datasets.store import Store
from rppg.evaluation.consensus import on_grid
from rppg.inference.consensus import WHOLE, rates_of
from rppg.inference.evidence import evidence_of, regions_of
from rppg.inference.limits import facts
from rppg.inference.model_process import Models
from rppg.inference.trained import extract_into, run_folders
from rppg.models.names import RECIPES
from rppg.preprocessing.face_detector import BoxFinder
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.signals.heart_rate import HeartRate
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.config import FIRST_NUMBER
from rppg.synthetic.second_maker import SecondMakerConfig, write_second_maker
from rppg.utils import worker_pool

LEVELS = {
    "first": ("easy", "medium", "test", "hardest", NULL),
    "second": ("easy", "middle", "hard", NULL),
}
LIKE_NULL = {"first": "test", "second": "middle"}
PARTS = {"validation": (2101,), "held out": (2102, 2103)}  # seeds that nothing else uses


@dataclass(frozen=True)
class Job:
    """A file: the clips of one level and seed of a maker."""

    part: str
    maker: str
    level: str
    seed: int
    clips: int

    @property
    def name(self) -> str:
        return f"{self.seed}-{self.maker}-{self.level}.parquet"


def measure_all(
    folder: Path, clips: int, held_out: int, weights: Path | None, workers: int
) -> None:
    """Render and measure every part that is not in the folder yet.  weights: a folder of runs;
    None: the models in the box."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [job for job in jobs(clips, held_out) if not (folder / job.name).is_file()]
    task = partial(measure_to, folder, weights)
    with closing(worker_pool.run(task, wanted, workers)) as done:
        for index, result in tqdm(done, total=len(wanted), desc="parts"):
            if isinstance(result, worker_pool.WorkerDied):
                raise RuntimeError(f"{wanted[index].name}: {result}; call again to resume")


def jobs(clips: int, held_out: int) -> list[Job]:
    """Every part, maker, level and seed; second_maker.py has the second maker's held-out clips."""
    count = {"validation": clips, "held out": held_out}
    return [
        Job(part, maker, level, seed, count[part])
        for part, seeds in PARTS.items()
        for seed in seeds
        for maker, levels in LEVELS.items()
        for level in levels
        if part == "validation" or maker == "first"
    ]


def measure_to(folder: Path, weights: Path | None, job: Job) -> None:
    """Write the file of a job, whole or not at all."""
    import torch

    torch.set_num_threads(1)
    path = folder / job.name
    with Models(list(RECIPES), weights) as models:
        rows = pd.DataFrame(measure(job, models))
    label = ", ".join(f"{n} {checksum(f)}" for n, f in run_folders(list(RECIPES), weights).items())
    part = path.with_suffix(".part")
    rows.assign(part=job.part, maker=job.maker, weights=label).to_parquet(part)
    part.replace(path)


def measure(job: Job, models: Models) -> Iterator[dict]:
    """One row per clip and method: its spectrum, the head's motion, the regions' coherence, and the
    truth."""
    tools = FaceLandmarks(), BoxFinder().find
    with tempfile.TemporaryDirectory(prefix="rppg-") as folder:
        store = Store(Path(folder) / "store")
        for recording, truth in rendered(job, Path(folder) / "clips"):
            traces = extract_into(store, recording, *tools, models.arrays)
            rates = rates_of(waves_of(recording.id, traces, models, store), FPS)
            name = f"{job.maker}-{job.level}-{job.seed}-{recording.id}"
            row = {"id": name, "level": job.level, "seed": job.seed}
            row |= {"hr_true_bpm": truth["hr_bpm"], "tone": truth["tone"]}
            row |= dict(zip(("luma", "face_px", "fps"), facts(traces), strict=True))
            freq_hz = next(iter(rates.values())).freq_hz
            beside = evidence_of(traces, regions_of(traces), [WHOLE], freq_hz)
            row |= {name: rows[0] for name, rows in beside._asdict().items()}
            yield from (row | _spectrum(name, rate, freq_hz) for name, rate in rates.items())


def rendered(job: Job, root: Path) -> Iterator[tuple[Recording, dict[str, float]]]:
    """The clips of a job on disk, with the true hr_bpm and the tone of each."""
    level = LIKE_NULL[job.maker] if job.level == NULL else job.level
    scale = {"level": level, "pulse_amplitude_scale": float(job.level != NULL)}
    quiet = {"workers": 1, "progress": False}
    if job.maker == "first":
        sets = {f"n_{name}": 0 for name in FIRST_NUMBER} | {"n_test_vipl": job.clips}
        config = ChallengeConfig(seed=job.seed, **sets, clips_per_subject=1, **scale)
        recordings = read("challenge_test", write_challenge(root, config, **quiet) / "test")
    else:
        config = SecondMakerConfig(job.seed, job.clips, **scale)
        recordings = read("folder", write_second_maker(root, config, **quiet))
    truth = pd.read_csv(root / "truth.csv").set_index("id")[["hr_bpm", "tone"]].to_dict("index")
    for recording in recordings:
        yield recording, truth[recording.id]


def waves_of(id: str, traces, models: Models, store: Store) -> dict[str, np.ndarray]:
    """The waves (T,) of all methods that have one."""
    waves = {method: found for (method, _), found in classical_waves(traces.mstmap).items()}
    for name in models.names:
        waves[name] = attempt(models.wave, name, store, id)
    return {name: wave for name, wave in waves.items() if not isinstance(wave, str)}


def _spectrum(name: str, rate: HeartRate, freq_hz: np.ndarray) -> dict:
    power = on_grid(rate.freq_hz, rate.power, freq_hz)
    return {
        "model": name,
        "hr_bpm": rate.hr_bpm,
        "quality": rate.quality,
        "freq_hz": freq_hz.astype(np.float32),
        "power": power.astype(np.float32),
    }
