"""Mean heart rate of 60 s with a drifting pulse: peak of the mean spectrum, mean of peaks, track.

    python benchmarks/rate_tracking.py --out benchmarks/results/rate_tracking.csv
    python benchmarks/rate_tracking.py --from benchmarks/results/rate_tracking.csv

Synthetic pulses with harmonics at 30 fps, white noise as strong as the pulse or three times as
strong, with and without a motion tone of 10 s in the band.  The true rate is the mean of the
instantaneous one.  The table gives the mean absolute error and the share within 5 bpm; the 10 s
rows, one clip each, are the control: there the three are the same.
"""

import argparse
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.signals.heart_rate import heart_rate

FPS = 30.0
COURSES = ("constant", "ramp", "step", "drift", "recovery")
AGGREGATES = ("psd", "mean", "track")
NOISES = (1.0, 3.0)  # standard deviation, relative to the pulse's


def rates(course: str, seconds: float, rng) -> np.ndarray:
    """Instantaneous rate (T,) in bpm, inside 45-165."""
    t = np.linspace(0, 1, round(seconds * FPS))
    change = rng.choice([-1, 1]) * rng.uniform(10, 30)
    shape = {
        "constant": 0 * t,
        "ramp": t - 0.5,
        "step": 1 / (1 + np.exp(-(t - rng.uniform(0.3, 0.7)) * 30)) - 0.5,
        "drift": 0.5 * np.sin(2 * np.pi * (rng.uniform(0.5, 1.5) * t + rng.uniform())),
        "recovery": np.exp(-t / 0.3) - 0.5,
    }[course]
    return rng.uniform(62, 148) + change * shape


def pulse(rate_bpm: np.ndarray, noise: float, motion: bool, rng) -> np.ndarray:
    """A BVP (T,) with this rate (T,), two harmonics, white noise and 10 s of a motion tone."""
    phase = 2 * np.pi * np.cumsum(rate_bpm / 60) / FPS
    beat = np.sin(phase) + 0.4 * np.sin(2 * phase + 0.5) + 0.15 * np.sin(3 * phase + 1)
    wave = beat + noise * beat.std() * rng.standard_normal(len(beat))
    if motion:
        n = round(10 * FPS)
        first = rng.integers(0, len(wave) - n + 1)
        tone = np.sin(2 * np.pi * rng.uniform(0.8, 2.8) * np.arange(n) / FPS)
        wave[first : first + n] += 2.0 * tone
    return wave


def measure(draws: int, seed: int) -> pd.DataFrame:
    """One row per draw: its kind, the true mean rate, and the error of each aggregate in bpm."""
    rows = []
    for course, noise, motion in product(COURSES, NOISES, (False, True)):
        rng = np.random.default_rng([seed, COURSES.index(course), round(noise), motion])
        rows += [draw(60.0, course, noise, motion, rng) for _ in range(draws)]
    for noise in NOISES:
        rng = np.random.default_rng([seed, round(noise)])
        rows += [draw(10.0, "constant", noise, False, rng) for _ in range(draws)]
    return pd.DataFrame(rows)


def draw(seconds: float, course: str, noise: float, motion: bool, rng) -> dict:
    rate_bpm = rates(course, seconds, rng)
    wave = pulse(rate_bpm, noise, motion, rng)
    row = {"seconds": seconds, "course": course, "noise": noise, "motion": motion}
    row["hr_true_bpm"] = rate_bpm.mean()
    for name in AGGREGATES:
        row[name] = heart_rate(wave, FPS, aggregate=name).hr_bpm - rate_bpm.mean()
    return row


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean absolute error and share within 5 bpm of each aggregate, per kind of recording."""
    kinds = rows.groupby(["seconds", "course", "noise", "motion"], sort=False)
    errors = kinds[list(AGGREGATES)].agg(lambda e: e.abs().mean()).add_suffix(" MAE")
    close = kinds[list(AGGREGATES)].agg(lambda e: (e.abs() < 5).mean()).add_suffix(" within 5")
    return pd.concat([errors, close], axis=1).reset_index()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=6, help="per kind of recording")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--from", dest="table", type=Path, help="print an existing table")
    args = parser.parse_args()
    rows = pd.read_csv(args.table) if args.table else measure(args.draws, args.seed)
    if args.out:
        rows.to_csv(args.out, index=False, float_format="%.3f")
    print("**Synthetic** pulses, errors of the mean rate in bpm:")
    print(summary(rows).to_string(index=False, float_format="%.2f"))
    for seconds, group in rows.groupby("seconds"):
        print(
            f"all of {seconds:g} s, MAE:", group[list(AGGREGATES)].abs().mean().round(2).to_dict()
        )


if __name__ == "__main__":
    main()
