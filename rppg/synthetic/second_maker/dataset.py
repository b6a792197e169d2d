"""The second maker's videos on disk, in the layout of own videos (reader `folder`).

    >>> root = write_second_maker("data/judge", SecondMakerConfig(n_clips=48))  # doctest: +SKIP

    <root>/SYNTHETIC.txt         explanation; readers mark everything below as synthetic
    <root>/second_maker.json     the parameters
    <root>/p0001/face.mp4        a video (.avi for MJPEG), and face.bvp.csv, its contact PPG
    <root>/labels.csv            mean heart rate and person of each video
    <root>/truth.csv             one row per video: hr_bpm, tone, fps, face_px, codec, quality, ...

Every video is written atomically, so the next call resumes an interrupted one.  The null control
has the same labels: its faces show no pulse, though the wave and the rate are there.
"""

import json
import shutil
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from rppg.synthetic.layouts.writers import stored_parameters, write_table, write_text
from rppg.synthetic.second_maker.config import LEVELS, Clip, SecondMakerConfig, plan
from rppg.synthetic.second_maker.encoder import encode
from rppg.synthetic.second_maker.scene import Scene, heartbeat_of, motion_of
from rppg.utils import worker_pool

RENDERER = 1  # increased if equal parameters give other pictures
WAVE_HZ = 100.0
FINGER_DELAY_S = 0.12  # of the contact PPG behind the face
PARAMETERS, MARK_FILE = "second_maker.json", "SYNTHETIC.txt"
MARK = """\
Everything below this folder is synthetic: rendered faces with a rendered pulse, made by
rppg.synthetic.second_maker, for judging only. Never train on it, nor mix it with real recordings.
"""
TRUTH = (
    *("id", "path", "hr_bpm", "tone", "fitzpatrick", "fps", "face_px", "width", "height"),
    *("codec", "quality", "compression", "turn_deg", "level"),
)


def write_second_maker(
    root: str | Path,
    config: SecondMakerConfig,
    workers: int = 2,
    progress: bool = True,
    replace: bool = False,
) -> Path:
    """Write the videos to `root`, or complete them, or reuse them; returns `root`.

    The bytes depend on `config` only, not on `workers`.  replace: remove videos of other parameters
    first; else they are a ValueError.  Raises FileExistsError if `root` holds something else.
    """
    root, clips = Path(root), plan(config)
    if _is_other(root, config, replace):
        shutil.rmtree(root)
    root.mkdir(parents=True, exist_ok=True)
    write_text(root / MARK_FILE, MARK)
    write_text(root / PARAMETERS, _parameters(config))
    missing = [clip for clip in clips if not (root / clip.path).exists()]
    _render_all(root, config, missing, workers, progress)
    _write_tables(root, config, clips)
    return root


def render_clip(root: Path, config: SecondMakerConfig, clip: Clip) -> None:
    """Render one recording, with its contact PPG."""
    path = Path(root) / clip.path
    path.parent.mkdir(parents=True, exist_ok=True)
    times_s = np.arange(round(config.seconds * WAVE_HZ) + 1) / WAVE_HZ
    wave = heartbeat_of(clip, config.seconds).wave(times_s - FINGER_DELAY_S)
    rows = [(f"{t:.2f}", f"{value:.5f}") for t, value in zip(times_s, wave, strict=True)]
    write_table(path.with_name("face.bvp.csv"), ("time_s", "bvp"), rows)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # processes use the cores, and sums keep their order
    try:
        with threadpool_limits(1):
            encode(path, Scene(clip, config), clip, LEVELS[config.level])
    finally:
        cv2.setNumThreads(threads)


def _render_all(root, config, clips, workers, progress) -> None:
    """Render in several processes, those first that take longest."""
    clips = sorted(clips, key=lambda clip: -clip.width * clip.fps)
    render = partial(render_clip, root, config)
    with tqdm(total=len(clips), desc="rendering", unit="video", disable=not progress) as bar:
        if workers == 1 or len(clips) < 2:
            for clip in clips:
                render(clip)
                bar.update()
            return
        with closing(worker_pool.run(render, clips, workers)) as done:
            for index, result in done:
                if isinstance(result, worker_pool.WorkerDied):
                    raise RuntimeError(f"{clips[index].path}: {result}; call again to resume")
                bar.update()


def _is_other(root: Path, config: SecondMakerConfig, replace: bool) -> bool:
    """Whether `root` holds videos of other parameters that are to be replaced."""
    if not root.is_dir() or not any(root.iterdir()):
        return False
    mark = root / MARK_FILE
    if not mark.is_file() or mark.read_bytes() != MARK.encode():
        raise FileExistsError(
            f"{root} is not empty and holds no videos of the second maker: choose another folder"
        )
    stored = root / PARAMETERS
    if not stored.is_file() or stored.read_text() == _parameters(config):
        return False
    if replace:
        return True
    old, new = stored_parameters(stored), json.loads(_parameters(config))
    changes = [f"{k} is {old.get(k)}, requested {new[k]}" for k in new if old.get(k) != new[k]]
    raise ValueError(
        f"{root} holds videos with other parameters ({'; '.join(changes[:4])}): choose another "
        "folder, or replace them"
    )


def _parameters(config: SecondMakerConfig) -> str:
    content = {"renderer": RENDERER, **asdict(config), "values": asdict(LEVELS[config.level])}
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _write_tables(root: Path, config: SecondMakerConfig, clips: list[Clip]) -> None:
    rates = {c.path: round(heartbeat_of(c, config.seconds).mean_hr_bpm(), 3) for c in clips}
    labels = [(c.path, rates[c.path], c.path.split("/")[0]) for c in clips]
    write_table(root / "labels.csv", ("path", "hr_bpm", "subject"), labels)
    rows = [
        (f"folder/{c.path}", c.path, rates[c.path], round(c.tone, 4), c.fitzpatrick, c.fps)
        + (round(c.face_px, 1), c.width, c.height, c.codec, c.quality, round(c.compression, 3))
        + (round(motion_of(c, config).turn_deg(), 3), config.level)
        for c in clips
    ]
    write_table(root / "truth.csv", TRUTH, rows)
