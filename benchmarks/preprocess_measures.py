"""What `benchmarks/preprocess.py` measures: rates of the whole path and of its parts, and memory.

from preprocess_measures import measure, synthetic_face
measure(synthetic_face(folder), 16, folder)  # rows (what, value)
"""

import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from worker_memory import peak_mib

from rppg.datasets import Recording, read
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.mstmap import COMBINATIONS, REGIONS, expand, region_means
from rppg.preprocessing.prepare import prepare
from rppg.preprocessing.video import VideoWriter, probe, read_frames
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.config import FIRST_NUMBER

LONGER = 10  # factor of the length, to see whether memory grows
SHORT_S, TEN_MINUTES = 30.0, 20  # with --memory: a face of 30 s, and the same 20 times over
HELD_FRAMES = 300  # decoded in advance for FaceMesh and region averaging
REPEATS = 3


def measure(video: Path, n: int, folder: Path) -> list[tuple[str, float]]:
    """All rows of the table, one measurement after the other."""
    info = probe(video)
    print(f"{video.name}: {info.width}x{info.height}, {info.n_frames} frames, {info.codec}")
    decode, mesh = on_one_core(decode_fps, video), on_one_core(mesh_fps, video)
    bound = 1 / (1 / decode + 1 / (3 * mesh))
    every, every_call = on_one_core(whole_path_fps, video, n, 1, folder / "every", "every_frame")
    core, core_call = on_one_core(whole_path_fps, video, n, 1, folder / "core")
    one, one_call = whole_path_fps(video, n, 1, folder / "one")
    two, two_call = whole_path_fps(video, n, 2, folder / "two")
    ours, reference = on_one_core(averaging_fps, video)
    ten = longer(video, folder / "longer.mp4", LONGER)
    short, server = peak_mib(copies(video, 1)[0], folder / "short")
    long, _ = peak_mib(copies(ten, 1)[0], folder / "long")
    return [
        ("decode alone, frames/s", decode),
        ("FaceMesh alone, frames/s", mesh),
        ("decode and a third of FaceMesh, frames/s", bound),
        ("one core, FaceMesh on every frame, frames/s", every),
        ("one core, sparse, frames/s", core),
        ("one core, sparse over every frame", core / every),
        ("one core, sparse over decode and a third of FaceMesh", core / bound),
        ("one worker, sparse, frames/s", one),
        ("one worker, sparse over every frame on one core", one / every),
        ("2 workers, sparse, frames/s", two),
        ("one core, every frame, whole call, frames/s", every_call),
        ("one core, sparse, whole call, frames/s", core_call),
        ("one worker, sparse, whole call, frames/s", one_call),
        ("2 workers, sparse, whole call, frames/s", two_call),
        ("2 workers over 1 on one core, whole call", two_call / core_call),
        ("2 workers over 1, whole call", two_call / one_call),
        ("region averaging, frames/s", ours),
        ("region averaging, reference, frames/s", reference),
        ("region averaging over the reference", ours / reference),
        ("peak memory of a worker, MiB", long),
        ("peak memory of a worker, 1x length, MiB", short),
        ("memory at 10x length over 1x", long / short),
        ("peak memory of the face detector's process, MiB", server),
    ]


def measure_memory(folder: Path) -> list[tuple[str, float]]:
    """Peak memory of a worker for 30 s of 320x240, and for 20 times that."""
    video = synthetic_face(folder, 320, SHORT_S)
    ten_minutes = longer(video, folder / "longer.mp4", TEN_MINUTES)
    short, _ = peak_mib(copies(video, 1)[0], folder / "short")
    long, _ = peak_mib(copies(ten_minutes, 1)[0], folder / "long")
    return [
        ("peak memory of a worker, 30 s, MiB", short),
        ("peak memory of a worker, 10 minutes, MiB", long),
        ("memory of 10 minutes over 30 s", long / short),
    ]


def decode_fps(video: Path) -> float:
    """Frames per second of decoding to RGB."""
    return max(_rate(lambda: sum(1 for _ in read_frames(video))) for _ in range(REPEATS))


def mesh_fps(video: Path) -> float:
    """Frames per second of FaceMesh on frames in memory."""
    frames, landmarker = _held(video), FaceLandmarks()
    return max(_rate(lambda: sum(landmarker(f) is not None for f in frames)) for _ in range(2))


def averaging_fps(video: Path) -> tuple[float, float]:
    """Frames per second of map rows from landmarks: ours, and the reference."""
    frames, landmarker = _held(video), FaceLandmarks()
    pairs = [(f, points) for f in frames if (points := landmarker(f)) is not None]

    def ours():
        means, counts = zip(*(region_means(*pair) for pair in pairs), strict=True)
        return expand(np.array(means), np.array(counts))  # (T, 63, 6)

    few = pairs[:30]
    rows, expected = ours()[: len(few)], reference_map(few)
    difference = np.abs(rows[..., :3] - expected[..., :3]).max()
    assert difference < 1, f"the reference differs by {difference} of 255"  # shared edges differ
    ours_fps = max(_rate(lambda: len(ours())) for _ in range(REPEATS))
    return ours_fps, max(_rate(lambda: len(reference_map(few))) for _ in range(REPEATS))


def reference_map(pairs) -> np.ndarray:
    """The map (T, 63, 6), simple: every frame is converted, with one mask per combination."""
    rows = []
    for rgb, landmarks in pairs:
        yuv = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV)
        points = np.rint(landmarks).astype(np.int32)
        row = []
        for chosen in COMBINATIONS:
            mask = np.zeros(rgb.shape[:2], np.uint8)
            for use, polygon in zip(chosen, REGIONS.values(), strict=True):
                if use:
                    cv2.fillPoly(mask, [points[polygon]], 255)
            row.append([*cv2.mean(rgb, mask)[:3], *cv2.mean(yuv, mask)[:3]])
        rows.append(row)
    return np.array(rows)


def whole_path_fps(
    video: Path, n: int, workers: int, store: Path, tracking: str = "sparse"
) -> tuple[float, float]:
    """Frames per second of `prepare`: without each worker's first recording, and the whole call."""
    start_s, recordings = time.perf_counter(), copies(video, n)
    table = prepare(recordings, store, workers=workers, progress=False, tracking=tracking)
    wall_s = time.perf_counter() - start_s
    failed = table.loc[table["status"] != "prepared", "reason"].tolist()
    assert not failed, failed
    frames = probe(video).n_frames
    later = table["seconds"].sort_values().iloc[: n - workers]  # first recordings are slow
    return workers * frames / later.mean(), n * frames / wall_s


def copies(video: Path, n: int) -> list[Recording]:
    """n recordings of the same video under different names."""
    (recording,) = read("folder", video)
    return [replace(recording, name=f"copy{k}") for k in range(n)]


def longer(video: Path, path: Path, times: int) -> Path:
    """The video repeated in one file."""
    info = probe(video)
    with VideoWriter(path, info.width, info.height, info.fps, preset="ultrafast") as writer:
        for _ in range(times):
            for rgb, _ in read_frames(video):
                writer.write(rgb)
    return path


def synthetic_face(folder: Path, width: int = 640, seconds: float = 10.0) -> Path:
    """A rendered face, 4:3, 30 fps, H.264."""
    sets = {f"n_{name}": int(name == "ubfc") for name in FIRST_NUMBER}
    size = {"width": width, "height": width * 3 // 4, "ubfc_seconds": seconds}
    write_challenge(folder / "face", ChallengeConfig(**sets, **size), workers=1)
    return next((folder / "face").rglob("vid.avi"))


def on_one_core(function, *arguments):
    """The function's result in a fresh process limited, with its children, to one core."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_hold) as pool:
        return pool.submit(function, *arguments).result()


def _hold() -> None:
    cv2.setNumThreads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _held(video: Path) -> list[np.ndarray]:
    return [rgb for rgb, _ in islice(read_frames(video), HELD_FRAMES)]


def _rate(count) -> float:
    """Count per second."""
    start_s = time.perf_counter()
    n = count()
    return n / (time.perf_counter() - start_s)
