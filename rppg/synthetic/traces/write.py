"""Simulated clips as prepared recordings: the command `rppg simulate` and what stands behind it.

    >>> write_traces("prepared/release", TraceConfig(n_clips=2000), workers=2)  # doctest: +SKIP

    <root>/simulated/<number>/clip/   mstmap.npy, bvp.npy, face.npy and wide.npy if asked for,
                                      recording.json: the true rate, and what was drawn
    <root>/index.parquet              of all recordings in the store

The layout is that of `rppg prepare`, so a profile names the dataset `simulated` like any other;
each clip is a subject of its own.  A clip appears whole or not at all; the next call resumes.
"""

import functools
import hashlib
import json
import re
import shutil
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from rppg.datasets.prepared import FPS
from rppg.datasets.recording import SIMULATED
from rppg.datasets.store import Store
from rppg.synthetic.traces.simulate import BLOCK, Block, TraceConfig, simulate_block
from rppg.utils import worker_pool

SIMULATOR = 2  # increased if equal parameters give other clips
NAME = "clip"


def write_traces(
    root: str | Path,
    config: TraceConfig,
    workers: int = 2,
    progress: bool = True,
    replace: bool = False,
) -> int:
    """Write the clips into a store of prepared recordings, or complete it; returns how many were
    written now.

    Raises ValueError if the store holds other simulated clips, of another seed, length, pulse or
    number of crops, or more than n_clips of them; with `replace` these are removed first.
    """
    store = Store(root)
    store.check_writable()
    blocks = _missing(store, config, replace)
    task = functools.partial(_write_block, store.root, config)
    n_missing = sum(len(numbers) for _, numbers in blocks)
    with tqdm(total=n_missing, desc="simulate", unit="clip", disable=not progress) as bar:
        with closing(_done(task, blocks, workers)) as done:
            for index, result in done:
                if isinstance(result, worker_pool.WorkerDied):
                    raise RuntimeError(f"clips {blocks[index][1]}: {result}; call again to resume")
                bar.update(len(blocks[index][1]))
    store.write_index()
    return n_missing


def clip_id(number: int) -> str:
    """Id of a clip."""
    return f"{SIMULATED}/{number:06d}/{NAME}"


def fingerprint(config: TraceConfig) -> str:
    """What determines a clip beside its number."""
    facts = asdict(config) | {"simulator": SIMULATOR}
    facts.pop("n_clips")
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _done(task, blocks, workers: int):
    """(index, result) of each block."""
    if workers > 1 and len(blocks) > 1:
        yield from worker_pool.run(task, blocks, workers)
    else:
        yield from enumerate(map(task, blocks))


def _missing(store: Store, config: TraceConfig, replace: bool) -> list[tuple[int, list[int]]]:
    """(block, numbers of its clips that are to be written), of blocks with such clips."""
    wanted = {f"{number:06d}" for number in range(config.n_clips)}
    mark, there = fingerprint(config), store.root / SIMULATED
    metas = {name: store.meta(f"{SIMULATED}/{name}/{NAME}") for name in _clips_in(there)}
    other = [name for name, meta in metas.items() if meta and meta.get("fingerprint") != mark]
    other += sorted(set(metas) - wanted - set(other))
    if other and not replace:
        text = (
            f"{there} holds {len(other)} simulated clips of other settings, or of a larger number"
        )
        raise ValueError(f"{text}, such as {other[0]}: choose another folder, or --replace them")
    for name in other:
        shutil.rmtree(there / name)
    done = {name for name, meta in metas.items() if meta and name not in other} & wanted
    blocks: dict[int, list[int]] = {}
    for name in sorted(wanted - done):
        blocks.setdefault(int(name) // BLOCK, []).append(int(name))
    return list(blocks.items())


def _clips_in(there: Path) -> set[str]:
    """Names of the clips in the dataset's folder; hidden files are none.

    Raises ValueError for anything else there: it is not ours to delete.
    """
    names = {path.name for path in there.iterdir()} if there.is_dir() else set()
    names = {name for name in names if not name.startswith(".")}
    clip = re.compile(r"\d{6,}")
    foreign = [name for name in sorted(names) if not clip.fullmatch(name)]
    foreign += [n for n in sorted(names - set(foreign)) if not _holds_a_clip_alone(there / n)]
    if foreign:
        text = f"{there / foreign[0]} is no simulated clip"
        raise ValueError(f"{text}: move it away, or choose another folder")
    return names


def _holds_a_clip_alone(folder: Path) -> bool:
    """Whether nothing but a clip, or what an interrupted one left, lies in a folder."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    return all(path.name == NAME or path.name.startswith(".") for path in folder.iterdir())


def _write_block(root: Path, config: TraceConfig, block: tuple[int, list[int]]) -> None:
    number, clips = block
    simulated = simulate_block(config, number)
    places = [clip % BLOCK for clip in clips]
    crops = {name: simulated.crops(name, places) for name in config.crops}
    store, mark = Store(root), fingerprint(config)
    for row, (clip, place) in enumerate(zip(clips, places, strict=True)):
        with store.begin(clip_id(clip), needs=("mstmap", "bvp", *config.crops)) as writer:
            writer.save("mstmap", simulated.maps[place])
            writer.save("bvp", simulated.bvp[place])
            for name, frames in crops.items():
                writer.save(name, frames[row])
            writer.commit(_meta(clip, place, simulated, mark))


def _meta(clip: int, place: int, block: Block, mark: str) -> dict:
    """recording.json of a clip."""
    hr_bpm, n_frames = round(float(block.hr_bpm[place]), 3), block.bvp.shape[1]
    dataset, subject, name = clip_id(clip).split("/")
    return {
        **{"id": clip_id(clip), "dataset": dataset, "subject": subject, "name": name},
        **{"split": "train", "origin": "synthetic", "status": "ok", "reason": None},
        **{"n_frames": n_frames, "duration_s": n_frames / FPS, "start_s": 0.0},
        **{"fps": round(block.timing.fps, 3), "fps_source": "simulated", "face_hit_rate": 1.0},
        **{"gaps_s": [], "known_bad": None, "notes": [], "fingerprint": mark},
        **{"hr_mean_bpm": hr_bpm, "hr_true_bpm": hr_bpm, "simulation": block.facts(place)},
        "versions": {"simulator": SIMULATOR},
    }
