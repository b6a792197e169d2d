"""The synthetic benchmark on disk: faces with a known pulse, in the layouts of real datasets.

    >>> root = write_challenge("data/challenge", ChallengeConfig(seed=0))  # doctest: +SKIP

    <root>/SYNTHETIC.txt           explanation; readers mark everything below as synthetic
    <root>/challenge.json          the parameters
    <root>/truth.csv               one row per recording, for studies of the benchmark itself
    <root>/<dataset>/              each dataset in the layout of rppg.synthetic.layouts.<dataset>
    <root>/test/                   VIPL_HR/<n>/video<k>.avi, OBF/<n>/video<k>.avi: no labels
    <root>/sample_submission.csv   columns ids,HR
    <root>/solution.csv            columns ids,HR,Usage (public or private): truth of the test set

Every video, or folder of images, is written atomically, so the next call resumes an interrupted
one.
"""

import json
import shutil
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from rppg.preprocessing.video import VideoWriter
from rppg.synthetic.config import ChallengeConfig, Clip
from rppg.synthetic.disturbances import level_named
from rppg.synthetic.image_writer import write_images
from rppg.synthetic.layouts import DATASETS
from rppg.synthetic.layouts.writers import stored_parameters, write_table, write_text
from rppg.synthetic.render import Renderer
from rppg.synthetic.subject import Subject, Traits, make_subject
from rppg.utils import worker_pool
from rppg.utils.dict_diff import differences

RENDERER = 2  # increased if equal parameters give other pictures
# Half the time of x264's "veryfast" alone, with its quantisation: the same error and, in the mean
# colour of the skin, the same noise.  Faster presets estimate motion less finely, and do change it.
CHEAPER = "cabac=0:partitions=none:me=dia:weightp=0"
SAMPLE_HR_BPM = 80.0
SHOWN = 4  # parameters that an error message lists
MARK = """\
Everything below this folder is synthetic: rendered faces with a rendered pulse, made by
rppg.synthetic. Nothing here was recorded from a person's body. Never mix it with real recordings.
"""


def write_challenge(
    root: str | Path,
    config: ChallengeConfig,
    workers: int = 2,
    progress: bool = True,
    replace: bool = False,
) -> Path:
    """Write the synthetic benchmark to `root`, or complete it, or reuse it; returns `root`.

    The bytes depend on `config` only, not on `workers`.  If `root` holds a synthetic benchmark with
    other parameters, `replace` removes it first; otherwise raises ValueError with the differences.
    Raises FileExistsError if `root` holds something else.
    """
    root, clips = Path(root), plan(config)
    if replace and _changes(root, config):
        _check_mark(root)
        shutil.rmtree(root)
    if _known(root, config) and _complete(root, clips):
        return root
    root.mkdir(parents=True, exist_ok=True)
    write_text(root / "SYNTHETIC.txt", MARK)
    write_text(root / "challenge.json", _parameters(config))
    _remove_leftovers(root)
    missing = [clip for clip in clips if not (root / clip.path).exists()]
    _render_all(root, config, missing, workers, progress)
    _write_labels(root, config, clips)
    _write_tables(root, config, clips)
    return root


def render_clip(root: Path, config: ChallengeConfig, clip: Clip) -> Path:
    """Render one recording to its video file or folder of images; returns its path."""
    path = Path(root) / clip.path
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = clip_renderer(config, clip)
    if clip.images is not None:
        name, times_s = DATASETS[clip.layout].image_name, clip.times_s(config)
        names = [name(clip, index, time_s) for index, time_s in enumerate(times_s)]
        with _one_thread():
            return write_images(path, clip.images, names, frames)
    size, fps = (config.width, config.height), clip.container_fps or clip.fps(config)
    crf = clip.disturbances().crf - clip.finer
    with _one_thread(), VideoWriter(path, *size, fps, crf=crf, x264_params=CHEAPER) as video:
        for rgb in frames:
            video.write(rgb)
    return path


def clip_renderer(config: ChallengeConfig, clip: Clip) -> Renderer:
    """The frames of one recording."""
    return Renderer(
        _subject(clip.traits(config), config.width, config.height),
        clip.pulse(config),
        clip.disturbances(),
        clip.times_s(config),
        clip.seed(config),
        config.pulse_amplitude_scale,
    )


@lru_cache(maxsize=1)  # the recordings of a subject are rendered one after another
def _subject(traits: Traits, width: int, height: int) -> Subject:
    return make_subject(traits, width, height)


def _parameters(config: ChallengeConfig) -> str:
    """Text of challenge.json: the config, and the values of its levels, so that changes show."""
    levels = {name: asdict(level_named(name)) for name in (config.level, config.ubfc_level)}
    content = {"renderer": RENDERER, **asdict(config), "levels": levels}
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _check_mark(root: Path) -> None:
    """Raise FileExistsError before a folder is removed that no `write_challenge` has made."""
    mark = root / "SYNTHETIC.txt"
    if not mark.is_file() or mark.read_bytes() != MARK.encode():
        text = "was not written by rppg challenge: remove it yourself, or choose another folder"
        raise FileExistsError(f"{root} {text}")


def _known(root: Path, config: ChallengeConfig) -> bool:
    """Whether `root` is this synthetic benchmark; raises if it is something else."""
    if not root.is_dir() or not any(root.iterdir()):
        return False
    if not (root / "challenge.json").is_file():
        if [path.name for path in root.iterdir()] == ["SYNTHETIC.txt"]:
            return False  # interrupted at its very start
        raise FileExistsError(
            f"{root} is not empty and holds no synthetic benchmark: choose another folder"
        )
    if changes := _changes(root, config):
        raise ValueError(
            f"{root} holds a synthetic benchmark with other parameters ({changes}): "
            "choose another folder or remove this one"
        )
    return True


def _changes(root: Path, config: ChallengeConfig) -> str:
    """Text of the parameters in `root` that differ from `config`; "" if there are none."""
    if not (root / "challenge.json").is_file():
        return ""
    stored = stored_parameters(root / "challenge.json")
    changes = list(differences(stored, json.loads(_parameters(config))))
    changes.sort(key=lambda change: change[0].count("."))  # parameters of the config first
    shown = [f"{key} is {old}, requested {new}" for key, old, new in changes[:SHOWN]]
    return "; ".join(shown) + (f"; and {len(changes) - SHOWN} more" if changes[SHOWN:] else "")


def _complete(root: Path, clips: list[Clip]) -> bool:
    """Whether truth.csv, which is written last, and all videos exist."""
    return (root / "truth.csv").is_file() and all((root / c.path).exists() for c in clips)


def _remove_leftovers(root: Path) -> None:
    for path in list(root.rglob(".tmp-*")):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _render_all(root, config, clips, workers, progress) -> None:
    """Render subject by subject, in one process or several."""
    subjects = [list(group) for _, group in groupby(clips, key=lambda clip: clip.subject)]
    render = partial(_render_subject, root, config)
    several = workers > 1 and len(subjects) > 1
    done = (
        worker_pool.run(render, subjects, workers) if several else enumerate(map(render, subjects))
    )
    with tqdm(total=len(clips), desc="rendering", unit="video", disable=not progress) as bar:
        with closing(done) if several else nullcontext():
            for index, result in done:
                if isinstance(result, worker_pool.WorkerDied):
                    lost = next(c for c in subjects[index] if not (root / c.path).exists())
                    raise RuntimeError(f"{lost.path}: {result}; call again to resume")
                bar.update(len(subjects[index]))


def _render_subject(root: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    for clip in clips:
        render_clip(root, config, clip)


@contextmanager
def _one_thread():
    """Restrict OpenCV and BLAS to one thread: processes use the cores, sums keep their order."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        cv2.setNumThreads(before)


def _write_labels(root: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    for layout, dataset in DATASETS.items():
        mine = [clip for clip in clips if clip.layout == layout]
        if mine:
            dataset.write_labels(root / dataset.FOLDER, config, mine)


def _write_tables(root: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    test = [clip for clip in clips if clip.split == "test"]
    rates = {clip.id: round(clip.hr_bpm(config), 3) for clip in clips}
    sample = [(clip.id, SAMPLE_HR_BPM) for clip in test]
    write_table(root / "sample_submission.csv", ("ids", "HR"), sample)
    usage = _usage(config, test)
    solution = [(clip.id, rates[clip.id], usage[clip.subject]) for clip in test]
    write_table(root / "solution.csv", ("ids", "HR", "Usage"), solution)
    header = ("id", "layout", "split", "subject", "hr_bpm", "tone", "level", "fps")
    truth = [
        (c.id, c.layout, c.split, c.subject, rates[c.id])
        + (round(c.traits(config).tone, 4), c.level, round(c.fps(config), 4))
        for c in clips
    ]
    write_table(root / "truth.csv", header, truth)


def _usage(config: ChallengeConfig, test: list[Clip]) -> dict[int, str]:
    """ "public" for a random half of the test subjects, "private" for the others."""
    subjects = sorted({clip.subject for clip in test})
    order = np.random.default_rng([config.seed, 31]).permutation(len(subjects))
    public = set(order[: len(subjects) // 2].tolist())
    return {n: "public" if k in public else "private" for k, n in enumerate(subjects)}


__all__ = ["ChallengeConfig", "Clip", "plan"]


def plan(config: ChallengeConfig) -> list[Clip]:
    """All recordings of a synthetic benchmark, dataset by dataset."""
    return [clip for dataset in DATASETS.values() for clip in dataset.clips(config)]
