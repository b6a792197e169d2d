"""The price of sparse tracking, and what it brings: FaceMesh where it is needed against everywhere.

    python benchmarks/tracking.py --clips 144 --video ../shared/data/video/evm_face.mp4=55 \\
        --out benchmarks/results/tracking.csv
    python benchmarks/tracking.py --clips 144 --levels test hardest  # a part
    python benchmarks/tracking.py --speed --video ../shared/data/video/evm_face.mp4=55

Synthetic clips of each level, of 10 s at 17 to 27 fps, and real videos with their known heart rate
(PATH=BPM) are extracted twice, and paired.  One row per level, or video, and method:

share, share_every_frame   of clips within 5 bpm of the true heart rate
gain, gain_low, gain_high  their difference, and its 95 % interval (bootstrap over clips)
moved_bpm, moved_most_bpm  difference between both heart rates of a clip: median and largest
map_rms                    difference between both maps in grey levels: median over clips
found                      share of the frames that FaceMesh gets
faster                     processor time of every frame over that of sparse, both in this run

What is done is kept in --folder, a file of rows a level: a call that was stopped goes on, and the
levels can be done by several processes before one without --levels puts the table together.
The committed CSV was made so, two processes side by side on a busy machine; its two sample videos
are those of vitallens 0.2.2.

With --speed: frames/s with crops, wall time, best of 3, every setting in each round.
"""

import argparse
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from rppg.datasets.recording import Recording
from rppg.preprocessing.extract import extract
from rppg.preprocessing.face_detector import BoxFinder
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.tracking import TRACKINGS
from rppg.preprocessing.video import read_frames
from rppg.signals.classical import wave
from rppg.signals.heart_rate import heart_rate
from rppg.synthetic.challenge import ChallengeConfig, plan, render_clip
from rppg.synthetic.config import FIRST_NUMBER
from rppg.synthetic.disturbances import LEVELS
from rppg.utils.atomic import atomic_write

METHODS = ("POS", "CHROM", "GREEN")
WITHIN_BPM = 5.0
SEED, DRAWS = 11, 10_000
ROUNDS = 3
PATH_OF_LEVEL = "test"  # with --speed: whose first clip stands for the challenge's

Item = tuple[str, Recording, float]  # level or name of the video, recording, true bpm


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clips", type=int, default=24, help="synthetic clips of each level")
    parser.add_argument("--levels", nargs="+", choices=list(LEVELS), default=list(LEVELS))
    parser.add_argument("--video", nargs="*", default=[], metavar="PATH=BPM", help="real faces")
    parser.add_argument("--folder", type=Path, default=Path("data/tracking"), help="of the clips")
    parser.add_argument("--speed", action="store_true", help="frames/s alone")
    parser.add_argument("--out", type=Path, help="CSV to write")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    videos = [real(text) for text in args.video]
    if args.speed:
        table = speeds([*synthetic(args.folder, PATH_OF_LEVEL, 1), *videos])
    else:
        tables = [measured(args.folder, level, args.clips) for level in args.levels]
        table = summary(pd.concat([*tables, pd.DataFrame(measure(videos, Counted()))]))
    print(table.to_string(index=False, float_format="%.3f"))
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.4f")


def synthetic(folder: Path, level: str, n: int) -> list[Item]:
    """n clips of one level, rendered unless they are there."""
    sets = {f"n_{name}": n * (name == "train") for name in FIRST_NUMBER}
    config, items = ChallengeConfig(seed=SEED, clips_per_subject=1, level=level, **sets), []
    for clip in plan(config):
        path = folder / level / clip.path
        if not path.exists():
            render_clip(folder / level, config, clip)
        recording = Recording(level, str(clip.subject), "1", frames=path, fps=clip.fps(config))
        items.append((level, recording, clip.hr_bpm(config)))
    return items


def measured(folder: Path, level: str, n: int) -> pd.DataFrame:
    """The rows of n clips of one level; those that an earlier call has measured are read."""
    path, mesh = folder / f"{level}.csv", Counted()
    done = pd.read_csv(path) if path.exists() else pd.DataFrame({"clip": []})
    items = synthetic(folder, level, n)
    for item in tqdm(items, desc=level, unit="clip"):
        clip = str(item[1].frames.relative_to(folder))
        if clip not in set(done["clip"]):
            rows = pd.DataFrame(measure([item], mesh)).assign(clip=clip)
            done = pd.concat([done, rows], ignore_index=True)
            atomic_write(path, partial(done.to_csv, index=False))
    wanted = [str(item[1].frames.relative_to(folder)) for item in items]
    return done[done["clip"].isin(wanted)]


def real(text: str) -> Item:
    """The item of PATH=BPM."""
    path, bpm = text.rsplit("=", 1)
    return Path(path).stem, Recording("real", "1", Path(path).stem, frames=Path(path)), float(bpm)


def measure(items: list[Item], mesh: "Counted") -> list[dict]:
    """One row per item, tracking and method, in the order of the items."""
    rows = []
    for name, recording, true_bpm in items:
        maps, facts = {}, {}
        for tracking in TRACKINGS:
            mesh.n, start_s = 0, time.process_time()
            traces = extract(recording, mesh, tracking=tracking)
            facts[tracking] = {
                "seconds": time.process_time() - start_s,
                "found": mesh.n / traces.meta["n_source_frames"],
            }
            maps[tracking] = traces.mstmap
        difference = (maps["sparse"] - maps["every_frame"])[..., :3]
        map_rms = float(np.sqrt(np.nanmean(difference**2)))
        for method in METHODS:
            row = {"name": name, "method": method, "true_bpm": true_bpm, "map_rms": map_rms}
            for tracking, mstmap in maps.items():
                row |= {f"{key}_{tracking}": value for key, value in facts[tracking].items()}
                row[f"bpm_{tracking}"] = rate_bpm(method, mstmap)
            rows.append(row)
    return rows


class Counted(FaceLandmarks):
    """FaceMesh that counts its frames."""

    n = 0

    def __call__(self, rgb: np.ndarray) -> np.ndarray | None:
        """Landmarks of the next frame."""
        self.n += 1
        return super().__call__(rgb)


def rate_bpm(method: str, mstmap: np.ndarray) -> float:
    """Heart rate of the whole face's row of a map (T, 63, 6), NaN if the method gives none."""
    try:
        return heart_rate(wave(method, mstmap[:, -1, :3].astype(float), 30.0), 30.0).hr_bpm
    except ValueError as error:  # such as a picture without colours: counted as wrong
        print(f"{method}: {error}")
        return np.nan


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """The table of the docstring; `all` has the synthetic clips of all levels."""
    is_synthetic = rows["name"].isin(list(LEVELS))
    rows = pd.concat(
        [rows[is_synthetic], rows[is_synthetic].assign(name="all"), rows[~is_synthetic]]
    )
    groups = rows.groupby(["name", "method"], sort=False)
    return pd.DataFrame([_summary_row(*key, group) for key, group in groups])


def _summary_row(name: str, method: str, rows: pd.DataFrame) -> dict:
    bpm, every_bpm = rows["bpm_sparse"], rows["bpm_every_frame"]
    good = (bpm - rows["true_bpm"]).abs() <= WITHIN_BPM
    good_every = (every_bpm - rows["true_bpm"]).abs() <= WITHIN_BPM
    gain = good.to_numpy(float) - good_every.to_numpy(float)
    draws = np.random.default_rng(0).integers(0, len(gain), (DRAWS, len(gain)))
    low, high = np.quantile(gain[draws].mean(axis=1), (0.025, 0.975))
    moved = (bpm - every_bpm).abs()
    return {
        **{"name": name, "method": method, "n": len(rows)},
        **{"share": good.mean(), "share_every_frame": good_every.mean()},
        **{"gain": gain.mean(), "gain_low": low, "gain_high": high},
        **{"moved_bpm": moved.median(), "moved_most_bpm": moved.max()},
        **{"map_rms": rows["map_rms"].median(), "found": rows["found_sparse"].mean()},
        "faster": rows["seconds_every_frame"].sum() / rows["seconds_sparse"].sum(),
    }


def speeds(items: list[Item]) -> pd.DataFrame:
    """Frames/s of decoding alone and of each setting, and how much faster than every frame."""
    mesh, find, table = FaceLandmarks(), BoxFinder().find, []
    for name, recording, _ in items:
        runs = {"decode alone": partial(_decode, recording)}
        for overlap in (False, True):
            for tracking in ("every_frame", "sparse"):
                what = tracking + (", overlapping" if overlap else "")
                how = {"tracking": tracking, "overlap": overlap}
                runs[what] = partial(extract, recording, mesh, _drop, find, _drop, **how)
        n, best_s = _decode(recording), dict.fromkeys(runs, np.inf)
        for _ in range(ROUNDS):
            for what, run in runs.items():
                best_s[what] = min(best_s[what], _seconds(run))
        for what, seconds in best_s.items():
            faster = best_s["every_frame"] / seconds
            table.append({"name": name, "what": what, "fps": n / seconds, "faster": faster})
    return pd.DataFrame(table)


def _decode(recording: Recording) -> int:
    return sum(1 for _ in read_frames(recording.frames))


def _drop(_: np.ndarray) -> None:
    pass


def _seconds(run) -> float:
    start_s = time.perf_counter()
    run()
    return time.perf_counter() - start_s


if __name__ == "__main__":
    main()
