"""Heart rates of real people, by every method, against contact PPG or a chest strap.

    python benchmarks/people.py                          # classical methods and the nets in the box
    python benchmarks/people.py --weights runs/demo      # other nets
    python benchmarks/people.py --peers                  # and other packages' methods
    python benchmarks/people.py --from benchmarks/results/people.csv     # only tables and figure

Rates of 10 s windows every second.  A video is decoded and its face followed once for all methods;
each method gives one wave of the whole recording, a window's rate is the peak of its spectrum.  The
wave's correlation is that with the contact PPG, both band-passed, in the same windows, after the
one shift within 0.5 s that suits the recording best (a pulse reaches face and finger at different
times).  Peers run in environments of their own (`peer_programs.py`) and give waves, too.  The mean
predictor answers with the mean of all true rates of a kind: it knows them.  The people are few,
windows overlap by 9 s, and no interval is given: a window is no independent observation.
"""

import argparse
import hashlib
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from people_consensus import consensus_rows
from people_data import Person, package_faces, shared_recordings
from people_peers import peer_waves
from people_tables import by_kind, by_recording, draw, how_few

from rppg.datasets.prepared import FPS
from rppg.datasets.store import Store
from rppg.inference.classical import map_wave
from rppg.inference.model_process import Models
from rppg.inference.trained import extract_into, run_folders
from rppg.inference.video_paths import expand_videos
from rppg.models.names import RECIPES, WEIGHTS
from rppg.preprocessing.extract import Traces
from rppg.preprocessing.face_detector import BoxFinder
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.resampling import grid, resample, spread_s
from rppg.signals.bandpass import bandpass
from rppg.signals.classical import METHODS, wave
from rppg.signals.heart_rate import heart_rate
from rppg.signals.multi_region import CLASSICAL

WINDOW_S, STEP_S = 10.0, 1.0
LARGEST_SHIFT_S = 0.5
RESULTS = Path("benchmarks/results/people.csv")
Waves = dict[tuple[str, str], np.ndarray | str]  # (method, weights) -> (T,), or why there is none


def main() -> None:
    """Measure or read, print the tables, write the CSV and the figure."""
    args = _arguments()
    if args.measured:
        rows = pd.read_csv(args.measured, keep_default_na=False, na_values=[""])
    else:
        people = package_faces(args.folder) + shared_recordings(args.shared)
        rows = measure(people, args.weights or [None], args.envs if args.peers else None)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        rows.to_csv(args.out, index=False, float_format="%.3f")
    print(how_few(rows))
    print(by_kind(rows).to_string(float_format="%.2f"))
    print(by_recording(rows).to_string(float_format="%.2f"))
    draw(rows, args.figure)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--weights", type=Path, action="append", help="runs of nets; default: those in the box"
    )
    parser.add_argument("--peers", action="store_true", help="also open-rppg and vitallens")
    parser.add_argument("--envs", type=Path, default=Path("build/peers"), help="of the peers")
    parser.add_argument("--folder", type=Path, default=Path("build/people"), help="for downloads")
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"), help="more people")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--figure", type=Path, default=Path("docs/people.png"))
    parser.add_argument("--from", dest="measured", help="an existing CSV, without measuring")
    return parser.parse_args()


def measure(
    people: list[Person], weights: list[Path | None], envs: Path | None = None
) -> pd.DataFrame:
    """One row per recording, method and window; one row with the reason for a method that fails."""
    rows = []
    for person in people:
        shared = {"recording": person.name, "kind": person.kind, "reference": person.reference}
        if person.video:
            times_s, waves, traces = face_waves(person, weights)
            rows += [shared | row for row in consensus_of(person, times_s, waves, traces)]
        else:
            times_s, waves = finger_waves(person)
        if person.video and envs is not None:
            waves |= peer_waves(person.video.resolve(), times_s, envs)
        print(f"{person.name}: {len(times_s) / FPS:.1f} s, {len(waves)} methods", flush=True)
        for (method, origin), found in waves.items():
            own = shared | {"method": method, "weights": origin}
            rows += [own | row for row in window_rows(person, times_s, found)]
    return pd.DataFrame(rows)


def face_waves(person: Person, weights: list[Path | None]) -> tuple[np.ndarray, Waves, Traces]:
    """Times (T,) at 30 fps, the waves of classical methods and of every trained net, and what they
    are of."""
    (recording,) = expand_videos([person.video])
    waves: Waves = {}
    with tempfile.TemporaryDirectory(prefix="rppg-") as folder:
        store, nets = Store(folder), [(runs, *trained(runs)) for runs in weights]
        traces = extract_into(store, recording, FaceLandmarks(), BoxFinder().find, ("face", "wide"))
        waves |= classical_waves(traces.mstmap)
        for runs, names, label in nets:
            with Models(names, runs) as models:
                models.load()
                for name in names:
                    found = attempt(models.wave, name, store, recording.id)
                    digest = checksum(run_folders([name], runs)[name])
                    waves[name, f"{label} {digest}"] = found
    return traces.times_s + traces.meta["start_s"], waves, traces


def consensus_of(person: Person, times_s: np.ndarray, waves: Waves, traces: Traces):
    """Rows of the consensus of classical methods, and of those and nets."""
    contact = None if person.contact is None else np.interp(times_s, *person.contact)
    truth = partial(true_rate, person, contact, times_s)
    n_frames, step = round(WINDOW_S * FPS), round(STEP_S * FPS)
    return consensus_rows(waves, traces, n_frames, step, truth)


def finger_waves(person: Person) -> tuple[np.ndarray, Waves]:
    """The same of a finger: classical methods on its mean colour, and the red channel alone."""
    times_s = grid(person.times_s)
    rgb = resample(person.rgb[:, None], person.times_s, times_s, spread_s(person.times_s))[:, 0]
    rgb = rgb.astype(float)
    waves = {(method, ""): attempt(wave, method, rgb, FPS) for method in METHODS}
    return times_s, {("RED", ""): -rgb[:, 0]} | waves


def classical_waves(mstmap: np.ndarray) -> Waves:
    """Waves of the classical methods of a map (T, 63, 6), or the reasons why there is none."""
    return {(method, ""): attempt(map_wave, method, mstmap, FPS) for method in CLASSICAL}


def attempt(function, *arguments) -> np.ndarray | str:
    """The result, or the message of a ValueError: what a method says of a trace it cannot use."""
    try:
        return function(*arguments)
    except ValueError as error:
        return str(error)


def trained(runs: Path | None) -> tuple[list[str], str]:
    """The nets whose weights are in a folder of runs, and its name; None: those in the box.  Raises
    FileNotFoundError if there is none."""
    if runs is None:
        return list(RECIPES), "box"
    names = [name for name in RECIPES if (runs / name / "finetune" / WEIGHTS).is_file()]
    if not names:
        raise FileNotFoundError(f"no MODEL/finetune/{WEIGHTS} below {runs}")
    return names, runs.name


def checksum(run: Path) -> str:
    """The first 8 digits of the SHA-256 of a run's weights."""
    return hashlib.sha256((run / WEIGHTS).read_bytes()).hexdigest()[:8]


def window_rows(person: Person, times_s: np.ndarray, found: np.ndarray | str) -> Iterator[dict]:
    """Rate, true rate and correlation of each window of one method's wave (T,) at times_s (T,)."""
    empty = {"start_s": np.nan, "hr_bpm": np.nan, "hr_true_bpm": np.nan}
    empty |= {"wave_r": np.nan, "shift_s": np.nan, "reason": ""}
    if isinstance(found, str):
        yield empty | {"reason": found}
        return
    contact, shift = None, 0
    if person.contact is not None:
        contact = np.interp(times_s, *person.contact)
        shift = best_shift(found, contact)
    n = round(WINDOW_S * FPS)
    for start in range(0, len(times_s) - n + 1, round(STEP_S * FPS)):
        part = slice(start, start + n)
        row = empty | {"start_s": times_s[start] - times_s[0]}
        row["hr_true_bpm"] = true_rate(person, contact, times_s, part)
        if contact is not None:
            row["wave_r"], row["shift_s"] = correlation(found, contact, shift, part), shift / FPS
        rate = attempt(heart_rate, found[part], FPS)
        yield row | ({"reason": rate} if isinstance(rate, str) else {"hr_bpm": rate.hr_bpm})


def true_rate(person: Person, contact, times_s: np.ndarray, part: slice) -> float:
    """The reference's rate in a window: of the contact PPG (T,), else of the beats; else NaN."""
    if contact is not None:
        return heart_rate(contact[part], FPS).hr_bpm
    if person.beats_s is None:
        return np.nan
    start_s, stop_s = times_s[part][[0, -1]] - times_s[0]
    beats_s = person.beats_s[(person.beats_s >= start_s) & (person.beats_s <= stop_s)]
    return float(60 / np.diff(beats_s).mean()) if len(beats_s) > 2 else np.nan


def best_shift(found: np.ndarray, contact: np.ndarray) -> int:
    """Frames by which the wave (T,) is to be moved forward to suit the contact PPG (T,) best."""
    most, whole = round(LARGEST_SHIFT_S * FPS), slice(0, len(found))
    shifts = range(-most, most + 1)
    return max(shifts, key=lambda shift: correlation(found, contact, shift, whole))


def correlation(found: np.ndarray, contact: np.ndarray, shift: int, part: slice) -> float:
    """Correlation of two waves (T,) in a window, band-passed, gaps (NaN) left out."""
    moved = np.roll(found, shift)
    known = np.isfinite(moved)
    known[: max(shift, 0)] = False
    known[len(known) + min(shift, 0) :] = False
    both = [bandpass(np.where(np.isfinite(w), w, 0), FPS)[part] for w in (moved, contact)]
    inside = known[part]
    if inside.sum() < FPS or min(np.ptp(w[inside]) for w in both) == 0:
        return -1.0
    return float(np.corrcoef(both[0][inside], both[1][inside])[0, 1])


if __name__ == "__main__":
    main()
